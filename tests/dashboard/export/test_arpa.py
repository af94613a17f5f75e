"""The files of the quarterly report, opened again and compared field by field with the ledger."""

import csv
import io
from datetime import date
from decimal import Decimal

import pytest
from openpyxl import Workbook, load_workbook
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet as Sheet
from sqlalchemy import Engine

from dashboard.export import arpa
from db.arpa.fields import SECTIONS, fields
from db.arpa.worksheet import build
from db.engine import aggregate_session
from db.errors import NotFound
from db.ledger import grand_total, line_totals
from db.models import QuarterFiling, ReportField
from tests.conftest import TODAY, add_small_pilot
from tests.db.arpa.books import BEFORE, LARGE, PROVIDER, Q2, Q3, fill


@pytest.fixture
def books(sqlite: Engine) -> Engine:
    add_small_pilot(sqlite)
    fill(sqlite)
    return sqlite


def drafted(bind: Engine) -> arpa.Paper:
    with aggregate_session(bind) as session:
        return arpa.draft(session, Q3, TODAY)


def sheets(content: bytes) -> Workbook:
    return load_workbook(io.BytesIO(content))


def rows(page: Sheet) -> list[dict[str, object]]:
    """By field id: the mark stands in line 1, ids in 2, labels in 3."""
    ids = [cell.value for cell in page[2]]
    return [dict(zip(ids, line, strict=True)) for line in page.iter_rows(min_row=4, values_only=True)]  # type: ignore[misc]


def lines(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))


def test_the_workbook_says_what_the_ledger_says(books: Engine) -> None:
    book = sheets(arpa.as_xlsx(drafted(books)))
    assert book.sheetnames == ["About", *SECTIONS.values()]
    with aggregate_session(books) as session:
        now = grand_total(line_totals(session, date(2026, 9, 30)))
        before = grand_total(line_totals(session, date(2026, 6, 30)))
    [project] = rows(book["Project"])
    amounts = {
        "Adopted_Budget__c": now.adopted,
        "Total_Obligations__c": now.obligated,
        "Total_Expenditures__c": now.spent,
        "Current_Period_Obligations__c": now.obligated - before.obligated,
        "Current_Period_Expenditures__c": now.spent - before.spent,
    }
    assert {key: Decimal(str(project[key])) for key in amounts} == amounts
    spent = sum((Decimal(str(r["Expenditure_Amount__c"])) for r in rows(book["Expenditures over $50,000"])), Decimal(0))
    small = rows(book["Awards up to $50,000"])
    spent += sum((Decimal(str(r["Quarterly_Expenditure_Amt_Aggregates__c"])) for r in small), Decimal(0))
    assert spent == amounts["Current_Period_Expenditures__c"]
    [payee] = rows(book["Payees over $50,000"])
    assert (payee["EIN__c"], payee["Name"]) == ("000000147", PROVIDER)


def test_every_field_of_the_data_file_stands_in_the_workbook_as_built(books: Engine) -> None:
    book = sheets(arpa.as_xlsx(drafted(books)))
    with aggregate_session(books) as session:
        sheet = build(session, Q3)
    for part in sheet.parts:
        page = book[part.title]
        asked = fields("1.12", part.key)
        assert [cell.value for cell in page[2]] == [f.id for f in asked]
        assert [cell.value for cell in page[3]] == [f.label for f in asked]
        for values, written in zip(part.rows, page.iter_rows(min_row=4), strict=True):
            for field, cell in zip(asked, written, strict=True):
                match field.kind.value:
                    case _ if not values[field.name]:
                        assert cell.value is None
                    case "amount":
                        assert (cell.data_type, cell.number_format) == ("n", "0.00")
                        assert f"{Decimal(str(cell.value)):.2f}" == values[field.name]
                    case "date":
                        assert cell.number_format == "mm/dd/yyyy"
                        assert f"{cell.value:%Y-%m-%d}" == values[field.name]
                    case _:
                        assert (cell.value, cell.data_type, cell.number_format) == (values[field.name], "s", "@")
        assert page.freeze_panes == "A4"
        assert all(page.column_dimensions[get_column_letter(k)].width >= 12 for k in range(1, page.max_column + 1))


