"""Preparing a meeting: where the figures end, what is missing, what was asked, what was corrected, and why."""

import shutil
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import Engine, select, update

from dashboard import edition
from dashboard.frozen import Frozen
from dashboard.published import PUBLISHED
from db.access import Viewer, viewer_for
from db.commands import editions, questions
from db.engine import aggregate_session, engine_for, record_session
from db.errors import Conflict, Invalid
from db.forms.questions import QuestionForm
from db.models import BudgetLine, Edition, EffectPlan, Event, LedgerEntry, MonthClose, Target
from db.vocab import EntryKind, EventKind, Role
from tests.conftest import NOW, add_small_pilot, create_engine_at, fresh_sqlite
from tests.dashboard.editions_world import (
    CLINICIAN,
    FIRST_WEEK,
    NOVEMBER,
    OCTOBER,
    SOCIAL_WORKER,
    approve,
    certify,
    on,
    prepare,
    two_editions,
)

Who = Callable[..., Viewer]


def content(bind: Engine, edition_id: int) -> Frozen:
    with aggregate_session(bind) as session:
        return edition.content(session.get_one(Edition, edition_id))


def row_of(bind: Engine, edition_id: int) -> Edition:
    with aggregate_session(bind) as session:
        return session.get_one(Edition, edition_id)


def said(found: Frozen, kind: str, lang: str = "en") -> list[str]:
    return [gap.said[lang] for gap in found.gaps if gap.kind == kind]


def test_figures_end_before_the_first_week_that_somebody_has_not_certified(small_pilot: Engine, viewer: Who) -> None:
    certify(small_pilot, 43, but=((SOCIAL_WORKER, 40),))
    made = prepare(small_pilot, viewer(Role.chief))
    row, found = row_of(small_pilot, made), content(small_pilot, made)
    assert (row.first, row.last) == (FIRST_WEEK, FIRST_WEEK + timedelta(weeks=39, days=-1))
    assert said(found, "weeks") == [
        "The week of 12 Oct is not certified by the social worker.",
        "So the figures end on 11 Oct 2026, before the first of these weeks.",
    ]
    assert {result.filters.last for result in found.results["es"].values()} == {row.last}
    early = {key for key, result in found.results["en"].items() if result.provisional}
    assert early == {"projected_close"}, "of weeks nothing is provisional; this one says that no month is closed"
    assert found.gaps[0].kind == "weeks", "what is not certified is listed first"
    assert set(found.results["en"]) == set(PUBLISHED)


def test_provisional_figures_take_all_weeks_and_say_so(small_pilot: Engine, viewer: Who) -> None:
    certify(small_pilot, 43, but=((SOCIAL_WORKER, 40),))
    made = prepare(small_pilot, viewer(Role.chief), provisional=True)
    row, found = row_of(small_pilot, made), content(small_pilot, made)
    assert (row.last, row.with_provisional) == (date(2026, 11, 14), True)
    assert found.results["en"]["caseload"].provisional
    assert said(found, "weeks", "es")[1] == (
        "Los datos llegan al 14 nov 2026. Lo que depende de estas semanas se marca como provisional."
    )


def test_without_one_certified_week_there_is_nothing_to_freeze(small_pilot: Engine, viewer: Who) -> None:
    chief = viewer(Role.chief)
    certify(small_pilot, 43, but=((CLINICIAN, 1),))
    with pytest.raises(Invalid, match="No week of the pilot is certified by everybody up to 14 Nov 2026"):
        prepare(small_pilot, chief)
    with aggregate_session(small_pilot) as session:
        assert session.scalars(select(Edition)).all() == []


def test_everything_that_is_missing_is_said_in_both_languages(small_pilot: Engine, viewer: Who) -> None:
    certify(small_pilot, 43)
    with aggregate_session(small_pilot) as session:
        session.add(Target(measure="people_served", value=300, by_date=date(2027, 1, 11)))
        session.add(EffectPlan(frozen_at=NOW, verdict_months=[6, 12]))
        session.add(MonthClose(month=date(2026, 8, 1), closed_at=NOW))
        session.commit()
    found = content(small_pilot, prepare(small_pilot, viewer(Role.analyst)))
    assert [gap.kind for gap in found.gaps] == ["calls", "ledger", "targets", "verdict"]
    assert [gap.said["en"] for gap in found.gaps] == [
        "No calls for service are loaded.",
        "The ledger is closed to Aug 2026, and not yet to Oct 2026.",
        "No target is set for “Connections made”, “Connected within 30 days” and “Tried within 48 hours”.",
        "The next verdict on repeat calls is due in Feb 2027. Until then what is said of them is interim.",
    ]
    assert all(gap.said["es"] and gap.said["es"] != gap.said["en"] for gap in found.gaps)


