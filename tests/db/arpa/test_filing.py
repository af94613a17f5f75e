"""Words kept from quarter to quarter, the category, a quarter filed and frozen, and what changed since."""

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import Engine, func, select

from db.access import Viewer
from db.arpa.changes import changes
from db.arpa.checks import filings
from db.arpa.worksheet import build, from_json, typed
from db.commands.filing import choose_category, file_quarter, save_fields
from db.engine import aggregate_session, record_session
from db.errors import Conflict, Forbidden, Invalid
from db.forms import checked
from db.forms.filing import LONGEST, CategoryForm, FieldsForm, FileForm
from db.ledger import the_grant
from db.models import AuditEntry, BudgetLine, LedgerEntry, QuarterFiling, ReportField
from db.vocab import Role
from tests.db.arpa.books import LARGE, Q1, Q2, Q3, RADIOS, entry


@pytest.fixture
def finance(viewer: Callable[..., Viewer]) -> Viewer:
    return viewer(Role.finance)


def words(quarter: date, **values: str) -> FieldsForm:
    return checked(FieldsForm, {"quarter": quarter, "values": {f"project.{k}": v for k, v in values.items()}})


def file(bind: Engine, viewer: Viewer, quarter: date, reason: str = "") -> int:
    with record_session(bind, viewer) as session:
        return file_quarter(session, viewer, checked(FileForm, {"quarter": quarter, "reason": reason})).version


def later(bind: Engine, viewer: Viewer, *entries: LedgerEntry) -> None:
    """Booked an hour after the filing."""
    with aggregate_session(bind) as session:
        for one in entries:
            one.created_at = viewer.now + timedelta(hours=1)
        session.add_all(entries)
        session.commit()


def test_words_are_kept_from_their_quarter_on(books: Engine, finance: Viewer) -> None:
    with record_session(books, finance) as session:
        assert (
            save_fields(session, finance, words(Q2, description="  New.  ", evidence="$1,250.5", starts="01/15/2026"))
            == 3
        )
        assert save_fields(session, finance, words(Q2, description="New.", evidence="1250.50")) == 0
        assert save_fields(session, finance, words(date(2026, 8, 3), description="")) == 1
    with aggregate_session(books) as session:
        found = [typed(session, quarter)["project.description"] for quarter in (Q1, Q2, Q3)]
        assert [(t.value, t.since) for t in found] == [
            ("Co-response in Harbor.", date(2025, 10, 1)),
            ("New.", Q2),
            ("", Q3),
        ]
        row = session.get_one(ReportField, (Q2, "project.evidence"))
        assert (row.value, row.at, row.by) == ("1250.50", finance.now, finance.user_id)
        assert typed(session, Q2)["project.starts"].value == "2026-01-15"
        said = session.scalars(select(AuditEntry).order_by(AuditEntry.id)).first()
        assert said is not None
        assert (said.action, said.subject) == ("save report fields", "quarter 2026Q2")
        assert said.detail == {"fields": ["project.description", "project.evidence", "project.starts"]}


def test_what_is_too_long_for_the_treasury_is_kept_and_said(one: Engine, finance: Viewer) -> None:
    with record_session(one, finance) as session:
        save_fields(session, finance, words(Q2, structure="x" * 300))
        assert build(session, Q2).project["structure"] == "x" * 300


@pytest.mark.parametrize(
    ("values", "sentences"),
    [
        (
            {"project.evidence": "12.345"},
            {"project.evidence": "12.345 has a fraction of a cent. Write two decimals at most, such as 1,250.00."},
        ),
        (
            {"project.evidence": "some", "project.ends": "soon"},
            {
                "project.evidence": "“some” is not an amount. Write dollars and cents, such as 1,250.00.",
                "project.ends": "“Project End Date” is “soon”, which is not a date. Write it like 2026-11-14.",
            },
        ),
        (
            {"project.total_expenditures": "1.00"},
            {
                "project.total_expenditures": "“project.total_expenditures” is no field of the report that can be "
                "typed. Reload the page."
            },
        ),
        (
            {"project.description": "x" * (LONGEST + 1)},
            {"project.description": "“Project Description” has 10,001 characters; 10,000 can be kept. Shorten it."},
        ),
    ],
)
def test_what_cannot_be_read_is_refused(values: dict[str, str], sentences: dict[str, str]) -> None:
    with pytest.raises(Invalid) as refusal:
        checked(FieldsForm, {"quarter": Q2, "values": values})
    assert refusal.value.errors == sentences


def test_the_category_is_the_grants(one: Engine, finance: Viewer) -> None:
    with record_session(one, finance) as session:
        choose_category(session, finance, checked(CategoryForm, {"category": "1.13"}))
        grant = the_grant(session)
        assert grant is not None
        assert grant.category == "1.13"
        assert build(session, Q2).project["category"] == "1.13-Substance Use Services"
    with pytest.raises(
        Invalid, match=r"^“9.9” is not among the expenditure categories. Choose one of 1.12, 1.13, 1.11"
    ):
        checked(CategoryForm, {"category": "9.9"})


