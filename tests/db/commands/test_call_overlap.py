"""A later export of the same days: what it tells otherwise is changed, and taking it back puts it right."""

import io
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import Engine, func, select

from db.access import Viewer
from db.cad import current
from db.cad.mapping import parse_mapping
from db.cad.refused import ADDED, refused_csv
from db.cad.report import ImportReport
from db.cad.rules import install_default_rules
from db.cad.sniff import open_file
from db.commands import calls
from db.engine import aggregate_session, data_version, record_session
from db.models import (
    Call,
    CallChange,
    CallCounts,
    CallDay,
    CallRepeat,
    CallReview,
    CallReviewAside,
    CallType,
    CallUnit,
    Import,
    Location,
)
from db.vocab import Role
from db.vocab.desk import CallReason

HEADER = "No,When,Kind,Street,How,Who,Unit,Sent,There,Free"
MAPPING = (
    "received=When,type=Kind,incident=No,location=Street,disposition=How,person=Who,"
    "unit=Unit,dispatched=Sent,arrived=There,cleared=Free"
)
OLD = (
    "A1,2026-03-01 09:00:00,NOISE,4 Oak,,,,,,",
    "A2,2026-03-02 09:00:00,NOISE,6 Elm,GOA,doe,U1,2026-03-02 09:01:00,2026-03-02 09:05:00,2026-03-02 09:35:00",
)
NEW = (
    "A1,2026-03-01 08:59:00,MENTAL SUBJECT,8 Oak,CLR,roe,U7,2026-03-01 09:02,2026-03-01 09:06,2026-03-01 10:06",
    "A2,2026-03-02 09:00:00,,,,,U1,2026-03-02 09:01:00,2026-03-02 09:05:00,2026-03-02 09:50:00",
    "A3,2026-03-03 09:00:00,NOISE,4 Oak,,,,,,",
)
Row = tuple[object, ...]


@pytest.fixture
def analyst(small_pilot: Engine, viewer: Callable[..., Viewer]) -> Viewer:
    with aggregate_session(small_pilot) as session:
        install_default_rules(session)
        session.commit()
    return viewer(Role.analyst)


def load_file(
    bind: Engine, who: Viewer, lines: Sequence[str], name: str = "log.csv", **options: object
) -> ImportReport:
    file = io.BytesIO("\n".join([HEADER, *lines, ""]).encode())
    with record_session(bind, who) as session:
        return calls.import_calls(session, who, file, parse_mapping(MAPPING), name=name, **options)  # type: ignore[arg-type]


def take_back(bind: Engine, who: Viewer, import_id: int | None) -> str:
    assert import_id
    with record_session(bind, who) as session:
        return calls.take_back_import(session, who, import_id).sentence()


def told(bind: Engine) -> tuple[dict[str, Row], dict[tuple[str, str], Row]]:
    """What the database says of each call and of each unit."""
    with aggregate_session(bind) as session:
        types = {t.id: t.name for t in session.scalars(select(CallType))}
        places = {p.id: p.name for p in session.scalars(select(Location))}
        stored = session.scalars(select(Call)).all()
        keys = {call.id: call.identity_key for call in stored}
        units = session.scalars(select(CallUnit))
        return (
            {
                c.identity_key: (
                    c.received_at, types[c.type_id], places.get(c.location_id or 0), c.disposition, bool(c.person_key)
                )
                for c in stored
            },
            {(keys[u.call_id], u.unit): (u.dispatched_at, u.arrived_at, u.cleared_at) for u in units},
        )  # fmt: skip


def utc(day: int, clock: str) -> datetime:
    """A moment of March 2026 (before daylight saving) from its local clock."""
    return datetime.fromisoformat(f"2026-03-{day:02}T{clock}:00-05:00").astimezone(UTC)


def kept_counts(bind: Engine) -> list[list[Row]]:
    with aggregate_session(bind) as session:
        tables = (CallDay, CallRepeat, CallCounts)
        return [sorted(map(tuple, session.execute(select(*t.__table__.columns)).all()), key=str) for t in tables]


