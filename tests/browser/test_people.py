"""People in a real browser: found with a typo on a phone, a consent, a file under it; merged, and taken apart again."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from db.consents import REDISCLOSURE_NOTICE
from db.engine import aggregate_session
from db.models import Consent, Disclosure, Identity, Merge, Person
from db.vocab.care import DisclosureKind
from tests.browser.conftest import Server, settled, sign_in
from tests.browser.test_desk import PHONE, SIDEWAYS, TOO_SMALL

pytestmark = pytest.mark.browser


def part(page: Page, name: str) -> None:
    page.get_by_role("radio", name=name).first.click()
    settled(page)


def search(page: Page, text: str) -> None:
    """The list to look through gives way to what is found, while it is typed."""
    waiting = page.get_by_role("radio", name="Likely twice")
    expect(waiting).to_be_visible()
    settled(page)
    page.get_by_label("Find somebody").fill(text)
    expect(waiting).to_have_count(0)
    settled(page)


def test_on_a_phone_somebody_is_found_consents_and_gets_the_file(
    new_page: Callable[..., Page], server: Server, tmp_path: Path
) -> None:
    with aggregate_session(server.bind) as session:
        without = select(Consent.person_id)
        code, name = session.execute(
            select(Person.code, Identity.name)
            .join(Identity, Identity.person_id == Person.id)
            .where(Person.id.not_in(without), Identity.born_on.is_not(None))
            .order_by(Person.code)
        ).first() or ("", "")
    page = new_page(**PHONE)
    sign_in(page, "clinician", "/people")
    assert page.evaluate(SIDEWAYS) is False
    assert page.evaluate(TOO_SMALL) == []
    search(page, name[:3] + name[4:])
    page.get_by_role("link", name=code).click()
    expect(page.get_by_role("heading", name=f"{code} · {name}")).to_be_visible()
    expect(page).to_have_url(f"{server.url}/people?person={code}")
    for name_of_part in ("Data", "Household", "Calls", "Timeline", "Consents"):
        part(page, name_of_part)
        assert page.evaluate(SIDEWAYS) is False, name_of_part
        assert page.evaluate(TOO_SMALL) == [], name_of_part
    expect(page.get_by_text("No consent is recorded.")).to_be_visible()
    page.get_by_text("Another purpose").click()
    part(page, "Somebody else")
    page.get_by_label("Who", exact=True).fill("The person")
    page.get_by_label("Who", exact=True).press("Tab")
    settled(page)
    part(page, "Signed")
    page.get_by_role("button", name="Record the consent").click()
    expect(page.get_by_text("In force")).to_be_visible()
    page.get_by_role("button", name="File of the record").click()
    with page.expect_download() as taken:
        page.get_by_role("button", name="Download", exact=True).click()
    taken.value.save_as(tmp_path / "record.html")
    text = (tmp_path / "record.html").read_text(encoding="utf-8")
    assert REDISCLOSURE_NOTICE in text
    assert code in text
    expect(page.get_by_text("Disclosed · 1")).to_be_visible()
    page.get_by_role("link", name="All people").click()
    search(page, code)  # runs the fragment alone: the address has to be the list's by now
    expect(page.get_by_role("link", name=code)).to_be_visible()
    with aggregate_session(server.bind) as session:
        row = session.scalars(select(Disclosure).order_by(Disclosure.id.desc())).first()
        assert row is not None
        assert (row.kind, row.recipient) == (DisclosureKind.person_export, "The person")


def test_two_codes_of_one_person_are_merged_and_taken_apart(page: Page, server: Server) -> None:
    sign_in(page, "socialworker", "/people")
    part(page, "Likely twice")
    button = page.get_by_role("button", name="Keep P-").first
    kept = (button.text_content() or "").split("Keep ")[1].split(" ")[0]
    button.click()
    expect(page.get_by_text(f"is now {kept}")).to_be_visible()
    settled(page)
    with aggregate_session(server.bind) as session:
        merge = session.scalars(select(Merge).order_by(Merge.id.desc())).first()
        assert merge is not None
        gone = session.get_one(Person, merge.gone_id).code
    page.goto(f"/people?person={gone}")
    expect(page.get_by_text(f"{gone} was merged into {kept}")).to_be_visible()
    page.get_by_role("button", name=f"Open {kept}").click()
    expect(page.get_by_text(f"{gone} was merged into this code")).to_be_visible()
    settled(page)
    page.get_by_role("button", name="Undo the merge").click()
    page.get_by_role("button", name="Undo", exact=True).click()
    expect(page.get_by_text(f"{gone} was merged into this code")).to_have_count(0)
    settled(page)
    with aggregate_session(server.bind) as session:
        assert session.scalars(select(Person.merged_into_id).where(Person.code == gone)).one() is None
