"""The lists of connections and the one that is open: since when it waits, its ladder, the next thing to do."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

import streamlit as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from dashboard import nav
from dashboard.ui import act, alerts, more, session
from dashboard.ui import connection_actions as actions
from dashboard.ui.exhibit import plain
from db.access import Viewer
from db.commands import waiting
from db.commands.people import Known, everyone
from db.commands.tokens import see_reports
from db.commands.waiting import Waiting
from db.engine import record_session
from db.forms import clock, day
from db.models import Connection, Person, ProviderReport
from db.vocab import Need, Step, label
from db.vocab.links import LinkAnswer

PAGE = nav.VIEWS / "connections.py"
PLACE = "connections"
SHOWN = 8
LATELY = timedelta(days=30)
NEXT_WORDS = {
    Step.offered: "waits for the person's answer",
    Step.accepted: "waits for an appointment",
    Step.appointment: "waits to hear whether they came",
    Step.attended: "30 days to confirm",
}
LISTS = ("On a provider", "All open", "Closed lately", "Service gaps")


def open_connection(connection_id: int) -> None:
    """Show one connection; the address says which."""
    st.switch_page(PAGE, query_params={"connection": str(connection_id)})


def look_again(person_code: str, need: Need) -> None:
    """Open the form of a new connection for somebody's need."""
    st.switch_page(PAGE, query_params={"new": "1", "person": person_code, "need": need.value})


def show(who: Viewer) -> None:
    """The connection of the address, or the lists; those of one person where the address names one."""
    with record_session(session.bind(), who) as database:
        people = {known.id: known for known in everyone(database)}
        asked = _asked(database)
        if asked is not None:
            _one(who, database, asked, people)
            return
        person = person_asked(database, people)
        _head(person)
        act.told(who, PLACE)
        if person is not None:
            alerts.show(database, person.id)
            _of_person(who, database, person, people)
        else:
            _answers(who, database, people)
            _lists(who, database, people)


def _asked(database: Session) -> Connection | None:
    number = st.query_params.get("connection", "")
    if not number:
        return None
    row = waiting.one(database, int(number)) if number.isdecimal() and len(number) < 10 else None
    if row is None:
        st.warning(
            f"There is no connection {plain(number[:12])}. Choose one from the lists.", icon=":material/search_off:"
        )
    return row


def person_asked(database: Session, people: Mapping[int, Known]) -> Known | None:
    """Whom the address names; a merged code is whom it was merged into."""
    code = st.query_params.get("person", "").strip().upper()[:12]
    if not code:
        return None
    row = database.execute(select(Person.id, Person.merged_into_id).where(Person.code == code)).first()
    found = people.get(row.merged_into_id or row.id) if row else None
    if found is None:
        st.warning(f"There is no person {plain(code)}. Nobody was chosen.", icon=":material/search_off:")
    return found


def _head(person: Known | None) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.title(f"Connections of {plain(person.title)}" if person else "Connections", anchor=False, width="stretch")
        if st.button("New connection", type="primary", icon=":material/add:", key="connection-new"):
            asked = {"new": "1"} | ({"person": person.code} if person else {})
            st.switch_page(PAGE, query_params=asked)
        if st.button("Directory", icon=":material/menu_book:", key="to-directory"):
            st.switch_page(nav.VIEWS / "directory.py")


def _answers(who: Viewer, database: Session, people: Mapping[int, Known]) -> None:
    """What came back through links: read it, and it is gone from here."""
    zone = session.pilot().time_zone
    by_connection: dict[int, list[ProviderReport]] = {}
    for report in waiting.unseen_reports(database):
        by_connection.setdefault(report.connection_id, []).append(report)
    if not by_connection:
        return
    st.subheader(f"Providers answered · {len(by_connection)}", anchor=False)
    for number, reports in by_connection.items():
        row = waiting.one(database, number)
        if row is None:
            continue
        with st.container(border=True, horizontal=True, vertical_alignment="center"):
            said = ", ".join(f"{label(r.answer).lower()} ({day(r.on_date)})" for r in reports)
            st.markdown(
                f"**{plain(_who(row, people))}** · {plain(row.provider.name if row.provider else '')}  \n"
                f"{said} :gray[· by link, {clock(reports[-1].at, zone)}]",
                width="stretch",
            )
            if any(r.answer is LinkAnswer.missed for r in reports):
                st.badge("Did not come", icon=":material/event_busy:", color="orange")
            if st.button("Open", key=f"answer-open-{number}"):
                open_connection(number)
            if st.button("Read", key=f"answer-seen-{number}", icon=":material/done_all:"):
                act.run(who, PLACE, lambda s, n=number: see_reports(s, who, n), "Taken note of.")


