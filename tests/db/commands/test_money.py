"""The ledger on both databases: what is refused, what is said, and totals that are right to the cent."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Engine, func, select

from db.access import Viewer
from db.commands.money import close_month, record_entry, reopen_month, void_entry
from db.engine import aggregate_session
from db.errors import Conflict, Forbidden, Invalid, NotFound
from db.forms import checked
from db.forms.money import EntryForm, ReopenForm, VoidForm
from db.ledger import closed_through, grand_total, line_totals
from db.models import AuditEntry, LedgerEntry, MonthClose, Pilot, QuarterFiling
from db.vocab import EntryKind, Role
from tests.conftest import NOW
from tests.db.books_world import audited, session_of

PILOT = Pilot(starts_on=date(2026, 1, 12), ends_on=date(2027, 1, 11), time_zone="America/New_York")
OVER = "It was stored; the line needs a transfer."


def entry(**change: Any) -> EntryForm:
    values = {
        "kind": "expenditure",
        "line_id": 1,
        "amount": "100",
        "on_date": date(2026, 10, 30),
        "payee": "Harbor Recovery Center",
        "submit_key": str(uuid4()),
    }
    return checked(EntryForm, values | change)


def totals(bind: Engine) -> dict[str, tuple[str, str, str]]:
    with aggregate_session(bind) as session:
        return {t.name: (str(t.obligated), str(t.spent), str(t.remaining)) for t in line_totals(session)}


def test_totals_are_exact_and_by_line(books: Engine, finance: Viewer) -> None:
    with session_of(books, finance) as session:
        record_entry(session, finance, entry(kind="obligation", amount="900.00"))
        for _ in range(3):
            record_entry(session, finance, entry(amount="0.10"))
        record_entry(session, finance, entry(line_id=2, amount="19.99"))
        record_entry(session, finance, entry(line_id=2, kind="adjustment", amount="-0.99", description="typo"))
    assert totals(books) == {"Social worker": ("900.00", "0.30", "999.70"), "Equipment": ("0.00", "19.00", "181.00")}
    with aggregate_session(books) as session:
        everything = grand_total(line_totals(session))
        assert (everything.budget, everything.spent) == (Decimal("1200.00"), Decimal("19.30"))
        assert [t.spent for t in line_totals(session, until=date(2026, 10, 29))] == [Decimal("0.00")] * 2


def test_the_same_key_is_booked_once(books: Engine, finance: Viewer) -> None:
    form = entry()
    with session_of(books, finance) as session:
        first = record_entry(session, finance, form)
        again = record_entry(session, finance, form)
        assert (again.id, again.again) == (first.id, True)
    assert totals(books)["Social worker"][1] == "100.00"
    with aggregate_session(books) as session:
        assert session.scalar(select(func.count(AuditEntry.id))) == 1


@pytest.mark.parametrize(
    ("change", "warnings"),
    [
        ({"kind": "obligation", "amount": "1000"}, ()),
        (
            {"kind": "obligation", "amount": "1,000.01"},
            (
                "“Social worker” is now obligated $0.01 over its budget of $1,000.00. "
                "It was stored; the line needs a transfer or a smaller contract.",
            ),
        ),
        (
            {"amount": "40"},
            (
                "“Social worker” has $40.00 spent without an obligation behind it. "
                "Book the contract or order it rests on.",
            ),
        ),
        (
            {"line_id": 2, "amount": "1,234.56"},
            (
                f"“Equipment” is now $1,034.56 over its budget of $200.00. {OVER}",
                "“Equipment” has $1,234.56 spent without an obligation behind it. "
                "Book the contract or order it rests on.",
            ),
        ),
        (
            {"kind": "obligation", "amount": "5", "on_date": date(2025, 12, 1)},
            (
                "1 Dec 2025 is outside the pilot (12 Jan 2026 to 11 Jan 2027). "
                "Say in the description why it belongs here.",
            ),
        ),
        (
            {"kind": "adjustment", "amount": "-5", "on_date": date(2026, 11, 12), "description": "credit"},
            ("12 Nov 2026 is after 10 Nov 2026, the grant's last day to spend.",),
        ),
    ],
)
def test_the_doubtful_is_stored_and_said(
    books: Engine, finance: Viewer, change: dict[str, Any], warnings: tuple[str, ...]
) -> None:
    with session_of(books, finance) as session:
        booked = record_entry(session, finance, entry(**change))
        assert booked.doubts == warnings
        assert session.get(LedgerEntry, booked.id) is not None


def test_what_the_books_refuse(books: Engine, finance: Viewer) -> None:
    with session_of(books, finance) as session:
        record_entry(session, finance, entry(invoice_number="17", amount="1,050"))
        for month in range(1, 10):
            close_month(session, finance, date(2026, month, 1))
        for change, sentences in (
            ({"line_id": 9}, {"line_id": "There is no budget line 9. Choose one from the list."}),
            (
                {"on_date": date(2026, 9, 30)},
                {
                    "on_date": "September 2026 is closed. Date an adjustment after 30 Sep 2026, or reopen the month.",
                },
            ),
            (
                {"kind": "obligation", "on_date": date(2026, 11, 1)},
                {
                    "on_date": "1 Nov 2026 is after 31 Oct 2026, the grant's last day to obligate. "
                    "This cannot be charged to the grant."
                },
            ),
            (
                {"invoice_number": "17", "payee": "HARBOR recovery center"},
                {
                    "invoice_number": "Invoice 17 of HARBOR recovery center is there already "
                    "($1,050.00, received 30 Oct 2026). Check the number, or void its entries first."
                },
            ),
            (
                {"invoice_number": "17", "line_id": 2},
                {
                    "invoice_number": "Invoice 17 of Harbor Recovery Center is there already "
                    "($1,050.00, received 30 Oct 2026). Check the number, or void its entries first."
                },
            ),
        ):
            with pytest.raises(Invalid) as refusal:
                record_entry(session, finance, entry(**change))
            assert refusal.value.errors == sentences
        void_entry(session, finance, VoidForm(entry_id=1, reason="wrong sum"))
        record_entry(session, finance, entry(invoice_number="17", amount="1,005"))
    assert totals(books) == {
        "Social worker": ("0.00", "1005.00", "-5.00"),
        "Equipment": ("0.00", "0.00", "200.00"),
    }


def test_an_entry_is_voided_once_by_a_counter_entry(books: Engine, finance: Viewer) -> None:
    with session_of(books, finance) as session:
        booked = session.get_one(LedgerEntry, record_entry(session, finance, entry(amount="12.34")).id)
        counter = void_entry(session, finance, VoidForm(entry_id=booked.id, reason="booked twice"))
        assert (counter.amount, counter.on_date, counter.void_reason, counter.kind) == (
            Decimal("-12.34"),
            booked.on_date,
            "booked twice",
            EntryKind.expenditure,
        )
        for number, kind, sentence in (
            (booked.id, Conflict, "Entry 1 has been voided already. Nothing was changed."),
            (
                counter.id,
                Conflict,
                "Entry 2 is itself the void of entry 1 and cannot be voided. Book the right amount as a new entry.",
            ),
            (99, NotFound, "There is no entry 99 in the ledger. Reload the page."),
        ):
            with pytest.raises(kind, match=f"^{sentence}$"):
                void_entry(session, finance, VoidForm(entry_id=number, reason="again"))
    assert totals(books)["Social worker"] == ("0.00", "0.00", "1000.00")


def test_the_void_of_an_entry_in_a_closed_month_falls_on_today(books: Engine, finance: Viewer) -> None:
    with session_of(books, finance) as session:
        booked = record_entry(session, finance, entry(on_date=date(2026, 1, 20)))
        close_month(session, finance, date(2026, 1, 1))
        assert void_entry(session, finance, VoidForm(entry_id=booked.id, reason="typo")).on_date == finance.today


def test_months_are_closed_in_order_and_reopened(books: Engine, finance: Viewer) -> None:
    with session_of(books, finance) as session:

        def refused(act: Callable[[], object], sentence: str) -> None:
            with pytest.raises(Conflict) as refusal:
                act()
            assert str(refusal.value) == sentence

        def reopen(month: date) -> None:
            reopen_month(session, finance, ReopenForm(month=month, reason="late invoice"))

        refused(
            lambda: close_month(session, finance, date(2026, 3, 9)),
            "January 2026 is still open. Months are closed in order: close January 2026 first.",
        )
        for month in range(1, 11):
            close_month(session, finance, date(2026, month, 1))
        assert closed_through(session) == date(2026, 10, 31)
        refused(
            lambda: close_month(session, finance, date(2026, 11, 1)),
            "November 2026 is not over. It can be closed from 1 Dec 2026.",
        )
        refused(
            lambda: close_month(session, finance, date(2026, 10, 1)),
            "October 2026 is closed already. The next to close is November 2026.",
        )
        refused(lambda: reopen(date(2026, 11, 1)), "November 2026 is open. There is nothing to reopen.")
        refused(
            lambda: reopen(date(2025, 12, 1)),
            "December 2025 was never closed: the books begin later. There is nothing to reopen.",
        )
        reopen(date(2026, 10, 1))
        assert closed_through(session) == date(2026, 9, 30)
    with aggregate_session(books) as session:
        last = session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc())).first()
        assert last is not None
        assert (last.action, last.subject, last.detail) == (
            "reopen month",
            "month 2026-10",
            {"reason": "late invoice"},
        )


def test_a_month_is_reopened_with_every_later_one_and_each_closing_stays(books: Engine, finance: Viewer) -> None:
    with session_of(books, finance) as session:
        for month in range(1, 11):
            close_month(session, finance, date(2026, month, 1))
        session.add(QuarterFiling(quarter=date(2026, 7, 1), version=1, filed_at=NOW, filed_by="finance", worksheet={}))
        session.commit()
        saved = reopen_month(session, finance, ReopenForm(month=date(2026, 8, 14), reason="late invoice"))
        assert saved.doubts == (
            "The report of the quarter to 30 Sep 2026 was filed by finance. It keeps its figures: what is booked "
            "there now stands as a difference beside it until it is filed again.",
        )
        assert closed_through(session) == date(2026, 7, 31)
        opened = session.scalars(select(MonthClose).where(MonthClose.reopened_at.is_not(None))).all()
        assert [(c.month.month, c.reopen_reason, c.reopened_at) for c in opened] == [
            (month, "late invoice", finance.now) for month in (8, 9, 10)
        ]
        close_month(session, finance, date(2026, 8, 1))
        assert session.scalar(select(func.count(MonthClose.id))) == 11
        detail = audited(books, "reopen month").detail
        assert detail == {"reason": "late invoice", "later": ["2026-09", "2026-10"]}


def test_only_finance_writes_and_the_refusal_is_audited(books: Engine, viewer: Callable[..., Viewer]) -> None:
    with session_of(books, viewer(Role.finance)) as session:
        booked = record_entry(session, viewer(Role.finance), entry())
    for role in set(Role) - {Role.finance}:
        someone = viewer(role)
        with session_of(books, someone) as session:
            for act in (
                lambda s=session, v=someone: record_entry(s, v, entry()),
                lambda s=session, v=someone: void_entry(s, v, VoidForm(entry_id=booked.id, reason="no")),
                lambda s=session, v=someone: close_month(s, v, date(2026, 1, 1)),
                lambda s=session, v=someone: reopen_month(s, v, ReopenForm(month=date(2026, 1, 1), reason="no")),
            ):
                with pytest.raises(Forbidden):
                    act()
    with aggregate_session(books) as session:
        refused = session.scalars(select(AuditEntry.actor).where(AuditEntry.outcome == "refused")).all()
        assert len(refused) == 4 * (len(Role) - 1)
        assert len(session.scalars(select(LedgerEntry)).all()) == 1
