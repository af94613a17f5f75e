"""Pages without a browser: ``signed_in("chief")`` is the app as that person sees it, on the demo city."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Engine, select
from streamlit.runtime.context import ContextProxy, StreamlitCookies
from streamlit.testing.v1 import AppTest

from dashboard.nav import VIEWS
from dashboard.ui.session import SESSION_COOKIE
from db import settings
from db.commands import signin
from db.engine import aggregate_session, engine_for
from db.models import User
from tests.conftest import TODAY

APP = VIEWS.parent / "app.py"


@pytest.fixture
def demo_city(demo_database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Engine:
    """A fresh copy of the demo city, which the app under test finds as its database."""
    return as_database(demo_database, tmp_path, monkeypatch)


def as_database(city: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Engine:
    """A copy of ``city`` as the database of the app under test."""
    shutil.copy(city, tmp_path / "tandem.db")
    url = f"sqlite:///{tmp_path / 'tandem.db'}"
    monkeypatch.setenv("DATABASE_URL", url)
    monkeypatch.setenv("TANDEM_HOME", str(tmp_path))
    monkeypatch.setenv("TANDEM_TODAY", str(TODAY))
    return engine_for(url)


def new_session(bind: Engine, username: str) -> str:
    """A live session of ``username``: the value its cookie would have."""
    now = settings.wall_clock()
    with aggregate_session(bind) as session:
        user_id = session.scalars(select(User.id).where(User.username == username)).one()
        ticket = signin.issue_ticket(session, user_id, "this browser", now)
        opened = signin.open_session(session, ticket, "this browser", address="127.0.0.1", agent="test", now=now)
    assert opened is not None
    return opened[0]


@pytest.fixture
def cookies(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The cookies that the app under test is shown; AppTest itself has none."""
    jar: dict[str, str] = {}
    monkeypatch.setattr(ContextProxy, "cookies", property(lambda _: StreamlitCookies(jar)))
    monkeypatch.setattr(ContextProxy, "ip_address", property(lambda _: "127.0.0.1"))
    return jar


@pytest.fixture
def signed_in(demo_city: Engine, cookies: dict[str, str]) -> Callable[..., AppTest]:
    """``signed_in("chief")`` or ``signed_in("chief", "budget.py")``: the app, run, at the first or the named page."""

    def open_app(username: str, page: str = "") -> AppTest:
        cookies[SESSION_COOKIE] = new_session(demo_city, username)
        app = AppTest.from_file(str(APP), default_timeout=60).run()
        return app.switch_page(str(VIEWS / page)).run() if page else app

    return open_app
