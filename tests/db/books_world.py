"""A small set of books, for the tests of what writes money: two lines, a grant, who asks and who decides."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import uuid4

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from db.access import Viewer, viewer_for
from db.commands.contracts import sign_contract
from db.commands.desk import Saved
from db.commands.invoices import receive_invoice
from db.engine import aggregate_session, record_session
from db.forms import checked
from db.forms.invoices import ContractForm, InvoiceForm
from db.ledger import LineTotal, line_totals
from db.models import AuditEntry, BudgetLine, Grant, User
from db.vocab import Role
from tests.conftest import NOW

ACCOUNTS = {Role.finance: 1, Role.chief: 2}
"""Role → id of its account: the first two that are made."""
PROVIDER = "Harbor Recovery Center"


def settle_books(bind: Engine) -> None:
    """Two lines, $1,000 and $200, under a grant that can be obligated until 31 Oct 2026; finance and the chief."""
    with aggregate_session(bind) as session:
        session.add_all(
            [
                BudgetLine(name="Social worker", amount=Decimal("1000"), position=1),
                BudgetLine(name="Equipment", amount=Decimal("200"), position=2),
                Grant(
                    name="Award",
                    amount=Decimal("1200"),
                    awarded_on=date(2025, 11, 1),
                    obligate_by=date(2026, 10, 31),
                    expend_by=date(2026, 11, 10),
                    retain_until=date(2031, 12, 31),
                ),
            ]
        )
        session.add_all(
            User(
                username=role.value,
                name=role.value,
                role=role,
                password_hash="none",
                created_at=NOW,
                password_set_at=NOW,
            )
            for role in ACCOUNTS
        )
        session.commit()


def somebody(role: Role) -> Viewer:
    """A signed-in person of the books' accounts at ``NOW``; of another role, one without an account."""
    return viewer_for(role, name=role.value, now=NOW, today=NOW.date(), user_id=ACCOUNTS.get(role), staff_id=None)


@contextmanager
def session_of(bind: Engine, viewer: Viewer) -> Iterator[Session]:
    with record_session(bind, viewer) as session:
        yield session


def key() -> str:
    return str(uuid4())


def contract(**change: Any) -> ContractForm:
    values = {
        "number": "C-1",
        "payee": PROVIDER,
        "kind": "subaward",
        "signed_on": date(2026, 1, 5),
        "starts_on": date(2026, 1, 12),
        "ends_on": date(2026, 11, 10),
        "parts": [{"line_id": 1, "amount": "900"}, {"line_id": 2, "amount": "150"}],
        "submit_key": key(),
    }
    return checked(ContractForm, values | change)


def invoice(**change: Any) -> InvoiceForm:
    values = {
        "payee": PROVIDER,
        "number": "17",
        "service_from": date(2026, 10, 1),
        "service_to": date(2026, 10, 31),
        "received_on": date(2026, 11, 4),
        "due_on": date(2026, 12, 4),
        "parts": [{"line_id": 1, "amount": "90.10"}, {"line_id": 2, "amount": "9.90", "one_off": True}],
        "submit_key": key(),
    }
    return checked(InvoiceForm, values | change)


def received(bind: Engine, **change: Any) -> Saved:
    """An invoice that waits, under the contract."""
    finance = somebody(Role.finance)
    with session_of(bind, finance) as session:
        signed = sign_contract(session, finance, contract())
        return receive_invoice(session, finance, invoice(contract_id=signed.id) if not change else invoice(**change))


def lines_of(bind: Engine, until: date | None = None) -> dict[int, LineTotal]:
    with aggregate_session(bind) as session:
        return {total.line_id: total for total in line_totals(session, until)}


def audited(bind: Engine, action: str) -> AuditEntry:
    """The last audit entry of an action."""
    with aggregate_session(bind) as session:
        found = select(AuditEntry).where(AuditEntry.action == action).order_by(AuditEntry.id.desc())
        return session.scalars(found.limit(1)).one()
