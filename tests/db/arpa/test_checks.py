"""Every sentence of the checks, word for word, and that a clean worksheet has none."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from db.arpa.checks import Problem, problems, wrong
from db.arpa.fields import Field, fields
from db.arpa.worksheet import build, key_of
from db.engine import aggregate_session
from db.models import BudgetLine, Contract, MonthClose, Payee, QuarterFiling, ReportField
from tests.conftest import TODAY
from tests.db.arpa.books import BEFORE, LARGE, OFFICE, PROVIDER, Q1, Q2, Q3, RADIOS, entry

Change = Callable[[Session], None]
ELSEWHERE = "Q2 2026 has not been filed here. File it first, unless it was filed elsewhere."


def found(bind: Engine, quarter: date = Q3, today: date = TODAY, change: Change | None = None) -> list[Problem]:
    with aggregate_session(bind) as session:
        if change:
            change(session)
            session.commit()
        return list(problems(session, build(session, quarter), today))


def typed(field: str, value: str) -> Change:
    return lambda session: session.add(ReportField(quarter=Q3, field=field, value=value, at=BEFORE))


def on(table: type[Any], **values: Any) -> Change:
    def change(session: Session) -> None:
        row = session.scalars(select(table).order_by(table.id)).first()
        for name, value in values.items():
            setattr(row, name, value)

    return change


def book(*args: Any, **more: Any) -> Change:
    return lambda session: session.add(entry(*args, **more))


def filed_before(session: Session) -> None:
    for quarter in (Q1, Q2):
        frozen = build(session, quarter).as_json()
        session.add(QuarterFiling(quarter=quarter, version=1, filed_at=BEFORE, filed_by="x", worksheet=frozen))
        session.flush()


def test_a_whole_worksheet_has_nothing_to_mend(books: Engine) -> None:
    assert [(p.error, p.sentence) for p in found(books)] == [(False, ELSEWHERE)]
    assert found(books, change=filed_before) == []


NUMBER = "“Project Identification Number (Assigned by recipient)”"
WHO = "Complete the payee under Budget, Invoices."


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (typed("project.number", ""), f"{NUMBER} is empty. Fill it in under Quarterly report."),
        (typed("project.number", "x" * 21), f"{NUMBER} has 21 characters; 20 fit. Shorten it by 1."),
        (
            typed("project.description", "x" * 1612),
            "“Project Description” has 1,612 characters; 1,500 fit. Shorten it by 112.",
        ),
        (
            typed("project.capital", ""),
            "“Does this project include a capital expenditure?” is empty. Choose one under Quarterly report.",
        ),
        (
            typed("project.capital", "Perhaps"),
            "“Does this project include a capital expenditure?” is “Perhaps”, which is not one of the Treasury's "
            "choices. Choose one from the list.",
        ),
        (
            typed("project.capital", "Yes"),
            "“If yes, what is the total expected capital expenditure?” is empty though the answer before it is “Yes”. "
            "Fill it in under Quarterly report.",
        ),
        (
            typed("project.status", "Cancelled"),
            "“Cancelled Status of Completion Explanation” is empty though the answer before it is “Cancelled”. "
            "Fill it in under Quarterly report.",
        ),
        (
            typed("project.evidence", "$1,250"),
            "“Identify the dollar amount of the total project spending that is allocated towards evidence-based "
            "interventions” is “$1,250”. Write dollars and cents without $ and commas, such as 1250.00.",
        ),
        (
            typed("project.income_earned", "-5.00"),
            "“Program Income Earned” is -5.00, below zero. Write the amount without the minus.",
        ),
        (
            typed("project.starts", "12 January"),
            "“Project Start Date” is “12 January”, which is not a date. Write it like 2026-11-14.",
        ),
        (
            typed("project.served", "10 Imp NPs that experienced a negative economic impact specify"),
            "“Project Demographic Distribution - Primary Populations Served” is “10 Imp NPs that experienced a "
            "negative economic impact specify”, which asks to specify. Fill in the explanation beside it.",
        ),
        (
            typed(key_of("awards", "zip", LARGE), "6800"),
            f"“Primary Place of Performance Zip” of award {LARGE} is “6800”. Write it in the form [0-9]{{5}}.",
        ),
        (
            on(Payee, uei="SHORT"),
            f"“UEI” of {PROVIDER} is “SHORT”. 12 letters and digits, from SAM.gov. {WHO}",
        ),
        (
            on(Payee, ein="12-345678"),
            f"“TIN” of {PROVIDER} is “12-345678”. The employer identification number: nine digits, no hyphen. {WHO}",
        ),
        (
            on(Payee, uei=None, ein=None),
            f"“UEI” of {PROVIDER} is empty, and so is its alternative (EIN): one of the two is needed. "
            f"It is missing in the books. {WHO}",
        ),
        (
            on(Payee, sam_registered=None),
            f"“Recipient SAM.gov Registration?” of {PROVIDER} is empty. It is missing in the books. {WHO}",
        ),
        (
            on(Contract, place=""),
            f"“Primary Place of Performance Address Line 1” of award {LARGE} is empty. It is missing in the books. "
            "Complete the contract under Budget, Invoices.",
        ),
        (
            on(BudgetLine, amount=Decimal("100000")),
            "“Total Cumulative Obligations” is 111200.00, 5000.00 more than the Adopted Budget of 106200.00. "
            "Void what is obligated too much, or have the budget raised under Budget, Lines and transfers.",
        ),
        (
            book("expenditure", "90000", date(2026, 9, 1), contract_id=1),
            "“Total Cumulative Expenditures” is 117700.00, 6500.00 more than the Total Cumulative Obligations of "
            "111200.00. Book the contract or order behind it under Budget, Ledger.",
        ),
        (
            book("obligation", "50000.01", date(2026, 9, 1), "Oakum Print Shop", 2),
            "Oakum Print Shop has 50000.01 obligated under no contract, and an award of more than 50000.00 is "
            "reported by itself. Sign the contract under Budget, Invoices, and void the loose entries.",
        ),
    ],
)
def test_what_stands_in_the_way(one: Engine, change: Change, sentence: str) -> None:
    assert sentence in [p.sentence for p in found(one, change=change) if p.error]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (
            typed("project.status", "Completed"),
            "“Status of Completion” is “Completed”; by what is spent it would be “Completed less than 50%”. "
            "Clear your choice if that is right.",
        ),
        (
            book("expenditure", "77.00", date(2026, 9, 1)),
            f"{PROVIDER} has 77.00 spent outside its contract: it is reported among the smaller awards. "
            "Tie the invoices to the contract if they belong to it.",
        ),
    ],
)
def test_what_is_worth_a_look(one: Engine, change: Change, sentence: str) -> None:
    said = found(one, change=change)
    assert sentence in [p.sentence for p in said if not p.error]
    assert [p.sentence for p in said if p.error] == []


def test_a_quarter_that_runs_and_months_that_are_open(one: Engine) -> None:
    said = [p.sentence for p in found(one, date(2026, 10, 1)) if p.error]
    assert said[:2] == [
        "Q4 2026 ends on 31 Dec 2026 and today is 14 Nov 2026. Its report can be filed from the day after.",
        "October 2026, November 2026 and December 2026 are not closed yet, so the figures may still move. "
        "Close them under Budget, Months.",
    ]

    def reopened(session: Session) -> None:
        last = session.scalars(select(MonthClose).where(MonthClose.month == date(2026, 9, 1))).one()
        last.reopened_at, last.reopen_reason = BEFORE, "late"

    assert found(one, change=reopened)[0].sentence == (
        "September 2026 is not closed yet, so the figures may still move. Close it under Budget, Months."
    )
    assert [p.sentence for p in found(one, Q2) if p.error] == []


def test_what_was_booked_into_a_filed_quarter_makes_it_be_filed_again_first(books: Engine) -> None:
    def later(session: Session) -> None:
        filed_before(session)
        session.add(entry("expenditure", "12.34", date(2026, 6, 30), contract_id=1))
        session.add(entry("obligation", "5.00", date(2026, 6, 30), RADIOS, 2))

    said = [p.sentence for p in found(books, change=later) if p.error]
    assert said == [
        "“Total Cumulative Obligations” is 111205.00, but Q2 2026 was filed with 111200.00 and this period adds 0.00: "
        "5.00 was booked into a filed quarter. File 2026Q2 again first.",
        "“Total Cumulative Expenditures” is 27712.34, but Q2 2026 was filed with 18200.30 and this period adds "
        "9499.70: 12.34 was booked into a filed quarter. File 2026Q2 again first.",
    ]


def test_a_payee_nobody_described_lacks_all_that_is_asked(one: Engine) -> None:
    said = [p.sentence for p in found(one, change=book("obligation", "1", date(2026, 9, 1), OFFICE, contract_id=2))]
    assert [s for s in said if f"of {OFFICE}" in s] == [
        f"“UEI” of {OFFICE} is empty, and so is its alternative (EIN): one of the two is needed. "
        f"It is missing in the books. {WHO}",
        f"“TIN” of {OFFICE} is empty, and so is its alternative (UEI): one of the two is needed. "
        f"It is missing in the books. {WHO}",
        f"“Entity Type” of {OFFICE} is empty. It is missing in the books. {WHO}",
        f"“Recipient SAM.gov Registration?” of {OFFICE} is empty. It is missing in the books. {WHO}",
    ]


@pytest.mark.parametrize("field", [f for f in fields() if f.length], ids=lambda f: f"{f.section}.{f.name}")
def test_every_length_of_the_data_file_is_held(field: Field) -> None:
    assert field.length is not None
    kept = "0" * field.length
    assert "characters" not in wrong(field, {field.name: kept})
    assert f"has {field.length + 1:,} characters; {field.length:,} fit" in wrong(field, {field.name: kept + "0"})
