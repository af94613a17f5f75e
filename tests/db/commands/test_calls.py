"""Loading calls on both databases: what is counted, what is refused, and that it is all or nothing."""

import io
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, func, inspect, select

from db.access import Viewer
from db.cad import current, load
from db.cad.mapping import parse_mapping
from db.cad.report import ImportReport
from db.cad.rules import install_default_rules
from db.commands import calls
from db.engine import aggregate_session, data_version, record_session
from db.errors import Conflict, Forbidden, NotFound, TandemError, Unreadable
from db.models import AuditEntry, Call, CallGap, CallType, Import, ImportRefusal, Location
from db.types import keyed_hash
from db.vocab import CallCategory, ImportStatus, Role, Scope
from tests.conftest import add_small_pilot

HEADER = "No,When,Kind,Number,Street,How,Who"
MAPPING = "received=When,type=Kind,incident=No,location=Number+Street,disposition=How,person=Who"
LINES = (
    "A1,2026-03-01 09:00:00,MENTAL SUBJECT,12,North Main Street,CLR,Doe/1970",
    "A2,2026-03-01 23:30:00,mental  subject,12,N MAIN ST,CLR,doe/1970",
    "A3,2026-03-02 10:00:00,NOISE,0,Elm St,,",
)


@pytest.fixture
def analyst(small_pilot: Engine, viewer: Callable[..., Viewer]) -> Viewer:
    with aggregate_session(small_pilot) as session:
        install_default_rules(session)
        session.commit()
    return viewer(Role.analyst)


def csv_of(lines: Sequence[str], header: str = HEADER) -> io.BytesIO:
    return io.BytesIO("\n".join([header, *lines, ""]).encode())


def load_file(bind: Engine, who: Viewer, file: io.BytesIO, mapping: str = MAPPING, **options: object) -> ImportReport:
    with record_session(bind, who) as session:
        return calls.import_calls(session, who, file, parse_mapping(mapping), name="log.csv", **options)  # type: ignore[arg-type]


def stored(bind: Engine) -> int:
    with aggregate_session(bind) as session:
        return session.scalar(select(func.count(Call.id))) or 0


def counts(report: ImportReport) -> tuple[int, int, int, int, int]:
    return report.rows_read, report.kept, report.merged, report.already_there, len(report.refused)


def test_a_file_becomes_calls(small_pilot: Engine, analyst: Viewer) -> None:
    before = data_version(small_pilot)
    report = load_file(small_pilot, analyst, csv_of(LINES))
    assert counts(report) == (3, 3, 0, 0, 0)
    with aggregate_session(small_pilot) as session:
        first, second, third = session.scalars(select(Call).order_by(Call.identity_key)).all()
        assert first.received_at == datetime(2026, 3, 1, 14, tzinfo=UTC)
        assert (second.received_at, second.received_on) == (datetime(2026, 3, 2, 4, 30, tzinfo=UTC), date(2026, 3, 1))
        assert (first.incident_number, first.disposition) == ("A1", "CLR")
        assert (third.disposition, third.person_key) == (None, None)
        assert first.type_id == second.type_id != third.type_id
        assert first.location_id == second.location_id != third.location_id
        assert set(session.scalars(select(Location.name))) == {"12 N MAIN ST", "ELM ST"}
        assert first.person_key == second.person_key == keyed_hash("DOE/1970", "call person")
        assert session.get_one(CallType, first.type_id).category is CallCategory.behavioural_health
        audited = session.scalars(select(AuditEntry).where(AuditEntry.action == "import calls")).one()
        assert audited.detail == {"file": "log.csv", "rows": 3, "added": 3}
    after = data_version(small_pilot)
    assert {scope for scope in Scope if after[scope] != before[scope]} == {Scope.calls}


def test_the_same_file_again_changes_nothing(small_pilot: Engine, analyst: Viewer) -> None:
    load_file(small_pilot, analyst, csv_of(LINES))
    before = data_version(small_pilot)
    again = load_file(small_pilot, analyst, csv_of(LINES))
    assert counts(again) == (3, 0, 0, 3, 0)
    assert again.import_id is None
    assert again.sentence() == "Nothing new: all 3 calls of log.csv are already there."
    assert data_version(small_pilot) == before
    with aggregate_session(small_pilot) as session:
        assert session.scalar(select(func.count(Import.id))) == 1


def test_an_overlapping_file_adds_what_is_new(small_pilot: Engine, analyst: Viewer) -> None:
    load_file(small_pilot, analyst, csv_of(LINES[:2]))
    assert counts(load_file(small_pilot, analyst, csv_of(LINES))) == (3, 1, 0, 2, 0)
    assert stored(small_pilot) == 3


