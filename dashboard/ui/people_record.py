"""One person: who it is, what must be known before going, what to do next, and everything that happened."""

from collections.abc import Sequence
from datetime import date, timedelta
from functools import partial
from zoneinfo import ZoneInfo

import streamlit as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from dashboard.nav import VIEWS
from dashboard.ui import (
    alerts,
    follow_up,
    forms,
    people_calls,
    people_consents,
    people_data,
    people_household,
    people_twice,
    session,
)
from dashboard.ui.exhibit import plain
from dashboard.ui.people_parts import PAGE, do, done, remarks
from db.access import Viewer
from db.commands.care import add_alert, alerts_of, dossier, end_alert, renew_alert, told_by_referrers
from db.commands.desk import Saved
from db.commands.episodes import close_episode, open_episode, reopen_episode
from db.commands.people import age
from db.commands.referrals import OPEN
from db.engine import record_session
from db.forms import checked, day
from db.forms.people import ALERT_DAYS, AlertForm, EpisodeCloseForm, EpisodeOpenForm
from db.models import Episode, Person, Referral
from db.needs import needs_of
from db.pilot import local_day
from db.timeline import Line, timeline
from db.vocab import EpisodeEnd, Language, LanguageMet, label
from db.vocab.family import Trace

LINES = 25
_PARTS = {
    "Timeline": ":material/timeline:",
    "Data": ":material/badge:",
    "Household": ":material/family_restroom:",
    "Consents": ":material/contract:",
    "Calls": ":material/call:",
}


def show(who: Viewer, person: Person) -> None:
    """The whole page of one person."""
    st.page_link(PAGE, label="All people", icon=":material/arrow_back:")
    with record_session(session.bind(), who) as database:
        values = dict(dossier(database, person.id).values)
    name = values["name"] or "Name unknown"
    st.title(f"{person.code} · {plain(name)}", anchor=False)
    if person.merged_into_id is not None:
        people_twice.history(who, person)
        return
    _who(who, values)
    with record_session(session.bind(), who) as database:
        alerts.show(database, person.id)
    remarks()
    _actions(who, person)
    part = st.segmented_control(
        "Part of the record",
        list(_PARTS),
        default=_asked_for(),
        required=True,
        format_func=lambda p: f"{_PARTS[p]} {p}",
        key=f"people-part-{person.code}",
        label_visibility="collapsed",
        wrap=True,
    )
    if part == "Data":
        people_data.show(who, person)
    elif part == "Household":
        people_household.show(who, person)
    elif part == "Consents":
        people_consents.show(who, person)
    elif part == "Calls":
        people_calls.show(who, person)
    else:
        _timeline(who, person, values)


def _asked_for() -> str:
    """The part that the address asks for (``&part=consents``), else the timeline."""
    part = st.query_params.get("part", "").capitalize()
    return part if part in _PARTS else "Timeline"


def _who(who: Viewer, values: dict[str, str | None]) -> None:
    born = date.fromisoformat(values["born_on"]) if values["born_on"] else None
    language = Language(values["language"] or "unknown")
    met = f", {label(LanguageMet(values['language_met'])).lower()}" if values["language_met"] else ""
    parts = [
        f"“{plain(values['alias'])}”" if values["alias"] else "",
        f"born {day(born)} ({age(born, who.today)})" if born else "",
        label(language) + met if language is not Language.unknown else "",
        plain(values["phone"] or ""),
        plain(values["address"] or ""),
    ]
    if any(parts):
        st.markdown(" · ".join(part for part in parts if part))


def _actions(who: Viewer, person: Person) -> None:
    """What is done most often, one tap each; the episode and the alert beside it."""
    with st.container(horizontal=True):
        for page, words, icon in (
            ("log.py", "Log an intervention", "edit_note"),
            ("connections.py", "Connect", "handshake"),
        ):
            if st.button(
                words, key=f"go-{page}", icon=f":material/{icon}:", type="primary" if page == "log.py" else "secondary"
            ):
                st.switch_page(VIEWS / page, query_params={"person": person.code})
        _episode(who, person)
        follow_up.popover(who, person.id)
        with st.popover("Safety alert", icon=":material/warning:"):
            _alert(who, person)


