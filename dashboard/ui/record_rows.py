"""One row a record: who, what, when, and the way to the thing itself. Read in a session with the viewer's own rows.

What the desk sees here is fetched by number after the count was made; who may not see people gets the coarse
list and nothing is fetched for it.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import pandas as pd
import streamlit as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from dashboard import nav, words
from dashboard.model import Records
from dashboard.ui import session
from dashboard.ui.exhibit import plain
from db.access import Viewer
from db.engine import record_session
from db.forms import clock
from db.models import Connection, ConnectionStep, Identity, Intervention, Person, Provider, Referral, Staff
from db.vocab import Mode, Step, TallyItem, label

SHOWN = 20
"""Rows on one page."""
FITS = 18
"""Rows of the coarse list that need no scrolling of their own."""


class Row(NamedTuple):
    """What stands in the list: a title that leads somewhere, and what it is."""

    title: str
    page: str
    """The file of the page it leads to."""
    query: Mapping[str, str]
    text: str


def show(viewer: Viewer, rows: pd.DataFrame, found: Records) -> None:
    """One page of the list, newest first."""
    ordered = rows.sort_values(["day", "id"], ascending=False, kind="stable")
    pages = -(-len(ordered) // SHOWN)
    at = st.container()
    page = min(st.pagination(pages, key="records-page"), pages) if pages > 1 else 1
    part = ordered.iloc[(page - 1) * SHOWN : page * SHOWN]
    with record_session(session.bind(), viewer) as database:
        listed = _rows(database, part, found)
    with at, st.container(gap=None, key="records-list"):
        for row in listed:
            _draw(viewer, row)


def coarse(rows: pd.DataFrame) -> None:
    """Code, week and mode: all that is shown to who may not see people."""
    table = pd.DataFrame(
        {
            "Code": [code if isinstance(code, str) else "no person" for code in rows["code"]],
            "Week": [words.week(week).replace("week", "Week", 1) for week in rows["week"]],
            "Mode": [words.NOTHING if mode is None else label(Mode(mode)) for mode in rows["mode"]],
        }
    )
    if rows["mode"].isna().all():
        table = table.drop(columns="Mode")
    height = "content" if len(rows) <= FITS else 620
    st.dataframe(table, hide_index=True, width=520, height=height, key="records-coarse")
    st.caption("Code, week and mode are all that is shown outside the desk.")


def _draw(viewer: Viewer, row: Row) -> None:
    page = next((page for page in nav.PAGES if page.file == row.page), None)
    with st.container(border=True):
        left, right = st.columns([2, 7], vertical_alignment="center", gap="small")
        title = f"**{plain(row.title)}**"
        if page is not None and page.open_to(viewer):
            left.page_link(nav.VIEWS / row.page, label=title, query_params=dict(row.query))
        else:
            left.markdown(title)
        right.markdown(plain(row.text))


# --- what each kind says -------------------------------------------------------------------------


def _rows(database: Session, part: pd.DataFrame, found: Records) -> list[Row]:
    names = _people(database, [int(i) for i in part["person_id"].dropna()])
    staff = {member.id: member.name for member in database.scalars(select(Staff))}
    told = {
        kind: tell(database, part[part["kind"] == kind], staff)
        for kind, tell in _TOLD.items()
        if (part["kind"] == kind).any()
    }
    return [
        _row(record, names, told.get(record["kind"], {}).get(record["id"]), staff, found)
        for record in part.to_dict("records")
    ]


def _row(
    record: Mapping[Any, Any], names: Mapping[int, str], text: str | None, staff: Mapping[int, str], found: Records
) -> Row:
    kind, day = record["kind"], words.day(record["day"])
    who = names.get(record["person_id"], "") if record["person_id"] == record["person_id"] else ""
    code = {"person": str(record["code"])}
    if kind == "person":
        return Row(
            who, "people.py", code, f"First contact in this period on {day}, {label(Mode(record['mode'])).lower()}"
        )
    if kind == "episode":
        quiet = found.parts["activity"][record["activity"]]
        return Row(who, "people.py", code, f"In care since {day} · {quiet}")
    if kind == "intervention":
        title = who or ("No person" if text else "Not found")
        return Row(title, "people.py" if who else "log.py", code if who else {"entry": str(record["id"])}, text or "")
    if kind == "referral":
        return Row(who or "Not known yet", "referrals.py", {"referral": str(record["id"])}, text or "")
    if kind == "connection":
        return Row(who, "connections.py", {"connection": str(record["id"])}, text or "")
    week = {"staff": str(record["staff_id"]), "week": record["week"].isoformat()}
    name, sheet = staff.get(record["staff_id"], ""), words.week(record["week"]).replace("week", "Week", 1)
    if kind == "sheet":
        return Row(name, "tally.py", week, f"{sheet} · {found.parts['sheet'][record['sheet']]}")
    item = label(TallyItem(record["item"]))
    return Row(name, "tally.py", week, f"{sheet} · {item}: log {record['log']}, reported {record['reported']}")


def _people(database: Session, ids: Sequence[int]) -> dict[int, str]:
    """“P-0132 · María López” by id; the code alone where no name is known."""
    rows = database.execute(
        select(Person.id, Person.code, Identity.name)
        .outerjoin(Identity, Identity.person_id == Person.id)
        .where(Person.id.in_(ids))
    )
    return {i: f"{code} · {name}" if name else code for i, code, name in rows}


def _interventions(database: Session, rows: pd.DataFrame, staff: Mapping[int, str]) -> dict[int, str]:
    zone = session.pilot().time_zone
    found = database.scalars(select(Intervention).where(Intervention.id.in_(_ids(rows))))
    return {
        one.id: " · ".join(
            part
            for part in (
                clock(one.at, zone),
                label(one.mode),
                label(one.purpose),
                label(one.outcome),
                f"{one.minutes} min",
                label(one.disposition) if one.disposition else "",
                f"incident {one.incident_number}" if one.incident_number else "",
                staff.get(one.staff_id, ""),
            )
            if part
        )
        for one in found
    }


def _referrals(database: Session, rows: pd.DataFrame, staff: Mapping[int, str]) -> dict[int, str]:
    zone = session.pilot().time_zone
    found = database.scalars(select(Referral).where(Referral.id.in_(_ids(rows))))
    return {one.id: " · ".join(_of_referral(one, zone, staff)) for one in found}


def _of_referral(one: Referral, zone: str, staff: Mapping[int, str]) -> list[str]:
    tried = (
        f"tried {len(one.attempts)} times" if len(one.attempts) > 1 else "tried once" if one.attempts else "not tried"
    )
    parts = [
        f"Received {clock(one.received_at, zone)}",
        label(one.source),
        label(one.status),
        "reached" if any(attempt.reached for attempt in one.attempts) else tried,
        f"incident {one.incident_number}" if one.incident_number else "",
        staff.get(one.staff_id, "") if one.staff_id else "",
    ]
    return [part for part in parts if part]


def _connections(database: Session, rows: pd.DataFrame, staff: Mapping[int, str]) -> dict[int, str]:
    found = database.execute(
        select(Connection, Provider.name)
        .outerjoin(Provider, Provider.id == Connection.provider_id)
        .where(Connection.id.in_(_ids(rows)))
    ).all()
    steps: dict[int, list[tuple[Step, Any]]] = {}
    for number, step, day in database.execute(
        select(ConnectionStep.connection_id, ConnectionStep.step, ConnectionStep.on_date).where(
            ConnectionStep.connection_id.in_(_ids(rows))
        )
    ):
        steps.setdefault(number, []).append((step, day))
    return {one.id: _of_connection(one, name, steps.get(one.id, []), staff) for one, name in found}


def _of_connection(
    one: Connection, provider: str | None, steps: list[tuple[Step, Any]], staff: Mapping[int, str]
) -> str:
    rungs = sorted(steps, key=lambda pair: list(Step).index(pair[0]))
    last = f"{label(rungs[-1][0])} {words.day(rungs[-1][1])}" if rungs else f"Opened {words.day(one.opened_on)}"
    end = label(one.end_reason) if one.end_reason else ""
    parts = (label(one.need), provider or "no provider", last if provider else "", end, staff.get(one.staff_id, ""))
    return " · ".join(part for part in parts if part)


def _ids(rows: pd.DataFrame) -> list[int]:
    return [int(i) for i in rows["id"]]


_TOLD: Mapping[str, Callable[[Session, pd.DataFrame, Mapping[int, str]], dict[int, str]]] = {
    "intervention": _interventions,
    "referral": _referrals,
    "connection": _connections,
}