def test_the_csv_says_the_same_without_dollars_and_commas(books: Engine) -> None:
    found = lines(arpa.as_csv(drafted(books)))
    with aggregate_session(books) as session:
        sheet = build(session, Q3)
    for part in sheet.parts:
        for number, values in enumerate(part.rows, start=1):
            told = [f for f in found if f["Section"] == part.title and f["Row"] == str(number)]
            assert [f["Field ID"] for f in told] == [c.id for c in part.columns]
            for column, line in zip(part.columns, told, strict=True):
                value = values[column.name]
                if column.kind.value == "date" and value:
                    value = f"{date.fromisoformat(value):%m/%d/%Y}"
                assert line["Value"] == value
                if column.kind.value == "amount":
                    assert not {"$", ","} & set(line["Value"])
    adjusted = [f["Value"] for f in found if f["Label"] == "Total Expenditure Amount"]
    assert adjusted == ["7000.00", "-0.30"]


def test_a_draft_says_so_on_every_line_and_sheet_and_what_is_wrong(books: Engine) -> None:
    with aggregate_session(books) as session:
        session.add(ReportField(quarter=Q3, field="project.number", value="", at=BEFORE))
        session.commit()
    paper = drafted(books)
    assert paper.name == "arpa-2026Q3-DRAFT"
    assert paper.errors[0].startswith("“Project Identification Number")
    found = lines(arpa.as_csv(paper))
    assert {f["Status"] for f in found} == {"DRAFT, not filed"}
    assert [f["Value"] for f in found if f["Section"] == "Checks"] == [*paper.errors, *paper.warnings]
    book = sheets(arpa.as_xlsx(paper))
    assert all(str(book[name]["A1"].value).startswith("DRAFT, not filed · Q3 2026") for name in book.sheetnames)
    said = [cell.value for cell in book["About"]["B"]]
    assert set(paper.errors) <= set(said)


def test_a_filed_one_is_as_it_was_filed(books: Engine) -> None:
    with aggregate_session(books) as session:
        frozen = build(session, Q2).as_json()
        for version, reason in ((1, None), (2, "Late")):
            frozen["parts"][0]["rows"][0]["total_expenditures"] = f"{version}.00"
            session.add(
                QuarterFiling(
                    quarter=Q2, version=version, filed_at=BEFORE, filed_by="finance", worksheet=frozen, reason=reason
                )
            )
            session.commit()
            session.expunge_all()
        newest, first = arpa.filed(session, Q2), arpa.filed(session, Q2, 1)
        assert (newest.status, newest.name) == ("Filed 1 Jul 2026 by finance, version 2", "arpa-2026Q2-v2")
        totals = [rows(sheets(arpa.as_xlsx(p))["Project"])[0]["Total_Expenditures__c"] for p in (first, newest)]
        assert totals == [1, 2]
        assert "DRAFT" not in arpa.as_csv(first).decode()
        with pytest.raises(NotFound, match=r"^Version 3 of Q2 2026 was not filed\. There is version 1 and version 2\."):
            arpa.filed(session, Q2, 3)
        with pytest.raises(NotFound, match=r"^Q3 2026 was not filed\. Without --filed you get a draft\.$"):
            arpa.filed(session, Q3)


def test_no_text_runs_as_a_formula(books: Engine) -> None:
    with aggregate_session(books) as session:
        session.add(ReportField(quarter=Q3, field="project.description", value="=HYPERLINK(1)", at=BEFORE))
        session.add(ReportField(quarter=Q3, field=f"awards.city:{LARGE}", value="+Harbor\x07", at=BEFORE))
        session.commit()
    paper = drafted(books)
    book = sheets(arpa.as_xlsx(paper))
    assert rows(book["Project"])[0]["Project_Description__c"] == "'=HYPERLINK(1)"
    assert rows(book["Awards over $50,000"])[0]["Place_of_Performance_City__c"] == "'+Harbor"
    assert [f["Value"] for f in lines(arpa.as_csv(paper)) if f["Label"] == "Project Description"] == ["'=HYPERLINK(1)"]


def test_the_same_worksheet_gives_the_same_bytes(books: Engine) -> None:
    assert arpa.as_xlsx(drafted(books)) == arpa.as_xlsx(drafted(books))
    assert arpa.as_csv(drafted(books)) == arpa.as_csv(drafted(books))
