"""The rules on the Calls page: their order and dates, what each catches, what a change would move, and its undo."""

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

import pandas as pd
import streamlit as st
from sqlalchemy import select

from dashboard.ui import data, exhibit, session
from db import vocab
from db.access import Viewer
from db.cad.rule_effects import Catch, Move, catches, trial
from db.commands import call_rules
from db.engine import record_session
from db.errors import TandemError
from db.forms import checked, day
from db.forms.calls import RuleForm
from db.models import CallRule, CallRuleChange
from db.vocab import CallCategory, RuleKind, Scope

SHOWN_CHANGES = 30
FEW_CHANGES = 4
"""So many stand open; more of them scroll."""
NEITHER = "Not covered"


def state() -> str:
    """What everything about rules depends on: the database, its calls, its setup."""
    now = data.versions()
    return f"{session.bind().url} {now[Scope.calls]} {now[Scope.setup]}"


@st.cache_resource(show_spinner=False, max_entries=4)
def _catches(state: str, _viewer: Viewer) -> list[Catch]:
    with record_session(session.bind(), _viewer) as database:
        return catches(database)[0]


# --- the table -------------------------------------------------------------------------------------------


def rules(viewer: Viewer) -> None:
    """Every rule in order with what it catches; the chosen one can be edited, moved, ended or removed."""
    st.subheader("Rules, and what each catches", anchor=False)
    st.caption(
        "The first rule that fits a type decides it. A rule with dates counts on its days only, and a line on every "
        "time axis shows where the definition changed. Choose a rule to change it."
    )
    caught = _catches(state(), viewer)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        wanted = st.text_input("Find a rule or a type", placeholder="welfare", key="rules-find", width=280)
        only = st.pills("Show", list(CallCategory), format_func=vocab.label, key="rules-show")
    shown = [
        (place, catch)
        for place, catch in enumerate(caught, start=1)
        if (only is None or catch.rule.category is only) and _mentions(catch, wanted)
    ]
    chosen = st.dataframe(
        pd.DataFrame([_row(place, catch) for place, catch in shown], columns=_COLUMNS),
        hide_index=True,
        height=340,
        on_select="rerun",
        selection_mode="single-row",
        column_config=_THOUSANDS | _WIDE,
        key="calls-rules",
        alt="Rules in order, with the calls and types each catches",
    )
    rows = chosen.selection.rows
    if rows and rows[0] < len(shown):
        place, catch = shown[rows[0]]
        _edit(viewer, place, catch, len(caught))
    with st.expander("Add a rule", icon=":material/add:"):
        _new(viewer)


_THOUSANDS: Any = {"Calls": st.column_config.NumberColumn(format="localized")}
_WIDE: Any = {name: st.column_config.TextColumn(width=100) for name in ("From", "Until")}
_COLUMNS = ["Place", "Rule", "Kind", "Makes it", "Calls", "Types", "Decided before it", "From", "Until", "Note"]


def _row(place: int, catch: Catch) -> dict[str, Any]:
    rule = catch.rule
    return {
        "Place": place,
        "Rule": rule.value,
        "Kind": vocab.label(rule.kind),
        "Makes it": vocab.label(rule.category),
        "Calls": catch.calls,
        "Types": _names([name for name, _ in catch.types]),
        "Decided before it": _names(catch.taken),
        "From": day(rule.valid_from) if rule.valid_from else "",
        "Until": day(rule.valid_until) if rule.valid_until else "",
        "Note": rule.note or "",
    }


def _names(names: Sequence[str], most: int = 4) -> str:
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def _mentions(catch: Catch, wanted: str) -> bool:
    words = wanted.strip().casefold()
    told = [catch.rule.value, catch.rule.note or "", *(name for name, _ in catch.types), *catch.taken]
    return any(words in text.casefold() for text in told)


# --- one rule --------------------------------------------------------------------------------------------


