"""After certifying, on both databases: corrections, the chief's acceptance, asking him, comments, who may."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import Engine, select

from db.commands.amend import amend_tally, decide_amendment, ledger, requests, withdraw_amendment
from db.commands.desk import Saved
from db.commands.tally import Stale, certify_tally, findings, form_of, sheet
from db.commands.weeks import accept_weeks, comment, comments, everybody, take_back_comment
from db.engine import aggregate_session, record_session
from db.errors import Conflict, Forbidden, Invalid, NotFound
from db.forms import checked
from db.forms.tally import AmendmentForm, CommentForm, DecisionOnAmendment, TallyCell
from db.models import AuditEntry, Intervention, Tally, TallyAmendment, TallyComment, TallyValue
from db.vocab import Role, TallyItem, TallyStatus
from db.vocab.tally import AmendmentStatus, Level
from db.weeks import WeekState
from tests.conftest import NOW, add_small_pilot
from tests.db.desk_world import at, log, settle, who

WEEK = date(2026, 11, 2)
LATER = NOW + timedelta(days=2)
PHONE, OFFICE = TallyItem.phone_video, TallyItem.office


@pytest.fixture
def desk(small_pilot: Engine) -> Engine:
    settle(small_pilot)
    return certified(small_pilot)


@pytest.fixture
def one_desk(sqlite: Engine) -> Engine:
    add_small_pilot(sqlite)
    settle(sqlite)
    return certified(sqlite)


def certified(bind: Engine) -> Engine:
    """One phone contact of Thursday 5 Nov in the log, and its week certified as logged."""
    log(bind, who(Role.clinician), at=at("2026-11-05 15:00"))
    viewer = who(Role.clinician)
    with record_session(bind, viewer) as session:
        opened = sheet(session, viewer, 1, WEEK)
        zeros: dict[TallyItem, TallyCell] = dict.fromkeys(
            (TallyItem.on_scene, TallyItem.in_person, OFFICE), TallyCell(reported=Decimal(0))
        )
        certify_tally(session, viewer, form_of(opened, zeros, confirmed_blanks=frozenset(TallyItem)))
    return bind


def run(bind: Engine, command: Any, *given: Any, role: Role = Role.clinician, now: Any = NOW, **more: Any) -> Any:
    viewer = who(role, now=now)
    with record_session(bind, viewer) as session:
        return command(session, viewer, *given, **more)


def amendment(revision: int, /, why: str = "Two calls were never logged", asks: bool = False, **values: Any) -> Any:
    cells = {TallyItem(item): None if v is None else Decimal(str(v)) for item, v in values.items()}
    typed = {"staff_id": 1, "week": WEEK, "revision": revision, "values": cells, "why": why, "asks": asks}
    return checked(AmendmentForm, typed)


def accept(bind: Engine, revision: int | None = None) -> Saved:
    seen = run(bind, sheet, 1, WEEK, role=Role.chief).revision if revision is None else revision
    return run(bind, accept_weeks, [(1, WEEK, seen)], role=Role.chief)


def stored(bind: Engine, item: TallyItem = PHONE) -> tuple[Any, ...]:
    with aggregate_session(bind) as session:
        value = session.scalars(select(TallyValue).where(TallyValue.item == item)).one()
        return value.log, value.reported, value.reason


def revision(bind: Engine) -> int:
    return run(bind, sheet, 1, WEEK).revision


def decide(bind: Engine, request: int, *, approve: bool = True, answer: str = "", role: Role = Role.chief) -> Saved:
    form = checked(DecisionOnAmendment, {"request_id": request, "approve": approve, "answer": answer})
    return run(bind, decide_amendment, form, role=role, now=LATER)


def test_an_amendment_changes_the_figure_and_stands_in_the_ledger(desk: Engine) -> None:
    run(desk, amend_tally, amendment(revision(desk), phone_video=3), now=LATER)
    assert stored(desk) == (1, 3, "Two calls were never logged")
    line = run(desk, ledger, 1, WEEK)[0]
    assert (line.item, line.old, line.new, line.why) == (PHONE, 1, 3, "Two calls were never logged")
    assert (line.by, line.approved) == ("by Clinician, 16 Nov 2026, 10:00", "")
    opened = run(desk, sheet, 1, WEEK)
    assert (opened.state, opened.certified) == (WeekState.late, "by Clinician, 14 Nov 2026, 10:00")
    with aggregate_session(desk) as session:
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "amend tally")).one()
        assert (entry.subject, entry.detail) == ("tally 1 2026-11-02", {"items": ["phone_video"]})


def test_amended_to_what_the_log_says_by_now_nothing_is_left_to_explain(desk: Engine) -> None:
    log(desk, who(Role.clinician), at=at("2026-11-06 15:00"))
    line = next(x for x in run(desk, sheet, 1, WEEK).lines if x.item is PHONE)
    assert (line.log, line.log_now) == (1, 2)
    run(desk, amend_tally, amendment(revision(desk), "Logged on Monday", phone_video=2))
    assert stored(desk) == (2, 2, None)


def test_what_an_amendment_is_refused_for(one_desk: Engine) -> None:
    desk, now = one_desk, revision(one_desk)
    for form, errors in (
        (amendment(now, "", phone_video=3),
         {"why": "Say why it is amended: the correction ledger keeps old value, new value, who, when and why."}),
        (amendment(now, "x" * 201, phone_video=3), {"why": "The reason has 201 characters; 200 fit. Shorten it."}),
        (amendment(now, phone_video=1),
         {"": "No figure differs from the certified ones. Change one, or leave the week as it is."}),
        (amendment(now, phone_video="2.5"),
         {"phone_video": "“Phone or video contacts” is 2.5. It is a count: report a whole number."}),
        (amendment(now, people_seen=7),
         {"people_seen": "7 people seen is more than 1 direct contacts, and each of them had one. Check both."}),
    ):  # fmt: skip
        with pytest.raises(Invalid) as error:
            run(desk, amend_tally, form)
        assert error.value.errors == errors
    uncertified = amendment(now, phone_video=3).model_copy(update={"week": date(2026, 10, 26)})
    with pytest.raises(Conflict, match="The week of 26 Oct 2026 is not certified"):
        run(desk, amend_tally, uncertified)
    assert stored(desk) == (1, 1, None)


def test_a_stale_amendment_is_told(desk: Engine) -> None:
    opened = revision(desk)
    run(desk, amend_tally, amendment(opened, phone_video=3))
    with pytest.raises(Stale, match="Somebody amended the week of 2 Nov 2026 while you had it open"):
        run(desk, amend_tally, amendment(opened, phone_video=9), role=Role.social_worker)
    assert stored(desk)[1] == 3


def test_the_chief_accepts_what_he_saw_and_then_amending_asks_him(desk: Engine) -> None:
    opened = revision(desk)
    accept(desk)
    assert run(desk, sheet, 1, WEEK).state is WeekState.accepted
    assert run(desk, sheet, 1, WEEK).accepted == "by Chief, 14 Nov 2026, 10:00"
    with pytest.raises(Conflict, match="The chief accepted the week of 2 Nov 2026 while you had it open"):
        run(desk, amend_tally, amendment(opened, phone_video=3))
    log(desk, who(Role.clinician), at=at("2026-11-06 15:00"))
    asked = run(desk, amend_tally, amendment(revision(desk), asks=True, phone_video=3)).id
    assert stored(desk) == (1, 1, None)
    with pytest.raises(Conflict, match=r"The chief is asked already to amend this week \(by Clinician, 14 Nov"):
        run(desk, amend_tally, amendment(revision(desk), asks=True, phone_video=4), role=Role.social_worker)
    waiting = run(desk, requests, role=Role.chief, open_only=True)
    assert [(w.id, w.staff, w.week, w.lines) for w in waiting] == [(asked, "Clinician", WEEK, ((PHONE, 1, 3),))]
    decide(desk, asked)
    assert stored(desk) == (2, 3, "Two calls were never logged")
    line = run(desk, ledger, 1, WEEK)[0]
    assert (line.by, line.approved) == ("by Clinician, 16 Nov 2026, 10:00", "by Chief, 16 Nov 2026, 10:00")
    assert run(desk, sheet, 1, WEEK).state is WeekState.accepted
    with pytest.raises(Conflict, match="This amendment was approved already"):
        decide(desk, asked, approve=False, answer="No")


def test_a_refusal_says_why_and_a_withdrawn_question_is_closed(one_desk: Engine) -> None:
    desk = one_desk
    accept(desk)
    first = run(desk, amend_tally, amendment(revision(desk), asks=True, phone_video=3)).id
    with pytest.raises(Invalid) as error:
        decide(desk, first, approve=False)
    assert error.value.errors == {"answer": "Say why it is refused: the desk reads it beside the week."}
    decide(desk, first, approve=False, answer="The notebook shows no date")
    second = run(desk, amend_tally, amendment(revision(desk), asks=True, phone_video=4)).id
    run(desk, withdraw_amendment, second)
    with pytest.raises(Conflict, match="withdrawn already"):
        decide(desk, second)
    told = [(one.status, one.answer) for one in run(desk, requests, staff_id=1, week=WEEK)]
    assert told == [(AmendmentStatus.withdrawn, ""), (AmendmentStatus.refused, "The notebook shows no date")]
    assert stored(desk) == (1, 1, None)
    assert run(desk, ledger, 1, WEEK) == []
    with pytest.raises(NotFound, match="There is no amendment 99"):
        decide(desk, 99)


def test_a_week_amended_since_he_looked_is_not_accepted_nor_is_another_with_it(one_desk: Engine) -> None:
    desk, seen = one_desk, revision(one_desk)
    run(desk, amend_tally, amendment(seen, phone_video=3))
    with pytest.raises(Conflict, match="The week of 2 Nov 2026 was amended since you opened it"):
        accept(desk, seen)
    with pytest.raises(Conflict, match="The week of 26 Oct 2026 is not certified"):
        run(desk, accept_weeks, [(1, WEEK, revision(desk)), (1, date(2026, 10, 26), 0)], role=Role.chief)
    with aggregate_session(desk) as session:
        assert session.scalars(select(Tally.status)).all() == [TallyStatus.certified]
    accept(desk)
    accept(desk)  # twice is once
    with aggregate_session(desk) as session:
        assert session.scalars(select(Tally.status)).all() == [TallyStatus.accepted]


def test_amending_and_accepting_at_once_one_of_them_is_told(desk: Engine) -> None:
    opened = revision(desk)

    def amend() -> object:
        return run(desk, amend_tally, amendment(opened, phone_video=3), role=Role.social_worker)

    with ThreadPoolExecutor(2) as pool:
        answers = [pool.submit(amend), pool.submit(accept, desk, opened)]
        failed = [error for answer in answers if (error := answer.exception()) is not None]
    assert [type(error) for error in failed] == [Conflict], failed
    with aggregate_session(desk) as session:
        accepted = session.scalars(select(Tally.status)).one() is TallyStatus.accepted
        assert len(session.scalars(select(TallyAmendment)).all()) == (0 if accepted else 1)


def test_the_calendar_of_everybody(desk: Engine) -> None:
    run(desk, amend_tally, amendment(revision(desk), phone_video=3))
    accept(desk)
    run(desk, amend_tally, amendment(revision(desk), asks=True, phone_video=4))
    run(desk, comment, CommentForm(staff_id=1, week=WEEK, item=OFFICE, text="Closed on Friday"))
    clinician, worker = run(desk, everybody, role=Role.chief)
    assert (clinician.name, worker.name, len(clinician.cells), len(worker.cells)) == (
        "Clinician",
        "Social worker",
        44,
        24,
    )
    cell = next(cell for cell in clinician.cells if cell.week == WEEK)
    assert (cell.state, cell.late, cell.differs, cell.comments, cell.asked) == (WeekState.accepted, True, 1, 1, True)
    assert (clinician.count(WeekState.missing), clinician.cells[-1].state) == (42, WeekState.due)


def test_who_cannot_see_people_reads_certified_figures_only(one_desk: Engine) -> None:
    log(one_desk, who(Role.clinician), at=at("2026-11-10 15:00"))
    read = run(one_desk, sheet, 1, WEEK, role=Role.chief)
    line = next(x for x in read.lines if x.item is PHONE)
    assert (line.log, line.reported, line.log_now, set(line.history)) == (1, 1, None, {None})
    running = run(one_desk, sheet, 1, date(2026, 11, 9), role=Role.chief)
    assert {(x.log, x.reported) for x in running.lines} == {(0, None)}
    assert [x.history[-1] for x in running.lines if x.item is PHONE] == [1]


def test_comments_are_said_and_taken_back_by_their_author(desk: Engine) -> None:
    hers = run(desk, comment, CommentForm(staff_id=1, week=WEEK, item=PHONE, text="Two were long")).id
    run(desk, comment, CommentForm(staff_id=1, week=WEEK, text="Thank you"), role=Role.chief)
    told = [(c.item, c.text, c.by, c.own) for c in run(desk, comments, 1, WEEK)]
    assert told == [
        (PHONE, "Two were long", "by Clinician, 14 Nov 2026, 10:00", True),
        (None, "Thank you", "by Chief, 14 Nov 2026, 10:00", False),
    ]
    with pytest.raises(Forbidden, match="Only who wrote a comment takes it back"):
        run(desk, take_back_comment, hers, role=Role.chief)
    run(desk, take_back_comment, hers)
    assert [c.text for c in run(desk, comments, 1, WEEK)] == ["Thank you"]
    with pytest.raises(NotFound, match="gone already"):
        run(desk, take_back_comment, hers)
    for text, sentence in (
        (" ", "The comment is empty. Write it first."),
        ("x" * 301, "The comment has 301 characters; 300 fit. Shorten it."),
    ):
        with pytest.raises(Invalid) as error:
            run(desk, comment, CommentForm(staff_id=1, week=WEEK, text=text))
        assert error.value.errors == {"text": sentence}
    with aggregate_session(desk) as session:
        assert len(session.scalars(select(TallyComment)).all()) == 2  # taken back, not deleted


def test_twenty_six_hours_in_a_day_refuse_the_week(one_desk: Engine) -> None:
    """Each entry is possible alone; the day is not."""
    log(one_desk, who(Role.clinician), at=at("2026-11-10 06:00"), minutes=180)
    newest = log(one_desk, who(Role.clinician), at=at("2026-11-10 12:00"), minutes=180)
    with aggregate_session(one_desk) as session:  # as an import of another system would leave it
        session.get_one(Intervention, newest).minutes = 1380
        session.commit()
    week, viewer = date(2026, 11, 9), who(Role.clinician, now=LATER)
    sentence = "The log has 26 hours on 10 Nov 2026; a day has 24. Correct the entries of that day on the log."
    with record_session(one_desk, viewer) as session:
        form = form_of(sheet(session, viewer, 1, week), {}, confirmed_blanks=frozenset(TallyItem))
        assert (Level.must_fix, sentence) in [(f.level, f.sentence) for f in findings(session, viewer, form)]
        with pytest.raises(Invalid) as error:
            certify_tally(session, viewer, form)
    assert error.value.errors == {"": sentence}


DESK, READERS = {Role.clinician, Role.social_worker}, {Role.clinician, Role.social_worker, Role.chief, Role.analyst}
SPEAKERS = {*DESK, Role.chief}
COMMANDS: dict[str, tuple[Any, Any, set[Role]]] = {
    "amend": (amend_tally, amendment(1, phone_video=3), DESK),
    "withdraw": (withdraw_amendment, 1, DESK),
    "decide": (decide_amendment, DecisionOnAmendment(request_id=1, approve=True), {Role.chief}),
    "accept": (accept_weeks, [(1, WEEK, 1)], {Role.chief}),
    "comment": (comment, CommentForm(staff_id=1, week=WEEK, text="x"), SPEAKERS),
    "take back": (take_back_comment, 99, SPEAKERS),
    "calendar": (lambda s, v, _: everybody(s, v), None, READERS),
    "comments": (lambda s, v, _: comments(s, v, 1, WEEK), None, READERS),
    "ledger": (lambda s, v, _: ledger(s, v, 1, WEEK), None, READERS),
}  # fmt: skip


def test_each_role_runs_its_commands_and_no_other(one_desk: Engine) -> None:
    for name, (command, given, allowed) in COMMANDS.items():
        for role in Role:
            try:
                run(one_desk, command, given, role=role)
                forbidden = False
            except Forbidden:
                forbidden = True
            except (Conflict, NotFound, Invalid):
                forbidden = False  # it was let in, and had something else to say
            assert forbidden is (role not in allowed), (name, role)
