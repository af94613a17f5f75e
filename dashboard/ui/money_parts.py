"""What the parts of the Budget page share: fields of a form, what was just done, names of lines and people."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Literal, TypeVar

import streamlit as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from dashboard import words
from dashboard.ui import forms, session
from dashboard.ui.exhibit import plain
from db.access import Viewer
from db.commands.desk import Saved
from db.engine import record_session
from db.ledger import payee_key
from db.models import BudgetLine, Contract, Invoice, LedgerEntry, Payee, User

F = TypeVar("F")
_TOLD = "budget.told"


@dataclass(frozen=True, slots=True)
class _Told:
    place: str
    words: str
    doubts: tuple[str, ...]


def tell(place: str, said: str, doubts: Iterable[str] = ()) -> None:
    """What was just done, with what is worth a look, for :func:`told` to show at ``place``."""
    session.remember(_TOLD, _Told(place, said, tuple(doubts)))


def told(place: str) -> None:
    """What was done here last, until something else is done or another part of the page is opened."""
    done = session.recall(_TOLD)
    if not isinstance(done, _Told):
        return
    if done.place != place:
        session.forget(_TOLD)
        return
    st.success(plain(done.words), icon=":material/check:")
    for doubt in done.doubts:
        st.warning(plain(doubt), icon=":material/help:")


def commit(who: Viewer, command: Callable[[Session, Viewer, F], Saved | object], asked: F) -> Saved:
    """Run a command in a session of its own; what is no :class:`Saved` becomes one of number 0."""
    with record_session(session.bind(), who) as database:
        made = command(database, who, asked)
        return made if isinstance(made, Saved) else Saved(0)


# --- fields ----------------------------------------------------------------------------------------------


def pick(
    form: forms.Draft,
    name: str,
    title: str,
    options: Sequence[Any],
    titles: Mapping[Any, str] | None = None,
    *,
    new: bool = False,
    **more: Any,
) -> Any:
    """One of many; with ``new`` also what is typed."""
    picked = st.selectbox(
        title,
        list(options),
        format_func=lambda key: (titles or {}).get(key, str(key)),
        index=None,
        placeholder=more.pop("placeholder", "Choose, or type a new one" if new else "Choose one"),
        accept_new_options=new,
        key=form.key(name),
        **more,
    )
    form.wrong(name)
    return picked


def day(form: forms.Draft, name: str, title: str, **more: Any) -> date | None:
    """A day, empty until it is chosen."""
    picked = st.date_input(title, value=None, key=form.key(name), format="MM/DD/YYYY", **more)
    form.wrong(name)
    return picked if isinstance(picked, date) else None


def amount(form: forms.Draft, name: str, title: str = "Amount", **more: Any) -> str:
    """Dollars and cents as typed; the form reads them exactly."""
    return forms.text(form, name, title, **{"placeholder": "1,250.00", "icon": ":material/attach_money:"} | more)


def reason(form: forms.Draft, title: str, example: str, name: str = "reason") -> str:
    return forms.text(form, name, title, placeholder=example, max_chars=200)


def begin_about(form: forms.Draft, what: object, values: Mapping[str, Any]) -> None:
    """Fill the fields with what is known of ``what``, once it is chosen; what was typed about it before stays."""
    name = f"about.{form.name}"
    if session.recall(name) != (form.round, what) and not form.found_now:
        form.begin_with(values)
    session.remember(name, (form.round, what))


# --- words -----------------------------------------------------------------------------------------------


def cents(value: Decimal) -> str:
    """“$1,250.00”, ready for Markdown."""
    return plain(words.money(value, cents=True))


def tall(rows: int) -> int | Literal["content"]:
    """The height of a table: as high as it is, from a dozen rows on it scrolls."""
    return "content" if rows <= 12 else 420


def facts(*said: str) -> str:
    """What is known, on one line; what is empty is left out."""
    return " · ".join(part for part in said if part)


def period(first: date, last: date) -> str:
    """“1–31 Oct 2026”, or both days in full."""
    if first == last:
        return words.day(first)
    if (first.year, first.month) == (last.year, last.month):
        return f"{first.day}–{words.day(last)}"
    return f"{words.day(first)} to {words.day(last)}"


def month_name(month: date) -> str:
    """“October 2026”."""
    return f"{month:%B %Y}"


# --- what there is to choose from ------------------------------------------------------------------------


def lines(database: Session) -> dict[int, str]:
    """Budget lines in the budget's order."""
    rows = database.execute(select(BudgetLine.id, BudgetLine.name).order_by(BudgetLine.position, BudgetLine.id))
    return {row.id: row.name for row in rows}


def payees(database: Session) -> list[str]:
    """Everybody who was named as a payee so far."""
    named = {
        *database.scalars(select(LedgerEntry.payee).distinct()),
        *database.scalars(select(Invoice.payee).distinct()),
        *database.scalars(select(Contract.payee).distinct()),
        *database.scalars(select(Payee.name)),
    }
    return sorted(named, key=str.casefold)


def contracts_of(database: Session, payee: str | None) -> dict[int, str]:
    """The contracts with one payee, the newest first."""
    if not payee:
        return {}
    rows = database.scalars(select(Contract).order_by(Contract.signed_on.desc(), Contract.id.desc()))
    wanted = payee_key(payee)
    return {row.id: f"{row.number} · {row.description}"[:60] for row in rows if payee_key(row.payee) == wanted}


def people(database: Session) -> dict[int, str]:
    """Account → the name people know."""
    return {row.id: row.name for row in database.execute(select(User.id, User.name))}
