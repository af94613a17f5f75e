"""The city's finance export on both databases: matched, booked once, refused in the books' words, taken back whole."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from io import BytesIO
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from db.access import Viewer
from db.cad.refused import refused_csv
from db.cad.sniff import open_file
from db.commands.money import close_month, record_entry, reopen_month, void_entry
from db.commands.reconcile import book_row, correct_row, match_row, set_row_aside, undo_row
from db.commands.statement import (
    import_statement,
    save_statement_mapping,
    saved_statement_mapping,
    take_back_statement,
)
from db.engine import aggregate_session, record_session
from db.errors import Conflict, Forbidden, Invalid, NotFound, Unreadable
from db.forms import checked
from db.forms.money import EntryForm, ReopenForm, VoidForm
from db.forms.statement import (
    RowAsideForm,
    RowBookForm,
    RowCorrectForm,
    RowMatchForm,
    RowUndoForm,
    StatementBackForm,
    StatementMappingForm,
)
from db.ledger import line_totals
from db.models import AuditEntry, BudgetLine, Invoice, LedgerEntry, Statement, StatementRow
from db.statement.check import check_books, differences
from db.statement.ledger_file import ledger_csv, ledger_rows, ledger_xlsx
from db.statement.mapping import StatementColumns
from db.statement.reconcile import reconcile
from db.statement.report import StatementReport
from db.vocab import ImportStatus, Role

MAPPING = StatementColumns(
    {
        "date": ("Date",),
        "amount": ("Amount",),
        "payee": ("Vendor",),
        "invoice": ("Invoice",),
        "account": ("Account",),
    },
    {"51100": 1, "53000": 2, "90000": 0},
)
HEADER = "Date,Account,Vendor,Invoice,Amount\n"
OCTOBER = (
    HEADER + '10/31/2026,51100,Harbor Recovery,H-10,"8,250.00"\n'
    "10/13/2026,53000,Office World,77,1234.5\n"
    "10/20/2026,53000,Office World,77-C,(34.50)\n"
    "10/20/2026,90000,Parks Supply,1,99.00\n"
    "10/31/2026,51100,Harbor Recovery,H-11,12.345\n"
)


@pytest.fixture
def books(small_pilot: Engine) -> Engine:
    with aggregate_session(small_pilot) as session:
        session.add_all(
            [
                BudgetLine(id=1, name="Social worker", amount=Decimal(96_000), position=1),
                BudgetLine(id=2, name="Equipment", amount=Decimal(12_500), position=2),
            ]
        )
        session.commit()
    return small_pilot


@pytest.fixture
def finance(viewer: Callable[..., Viewer]) -> Viewer:
    return viewer(Role.finance)


@contextmanager
def opened(bind: Engine, who: Viewer) -> Iterator[Session]:
    with record_session(bind, who) as session:
        yield session


def load(bind: Engine, who: Viewer, text: str, mapping: StatementColumns = MAPPING, **more: Any) -> StatementReport:
    with opened(bind, who) as session:
        return import_statement(session, who, BytesIO(text.encode()), mapping, name="october.csv", **more)


def book(bind: Engine, who: Viewer, **change: Any) -> int:
    values = {
        "kind": "expenditure",
        "line_id": 1,
        "amount": "8,250.00",
        "on_date": date(2026, 10, 25),
        "payee": "Harbor Recovery",
        "invoice_number": "H-10",
        "submit_key": str(uuid4()),
    }
    with opened(bind, who) as session:
        return record_entry(session, who, checked(EntryForm, values | change)).id


def counts(report: StatementReport) -> tuple[int, ...]:
    assert report.rows_read == (
        report.matched
        + report.booked
        + len(report.differing)
        + report.already_there
        + report.left_out
        + len(report.refused)
    )
    return (report.matched, report.booked, len(report.differing), report.already_there, len(report.refused))


def spent(bind: Engine) -> dict[str, str]:
    with aggregate_session(bind) as session:
        return {line.name: str(line.spent) for line in line_totals(session)}


def stored(bind: Engine) -> tuple[int, int, int, int]:
    with aggregate_session(bind) as session:
        tables = (LedgerEntry, Invoice, Statement, StatementRow)
        return tuple(session.scalar(select(func.count(table.id))) or 0 for table in tables)  # type: ignore[return-value]


def test_what_is_there_is_matched_what_is_missing_booked_and_the_same_file_adds_nothing(
    books: Engine, finance: Viewer
) -> None:
    there = book(books, finance)
    tried = load(books, finance, OCTOBER, dry_run=True)
    assert counts(tried) == (1, 2, 0, 0, 1)
    assert tried.sentence() == (
        "5 rows read, 1 matched to the ledger, 2 would be booked, 1 of other accounts left out, 1 refused."
    )
    assert stored(books) == (1, 1, 0, 0)

    report = load(books, finance, OCTOBER)
    assert counts(report) == (1, 2, 0, 0, 1)
    assert [(one.line, one.reason) for one in report.refused] == [
        (6, "12.345 has a fraction of a cent. The books hold two decimals: correct it, or leave it out.")
    ]
    assert spent(books) == {"Social worker": "8250.00", "Equipment": "1200.00"}
    with aggregate_session(books) as session:
        rows = session.scalars(select(StatementRow).order_by(StatementRow.line_number)).all()
        assert [(row.line_number, row.entry_id == there, row.booked) for row in rows] == [
            (2, True, False),
            (3, False, True),
            (4, False, True),
        ]
        kinds = [(str(e.amount), e.kind.value, e.description) for e in session.scalars(select(LedgerEntry))]
    assert kinds[1:] == [
        ("1234.50", "expenditure", ""),
        ("-34.50", "adjustment", "Invoice 77-C: As in the city's books"),
    ]

    before = stored(books)
    again = load(books, finance, OCTOBER)
    assert counts(again) == (0, 0, 0, 3, 1)
    assert again.statement_id is None
    assert stored(books) == before

    overlapping = OCTOBER + "11/02/2026,53000,Office World,78,10.00\n"
    assert counts(load(books, finance, overlapping)) == (0, 1, 0, 3, 1)
    assert spent(books)["Equipment"] == "1210.00"


def test_two_equal_rows_of_a_file_are_two_and_stay_two_in_an_overlapping_file(books: Engine, finance: Viewer) -> None:
    twice = HEADER + "10/13/2026,53000,Office World,,5.00\n10/13/2026,53000,Office World,,5.00\n"
    assert counts(load(books, finance, twice)) == (0, 2, 0, 0, 0)
    assert counts(load(books, finance, twice + "10/13/2026,53000,Office World,,5.00\n")) == (0, 1, 0, 2, 0)
    assert spent(books)["Equipment"] == "15.00"


def test_the_refused_rows_are_a_file_to_mend_and_load_again(books: Engine, finance: Viewer) -> None:
    report = load(books, finance, OCTOBER)
    mend = "".join(refused_csv(open_file(BytesIO(OCTOBER.encode()), "october.csv"), MAPPING, report.refused))
    assert mend.splitlines() == [
        "refused_line,refused_reason,Date,Account,Vendor,Invoice,Amount",
        '6,"12.345 has a fraction of a cent. The books hold two decimals: correct it, or leave it out.",'
        "10/31/2026,51100,Harbor Recovery,H-11,12.345",
    ]
    assert counts(load(books, finance, mend.replace("12.345\r", "12.34\r"))) == (0, 1, 0, 0, 0)


def test_an_invoice_on_two_lines_is_one_invoice_with_two_parts(books: Engine, finance: Viewer) -> None:
    text = HEADER + "10/31/2026,51100,Harbor Recovery,H-9,60.00\n10/31/2026,53000,Harbor Recovery,H-9,40.00\n"
    assert counts(load(books, finance, text)) == (0, 2, 0, 0, 0)
    with aggregate_session(books) as session:
        (invoice,) = session.scalars(select(Invoice)).all()
        assert [(part.line_id, str(part.amount)) for part in invoice.parts] == [(1, "60.00"), (2, "40.00")]
        assert [(entry.line_id, str(entry.amount)) for entry in invoice.entries] == [(1, "60.00"), (2, "40.00")]
        assert not check_books(session).differs


def test_what_the_books_refuse_is_refused_in_their_words_and_the_rest_is_loaded(books: Engine, finance: Viewer) -> None:
    book(books, finance, on_date=date(2026, 1, 20), invoice_number="H-1", amount="5")
    with opened(books, finance) as session:
        close_month(session, finance, date(2026, 1, 1))
    text = HEADER + (
        "01/31/2026,51100,Harbor Recovery,H-2,7.00\n"
        "10/31/2026,51100,Harbor Recovery,H-3,8.00\n"
        "10/30/2026,51100,Harbor Recovery,H-3,8.00\n"
        "12/31/2026,51100,Harbor Recovery,H-4,9.00\n"
        "10/31/2026,51100,,H-5,9.00\n"
    )
    report = load(books, finance, text)
    assert [(one.line, one.reason) for one in report.refused] == [
        (2, "January 2026 is closed. Date an adjustment after 31 Jan 2026, or reopen the month."),
        (
            4,
            "Invoice H-3 of Harbor Recovery is there already ($8.00, received 31 Oct 2026). "
            "Check the number, or void its entries first.",
        ),
        (5, "31 Dec 2026 has not come yet (today is 14 Nov 2026). Check the date."),
        (6, "Write who is paid."),
    ]
    assert counts(report) == (0, 1, 0, 0, 4)
    with opened(books, finance) as session:
        reopen_month(session, finance, ReopenForm(month=date(2026, 1, 1), reason="late invoice"))
    assert counts(load(books, finance, text)) == (0, 1, 0, 1, 3)


def test_an_obligation_is_matched_but_never_booked(books: Engine, finance: Viewer) -> None:
    book(books, finance, kind="obligation", amount="500", invoice_number="", on_date=date(2026, 10, 1))
    columns = {**MAPPING.columns, "kind": ("Kind",)}
    text = (
        "Date,Account,Vendor,Invoice,Amount,Kind\n"
        "10/15/2026,51100,Harbor Recovery,,500.00,Encumbrance\n"
        "10/02/2026,51100,Harbor Recovery,,600.00,PO\n"
    )
    report = load(books, finance, text, StatementColumns(columns, MAPPING.accounts))
    assert counts(report) == (1, 0, 0, 0, 1)
    assert report.refused[0].reason.startswith("An encumbrance is never booked from a file")


def test_an_account_that_nobody_said_the_line_of_is_asked_before_anything_is_stored(
    books: Engine, finance: Viewer
) -> None:
    with pytest.raises(Unreadable, match=r"“53000” \(2 rows, 1,200\.00\)\? Say --accounts"):
        load(books, finance, OCTOBER, StatementColumns(MAPPING.columns, {"51100": 1, "90000": 0}))
    assert stored(books) == (0, 0, 0, 0)
    every = StatementColumns(MAPPING.columns, {"51100": 1, "*": 2})
    assert counts(load(books, finance, OCTOBER, every)) == (0, 4, 0, 0, 1)


def test_a_load_is_taken_back_whole_by_counter_entries_and_may_come_again(books: Engine, finance: Viewer) -> None:
    book(books, finance)
    report = load(books, finance, OCTOBER)
    assert report.statement_id
    back = StatementBackForm(statement_id=report.statement_id, reason="wrong file")
    with opened(books, finance) as session:
        assert take_back_statement(session, finance, back).startswith("2 entries it had booked were voided.")
        with pytest.raises(Conflict, match=r"Load 1 \(october.csv\) was taken back before\."):
            take_back_statement(session, finance, back)
        with pytest.raises(NotFound):
            take_back_statement(session, finance, StatementBackForm(statement_id=99, reason="x"))
    assert spent(books) == {"Social worker": "8250.00", "Equipment": "0.00"}
    with aggregate_session(books) as session:
        assert session.get_one(Statement, 1).status is ImportStatus.taken_back
        reasons = session.scalars(select(LedgerEntry.void_reason).where(LedgerEntry.voids_id.is_not(None))).all()
        assert set(reasons) == {"Load 1 taken back: wrong file"}
        assert not check_books(session).failures
    assert counts(load(books, finance, OCTOBER)) == (1, 2, 0, 0, 1)
    assert spent(books)["Equipment"] == "1200.00"


def test_differences_are_listed_and_each_is_settled_by_one_action(books: Engine, finance: Viewer) -> None:
    book(books, finance, amount="8,520.00")  # the city has 8,250.00 of this invoice
    alone = book(books, finance, line_id=2, payee="Radio Works", invoice_number="R-1", amount="60")
    report = load(books, finance, OCTOBER, book=False)
    assert counts(report) == (0, 0, 3, 0, 1)
    assert [one.reason for one in report.differing] == [
        "Invoice H-10 of Harbor Recovery is in the ledger, but not so: $8,520.00 there.",
        "Only the city has this.",
        "Only the city has this.",
    ]
    with opened(books, finance) as session:
        found = reconcile(session)
        assert [(str(one.city), str(one.ledger), str(one.difference)) for one in found.by_line] == [
            ("8250.00", "8520.00", "-270.00"),
            ("1200.00", "60.00", "1140.00"),
        ]
        assert [pair.why for pair in found.near] == ["another amount"]
        chairs, credit = found.only_city
        assert [entry.id for entry in found.only_ledger] == [alone]
        assert len(list(differences(found))) == found.open == 4

        with pytest.raises(Conflict, match=r"The row is \$1,234.50 and entry 2 is \$60.00"):
            match_row(session, finance, RowMatchForm(row_id=chairs.id, entry_id=alone))
        booked = book_row(session, finance, RowBookForm(row_id=chairs.id, line_id=2))
        with pytest.raises(Conflict, match="This row is entry 3 already"):
            set_row_aside(session, finance, RowAsideForm(row_id=chairs.id, reason="x"))
        set_row_aside(session, finance, RowAsideForm(row_id=credit.id, reason="belongs to parks"))
        found = reconcile(session)
        assert (found.only_city, [row.aside_reason for row in found.aside]) == ((), ["belongs to parks"])
        assert [str(one.difference) for one in found.by_line] == ["-270.00", "-60.00"]

        undo_row(session, finance, RowUndoForm(row_id=chairs.id, reason="not ours"))
        undo_row(session, finance, RowUndoForm(row_id=credit.id, reason="it is ours"))
        assert len(reconcile(session).only_city) == 2
        assert session.get_one(LedgerEntry, booked.id).amount == Decimal("1234.50")
    assert spent(books)["Equipment"] == "60.00"


def test_where_the_city_is_right_the_entry_is_voided_and_the_row_booked_both_or_neither(
    books: Engine, finance: Viewer
) -> None:
    wrong = book(books, finance, amount="8,520.00")
    load(books, finance, OCTOBER, book=False)
    with opened(books, finance) as session:
        (pair,) = reconcile(session).near
        right = {"row_id": pair.row.id, "entry_id": wrong, "reason": "figures transposed"}
        with pytest.raises(NotFound, match="There is no budget line 9"):
            correct_row(session, finance, RowCorrectForm(**right, line_id=9))
        assert reconcile(session).near[0].entry.id == wrong, "the void went with the refusal"
        correct_row(session, finance, RowCorrectForm(**right, line_id=1))
        assert (reconcile(session).near, check_books(session).failures) == ((), ())
    assert spent(books)["Social worker"] == "8250.00"


def test_a_row_is_matched_by_hand_and_an_entry_voided_later_opens_it_again(books: Engine, finance: Viewer) -> None:
    number = book(books, finance, line_id=2, payee="O. World", invoice_number="", amount="1234.50")
    load(books, finance, OCTOBER, book=False)
    with opened(books, finance) as session:
        chairs = next(row for row in reconcile(session).only_city if row.amount == Decimal("1234.50"))
        match_row(session, finance, RowMatchForm(row_id=chairs.id, entry_id=number))
        assert chairs.id in {row.id for row in reconcile(session).matched}
        other = next(iter(reconcile(session).only_city))
        with pytest.raises(Conflict):
            match_row(session, finance, RowMatchForm(row_id=other.id, entry_id=number))
        void_entry(session, finance, VoidForm(entry_id=number, reason="typo"))
        assert chairs.id in {row.id for row in reconcile(session).only_city}


def test_the_ledger_goes_out_and_comes_in_again_as_it_was(books: Engine, finance: Viewer) -> None:
    book(books, finance, kind="obligation", amount="9000", invoice_number="", on_date=date(2026, 10, 1))
    book(books, finance)
    wrong = book(books, finance, line_id=2, payee="=cmd()|Print", invoice_number="-1", amount="0.10")
    with opened(books, finance) as session:
        void_entry(session, finance, VoidForm(entry_id=wrong, reason="typo"))
        rows = ledger_rows(session)
        assert len(ledger_rows(session, date(2026, 10, 1), date(2026, 10, 1))) == 1
    again = StatementColumns(
        {
            "date": ("Date",),
            "amount": ("Amount",),
            "payee": ("Payee",),
            "invoice": ("Invoice number",),
            "account": ("Line",),
            "kind": ("Kind",),
        }
    )
    for content in (ledger_csv(rows), ledger_xlsx(rows)):
        with opened(books, finance) as session:
            report = import_statement(session, finance, BytesIO(content), again, name="ledger", dry_run=True)
        assert counts(report) == (4, 0, 0, 0, 0)


def test_a_mapping_is_remembered_with_its_accounts(books: Engine, finance: Viewer) -> None:
    with opened(books, finance) as session:
        for mapping in (StatementColumns(MAPPING.columns), MAPPING):
            save_statement_mapping(session, finance, StatementMappingForm(name="Monthly"), mapping)
        assert saved_statement_mapping(session, "monthly")[0] == MAPPING
        with pytest.raises(NotFound, match="Saved: “Monthly”"):
            saved_statement_mapping(session, "Yearly")


def test_only_finance_loads_and_settles_and_the_refusal_is_audited(
    books: Engine, viewer: Callable[..., Viewer]
) -> None:
    for role in set(Role) - {Role.finance}:
        someone = viewer(role)
        with opened(books, someone) as session:
            for act in (
                lambda s=session, v=someone: import_statement(s, v, BytesIO(b"x"), MAPPING),
                lambda s=session, v=someone: take_back_statement(s, v, StatementBackForm(statement_id=1, reason="x")),
                lambda s=session, v=someone: match_row(s, v, RowMatchForm(row_id=1, entry_id=1)),
                lambda s=session, v=someone: book_row(s, v, RowBookForm(row_id=1, line_id=1)),
                lambda s=session, v=someone: set_row_aside(s, v, RowAsideForm(row_id=1, reason="x")),
                lambda s=session, v=someone: undo_row(s, v, RowUndoForm(row_id=1, reason="x")),
            ):
                with pytest.raises(Forbidden):
                    act()
    with aggregate_session(books) as session:
        refused = session.scalar(select(func.count(AuditEntry.id)).where(AuditEntry.outcome == "refused"))
    assert refused == 6 * (len(Role) - 1)


def test_a_load_that_breaks_leaves_nothing_behind(books: Engine, finance: Viewer) -> None:
    def breaks(done: int, of: int) -> None:
        if done == 3:
            raise Invalid({"row": "stop"})

    with pytest.raises(Invalid):
        load(books, finance, OCTOBER, progress=breaks)
    assert stored(books) == (0, 0, 0, 0)