def _lists(who: Viewer, database: Session, people: Mapping[int, Known]) -> None:
    rows = waiting.open_connections(database)
    since = who.today - LATELY
    closed, gaps = waiting.closed_since(database, since), waiting.gaps_since(database, since)
    counts = (sum(w.on_provider for w in rows), len(rows), len(closed), len(gaps))
    names = dict(zip(LISTS, counts, strict=True))
    chosen = st.segmented_control(
        "Which",
        LISTS,
        default=LISTS[0],
        required=True,
        format_func=lambda name: f"{name} · {names[name]}",
        key="connections-list",
        label_visibility="collapsed",
        wrap=True,
    )
    if chosen in LISTS[:2]:
        _open_ones(who, [w for w in rows if w.on_provider or chosen == LISTS[1]], people)
    else:
        _done(closed if chosen == LISTS[2] else gaps, people, str(chosen))


def _open_ones(who: Viewer, rows: Sequence[Waiting], people: Mapping[int, Known]) -> None:
    if not rows:
        st.info(
            "Nothing waits. Make a new connection when somebody needs something, or find a provider in the directory.",
            icon=":material/handshake:",
        )
        return
    overdue = sum(w.overdue(who.today) for w in rows)
    st.caption(f"{overdue} to ask about now, the longest due on top." if overdue else "None is due; the next on top.")
    with st.container(gap="xsmall"):
        for row in rows[: more.shown("connections", SHOWN)]:
            card(who, row, people)
    more.button("connections", SHOWN, len(rows))


def card(who: Viewer, row: Waiting, people: Mapping[int, Known]) -> None:
    """One open connection in a list: who, what, where it stands, the next step."""
    link = row.connection
    with st.container(border=True, horizontal=True, vertical_alignment="center", key=f"card-{link.id}"):
        called = f" · last call {day(row.last_call)}" if row.last_call else ""
        kept = f", for {day(link.appointment_on)}" if row.step is Step.appointment and link.appointment_on else ""
        to = plain(link.provider.name) if link.provider else ""
        st.markdown(
            f"**{plain(_who(link, people))}** · {label(link.need).lower()} → {to}"
            f"  \n:gray[{label(row.step)} {day(row.since)}{kept}{called}]",
            width="stretch",
        )
        waits(row, who.today)
        with st.container(horizontal=True, width="content"):
            actions.next_step(who, row, PLACE, open_connection)
            if st.button("Open", key=f"open-{link.id}", icon=":material/open_in_full:"):
                open_connection(link.id)


def waits(row: Waiting, today: date) -> None:
    """How long it has stood on its rung, in amber when it is time to ask."""
    days = (today - row.since).days
    told = "today" if days == 0 else "1 day" if days == 1 else f"{days} days"
    late = row.overdue(today)
    st.badge(
        f"{told} · ask now" if late else told,
        icon=":material/schedule:" if late else None,
        color="orange" if late else "gray",
        help=f"It {NEXT_WORDS[row.step]}. To ask about from {day(row.due)}.",
    )


def _done(rows: Sequence[Connection], people: Mapping[int, Known], name: str) -> None:
    if not rows:
        st.info(f"None in the last {LATELY.days} days.", icon=":material/inbox:")
    with st.container(gap="xsmall"):
        for row in rows[: more.shown(name, SHOWN)]:
            _closed_card(row, people)
    more.button(name, SHOWN, len(rows))