def _episode(who: Viewer, person: Person) -> None:
    with record_session(session.bind(), who) as database:
        rows = database.scalars(
            select(Episode).where(Episode.person_id == person.id).order_by(Episode.opened_on.desc(), Episode.id.desc())
        ).all()
    latest = rows[0] if rows else None
    if latest is not None and latest.closed_on is None:
        with st.popover(f"Open since {day(latest.opened_on)}", icon=":material/play_circle:"):
            _close(who, latest)
        return
    title = "No episode yet"
    if latest is not None and latest.closed_on is not None:
        title = f"Closed {day(latest.closed_on)}"
    with st.popover(title, icon=":material/stop_circle:"):
        if latest is not None and latest.close_reason is not None:
            st.markdown(f"Closed: {label(latest.close_reason).lower()}")
            if st.button("Reopen it", key=f"reopen-{latest.id}", icon=":material/undo:", width="stretch"):
                do(who, lambda database: reopen_episode(database, who, latest.id), "Reopened")
        form = forms.draft(f"episode-{person.code}")
        st.caption("The first direct contact opens an episode by itself. Open one here for what was not logged.")
        opened = st.date_input(
            "First day", value=who.today, max_value=who.today, key=form.key("opened_on"), format="MM/DD/YYYY"
        )
        form.wrong("opened_on")

        def save() -> Saved:
            values = checked(EpisodeOpenForm, {"opened_on": opened})
            with record_session(session.bind(), who) as database:
                return open_episode(database, who, person.id, values)

        forms.save_button(form, "Open an episode", save, done)


def _close(who: Viewer, episode: Episode) -> None:
    form = forms.draft(f"close-{episode.id}")
    reason = forms.choice(form, "reason", "Why it ends", EpisodeEnd)
    closed = st.date_input(
        "Last day", value=who.today, max_value=who.today, key=form.key("closed_on"), format="MM/DD/YYYY"
    )
    form.wrong("closed_on")

    def save() -> Saved:
        values = checked(EpisodeCloseForm, {"reason": reason, "closed_on": closed})
        with record_session(session.bind(), who) as database:
            return close_episode(database, who, episode.id, values)

    forms.save_button(form, "Close the episode", save, partial(done, toast="Closed"))


def _alert(who: Viewer, person: Person) -> None:
    with record_session(session.bind(), who) as database:
        running = [a for a in alerts_of(database, person.id, who.today) if a.person_id == person.id]
        over = alerts_of(database, person.id, who.today, past=True)
        told = told_by_referrers(database, person.id)
    later = who.today + timedelta(days=ALERT_DAYS)
    for alert in running:
        with st.container(border=True):
            st.markdown(f"{plain(alert.text)}  \n:gray[until {day(alert.expires_on)}]")
            with st.container(horizontal=True):
                if st.button(f"Renew to {day(later)}", key=f"renew-{alert.id}", icon=":material/update:"):
                    do(who, partial(_renew, who, alert.id, later), "Renewed")
                if st.button("It is over", key=f"end-{alert.id}"):
                    do(who, partial(_end, who, alert.id), "Ended")
    form = forms.draft(f"alert-{person.code}")
    if form.fresh and told:  # what the referrer said is one tap from being an alert with an end
        form.begin_with({"text": told[0][1][:300]})
    text = st.text_area(
        "What must be known before going", key=form.key("text"), height=90, placeholder="Dog in the yard; go in pairs"
    )
    form.wrong("text")
    until = st.date_input(
        "Show it until", value=later, min_value=who.today, key=form.key("expires_on"), format="MM/DD/YYYY"
    )
    form.wrong("expires_on")

    def save() -> Saved:
        values = checked(AlertForm, {"text": text, "expires_on": until})
        with record_session(session.bind(), who) as database:
            return add_alert(database, who, person.id, values)

    forms.save_button(form, "Add the alert", save, done, icon=":material/warning:")
    for alert in over:
        ended = "ended" if alert.ended_at else f"expired {day(alert.expires_on)}"
        st.caption(f"Over: {plain(alert.text)} ({ended})")


def _renew(who: Viewer, alert_id: int, until: date, database: Session) -> Saved:
    return renew_alert(database, who, alert_id, until)


def _end(who: Viewer, alert_id: int, database: Session) -> Saved:
    return end_alert(database, who, alert_id)