def _edit(viewer: Viewer, place: int, catch: Catch, of: int) -> None:
    rule, key = catch.rule, f"rule-{catch.rule.id}-{data.versions()[Scope.calls]}"
    with st.container(border=True):
        st.markdown(f"**Rule {place} of {of}**")
        values = _fields(key, rule)
        where = int(st.number_input("Place in the order", 1, of, place, key=f"{key}-place", width=160))
        form = _checked(values)
        if form is None:
            return
        same = form == RuleForm(**_values_of(rule))
        if same and where == place:
            _catch_table(catch)
        else:
            _preview(viewer, form, rule.id, where)
        with st.container(horizontal=True):
            if st.button("Save", type="primary", key=f"{key}-save", disabled=same and where == place):
                _do(viewer, lambda database: _save(database, viewer, rule, form, None if where == place else where))
            if rule.valid_until is None and st.button("End it today", icon=":material/event_busy:", key=f"{key}-end"):
                _do(viewer, lambda database: call_rules.end_rule(database, viewer, rule.id, viewer.today))
            if st.button("Remove this rule", icon=":material/delete:", key=f"{key}-remove"):
                _do(viewer, lambda database: call_rules.remove_rule(database, viewer, rule.id))


def _save(database: Any, viewer: Viewer, rule: CallRule, form: RuleForm, place: int | None) -> None:
    if form != RuleForm(**_values_of(rule)):
        call_rules.edit_rule(database, viewer, rule.id, form)
    if place is not None:
        call_rules.move_rule(database, viewer, rule.id, place)


def _values_of(rule: CallRule) -> dict[str, Any]:
    return {name: getattr(rule, name) for name in RuleForm.model_fields}


def _new(viewer: Viewer) -> None:
    key = f"new-rule-{data.versions()[Scope.calls]}"
    values = _fields(key, None)
    if not values["value"].strip():
        return
    form = _checked(values | {"category": values["category"] or CallCategory.excluded})
    if form is None:
        return
    if values["category"]:
        _preview(viewer, form, None, None)
    if st.button("Add", type="primary", key=f"{key}-add", disabled=values["category"] is None):
        _do(viewer, lambda database: call_rules.add_rule(database, viewer, form))


def _fields(key: str, rule: CallRule | None) -> dict[str, Any]:
    """The fields of a rule, as they stand now."""
    first, second, third = st.columns([2, 3, 3], gap="small", vertical_alignment="bottom")
    values: dict[str, Any] = {}
    values["kind"] = first.segmented_control(
        "Kind",
        list(RuleKind),
        default=rule.kind if rule else RuleKind.pattern,
        format_func=vocab.label,
        required=True,
        key=f"{key}-kind",
        help="An exact rule is the whole type. A pattern (mental) is looked for in the type and in its meaning.",
    )
    values["value"] = second.text_input(
        "Type or pattern", value=rule.value if rule else "", placeholder="mental", key=f"{key}-value"
    )
    values["category"] = third.segmented_control(
        "Makes it",
        list(CallCategory),
        default=rule.category if rule else None,
        format_func=vocab.label,
        key=f"{key}-category",
    )
    first, second, third = st.columns([2, 2, 4], gap="small")
    days: dict[str, Any] = {"min_value": date(1990, 1, 1), "max_value": date(2100, 1, 1), "format": "YYYY-MM-DD"}
    begins, ends = (rule.valid_from, rule.valid_until) if rule else (None, None)
    values["valid_from"] = first.date_input("Counts from", begins, key=f"{key}-from", **days)
    values["valid_until"] = second.date_input("Until, inclusive", ends, key=f"{key}-until", **days)
    values["note"] = third.text_input(
        "Note", value=(rule.note if rule else None) or "", placeholder="Why, or what the code means", key=f"{key}-note"
    )
    return values


def _checked(values: dict[str, Any]) -> RuleForm | None:
    try:
        return checked(RuleForm, values)
    except TandemError as error:
        st.error(exhibit.plain(str(error)), icon=":material/error:")
        return None


