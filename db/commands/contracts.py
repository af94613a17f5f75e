"""Contracts, subawards and orders, with what they obligate; what the Treasury asks of who is paid."""

from collections.abc import Iterator
from decimal import Decimal

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db.access import Permission, Viewer
from db.commands import books
from db.commands.base import write
from db.commands.desk import Saved, once
from db.forms import Now, day
from db.forms.invoices import ContractForm, PayeeForm
from db.ledger import payee_key, the_grant
from db.models import Contract, LedgerEntry, Payee, Pilot
from db.pilot import the_pilot
from db.vocab import EntryKind, Scope

ITEMIZED = Decimal("50000.00")
"""Awards over this many dollars are reported one by one, with who is paid (measures.md, section 6)."""


def sign_contract(session: Session, viewer: Viewer, form: ContractForm) -> Saved:
    """Store a contract and the obligation of each of its parts, dated the day it was signed; the id is the contract's.

    The same ``submit_key`` again returns the contract that is there. Raises Invalid for a number that is taken,
    an unknown line, a signing in a closed month or after the grant's last day to obligate.
    """
    return once(session, Contract, form.submit_key, lambda: _sign(session, viewer, form))


def _sign(session: Session, viewer: Viewer, form: ContractForm) -> Saved:
    with write(session, viewer, Permission.write_money, "sign contract", Scope.money) as note:
        books.alone(session)
        pilot = the_pilot(session)
        form.check(Now.of(pilot, viewer.now))
        books.refuse(_refusals(session, form))
        contract = Contract(**form.model_dump(exclude={"parts"}))
        session.add(contract)
        session.flush()
        entries = [
            LedgerEntry(
                line_id=part.line_id,
                kind=EntryKind.obligation,
                amount=part.amount,
                on_date=form.signed_on,
                payee=form.payee,
                contract_id=contract.id,
                description=part.description or form.description[:200],
                one_off=part.one_off,
                created_at=viewer.now,
                created_by=viewer.user_id,
            )
            for part in form.parts
        ]
        session.add_all(entries)
        session.flush()
        note.subject = f"contract {contract.id}"
        note.detail = {"number": contract.number, "kind": contract.kind.value, "amount": str(form.total)}
        doubts = (*books.entry_doubts(session, pilot, entries, dated=False), *_doubts(session, pilot, form))
        return Saved(contract.id, doubts)


def _refusals(session: Session, form: ContractForm) -> Iterator[tuple[str, str]]:
    wanted = func.lower(Contract.number) == form.number.lower()
    if (twin := session.scalars(select(Contract).where(wanted)).first()) is not None:
        yield (
            "number",
            f"{form.number} is the number of the contract with {twin.payee} of {day(twin.signed_on)}. "
            "Check the number; an extension gets a number of its own.",
        )
    for part in form.parts:
        yield from books.unknown_line(session, part.line_id, "parts")
    yield from books.closed_day(session, form.signed_on, "signed_on")
    yield from books.too_late_to_obligate(session, form.signed_on, "signed_on")


def _doubts(session: Session, pilot: Pilot, form: ContractForm) -> Iterator[str]:
    """It is signed before the pilot begins, as a rule: what lies outside is judged by the contract's own days."""
    if form.starts_on > pilot.ends_on or form.ends_on < pilot.starts_on:
        yield (
            f"The contract runs from {day(form.starts_on)} to {day(form.ends_on)}, outside the pilot "
            f"({day(pilot.starts_on)} to {day(pilot.ends_on)}). Say in the description why it belongs here."
        )
    grant = the_grant(session)
    if grant and form.ends_on > grant.expend_by:
        yield (
            f"The contract runs to {day(form.ends_on)}, past {day(grant.expend_by)}, the grant's last day to spend. "
            "What is rendered after it needs other money."
        )
    payee = session.scalars(select(Payee).where(Payee.key == payee_key(form.payee))).first()
    missing = [name for name in ("uei", "ein", "kind") if payee is None or not getattr(payee, name)]
    if form.total > ITEMIZED and missing:
        names = " and ".join(name.upper() if name != "kind" else "type" for name in missing)
        yield (
            f"An award over ${ITEMIZED:,.0f} is itemized in the quarterly report: "
            f"the {names} of {form.payee} is missing. Add it to the payee."
        )


def save_payee(session: Session, viewer: Viewer, form: PayeeForm) -> Saved:
    """Store what is known of a payee, found by its name without case and surplus spaces."""
    with write(session, viewer, Permission.write_money, "save payee", Scope.money) as note:
        books.alone(session)
        form.check(Now.of(the_pilot(session), viewer.now))
        payee = session.scalars(select(Payee).where(Payee.key == payee_key(form.name))).first()
        payee = payee or Payee(key=payee_key(form.name))
        changed = {}
        for name, value in form.model_dump().items():
            if (old := getattr(payee, name)) != value:
                changed[name] = [old, value]
                setattr(payee, name, value)
        session.add(payee)
        session.flush()
        note.subject = f"payee {payee.id}"
        note.detail = {name: values for name, values in changed.items() if name != "name"}
        return Saved(payee.id, again=not changed)
