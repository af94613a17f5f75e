"""The workbook, opened again: the Results to the digit, nothing that runs, nothing that was hidden."""

import io
import zipfile
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook

from dashboard.export import book
from dashboard.measures import MEASURES
from dashboard.model import Audience
from db.vocab import Lang, text
from tests.dashboard.export.paper import AS_OF, SECRET, a_document, served, sources


def opened(lang: Lang = "en", **changes: object) -> Workbook:
    return load_workbook(io.BytesIO(book.write(a_document(**changes), lang)))


def title(key: str, lang: Lang = "en") -> str:
    return text(f"measure.{key}.title", lang)[:31].strip()


def table(made: Workbook, key: str, lang: Lang = "en") -> list[list[Any]]:
    """Header and rows of a measure's sheet, as far as the table goes."""
    page = made[title(key, lang)]
    top = int(str(page.print_title_rows).split("$")[1].rstrip(":"))
    rows = [[cell.value for cell in row] for row in page.iter_rows(min_row=top)]
    wide = len([cell for cell in rows[0] if cell is not None])
    ends = next(k for k, row in enumerate(rows) if row[0] is None)
    return [row[:wide] for row in rows[:ends]]


def test_every_figure_is_the_results_own_to_the_digit() -> None:
    made = opened()
    head, *rows = table(made, "referrals_by_source")
    assert head == ["'=Group", "Referrals", "Share", "Idle"]
    assert [row[1] for row in rows] == [160, 60, 42, 20.5, "hidden", "hidden"]
    assert rows[0][2] == pytest.approx(sources().table["share"][0], rel=1e-15)  # the sixteen digits of such a file
    assert [row[3] for row in rows] == ["hidden"] * 6
    head, *rows = table(made, "eligible_served")
    assert rows[0] == [datetime(2026, 9, 1), served().table["value"][0], 6, "final"]
    assert rows[1][1:3] == [None, 0]
    assert table(made, "spent")[1:] == [["Salary", 152004.83, 216000], ["Car", -12.5, 0]]


def test_numbers_and_days_are_shown_as_such() -> None:
    made = opened()
    formats = {
        (key, cell.value): cell.number_format for key in MEASURES if title(key) in made.sheetnames
        for row in made[title(key)].iter_rows() for cell in row if isinstance(cell.value, int | float | datetime)
    }  # fmt: skip
    assert formats["eligible_served", datetime(2026, 9, 1)] == "mmm yyyy"
    assert formats["eligible_served", 0.0631578947368421] == "0.0 %"
    assert formats["spent", 152004.83] == "$#,##0.00"
    assert formats["referrals_by_source", 160] == "#,##0.0"


@pytest.mark.parametrize("lang", ["en", "es"])
def test_nothing_in_it_runs(lang: Lang) -> None:
    for page in opened(lang):
        for row in page.iter_rows():
            for cell in row:
                assert cell.data_type != "f", f"{page.title} {cell.coordinate}: {cell.value}"
                assert not str(cell.value or "").startswith(("=", "@", "+", "\t"))


def test_nothing_hidden_is_in_it() -> None:
    packed = zipfile.ZipFile(io.BytesIO(book.write(a_document(), "en")))
    parts = b"".join(packed.read(name) for name in packed.namelist())
    assert str(SECRET).encode() not in parts
    assert b"160" in parts


@pytest.mark.parametrize("lang", ["en", "es"])
def test_every_sheet_carries_the_stamp_and_prints_it(lang: Lang) -> None:
    stamp = a_document().stamp(lang)
    assert "2026-11-19" in stamp
    for page in opened(lang):
        assert stamp in [cell.value for row in page.iter_rows() for cell in row], page.title
        foot: Any = page.HeaderFooter.oddFooter
        assert foot.left.text.startswith(stamp)
        assert (page.page_setup.orientation, page.page_setup.fitToWidth) == ("landscape", 1)


def test_the_cover_leads_to_every_sheet_and_each_back() -> None:
    made = opened()
    cover = made["Cover"]
    led = [cell.hyperlink.location for row in cover.iter_rows() for cell in row if cell.hyperlink]
    assert led == [f"'{name}'!A1" for name in made.sheetnames[1:]]
    for name in made.sheetnames[1:-1]:
        back = [cell.hyperlink.location for row in made[name].iter_rows() for cell in row if cell.hyperlink]
        assert back == ["'Cover'!A1"]
        assert made[name].freeze_panes == "A6"
    assert made.sheetnames[1] == title("referrals_by_source")  # the slide's comes first


def test_own_words_stand_beside_the_computed_ones() -> None:
    said = [c.value for row in opened()[title("referrals_by_source")].iter_rows() for c in row]
    assert "'=Most came from officers." in said
    assert any("Our own words." in str(value) for value in said)


def test_the_definitions_are_the_measures_own() -> None:
    page = opened("es")["Definiciones"]
    rows = {row[-1]: row for row in page.iter_rows(min_row=3, values_only=True)}
    assert set(rows) == {"referrals_by_source", "eligible_served", "spent"}
    for key, row in rows.items():
        assert text(f"measure.{key}.definition", "es") in row
        assert text(f"measure.{key}.leaves_out", "es") in row


def test_the_same_document_gives_the_same_bytes() -> None:
    assert book.write(a_document(), "en") == book.write(a_document(), "en")


def test_an_internal_selection_says_so_on_every_sheet() -> None:
    made = opened(number="", audience=Audience.internal, chosen={"en": "12 Jan to 14 Nov 2026 · all staff"})
    for page in made:
        said = " ".join(str(c.value) for row in page.iter_rows() for c in row)
        assert "INTERNAL" in said, page.title
        assert "all staff" in said, page.title
    assert "Do not publish" in " ".join(str(c.value) for row in made["Cover"].iter_rows() for c in row)
    assert AS_OF.isoformat() not in made["Cover"]["A1"].value


def test_two_measures_of_one_title_get_a_sheet_each() -> None:
    names = book._sheet_names([sources(), sources()], "en")
    assert len(names) == 1
    many = {key: sources() for key in MEASURES}
    names = book._sheet_names([replace(r, key=key) for key, r in many.items()], "en")
    assert len({name.lower() for name in names.values()}) == len(MEASURES)
    assert max(map(len, names.values())) <= 31


def test_a_document_without_figures_is_still_a_workbook() -> None:
    made = opened(results={"en": {}}, decks={"en": ()})
    assert made.sheetnames == ["Cover", "Definitions"]
