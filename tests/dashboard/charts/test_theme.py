"""Contrast and colour blindness, by calculation; and one palette, not two."""

import tomllib
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

from dashboard.charts.theme import DARK, LIGHT, SLIDE, Palette

CONFIG = tomllib.loads((Path(__file__).resolve().parents[3] / ".streamlit" / "config.toml").read_text("utf-8"))
MODES = [pytest.param(LIGHT, "light", id="light"), pytest.param(DARK, "dark", id="dark")]

# Machado, Oliveira & Fernandes 2009, severity 1.0, on linear RGB
BLINDNESS = {
    "none": np.eye(3),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
    "tritanopia": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]
    ),
}


def linear(color: str) -> np.ndarray:
    channels = np.array([int(color[k : k + 2], 16) for k in (1, 3, 5)]) / 255
    return np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)


def contrast(one: str, other: str) -> float:
    """WCAG 2.2."""
    dark, light = sorted(float(linear(c) @ [0.2126, 0.7152, 0.0722]) for c in (one, other))
    return (light + 0.05) / (dark + 0.05)


def oklab(rgb: np.ndarray) -> np.ndarray:
    """Björn Ottosson's perceptual space; a distance of 0.02 is just noticeable."""
    lms = np.array(
        [
            [0.4122214708, 0.5363325363, 0.0514459929],
            [0.2119034982, 0.6806995451, 0.1073969566],
            [0.0883024619, 0.2817188376, 0.6299787005],
        ]
    )
    lab = np.array(
        [
            [0.2104542553, 0.7936177850, -0.0040720468],
            [1.9779984951, -2.4285922050, 0.4505937099],
            [0.0259040371, 0.7827717662, -0.8086757660],
        ]
    )
    return lab @ np.cbrt(np.clip(lms @ rgb, 0, None))


def apart(one: str, other: str, blindness: str) -> float:
    seen = [oklab(np.clip(BLINDNESS[blindness] @ linear(c), 0, 1)) for c in (one, other)]
    return float(np.linalg.norm(seen[0] - seen[1]))


def test_the_measuring_rod_itself() -> None:
    assert contrast("#000000", "#FFFFFF") == pytest.approx(21)
    assert contrast("#777777", "#FFFFFF") == pytest.approx(4.48, abs=0.01)
    assert apart("#FF0000", "#00FF00", "none") > 0.4
    assert apart("#D7191C", "#1A9641", "deuteranopia") < 0.5 * apart("#D7191C", "#1A9641", "none")


@pytest.mark.parametrize(("p", "mode"), MODES)
def test_words_on_the_ground_are_readable(p: Palette, mode: str) -> None:
    inks = (p.text, p.quiet, p.observed, p.expected_text, p.pilot_text, p.attention_text, p.over)
    assert {ink: contrast(ink, p.ground) for ink in inks if contrast(ink, p.ground) < 4.5} == {}


@pytest.mark.parametrize(("p", "mode"), MODES)
def test_marks_on_the_ground_are_visible(p: Palette, mode: str) -> None:
    marks = (p.observed, p.expected, p.pilot, p.attention, p.over, *p.categorical)
    assert {mark: contrast(mark, p.ground) for mark in marks if contrast(mark, p.ground) < 3} == {}


@pytest.mark.parametrize("blindness", BLINDNESS)
@pytest.mark.parametrize(("p", "mode"), MODES)
def test_categories_can_be_told_apart(p: Palette, mode: str, blindness: str) -> None:
    distances = {pair: apart(*pair, blindness) for pair in combinations(p.categorical, 2)}
    assert {pair: d for pair, d in distances.items() if d < 0.1} == {}


@pytest.mark.parametrize(("p", "mode"), MODES)
def test_the_theme_file_says_the_same(p: Palette, mode: str) -> None:
    theme = CONFIG["theme"][mode]
    assert (theme["backgroundColor"], theme["textColor"]) == (p.ground, p.text)
    assert tuple(theme["chartCategoricalColors"]) == p.categorical
    assert (theme["blueColor"], theme["primaryColor"]) == (p.observed, p.pilot)
    assert theme["orangeTextColor"] == p.attention_text


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_the_theme_files_words_are_readable_on_both_grounds(mode: str) -> None:
    theme = CONFIG["theme"][mode]
    poor = {}
    for name in ("textColor", "linkColor", "grayTextColor", "blueTextColor", "redTextColor"):
        for ground in ("backgroundColor", "secondaryBackgroundColor"):
            if contrast(theme[name], theme[ground]) < 4.5:
                poor[name, ground] = contrast(theme[name], theme[ground])
    for name in ("gray", "blue", "green", "orange", "red"):
        if contrast(theme[f"{name}TextColor"], theme[f"{name}BackgroundColor"]) < 4.5:
            poor[name] = contrast(theme[f"{name}TextColor"], theme[f"{name}BackgroundColor"])
        shade = faded(theme["textColor"], theme["backgroundColor"])
        if contrast(shade, theme["backgroundColor"]) < 4.5:
            poor["caption"] = contrast(shade, theme["backgroundColor"])
    assert poor == {}


def faded(text: str, ground: str) -> str:
    """The shade in which Streamlit sets captions: 60 % of the text colour over the ground."""
    pairs = [(int(text[k : k + 2], 16), int(ground[k : k + 2], 16)) for k in (1, 3, 5)]
    return "#" + "".join(f"{round(0.6 * a + 0.4 * b):02X}" for a, b in pairs)


def test_fonts_are_ours_and_there_with_their_licence() -> None:
    folder = Path(__file__).resolve().parents[3] / "dashboard" / "static"
    for face in CONFIG["theme"]["fontFaces"]:
        prefix, _, name = face["url"].rpartition("/")
        assert prefix == "app/static"
        assert (folder / name).read_bytes()[:4] == b"wOF2"
    assert "SIL Open Font License" in (folder / "public-sans-OFL.txt").read_text("utf-8")


def test_a_slide_is_set_in_at_least_28_pixels() -> None:
    assert SLIDE.font >= 28
