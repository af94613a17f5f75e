"""The worksheet against books added up by hand, and against the ledger's own sums."""

from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import Engine

from db.arpa.calendar import quarters
from db.arpa.worksheet import Worksheet, build, from_json
from db.engine import aggregate_session
from db.errors import NotFound
from db.ledger import grand_total, line_totals, quarter_end
from db.models import LedgerEntry, ReportField
from tests.db.arpa.books import BEFORE, LARGE, OFFICE, PROVIDER, Q1, Q2, Q3, Q4_2025, entry

AMOUNTS = ("adopted_budget", "total_obligations", "total_expenditures", "current_obligations", "current_expenditures")


def made(bind: Engine, quarter: date) -> Worksheet:
    with aggregate_session(bind) as session:
        return build(session, quarter)


@pytest.mark.parametrize(
    ("quarter", "amounts", "status"),
    [
        (Q4_2025, ("120000.00", "110000.00", "0.00", "110000.00", "0.00"), "Not started"),
        (Q1, ("120000.00", "110000.00", "9000.10", "0.00", "9000.10"), "Completed less than 50%"),
        (Q2, ("120000.00", "111200.00", "18200.30", "1200.00", "9200.20"), "Completed less than 50%"),
        (Q3, ("120000.00", "111200.00", "27700.00", "0.00", "9499.70"), "Completed less than 50%"),
    ],
)
def test_amounts_of_the_project(books: Engine, quarter: date, amounts: tuple[str, ...], status: str) -> None:
    project = made(books, quarter).project
    assert tuple(project[name] for name in AMOUNTS) == amounts
    assert project["status"] == status
    assert project["category"] == "1.12-Mental Health Services"
    assert (project["name"], project["starts"], project["ends"]) == ("Harbor pilot", "2026-01-12", "2027-01-11")


def test_an_award_is_itemised_over_fifty_thousand_not_at_it(one: Engine) -> None:
    sheet = made(one, Q3)
    [award] = sheet.part("awards").rows
    assert (award["award"], award["amount"], award["award_type"]) == (LARGE, "60000.00", "Grant: Reimbursable")
    assert (award["payee"], award["uei"], award["ein"], award["kind"]) == (
        PROVIDER,
        "DEM0HARBOR01",
        "000000147",
        "Subrecipient",
    )
    assert (award["signed"], award["starts"], award["ends"]) == ("2025-12-08", "2026-01-12", "2027-01-11")
    assert (award["place"], award["city"], award["state"], award["zip"]) == ("1 Harbor Street", "Harbor", "CT", "06800")
    [payee] = sheet.part("payees").rows
    assert (payee["payee"], payee["sam"]) == (PROVIDER, "Yes")
    with aggregate_session(one) as session:
        session.add(entry("obligation", "0.01", date(2026, 9, 30), OFFICE, contract_id=2))
        session.commit()
    assert [row["award"] for row in made(one, Q3).part("awards").rows] == ["CO-2026-1", LARGE]
    assert [row["award"] for row in made(one, Q2).part("awards").rows] == [LARGE]


def test_expenditure_rows_are_by_time_of_service_and_add_up_with_the_aggregates(books: Engine) -> None:
    sheet = made(books, Q3)
    rows = [(r["starts"], r["ends"], r["amount"]) for r in sheet.part("expenditures").rows]
    assert rows == [("2026-08-01", "2026-08-31", "7000.00"), ("2026-09-02", "2026-09-02", "-0.30")]
    assert sheet.part("aggregates").rows == (
        {
            "number": "HPD-07",
            "type": "Aggregate of Contracts Awarded",
            "obligations": "0.00",
            "expenditures": "2500.00",
        },
    )
    for quarter in (Q4_2025, Q1, Q2, Q3):
        sheet = made(books, quarter)
        parts = [r["amount"] for r in sheet.part("expenditures").rows]
        parts += [r["expenditures"] for r in sheet.part("aggregates").rows]
        assert sum(map(Decimal, parts), Decimal(0)) == Decimal(sheet.project["current_expenditures"])


def test_a_void_and_what_it_voids_leave_no_row(one: Engine) -> None:
    assert made(one, Q1).part("aggregates").rows == ()


