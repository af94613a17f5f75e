"""Scheduling the next contact, from wherever a person is in front of one: a day in two taps, a few words if wanted."""

from datetime import date

import streamlit as st

from dashboard.ui import act, forms, session
from db.access import Viewer
from db.commands import follow_ups
from db.commands.desk import Saved, now_of
from db.engine import record_session
from db.forms import checked, day
from db.forms.flow import FollowUpForm

_OTHER = "Another day"


def quick(who: Viewer, person_id: int, place: str) -> None:
    """A menu of days; ``place`` is where :func:`act.told` says what was done."""

    def then(on: date) -> None:
        form = FollowUpForm(person_id=person_id, due_on=on)
        words = f"Follow-up on {on:%a} {on.day} {on:%b}. It stands on My desk."
        act.run(who, place, lambda s: follow_ups.schedule(s, who, form), words)

    act.pick_day("Schedule a follow-up", f"follow-up-{place}", who.today, then)


def popover(who: Viewer, person_id: int) -> None:
    """What is scheduled already, and the form for another one."""
    planned = _planned(who, person_id)
    words = f"Follow-up {planned[0].day} {planned[0]:%b}" if planned else "Schedule"
    act.lazily(
        words, f"follow-up-{person_id}-{len(planned)}", lambda: _form(who, person_id, planned), icon=":material/event:"
    )


def _planned(who: Viewer, person_id: int) -> list[date]:
    with record_session(session.bind(), who) as database:
        unmet = follow_ups.unmet(database, now_of(database, who))
    return [due.row.due_on for due in unmet if due.person_id == person_id]


def _form(who: Viewer, person_id: int, planned: list[date]) -> None:
    if planned:
        st.caption("Scheduled: " + ", ".join(day(on) for on in planned) + ". Move or end it on My desk.")
    form = forms.draft(f"follow-up-{person_id}", banner=False)
    days = {words: on for on, words in act.days_ahead(who.today).items()}
    picked = st.pills("When", [*days, _OTHER], key=form.key("day"), wrap=True)
    on: date | None = days.get(picked) if picked else None
    if picked == _OTHER:
        on = st.date_input("Day", value=None, min_value=who.today, key=form.key("other"), format="MM/DD/YYYY")
    form.wrong("due_on", "person_id")
    what = forms.text(form, "what", "What for, if it helps", placeholder="Ask how the first visit went", max_chars=120)
    values = {"person_id": person_id, "due_on": on, "what": what, "submit_key": form.key_of_save}

    def save() -> Saved:
        with record_session(session.bind(), who) as database:
            return follow_ups.schedule(database, who, checked(FollowUpForm, values))

    forms.save_button(form, "Schedule it", save, lambda _: None, icon=":material/event:")
