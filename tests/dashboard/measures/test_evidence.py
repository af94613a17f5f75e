"""How sure the answer is: the same numbers in sentence, table, method and chart, and none while it is too early."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import Engine

from dashboard import evaluation
from dashboard.measures import MEASURES
from dashboard.measures.compute import compute, pilot_to_date, several
from dashboard.model import Filters, Result
from db import access
from db.engine import aggregate_session
from db.pilot import the_pilot
from tests.conftest import NOW, TODAY, fresh_sqlite

SHELL = access.shell_viewer("tester", now=NOW, today=TODAY)
KEYS = ("repeat_call_effect", "effect_axis", "effect_detectable", "effect_robustness", "effect_residuals")


def of(bind: Engine, as_of: date = TODAY, lang: str = "en") -> dict[str, Result]:
    with aggregate_session(bind) as session:
        filters = replace(pilot_to_date(the_pilot(session), as_of), lang=lang)
    return several(bind, SHELL, KEYS, filters)


@pytest.fixture(scope="module")
def module_city(demo_database: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """One copy of the demo city for all tests of this file: nothing here writes."""
    yield from fresh_sqlite(demo_database, tmp_path_factory.mktemp("city"))


@pytest.fixture(scope="module")
def figures(module_city: Engine) -> dict[str, Result]:
    return of(module_city)


def test_observed_divided_by_expected_is_the_estimate(figures: dict[str, Result]) -> None:
    table = figures["repeat_call_effect"].table
    after = table[table["phase"] == "after"]
    ratio = after["observed"].sum() / after["expected"].sum()
    assert figures["effect_axis"].estimate.value == pytest.approx(ratio, abs=1e-9)
    told = next(step for step in figures["effect_axis"].marks["method"] if "÷" in step)
    assert f"{after['observed'].sum():.0f} ÷ {after['expected'].sum():.0f} = {ratio:.2f}" in told


def test_the_method_names_the_months_in_which_a_verdict_is_due(figures: dict[str, Result]) -> None:
    """The pilot began on 12 Jan 2026: six full months, February to July, are over in August."""
    first = figures["effect_axis"].marks["method"][0]
    assert "after 6, 9 and 12 full months (from Aug 2026, Nov 2026 and Feb 2027 on)" in first


def test_the_wider_interval_is_the_marked_one(figures: dict[str, Result]) -> None:
    axis = figures["effect_axis"].table
    specified, other = (axis.iloc[k] for k in (0, 1))
    assert specified["kind"] == "specified"
    assert specified["high"] - specified["low"] > other["high"] - other["low"]
    assert list(axis["kind"]) == ["specified", "choice", "choice", "control"]


def test_the_other_choices_stand_beside_the_one_that_was_fixed(figures: dict[str, Result]) -> None:
    found = figures["effect_robustness"]
    own, primary = found.table.iloc[0], figures["effect_axis"].table.iloc[0]
    assert [own[c] for c in ("value", "low", "high")] == pytest.approx([primary[c] for c in ("value", "low", "high")])
    choices = set(found.table.loc[found.table["kind"] == "choice", "group"])
    assert {"within 30 days", "within 180 days", "within 365 days", "institutions counted"} <= choices
    assert {"launch month counted", "no season", "one seasonal wave", "change of slope"} <= choices
    before, after = (figures["repeat_call_effect"].marks[name] for name in ("n_before", "n_after"))
    assert (found.table["kind"] == "left_out").sum() == before + after
    assert found.sentence.startswith(found.display)


def test_what_could_have_been_seen_is_said_as_the_curve_shows_it(figures: dict[str, Result]) -> None:
    found = figures["effect_detectable"]
    known = found.table[found.table["phase"] == "known"]
    assert len(known) + 2 == figures["repeat_call_effect"].marks["n_after"]  # from three months on
    assert found.table["fall"].is_monotonic_decreasing
    assert float(found.display.rstrip("\u00a0%")) / 100 >= known["fall"].iloc[-1]
    reached = found.table[found.table["fall"] <= 0.20 + 1e-9].iloc[0]["month"]
    assert found.marks["reached_on"] == reached


def test_each_assumption_has_its_figure_and_what_it_means(figures: dict[str, Result]) -> None:
    found, marks = figures["effect_residuals"], figures["repeat_call_effect"].marks
    checks = {what: (figure, meaning) for what, figure, meaning in found.marks["checks"]}
    assert checks["Dispersion"][0] == f"{marks['dispersion']:.2f}"
    assert checks["Durbin–Watson"][0] == f"{marks['durbin_watson']:.2f}"
    assert checks["Ljung–Box, p"][0] == f"{marks['ljung_box_p']:.3f}"
    assert "depend on earlier ones" in checks["Ljung–Box, p"][1]
    assert len(found.table) == marks["n_before"] + marks["n_after"]


def test_nothing_is_stated_while_it_is_too_early(module_city: Engine) -> None:
    early = of(module_city, date(2026, 5, 20))
    assert "too early" in early["repeat_call_effect"].sentence
    assert early["effect_axis"].estimate.value is None
    assert early["effect_axis"].table.empty
    assert early["effect_axis"].sentence == early["repeat_call_effect"].sentence
    assert early["effect_robustness"].table.empty
    assert "too early" in early["effect_robustness"].sentence


def test_computed_together_or_alone_it_is_the_same(module_city: Engine, figures: dict[str, Result]) -> None:
    for key in ("effect_axis", "effect_residuals"):
        alone = compute(module_city, SHELL, key, figures[key].filters)
        assert alone.sentence == figures[key].sentence
        assert alone.table.equals(figures[key].table)


def test_spanish_says_the_same_numbers(module_city: Engine, figures: dict[str, Result]) -> None:
    spanish = of(module_city, lang="es")
    for key in KEYS:
        assert spanish[key].sentence != figures[key].sentence
        assert spanish[key].display.split()[0].split("\u00a0")[0] == figures[key].display.split()[0].split("\u00a0")[0]


def test_the_council_sees_nothing_about_people_on_a_page_that_moves_daily() -> None:
    council = access.viewer_for(access.Role.council, name="c", now=NOW, today=TODAY, user_id=1, staff_id=None)
    shown = [key for section in evaluation.SECTIONS for key in evaluation.shown_to(council, section)]
    assert "repeat_call_effect" in shown
    assert not [key for key in shown if MEASURES[key].about_people]


def test_an_analyst_sees_no_money() -> None:
    analyst = access.viewer_for(access.Role.analyst, name="a", now=NOW, today=TODAY, user_id=1, staff_id=None)
    shown = {key for section in evaluation.SECTIONS for key in evaluation.shown_to(analyst, section)}
    assert "effect_robustness" in shown
    assert not {key for key in shown if key.startswith("cost_")}


def test_an_empty_pilot_has_a_method_and_no_figures(small_pilot: Engine) -> None:
    with aggregate_session(small_pilot) as session:
        filters: Filters = pilot_to_date(the_pilot(session), TODAY)
    found = several(small_pilot, SHELL, KEYS, filters)
    assert all(found[key].table.empty for key in KEYS)
    assert "was not fixed" in found["effect_axis"].marks["method"][0]