def test_cumulative_is_the_sum_of_the_quarters_and_the_ledgers_own(books: Engine) -> None:
    with aggregate_session(books) as session:
        sums = {"obligations": Decimal(0), "expenditures": Decimal(0)}
        for quarter in quarters(session):
            project = build(session, quarter).project
            total = grand_total(line_totals(session, quarter_end(quarter)))
            for what, own in (("obligations", total.obligated), ("expenditures", total.spent)):
                sums[what] += Decimal(project[f"current_{what}"])
                assert Decimal(project[f"total_{what}"]) == sums[what] == own


def test_what_is_dated_before_the_award_belongs_to_the_first_report(one: Engine) -> None:
    with aggregate_session(one) as session:
        session.add(entry("obligation", "10.00", date(2025, 8, 1), OFFICE))
        session.commit()
    assert made(one, Q4_2025).project["current_obligations"] == "110010.00"


def test_words_hold_from_their_quarter_until_others_are_typed(books: Engine) -> None:
    with aggregate_session(books) as session:
        session.add(ReportField(quarter=Q2, field="project.description", value="Changed.", at=BEFORE))
        session.add(ReportField(quarter=Q3, field="project.structure", value="", at=BEFORE))
        session.commit()
    assert [made(books, q).project["description"] for q in (Q1, Q2, Q3)] == [
        "Co-response in Harbor.",
        "Changed.",
        "Changed.",
    ]
    assert [made(books, q).project["structure"] for q in (Q2, Q3)] == ["Two social workers.", ""]


def test_what_is_proposed_can_be_overridden(one: Engine) -> None:
    with aggregate_session(one) as session:
        session.add(ReportField(quarter=Q2, field="project.status", value="Cancelled", at=BEFORE))
        session.add(ReportField(quarter=Q2, field=f"awards.award_type:{LARGE}", value="Direct Payment", at=BEFORE))
        session.commit()
    sheet = made(one, Q2)
    assert (sheet.project["status"], sheet.part("awards").rows[0]["award_type"]) == ("Cancelled", "Direct Payment")


@pytest.mark.parametrize(("spent", "status"), [("32300", 2), ("92299.99", 2), ("92300", 3)])
def test_status_by_the_share_spent(one: Engine, spent: str, status: int) -> None:
    choices = ("Not started", "Completed less than 50%", "Completed 50% or more", "Completed")
    with aggregate_session(one) as session:
        session.add(entry("expenditure", spent, date(2026, 9, 30)))
        session.commit()
    assert made(one, Q3).project["status"] == choices[status]


def test_revenue_replacement_asks_less(one: Engine) -> None:
    usual = {c.name for c in made(one, Q2).part("project").columns}
    with aggregate_session(one) as session:
        from db.ledger import the_grant

        grant = the_grant(session)
        assert grant is not None
        grant.category = "6.1"
        session.commit()
    fewer = {c.name for c in made(one, Q2).part("project").columns}
    assert usual - fewer >= {"served", "structure", "approach", "evidence", "evaluation"}
    assert fewer < usual
    assert made(one, Q2).project["category"] == "6.1-Provision of Government Services"


def test_a_quarter_outside_the_grant_is_refused(one: Engine) -> None:
    with pytest.raises(NotFound, match=r"^2027Q2 is not a quarter of the grant. It runs from 2025Q4 to 2027Q1\.$"):
        made(one, date(2027, 4, 1))


def test_frozen_and_read_again_it_is_the_same(one: Engine) -> None:
    sheet = made(one, Q3)
    assert from_json(sheet.as_json()) == sheet


def test_no_entry_of_the_quarter_is_left_out(books: Engine) -> None:
    """Every entry of the current period stands in exactly one of the two lists."""
    with aggregate_session(books) as session:
        for quarter in (Q4_2025, Q1, Q2, Q3):
            sheet = build(session, quarter)
            obligated = sum(
                (
                    e.amount
                    for e in session.query(LedgerEntry).all()
                    if e.kind.value == "obligation"
                    and e.contract_id != 1
                    and e.on_date <= quarter_end(quarter)
                    and (quarter == Q4_2025 or e.on_date >= quarter)
                ),
                Decimal(0),
            )
            rows = sheet.part("aggregates").rows
            assert sum((Decimal(r["obligations"]) for r in rows), Decimal(0)) == obligated
