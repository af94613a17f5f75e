"""Is it working?, in a browser: on a desk, a phone and a projector; and the report is really there to take."""

from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect
from pypdf import PdfReader
from sqlalchemy import select

from db.engine import aggregate_session
from db.models import AuditEntry
from tests.browser.conftest import Server, settled, sign_in

pytestmark = pytest.mark.browser

FITS = """width => innerWidth === width && document.querySelector('[data-testid=stMain]').scrollWidth <= width
    && [...document.querySelectorAll('.main-svg')].every(e => e.getBoundingClientRect().right <= width)"""
"""Nothing is sideways, once the charts have been drawn anew for the new width."""


def opened(page: Page, who: str = "chief") -> Page:
    sign_in(page, who, "/effect")
    expect(page.get_by_role("heading", name="How we checked")).to_be_visible()
    settled(page)
    return page


def test_the_verdict_and_both_charts_stand_on_the_first_screen(new_page: Callable[..., Page]) -> None:
    page = opened(new_page(1440, 900))
    expect(page.get_by_role("heading", level=1)).to_contain_text("epeat calls")
    for key in ("repeat_call_effect", "effect_axis"):
        box = page.locator(f".st-key-exhibit-{key}").bounding_box()
        assert box is not None, key
        assert box["y"] + box["height"] <= 900, key
    serious = [v for v in Axe().run(page).response["violations"] if v["impact"] in ("serious", "critical")]
    assert serious == []
    for width, height in ((390, 844), (1920, 1080)):
        page.set_viewport_size({"width": width, "height": height})
        page.wait_for_function(FITS, arg=width)


def test_the_chief_takes_the_report_as_a_page_and_on_paper(
    page: Page, new_page: Callable[..., Page], server: Server, tmp_path: Path
) -> None:
    opened(page)
    page.get_by_role("button", name="Evaluation report").click()
    settled(page)
    verdict = page.get_by_role("heading", level=1).inner_text()
    with page.expect_download() as download:
        page.get_by_role("button", name="HTML").click()
    assert download.value.suggested_filename == "evaluation-2026-11-14-en.html"
    assert verdict in download.value.path().read_text("utf-8")
    download.value.save_as(tmp_path / "report.html")
    phone = new_page(390, 844)
    phone.goto((tmp_path / "report.html").as_uri())
    expect(phone.get_by_role("heading", level=1)).to_contain_text("Is it working?")
    assert phone.evaluate("document.scrollingElement.scrollWidth") <= 390
    settled(page)
    with page.expect_download() as download:
        page.get_by_role("button", name="PDF").click()
    assert download.value.suggested_filename == "evaluation-2026-11-14-en.pdf"
    assert len(PdfReader(BytesIO(download.value.path().read_bytes())).pages) >= 6
    with aggregate_session(server.bind) as session:
        written = session.scalars(select(AuditEntry).where(AuditEntry.action == "write evaluation report")).all()
    assert [entry.actor for entry in written] == ["chief", "chief"]