def recounted(bind: Engine) -> list[list[Row]]:
    with aggregate_session(bind) as session:
        current.refresh(session)
        session.commit()
    return kept_counts(bind)


def test_a_later_export_changes_what_it_tells_otherwise_and_is_taken_back(small_pilot: Engine, analyst: Viewer) -> None:
    first = load_file(small_pilot, analyst, OLD)
    before = told(small_pilot)
    counts = kept_counts(small_pilot)
    trial = load_file(small_pilot, analyst, NEW, dry_run=True)
    assert told(small_pilot) == before
    second = load_file(small_pilot, analyst, NEW, name="newer.csv")
    for report in (trial, second):
        assert (report.rows_read, report.kept, report.already_there, report.updated) == (3, 1, 2, 2)
    assert second.sentence() == "3 rows read, 1 call added, 2 already there, 2 of them changed, 0 refused."
    after, units = told(small_pilot)
    assert after["A1"] == (utc(1, "08:59"), "MENTAL SUBJECT", "8 OAK", "CLR", True)
    assert after["A2"] == (utc(2, "09:00"), "NOISE", "6 ELM", "GOA", True), "what it leaves blank changes nothing"
    assert units == {
        ("A1", "U7"): (utc(1, "09:02"), utc(1, "09:06"), utc(1, "10:06")),
        ("A2", "U1"): (utc(2, "09:01"), utc(2, "09:05"), utc(2, "09:50")),
    }
    assert kept_counts(small_pilot) == recounted(small_pilot)
    again = load_file(small_pilot, analyst, NEW, name="newer.csv")
    assert (again.kept, again.updated, again.import_id) == (0, 0, None)
    said = take_back(small_pilot, analyst, second.import_id)
    assert said == "1 call removed, 2 put back to what they said before."
    assert told(small_pilot) == before
    assert kept_counts(small_pilot) == counts == recounted(small_pilot)
    with aggregate_session(small_pilot) as session:
        assert session.scalar(select(func.count(CallChange.id))) == 0
    assert first.import_id


def test_a_file_loaded_before_changes_nothing_even_after_a_later_one(small_pilot: Engine, analyst: Viewer) -> None:
    load_file(small_pilot, analyst, OLD)
    load_file(small_pilot, analyst, NEW)
    before, version = told(small_pilot), data_version(small_pilot)
    again = load_file(small_pilot, analyst, OLD)
    assert (again.kept, again.already_there, again.updated) == (0, 2, 0)
    assert (
        "This very file was loaded before (import 1): calls that are there already stay as they are." in again.warnings
    )
    assert (told(small_pilot), data_version(small_pilot)) == (before, version)


def test_of_three_exports_the_middle_one_is_taken_back(small_pilot: Engine, analyst: Viewer) -> None:
    line = "A1,2026-03-01 09:00:00,NOISE,4 Oak,{how},,U1,,2026-03-01 09:10:00,{free}"
    texts = [
        [line.format(how="ONE", free="2026-03-01 09:20:00")],
        [line.format(how="TWO", free="2026-03-01 09:30:00"), "B1,2026-03-05 09:00:00,NOISE,4 Oak,,,,,,"],
        [line.format(how="THREE", free="2026-03-01 09:40:00")],
    ]
    first, second, third = (load_file(small_pilot, analyst, lines).import_id for lines in texts)
    said = take_back(small_pilot, analyst, second)
    assert said == (
        "1 call removed, 1 left as a later import changed them. "
        "Calls that import 3 (log.csv) told of as well went too: load that again for them."
    )
    stored, units = told(small_pilot)
    assert stored["A1"][3] == "THREE"
    assert take_back(small_pilot, analyst, third) == "0 calls removed, 1 put back to what they said before."
    stored, units = told(small_pilot)
    assert (stored["A1"][3], units["A1", "U1"][2]) == ("ONE", utc(1, "09:20"))
    assert take_back(small_pilot, analyst, first) == "1 call removed."
    assert told(small_pilot) == ({}, {})
    assert kept_counts(small_pilot) == [[], [], []]


