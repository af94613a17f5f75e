"""The directory: found by what somebody needs, faded after 90 days, no edit lost, out and in as CSV."""

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from db.access import Viewer
from db.commands import directory
from db.commands.directory import FRESH_FOR, StaleEdit, Wanted, find
from db.commands.directory_csv import export, read_in
from db.engine import aggregate_session, record_session
from db.errors import Forbidden, Invalid, Unreadable
from db.forms import Now, checked
from db.forms.connections import ProviderForm, ProviderNoteForm
from db.models import AuditEntry, Provider, ProviderNote
from db.vocab import AgeBand, Need, Role
from db.vocab.links import OpenWhen
from tests.conftest import NOW, TODAY
from tests.db.desk_world import who

CLINICIAN, WORKER = who(Role.clinician), who(Role.social_worker)
FRIDAY_NOON = datetime(2026, 11, 13, 12, 0)
NOW_HERE = Now(NOW, "America/New_York", date(2026, 1, 12))
PLAIN = {"name": "Pier Pantry", "kind": "food", "services": ["basic_needs"], "phone": "203 555 0188"}


def add(bind: Engine, **changes: Any) -> int:
    with record_session(bind, CLINICIAN) as session:
        return directory.add_provider(session, CLINICIAN, checked(ProviderForm, PLAIN | changes)).id


def edit(bind: Engine, viewer: Any, number: int, **changes: Any) -> None:
    with record_session(bind, viewer) as session:
        directory.edit_provider(session, viewer, number, checked(ProviderForm, PLAIN | changes))


def stored(bind: Engine, number: int) -> Provider:
    with aggregate_session(bind) as session:
        row = session.get_one(Provider, number)
        _ = row.services
        return row


def names(bind: Engine, wanted: Wanted) -> list[str]:
    with record_session(bind, CLINICIAN) as session:
        return [f.provider.name for f in find(directory.everyone(session, closed=True), wanted, FRIDAY_NOON)]


def test_a_provider_is_added_edited_verified_filled_closed_and_opened_again(desk: Engine) -> None:
    number = add(desk, website="pantry.example.org", languages="English; Spanish")
    row = stored(desk, number)
    assert (row.website, row.languages, row.verified_on) == ("https://pantry.example.org", "English, Spanish", TODAY)
    edit(desk, WORKER, number, services=["basic_needs", "housing"], revision=1)
    later = who(Role.social_worker, now=CLINICIAN.now + timedelta(days=100))
    with record_session(desk, later) as session:
        directory.verify_provider(session, later, number)
        directory.set_room(session, later, number, False, "until March")
        directory.set_open(session, later, number, False)
    row = stored(desk, number)
    assert directory.needs_of(row) == {Need.basic_needs, Need.housing}
    assert (row.has_capacity, row.capacity_note, row.active) == (False, "until March", False)
    assert (row.verified_on, row.verified_by) == (later.today, later.user_id)
    with record_session(desk, later) as session:
        directory.set_open(session, later, number, True)
    assert stored(desk, number).active


