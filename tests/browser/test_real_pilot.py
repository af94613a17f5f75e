"""A real pilot's first sign-in: a one-time code, a telephone to enroll, a password of one's own."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect
from pyotp.totp import TOTP
from sqlalchemy import select

from db import migrate
from db.commands import users
from db.engine import aggregate_session, engine_for, record_session
from db.forms.users import NewUser
from db.models import User
from db.vocab import Role
from tests.browser.conftest import Server, fill_in, settled, start, stop
from tests.conftest import add_small_pilot

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    home = tmp_path_factory.mktemp("real")
    bind = engine_for(f"sqlite:///{home / 'tandem.db'}")
    migrate.upgrade(bind)
    add_small_pilot(bind)
    running = start(home)
    yield running
    stop(running)


def test_from_a_one_time_code_to_the_first_page(page: Page, server: Server, viewer) -> None:
    admin = viewer(Role.admin)
    with record_session(server.bind, admin) as session:
        made = NewUser(username="boss", name="B. Oss", role=Role.admin)
        _, code = users.add(session, admin, made)
    assert code is not None
    page.goto("/users")
    fill_in(page, "boss", code)
    expect(page.get_by_role("heading", name="Second step")).to_be_visible()
    page.get_by_text("No camera?").click()
    secret = re.sub(r"\s", "", page.get_by_test_id("stCode").inner_text())
    page.get_by_label("Code from your authenticator app").fill("000000")
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_test_id("stAlert")).to_contain_text("This code is not right")
    settled(page)
    totp = TOTP(secret)
    page.get_by_label("Code from your authenticator app").fill(totp.now())
    page.get_by_role("button", name="Continue").click()

    expect(page.get_by_role("heading", name="Choose your password")).to_be_visible()
    page.goto("/audit")  # nothing else opens before
    expect(page.get_by_role("heading", name="Choose your password")).to_be_visible()
    page.goto("/users")
    page.get_by_role("textbox", name="The code you signed in with").fill(code)
    page.get_by_role("textbox", name="New password", exact=True).fill("green meadow piano 9")
    page.get_by_role("textbox", name="New password again").fill("green meadow piano 9")
    page.get_by_role("button", name="Change password").click()
    expect(page.get_by_role("heading", name="Users")).to_be_visible()
    settled(page)
    assert page.get_by_text("Demo city").count() == 0
    with aggregate_session(server.bind) as session:
        boss = session.scalars(select(User)).one()
    assert not boss.must_change
