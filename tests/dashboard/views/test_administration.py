"""The administrator's pages, driven without a browser: nothing happens unasked, nothing typed is lost."""

import re
from collections.abc import Callable

from sqlalchemy import Engine, select
from streamlit.testing.v1 import AppTest

from dashboard.nav import VIEWS
from dashboard.ui.session import SESSION_COOKIE
from db import passwords
from db.commands.base import audit
from db.engine import aggregate_session
from db.models import AuditEntry, User
from db.vocab import Role
from tests.dashboard.conftest import new_session

Open = Callable[..., AppTest]


def user(bind: Engine, username: str) -> User:
    with aggregate_session(bind) as session:
        return session.scalars(select(User).where(User.username == username)).one()


def press(app: AppTest, label: str, key: str = "") -> AppTest:
    [button] = [b for b in app.button if b.label == label and (not key or b.key == key)]
    return button.click().run()


def test_an_added_user_gets_a_code_shown_once(signed_in: Open, demo_city: Engine) -> None:
    app = signed_in("admin", "users.py")
    app.text_input(key="new-user-0-name").input("Jo Rivera")
    app.text_input(key="new-user-0-username").input("jrivera")
    app.selectbox(key="new-user-0-role").select(Role.finance)
    press(app, "Add the user")
    [code] = [c.value for c in app.code]
    made = user(demo_city, "jrivera")
    assert passwords.matches(code, made.password_hash)
    assert (made.must_change, made.role) == (True, Role.finance)
    press(app, "I have noted it")
    assert not [c.value for c in app.code]
    assert "**Jo Rivera** · Finance" in [m.value for m in app.markdown]


def test_a_wrong_field_is_marked_and_nothing_typed_is_lost(signed_in: Open) -> None:
    app = signed_in("admin", "users.py")
    app.text_input(key="new-user-0-name").input("Jo Rivera")
    app.text_input(key="new-user-0-username").input("jo rivera")
    press(app, "Add the user")
    marked = [m.value for m in app.markdown if m.value.startswith(":red[")]
    assert any("“jo rivera” cannot be a username." in m for m in marked)
    assert any("The role is missing." in m for m in marked)
    assert app.text_input(key="new-user-0-name").value == "Jo Rivera"
    assert app.text_input(key="new-user-0-username").value == "jo rivera"


def test_disabling_asks_first_and_can_be_thought_better_of(signed_in: Open, demo_city: Engine) -> None:
    app = signed_in("admin", "users.py")
    officer = user(demo_city, "officer")
    press(app, "Disable", f"disable-{officer.id}")
    assert user(demo_city, "officer").active
    assert any("Nothing is deleted." in m.value for m in app.markdown)
    press(app, "Cancel")
    assert user(demo_city, "officer").active
    press(app, "Disable", f"disable-{officer.id}")
    press(app, "Disable", "sure")
    assert not user(demo_city, "officer").active
    press(app, "Enable", f"enable-{officer.id}")
    press(app, "Enable", "sure")
    assert user(demo_city, "officer").active


def test_the_last_administrator_is_told_and_stays(signed_in: Open, demo_city: Engine) -> None:
    app = signed_in("admin", "users.py")
    admin = user(demo_city, "admin")
    press(app, "Disable", f"disable-{admin.id}")
    press(app, "Disable", "sure")
    assert any("only active administrator" in e.value for e in app.error)
    assert user(demo_city, "admin").active


def test_a_search_narrows_the_list(signed_in: Open) -> None:
    app = signed_in("admin", "users.py")
    app.text_input(key="users-search").input("social worker").run()
    assert [c.value for c in app.caption if "accounts" in c.value] == ["1 of 8 accounts"]
    app.text_input(key="users-search").input("nobody at all").run()
    assert any("No account fits." in i.value for i in app.info)


def test_a_user_who_is_disabled_loses_the_open_page(signed_in: Open, demo_city: Engine) -> None:
    app = signed_in("finance", "account.py")
    with aggregate_session(demo_city) as session:
        session.scalars(select(User).where(User.username == "finance")).one().active = False
        session.commit()
    app.run()
    assert [t.label for t in app.text_input] == ["Username", "Password"]


def test_the_audit_is_filtered_and_paged(signed_in: Open, demo_city: Engine, viewer) -> None:
    with aggregate_session(demo_city) as session:
        for number in range(120):
            audit(session, viewer(Role.chief), "look", f"page {number}")
    app = signed_in("admin", "audit.py")
    app.multiselect(key="audit-what").select("look").run()
    assert any(c.value.startswith("120 entries, the newest first") for c in app.caption)
    table = app.dataframe[0].value
    assert (len(table), table["On"].iloc[0]) == (50, "page 119")
    app.multiselect(key="audit-who").select("admin").run()
    assert any("Nothing was recorded like this." in i.value for i in app.info)


def test_no_name_is_read_as_markup(signed_in: Open, demo_city: Engine) -> None:
    with aggregate_session(demo_city) as session:
        session.scalars(select(User).where(User.username == "officer")).one().name = "[x](http://evil) **b** :red[r]"
        session.commit()
    app = signed_in("admin", "users.py")
    [row] = [m.value for m in app.markdown if "evil" in m.value]
    assert not re.search(r"(?<!\\)[\[\]()]", row)


def test_a_person_ends_their_other_sessions(signed_in: Open, demo_city: Engine) -> None:
    elsewhere = new_session(demo_city, "chief")
    app = signed_in("chief", "account.py")
    [end] = [b for b in app.button if b.label == "End"]
    end.click().run()
    assert not [b for b in app.button if b.label == "End"]
    with aggregate_session(demo_city) as session:
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "end own session")).one()
    assert entry.actor == "chief"
    assert elsewhere


def test_a_fault_shows_a_reference_and_no_detail(
    signed_in: Open, demo_city: Engine, cookies: dict[str, str], monkeypatch
) -> None:
    app = signed_in("admin", "audit.py")
    with demo_city.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE audit RENAME COLUMN actor TO somebody")
    app.run()
    [said] = [e.value for e in app.error]
    assert re.search(r"reference E-[0-9A-F]{6}\.", said)
    assert "somebody" not in said
    assert "column" not in said
    assert not app.exception
    assert SESSION_COOKIE in cookies
    assert (VIEWS / "audit.py").exists()
