"""Contacts typed elsewhere: what a file may say, what is refused and why, tried and loaded once."""

import io
from pathlib import Path

import pytest
from openpyxl import Workbook
from sqlalchemy import Engine, func, select

from db.commands import contacts
from db.commands.contacts import ContactReport, import_contacts
from db.engine import aggregate_session, data_version, record_session
from db.errors import Forbidden, Invalid, Unreadable
from db.models import AuditEntry, Episode, Identity, Intervention, InterventionNote, Person
from db.vocab import Mode, Need, Outcome, Role, Scope
from tests.conftest import add_small_pilot
from tests.db.desk_world import at, settle, who

CLINICIAN = who(Role.clinician)
FILE = """Date;Time;Person;How;What for;Minutes;Outcome;Needs;Incident number;Note;Shoe size
11/12/2026;2:30 PM;P-0001;Phone or video;Follow-up;20;Engaged, accepted help;Housing or shelter|medical;26-1;Call;43
2026-11-12;;Maria Lopez;in_person;Seguimiento;30.0;Contactada;;;;43
2026-11-12 16:00;;;Consultation to an officer;Advice to an officer;15;Reached;;;;
2026-11-13;09:00;Wanda Newcomer;Office visit;Assessment and planning;60;Reached;;;;
2026-11-13;10:00;Wanda Newcomer;Phone or video;Follow-up;10;No contact;;;;
2026-11-13;11:00;P-0099;Phone or video;Follow-up;10;Reached;;;;
31/11/2026;11:00;P-0001;Phone or video;Follow-up;10;Reached;;;;
2026-11-13;11:00;P-0001;Carrier pigeon;Follow-up;10;Reached;;;;
2026-11-13;11:00;P-0001;Phone or video;Follow-up;1500;Reached;;;;
2026-11-30;11:00;P-0001;Phone or video;Follow-up;10;Reached;;;;
2026-11-13;12:00;P-0001;Phone or video;Follow-up;1420;Reached;;;;
2026-11-12;2:30 PM;P-0001;Phone or video;Follow-up;20;Engaged, accepted help;Housing or shelter|medical;26-1;Call;43
"""


def load(bind: Engine, text: str | bytes = FILE, **more: object) -> ContactReport:
    content = text.encode() if isinstance(text, str) else text
    with record_session(bind, CLINICIAN) as session:
        return import_contacts(session, CLINICIAN, io.BytesIO(content), name="old.csv", **more)  # type: ignore[arg-type]


def stored(bind: Engine) -> list[tuple[object, ...]]:
    with aggregate_session(bind) as session:
        rows = session.scalars(select(Intervention).order_by(Intervention.at)).all()
        return [(i.at, i.person_id, i.mode, i.outcome, i.minutes) for i in rows]


def test_a_file_is_tried_then_loaded_and_loaded_once(desk: Engine) -> None:
    before = data_version(desk)
    tried = load(desk, dry_run=True, add_people=True)
    assert stored(desk) == []
    assert data_version(desk) == before
    with aggregate_session(desk) as session:
        assert session.scalar(select(func.count(Person.id))) == 2
        assert session.scalar(select(func.count(AuditEntry.id))) == 0

    done = load(desk, add_people=True)
    assert (tried.added, tried.people_added, len(tried.refused)) == (done.added, done.people_added, len(done.refused))
    assert (done.rows, done.added, done.people_added, done.already_there, done.at_noon) == (12, 5, 1, 1, 1)
    assert done.unread == ("Shoe size",)
    first, second, consultation, *_ = stored(desk)
    assert first == (at("2026-11-12 17:00"), 1, Mode.in_person, Outcome.reached, 30)  # noon in New York
    assert second == (at("2026-11-12 19:30"), 1, Mode.phone_video, Outcome.engaged, 20)
    assert consultation[1:3] == (None, Mode.consultation)
    with aggregate_session(desk) as session:
        wanda = session.scalars(select(Identity).where(Identity.person_id > 2)).one()
        assert wanda.name == "Wanda Newcomer"
        assert len({i.person_id for i in session.scalars(select(Intervention).where(Intervention.minutes <= 10))}) == 1
        assert session.scalars(select(InterventionNote.text)).all() == ["Call"]
        noted = session.scalars(select(Intervention).where(Intervention.incident_number == "26-1")).one()
        assert {n.need for n in noted.needs} == {Need.housing, Need.medical}
        assert {e.person_id for e in session.scalars(select(Episode))} == {1, wanda.person_id}
        entry = session.scalars(select(AuditEntry)).one()
        assert (entry.action, entry.subject) == ("import contacts", "12 rows")
        assert entry.detail == {"added": 5, "refused": 6, "people": 1}
    assert {s for s in Scope if data_version(desk)[s] != before[s]} == {Scope.work}

    full = next(row for row in done.refused if row.line == 12)
    assert full.reason.startswith("With these 1,420 minutes, 13 Nov 2026 would have 24.8 hours of work.")
    again = load(desk, add_people=True)
    assert (again.added, again.people_added, again.already_there) == (0, 0, 6)
    assert len(stored(desk)) == 5


