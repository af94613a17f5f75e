"""The small line on a card."""

import base64
import re

from dashboard.charts.spark import EDGE, HEIGHT, spark
from dashboard.charts.theme import DARK, LIGHT


def picture(*values: float, **how: bool) -> str:
    return base64.b64decode(spark(values, **how).removeprefix("data:image/svg+xml;base64,")).decode()


def heights(svg: str) -> list[float]:
    points = re.findall(r'points="([^"]+)"', svg)[0]
    return [float(point.split(",")[1]) for point in points.split()]


def test_nothing_to_connect_is_nothing() -> None:
    assert spark(()) == ""
    assert spark((3.0,)) == ""


def test_zero_is_the_foot_and_nothing_is_cut_off() -> None:
    ys = heights(picture(0, 5, 10))
    assert ys == [HEIGHT - EDGE, HEIGHT / 2, EDGE]


def test_all_zero_is_a_flat_line_at_the_foot() -> None:
    assert heights(picture(0, 0, 0)) == [HEIGHT - EDGE] * 3


def test_each_mode_has_its_own_navy() -> None:
    assert LIGHT.observed in picture(1, 2)
    assert DARK.observed in picture(1, 2, dark=True)
