"""The Calls page's second half: what each type means, by whose rule; institutions; the series they make."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd
import streamlit as st
from pydantic import ValidationError
from sqlalchemy import func, select

from dashboard import words
from dashboard.measures import MEASURES
from dashboard.measures.compute import pilot_to_date
from dashboard.ui import data, exhibit, session
from db import vocab
from db.access import Viewer
from db.cad.rules import TypeVolume, decider, type_volumes, valid_rules
from db.commands import call_rules
from db.engine import record_session
from db.errors import TandemError
from db.forms import invalid
from db.forms.calls import RuleForm
from db.models import Call, CallRule, CallType, Location, Pilot
from db.vocab import CallCategory, RuleKind

UNCOVERED = "Not covered"
PLACES = 40
"""Locations offered for marking: those with the most behavioral-health calls."""


def types(viewer: Viewer) -> None:
    """How much the rules cover, the types they leave, and a way to cover one."""
    with record_session(session.bind(), viewer) as database:
        volumes = type_volumes(database, viewer.today)
        rules = valid_rules(database, viewer.today)
    if not volumes:
        exhibit.nothing("No calls yet: types appear here with the first load.")
        return
    _coverage(volumes)
    left, right = st.columns(2, gap="medium")
    with left:
        _uncovered(viewer, [volume for volume in volumes if volume.category is None])
    with right:
        _rules(viewer, rules, volumes)
        _new_rule(viewer, volumes)


def _coverage(volumes: Sequence[TypeVolume]) -> None:
    total = sum(volume.calls for volume in volumes)
    with st.container(horizontal=True):
        for category in (*CallCategory, None):
            mine = [volume for volume in volumes if volume.category is category]
            count = sum(volume.calls for volume in mine)
            st.metric(
                vocab.label(category) if category else UNCOVERED,
                words.percent(count / total),
                f"{count:,} calls, {len(mine)} types",
                delta_color="off",
                delta_arrow="off",
                border=True,
            )


def _uncovered(viewer: Viewer, volumes: Sequence[TypeVolume]) -> None:
    st.subheader("Types no rule covers, by volume", anchor=False)
    if not volumes:
        st.markdown(":material/check: Every type is covered.")
        return
    st.caption("They count neither as behavioral health nor as a comparison. Choose one to say what it is.")
    chosen = st.dataframe(
        pd.DataFrame([{"Type": volume.name, "Calls": volume.calls} for volume in volumes]),
        hide_index=True,
        height=300,
        on_select="rerun",
        selection_mode="single-row",
        column_config={"Calls": st.column_config.NumberColumn(format="localized")},
        key="calls-uncovered",
        alt="Call types that no rule covers, by number of calls",
    )
    rows = chosen.selection.rows
    if rows and rows[0] < len(volumes):
        volume = volumes[rows[0]]
        _categories(
            f"“{volume.name}” is",
            f"assign-{volume.type_id}",
            lambda database, category: call_rules.assign_category(database, viewer, volume.type_id, category),
            viewer,
        )


def _categories(title: str, key: str, save: Callable[[Any, CallCategory], object], viewer: Viewer) -> None:
    """A choice of category and a button that saves it."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        category = st.segmented_control(
            exhibit.plain(title), list(CallCategory), format_func=vocab.label, key=f"{key}-category"
        )
        if st.button("Save", key=f"{key}-save", type="primary", disabled=category is None) and category:
            with record_session(session.bind(), viewer) as database:
                save(database, category)
            st.toast("Saved. Every figure counts by the new rule.", icon=":material/check:")
            st.rerun()


def _rules(viewer: Viewer, rules: Sequence[CallRule], volumes: Sequence[TypeVolume]) -> None:
    st.subheader("Rules, and what each catches", anchor=False)
    st.caption("The first rule that fits a type decides it. Choose a rule to change or remove it.")
    table = [_rule_row(rule, [v for v in volumes if v.rule is not None and v.rule.id == rule.id]) for rule in rules]
    chosen = st.dataframe(
        pd.DataFrame(table),
        hide_index=True,
        height=300,
        on_select="rerun",
        selection_mode="single-row",
        column_config={"Calls": st.column_config.NumberColumn(format="localized")},
        key="calls-rules",
        alt="Rules in order, with the calls and types each catches",
    )
    rows = chosen.selection.rows
    if rows and rows[0] < len(rules):
        rule = rules[rows[0]]
        _categories(
            f"What “{rule.value}” fits is",
            f"rule-{rule.id}",
            lambda database, category: call_rules.edit_rule(
                database, viewer, rule.id, RuleForm(kind=rule.kind, value=rule.value, category=category)
            ),
            viewer,
        )
        if st.button("Remove this rule", icon=":material/delete:", key=f"rule-{rule.id}-remove"):
            with record_session(session.bind(), viewer) as database:
                call_rules.remove_rule(database, viewer, rule.id)
            st.rerun()