# the first part: what is needed, and what happened


def _timeline(who: Viewer, person: Person, values: dict[str, str | None]) -> None:
    left, right = st.columns([2, 3], gap="large")
    with left:
        people_twice.history(who, person)
        _open_referrals(who, person)
        _needs(who, person)
        for name, title in (("supports", "Existing supports"), ("gaps", "Gaps")):
            if values[name]:
                st.markdown(f"**{title}**  \n{plain(values[name] or '')}")
        people_household.glance(who, person)
        people_consents.glance(who, person)
    with right:
        _lines(who, person)


def _open_referrals(who: Viewer, person: Person) -> None:
    zone = session.pilot().time_zone
    with record_session(session.bind(), who) as database:
        rows = database.scalars(
            select(Referral)
            .where(Referral.person_id == person.id, Referral.status.in_(OPEN))
            .order_by(Referral.received_at)
        ).all()
    for row in rows:
        words = f"Open referral of {day(local_day(row.received_at, zone))}, {label(row.status).lower()}"
        st.page_link(
            VIEWS / "referrals.py", label=words, icon=":material/inbox:", query_params={"referral": str(row.id)}
        )
    if any(row.referred_by is not None for row in rows):
        people_consents.may_the_officer_know(who, person)


def _needs(who: Viewer, person: Person) -> None:
    with record_session(session.bind(), who) as database:
        rows = needs_of(database, person.id)
    if not rows:
        st.markdown("**Needs**")
        st.caption("None is noted yet. Tick them under Data, or with the next intervention.")
        return
    words = ["**Needs**"]
    for row in rows:
        mark = "check_circle" if row.met else "radio_button_unchecked" if row.open else "pending"
        since = f", {day(row.since)}" if row.since else ""
        words.append(f":material/{mark}: {label(row.need)}  \n:gray[{plain(row.words)}{since}]")
    st.markdown("  \n".join(words))
    for row in rows:
        if row.open:
            asked = {"new": "1", "person": person.code, "need": row.need.value}
            words = f"Find a provider: {label(row.need).lower()}"
            st.page_link(VIEWS / "connections.py", label=words, icon=":material/travel_explore:", query_params=asked)


def _lines(who: Viewer, person: Person) -> None:
    zone = session.pilot().time_zone
    with record_session(session.bind(), who) as database:
        lines = timeline(database, person.id, zone)
    if not lines:
        st.info("Nothing has happened yet. Log an intervention, and it stands here.", icon=":material/timeline:")
        return
    kinds = [kind for kind in Trace if any(line.kind is kind for line in lines)]
    wanted = st.pills(
        "Show",
        kinds,
        format_func=label,
        selection_mode="multi",
        key=f"people-kinds-{person.code}",
        label_visibility="collapsed",
        wrap=True,
    )
    lines = [line for line in lines if not wanted or line.kind in wanted]
    every = len(lines) <= LINES or st.toggle(f"Show all {len(lines)}", key=f"people-all-{person.code}")
    _draw(lines if every else lines[:LINES], who.today, zone)


def _draw(lines: Sequence[Line], today: date, zone: str) -> None:
    """One block of text a month: a long life is drawn as fast as a short one."""
    month: tuple[int, int] | None = None
    block: list[str] = []
    for line in lines:
        if month != (line.on.year, line.on.month):
            _block(block)
            month, block = (line.on.year, line.on.month), [f"**{line.on:%B %Y}**"]
        block.append(_line(line, today, zone))
    _block(block)


def _block(lines: list[str]) -> None:
    if lines:
        st.markdown("  \n".join(lines))


def _line(line: Line, today: date, zone: str) -> str:
    ahead = " :orange[ahead]" if line.on > today else ""
    hour = f" {line.at.astimezone(ZoneInfo(zone)):%H:%M}" if line.at else ""
    more = " · ".join(part for part in (plain(line.more), plain(line.by)) if part)
    note = f"  \n:material/notes: *{plain(' '.join(line.note.split()))}*" if line.note else ""
    gray = f"  \n:gray[{more}]" if more else ""
    return f":material/{line.icon}: **{line.on.day} {line.on:%b}**{hour} {plain(line.what)}{ahead}{gray}{note}"
