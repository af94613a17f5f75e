"""From a bar to its calls, and from a rule to every figure: what the analyst does with the calls that are there."""

import csv
import io
import re
from datetime import date
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect
from sqlalchemy import select

from db.engine import aggregate_session
from db.models import Event
from db.vocab import EventKind
from tests.browser.conftest import Server, settled, sign_in

pytestmark = pytest.mark.browser

DISPATCH_SAYS = {"Received", "Type", "Place", "Incident", "Disposition", "Units", "Unit-hours"}


def columns_to_click(page: Page, question: str) -> Locator:
    """The unseen columns over the months of the chart with this question, oldest first."""
    chart = page.get_by_test_id("stVerticalBlock").filter(has_text=question).last.locator(".js-plotly-plot")
    return chart.locator(".barlayer .trace").last.locator(".point path")


def test_a_click_on_a_month_opens_its_calls_which_say_nothing_of_clients(page: Page) -> None:
    sign_in(page, "analyst", "/call_figures")
    question = "How many behavioral-health calls come in?"
    said = page.get_by_text(re.compile(r"There were [\d,]+ behavioral-health calls in \w+ \d{4}")).first
    count, month = re.findall(r"([\d,]+) behavioral-health calls in (\w+ \d{4})", said.inner_text())[0]
    months = columns_to_click(page, question)
    expect(months.first).to_be_attached()
    expect(page.locator(".js-plotly-plot:not(:has(.main-svg))")).to_have_count(0)
    settled(page)
    box = months.nth(months.count() - 2).bounding_box()  # the month that the sentence tells; after it one not over
    assert box is not None
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(page.get_by_role("heading", name="Calls behind “Behavioral-health calls”")).to_be_visible()
    settled(page)
    expect(page.get_by_text(f"{count} calls · {month}")).to_be_visible()

    with page.expect_download() as download:
        page.get_by_role("button", name="Download CSV").click()
    text = Path(download.value.path()).read_text("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert len(rows) == int(count.replace(",", ""))
    assert set(rows[0]) <= DISPATCH_SAYS
    assert not re.search(r"\bP-\d{4}", text + page.content()), "no person's code, on the page or in the file"

    page.goto("/call_list?measure=connections_made&least=1&person=1")  # neither a figure of calls nor a slice of one
    settled(page)
    expect(page.get_by_role("heading", name="Calls behind “Behavioral-health calls”")).to_be_visible()


def break_lines(server: Server) -> set[tuple[date, str]]:
    with aggregate_session(server.bind) as session:
        asked = select(Event.on_date, Event.label).where(Event.kind == EventKind.definition)
        return {(day, label) for day, label in session.execute(asked)}


def of_category(page: Page, category: str) -> int:
    """How many calls the card of this category tells."""
    card = page.get_by_test_id("stMetric").filter(has_text=category)
    return int(re.findall(r"([\d,]+) calls", card.inner_text())[0].replace(",", ""))


def would_move(form: Locator) -> int:
    """How many calls the preview of a rule says that saving moves."""
    said = form.get_by_text("Saving moves")
    expect(said).to_be_visible()
    return int(re.findall(r"Saving moves ([\d,]+) calls", said.inner_text())[0].replace(",", ""))


def test_a_dated_rule_counts_anew_draws_its_line_and_is_undone(page: Page, server: Server) -> None:
    lines = break_lines(server)
    sign_in(page, "analyst", "/calls?calls-part=Call+types+and+rules")
    before, uncovered = of_category(page, "Behavioral health"), of_category(page, "Not covered")
    page.get_by_text("Add a rule", exact=True).click()
    page.get_by_label("Type or pattern").fill("lift assist")
    page.get_by_label("Type or pattern").press("Tab")
    settled(page)
    form = page.get_by_test_id("stExpander").filter(has_text="Add a rule")
    form.get_by_text("Behavioral health", exact=True).click()
    settled(page)
    of_all_days = would_move(form)
    form.get_by_label("year, Counts from").click()
    page.keyboard.type("20260601")
    form.get_by_label("Note").click()  # a date is taken when its field is left
    expect(form).not_to_contain_text(f"{of_all_days} calls")
    moved = would_move(form)
    assert 0 < moved < uncovered
    form.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_text(re.compile(r"Added: .*LIFT ASSIST", re.I))).to_be_visible()
    settled(page)
    assert of_category(page, "Behavioral health") == before + moved
    assert of_category(page, "Not covered") == uncovered - moved
    assert [(day, "LIFT ASSIST" in label) for day, label in break_lines(server) - lines] == [(date(2026, 6, 1), True)]

    page.get_by_role("button", name="Undo").first.click()
    expect(page.get_by_text("undone by analyst")).to_be_visible()
    settled(page)
    assert of_category(page, "Behavioral health") == before
    assert break_lines(server) == lines
