"""The People page without a browser: found in spite of a typo, every part of a record, a stale correction."""

from collections.abc import Callable

import pytest
from sqlalchemy import Engine, select
from streamlit.testing.v1 import AppTest

from dashboard.ui.forms import Draft
from db.engine import aggregate_session
from db.models import HouseholdMember, Identity, Person, PersonChange
from tests.conftest import NOW
from tests.dashboard.views.asking import said, widget


@pytest.fixture
def app(signed_in: Callable[..., AppTest]) -> AppTest:
    return signed_in("clinician", "people.py")


def open_person(app: AppTest, code: str) -> AppTest:
    app.query_params["person"] = code
    return app.run()


def family_member(bind: Engine) -> tuple[int, str, str]:
    """Somebody with a household: id, code, name."""
    query = (
        select(Person.id, Person.code, Identity.name)
        .join(HouseholdMember, HouseholdMember.person_id == Person.id)
        .join(Identity, Identity.person_id == Person.id)
        .order_by(Person.id)
    )
    with aggregate_session(bind) as session:
        number, code, name = session.execute(query).first() or (0, "", "")
    return number, code, name


def draft(app: AppTest, name: str) -> Draft:
    return app.session_state[f"tandem.form.{name}"]


def test_somebody_is_found_in_spite_of_a_typo_and_nobody_is_said(app: AppTest, demo_city: Engine) -> None:
    _, code, name = family_member(demo_city)
    widget(app, "people-search").set_value(name[:3] + name[4:]).run()
    assert any(code in str(link.proto) for link in app.get("page_link")), app.get("page_link")
    widget(app, "people-search").set_value("Nobody Atall Xu").run()
    assert "Nobody is like “Nobody Atall Xu”." in app.info[0].value
    open_person(app, "P-9999")
    assert "There is no person P-9999." in app.warning[0].value


def test_every_part_of_a_record_is_drawn(app: AppTest, demo_city: Engine) -> None:
    _, code, name = family_member(demo_city)
    open_person(app, code)
    assert app.title[0].value == f"{code} · {name}"
    for part in ("Data", "Household", "Consents", "Calls", "Timeline"):
        widget(app, f"people-part-{code}").set_value(part).run()
        assert not app.exception, (part, app.exception)
        assert not app.error, (part, [e.value for e in app.error])
    assert "**Household**" in said(app)


def test_a_stale_correction_shows_both_and_the_next_save_replaces_it(app: AppTest, demo_city: Engine) -> None:
    number, code, _ = family_member(demo_city)
    open_person(app, code)
    widget(app, f"people-part-{code}").set_value("Data").run()
    widget(app, draft(app, f"person-{code}").key("phone")).set_value("555-0111").run()
    with aggregate_session(demo_city) as session:  # the other one saves meanwhile
        session.add(PersonChange(at=NOW, person_id=number, field="phone", new="555-0222", by=2))
        session.commit()
    widget(app, draft(app, f"person-{code}").key("save")).click().run()
    assert "saved “555-0222”" in said(app)
    assert "you have “555-0111”. Save again to keep yours" in said(app)
    widget(app, draft(app, f"person-{code}").key("save")).click().run()
    assert not app.error
    with aggregate_session(demo_city) as session:
        assert session.get_one(Identity, number).phone == "555-0111"
