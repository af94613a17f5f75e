"""Signing in and out as a person does: reload, deep links, a second tab, a locked screen."""

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select, update

from db import settings
from db.engine import aggregate_session
from db.models import AuditEntry, User, WebSession
from tests.browser.conftest import Server, fill_in, settled
from tests.browser.conftest import sign_in_by_form as sign_in

pytestmark = pytest.mark.browser


def test_a_deep_link_and_its_query_survive_the_sign_in_and_a_reload(page: Page, server: Server) -> None:
    asked = "/account?period=quarter"
    sign_in(page, "chief", asked)
    expect(page.get_by_role("heading", name="My account")).to_be_visible()
    expect(page).to_have_url(server.url + asked)
    page.reload()
    expect(page.get_by_role("heading", name="My account")).to_be_visible()
    settled(page)
    expect(page).to_have_url(server.url + asked)


def test_the_session_cookie_is_out_of_reach_of_scripts_and_no_token_is_in_an_address(page: Page) -> None:
    addresses: list[str] = []
    page.on("request", lambda request: addresses.append(request.url))
    sign_in(page, "analyst")
    [cookie] = [c for c in page.context.cookies() if c.get("name") == "tandem_session"]
    assert (cookie.get("httpOnly"), cookie.get("sameSite")) == (True, "Lax")
    assert "tandem_session" not in page.evaluate("document.cookie")
    assert not [a for a in addresses if str(cookie.get("value")) in a or "ticket" in a]


def test_no_page_asks_anything_of_another_host(page: Page, server: Server) -> None:
    foreign: list[str] = []
    page.on("request", lambda r: None if r.url.startswith((server.url, "data:", "blob:")) else foreign.append(r.url))
    refused: list[str] = []
    page.on("console", lambda m: refused.append(m.text) if "Content Security Policy" in m.text else None)
    sign_in(page, "admin", "/users")
    expect(page.get_by_role("heading", name="Users")).to_be_visible()
    settled(page)
    assert (foreign, refused) == ([], [])


def test_signing_out_ends_the_session_on_every_tab(page: Page, server: Server) -> None:
    sign_in(page, "finance", "/account")
    other = page.context.new_page()
    other.goto("/account")
    expect(other.get_by_role("heading", name="My account")).to_be_visible()
    settled(other)
    page.get_by_test_id("stTopNavSection").last.click()
    page.get_by_role("link", name="Sign out").or_(page.get_by_text("Sign out", exact=True)).first.click()
    expect(page.get_by_label("Username")).to_be_visible()
    assert "tandem_session" not in {c.get("name") for c in page.context.cookies()}
    other.reload()
    expect(other.get_by_label("Username")).to_be_visible()


def test_a_link_to_the_sign_out_page_asks_first(page: Page) -> None:
    sign_in(page, "council", "/account")
    page.goto("/sign_out")
    expect(page.get_by_role("button", name="Sign out", exact=True)).to_be_visible()
    assert "tandem_session" in {c.get("name") for c in page.context.cookies()}


def test_a_wrong_password_says_the_same_as_an_unknown_name(page: Page) -> None:
    page.goto("/")
    said = []
    for username in ("officer", "nobody.here"):
        fill_in(page, username, "not the password at all")
        alert = page.get_by_test_id("stAlert")
        expect(alert).to_be_visible()
        settled(page)
        said.append(alert.inner_text())
        page.reload()
    assert said[0] == said[1]


def test_a_revoked_session_locks_the_open_screen_by_itself(page: Page, server: Server) -> None:
    sign_in(page, "chief", "/account")
    with aggregate_session(server.bind) as session:
        chief = session.scalars(select(User.id).where(User.username == "chief")).one()
        session.execute(update(WebSession).where(WebSession.user_id == chief).values(revoked_at=settings.wall_clock()))
        session.commit()
    expect(page.get_by_label("Username")).to_be_visible()


def test_a_forbidden_path_is_one_sentence_and_an_audit_entry(page: Page, server: Server) -> None:
    sign_in(page, "officer", "/users")
    expect(page.get_by_text("This page is not part of your role")).to_be_visible()
    with aggregate_session(server.bind) as session:
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "open page")).one()
    assert (entry.actor, entry.subject, entry.outcome) == ("officer", "/users", "refused")
