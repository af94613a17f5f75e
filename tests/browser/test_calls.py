"""The analyst's ten minutes in a real browser: an export nobody has seen before goes in, wrong rows and all."""

import csv
import io
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import FilePayload, Locator, Page, expect
from sqlalchemy import func, select

from db.engine import aggregate_session
from db.models import Call, Import
from tests.browser.conftest import Server, settled, sign_in

pytestmark = pytest.mark.browser

ROWS = [
    "Harbor Communications;;;;",
    "Call No;Reported;Nature;House;Street",
    "H-1;03/04/2026 10:00;MENTAL SUBJECT;12;North Main Street",
    "H-2;05/06/2026 11:30;CHECK WELFARE;40;Elm Street",
    "H-3;soon;NOISE;41;Elm Street",
]


def upload(page: Page, name: str, content: str, encoding: str = "utf-8") -> None:
    file = FilePayload(name=name, mimeType="text/csv", buffer=content.encode(encoding))
    page.locator("input[type=file]").first.set_input_files(file)
    expect(page.get_by_role("button", name="Load", exact=True)).to_be_visible()
    settled(page)


def button(page: Page, label: str) -> Locator:
    return page.get_by_role("button", name=label, exact=True)


def press(page: Page, label: str) -> None:
    button(page, label).click()


def held(server: Server) -> int:
    with aggregate_session(server.bind) as session:
        return session.scalar(select(func.count(Call.id))) or 0


def test_an_unknown_export_is_asked_about_tried_mended_loaded_and_taken_back(page: Page, server: Server) -> None:
    before = held(server)
    sign_in(page, "analyst", "/calls")
    upload(page, "harbor.csv", "\r\n".join(ROWS), "utf-16")
    press(page, "Load")
    expect(page.get_by_text("Say under “Day and month” what “03/04/2026” means")).to_be_visible()
    page.get_by_text("3 Apr 2026 (day first)").click()
    settled(page)

    press(page, "Try it (stores nothing)")
    expect(
        page.get_by_text("Tried only, nothing stored. 3 rows read, 2 calls would be added, 1 refused.")
    ).to_be_visible()
    settled(page)
    assert held(server) == before
    with page.expect_download() as download:
        press(page, "The refused rows, to mend and load again")
    refused = Path(download.value.path()).read_text("utf-8-sig")
    (row,) = csv.DictReader(io.StringIO(refused))
    assert (row["refused_line"], row["Call No"], row["Reported"]) == ("5", "H-3", "soon")

    page.get_by_label("Save this mapping for next month’s file as").fill("Harbor")
    page.keyboard.press("Tab")
    settled(page)
    press(page, "Load")
    expect(page.get_by_text("3 rows read, 2 calls added, 1 refused.")).to_be_visible()
    assert held(server) == before + 2

    upload(page, "mended.csv", refused.replace("soon", "07/06/2026 12:00"))
    expect(page.get_by_text("“Harbor” fits. Columns it does not use changed")).to_be_visible()
    press(page, "Load")
    expect(page.get_by_text("1 row read, 1 call added, 0 refused.")).to_be_visible()
    settled(page)
    press(page, "Take back")
    press(page, "Yes, take it back")
    expect(page.get_by_text("was taken back: 1 call removed.")).to_be_visible()
    assert held(server) == before + 2


def test_a_load_is_cancelled_halfway_and_leaves_nothing(new_page: Callable[..., Page], server: Server) -> None:
    before = held(server)
    page = new_page(390, 844)
    sign_in(page, "analyst", "/calls")
    rear = ', ""REAR""'  # read with care, so there is time to think better of it
    days = [f"2025-{1 + n % 12:02}-{1 + n % 28:02} 10:{n % 60:02}" for n in range(840)]
    rows = (f'L-{n},{days[n % 840]},NOISE,"{n % 900} ELM ST{rear}"' for n in range(300_000))
    upload(page, "large.csv", "\n".join(["Incident Number,Received,Call Type,Address", *rows]))
    width = page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth")
    assert width <= 390, "nothing scrolls sideways"
    press(page, "Load")
    press(page, "Cancel")
    expect(page.get_by_text("The load was cancelled. Nothing was stored.")).to_be_visible()
    assert held(server) == before
    with aggregate_session(server.bind) as session:
        assert not session.scalars(select(Import).where(Import.file_name == "large.csv")).all()
