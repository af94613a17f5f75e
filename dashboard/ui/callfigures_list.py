"""The calls behind one bar: the address says which, the controls choose another, the table is what dispatch tells."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import pandas as pd
import streamlit as st
from babel.dates import get_day_names

from dashboard import words
from dashboard.export.tables import harmless
from dashboard.measures import MEASURES, common
from dashboard.measures.call_lists import LISTS, Bar
from dashboard.measures.compute import MOST_CALLS, calls, pilot_to_date
from dashboard.measures.faces import LADDER
from dashboard.model import Filters
from dashboard.ui import exhibit, session
from dashboard.ui.callfigures import WINDOWS
from dashboard.ui.record_link import WINDOW, calls_address
from db.access import Permission, Viewer
from db.models import Pilot

MONTHLY = frozenset({"bh_calls", "repeat_calls", "officer_hours", "eligible_served"})
TITLES = {
    "received": "Received",
    "type": "Type",
    "place": "Place",
    "incident": "Incident",
    "disposition": "Disposition",
    "units": "Units",
    "hours": "Unit-hours",
    "earlier": "Called before",
    "subject": "Subject",
    "of_subject": "Calls in 12 months",
}


@dataclass(frozen=True, slots=True)
class Asked:
    """Which figure, which slice of it, which bar."""

    key: str
    filters: Filters
    bar: Bar

    @property
    def title(self) -> str:
        return MEASURES[self.key].title


def asked(viewer: Viewer, pilot: Pilot) -> Asked:
    """What the address asks for; what it names and does not exist is ignored."""
    said = st.query_params
    keys = [key for key in LISTS if viewer.may(Permission(MEASURES[key].permission))]
    key = said.get("measure", "")
    filters = pilot_to_date(pilot, viewer.today)
    first, last = _day(said.get("from", "")) or filters.first, _day(said.get("to", "")) or filters.last
    window = _one_of(said.get("window"), WINDOWS) or WINDOW
    filters = replace(filters.between(min(first, last), max(first, last)), window_days=window)
    month = _day(f"{said.get('month', '')}-01")
    bar = Bar(
        month=month if month in _months(filters) else None,
        weekday=_one_of(said.get("weekday"), range(1, 8)),
        hour=_one_of(said.get("hour"), range(24)),
        at_least=_one_of(said.get("least"), LADDER),
    )
    return Asked(key if key in keys else keys[0], filters, bar)


def _day(written: str) -> date | None:
    try:
        return date.fromisoformat(written)
    except ValueError:
        return None


def _one_of(written: str | None, known: Sequence[int]) -> int | None:
    return int(written) if written and written.isascii() and written.isdigit() and int(written) in known else None


def _months(filters: Filters) -> list[date]:
    until = common.until(filters)
    return common.months(filters.first, until) if filters.first <= until else []


def choose(asked: Asked) -> None:
    """Another bar of the same figure; the address follows."""
    with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
        bar, window = asked.bar, asked.filters.window_days
        if asked.key in MONTHLY:
            options = [None, *reversed(_months(asked.filters))]
            month = _select("Month", options, bar.month, lambda m: "All months" if m is None else words.month(m))
            bar = replace(bar, month=month)
        if asked.key == "repeat_calls":
            window = _select("Repeat within", list(WINDOWS), window, lambda days: f"{days} days")
        if asked.key == "call_coverage":
            names = get_day_names("wide", locale="en_US")
            bar = replace(
                bar,
                weekday=_select("Weekday", [None, *range(1, 8)], bar.weekday, lambda d: names[d - 1] if d else "All"),
                hour=_select("Hour", [None, *range(24)], bar.hour, _hour),
            )
        if asked.key == "familiar_faces":
            steps = list(reversed(LADDER))
            least = _select("Subjects with", steps, bar.at_least or steps[0], lambda n: f"{n} calls or more")
            bar = replace(bar, at_least=least)
    now = calls_address(asked.key, replace(asked.filters, window_days=window), bar)
    if (bar, window) != (asked.bar, asked.filters.window_days) and now != dict(st.query_params):
        st.query_params.from_dict(now)
        st.rerun()


def _hour(hour: int | None) -> str:
    return "All" if hour is None else f"{hour}:00–{hour + 1}:00"


def _select(title: str, options: Sequence[Any], now: Any, named: Any) -> Any:
    at = list(options).index(now) if now in options else 0
    return st.selectbox(title, options, index=at, format_func=named, key=f"calls-{title}-{now}", width=190)


def show(viewer: Viewer, asked: Asked) -> None:
    """How many, and the table; a file of it."""
    total, table = calls(session.bind(), viewer, asked.key, asked.filters, asked.bar)
    first, last = asked.filters.first, common.until(asked.filters)
    period = words.month(asked.bar.month) if asked.bar.month else f"{words.day(first)} – {words.day(last)}"
    if asked.key == "familiar_faces":
        period = f"the twelve months to {words.day(last)}"
    noun = "call" if total == 1 else "calls"
    st.markdown(f"**{words.number(total)}** {noun} · {exhibit.plain(period)}")
    if table.empty:
        st.info("No call stands behind this bar. Choose another month or hour.", icon=":material/inbox:")
        return
    shown = _readable(table)
    if total > len(table):
        st.caption(f"The first {words.number(MOST_CALLS)} are listed. Choose a month or an hour to see the others.")
    st.dataframe(
        shown,
        hide_index=True,
        height="content" if len(shown) <= 15 else 560,
        key="calls-behind",
        column_config={
            "Received": st.column_config.DatetimeColumn(format="D MMM YYYY, H:mm"),
            "Called before": st.column_config.DatetimeColumn(format="D MMM YYYY, H:mm"),
            "Unit-hours": st.column_config.TextColumn(alignment="right"),
        },
    )
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.download_button(
            "Download CSV",
            _file(shown),
            file_name=f"calls_{asked.key}.csv",
            mime="text/csv",
            icon=":material/download:",
            on_click="ignore",
        )
        st.caption("What dispatch recorded. Whether a caller is a client is not shown to anybody here.")


def _readable(table: pd.DataFrame) -> pd.DataFrame:
    """Local times without their zone, one subject a number, institutions named as such; empty columns left out."""
    shown = table.assign(place=[_place(*row) for row in zip(table["place"], table["institution"], strict=True)])
    for name in ("received", "earlier"):
        if name in shown:
            shown[name] = [moment.replace(tzinfo=None) for moment in shown[name]]
    shown["hours"] = [words.number(value, digits=1) for value in shown["hours"]]
    order = [name for name in TITLES if name in shown and shown[name].notna().any()]
    if not table["units"].any():
        order = [name for name in order if name not in ("units", "hours")]
    return shown[order].rename(columns=TITLES)


def _place(place: object, institution: bool) -> str:
    name = place if isinstance(place, str) else "not recorded"
    return f"{name} (institution)" if institution else name


def _file(shown: pd.DataFrame) -> bytes:
    """No spreadsheet executes a cell of it."""
    safe = pd.DataFrame({name: [harmless(cell) for cell in shown[name]] for name in shown})
    return ("\ufeff" + safe.to_csv(index=False, lineterminator="\r\n")).encode()