def test_one_row_per_unit_is_one_call_with_its_units(small_pilot: Engine, analyst: Viewer) -> None:
    lines = [
        "C1,2026-03-01 09:00:00,NOISE,4 Oak,,,E1,2026-03-01 09:01:00,2026-03-01 09:05:00,2026-03-01 09:30:00",
        "C1,2026-03-01 09:00:00,NOISE,4 Oak,,,E2,2026-03-01 09:02:00,,",
        "C1,2026-03-01 09:00:00,NOISE,4 Oak,,,E1,2026-03-01 09:40:00,2026-03-01 09:45:00,2026-03-01 10:00:00",
        "C2,2026-03-01 11:00:00,NOISE,4 Oak,,,,2026-03-01 11:01:00,2026-03-01 11:05:00,2026-03-01 11:15:00",
    ]
    report = load_file(small_pilot, analyst, lines)
    assert (report.rows_read, report.kept, report.merged) == (4, 2, 2)
    assert told(small_pilot)[1] == {
        ("C1", "E1"): (utc(1, "09:01"), utc(1, "09:05"), utc(1, "10:00")),
        ("C1", "E2"): (utc(1, "09:02"), None, None),
        ("C2", ""): (utc(1, "11:01"), utc(1, "11:05"), utc(1, "11:15")),
    }
    with aggregate_session(small_pilot) as session:
        day = session.scalars(select(CallDay)).one()
        assert (day.calls, day.units, day.timed_units, day.unit_seconds) == (2, 3, 2, 55 * 60 + 10 * 60)
    assert load_file(small_pilot, analyst, lines[::-1]).updated == 0
    more = ["C1,2026-03-01 09:00:00,NOISE,4 Oak,,,E9,,2026-03-01 09:07:00,2026-03-01 09:08:00"]
    added = load_file(small_pilot, analyst, more)
    assert (added.kept, added.updated) == (0, 1)
    assert ("C1", "E9") in told(small_pilot)[1]
    take_back(small_pilot, analyst, added.import_id)
    assert len(told(small_pilot)[1]) == 3


def test_the_desks_answer_outlives_the_call(small_pilot: Engine, analyst: Viewer) -> None:
    first = load_file(small_pilot, analyst, OLD).import_id
    with aggregate_session(small_pilot) as session:
        call = session.scalars(select(Call).where(Call.identity_key == "A1")).one()
        session.add(CallReview(call_id=call.id, reason=CallReason.busy, at=utc(9, "12:00")))
        session.commit()
    take_back(small_pilot, analyst, first)
    with aggregate_session(small_pilot) as session:
        assert session.scalars(select(CallReview)).all() == []
        assert session.scalars(select(CallReviewAside.call_key)).all() == ["A1"]
    load_file(small_pilot, analyst, OLD)
    with aggregate_session(small_pilot) as session:
        review = session.scalars(select(CallReview)).one()
        call = session.get_one(Call, review.call_id)
        assert (call.identity_key, review.reason, review.at) == ("A1", CallReason.busy, utc(9, "12:00"))
        assert session.scalars(select(CallReviewAside)).all() == []


def test_the_counts_stay_current_through_loads_and_returns(small_pilot: Engine, analyst: Viewer) -> None:
    def month(number: int, shift: int = 0) -> list[str]:
        start = datetime(2025, 1, 1, 8) + timedelta(days=30 * number)
        return [
            f"M{number}-{day}-{k},{start + timedelta(days=day, minutes=47 * k + shift)},"
            f"{('MENTAL SUBJECT', 'NOISE', 'ODD')[(day + k) % 3]},{k % 7} Oak,,p{(day * k) % 11},,,,"
            for day in range(30)
            for k in range(12)
            if not (number == 2 and day in (7, 8))
        ]

    loads = [load_file(small_pilot, analyst, month(number)).import_id for number in (1, 3, 2)]
    assert kept_counts(small_pilot) == recounted(small_pilot)
    overlapping = load_file(small_pilot, analyst, [*month(0), *month(2, shift=3)], name="overlap.csv")
    assert overlapping.updated == 28 * 12
    assert any(w.startswith("Of the 336 calls already there 336 are told otherwise.") for w in overlapping.warnings)
    assert kept_counts(small_pilot) == recounted(small_pilot)
    for import_id in (loads[1], overlapping.import_id, loads[0]):
        take_back(small_pilot, analyst, import_id)
        assert kept_counts(small_pilot) == recounted(small_pilot)
    with aggregate_session(small_pilot) as session:
        covered = current.coverage(session)
        assert covered
        assert (covered.first, covered.gaps) == (date(2025, 3, 2), ((date(2025, 3, 9), date(2025, 3, 10)),))


