"""What the desk does to a connection: the next step, a call, the slip, the consent behind it, the end."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import streamlit as st
from sqlalchemy.orm import Session

from dashboard.export.slip import PATH as SLIP
from dashboard.ui import act, forms, more, session
from dashboard.ui.exhibit import plain
from db import settings
from db.access import Viewer
from db.commands import waiting
from db.commands.connections import (
    LADDER,
    RETAINED_AFTER,
    end_connection,
    record_step,
    reopen_connection,
    take_back_step,
    void_connection,
)
from db.commands.consents import record_consent
from db.commands.tokens import consent_for, log_call, revoke_link
from db.commands.waiting import Waiting
from db.engine import record_session
from db.forms import checked, clock, day
from db.forms.connections import CallForm
from db.forms.people import CONSENT_DAYS, ConsentGiven
from db.forms.work import ConnectionEndForm, StepForm, VoidForm
from db.models import Connection
from db.vocab import ConnectionEnd, Need, Step, label
from db.vocab.care import ConsentForm, ConsentPurpose, ConsentScope, Recipient
from db.vocab.links import CallOutcome, LinkAnswer

ANOTHER_DAY = "another"


def next_step(who: Viewer, row: Waiting, place: str, open_it: Callable[[int], None]) -> None:
    """The next rung in two taps: it happened today, yesterday, or (``open_it``) on another day."""
    link, step = row.connection, LADDER[LADDER.index(row.step) + 1]
    first = row.since + RETAINED_AFTER if step is Step.retained else row.since
    days = {"today": who.today, "yesterday": who.today - timedelta(days=1)}
    words = {name: f"{name.capitalize()}, {day(on)}" for name, on in days.items() if on >= first}
    picked = st.menu_button(
        label(step),
        [*words, ANOTHER_DAY],
        key=f"next-{link.id}",
        format_func=lambda name: words.get(name, "Another day, or more to say"),
        icon=":material/trending_up:",
    )
    if picked == ANOTHER_DAY:
        open_it(link.id)
    elif picked is not None:
        values = {"connection_id": link.id, "step": step, "on_date": days[picked]}
        _run(
            who,
            place,
            lambda s: record_step(s, who, checked(StepForm, values)),
            f"{link.person.code}: {label(step).lower()}, {day(days[picked])}.",
            lambda s, v: take_back_step(s, v, link.id),
        )


def _step(who: Viewer, link: Connection, later: tuple[Step, ...], since: date, place: str) -> None:
    options = [step for step in later if step is not Step.retained or len(later) == 1]
    step = options[0]
    if len(options) > 1:
        step = st.pills(
            "What happened", options, default=step, required=True, format_func=label, key=f"step-{link.id}", wrap=True
        )
    first = since + RETAINED_AFTER if step is Step.retained else since
    if first > who.today:
        st.caption(f"{label(Step.retained)} can be recorded from {day(first)}.")
        return
    on = st.date_input(
        "On", value=who.today, min_value=first, max_value=who.today, key=f"step-on-{link.id}", format="MM/DD/YYYY"
    )
    kept = None
    if step is Step.appointment:
        kept = st.date_input(
            "For which day (if known)", value=None, min_value=first, key=f"step-for-{link.id}", format="MM/DD/YYYY"
        )
    if st.button(f"Save: {label(step).lower()}", key=f"step-save-{link.id}", type="primary", width="stretch"):
        values = {"connection_id": link.id, "step": step, "on_date": on, "appointment_on": kept, "fill": True}
        _run(
            who,
            place,
            lambda s: record_step(s, who, checked(StepForm, values)),
            f"{link.person.code}: {label(step).lower()}.",
            lambda s, v: take_back_step(s, v, link.id),
        )


def whole(who: Viewer, database: Session, row: Connection, place: str, again: Callable[[str, Need], None]) -> None:
    """All that can be done to one connection, the likeliest first."""
    if row.provider is None:
        st.info("A service gap: this need met no provider. When one is found, make a new connection.")
        if st.button("Look for a provider again", key=f"again-{row.id}", icon=":material/search:", type="primary"):
            again(row.person.code, row.need)
        more.unfold("Recorded by mistake?", f"mend-{row.id}", lambda: _mend(who, row, place), icon=":material/undo:")
        return
    closed = row.ended_on is not None
    found = next((w for w in waiting.open_connections(database, row.person_id) if w.connection.id == row.id), None)
    if found is not None:
        with st.container(border=True):
            st.markdown("**Next step**")
            later = LADDER[LADDER.index(found.step) + 1 :]
            _step(who, row, later, found.since, place)
        if found.step is not Step.attended:
            _consent_and_slip(who, database, row, place)
    if closed:
        if st.button("Reopen", key=f"reopen-{row.id}", icon=":material/undo:"):
            _run(who, place, lambda s: reopen_connection(s, who, row.id), "Open again.")
    elif found is None:
        st.success("Retained for 30 days: this ladder is complete.", icon=":material/done_all:")
    else:
        more.unfold("Log a call to the provider", f"call-{row.id}", lambda: _call(who, row), icon=_CALL)
        more.unfold("Close the connection", f"close-{row.id}", lambda: _close(who, row, place), icon=_CLOSE)
    more.unfold("Recorded by mistake?", f"mend-{row.id}", lambda: _mend(who, row, place), icon=":material/undo:")


_CALL, _CLOSE = ":material/call:", ":material/cancel:"


def _mend(who: Viewer, row: Connection, place: str) -> None:
    """Take back the last step, or void the whole; the audit keeps both."""
    if row.ended_on is None and len(row.steps) > 1:
        last = max(row.steps, key=lambda step: LADDER.index(step.step))
        words = f"Take back “{label(last.step).lower()}”"
        if st.button(words, key=f"back-{row.id}", icon=":material/undo:", width="stretch"):
            _run(who, place, lambda s: take_back_step(s, who, row.id), "The last step was taken back.")
    reason = st.text_input("Why it never was", key=f"void-why-{row.id}", placeholder="Recorded twice")
    if st.button("Void the connection", key=f"void-save-{row.id}", icon=":material/block:", width="stretch"):
        _run(
            who,
            place,
            lambda s: void_connection(s, who, row.id, checked(VoidForm, {"reason": reason})),
            "Voided: it counts nowhere.",
        )


def _close(who: Viewer, row: Connection, place: str) -> None:
    reason = st.pills("Why it ends", list(ConnectionEnd)[:-1], format_func=label, key=f"end-why-{row.id}", wrap=True)
    on = st.date_input("On", value=who.today, max_value=who.today, key=f"end-on-{row.id}", format="MM/DD/YYYY")
    if st.button("Close the connection", key=f"end-save-{row.id}", type="primary", width="stretch"):
        values = {"connection_id": row.id, "reason": reason, "on_date": on}
        _run(
            who,
            place,
            lambda s: end_connection(s, who, checked(ConnectionEndForm, values)),
            f"{row.person.code}: closed, {label(reason).lower() if reason else ''}.",
            lambda s, v: reopen_connection(s, v, row.id),
        )


def _call(who: Viewer, row: Connection) -> None:
    """A call: nobody there, a message, or what they said, which moves the ladder at once."""
    form = forms.draft(f"call-{row.id}", banner=False)
    outcome = forms.choice(form, "outcome", "What came of it", CallOutcome)
    answer: dict[str, Any] | None = None
    if outcome is CallOutcome.spoke:
        said = forms.choice(form, "answer", "They say", [a for a in LinkAnswer if _fits(a, row)])
        if said is not None and said is not LinkAnswer.missed:
            on = st.date_input(
                "On which day", value=who.today, max_value=who.today, key=form.key("on"), format="MM/DD/YYYY"
            )
            kept = None
            if said is LinkAnswer.appointment:
                kept = st.date_input("For which day (if known)", value=None, key=form.key("for"), format="MM/DD/YYYY")
            answer = {"answer": said, "on_date": on, "appointment_on": kept}
        elif said is LinkAnswer.missed:
            answer = {"answer": said, "on_date": who.today}
    note = st.text_input("Note", key=form.key("note"), placeholder="Who to ask for next time", max_chars=1000)
    values = {"connection_id": row.id, "outcome": outcome, "at": who.now, "answer": answer, "note": note}
    forms.save_button(
        form,
        "Save the call",
        lambda: _in_session(who, lambda s: log_call(s, who, checked(CallForm, values))),
        lambda _: None,
    )


def _fits(answer: LinkAnswer, row: Connection) -> bool:
    return answer.value not in {step.step.value for step in row.steps}


def _in_session(who: Viewer, command: Callable[[Session], Any]) -> Any:
    with record_session(session.bind(), who) as database:
        return command(database)


def _consent_and_slip(who: Viewer, database: Session, row: Connection, place: str) -> None:
    """Is telling the provider covered? Then the slip; else the consent first, here, in three taps."""
    consent, zone = consent_for(database, who, row), session.pilot().time_zone
    with st.container(border=True):
        st.markdown("**Referral slip**")
        if consent is None:
            _consent(who, row, place)
            return
        until = f" until {day(consent.until)}" if consent.until else ""
        st.markdown(
            f":material/verified_user: {label(consent.form)} consent of {day(consent.starts_on)}{until} covers this."
        )
        link = waiting.link_of(database, row.id)
        if link is not None and link.revoked_at is None and link.spent_at is None and link.expires_at > who.now:
            st.markdown(f":material/qr_code_2: A link is out since {clock(link.created_at, zone)}.")
            if st.button("Stop the link", key=f"revoke-{row.id}", icon=":material/link_off:"):
                _run(who, place, lambda s: revoke_link(s, who, row.id), "The link no longer works.")
        elif settings.load().public_url is None:
            st.caption("Outside access is off: the slip has no link. Call the provider, and log the call.")
        with st.container(horizontal=True):
            st.link_button("Slip", f"{SLIP}{row.id}", icon=":material/print:", type="primary")
            st.link_button("Slip in Spanish", f"{SLIP}{row.id}?lang=es", icon=":material/print:")


def _consent(who: Viewer, row: Connection, place: str) -> None:
    provider = row.provider
    if provider is None:
        return
    st.markdown(
        f":orange[:material/shield_question:] No consent covers telling {plain(provider.name)} about "
        f"{row.person.code}. Ask, then record it here."
    )
    kind = st.pills("Consent", list(ConsentForm), format_func=label, key=f"consent-form-{row.id}", wrap=True)
    whom = st.pills(
        "To whom",
        ["This provider", "Any provider they are referred to"],
        default="This provider",
        required=True,
        key=f"consent-whom-{row.id}",
        wrap=True,
    )
    if st.button("Record the consent", key=f"consent-save-{row.id}", type="primary", width="stretch"):
        values = {
            "person_id": row.person_id,
            "discloser": session.pilot().name,
            "recipient_kind": Recipient.provider,
            "provider_id": provider.id if whom == "This provider" else None,
            "purpose": ConsentPurpose.referral_to_provider,
            "scope": ConsentScope.referral_facts,
            "form": kind,
            "starts_on": who.today,
            "until": who.today.fromordinal(who.today.toordinal() + CONSENT_DAYS),
        }
        _run(
            who,
            place,
            lambda s: record_consent(s, who, checked(ConsentGiven, values)),
            "Consent recorded for a year. The slip can be made.",
        )


def _run(
    who: Viewer,
    place: str,
    command: Callable[[Session], Any],
    words: str,
    undo: Callable[[Session, Viewer], object] | None = None,
) -> None:
    act.run(who, place, command, words, (lambda _: undo) if undo else None)