def test_a_long_file_is_stored_part_by_part(sqlite: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    add_small_pilot(sqlite)
    settle(sqlite)
    monkeypatch.setattr(contacts, "AT_ONCE", 2)
    seen: list[int] = []
    done = load(sqlite, add_people=True, progress=lambda number, of: seen.append(number))
    assert (done.added, done.people_added, done.already_there, len(done.refused)) == (5, 1, 1, 6)
    assert seen == list(range(1, 13))
    with aggregate_session(sqlite) as session:
        parts = [entry.detail["added"] for entry in session.scalars(select(AuditEntry).order_by(AuditEntry.id))]
    assert parts == [2, 2, 1, 0, 0, 0]
    with pytest.raises(Unreadable, match="has 2,001 rows; 2,000 go in one load"):
        load(sqlite, FILE.splitlines()[0] + f"\n{FILE.splitlines()[1]}" * 2_001)


def test_each_refused_row_says_why(desk: Engine) -> None:
    reasons = {row.line: row.reason for row in load(desk).refused}
    assert reasons == {
        5: "“Wanda Newcomer” is nobody we know. Write the code, or let new people be added.",
        6: "“Wanda Newcomer” is nobody we know. Write the code, or let new people be added.",
        7: "There is no person P-0099. Check the code, or write the name.",
        8: "“31/11/2026” is not a date. Write it like 2026-11-14 or 11/14/2026.",
        9: reasons[9],
        10: "1,500 minutes is not between 1 and 1,440 (24 hours). Write how long it took.",
        11: "30 Nov 2026, 11:00 is in the future; it is 14 Nov 2026, 10:00 now. Check the date.",
    }
    assert reasons[9].startswith("“Carrier pigeon” is not one of the answers for mode: On-scene co-response, In-")


def test_a_name_that_is_nearly_known_or_two_people_is_asked_about(sqlite: Engine) -> None:
    add_small_pilot(sqlite)
    settle(sqlite)
    head = "date,person,mode,purpose,minutes,outcome,birth date\n"
    row = "2026-11-12,{},Office visit,Follow-up,20,Reached,{}\n"
    report = load(sqlite, head + row.format("Maria Lopes", ""))
    assert report.refused[0].reason == (
        "“Maria Lopes” is nobody we know. P-0001 (María López) is close. Write the code, or let new people be added."
    )
    report = load(sqlite, head + row.format("Maria Lopes", ""), add_people=True)
    assert "“Maria Lopes” is probably P-0001 (María López, born 3 May 1987)." in report.refused[0].reason
    report = load(sqlite, head + row.format("Maria Lopez", "05/03/1987"))
    assert (report.added, stored(sqlite)[0][1]) == (1, 1)
    report = load(sqlite, head + row.format("Ann Other", "soon"), add_people=True)
    assert report.refused[0].reason == "“soon” is not a birth date. Write it like 2026-11-14 or 11/14/2026."
    with aggregate_session(sqlite) as session:
        twin = Identity(name="James O’Brien")
        session.add(Person(id=9, code="P-0009", created_at=at("2026-11-01 10:00"), identity=twin))
        session.commit()
    report = load(sqlite, head + row.format("James OBrien", ""))
    assert report.refused[0].reason == "“James OBrien” is 2 people we know (P-0002, P-0009). Write the code."


def test_excel_whose_work_it_is_and_what_is_no_file_of_contacts(sqlite: Engine, tmp_path: Path) -> None:
    add_small_pilot(sqlite)
    settle(sqlite)
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["Date", "Mode", "Purpose", "Minutes", "Outcome", "Staff", "Provider", "Arrest eligible"])
    sheet.append([at("2026-11-12 00:00").replace(tzinfo=None), "Outreach to providers", "Other", 45, "Reached",
                  "Social worker", "Harbor House", None])  # fmt: skip
    sheet.append(["2026-11-12", "Outreach to providers", "Other", 45, "Reached", "Nobody", "Harbor House", None])
    sheet.append(["2026-11-12", "Outreach to providers", "Other", 40, "Reached", None, "Atlantis", "perhaps"])
    path = tmp_path / "old.xlsx"
    book.save(path)
    with record_session(sqlite, CLINICIAN) as session:
        report = import_contacts(session, CLINICIAN, path)
    assert [r.reason for r in report.refused] == [
        "There is no member of the desk named “Nobody”. Name one of: Clinician, Social worker.",
        "“perhaps” is neither yes nor no for arrest eligible. Write one of the two.",
    ]
    with aggregate_session(sqlite) as session:
        row = session.scalars(select(Intervention)).one()
        assert (row.staff_id, row.provider_id, row.at, row.minutes) == (2, 1, at("2026-11-12 17:00"), 45)

    for text, sentence in (
        ("", "old.csv is empty."),
        (FILE.splitlines()[0], "old.csv has no row below its header. Each contact is a row."),
        ("date,mode\n2026-11-12,Other\n", "no column “purpose” and no column “minutes” and no column “outcome”"),
    ):
        with pytest.raises(Unreadable, match=sentence):
            load(sqlite, text)
    with pytest.raises(Invalid, match="There is no member of the desk named “Somebody”"):
        load(sqlite, staff="Somebody")
    officer = who(Role.officer)
    with record_session(sqlite, officer) as session, pytest.raises(Forbidden):
        import_contacts(session, officer, io.BytesIO(FILE.encode()), name="old.csv")