def test_a_trial_counts_and_stores_nothing(small_pilot: Engine, analyst: Viewer) -> None:
    load_file(small_pilot, analyst, csv_of(LINES[:1]))
    trial = load_file(small_pilot, analyst, csv_of(LINES), dry_run=True)
    assert counts(trial) == (3, 2, 0, 1, 0)
    assert trial.dry_run
    assert stored(small_pilot) == 1


def test_rows_of_one_incident_are_one_call_and_fill_its_blanks(small_pilot: Engine, analyst: Viewer) -> None:
    lines = [
        "B1,2026-03-01 09:05:00,,,,CLR,",
        "B1,2026-03-01 09:00:00,MENTAL SUBJECT,,,,",
        "B1,2026-03-01 09:07:00,MENTAL SUBJECT,4,Oak Ave,GOA,",
    ]
    assert counts(load_file(small_pilot, analyst, csv_of(lines))) == (3, 1, 2, 0, 0)
    with aggregate_session(small_pilot) as session:
        call = session.scalars(select(Call)).one()
        assert call.received_at == datetime(2026, 3, 1, 14, tzinfo=UTC)
        assert session.get_one(CallType, call.type_id).name == "MENTAL SUBJECT"
        assert session.get_one(Location, call.location_id).name == "4 OAK AVE"
        assert call.disposition == "CLR"


def test_without_a_number_moment_type_and_place_tell_a_call(small_pilot: Engine, analyst: Viewer) -> None:
    lines = [
        ",2026-03-01 09:00:00,NOISE,4,Oak Ave,,",
        ",2026-03-01 09:00:00,Noise,4,OAK AVENUE,,",
        ",2026-03-01 09:00:00,NOISE,6,Oak Ave,,",
        ",2026-03-01 09:01:00,NOISE,4,Oak Ave,,",
    ]
    assert counts(load_file(small_pilot, analyst, csv_of(lines))) == (4, 3, 1, 0, 0)
    assert counts(load_file(small_pilot, analyst, csv_of(lines))) == (4, 0, 1, 3, 0)


def test_a_number_used_again_months_later_is_another_call_in_any_order(small_pilot: Engine, analyst: Viewer) -> None:
    spring, autumn = "7,2026-03-01 09:00:00,NOISE,4,Oak,,", "7,2026-09-01 09:00:00,FIRE,6,Elm,,"
    report = load_file(small_pilot, analyst, csv_of([autumn]))
    assert report.kept == 1
    both = load_file(small_pilot, analyst, csv_of([spring, autumn]))
    assert counts(both) == (2, 1, 0, 1, 0)
    assert (
        "1 incident number is used again more than 7 days later (such as 7): kept as calls of their own."
        in both.warnings
    )
    for lines in ([spring], [autumn], [autumn, spring]):
        assert load_file(small_pilot, analyst, csv_of(lines)).kept == 0
    assert stored(small_pilot) == 2


def test_bad_rows_are_refused_with_their_line_and_the_rest_is_loaded(small_pilot: Engine, analyst: Viewer) -> None:
    lines = [
        LINES[0],
        "A4,,NOISE,4,Oak,,",
        '"A5",2026-02-30 10:00:00,"NO\nISE",4,Oak,,',
        "A6,2026-03-01 25:00:00,NOISE,4,Oak,,",
        "A7,2026-03-01 10:00:00,NOISE,4,Oak,,,surplus",
        "A8,0206-03-01 10:00:00,NOISE,4,Oak,,",
        f"{'9' * 41},2026-03-01 10:00:00,NOISE,4,Oak,,",
        "A9,2026-03-01 10:00:00,NOISE",
    ]
    report = load_file(small_pilot, analyst, csv_of(lines))
    assert counts(report) == (8, 2, 0, 0, 6)
    assert [(r.line, r.reason) for r in report.refused] == [
        (3, "received is blank"),
        (4, "received is “2026-02-30 10:00:00”, which is not a date"),
        (6, "received is “2026-03-01 25:00:00”: 25:00:00 is not a time of day"),
        (7, "8 fields where the header has 7"),
        (8, "received is “0206-03-01 10:00:00”: the year 206 cannot be right"),
        (9, f"the incident number “{'9' * 30}…” is longer than 40 characters"),
    ]
    with aggregate_session(small_pilot) as session:
        kept = session.execute(select(ImportRefusal.line, ImportRefusal.reason).order_by(ImportRefusal.line))
        assert list(kept) == [(r.line, r.reason) for r in report.refused]
    assert report.reasons["received is blank"] == 1