def test_what_is_filed_is_frozen_with_who_and_when(books: Engine, finance: Viewer) -> None:
    assert file(books, finance, Q2) == 1
    with aggregate_session(books) as session:
        [filing] = filings(session, Q2)
        assert (filing.filed_at, filing.filed_by, filing.reason) == (finance.now, "finance", None)
        assert from_json(filing.worksheet) == build(session, Q2)
        assert changes(session, filing) == ()
        before = filing.worksheet
    later(books, finance, entry("expenditure", "100.00", date(2026, 6, 30), contract_id=1))
    with aggregate_session(books) as session:
        assert filings(session, Q2)[0].worksheet == before
        assert build(session, Q2).project["total_expenditures"] == "18300.30"


def test_a_quarter_with_errors_is_not_filed(one: Engine, finance: Viewer) -> None:
    with record_session(one, finance) as session:
        save_fields(session, finance, words(Q2, number=""))
    with pytest.raises(Conflict) as refusal:
        file(one, finance, Q2)
    assert str(refusal.value) == (
        "Q2 2026 cannot be filed yet. “Project Identification Number (Assigned by recipient)” is empty. "
        "Fill it in under Quarterly report."
    )
    with pytest.raises(Conflict, match=r"^Q4 2026 cannot be filed yet\. Q4 2026 ends on 31 Dec 2026 and today is"):
        file(one, finance, date(2026, 10, 1))
    with aggregate_session(one) as session:
        assert session.scalar(select(func.count(QuarterFiling.id))) == 0


def test_filed_again_it_is_a_new_version_with_a_reason(books: Engine, finance: Viewer) -> None:
    file(books, finance, Q2)
    with pytest.raises(Conflict, match=r"^Q2 2026 stands exactly as it was filed \(version 1\)\. There is nothing new"):
        file(books, finance, Q2, "again")
    later(books, finance, entry("expenditure", "100.00", date(2026, 6, 30), contract_id=1))
    with pytest.raises(Invalid) as refusal:
        file(books, finance, Q2)
    assert refusal.value.errors == {"reason": "Q2 2026 was filed before. Write why it is filed again."}
    assert file(books, finance, Q2, "A late bill") == 2
    with aggregate_session(books) as session:
        newest, first = filings(session, Q2)
        assert (newest.version, newest.reason) == (2, "A late bill")
        totals = [from_json(f.worksheet).project["total_expenditures"] for f in (first, newest)]
        assert totals == ["18200.30", "18300.30"]


def test_what_changed_since_field_by_field_with_the_entries(books: Engine, finance: Viewer) -> None:
    file(books, finance, Q2)
    later(
        books,
        finance,
        entry("expenditure", "100.00", date(2026, 6, 30), contract_id=1, description="late"),
        entry("obligation", "20.00", date(2026, 5, 2), RADIOS, 2),
        entry("expenditure", "7.00", date(2026, 3, 31), RADIOS, 2),
        entry("expenditure", "9.00", date(2026, 7, 1), contract_id=1),
    )
    with aggregate_session(books) as session:
        line = session.get_one(BudgetLine, 1)
        line.amount += Decimal("5")
        session.commit()
        [filing] = filings(session, Q2)
        said = [
            (c.section, c.row, c.label, c.filed, c.now, [str(e.amount) for e in c.entries])
            for c in changes(session, filing)
        ]
    row = f"{LARGE}, 2026-06-30, 2026-06-30"
    assert said == [
        ("project", "", "Adopted Budget", "120000.00", "120005.00", []),
        ("project", "", "Total Cumulative Obligations", "111200.00", "111220.00", ["20.00"]),
        ("project", "", "Total Cumulative Expenditures", "18200.30", "18307.30", ["100.00", "7.00"]),
        ("project", "", "Current Period Obligations", "1200.00", "1220.00", ["20.00"]),
        ("project", "", "Current Period Expenditures", "9200.20", "9300.20", ["100.00"]),
        ("expenditures", row, "Total Expenditure Amount", "", "100.00", ["100.00"]),
        ("aggregates", "Aggregate of Contracts Awarded", "Current Quarter Obligation", "1200.00", "1220.00", ["20.00"]),
    ]


def test_only_finance_writes(one: Engine, viewer: Callable[..., Viewer]) -> None:
    for role in set(Role) - {Role.finance}:
        who = viewer(role)
        with record_session(one, who) as session:
            for act in (
                lambda s=session, v=who: save_fields(s, v, words(Q2, description="x")),
                lambda s=session, v=who: choose_category(s, v, CategoryForm(category="1.13")),
                lambda s=session, v=who: file_quarter(s, v, FileForm(quarter=Q2)),
            ):
                with pytest.raises(Forbidden):
                    act()


def test_who_may_not_see_money_sees_no_filing(one: Engine, finance: Viewer, viewer: Callable[..., Viewer]) -> None:
    file(one, finance, Q2)
    for role, many in ((Role.chief, 1), (Role.council, 0), (Role.clinician, 0), (Role.analyst, 0)):
        with record_session(one, viewer(role)) as session:
            assert len(filings(session, Q2)) == many
