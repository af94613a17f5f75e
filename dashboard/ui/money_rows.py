"""The rows of an invoice or a contract: what it asks of each budget line, as many rows as there are lines to it."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, TypeVar

import streamlit as st

from dashboard.ui import forms, money_parts
from db.errors import Invalid
from db.forms import Form, checked
from db.forms.invoices import PartForm
from db.forms.money import read_amount
from db.ledger import ZERO

F = TypeVar("F", bound=Form)
Typed = Mapping[int, Mapping[str, Any]]
"""Row number → what stands in its fields."""


def rows(form: forms.Draft, lines: Mapping[int, str], *, one_off: bool = True) -> Typed:
    """Draw the rows, the buttons that add and drop one, and the running total. Returns what is typed."""
    numbers, typed = _numbers(form), {}
    for place, number in enumerate(numbers, start=1):
        with st.container(border=True, gap="xsmall", key=form.key(f"row-{number}")):
            typed[number] = _row(form, number, place, lines, one_off=one_off, alone=len(numbers) == 1)
    form.wrong("parts")
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            "Add a part",
            key=form.key("add-part"),
            icon=":material/add:",
            on_click=form.keep,
            args=("rows", [*numbers, max(numbers) + 1]),
        )
        st.markdown(_total([row["amount"] for row in typed.values()]), width="stretch", text_alignment="right")
    return typed


def begin(form: forms.Draft, wanted: Sequence[Mapping[str, Any]]) -> None:
    """Callback: as many rows as ``wanted``, filled with it."""
    fields = {f"part-{n}-{name}": value for n, row in enumerate(wanted, start=1) for name, value in row.items()}
    form.fill(fields)
    form.keep("rows", list(range(1, len(wanted) + 1)))


def _numbers(form: forms.Draft) -> list[int]:
    kept = form.kept("rows")
    return [int(number) for number in kept] if isinstance(kept, list) and kept else [1]


def _row(
    form: forms.Draft, number: int, place: int, lines: Mapping[int, str], *, one_off: bool, alone: bool
) -> dict[str, Any]:
    name = f"part-{number}-"
    line, amount, words = st.columns([5, 3, 5])
    with line:
        line_id = money_parts.pick(form, f"{name}line_id", f"Line of part {place}", list(lines), lines)
    with amount:
        dollars = money_parts.amount(form, f"{name}amount", f"Amount of part {place}")
    with words:
        said = forms.text(form, f"{name}description", f"What part {place} is for", max_chars=200)
    values = {"line_id": line_id, "amount": dollars, "description": said, "one_off": False}
    if one_off or not alone:
        with st.container(horizontal=True, vertical_alignment="center"):
            if one_off:
                values["one_off"] = st.checkbox(
                    f"Part {place} is a one-off cost",
                    key=form.key(f"{name}one_off"),
                    help="Equipment or training: left out of the projected daily rate.",
                    width="stretch",
                )
            if not alone:
                rest = [other for other in _numbers(form) if other != number]
                st.button(
                    f"Drop part {place}",
                    key=form.key(f"{name}drop"),
                    icon=":material/close:",
                    type="tertiary",
                    on_click=form.keep,
                    args=("rows", rest),
                )
    return values


def _total(amounts: Sequence[str]) -> str:
    total, unread = ZERO, 0
    for typed in amounts:
        try:
            total += read_amount(typed) if typed else Decimal(0)
        except ValueError:
            unread += 1
    said = f"Total **{money_parts.cents(total)}**"
    return f"{said} :orange[without {unread} that cannot be read]" if unread else said


def whole(kind: type[F], values: Mapping[str, Any], typed: Typed) -> F:
    """The form with its rows. Raises Invalid with every wrong field at once: of a row as ``part-2-amount``.

    An empty row is no row, unless it is the only one.
    """
    filled = {number: row for number, row in typed.items() if any(row.values())} or dict(list(typed.items())[:1])
    broken, parts = {}, []
    for number, row in filled.items():
        try:
            parts.append(checked(PartForm, row).model_dump())
        except Invalid as error:
            broken |= {f"part-{number}-{name}": _said(name, sentence) for name, sentence in error.errors.items()}
    try:
        form = checked(kind, {**values, "parts": parts})
    except Invalid as error:
        raise Invalid({**error.errors, **broken}) from None
    if broken:
        raise Invalid(broken)
    return form


def _said(name: str, sentence: str) -> str:
    return "Choose the budget line of this part." if name == "line_id" else sentence