def _rule_row(rule: CallRule, caught: Sequence[TypeVolume]) -> dict[str, Any]:
    return {
        "Rule": rule.value,
        "Kind": vocab.label(rule.kind),
        "Makes it": vocab.label(rule.category),
        "Calls": sum(volume.calls for volume in caught),
        "Types": ", ".join(volume.name for volume in caught[:4]) + (" …" if len(caught) > 4 else ""),
    }


def _new_rule(viewer: Viewer, volumes: Sequence[TypeVolume]) -> None:
    with st.popover("Add a rule", icon=":material/add:"):
        kind = st.segmented_control(
            "Kind",
            list(RuleKind),
            default=RuleKind.pattern,
            format_func=vocab.label,
            required=True,
            key="new-rule-kind",
        )
        value = st.text_input("Type or pattern", placeholder="mental", key="new-rule-value")
        category = st.segmented_control(
            "Makes it", list(CallCategory), format_func=vocab.label, key="new-rule-category"
        )
        if not value.strip() or kind is None:
            return
        try:
            form = RuleForm(kind=kind, value=value, category=category or CallCategory.excluded)
        except ValidationError as error:
            st.error(exhibit.plain(str(invalid(error, RuleForm))), icon=":material/error:")
            return
        fits = decider([CallRule(kind=form.kind, value=form.value, category=form.category)])
        caught = [volume for volume in volumes if fits(volume.name)]
        names = ", ".join(volume.name for volume in caught[:6]) or "no type there is"
        st.caption(exhibit.plain(f"It fits {sum(v.calls for v in caught):,} calls: {names}"))
        if st.button("Add", type="primary", key="new-rule-add", disabled=category is None):
            try:
                with record_session(session.bind(), viewer) as database:
                    call_rules.add_rule(database, viewer, form)
                st.rerun()
            except TandemError as error:
                st.error(exhibit.plain(str(error)), icon=":material/error:")


def places(viewer: Viewer) -> None:
    """The locations with the most behavioral-health calls; ticked ones are institutions."""
    st.caption(
        "Shelters, hospitals and stations call for many people. Tick them: they are then neither counted as repeat "
        "calls nor judged."
    )
    counted = (
        select(Location.id, Location.name, Location.is_institution, func.count(Call.id).label("calls"))
        .join(Call, Call.location_id == Location.id)
        .join(CallType, CallType.id == Call.type_id)
        .where(CallType.category == CallCategory.behavioural_health)
        .group_by(Location.id, Location.name, Location.is_institution)
        .order_by(func.count(Call.id).desc(), Location.name)
        .limit(PLACES)
    )
    with record_session(session.bind(), viewer) as database:
        rows = database.execute(counted).all()
    if not rows:
        exhibit.nothing("No behavioral-health call has a location yet.")
        return
    shown = pd.DataFrame([{"Institution": r.is_institution, "Location": r.name, "Calls": r.calls} for r in rows])
    edited = st.data_editor(shown, hide_index=True, disabled=["Location", "Calls"], key="calls-places", height=420)
    changed = [row for row, now in zip(rows, edited["Institution"].tolist(), strict=True) if row.is_institution != now]
    if st.button("Save", type="primary", disabled=not changed, key="calls-places-save"):
        with record_session(session.bind(), viewer) as database:
            for row in changed:
                call_rules.mark_institution(database, viewer, row.id, not row.is_institution)
        st.toast(f"{len(changed)} saved. Repeat calls are counted anew.", icon=":material/check:")
        st.rerun()


def series(viewer: Viewer, pilot: Pilot) -> None:
    """Behavioral-health and repeat calls over all the data there is, not the pilot alone."""
    with record_session(session.bind(), viewer) as database:
        first, last = database.execute(select(func.min(Call.received_on), func.max(Call.received_on))).one()
    if first is None:
        exhibit.nothing("No calls yet. Load an export first.")
        return
    filters = replace(pilot_to_date(pilot, viewer.today), first=first, last=min(last, viewer.today))
    now = data.versions()
    for key in ("repeat_calls", "bh_calls"):
        if key in MEASURES:
            exhibit.exhibit(data.result(key, filters), now, height=260)
