"""From a need to a provider, a slip in hand, and the provider's answer on the desk's screen by itself."""

import re
from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select

from db.engine import aggregate_session
from db.models import Connection, Disclosure, Identity, Person, ProviderReport
from db.vocab import Step
from db.vocab.care import DisclosureKind
from tests.browser.conftest import Server, settled, sign_in
from tests.browser.test_desk import PHONE, SIDEWAYS, TOO_SMALL, tap

pytestmark = pytest.mark.browser


def fits(page: Page) -> None:
    settled(page)
    assert page.evaluate(SIDEWAYS) is False
    assert page.evaluate(TOO_SMALL) == []


def accessible(page: Page, what: str = "[data-testid='stMain']") -> None:
    found = Axe().run(page, context=what).response["violations"]
    assert [v["id"] for v in found if v["impact"] in ("serious", "critical")] == []


def test_a_provider_closes_the_loop(new_page: Callable[..., Page], chromium: Browser, server: Server) -> None:
    with aggregate_session(server.bind) as session:
        code, name = session.execute(
            select(Person.code, Identity.name)
            .join(Identity)
            .where(Person.merged_into_id.is_(None))
            .order_by(Person.code.desc())
        ).first() or ("", "")
    page = new_page(**PHONE)
    sign_in(page, "clinician", f"/connections?new=1&person={code}&need=benefits")
    expect(page.get_by_text("for benefits or insurance")).to_be_visible()
    fits(page)
    page.get_by_role("button", name="Connect", exact=True).first.click()
    expect(page.get_by_role("button", name="Save: appointment made")).to_be_visible()
    settled(page)
    if page.get_by_role("button", name="Record the consent").count():
        tap(page, "Signed")
        tap(page, "Record the consent")
    expect(page.get_by_text(re.compile("consent of .* covers this"))).to_be_visible()
    fits(page)
    accessible(page)
    with page.context.expect_page() as opened:
        page.get_by_role("link", name="Slip in Spanish").click()
    slip = opened.value
    slip.get_by_role("button", name="Make the slip").click()
    expect(slip.get_by_text("Hoja de referencia")).to_be_visible()
    assert name not in slip.content()
    accessible(slip, "html")
    link = slip.locator(".address").inner_text()
    assert link.startswith(f"{server.url}/c/")

    settled(page)
    expect(page.get_by_text("by the provider's link")).to_have_count(0)
    provider = chromium.new_context(viewport={"width": 390, "height": 844}, java_script_enabled=False)
    theirs = provider.new_page()
    theirs.goto(link)
    assert name not in theirs.content()
    theirs.get_by_role("button", name="Attended the first appointment").click()
    expect(theirs.get_by_text("Thank you. Recorded: attended the first appointment.")).to_be_visible()
    theirs.goto(link)
    expect(theirs.get_by_text("This link does not work")).to_be_visible()
    assert provider.cookies() == []
    provider.close()

    expect(page.get_by_text("by the provider's link")).to_be_visible()  # nobody reloaded this page
    with aggregate_session(server.bind) as session:
        report = session.scalars(select(ProviderReport).order_by(ProviderReport.id.desc())).first()
        assert report is not None
        row = session.get_one(Connection, report.connection_id)
        assert Step.attended in {step.step for step in row.steps}
        kinds = session.scalars(select(Disclosure.kind).where(Disclosure.connection_id == row.id)).all()
        assert kinds == [DisclosureKind.slip]


def test_the_lists_and_the_directory_on_a_phone(new_page: Callable[..., Page], server: Server) -> None:
    page = new_page(**PHONE)
    sign_in(page, "socialworker", "/connections")
    expect(page.get_by_text("to ask about now")).to_be_visible()
    fits(page)
    page.get_by_role("button", name=re.compile("Attended first appointment|Appointment made")).first.click()
    page.get_by_role("menuitem", name=re.compile("^Today")).click()
    expect(page.get_by_role("button", name="Undo")).to_be_visible()
    page.goto("/directory")
    expect(page.get_by_text(re.compile(r"^\d+ providers"))).to_be_visible()
    fits(page)
    accessible(page)
    page.get_by_text("To check again").click()
    expect(page.get_by_role("button", name="Still right").first).to_be_visible()
    settled(page)
    before = page.get_by_role("button", name="Still right").count()
    page.get_by_role("button", name="Still right").first.click()
    expect(page.get_by_text("checked today")).to_be_visible()
    expect(page.get_by_role("button", name="Still right")).to_have_count(before - 1)
