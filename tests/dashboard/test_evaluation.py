"""What "How we checked" says is what this engine gives: each row is run again."""

import re
from datetime import date

import pandas as pd
import pytest

from dashboard.effects import Interval, Plan, interrupted
from dashboard.evaluation import CHECKED, Checked, checked
from dashboard.periods import series
from dashboard.simulate import CITIES, City, tried
from tests.conftest import real_data

SICILY = {
    "sicily_poisson": Plan(family="poisson"),
    "sicily_quasipoisson": Plan(),
    "sicily_season": Plan(season=2),
    "sicily_slope": Plan(season=2, slope=True),
}


def shown(step: Interval) -> str:
    return f"{step.estimate:.3f} ({step.low:.3f}–{step.high:.3f})"


def row_of(key: str) -> Checked:
    keys = pd.read_csv(CHECKED)["key"].tolist()
    return checked("en")[keys.index(key)]


@pytest.mark.parametrize("key", SICILY)
def test_a_published_figure_is_the_engines_own(key: str) -> None:
    data = pd.read_csv(real_data("its", "sicily.csv"))
    days = pd.to_datetime({"year": data["year"], "month": data["month"], "day": 1})
    sicily = series(days, data["aces"], date(2005, 1, 1), exposure=data["stdpop"], every="month")
    assert row_of(key).expected == row_of(key).ours == shown(interrupted(sicily, SICILY[key]).step)


def rate(shown: str) -> tuple[float, float, float]:
    """ "2.6 % (1.5–4.4)" as three shares."""
    value, low, high = (float(found) / 100 for found in re.findall(r"[\d.]+", shown))
    return value, low, high


@pytest.mark.parametrize("kind", CITIES)
def test_what_is_told_of_made_up_cities_is_found_again_in_a_smaller_set(kind: City) -> None:
    """Other cities than those of the bench: both intervals of a share must meet."""
    nothing, fallen = tried(kind, runs=40, seed=7), tried(kind, ratio=0.75, runs=40, seed=8)
    for key, found in (
        (f"sim_false_{kind}", nothing.fell_at_end),
        (f"sim_ever_{kind}", nothing.fell_ever),
        (f"sim_cover_{kind}", fallen.covered),
    ):
        _, low, high = rate(row_of(key).ours)
        assert found.low is not None
        assert found.high is not None
        assert found.low <= high, key
        assert low <= found.high, key


def test_a_row_says_itself_whether_its_target_is_met() -> None:
    for row in checked("en"):
        if "%" not in row.expected:
            assert row.met == (row.ours == row.expected)
            continue
        value, low, high = rate(row.ours)
        wanted = float(row.expected.strip("≤ %")) / 100
        assert row.met == (value <= wanted if "≤" in row.expected else low <= wanted <= high), row.what


def test_every_row_stands_in_both_languages() -> None:
    assert len(checked("en")) == len(checked("es"))
    assert [row.ours for row in checked("en")] == [row.ours for row in checked("es")]
    assert all(row.what and row.source for lang in ("en", "es") for row in checked(lang))