def _closed_card(row: Connection, people: Mapping[int, Known]) -> None:
    with st.container(border=True, horizontal=True, vertical_alignment="center", key=f"closed-{row.id}"):
        to = plain(row.provider.name) if row.provider else "no provider"
        told = f"{label(row.end_reason)}, {day(row.ended_on)}" if row.end_reason and row.ended_on else _standing(row)
        st.markdown(
            f"**{plain(_who(row, people))}** · {label(row.need).lower()} → {to}  \n:gray[{told}]", width="stretch"
        )
        if st.button("Open", key=f"open-{row.id}", icon=":material/open_in_full:"):
            open_connection(row.id)


def _standing(row: Connection) -> str:
    last = max(row.steps, key=lambda s: tuple(Step).index(s.step), default=None)
    return f"{label(last.step)} {day(last.on_date)}" if last else day(row.opened_on)


def _of_person(who: Viewer, database: Session, person: Known, people: Mapping[int, Known]) -> None:
    with st.container(horizontal=True):
        if st.button("The person", icon=":material/person:", key="to-person"):
            st.switch_page(nav.VIEWS / "people.py", query_params={"person": person.code})
        if st.button("All connections", icon=":material/arrow_back:", key="to-all"):
            st.switch_page(PAGE)
    live_rows = waiting.open_connections(database, person.id)
    for row in live_rows:
        card(who, row, people)
    shown = {row.connection.id for row in live_rows}
    rest = [row for row in waiting.of_person(database, person.id) if row.id not in shown]
    if rest:
        st.subheader(f"Before · {len(rest)}", anchor=False)
    for row in rest:
        _closed_card(row, people)
    if not shown and not rest:
        st.info("No connection yet. Begin with “New connection”.", icon=":material/handshake:")


def _one(who: Viewer, database: Session, row: Connection, people: Mapping[int, Known]) -> None:
    """One connection, whole: the ladder on the left, what to do on the right."""
    code = row.person.code
    to = row.provider.name if row.provider else "no provider (service gap)"
    with st.container(horizontal=True):
        if st.button("All connections", icon=":material/arrow_back:", key="to-all"):
            st.switch_page(PAGE)
        if st.button(f"All of {code}", icon=":material/person:", key="to-person"):
            st.switch_page(PAGE, query_params={"person": code})
        if row.provider and st.button("The provider", icon=":material/menu_book:", key="to-provider"):
            st.switch_page(nav.VIEWS / "directory.py", query_params={"provider": str(row.provider.id)})
    st.title(f"{plain(_who(row, people))}", anchor=False)
    st.markdown(f"{label(row.need)} → **{plain(to)}**")
    act.told(who, PLACE)
    alerts.show(database, row.person_id)
    left, right = st.columns([3, 2], gap="large")
    with left:
        _ladder(database, row)
    with right:
        actions.whole(who, database, row, PLACE, look_again)


def _ladder(database: Session, row: Connection) -> None:
    zone = session.pilot().time_zone
    reports = waiting.reports_of(database, row.id)
    by_link = {r.answer.value for r in reports}
    dates = {step.step: step.on_date for step in row.steps}
    st.subheader("The ladder", anchor=False)
    lines = []
    for step in Step if row.provider else ():
        if step in dates:
            kept = f", for {day(row.appointment_on)}" if step is Step.appointment and row.appointment_on else ""
            how = " :gray[· by the provider's link]" if step.value in by_link else ""
            lines.append(f":material/check_circle: **{label(step)}** {day(dates[step])}{kept}{how}")
        else:
            lines.append(f":gray[:material/radio_button_unchecked: {label(step)}]")
    if row.ended_on and row.end_reason:
        lines.append(f":orange[:material/cancel:] **Closed: {label(row.end_reason)}** {day(row.ended_on)}")
    st.markdown("  \n".join(lines))
    missed = [r for r in reports if r.answer is LinkAnswer.missed]
    for report in missed:
        st.warning(f"The provider says they did not come on {day(report.on_date)}.", icon=":material/event_busy:")
    calls = waiting.calls_of(database, row.id)
    if calls:
        st.subheader("Calls to the provider", anchor=False)
    for call in calls:
        note = f"  \n{plain(call.note)}" if call.note else ""
        st.markdown(f"**{label(call.outcome)}** :gray[{clock(call.at, zone)}]{note}")


def _who(row: Connection, people: Mapping[int, Known]) -> str:
    known = people.get(row.person_id)
    return known.title if known else row.person.code