@pytest.mark.parametrize(
    ("text", "mapping", "words"),
    [
        (f"{HEADER}\n", MAPPING, "The file has a header and no rows below it."),
        (
            f"{HEADER}\nA1,soon,x,,,,\n",
            MAPPING,
            "No row can be loaded. Line 2: received is “soon”, which is not a date.",
        ),
        (f"{HEADER}\nA1,03/04/2026,x,,,,\n", MAPPING, "“03/04/2026” can be month 3, day 4 or day 3, month 4"),
        (
            f"{HEADER}\nA1,2026-03-04,x,,,,\n",
            "received=Wen,type=Kind",
            "log.csv has no column “Wen”. Did you mean “When”?",
        ),
    ],
)
def test_a_file_that_cannot_be_read_stores_nothing(
    small_pilot: Engine, analyst: Viewer, text: str, mapping: str, words: str
) -> None:
    with pytest.raises(Unreadable) as refused:
        load_file(small_pilot, analyst, io.BytesIO(text.encode()), mapping)
    assert words in str(refused.value)
    assert stored(small_pilot) == 0


@pytest.mark.parametrize(("stage", "after"), [("storing", 30), ("counting", 50)])
def test_a_failure_in_the_middle_leaves_nothing_behind(
    small_pilot: Engine, analyst: Viewer, monkeypatch: pytest.MonkeyPatch, stage: str, after: int
) -> None:
    load_file(small_pilot, analyst, csv_of(LINES))
    monkeypatch.setattr(load, "BATCH", 10)
    many = [f"C{k},2026-03-{1 + k % 28:02} 10:00:00,NEW TYPE {k},{k},New St,," for k in range(50)]
    before, kept_indexes = data_version(small_pilot), indexes(small_pilot)

    def cancelled(at: str, done: int, of: int) -> None:
        if at == stage and done >= after:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        load_file(small_pilot, analyst, csv_of(many), progress=cancelled)
    assert stored(small_pilot) == 3
    assert data_version(small_pilot) == before
    assert indexes(small_pilot) == kept_indexes
    with aggregate_session(small_pilot) as session:
        assert session.scalar(select(func.count(Import.id))) == 1
        assert session.scalar(select(func.count(CallType.id))) == 2
        assert session.scalar(select(func.count(Location.id))) == 2
    assert load_file(small_pilot, analyst, csv_of(many)).kept == 50


