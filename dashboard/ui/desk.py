"""My desk: what cannot wait in three sentences, then every list, oldest first, with one thing to do to each row."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import streamlit as st
from sqlalchemy.orm import Session

from dashboard import nav
from dashboard.ui import act, connection_answers, session
from dashboard.ui import referral_cards as cards
from dashboard.ui.exhibit import plain
from dashboard.ui.referral_cards import Around
from db.access import Viewer
from db.commands import desk_lists, follow_ups, reviews
from db.commands.desk import now_of
from db.commands.desk_lists import Desk, First, List, Quiet, Week
from db.commands.follow_ups import Due
from db.commands.waiting import Waiting
from db.engine import record_session
from db.forms import Now
from db.forms.flow import FollowUpEndForm, FollowUpForm, MoveForm
from db.models import Referral
from db.vocab import label
from db.vocab.desk import FollowUpEnd
from db.weeks import WeekState

PLACE = "desk"
SHOWN = 4
"""Rows of a list before one asks for all of them."""
_STATES = {
    WeekState.missing: ("missing", "orange"),
    WeekState.due: ("due", "gray"),
    WeekState.draft: ("draft", "gray"),
}
T = TypeVar("T")


@dataclass(frozen=True)
class _Here:
    """What the parts of the page share."""

    who: Viewer
    now: Now
    around: Around


def show(who: Viewer) -> None:
    """The whole desk as it stands now."""
    with record_session(session.bind(), who) as database:
        found = desk_lists.desk(database, who)
        here = _here(database, who, found)
        loaded = reviews.any_call(database)
    _first(here, found)
    act.told(who, PLACE)
    connection_answers.line(who)
    if found.empty:
        st.info(
            "Nothing waits. A new referral appears here by itself; log what you do, and schedule when to look again.",
            icon=":material/task_alt:",
        )
    left, right = st.columns(2, gap="medium")
    with left:
        _new(here, found.new)
        _due(here, found)
    with right:
        _untried(here, found)
        _weeks(here, found.weeks)
        _pending(here, found.pending)
        _quiet(here, found.quiet)
        _calls(found.calls, loaded)
        _unmatched(found.unmatched)


def _here(database: Session, who: Viewer, found: Desk) -> _Here:
    rows = [*found.new, *found.untried, *found.tried]
    return _Here(who, now_of(database, who), Around.of(database, who, rows, PLACE))


# --- the head --------------------------------------------------------------------------------------------


def _first(here: _Here, found: Desk) -> None:
    hour = here.who.now.astimezone(ZoneInfo(here.now.zone)).hour
    part = "morning" if hour < 12 else "afternoon" if hour < 18 else "evening"
    firsts = desk_lists.firsts(found, here.who, here.now)
    count = {0: "Nothing is urgent.", 1: "1 thing first:"}.get(len(firsts), f"{len(firsts)} things first:")
    left, right = st.columns([3, 2], gap="medium", vertical_alignment="bottom")
    with left:
        st.title(f"Good {part}. {count}", anchor=False)
        with st.container(gap="xxsmall"):
            for number, first in enumerate(firsts):
                if st.button(
                    f":orange[●] {first.words} :material/arrow_forward:", key=f"first-{number}", type="tertiary"
                ):
                    _open(here, found, first)
    with right, st.container(horizontal=True, horizontal_alignment="right"):
        if st.button("Log an intervention", type="primary", icon=":material/add:", key="desk-log"):
            st.switch_page(nav.VIEWS / "log.py")
        if st.button("New referral", icon=":material/add:", key="desk-refer"):
            st.switch_page(nav.VIEWS / "refer.py")


def _open(here: _Here, found: Desk, first: First) -> None:
    if first.list in (List.new, List.untried):
        _go("referrals", referral=str(first.key))
    if first.list is List.due:
        due = next(due for due in found.due if due.row.id == first.key)
        _open_due(here, due)
    if first.list is List.weeks:
        _go("tally", staff=str(here.who.staff_id), week=str(first.key))
    if first.list is List.pending:
        _go("connections", connection=str(found.pending[0].connection.id))
    if first.list is List.quiet:
        _go("people", person=found.quiet[0].episode.person.code)
    _go("desk", list="calls")


def _go(page: str, **asked: str) -> None:
    st.switch_page(nav.VIEWS / f"{page}.py", query_params=asked)


# --- the lists -------------------------------------------------------------------------------------------


def _list(title: str, rows: Sequence[T], draw: Callable[[T], None], nothing: str, *, icon: str, more: str = "") -> None:
    """One list in a frame: its name and length, the oldest rows, the rest on demand; or what to do first."""
    with st.container(border=True, key=f"list-{title}"):
        with st.container(horizontal=True, vertical_alignment="center", wrap=False):
            st.markdown(f"{icon} **{title}**" + (f" · {len(rows):,}" if rows else ""), width="stretch")
            every = len(rows) <= SHOWN or st.toggle(f"All {len(rows):,}", key=f"every-{title}")
        if not rows:
            st.caption(nothing)
        for row in rows if every else rows[:SHOWN]:
            with st.container(gap="xsmall"):
                draw(row)
                st.space("xsmall")
        if more:
            st.caption(more)


def _new(here: _Here, rows: Sequence[Referral]) -> None:
    def draw(row: Referral) -> None:
        cards.heading(here.around, row)
        cards.lines(here.around, row)
        with st.container(horizontal=True, gap="xsmall"):
            cards.accept(here.around, row)
            cards.decline(here.around, row)
            cards.assign(here.around, row)
            _details(row)

    nothing = "None. Officers send them from their phones; what comes by telephone goes in under “New referral”."
    _list("New referrals", rows, draw, nothing, icon=":material/inbox:")


def _untried(here: _Here, found: Desk) -> None:
    def draw(row: Referral) -> None:
        cards.heading(here.around, row)
        cards.alert(here.around, row.person_id)
        with st.container(horizontal=True, gap="xsmall"):
            cards.tried_now(here.around, row)
            cards.schedule(here.around, row)
            _details(row)

    tried = len(found.tried)
    more = f"{tried} more {'was' if tried == 1 else 'were'} tried and not reached yet: see Referrals." if tried else ""
    nothing = "None. Everybody you accepted was tried at least once."
    _list("Accepted, nobody tried yet", found.untried, draw, nothing, icon=":material/phone_missed:", more=more)


def _details(row: Referral) -> None:
    if st.button("Details", key=f"details-{row.id}", type="tertiary"):
        _go("referrals", referral=str(row.id))


def _due(here: _Here, found: Desk) -> None:
    def draw(due: Due) -> None:
        late = due.days_late
        when = "today" if not late else f"{late} day{'s' * (late != 1)} overdue" if late > 0 else _ahead(due.row.due_on)
        with st.container(horizontal=True, vertical_alignment="center", wrap=False):
            what = f"  \n{plain(due.row.what)}" if due.row.what else ""
            st.markdown(f"**{plain(_whom(here, due))}**{what}", width="stretch")
            st.badge(when, color="orange" if late > 0 else "gray", icon=":material/event:")
        cards.alert(here.around, due.person_id)
        with st.container(horizontal=True, gap="xsmall"):
            key = due.row.id
            if st.button("Log contact", key=f"due-{key}", icon=":material/edit_note:", type="primary"):
                _open_due(here, due)
            _end(here, due)
            act.pick_day("Move", f"move-{key}", here.who.today, partial(_move, here, due))

    rows = [*found.due, *found.soon]
    nothing = "None. Use “Schedule” on a person or a referral, and the day stands here."
    _list("Follow-ups due", rows, draw, nothing, icon=":material/event_upcoming:")


def _short(on: date) -> str:
    return f"{on.day} {on:%b}"


def _ahead(on: date) -> str:
    return f"{on:%a} {on.day} {on:%b}"


def _whom(here: _Here, due: Due) -> str:
    if known := here.around.known(due.person_id):
        return known.title
    return here.around.name(due.row.referral) if due.row.referral else "Name unknown"


def _open_due(here: _Here, due: Due) -> None:
    known, asked = here.around.known(due.person_id), {}
    if known:
        asked["person"] = known.code
    if due.row.referral_id is not None:
        asked["referral"] = str(due.row.referral_id)
    _go("log", **asked)


def _end(here: _Here, due: Due) -> None:
    reason = st.menu_button("Done", list(FollowUpEnd), key=f"end-{due.row.id}", format_func=label)
    if reason is None:
        return
    form, key, name = FollowUpEndForm(reason=reason), due.row.id, _whom(here, due).split(" · ")[-1]
    act.run(
        here.who,
        PLACE,
        lambda s: follow_ups.end(s, here.who, key, form),
        f"Follow-up of {name}: {label(reason).lower()}.",
        lambda _: lambda s, v: follow_ups.take_back_end(s, v, key),
    )


def _move(here: _Here, due: Due, on: date) -> None:
    was, key = due.row.due_on, due.row.id
    words = f"Follow-up of {_whom(here, due).split(' · ')[-1]}: {_ahead(on)} instead of {_ahead(was)}."
    act.run(here.who, PLACE, lambda s: follow_ups.move(s, here.who, key, MoveForm(due_on=on)), words)


def _weeks(here: _Here, rows: Sequence[Week]) -> None:
    def draw(week: Week) -> None:
        words, color = _STATES[week.state]
        with st.container(horizontal=True, vertical_alignment="center", wrap=False):
            st.markdown(f"**Week of {week.monday.day} {week.monday:%b}**", width="stretch")
            st.badge(words, color=color)  # pyright: ignore[reportArgumentType]
            if st.button("Open", key=f"week-{week.monday}"):
                _go("tally", staff=str(here.who.staff_id), week=week.monday.isoformat())

    nothing = "Every week that is over is certified. This week can be certified from Friday noon."
    _list("Weeks to certify", rows, draw, nothing, icon=":material/checklist:")


def _pending(here: _Here, rows: Sequence[Waiting]) -> None:
    def draw(row: Waiting) -> None:
        connection = row.connection
        known = here.around.known(connection.person_id)
        provider = connection.provider.name if connection.provider else ""
        with st.container(horizontal=True, vertical_alignment="center", wrap=False):
            about = f"{label(connection.need)} · {provider} · {label(row.step).lower()} {_short(row.since)}"
            st.markdown(f"**{plain(known.title if known else '')}**  \n{plain(about)}", width="stretch")
            days = (here.who.today - row.since).days
            st.badge(f"{days} day{'s' * (days != 1)}", color="orange" if row.overdue(here.who.today) else "gray")
            if st.button("Open", key=f"pending-{connection.id}"):
                _go("connections", connection=str(connection.id))

    nothing = "None. Once a person accepts a provider, the connection stands here until the first appointment."
    _list("Waiting on a provider", rows, draw, nothing, icon=":material/hourglass_top:")


def _quiet(here: _Here, rows: Sequence[Quiet]) -> None:
    def draw(row: Quiet) -> None:
        person = row.episode.person
        known = here.around.known(person.id)
        with st.container(horizontal=True, vertical_alignment="center", wrap=False):
            name = known.title if known else person.code
            st.markdown(f"**{plain(name)}**  \nno contact since {_short(row.since)}", width="stretch")
            act.pick_day("Schedule", f"quiet-{row.episode.id}", here.who.today, partial(_plan, here, person.id, name))
            if st.button("Open", key=f"quiet-open-{row.episode.id}", help="Contact, or close the episode"):
                _go("people", person=person.code)

    nothing = "None. Everybody in care was met in the last 60 days."
    _list("No contact for 60 days", rows, draw, nothing, icon=":material/schedule:")


def _plan(here: _Here, person_id: int, name: str, on: date) -> None:
    form = FollowUpForm(person_id=person_id, due_on=on)
    words = f"Follow-up of {name.split(' · ')[-1]} on {_ahead(on)}."
    act.run(here.who, PLACE, lambda s: follow_ups.schedule(s, here.who, form), words)


def _calls(count: int, loaded: bool) -> None:
    with (
        st.container(border=True, key="list-calls"),
        st.container(horizontal=True, vertical_alignment="center", wrap=False),
    ):
        words = (
            "Behavioral health calls over 7 days old that nobody took up."
            if count
            else "None. Every behavioral health call over 7 days old was taken up or answered."
            if loaded
            else "No calls are loaded yet: the analyst loads the dispatch system's export on Calls."
        )
        many: Mapping[str, Any] = {"width": "stretch"}
        st.markdown(f":material/call: **Calls without follow-up**{f' · {count:,}' if count else ''}  \n{words}", **many)
        if count and st.button("Open", key="calls-open"):
            _go("desk", list="calls")


def _unmatched(count: int) -> None:
    """Only where there is something to do: most weeks each record finds its call."""
    if not count:
        return
    with (
        st.container(border=True, key="list-unmatched"),
        st.container(horizontal=True, vertical_alignment="center", wrap=False),
    ):
        one = count == 1
        st.markdown(
            f":material/link_off: **Records without their call · {count:,}**  \n"
            f"{'A referral or an intervention' if one else 'Referrals and interventions'} whose incident number no "
            "loaded call has, or work on scene without one.",
            width="stretch",
        )
        if st.button("Open", key="unmatched-open"):
            _go("desk", list="unmatched")
