"""The audit trail: filters, a page of entries, a file of what is filtered."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pandas as pd
import streamlit as st
from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from dashboard.ui import session
from db.access import Viewer
from db.cells import harmless
from db.engine import record_session
from db.forms import clock
from db.models import AuditEntry
from db.settings import wall_clock

PER_PAGE = 50
LONGEST_FILE = 50_000
"""Rows in one download; narrower days give the rest."""
OUTCOMES = ("done", "refused", "failed")


@dataclass(frozen=True, slots=True)
class Trail:
    """Which entries are wanted. Days are inclusive, in the pilot's zone; empty means all."""

    first: date
    last: date
    zone: str
    actors: tuple[str, ...] = ()
    actions: tuple[str, ...] = ()
    outcomes: tuple[str, ...] = ()

    def criteria(self) -> list[ColumnElement[bool]]:
        zone = ZoneInfo(self.zone)
        wanted = [
            AuditEntry.at >= datetime.combine(self.first, time.min, zone),
            AuditEntry.at < datetime.combine(self.last + timedelta(days=1), time.min, zone),
        ]
        if self.actors:
            wanted.append(AuditEntry.actor.in_(self.actors))
        if self.actions:
            wanted.append(AuditEntry.action.in_(self.actions))
        if self.outcomes:
            wanted.append(AuditEntry.outcome.in_(self.outcomes))
        return wanted


def filters(who: Viewer) -> Trail:
    """The filter bar. What can be chosen is what the trail holds."""
    zone = session.pilot().time_zone
    today = wall_clock().astimezone(ZoneInfo(zone)).date()  # the audit runs on the real clock, whatever today pretends
    with record_session(session.bind(), who) as database:
        actors = database.scalars(select(AuditEntry.actor).distinct().order_by(AuditEntry.actor)).all()
        actions = database.scalars(select(AuditEntry.action).distinct().order_by(AuditEntry.action)).all()
    days, by, what, how = st.columns([2, 2, 2, 2], vertical_alignment="bottom")
    picked = days.date_input("Days", (today - timedelta(days=30), today), max_value=today, key="audit-days")
    first, last = picked if isinstance(picked, tuple) and len(picked) == 2 else (today - timedelta(days=30), today)
    return Trail(
        first,
        last,
        zone,
        tuple(by.multiselect("Who", actors, key="audit-who", placeholder="Anybody")),
        tuple(what.multiselect("What", actions, key="audit-what", placeholder="Anything")),
        tuple(how.pills("How it ended", OUTCOMES, format_func=str.capitalize, selection_mode="multi", key="audit-how")),
    )


def entries(who: Viewer, trail: Trail) -> None:
    """The filtered entries, the newest first, a page at a time, with a download of all of them."""
    with record_session(session.bind(), who) as database:
        count = database.scalar(select(func.count(AuditEntry.id)).where(*trail.criteria())) or 0
        if not count:
            st.info(
                "Nothing was recorded like this. Choose other days, or clear a filter.", icon=":material/search_off:"
            )
            return
        pages = -(-count // PER_PAGE)
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            st.caption(f"{count:,} {'entry' if count == 1 else 'entries'}, the newest first, times in {trail.zone}")
            page = st.pagination(pages, key=f"audit-page-{hash(trail)}") if pages > 1 else 1
        table = _table(database, trail, PER_PAGE, (page - 1) * PER_PAGE)
    st.dataframe(
        table, hide_index=True, height="content", alt="Audit entries", column_config={"Detail": {"width": "large"}}
    )
    st.download_button(
        "Download as CSV", lambda: _file(who, trail), "audit.csv", "text/csv", icon=":material/download:"
    )


def _table(database: Session, trail: Trail, rows: int, skip: int) -> pd.DataFrame:
    statement = (
        select(AuditEntry)
        .where(*trail.criteria())
        .order_by(AuditEntry.at.desc(), AuditEntry.id.desc())
        .limit(rows)
        .offset(skip)
    )
    return pd.DataFrame(
        [
            {
                "When": clock(entry.at, trail.zone),
                "Who": entry.actor,
                "What": entry.action,
                "On": entry.subject,
                "How it ended": entry.outcome,
                "From": entry.address,
                "Detail": ", ".join(f"{key}: {value}" for key, value in entry.detail.items()),
            }
            for entry in database.scalars(statement)
        ]
    )


def _file(who: Viewer, trail: Trail) -> bytes:
    """CSV in UTF-8; no text in it runs as a formula."""
    with record_session(session.bind(), who) as database:
        table = _table(database, trail, LONGEST_FILE, 0)
    return table.map(harmless).to_csv(index=False).encode("utf-8-sig")
