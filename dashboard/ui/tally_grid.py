"""The cells of a weekly tally: a sheet like a spreadsheet, what was typed in it, why it differs, both versions.

What is typed is kept as a draft with each cell that is left (``forms.Draft``), beside the revision it was typed
over: a reload, another page or a restart loses nothing, and somebody else's save in between is noticed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pandas as pd
import streamlit as st

from dashboard.ui import forms, session
from dashboard.ui.exhibit import plain
from dashboard.words import number
from db.commands.tally import Line, Sheet
from db.commands.weeks import Said
from db.forms.tally import REASON, TallyCell
from db.vocab import TallyItem, label

Figures = dict[TallyItem, Decimal | None]
Cells = Mapping[TallyItem, TallyCell]


def typed(form: forms.Draft) -> Figures:
    """The cells that were typed and not saved."""
    kept = form.kept("cells") or {}
    return {TallyItem(item): Decimal(text) if text else None for item, text in kept.items() if item in set(TallyItem)}


def base(form: forms.Draft, opened: Sheet) -> Sheet:
    """``opened`` with the revision that the typing began over: what a save has to refer to."""
    revision = form.kept("revision")
    return replace(opened, revision=int(revision)) if revision is not None and typed(form) else opened


def grid(form: forms.Draft, opened: Sheet, said: Sequence[Said] = ()) -> Figures:
    """The editor. Returns the figure of every item as it stands on the screen."""
    known = "-".join(f"{line.log.normalize():f}" for line in opened.lines)
    words = any(one.item for one in said)
    key = f"sheet-{form.name}-{form.round}-{opened.revision}-{known}-{words}"
    kept = session.recall(f"grid.{form.name}")
    began = kept[1] if isinstance(kept, tuple) and kept[0] == key else typed(form)
    session.remember(f"grid.{form.name}", (key, began))  # what an editor begins with may not change under it
    edited = st.data_editor(
        frame([replace(line, reported=began.get(line.item, line.reported)) for line in opened.lines], said),
        key=key,
        column_config=columns(),
        hide_index=True,
        num_rows="fixed",
        height="content",
        placeholder="–",
        alt="The items of the week: what the log says, what is reported, the last twelve weeks",
    )
    values = edited["reported"].tolist()
    figures = {
        line.item: None if pd.isna(value) else Decimal(str(round(value, 4))).normalize()
        for line, value in zip(opened.lines, values, strict=True)
    }
    _keep(form, opened, figures)
    return figures


def _keep(form: forms.Draft, opened: Sheet, figures: Figures) -> None:
    """Write down what was typed, and over which revision it was begun."""
    mine = {line.item: figures[line.item] for line in opened.lines if figures[line.item] != line.reported}
    if mine == typed(form):
        return
    if form.kept("revision") is None or not mine:
        form.keep("revision", opened.revision if mine else None)
    form.keep("cells", {i.value: "" if v is None else f"{v:f}" for i, v in mine.items()} or None)


def frame(lines: Sequence[Line], said: Sequence[Said] = ()) -> pd.DataFrame:
    """A row for each item; a column of comments only where there are any."""
    table = pd.DataFrame(
        {
            "item": [label(line.item) for line in lines],
            "log": [float(line.log) for line in lines],
            "reported": [None if line.reported is None else float(line.reported) for line in lines],
            "past": [[float(v) if v is not None else 0.0 for v in line.history] for line in lines],
        }
    ).astype({"reported": "float64"})
    words = {one.item: one.text for one in said if one.item is not None}
    return table.assign(said=[words.get(line.item, "") for line in lines]) if words else table


def columns() -> dict[str, Any]:
    return {
        "item": st.column_config.TextColumn("Item", disabled=True, width=196),
        "log": st.column_config.NumberColumn("Log", disabled=True, format="%g", width=44, help="What the log says"),
        "reported": st.column_config.NumberColumn(
            "Report", min_value=0, format="%g", width=76, help="What is reported. Empty: not recorded. Zero is 0."
        ),
        "past": st.column_config.LineChartColumn(
            "Past", y_min=0, width=46, help="The figures that counted in the 12 weeks before"
        ),
        "said": st.column_config.TextColumn("Comment", disabled=True, width=220, help="The newest, by cell"),
    }


def reasons(form: forms.Draft, opened: Sheet, figures: Figures) -> Cells:
    """Where a number is not the log's, its reason is asked for, next to both."""
    cells: dict[TallyItem, TallyCell] = {}
    asked = False
    for line in opened.lines:
        value, reason = figures[line.item], line.reason
        differs = value != line.log if value is not None else line.log > 0
        if differs:
            if not asked:
                st.markdown("**Why does it differ from the log?**")
                asked = True
            reason = st.text_input(
                f"{label(line.item)}: log {number(line.log, digits=2)}, reported {figure(value)}",
                value=line.reason or "",
                key=form.key(f"why-{line.item.value}"),
                placeholder="Two visits were never logged",
                max_chars=REASON,
            )
        cells[line.item] = TallyCell(reported=value, reason=reason if differs else None)
    return cells


def figure(value: Decimal | None) -> str:
    """“12.5”, or “blank”."""
    return number(value, digits=2) if value is not None else "blank"


def both(form: forms.Draft, opened: Sheet, heading: str, mine: str, theirs: str) -> None:
    """Somebody was faster: what was typed here beside what is stored now, and a choice. Nothing is lost before it."""
    stored = {line.item: line.reported for line in opened.lines}
    with st.container(border=True):
        st.markdown(f":orange[:material/call_split:] **{plain(heading)}**")
        rows = typed(form)
        st.dataframe(
            pd.DataFrame(
                {
                    "Item": [label(item) for item in rows],
                    "Yours": [figure(value) for value in rows.values()],
                    "Theirs": [figure(stored[item]) for item in rows],
                }
            ),
            hide_index=True,
            height="content",
        )
        left, right = st.columns(2)
        with left:
            st.button(
                mine,
                key=f"mine-{form.name}",
                type="primary",
                width="stretch",
                on_click=form.keep,
                args=("revision", opened.revision),
            )
        with right:
            st.button(theirs, key=f"theirs-{form.name}", width="stretch", on_click=form.start_over)
