"""What "How we checked" says is what the engine gives: published series now, the 500 made-up cities under torture."""

import csv
from datetime import date

import numpy as np
import pandas as pd
import pytest
from numpy.random import default_rng

from dashboard.effects import Interval, Plan, interrupted
from dashboard.evaluation import CHECKED
from dashboard.model import Estimate
from dashboard.periods import Series, series
from dashboard.simulate import CITIES, PRIMARY, City, city, power, tried
from dashboard.verdict import detectable
from tests.conftest import real_data

RUNS, SEED, PLANTED = 500, 2026, 0.75
ROWS = {row["key"]: row for row in csv.DictReader(CHECKED.read_text(encoding="utf-8").splitlines())}

# Cigarette packs sold per head in California, 1970 to 2000 (Abadie, Diamond & Hainmueller, JASA 105, 2010). The tax
# rose in January 1989.
PACKS = (
    123, 121, 123.5, 124.4, 126.7, 127.1, 128, 126.4, 126.1, 121.9, 120.2, 118.6, 115.4, 110.8, 104.8, 102.8, 99.7,
    97.5, 90.1, 82.4, 77.8, 68.7, 67.5, 63.4, 58.6, 56.4, 54.5, 53.8, 52.3, 47.2, 41.6,
)  # fmt: skip


def packs() -> Series:
    return series([date(1970 + year, 1, 1) for year in range(31)], PACKS, date(1989, 1, 1))


def shown(interval: Interval) -> str:
    return f"{interval.estimate:.3f} ({interval.low:.3f}–{interval.high:.3f})"


@pytest.mark.parametrize(
    ("key", "plan"),
    [
        ("sicily_poisson", Plan("poisson")),
        ("sicily_quasipoisson", Plan()),
        ("sicily_season", Plan(season=2)),
        ("sicily_slope", Plan(season=2, slope=True)),
    ],
)
def test_sicily(key: str, plan: Plan) -> None:
    data = pd.read_csv(real_data("its", "sicily.csv"))
    months = pd.to_datetime(data[["year", "month"]].assign(day=1))
    ban = series(months, data["aces"].to_numpy(), date(2005, 1, 1), exposure=data["stdpop"].to_numpy())
    assert shown(interrupted(ban, plan).step) == ROWS[key]["ours"] == ROWS[key]["expected"]


def test_proposition_99_by_least_squares() -> None:
    """R's lm(cigsale ~ time + tax_dummy + tax_trend), tax_trend 0 in 1989."""
    fit = interrupted(packs(), Plan("gaussian", slope=True, centre="first"))
    assert (fit.step.estimate, fit.step.se) == (pytest.approx(-20.0581, abs=5e-5), pytest.approx(3.7471, abs=5e-5))
    assert fit.slope_change is not None
    slope = fit.slope_change
    assert (slope.estimate, slope.se, slope.p_value) == pytest.approx((-1.4947, 0.4846, 0.00467), abs=5e-5)
    assert f"−{-fit.step.estimate:.4f} ({fit.step.se:.4f})" == ROWS["prop99_least_squares"]["ours"]


def test_proposition_99_by_newey_west() -> None:
    """Linden, Stata Journal 15(2), 2015: itsa cigsale, single trperiod(1989) lag(1)."""
    fit = interrupted(packs(), Plan("gaussian", slope=True, centre="first", errors="newey-west", lag=1))
    step, slope = fit.step, fit.slope_change
    assert slope is not None
    assert (step.estimate, step.low, step.high) == pytest.approx((-20.0581, -29.75175, -10.36444), abs=5e-5)
    assert (slope.estimate, slope.low, slope.high) == pytest.approx((-1.494652, -2.390933, -0.5983715), abs=5e-6)
    said = f"−{-step.estimate:.3f} (−{-step.low:.3f} to −{-step.high:.3f})"
    assert said == ROWS["prop99_newey_west"]["ours"]


def test_every_row_is_held_by_a_test_and_says_whether_it_was_met() -> None:
    simulated = {f"sim_{what}_{kind}" for what in ("false", "ever", "cover") for kind in CITIES}
    published = {key for key in ROWS if key.startswith(("sicily_", "prop99_"))}
    simulated |= {"sim_warned_plain", "sim_warned_autocorrelated"}
    assert set(ROWS) == published | simulated | {f"sim_power_{after}" for after in (6, 12, 24)}
    assert all(
        (row["expected"] == row["ours"]) == (row["met"] == "yes") for key, row in ROWS.items() if key in published
    )


# --- the made-up cities, at full count -------------------------------------------------------------------


def share(found: Estimate) -> str:
    value, low, high = (100 * (number or 0) for number in (found.value, found.low, found.high))
    return f"{value:.1f} % ({low:.1f}–{high:.1f})"


def plain_spaces(text: str) -> str:
    return text.replace("\u00a0", " ").replace("\u202f", " ")


@pytest.mark.torture
@pytest.mark.parametrize("kind", CITIES)
def test_made_up_cities_are_as_reported(kind: City) -> None:
    nothing, fallen = tried(kind, runs=RUNS, seed=SEED), tried(kind, ratio=PLANTED, runs=RUNS, seed=SEED + 1)
    found = {"false": nothing.fell_at_end, "ever": nothing.fell_ever, "cover": fallen.covered}
    for what, rate in found.items():
        row = ROWS[f"sim_{what}_{kind}"]
        assert plain_spaces(row["ours"]) == share(rate), what
        low, high = rate.low or 0, rate.high or 0
        met = (rate.value or 0) <= 0.05 if what != "cover" else low <= 0.95 <= high
        assert row["met"] == ("yes" if met else "no"), what


@pytest.mark.torture
@pytest.mark.parametrize("kind", ["plain", "autocorrelated"])
def test_the_check_of_dependent_months_is_as_weak_as_reported(kind: City) -> None:
    row = ROWS[f"sim_warned_{kind}"]
    assert plain_spaces(row["ours"]) == share(tried(kind, runs=RUNS, seed=SEED).warned)
    assert row["met"] == "no"


@pytest.mark.torture
@pytest.mark.parametrize("after", [6, 12, 24])
def test_power_is_as_reported(after: int) -> None:
    fit = interrupted(city("plain", default_rng(SEED)).calls, PRIMARY)
    ratio = detectable(fit, after)
    assert ratio is not None
    found, row = power(fit, ratio, after=after, runs=RUNS, seed=SEED), ROWS[f"sim_power_{after}"]
    assert plain_spaces(row["ours"]) == share(found)
    assert row["met"] == ("yes" if (found.low or 0) <= 0.80 <= (found.high or 0) else "no")
    assert np.isclose(found.value or 0, 0.80, atol=0.05)