def test_a_stale_edit_shows_both_and_overwrites_nothing(desk: Engine) -> None:
    number = add(desk)
    edit(desk, CLINICIAN, number, phone="203 555 0111", revision=1)
    with pytest.raises(StaleEdit) as refused:
        edit(desk, WORKER, number, hours="Mon 9–17", revision=1)
    assert refused.value.both == {"phone": ("203 555 0111", "203 555 0188"), "hours": ("", "Mon 9–17")}
    assert "Somebody changed Pier Pantry while you were editing it" in str(refused.value)
    edit(desk, WORKER, number, hours="Mon 9–17", revision=refused.value.revision)
    row = stored(desk, number)
    assert (row.phone, row.hours) == ("203 555 0188", "Mon 9–17")


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"name": " "}, "The name is empty. Write the provider's name."),
        ({"services": []}, "No need is ticked. Tick at least one that they help with."),
        (
            {"website": "javascript:alert(1)"},
            "“javascript:alert(1)” is not a web address. Write it like www.example.org.",
        ),
        ({"email": "nobody"}, "“nobody” is not an e-mail address. Write it like intake@example.org."),
        ({"minimum_age": 70, "maximum_age": 60}, "The ages run from 70 down to 60. Exchange them."),
        ({"maximum_age": 130}, "An age of 130 is not between 0 and 120. Check it, or leave it empty."),
    ],
)
def test_a_row_that_cannot_be(changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(Invalid) as refused:
        checked(ProviderForm, PLAIN | changes, NOW_HERE)
    assert str(refused.value) == sentence


def test_a_name_stands_in_the_directory_once(one: Engine) -> None:
    with pytest.raises(Invalid, match="Harbor House is in the directory already"):
        add(one, name="harbor  HOUSE")


def test_hours_that_cannot_be_read_are_a_doubt_not_a_refusal(one: Engine) -> None:
    with record_session(one, CLINICIAN) as session:
        saved = directory.add_provider(session, CLINICIAN, checked(ProviderForm, PLAIN | {"hours": "when it rains"}))
    assert saved.doubts == (
        "The hours “when it rains” cannot be read by the filter “open now”. "
        "Write them like Mon–Fri 9–17; Sat 10–14, if that fits.",
    )


def test_what_fits_comes_first_and_what_is_not_known_excludes_nobody(one: Engine) -> None:
    def plain(name: str, **more: Any) -> None:
        add(one, name=name, services=["legal"], **more)

    plain("Day", hours="Mon–Fri 9–17", languages="English, Spanish", service_area="Harbor", minimum_age=18)
    plain("Night", hours="Daily 18–23", in_city=False, is_partner=True, maximum_age=17)
    plain("Vague", hours="ask", description="Evictions a specialty")
    plain("Full", hours="Mon–Fri 9–17; Sat 9–12", has_capacity=False, service_area="Next town")

    def fits(**wanted: Any) -> list[str]:
        return names(one, Wanted(need=Need.legal, **wanted))

    assert fits() == ["Night", "Day", "Vague", "Full"]
    assert fits(when=OpenWhen.now) == ["Day", "Full", "Vague"]
    assert fits(when=OpenWhen.evening) == ["Night", "Vague"]
    assert fits(when=OpenWhen.weekend) == ["Night", "Full", "Vague"]
    assert fits(language="Spanish") == ["Day"]
    assert fits(room_only=True, partners_only=True) == ["Night"]
    assert fits(in_city=True, place="Harbor") == ["Day", "Vague"]
    assert fits(age=AgeBand.under_18) == ["Night", "Vague", "Full"]
    assert fits(words="eviction SPECIAL") == ["Vague"]
    plain("Everybody", eligibility="Anyone")
    plain("Tenants", eligibility="Tenants")
    assert fits(eligibility="Tenants")[:2] == ["Everybody", "Tenants"]
    assert "Tenants" not in fits(eligibility="Adults")
    assert "Old Mill" not in names(one, Wanted(need=Need.housing))
    assert names(one, Wanted(need=Need.housing, closed=True))[-1] == "Old Mill"


def test_a_row_fades_after_ninety_days() -> None:
    def at(verified: date | None) -> bool:
        return directory.stale(Provider(verified_on=verified), TODAY)

    assert [at(TODAY - FRESH_FOR), at(TODAY - FRESH_FOR - timedelta(days=1)), at(None)] == [False, True, True]


def test_notes_are_kept_encrypted_and_can_be_taken_out(one: Engine) -> None:
    with record_session(one, CLINICIAN) as session:
        number = directory.add_note(session, CLINICIAN, ProviderNoteForm(provider_id=1, text="Ask for Ana")).id
        directory.void_note(session, WORKER, number)
    with aggregate_session(one) as session:
        assert session.get_one(ProviderNote, number).voided_at is not None
        assert b"Ana" not in session.connection().exec_driver_sql("SELECT text FROM provider_note").scalar_one()


def test_only_the_desk_writes_the_directory(one: Engine) -> None:
    for role in set(Role) - {Role.clinician, Role.social_worker}:
        viewer = who(role)
        with record_session(one, viewer) as session:
            for write in writes(session, viewer):
                with pytest.raises(Forbidden):
                    write()
            assert session.scalars(select(ProviderNote)).all() == []


def writes(session: Session, viewer: Viewer) -> list[Callable[[], object]]:
    return [
        lambda: directory.add_provider(session, viewer, checked(ProviderForm, PLAIN)),
        lambda: directory.edit_provider(session, viewer, 1, checked(ProviderForm, PLAIN)),
        lambda: directory.verify_provider(session, viewer, 1),
        lambda: directory.set_room(session, viewer, 1, False),
        lambda: directory.set_open(session, viewer, 1, False),
        lambda: directory.add_note(session, viewer, ProviderNoteForm(provider_id=1, text="x")),
        lambda: read_in(session, viewer, b"name\nX\n", dry=True),
        lambda: read_in(session, viewer, b"name\nX\n", dry=False),
    ]


# --- CSV -----------------------------------------------------------------------------------------


def load(bind: Engine, lines: Sequence[str], *, dry: bool = False, encoding: str = "utf-8-sig") -> Any:
    with record_session(bind, CLINICIAN) as session:
        return read_in(session, CLINICIAN, "\r\n".join(lines).encode(encoding), dry=dry)


def test_what_goes_out_comes_in_again_unchanged_and_no_cell_is_a_formula(desk: Engine) -> None:
    add(desk, name="=HYPERLINK(1)", phone="+1 203 555 0100", description="-5 % off, “good”", minimum_age=18)
    with record_session(desk, CLINICIAN) as session:
        text = export(session)
    assert "'=HYPERLINK(1)" in text
    assert "'+1 203 555 0100" in text
    report = load(desk, [text], dry=True)
    assert str(report) == "0 new, 0 changed, 4 same, 0 refused"
    assert text.splitlines()[0].startswith("id,name,status,description,taxonomy_terms.name,phones.number,email,url,")


def test_a_file_adds_changes_closes_and_refuses_row_by_row(one: Engine) -> None:
    lines = [
        "Name;Needs;Languages;Status;assured_date;Color",
        "HARBOR HOUSE;;English|Español;;2026-11-12;red",
        "Old Mill;housing;;active;2026-10-01;",
        "Dockside Ride;transport|Empleo;;;;",
        "Nowhere;flying;;;;",
        "Dockside ride;transport;;;;",
        "Late;legal;;;2027-01-01;",
        ";;;;;",
        "Bay Clinic;;;perhaps;;",
        "Nothing new;;;;;",
    ]
    dry = load(one, lines, dry=True)
    with aggregate_session(one) as session:
        assert session.scalars(select(Provider).where(Provider.name == "Dockside Ride")).first() is None
    report = load(one, lines)
    assert str(dry) == str(report) == "1 new, 2 changed, 0 same, 5 refused"
    assert report.unknown_columns == ("Color",)
    assert {row.line: row.sentence.split(".")[0] for row in report.rows if row.fate == "refused"} == {
        5: "“flying” is no need Tandem knows",
        6: "“Dockside ride” stands on line 4 already",
        7: "assured_date 2027-01-01 is in the future",
        9: "The status “perhaps” is not known",
        10: "A new provider needs at least one need in taxonomy_terms",
    }
    with aggregate_session(one) as session:
        house, mill = session.get_one(Provider, 1), session.get_one(Provider, 2)
        assert (house.name, house.languages, house.verified_on) == (
            "HARBOR HOUSE",
            "English, Español",
            date(2026, 11, 12),
        )
        assert (mill.active, mill.verified_on) == (True, date(2026, 11, 1))  # an older check is not newer
        ride = session.scalars(select(Provider).where(Provider.name == "Dockside Ride")).one()
        assert (directory.needs_of(ride), ride.verified_on) == ({Need.transport, Need.employment}, None)
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "import directory")).one()
        assert entry.detail == {"new": 1, "changed": 2, "same": 0, "refused": 5}


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "This is not a CSV file with text in it"),
        (b"\x00\x01name", "This is not a CSV file with text in it"),
        (b"who,what\nx,y\n", "The first line has no column “name” (it begins “who,what”)"),
        (b"name,phone,number\nx,1,2\n", "Two columns stand for the same field (phone)"),
        (b"name\n" + b"x\n" * 5_001, "The file has 5,001 rows; 5,000 fit"),
        (b"x" * 4_000_001, "The file has 4,000,001 bytes; 4,000,000 fit"),
    ],
)
def test_a_file_that_is_no_directory(one: Engine, data: bytes, sentence: str) -> None:
    with record_session(one, CLINICIAN) as session, pytest.raises(Unreadable) as refused:
        read_in(session, CLINICIAN, data, dry=True)
    assert str(refused.value).startswith(sentence)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16", "utf-16-le"])
def test_a_file_may_be_in_any_usual_encoding(one: Engine, encoding: str) -> None:
    load(one, ["name,taxonomy_terms.name", "Casa Peña – Bahía,legal"], encoding=encoding)
    assert "Casa Peña – Bahía" in names(one, Wanted(need=Need.legal))


def test_an_id_of_another_directory_finds_its_row_again_under_a_new_name(one: Engine) -> None:
    load(one, ["id,name,taxonomy_terms.name", "ac148810,North Pier,legal"])
    assert str(load(one, ["id,name", "ac148810,North Pier Legal"])) == "0 new, 1 changed, 0 same, 0 refused"
    clash = load(one, ["id,name", "ac148810,Harbor House"])
    assert [row.sentence for row in clash.rows] == [
        "“Harbor House” is another provider's name already. Write another, or mend the id."
    ]
