"""People: codes in a row even under a rush, found in spite of typos, noticed when they come twice."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any

import pytest
from sqlalchemy import Engine, select

from db.commands.people import LikelyTwice, add_person, everyone, fold, likely_twice, search
from db.engine import aggregate_session, record_session
from db.errors import Forbidden
from db.forms import checked
from db.forms.work import PersonForm
from db.models import Identity, Person
from db.vocab import AgeBand, Role
from tests.db.desk_world import who


def add(bind: Engine, role: Role = Role.clinician, **values: Any) -> int:
    viewer = who(role)
    with record_session(bind, viewer) as session:
        return add_person(session, viewer, checked(PersonForm, values)).id


def test_a_new_person_gets_the_next_code_and_an_age_band(desk: Engine) -> None:
    number = add(desk, name="Ana Ruiz", born_on=date(2000, 11, 15), phone="203 555 0100")
    with aggregate_session(desk) as session:
        row = session.get_one(Person, number)
        assert (row.code, row.age_band) == ("P-0003", AgeBand.a18_25)
        stored = session.connection().exec_driver_sql("SELECT name FROM identity").scalars()
        assert not any(b"Ana Ruiz" in bytes(name) for name in stored)


def test_codes_go_on_past_four_digits(desk: Engine) -> None:
    with aggregate_session(desk) as session:
        session.add(Person(id=9, code="P-9999", created_at=who(Role.admin).now))
        session.commit()
    for name in ("Ana Ruiz", "Ben Okafor"):
        add(desk, name=name)
    with aggregate_session(desk) as session:
        assert set(session.scalars(select(Person.code))) >= {"P-9999", "P-10000", "P-10001"}


def test_eight_at_once_get_eight_codes(desk: Engine) -> None:
    names = [
        "Abel Stone",
        "Bruno Katz",
        "Carla Dimas",
        "Dina Wolfe",
        "Emil Frost",
        "Fay Njoku",
        "Gus Petrov",
        "Hana Ito",
    ]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda name: add(desk, name=name), names))
    with aggregate_session(desk) as session:
        codes = session.scalars(select(Person.code).order_by(Person.code)).all()
    assert codes == [f"P-{n:04d}" for n in range(1, 11)]


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("P-0001", "P-0001"),
        ("p0001", "P-0001"),
        ("1", "P-0001"),
        ("maria lopez", "P-0001"),
        ("Lopez", "P-0001"),
        ("lopz maria", "P-0001"),
        ("mari", "P-0001"),
        ("Marja Lópes", "P-0001"),
        ("obrien", "P-0002"),
        ("Jmaes O’Brien", "P-0002"),
        ("1987-05-03", "P-0001"),
        ("05/03/1987", "P-0001"),
        ("5/3/1987", "P-0001"),
        ("05/30/1987", "P-0001"),
        ("1978-05-03", "P-0001"),
    ],
)
def test_a_person_is_found(one: Engine, typed: str, code: str) -> None:
    with record_session(one, who(Role.clinician)) as session:
        found = search(session, typed)
    assert [known.code for known in found[:1]] == [code]


@pytest.mark.parametrize("typed", ["", "  ", "Zacharias Quill", "P-0777", "1999-01-01"])
def test_nobody_is_found_for_what_is_unlike_all(one: Engine, typed: str) -> None:
    with record_session(one, who(Role.social_worker)) as session:
        assert search(session, typed) == []


@pytest.mark.parametrize(
    ("name", "alias", "born", "code"),
    [
        ("Maria Lopez", None, None, "P-0001"),
        ("López, María", None, date(1987, 5, 3), "P-0001"),
        ("Mari", None, None, "P-0001"),
        ("M. Lopez", None, date(1987, 5, 3), "P-0001"),
        ("Maria Lopez", None, date(1991, 2, 2), None),
        ("Mario Gomez", None, None, None),
        ("James OBrien", None, None, "P-0002"),
        ("Jamie Olsen", "James O'Brien", None, "P-0002"),
    ],
)
def test_who_is_probably_known(one: Engine, name: str, alias: str | None, born: date | None, code: str | None) -> None:
    with record_session(one, who(Role.clinician)) as session:
        known = likely_twice(session, name, alias, born)
    assert (known.code if known else None) == code


def test_a_person_twice_is_said_with_the_code_and_can_be_confirmed_as_another(desk: Engine) -> None:
    with pytest.raises(LikelyTwice) as error:
        add(desk, name="Maria Lopez")
    assert error.value.errors == {
        "name": "“Maria Lopez” is probably P-0001 (María López, born 3 May 1987). "
        "Choose P-0001, or confirm that this is another person."
    }
    assert error.value.known.id == 1
    add(desk, name="Maria Lopez", confirmed_other=True)
    with aggregate_session(desk) as session:
        assert len(session.scalars(select(Identity.name)).all()) == 3


@pytest.mark.parametrize("role", Role)
def test_only_the_desk_adds_and_finds_people(desk: Engine, role: Role) -> None:
    at_the_desk = role in (Role.clinician, Role.social_worker)
    with record_session(desk, who(role)) as session:
        assert len(everyone(session)) == (2 if at_the_desk else 0)
        assert bool(search(session, "Lopez")) == at_the_desk
    if at_the_desk:
        add(desk, role, name="Ana Ruiz")
    else:
        with pytest.raises(Forbidden):
            add(desk, role, name="Ana Ruiz")


def test_folding_forgets_case_accents_and_marks() -> None:
    assert fold("  Ana-MARÍA  O’Neil ") == "ana maria oneil"