def _do(viewer: Viewer, change: Callable[[Any], object]) -> None:
    try:
        with record_session(session.bind(), viewer) as database, st.spinner("Counting anew …"):
            change(database)
    except TandemError as error:
        st.error(exhibit.plain(str(error)), icon=":material/error:")
        return
    st.toast("Saved. Every figure counts by the rules as they are now.", icon=":material/check:")
    st.rerun()


# --- what it catches, what would move --------------------------------------------------------------------


def _catch_table(catch: Catch) -> None:
    if not catch.types:
        taken = f" {_names(catch.taken)} would fit, but an earlier rule decides." if catch.taken else ""
        st.caption(exhibit.plain(f"No call is decided by it.{taken}"))
        return
    calls = vocab.counted(catch.calls, "call", "calls")
    st.caption(f"It decides {calls} of {len(catch.types):,} {_types(len(catch.types))}.")
    table = pd.DataFrame(list(catch.types), columns=["Type", "Calls"])
    st.dataframe(table, hide_index=True, height=min(38 + 35 * len(table), 220), column_config=_THOUSANDS)


def _preview(viewer: Viewer, form: RuleForm, rule_id: int | None, place: int | None) -> None:
    """What saving would do, before it is done."""
    with record_session(session.bind(), viewer) as database:
        moved = [move for move in trial(database, CallRule(**form.model_dump()), rule_id, place) if move.calls]
    if not moved:
        st.caption("No call that is loaded would change its meaning.")
        return
    types = len({move.type_id for move in moved})
    calls = vocab.counted(sum(move.calls for move in moved), "call", "calls")
    st.markdown(f"Saving moves **{calls}** of {types:,} {_types(types)}:")
    table = pd.DataFrame([_moved(move) for move in moved])
    if not table["Days"].any():
        table = table.drop(columns="Days")
    st.dataframe(table, hide_index=True, height=min(38 + 35 * len(table), 220), column_config=_THOUSANDS)


def _types(count: int) -> str:
    return "type" if count == 1 else "types"


def _moved(move: Move) -> dict[str, Any]:
    begins = f"from {day(move.first)}" if move.first > date.min else ""
    ends = f"until {day(move.last)}" if move.last < date.max else ""
    was, now = (vocab.label(category) if category else NEITHER for category in (move.was, move.now))
    return {
        "Type": move.name,
        "Calls": move.calls,
        "Was": was,
        "Becomes": now,
        "Days": " ".join(filter(None, (begins, ends))),
    }


# --- changes ---------------------------------------------------------------------------------------------


def changes(viewer: Viewer) -> None:
    """The latest changes, each with what it moved and a way back."""
    st.subheader("Changes", anchor=False)
    asked = select(CallRuleChange).order_by(CallRuleChange.id.desc()).limit(SHOWN_CHANGES)
    with record_session(session.bind(), viewer) as database:
        found = list(database.scalars(asked))
    if not found:
        st.caption("Nobody has changed the rules that Tandem began with.")
        return
    with st.container(height=336 if len(found) > FEW_CHANGES else "content", border=False):
        for change in found:
            _change(viewer, change)


def _change(viewer: Viewer, change: CallRuleChange) -> None:
    with st.container(horizontal=True, vertical_alignment="center", key=f"change-{change.id}"):
        moved = vocab.counted(change.calls, "call", "calls") if change.calls else "no call"
        done = f"{vocab.label(change.action)}: {change.subject}"
        line = f"{moved} · {day(change.at.date())} · {change.by}"
        if change.undone_at is not None:
            st.markdown(f":gray[{exhibit.plain(done)}]  \n:small[undone by {exhibit.plain(change.undone_by or '')}]")
            return
        drawn = " · break line drawn" if change.event_id else ""
        st.markdown(f"{exhibit.plain(done)}  \n:small[:gray[{exhibit.plain(line)}{drawn}]]")
        if st.button("Undo", key=f"undo-{change.id}", icon=":material/undo:"):
            _do(viewer, lambda database: call_rules.undo_change(database, viewer, change.id))