def test_a_large_first_load_leaves_every_index_in_place(
    small_pilot: Engine, analyst: Viewer, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = indexes(small_pilot)
    monkeypatch.setattr(load, "BATCH", 10)
    many = [f"C{k},2026-03-{1 + k % 28:02} 10:00:00,NOISE,{k},New St,," for k in range(50)]
    assert load_file(small_pilot, analyst, csv_of(many)).kept == 50
    assert indexes(small_pilot) == before
    assert len(before) >= 2


def indexes(bind: Engine) -> set[str | None]:
    return {index["name"] for index in inspect(bind).get_indexes("call")}


def test_only_who_may_import_imports(small_pilot: Engine, viewer: Callable[..., Viewer]) -> None:
    for role in Role:
        if role is not Role.analyst:
            with pytest.raises(Forbidden):
                load_file(small_pilot, viewer(role), csv_of(LINES))
    assert stored(small_pilot) == 0
    with aggregate_session(small_pilot) as session:
        refused = session.scalars(select(AuditEntry.actor).where(AuditEntry.outcome == "refused")).all()
    assert len(refused) == len(Role) - 1


def test_an_import_is_taken_back_whole(small_pilot: Engine, analyst: Viewer) -> None:
    first = load_file(small_pilot, analyst, csv_of(LINES[:2])).import_id
    second = load_file(small_pilot, analyst, csv_of(LINES)).import_id
    assert first
    assert second
    with record_session(small_pilot, analyst) as session:
        assert calls.take_back_import(session, analyst, first).removed == 2
        assert session.get_one(Import, first).status is ImportStatus.taken_back
        with pytest.raises(Conflict, match="was taken back before"):
            calls.take_back_import(session, analyst, first)
        with pytest.raises(NotFound, match="There is no import 99"):
            calls.take_back_import(session, analyst, 99)
    assert stored(small_pilot) == 1
    assert load_file(small_pilot, analyst, csv_of(LINES)).kept == 2


def test_days_without_a_call_become_known_gaps_and_are_said(small_pilot: Engine, analyst: Viewer) -> None:
    days = [day for day in range(1, 21) if day not in (8, 9)]
    lines = [f"G{day}-{k},2026-04-{day:02} {k:02}:00:00,NOISE,{k},Oak,," for day in days for k in range(12)]
    report = load_file(small_pilot, analyst, csv_of(lines))
    assert report.warnings == (
        "2 days have no call at all (8 Apr 2026 to 9 Apr 2026): they count as missing, not as zero.",
        "The last month is partial: the file ends on 20 Apr 2026.",
    )
    with aggregate_session(small_pilot) as session:
        session.add(CallGap(first_day=date(2026, 4, 3), last_day=date(2026, 4, 3), reason="export broken"))
        session.commit()
    filling = [f"H{day}-{k},2026-04-{day:02} {k:02}:00:00,NOISE,{k},Elm,," for day in (8, 9) for k in range(12)]
    filled = load_file(small_pilot, analyst, csv_of(filling)).import_id
    assert gaps(small_pilot) == [("export broken", date(2026, 4, 3), date(2026, 4, 3))]
    assert filled
    with record_session(small_pilot, analyst) as session:
        calls.take_back_import(session, analyst, filled)
    assert (current.DERIVED_GAP, date(2026, 4, 8), date(2026, 4, 9)) in gaps(small_pilot)


def gaps(bind: Engine) -> list[tuple[str, date, date]]:
    with aggregate_session(bind) as session:
        rows = session.scalars(select(CallGap).order_by(CallGap.first_day))
        return [(gap.reason, gap.first_day, gap.last_day) for gap in rows]


def test_suspicious_things_are_said(small_pilot: Engine, analyst: Viewer) -> None:
    lines = [f"S{day}-{k},2026-05-{day:02} {k:02}:00:00,,{k},," for day in range(1, 32) for k in range(15)]
    lines += [f"T{k},2026-05-10 10:{k % 60:02}:00,NOISE,{k},Oak,," for k in range(100)]
    lines += ["U1,2027-01-01 10:00:00,NOISE,4,Oak,,", "U2,2022-01-05 10:00:00,NOISE,4,Oak,,"]
    said = " ".join(load_file(small_pilot, analyst, csv_of(lines)).warnings)
    for words in (
        "1 call lies at 5 Jan 2022, 30 days or more away from the others.",
        "115 calls are dated 10 May 2026; a middling day has 15.",
        "1 call is dated after today (14 Nov 2026); the last one 1 Jan 2027.",
        "Calls without a type are kept as “(not recorded)”: 465.",
    ):
        assert words in said
    dates = [f"D{k},2026-05-{1 + k % 28:02},NOISE,4,Oak,," for k in range(30)]
    assert "may hold dates only" in " ".join(load_file(small_pilot, analyst, csv_of(dates)).warnings)


def test_a_workbook_whose_first_sheet_is_another(small_pilot: Engine, analyst: Viewer) -> None:
    book = io.BytesIO()
    with pd.ExcelWriter(book) as writer:
        pd.DataFrame({"Summary": ["made by CAD"]}).to_excel(writer, sheet_name="Summary", index=False)
        pd.DataFrame({"When": [datetime(2026, 3, 1, 9)], "Kind": ["NOISE"], "No": [17]}).to_excel(
            writer, sheet_name="Calls", index=False
        )
    mapping = "received=When,type=Kind,incident=No"
    assert load_file(small_pilot, analyst, book, mapping).kept == 1
    with aggregate_session(small_pilot) as session:
        assert session.scalars(select(Call.incident_number)).one() == "17"
    with pytest.raises(Unreadable, match=r"Sheet “Summary” of log.csv has no columns “When”, “Kind”, “No”.*“Calls”"):
        load_file(small_pilot, analyst, book, mapping, sheet="Summary")
    with pytest.raises(Unreadable, match=r"has no sheet “May”. Its sheets: “Summary”, “Calls”"):
        load_file(small_pilot, analyst, book, mapping, sheet="May")


CELL = st.text(st.characters(codec="utf-8"), max_size=12)
MOMENT = st.one_of(
    CELL, st.datetimes(datetime(1900, 1, 1), datetime(2150, 1, 1)).map(str), st.dates().map(lambda d: f"{d:%m/%d/%Y}")
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.tuples(CELL, MOMENT, CELL, CELL, CELL), min_size=1, max_size=12))
def test_any_scrambled_file_loads_or_is_refused_in_words(sqlite_pilot: Engine, viewer, rows) -> None:
    analyst = viewer(Role.analyst)
    text = pd.DataFrame(rows, columns=["No", "When", "Kind", "Street", "Who"]).to_csv(index=False)
    mapping = "received=When,type=Kind,incident=No,location=Street,person=Who"
    before = stored(sqlite_pilot)
    try:
        report = load_file(sqlite_pilot, analyst, io.BytesIO(text.encode()), mapping)
    except TandemError:
        assert stored(sqlite_pilot) == before
        return
    assert report.rows_read == report.kept + report.merged + report.already_there + len(report.refused)
    assert stored(sqlite_pilot) == before + report.kept
    assert load_file(sqlite_pilot, analyst, io.BytesIO(text.encode()), mapping).kept == 0


@pytest.fixture
def sqlite_pilot(sqlite: Engine) -> Engine:
    add_small_pilot(sqlite)
    return sqlite
