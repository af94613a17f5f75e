"""Role × page: the menu offers what the role may open, and the page itself asks again."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Engine, select
from streamlit.testing.v1 import AppTest

import seed
from dashboard.nav import PAGES, VIEWS
from dashboard.ui.session import SESSION_COOKIE
from db import settings
from db.access import ROLES, Permission, Viewer
from db.engine import aggregate_session
from db.models import AuditEntry, WebSession
from db.vocab import Role, text
from tests.conftest import NOW
from tests.dashboard.conftest import APP, new_session

USERNAMES = {role: username for username, role, *_ in seed.ACCOUNTS}
REFUSED = "This page is not part of your role. Ask an administrator if it should be."


def may_open(role: Role, path: str) -> bool:
    viewer = Viewer("x", role, ROLES[role], NOW, NOW.date())
    return next(page for page in PAGES if page.path == path).open_to(viewer)


def test_every_page_of_the_menu_is_there_and_every_page_is_in_the_menu() -> None:
    assert {page.file for page in PAGES} == {file.name for file in VIEWS.glob("*.py") if file.name != "__init__.py"}


def test_every_role_has_a_demo_account_and_lands_somewhere() -> None:
    assert set(USERNAMES) == set(Role)
    for role in Role:
        assert any(may_open(role, page.path) and page.permissions for page in PAGES), role


@pytest.mark.parametrize("role", Role)
def test_a_role_opens_its_pages_and_no_other(role: Role, signed_in: Callable[..., AppTest]) -> None:
    app = signed_in(USERNAMES[role])
    for page in PAGES:
        file = str(VIEWS / page.file)
        if not may_open(role, page.path):
            with pytest.raises(ValueError, match="Could not find"):
                app.switch_page(file)
            continue
        if page.file == "sign_out.py":
            continue  # opening it ends the session: see the browser's journey
        app.switch_page(file).run()
        assert not app.exception, (page.file, app.exception)
        assert not [e.value for e in app.error], (page.file, [e.value for e in app.error])
        assert [b.value for b in app.markdown if text("demo.banner") in b.value], page.file


@pytest.mark.parametrize("role", Role)
def test_a_page_asks_again_when_it_runs(role: Role, demo_city: Engine, cookies: dict[str, str]) -> None:
    cookies[SESSION_COOKIE] = new_session(demo_city, USERNAMES[role])
    forbidden = [page for page in PAGES if not may_open(role, page.path)]
    assert forbidden
    for page in forbidden:
        app = AppTest.from_file(str(VIEWS / page.file), default_timeout=30).run()
        assert [e.value for e in app.error] == [REFUSED], page.file
        assert len(app.main) == 1, page.file  # the sentence and nothing else
    with aggregate_session(demo_city) as session:
        refusals = session.scalars(select(AuditEntry).where(AuditEntry.action == "open page")).all()
    assert [(r.actor, r.outcome) for r in refusals] == [(USERNAMES[role], "refused")] * len(forbidden)


def test_signed_out_every_path_shows_the_form_and_no_page(demo_city: Engine, cookies: dict[str, str]) -> None:
    app = AppTest.from_file(str(APP), default_timeout=30).run()
    assert [t.label for t in app.text_input] == ["Username", "Password"]
    assert not app.dataframe
    for page in PAGES:
        alone = AppTest.from_file(str(VIEWS / page.file), default_timeout=30).run()
        assert [w.value for w in alone.warning] == ["Your session has ended. Reload the page and sign in again."], (
            page.file
        )
        assert len(alone.main) == 1, page.file


def test_a_cookie_that_is_none_of_ours_is_nobody(demo_city: Engine, cookies: dict[str, str]) -> None:
    cookies[SESSION_COOKIE] = "x" * 43
    app = AppTest.from_file(str(APP), default_timeout=30).run()
    assert [t.label for t in app.text_input] == ["Username", "Password"]


def test_the_user_that_streamlit_makes_up_for_tests_authorizes_nothing(
    demo_city: Engine, cookies: dict[str, str]
) -> None:
    app = AppTest.from_file(str(APP), default_timeout=30).run()
    assert "Sign in" in [b.label for b in app.button]


def test_an_administrator_sees_no_person_and_no_figure() -> None:
    assert not ROLES[Role.admin] & {Permission.see_people, Permission.see_overview, Permission.see_money}


def last_active(bind: Engine, at: datetime | None = None) -> datetime:
    with aggregate_session(bind) as session:
        row = session.scalars(select(WebSession).order_by(WebSession.id.desc())).first()
        assert row is not None
        if at is not None:
            row.active_at = at
            session.commit()
        return row.active_at


def test_only_what_the_user_does_counts_as_activity(signed_in: Callable[..., AppTest], demo_city: Engine) -> None:
    app = signed_in("chief", "account.py")
    ago = settings.wall_clock() - timedelta(minutes=10)
    last_active(demo_city, ago)
    app.session_state["tandem.by_itself"] = True  # what the page's own listener sets before the run it asks for
    app.run()
    assert last_active(demo_city) == ago
    app.run()
    assert last_active(demo_city) > ago


def test_an_idle_session_finds_the_form_in_place_of_the_page(
    signed_in: Callable[..., AppTest], demo_city: Engine
) -> None:
    app = signed_in("chief", "account.py")
    last_active(demo_city, settings.wall_clock() - timedelta(minutes=31))
    app.run()
    assert [t.label for t in app.text_input] == ["Username", "Password"]