def test_types_never_seen_before_are_said(small_pilot: Engine, analyst: Viewer) -> None:
    assert not [w for w in load_file(small_pilot, analyst, OLD).warnings if "never seen" in w]
    lines = ["D1,2026-03-09 09:00:00,5150X,4 Oak,,,,,,", "D2,2026-03-09 09:00:00,5150X,4 Oak,,,,,,"]
    for dry_run in (True, False):
        assert (
            "1 call type was never seen before (“5150X”), with 2 calls: see whether the rules cover them."
            in load_file(small_pilot, analyst, lines, dry_run=dry_run).warnings
        )


def test_the_refused_rows_are_mended_and_loaded(small_pilot: Engine, analyst: Viewer) -> None:
    lines = [
        OLD[0],
        "R1,soon,NOISE,4 Oak,,,,,,",
        'R2,2026-13-01 09:00:00,"=1+SUM(A1)\nmore",4 Oak,,,,,,',
        "R3,,x,,,,,,,",
    ]
    report = load_file(small_pilot, analyst, lines)
    file = open_file(io.BytesIO("\n".join([HEADER, *lines, ""]).encode()), "log.csv")
    text = "".join(refused_csv(file, parse_mapping(MAPPING), report.refused))
    assert text.splitlines()[0] == ",".join([*ADDED, *HEADER.split(",")])
    assert '3,"received is “soon”, which is not a date",R1,soon,NOISE,4 Oak' in text
    assert '"\'=1+SUM(A1)\nmore"' in text
    assert report.lines["received is blank"] == [6]
    mended = text.replace("soon", "2026-03-08 09:00").replace("2026-13", "2026-03").replace("R3,,", "R3,2026-03-08,")
    with record_session(small_pilot, analyst) as session:
        source = io.BytesIO(mended.encode())
        again = calls.import_calls(session, analyst, source, parse_mapping(MAPPING), name="mended.csv")
    assert (again.rows_read, again.kept, len(again.refused)) == (3, 3, 0)
    assert again.as_json()["reasons"] == {}


def test_a_jump_of_the_keyed_share_and_an_odd_month_are_said(small_pilot: Engine, analyst: Viewer) -> None:
    start = date(2025, 1, 1)
    lines = [
        f"K{day}-{k},{start + timedelta(days=day)} {k % 24:02}:{k:02},NOISE,{k} Oak,,{'p1' if day < 120 else ''},,,,"
        for day in range(240)
        for k in range(30 if 151 <= day < 181 else 10)
    ]
    said = " ".join(load_file(small_pilot, analyst, lines).warnings)
    assert "The share of calls with a person key goes from 100 % to 0 % in May 2025" in said
    assert "Jun 2025 has 900 calls, 30 a day; the months around it have 10." in said


def test_an_import_row_remembers_what_it_changed(small_pilot: Engine, analyst: Viewer) -> None:
    load_file(small_pilot, analyst, OLD)
    load_file(small_pilot, analyst, NEW)
    with aggregate_session(small_pilot) as session:
        rows = session.execute(select(Import.added, Import.already_there, Import.updated).order_by(Import.id)).all()
    assert list(map(tuple, rows)) == [(2, 0, 0), (1, 2, 2)]
