"""The evaluation report, made from the demo city and read again as a page and as paper."""

import re
from collections.abc import Iterator
from dataclasses import replace
from html import unescape
from importlib.metadata import version
from io import BytesIO
from pathlib import Path

import pytest
from pypdf import PdfReader
from sqlalchemy import Engine

from dashboard.evaluation import EFFECT, SECTIONS, checked
from dashboard.export import evaluation
from dashboard.export.evaluation import Report
from dashboard.measures.compute import pilot_to_date
from db import access
from db.engine import aggregate_session
from db.errors import Forbidden
from db.pilot import the_pilot
from db.vocab import Lang, Role
from tests.conftest import NOW, TODAY, fresh_sqlite

CHIEF = access.viewer_for(Role.chief, name="chief", now=NOW, today=TODAY, user_id=1, staff_id=None)


def report_of(bind: Engine, lang: Lang = "en") -> Report:
    with aggregate_session(bind) as session:
        pilot = the_pilot(session)
    return evaluation.build(bind, CHIEF, pilot, replace(pilot_to_date(pilot, TODAY), lang=lang))


@pytest.fixture(scope="module")
def city(demo_database: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    yield from fresh_sqlite(demo_database, tmp_path_factory.mktemp("city"))


@pytest.fixture(scope="module")
def report(city: Engine) -> Report:
    return report_of(city)


@pytest.fixture(scope="module")
def page(report: Report) -> str:
    return evaluation.html(report).decode()


def words_of(page: str) -> str:
    """The page's text, as a reader sees it."""
    body = page.split("<body>")[1]
    return re.sub(r"[ \n]+", " ", unescape(re.sub(r"<[^>]+>", " ", body)))


def test_the_page_asks_for_nothing_and_runs_nothing(page: str) -> None:
    assert "<script" not in page
    assert not re.findall(r"""(?:src|href)=["'](?!data:)""", page)
    assert set(re.findall(r"https?://[^\s\"'<)]+", page)) <= {"http://www.w3.org/2000/svg"}
    assert "default-src 'none'" in page


def test_everything_an_evaluator_asks_for_is_in_it_in_order(page: str, report: Report) -> None:
    heads = re.findall(r"<h2>(.*?)</h2>", page)
    assert heads == [
        "The question",
        "The data",
        "How this was done",
        "Results",
        "Limits",
        "How we checked",
        "Definitions",
        "Software",
        "Tables",
    ]
    told = words_of(page)
    for key in (key for section in SECTIONS for key in section.measures):
        assert report.results[key].sentence in told, key
        assert f"<code>{key}</code>" in page, key
    for step in report.results["effect_axis"].marks["method"]:
        assert step in told
    for program in ("statsmodels", "scipy", "numpy", "pandas"):
        assert f"{program} {version(program)}" in told
    assert all(row.expected in told and row.what in told for row in checked("en"))


def test_every_chart_is_drawn_and_every_row_is_told(page: str, report: Report) -> None:
    drawn = [key for key, result in report.results.items() if f'id="{key}"' in page and len(result.table)]
    assert page.count("<svg") >= 8
    assert set(drawn) == set(report.results)
    months = report.results[EFFECT].table
    rows = page.split("Tables</h2>")[1].split("<h3>")[1]
    assert rows.count("<tr>") == len(months) + 1  # and its head


def test_what_the_public_may_not_see_is_hidden(report: Report) -> None:
    assert {result.audience.value for result in report.results.values()} == {"public"}
    assert all(result.guard is None for result in report.results.values())
    assert f"under {report.pilot.small_count_threshold}" in words_of(evaluation.html(report).decode())


def test_on_paper_it_says_the_same(report: Report, page: str) -> None:
    paper = PdfReader(BytesIO(evaluation.pdf(report)))
    assert len(paper.pages) >= 6
    told = re.sub(r"\s+", " ", " ".join(sheet.extract_text() for sheet in paper.pages))
    for sentence in (report.results[EFFECT].sentence, report.results["effect_detectable"].sentence):
        assert re.sub(r"\s+", " ", sentence) in told
    assert re.search(r"1 ?/ ?\d+", told), "pages are numbered"
    fonts = {str(font) for sheet in paper.pages for font in _fonts(sheet)}
    assert any("Public-Sans" in font for font in fonts)
    assert paper.metadata is not None
    assert paper.metadata.title == report.title


def _fonts(sheet: object) -> list[str]:
    resources = sheet["/Resources"]  # type: ignore[index]
    return [font.get_object()["/BaseFont"] for font in resources.get("/Font", {}).values()]


def test_in_spanish_no_english_heading_stays(city: Engine, page: str) -> None:
    spanish = evaluation.html(report_of(city, "es")).decode()
    assert '<html lang="es">' in spanish
    english = set(re.findall(r"<h[234]>(.*?)</h[234]>", page))
    assert not english & set(re.findall(r"<h[234]>(.*?)</h[234]>", spanish))


def test_an_empty_pilot_gets_a_report_that_says_so(small_pilot: Engine) -> None:
    told = words_of(evaluation.html(report_of(small_pilot)).decode())
    assert "No calls have been loaded." in told
    assert "nan" not in told.lower().split()


def test_the_council_writes_no_report(city: Engine) -> None:
    council = access.viewer_for(Role.council, name="c", now=NOW, today=TODAY, user_id=2, staff_id=None)
    with aggregate_session(city) as session:
        pilot = the_pilot(session)
    with pytest.raises(Forbidden):
        evaluation.build(city, council, pilot, pilot_to_date(pilot, TODAY))
