"""After the pilot as every outlet shows it: the marked options, by hand, and a small base hidden from the public."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pandas as pd
import pytest
from sqlalchemy import Engine

from dashboard.deck import computed, leaves
from dashboard.export.tables import readable
from dashboard.leaf import Leaf, Material
from dashboard.measures import MEASURES
from dashboard.measures.compute import compute
from dashboard.model import Audience, Filters, Result
from db import access
from db.access import Viewer
from db.commands.scenarios import save_scenario
from db.engine import aggregate_session, record_session
from db.forms import checked
from db.forms.scenarios import Assumptions, ScenarioForm
from db.vocab import Role
from tests.conftest import NOW
from tests.dashboard.measures.city import intervention, person
from tests.dashboard.measures.ledger import add_budget

SHELL = access.shell_viewer("tester", now=NOW, today=NOW.date())
TO_DATE = Filters(date(2026, 1, 12), date(2026, 11, 14), date(2026, 11, 14))


def the_slide(bind: Engine, viewer: Viewer) -> Leaf:
    [leaf] = leaves(Material(computed(bind, viewer, TO_DATE, ("after_pilot",)), order=("after_pilot",)), "en")
    return leaf


NONE = "No option has been chosen for this slide yet."


def save(bind: Engine, name: str, *, on_slide: bool = True, **change: Any) -> None:
    plan = checked(Assumptions, change)
    form = checked(ScenarioForm, {"name": name, "assumptions": plan, "on_slide": on_slide})
    with record_session(bind, SHELL) as session:
        save_scenario(session, SHELL, form)


def met(bind: Engine, people: int) -> None:
    """So many people first met in February and March 2026 (both closed), one in April (open)."""
    with aggregate_session(bind) as session:
        for number in range(1, people + 2):
            person(session, number)
        session.flush()
        for number in range(1, people + 1):
            intervention(session, date(2026, 2, 2) + timedelta(days=number), number)
            intervention(session, date(2026, 4, 2), number)  # met again: not new
        intervention(session, date(2026, 4, 3), people + 1)
        session.commit()


def options(bind: Engine, audience: Audience = Audience.internal) -> Result:
    return compute(bind, SHELL, "after_pilot", TO_DATE, audience)


def test_only_the_marked_ones_stand_on_the_slide(small_pilot: Engine) -> None:
    save(small_pilot, "As is", other_monthly="1000")
    save(small_pilot, "Not shown", on_slide=False, other_monthly="9999")
    found = options(small_pilot)
    assert set(found.table["scenario"]) == {"As is"}
    assert list(found.table["period"]) == ["to Jun 2027", "FY 2028", "FY 2029", "FY 2030"]
    assert list(found.table["gap"])[1:] == [12_000.0] * 3
    assert found.sentence.startswith("One option is shown: it costs $1,000 a month.")


def test_the_sentence_counts_what_is_paid_for(small_pilot: Engine) -> None:
    paid = [{"kind": "operating", "amounts": ("99999",) * 4}]
    save(small_pilot, "End")
    save(small_pilot, "As is", other_monthly="1000")
    assert "none that costs anything is paid for in every year yet." in options(small_pilot).sentence
    save(small_pilot, "Paid", other_monthly="2000", funding=paid)
    said = options(small_pilot).sentence
    assert said.startswith(
        "3 options cost from $0 to $2,000 a month; 1 of the 2 that cost anything would be paid for in every year."
    )


@pytest.mark.parametrize(("people", "shown"), [(12, True), (4, False)])
def test_a_small_base_hides_the_range_from_the_public(small_pilot: Engine, people: int, shown: bool) -> None:
    """February and March closed, one full-time clinician: 2 months of work, so × 12 ÷ 2 at full time.

    Of 4 people met for the first time the exact limits are 1.0899 and 10.2416: 6 to 62 a year; of 12 they are
    6.2006 and 20.9616: 37 to 126.
    """
    add_budget(small_pilot)
    met(small_pilot, people)
    save(small_pilot, "As is", posts=[{"name": "Clinician", "fte": "1", "yearly": "60000"}])
    limits = (37.0, 126.0) if people == 12 else (6.0, 62.0)
    inside = options(small_pilot).table.iloc[0]
    assert (inside["people_low"], inside["people_high"], inside["people_base"]) == (*limits, people)
    public = options(small_pilot, Audience.public)
    row, cells = public.table.iloc[0], readable(public, MEASURES["after_pilot"]).iloc[0]
    assert bool(pd.isna(row["people_low"])) != shown
    assert row["hidden"] != shown
    assert cells["People a year, low"] == ("37" if shown else "hidden")
    assert cells["Cost"] != "hidden", "money is no count of people"
    assert any(f"rest on {people} people" in caveat for caveat in public.caveats) == shown
    assert "exact" not in public.marks


def test_the_slide_says_that_there_is_none(small_pilot: Engine, viewer: Callable[..., Viewer]) -> None:
    leaf = the_slide(small_pilot, viewer(Role.council))
    assert (leaf.more, leaf.bare) == (NONE, True)


def test_the_slide_hides_a_small_range_and_names_every_option(
    small_pilot: Engine, viewer: Callable[..., Viewer]
) -> None:
    add_budget(small_pilot)
    met(small_pilot, 4)
    post = {"name": "Clinician", "fte": "1", "yearly": "60000"}
    save(small_pilot, "As <b>is", posts=[post])
    save(small_pilot, "End")
    leaf = the_slide(small_pilot, viewer(Role.council))
    figure: Any = leaf.figure
    words = [str(note.text) for note in figure.layout.annotations]
    assert "<b>As &lt;b&gt;is</b> · $5,000 a month · – of calls · hidden" in words
    assert [word for word in words if "gap" in word] == ["$60,000 · gap $60,000"] * 3
    assert "small counts hidden" in leaf.source
    assert not any("62" in word for word in words)


def test_coverage_by_hour_without_calls_says_so(small_pilot: Engine) -> None:
    save(small_pilot, "As is", hours="Mon–Fri 9–17")
    found = compute(small_pilot, SHELL, "after_coverage", TO_DATE)
    assert len(found.table) == 24
    assert found.sentence == "Nothing to compare yet: it takes calls and an option."