def test_a_figure_of_a_time_already_told_is_a_correction(small_pilot: Engine, viewer: Who) -> None:
    certify(small_pilot, 43)
    with aggregate_session(small_pilot) as session:
        session.add(BudgetLine(id=1, name="Social worker", amount=Decimal("1000"), position=1))
        session.add(spent("100", date(2026, 2, 10)))
        session.add_all(MonthClose(month=date(2026, month, 1), closed_at=NOW) for month in range(1, 10))
        session.commit()
    chief = viewer(Role.chief, now=on(date(2026, 10, 9)))
    october = prepare(small_pilot, chief, OCTOBER)
    approve(small_pilot, chief, october)
    with aggregate_session(small_pilot) as session:
        session.add(spent("40", date(2026, 3, 10)))  # what was forgotten
        session.add(spent("7", date(2026, 10, 20)))  # what came since
        session.commit()
    november = prepare(small_pilot, viewer(Role.chief))
    corrected = [each for each in content(small_pilot, november).corrections if each.measure == "burn"]
    assert corrected
    assert {(each.was, each.now, each.why) for each in corrected} == {("$100", "$140", "correction")}
    assert "edition 2026-10-15 said $100. It is $140" in corrected[0].said["en"]
    assert "la edición 2026-10-15 decía $100. Es $140" in corrected[0].said["es"]
    assert row_of(small_pilot, november).previous_id == october


@pytest.fixture(scope="module")
def met_once(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small pilot with two editions, made once."""
    path = tmp_path_factory.mktemp("met") / "tandem.db"
    shutil.copy(sqlite_template, path)
    bind = create_engine_at(path)
    add_small_pilot(bind)
    two_editions(bind, make_viewer)
    bind.dispose()
    return path


@pytest.fixture
def met(met_once: Path, tmp_path: Path) -> Iterator[Engine]:
    """Its ids are 1, October's, and 2, the draft for November."""
    yield from fresh_sqlite(met_once, tmp_path)


def make_viewer(role: Role, *, now: datetime = NOW) -> Viewer:
    return viewer_for(role, name=role.value, now=now, today=now.date(), user_id=None, staff_id=None)


def test_the_same_figures_on_another_day_are_the_same(met: Engine) -> None:
    with aggregate_session(met) as session:
        rows = session.get_one(Edition, 1), session.get_one(Edition, 2)
        found = edition.compared(*rows)
        assert edition.compared(rows[1], rows[1]).changes == ()
    assert found.definitions == {}
    assert {change.why.value for change in found.changes} == {"new data"}
    assert found.same > len(found.changes)


def test_another_definition_is_told_apart_from_other_figures(met: Engine) -> None:
    with aggregate_session(met) as session:
        session.add(Event(on_date=date(2026, 10, 20), kind=EventKind.definition, label="New codes"))
        session.commit()
    taker = make_viewer(Role.council)
    form = QuestionForm(send_key="a" * 16, asked="Who pays?", owner="Chief", due_on=NOVEMBER)
    with record_session(met, taker) as session:
        questions.take(session, taker, "2026-10-15", form)
    made = prepare(met, make_viewer(Role.chief))
    with aggregate_session(met) as session:
        old, new = session.get_one(Edition, 1), session.get_one(Edition, made)
        assert (new.number, new.previous_id) == ("2026-11-19b", old.id)
        found = edition.compared(old, new)
    assert set(found.definitions.values()) == {("breaks",)}
    assert "bh_calls" in found.definitions
    (asked,) = content(met, made).questions
    said = (asked.edition, asked.asked, asked.owner, asked.due_on, asked.answer)
    assert said == ("2026-10-15", "Who pays?", "Chief", NOVEMBER, "")


def test_altered_figures_are_not_shown(met: Engine) -> None:
    with aggregate_session(met) as session:
        session.execute(update(Edition).where(Edition.id == 1).values(digest="0" * 64))
        session.commit()
    with pytest.raises(Conflict, match="figures of edition 2026-10-15 are not those that were frozen"):
        content(met, 1)


def test_the_demo_city_has_a_past(demo_met: Path, viewer: Who) -> None:
    """Two meetings, through the same commands; prepared again as of the same day the figures are the same."""
    bind = engine_for(f"sqlite:///{demo_met}")
    with aggregate_session(bind) as session:
        november, october = editions.editions(session)
        assert (november.number, november.approved_at) == ("2026-11-19", None)
        assert (october.number, october.as_of, october.approved_by) == ("2026-10-15", date(2026, 10, 9), "chief")
        answered, waiting = edition.content(november).questions
        assert (answered.owner, waiting.owner, waiting.due_on) == (
            "Orlick Saltwick",
            "Chief Hesperil Lanternsby",
            november.meeting_on,
        )
        assert (bool(answered.answer), bool(waiting.answer)) == (True, False)
        found = edition.compared(october, november)
    assert {change.why.value for change in found.changes} == {"new data"}, "a new month is no correction of the old"
    gaps = edition.content(november).gaps
    assert gaps[0].said["en"] == "The week of 10 Aug is not certified by the clinician."
    bind.dispose()


def spent(amount: str, day: date) -> LedgerEntry:
    return LedgerEntry(
        line_id=1,
        kind=EntryKind.expenditure,
        amount=Decimal(amount),
        on_date=day,
        payee="Harbor Recovery Center",
        created_at=NOW,
        submit_key=f"{day}",
    )
