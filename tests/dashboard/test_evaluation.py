"""What "How we checked" says is what this engine gives: each row is run again."""

from datetime import date

import pandas as pd
import pytest

from dashboard.effects import Interval, Plan, interrupted
from dashboard.evaluation import CHECKED, Checked, checked
from dashboard.periods import series
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


def test_every_row_stands_in_both_languages() -> None:
    assert len(checked("en")) == len(checked("es"))
    assert [row.ours for row in checked("en")] == [row.ours for row in checked("es")]
    assert all(row.what and row.source for lang in ("en", "es") for row in checked(lang))
