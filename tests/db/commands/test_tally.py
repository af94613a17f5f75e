"""The weekly tally on both databases: what it opens with, what certifying asks, and who is told."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import Engine, select

from db.access import Permission
from db.commands.tally import Blanks, Sheet, WeekendAhead, calendar, certify_tally, form_of, save_tally, sheet
from db.engine import aggregate_session, record_session
from db.errors import Conflict, Forbidden, Invalid
from db.forms.tally import TallyCell, TallyForm
from db.models import AuditEntry, Tally, TallyValue
from db.vocab import Role, TallyItem, TallyStatus
from db.weeks import WeekState
from tests.conftest import NOW
from tests.db.desk_world import at, log, who

WEEK = date(2026, 11, 9)
FRIDAY = at("2026-11-13 17:00")  # noon in New York
ALL = frozenset(TallyItem)


def opened(bind: Engine, *, now: datetime = NOW, week: date = WEEK) -> Sheet:
    viewer = who(Role.clinician, now=now)
    with record_session(bind, viewer) as session:
        return sheet(session, viewer, 1, week)


def line(of: Sheet, item: TallyItem) -> tuple[Any, ...]:
    found = next(row for row in of.lines if row.item is item)
    return found.log, found.reported, found.reason


def save(bind: Engine, of: Sheet, role: Role = Role.clinician, *, now: datetime = NOW, **cells: TallyCell) -> int:
    viewer = who(role, now=now)
    with record_session(bind, viewer) as session:
        return save_tally(session, viewer, form_of(of, {TallyItem(k): v for k, v in cells.items()})).id


def certify(
    bind: Engine,
    of: Sheet,
    role: Role = Role.clinician,
    *,
    now: datetime = NOW,
    blanks: frozenset[TallyItem] = ALL,
    weekend: bool = True,
    **cells: TallyCell,
) -> None:
    viewer = who(role, now=now)
    changes = {TallyItem(k): v for k, v in cells.items()}
    with record_session(bind, viewer) as session:
        certify_tally(session, viewer, form_of(of, changes, confirmed_blanks=blanks, weekend_confirmed=weekend))


def test_a_sheet_opens_with_the_log_and_blank_where_there_is_none(desk: Engine) -> None:
    log(desk, who(Role.clinician))
    of = opened(desk)
    assert line(of, TallyItem.phone_video) == (1, 1, None)
    assert line(of, TallyItem.hours_direct) == (Decimal("0.5"), Decimal("0.5"), None)
    assert line(of, TallyItem.office) == (0, None, None)
    assert (of.revision, of.state, of.locked) == (0, WeekState.due, False)


def test_a_cell_left_alone_follows_the_log_and_a_typed_one_stays(desk: Engine) -> None:
    log(desk, who(Role.clinician))
    save(desk, opened(desk), phone_video=TallyCell(reported=Decimal(4), reason="Three by phone in the car"))
    log(desk, who(Role.clinician), at=at("2026-11-12 15:00"))
    of = opened(desk)
    assert line(of, TallyItem.phone_video) == (2, 4, "Three by phone in the car")
    assert line(of, TallyItem.hours_direct) == (1, 1, None)
    assert of.state is WeekState.draft


def test_the_last_twelve_weeks_stand_beside_the_cell(desk: Engine) -> None:
    log(desk, who(Role.clinician), at=at("2026-11-04 15:00"))
    with aggregate_session(desk) as session:
        certified = Tally(staff_id=1, week=date(2026, 10, 26), status=TallyStatus.certified, certified_at=NOW)
        certified.values = [TallyValue(item=TallyItem.phone_video, reported=Decimal(9), log=Decimal(0), reason="x")]
        session.add(certified)
        session.commit()
    history = next(row.history for row in opened(desk).lines if row.item is TallyItem.phone_video)
    assert history == (*[Decimal(0)] * 10, Decimal(9), Decimal(1))


def test_certifying_locks_the_week(desk: Engine) -> None:
    log(desk, who(Role.clinician))
    certify(desk, opened(desk))
    of = opened(desk)
    assert (of.state, of.certified) == (WeekState.certified, "by Clinician, 14 Nov 2026, 10:00")
    with pytest.raises(Conflict) as error:
        save(desk, of, phone_video=TallyCell(reported=Decimal(2)))
    assert str(error.value) == (
        "The week of 9 Nov 2026 is certified (by Clinician, 14 Nov 2026, 10:00) and locked. "
        "Your figures were not stored."
    )
    with aggregate_session(desk) as session:
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "certify tally")).one()
        assert entry.subject == "tally 1 2026-11-09"
        assert "office" in entry.detail["blanks"]


def test_certifying_asks_about_each_blank(desk: Engine) -> None:
    with pytest.raises(Blanks) as error:
        certify(desk, opened(desk), blanks=ALL - {TallyItem.office, TallyItem.family_contacts})
    assert error.value.errors == {
        "office": "“Office visits” is blank. Report 0, or confirm that it was not recorded.",
        "family_contacts": "“Family or collateral contacts” is blank. Report 0, or confirm that it was not recorded.",
    }
    with aggregate_session(desk) as session:
        assert session.scalars(select(Tally)).all() == []
    certify(desk, opened(desk), office=TallyCell(reported=Decimal(0)))
    assert line(opened(desk), TallyItem.office) == (0, 0, None)
    assert line(opened(desk), TallyItem.family_contacts) == (0, None, None)


@pytest.mark.parametrize(
    ("cell", "sentence"),
    [
        (TallyCell(reported=Decimal(9)), "“Phone or video contacts”: log 1, reported 9. Say why it differs."),
        (
            TallyCell(),
            "“Phone or video contacts”: log 1, reported blank. Say why it is not recorded, or report 1.",
        ),
    ],
)
def test_another_number_than_the_logs_needs_a_reason(desk: Engine, cell: TallyCell, sentence: str) -> None:
    log(desk, who(Role.clinician))
    with pytest.raises(Invalid) as error:
        certify(desk, opened(desk), phone_video=cell)
    assert error.value.errors == {"phone_video": sentence}
    certify(desk, opened(desk), phone_video=TallyCell(reported=cell.reported, reason="Kept on paper"))
    assert line(opened(desk), TallyItem.phone_video) == (1, cell.reported, "Kept on paper")


def test_not_before_friday_noon_and_the_weekend_is_asked_about(desk: Engine) -> None:
    early = FRIDAY - timedelta(minutes=1)
    with pytest.raises(Invalid) as error:
        certify(desk, opened(desk, now=early), now=early)
    assert str(error.value) == "The week of 9 Nov 2026 can be certified from 13 Nov 2026, 12:00."
    with pytest.raises(WeekendAhead) as asked:
        certify(desk, opened(desk, now=FRIDAY), now=FRIDAY, weekend=False)
    assert str(asked.value) == ("The week runs to Sunday, 15 Nov 2026. Confirm that no more work is expected in it.")
    certify(desk, opened(desk, now=FRIDAY), now=FRIDAY)


def test_after_sunday_nobody_asks_about_the_weekend(desk: Engine) -> None:
    monday = at("2026-11-16 05:01")
    certify(desk, opened(desk, now=monday), now=monday, weekend=False)


@pytest.mark.parametrize(
    ("when", "state"),
    [
        ("2026-11-17 04:59", WeekState.certified),  # Monday, 23:59 in New York
        ("2026-11-17 05:00", WeekState.late),
    ],
)
def test_on_time_is_until_monday_midnight(desk: Engine, when: str, state: WeekState) -> None:
    certify(desk, opened(desk, now=at(when)), now=at(when))
    assert opened(desk, now=at(when)).state is state


def test_a_future_week_is_refused(desk: Engine) -> None:
    form = TallyForm(staff_id=1, week=date(2026, 11, 16), values={})
    viewer = who(Role.clinician)
    sentence = "The week of 16 Nov 2026 has not begun. Tallies go up to the week of 9 Nov 2026."
    with record_session(desk, viewer) as session:
        for command in (save_tally, certify_tally):
            with pytest.raises(Invalid) as error:
                command(session, viewer, form)
            assert error.value.errors == {"week": sentence}
    with pytest.raises(Invalid, match="has not begun"):
        opened(desk, week=date(2026, 11, 16))


def test_a_week_before_one_worked_here_is_refused(desk: Engine) -> None:
    viewer = who(Role.social_worker)
    form = TallyForm(staff_id=2, week=date(2026, 5, 18), values={})
    with record_session(desk, viewer) as session, pytest.raises(Invalid) as error:
        save_tally(session, viewer, form)
    assert str(error.value) == "Social worker does not work in the week of 18 May 2026. Choose another week."


def test_the_second_of_two_who_certify_is_told(desk: Engine) -> None:
    hers, his = opened(desk), opened(desk)
    certify(desk, hers)
    with pytest.raises(Conflict) as error:
        certify(desk, his, Role.social_worker, now=NOW + timedelta(minutes=2))
    assert str(error.value).startswith("The week of 9 Nov 2026 is certified (by Clinician, 14 Nov 2026, 10:00)")


def test_a_stale_edit_over_a_newer_one_is_told(desk: Engine) -> None:
    hers, his = opened(desk), opened(desk)
    save(desk, hers, office=TallyCell(reported=Decimal(3)))
    for command in (save, certify):
        with pytest.raises(Conflict) as error:
            command(desk, his, Role.social_worker, office=TallyCell(reported=Decimal(5)))
        assert str(error.value) == (
            "Somebody saved the week of 9 Nov 2026 while you had it open. "
            "Your figures are still on your screen and were not stored: look at both and choose."
        )
    assert line(opened(desk), TallyItem.office) == (0, 3, None)


def test_every_save_moves_the_revision_even_where_only_values_changed(desk: Engine) -> None:
    revisions = [save(desk, opened(desk), office=TallyCell(reported=Decimal(n))) for n in (1, 2, 2)]
    assert revisions == sorted(set(revisions))


def test_the_calendar_lists_every_week_and_how_it_stands(desk: Engine) -> None:
    for week, when in ((date(2026, 11, 2), "2026-11-06 20:00"), (date(2026, 10, 26), "2026-11-09 20:00")):
        certify(desk, opened(desk, week=week, now=at(when)), now=at(when))
    viewer = who(Role.clinician)
    with record_session(desk, viewer) as session:
        weeks = calendar(session, viewer, 1)
        assert len(calendar(session, viewer, 2)) == 24  # since 1 June
    assert weeks[:4] == [
        (date(2026, 11, 9), WeekState.due),
        (date(2026, 11, 2), WeekState.certified),
        (date(2026, 10, 26), WeekState.late),
        (date(2026, 10, 19), WeekState.missing),
    ]
    assert (len(weeks), weeks[-1][0]) == (44, date(2026, 1, 12))


@pytest.mark.parametrize("command", [save_tally, certify_tally])
@pytest.mark.parametrize("role", Role)
def test_only_the_desk_saves_and_certifies(desk: Engine, role: Role, command: Any) -> None:
    viewer = who(role)
    values = {item: TallyCell(reported=Decimal(0)) for item in TallyItem}
    form = TallyForm(staff_id=1, week=WEEK, values=values, weekend_confirmed=True)
    with record_session(desk, viewer) as session:
        if viewer.may(Permission.certify_tally):
            command(session, viewer, form)
        else:
            with pytest.raises(Forbidden):
                command(session, viewer, form)
