"""Beside the cells: what the checks say, the last twelve weeks of one item, and what people said of it."""

from collections.abc import Callable, Sequence
from statistics import median
from typing import Literal

import streamlit as st

from dashboard.ui import forms, record_link, session
from dashboard.ui.exhibit import plain
from dashboard.ui.tally_grid import figure
from dashboard.words import short_day
from db.access import Permission, Viewer
from db.commands.tally import Sheet
from db.commands.weeks import Said, comment, take_back_comment
from db.engine import record_session
from db.errors import TandemError
from db.forms import checked
from db.forms.tally import COMMENT, CommentForm
from db.tally_rules import Finding
from db.vocab import TallyItem, label
from db.vocab.tally import Level

COLORS: dict[Level, Literal["red", "orange", "gray"]] = {
    Level.must_fix: "red",
    Level.check: "orange",
    Level.note: "gray",
}
ICONS = {
    Level.must_fix: ":material/error:",
    Level.check: ":material/help:",
    Level.note: ":material/info:",
}


def checks(name: str, state: str, run: Callable[[], list[Finding]]) -> list[Finding]:
    """The findings of the last run, ranked; "run again" after a change. They run by themselves when a week opens."""
    kept = session.recall(f"checks.{name}")
    before, found = kept if isinstance(kept, tuple) else ("", [])
    if not before:
        before, found = state, run()
        session.remember(f"checks.{name}", (before, found))
    counts = [(level, sum(f.level is level for f in found)) for level in Level]
    with st.container(horizontal=True, vertical_alignment="center"):
        said = ", ".join(f"{n} × {label(level).lower()}" for level, n in counts if n) or "nothing to mend"
        st.markdown(f"**Checks**: {said}", width="stretch")
        again = st.button(
            "Run again",
            key=f"run-{name}",
            icon=":material/refresh:",
            type="primary" if before != state else "secondary",
            shortcut="Alt+K",
        )
    if again:
        before, found = state, run()
        session.remember(f"checks.{name}", (before, found))
        st.rerun()
    if before != state:
        st.caption(":orange[:material/schedule:] Figures changed since these checks ran. Run them again.")
    for finding in found:
        color, icon = COLORS[finding.level], ICONS[finding.level]
        st.markdown(f":{color}[{icon} **{label(finding.level)}**] {plain(finding.sentence)}")
    return found


def run_again_next(name: str) -> None:
    """The checks run by themselves when they are drawn next."""
    session.forget(f"checks.{name}")


def cell(who: Viewer, form: forms.Draft, opened: Sheet, said: Sequence[Said], first: TallyItem | None) -> None:
    """One item: the weeks before, and the comments. ``first`` is looked at when the week opens, if nothing is said."""
    first = next((one.item for one in said if one.item is not None), first)
    options: list[TallyItem | None] = [None, *TallyItem]
    counts = {item: sum(one.item is item for one in said) for item in options}

    def title(item: TallyItem | None) -> str:
        name = label(item) if item else "The whole week"
        return f"{name} · {counts[item]} said" if counts[item] else name

    item = st.selectbox(
        "Beside the cell",
        options,
        format_func=title,
        index=options.index(first),
        key=f"beside-{opened.staff_id}-{opened.week.isoformat()}",
        help="The last twelve weeks of an item, and what is said of it",
    )
    if item is not None:
        _past(opened, item)
        record_link.of_cell(item, opened.staff_id, opened.week)
    for one in said:
        if one.item is item:
            _said(who, one)
    if who.may(Permission.certify_tally) or who.may(Permission.accept_tally):
        _say(who, form, opened, item)


def _past(opened: Sheet, item: TallyItem) -> None:
    line = next(line for line in opened.lines if line.item is item)
    weeks = [(week, value) for week, value in zip(opened.past, line.history, strict=True) if value is not None]
    if not weeks:
        st.caption("No week before this one has a figure.")
        return
    values = [value for _, value in weeks]
    low, middle, high = (figure(v) for v in (min(values), median(values), max(values)))
    count = f"{len(weeks)} weeks" if len(weeks) > 1 else "week"
    st.markdown(f"In the {count} before: {low} to {high}, median {middle}.")
    st.markdown(" · ".join(f":gray[{short_day(week)}] **{figure(value)}**" for week, value in reversed(weeks)))


def _said(who: Viewer, one: Said) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(f":material/chat: {plain(one.text)}  \n:gray[{plain(one.by)}]", width="stretch")
        if one.own and st.button(
            "Take back", key=f"unsay-{one.id}", type="tertiary", help="Your comment is shown no longer"
        ):
            with record_session(session.bind(), who) as database:
                take_back_comment(database, who, one.id)
            st.rerun()


def _say(who: Viewer, form: forms.Draft, opened: Sheet, item: TallyItem | None) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.text_input(
            "Comment",
            key=form.key("comment"),
            max_chars=COMMENT,
            placeholder="No names: the chief reads it",
            width="stretch",
        )
        st.button("Say it", key=form.key("say"), icon=":material/send:", on_click=_send, args=(who, form, opened, item))
    form.wrong("comment")


def comment_of(form: forms.Draft) -> str:
    """The comment that is being typed."""
    value, _ = form.stands().get("comment", ("", ""))
    return str(value or "")


def _send(who: Viewer, form: forms.Draft, opened: Sheet, item: TallyItem | None) -> None:
    values = {"staff_id": opened.staff_id, "week": opened.week, "item": item, "text": comment_of(form)}
    form.errors = {name: sentence for name, sentence in form.errors.items() if name != "comment"}
    try:
        with record_session(session.bind(), who) as database:
            comment(database, who, checked(CommentForm, values))
    except TandemError as error:
        form.errors = {**form.errors, "comment": str(error)}
    else:
        form.fill({"comment": ""})
