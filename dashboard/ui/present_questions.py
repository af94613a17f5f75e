"""What members of the council asked: taken down, given to somebody, answered; the next deck opens with the answers."""

import json
from collections.abc import Mapping
from typing import Any

import streamlit as st
from sqlalchemy.orm import Session

from dashboard import words
from dashboard.ui import act, forms, money_parts, session
from dashboard.ui.exhibit import plain
from dashboard.ui.present_opened import Opened
from db.access import Permission, Viewer
from db.commands import questions
from db.engine import record_session
from db.errors import Invalid, TandemError
from db.forms import checked
from db.forms.questions import AnswerForm, CareForm, QuestionForm
from db.models import Edition, Question

PLACE = "meeting-questions"
LARGEST = 1_000_000
"""Bytes of a file of questions: a thousand of them take a quarter of it."""


def show(viewer: Viewer, database: Session, row: Edition, opened: Opened) -> None:
    """Open ones first, of every meeting; then those of this edition that were answered."""
    with st.container(key="told-place-questions"):
        act.told(viewer, PLACE)
    found = questions.questions(database, viewer)
    waiting = [each for each in found if each.answer is None]
    answered = [each for each in found if each.answer is not None and each.edition_id == row.id]
    if row.approved_at is not None and row.withdrawn_at is None:
        _take(viewer, row)
        _load(viewer, row)
    st.markdown(f"**{words.number(len(waiting))} {'question waits' if len(waiting) == 1 else 'questions wait'}**")
    for each in waiting:
        _question(viewer, each)
    if answered:
        st.markdown(f"**Answered, asked at the meeting of {words.day(row.meeting_on)}**")
        for each in answered:
            _question(viewer, each)


def _question(viewer: Viewer, row: Question) -> None:
    with st.container(border=True, gap="xsmall", key=f"question-{row.id}"):
        st.markdown(f"**{plain(row.asked)}**  \n:small[:gray[{plain(_about(row, viewer))}]]")
        if row.answer is not None:
            st.markdown(plain(row.answer))
        if viewer.may(Permission.prepare_meeting):
            with st.container(horizontal=True):
                act.lazily(
                    "Answer" if row.answer is None else "Answer anew",
                    f"answer-{row.id}",
                    lambda: _answer(viewer, row),
                    icon=":material/reply:",
                )
                act.lazily("Who and when", f"care-{row.id}", lambda: _care(viewer, row), icon=":material/person:")
                act.lazily("Remove", f"remove-{row.id}", lambda: _remove(viewer, row), icon=":material/delete:")


def _about(row: Question, viewer: Viewer) -> str:
    late = row.answer is None and row.due_on is not None and row.due_on < viewer.today
    said = [
        f"asked by {row.asked_by}" if row.asked_by else "",
        f"edition {row.edition.number}",
        f"slide {row.slide}" if row.slide else "",
        f"{row.owner} answers" if row.owner else "nobody looks after it yet",
        f"due {words.day(row.due_on)}{', overdue' if late else ''}" if row.due_on else "",
    ]
    return " · ".join(filter(None, said))


def _answer(viewer: Viewer, row: Question) -> None:
    form = forms.draft(f"answer-{row.id}")
    if form.fresh and row.answer:
        form.begin_with({"answer": row.answer})
    typed = st.text_area("Answer", key=form.key("answer"), max_chars=2_000, height=140)
    st.caption("The next deck opens with it, word for word, in public. Name nobody.")
    if st.button("Save the answer", type="primary", key=form.key("save")):
        _do(
            viewer,
            form,
            lambda database: questions.answer(database, viewer, row.id, checked(AnswerForm, {"answer": typed})),
            "Answered. The next deck opens with it.",
        )
    _wrong(form)


def _care(viewer: Viewer, row: Question) -> None:
    form = forms.draft(f"care-{row.id}", banner=False)
    if form.fresh:
        form.begin_with({"owner": row.owner, "due_on": row.due_on})
    owner = st.text_input("Who answers it", key=form.key("owner"), max_chars=80)
    due = money_parts.day(form, "due_on", "By")
    values = {"owner": owner, "due_on": due}
    if st.button("Save", type="primary", key=form.key("save")):
        _do(
            viewer,
            form,
            lambda database: questions.edit(database, viewer, row.id, checked(CareForm, values)),
            "Saved.",
        )
    _wrong(form)


def _remove(viewer: Viewer, row: Question) -> None:
    st.markdown("It goes from this list and from the next deck. The audit keeps that it was removed, and by whom.")
    if st.button("Yes, remove it", key=f"remove-yes-{row.id}"):
        act.run(viewer, PLACE, lambda database: questions.remove(database, viewer, row.id), "The question is removed.")


def _take(viewer: Viewer, row: Edition) -> None:
    """By hand, for what was asked away from the screen; in the meeting itself Q does it."""
    opened = st.expander("Take down a question", icon=":material/contact_support:", key="take", on_change="rerun")
    if not opened.open:
        return
    with opened:
        form = forms.draft(f"question-{row.id}")
        asked = st.text_area("What was asked", key=form.key("asked"), max_chars=1_000, height=100)
        left, middle, right = st.columns(3)
        with left:
            by = st.text_input("Who asked", key=form.key("asked_by"), max_chars=80)
        with middle:
            owner = st.text_input("Who answers it", key=form.key("owner"), max_chars=80)
        with right:
            due = money_parts.day(form, "due_on", "By")
        values = {
            "asked": asked, "asked_by": by, "owner": owner, "due_on": due, "send_key": form.key_of_save,
            "asked_at": viewer.now,
        }  # fmt: skip
        if st.button("Keep it", type="primary", key=form.key("save"), icon=":material/check:"):
            _do(
                viewer,
                form,
                lambda database: questions.take(database, viewer, row.number, checked(QuestionForm, values)),
                "The question is kept.",
            )
        _wrong(form)


def _load(viewer: Viewer, row: Edition) -> None:
    """A deck that was opened from a file saves what was asked as a file."""
    with st.popover("Load questions of an offline deck", icon=":material/upload_file:", key="load-questions"):
        st.caption("Slides that run from a file keep what was asked; their question list saves it as a file.")
        file = st.file_uploader("File of questions", type=["json"], key=f"questions-{row.id}")
        if file is None or not st.button("Load it", type="primary", key=f"questions-load-{row.id}"):
            return
        act.run(
            viewer,
            PLACE,
            lambda database: questions.take_many(database, viewer, row.number, _items(file.read(), file.name)),
            _taken,
        )


def _items(content: bytes, name: str) -> list[Mapping[str, Any]]:
    """Raises Invalid for a file that no deck wrote."""
    try:
        found = json.loads(content.decode("utf-8-sig")) if len(content) <= LARGEST else None
    except ValueError:
        found = None
    items = found.get("questions") if isinstance(found, dict) else found
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise Invalid({"file": f"“{name}” is no file of questions. Save it from the question list of the slides."})
    return items


def _taken(made: questions.Taken) -> str:
    refused = "; ".join(made.refused.values())
    again = f", {len(made.again)} were there already" if made.again else ""
    return f"{len(made.stored)} questions are kept{again}." + (f" Not kept: {refused}" if refused else "")


def _do(viewer: Viewer, form: forms.Draft, command: Any, said: str) -> None:
    try:
        with record_session(session.bind(), viewer) as database:
            command(database)
    except TandemError as error:
        form.errors = getattr(error, "errors", {"": str(error)})
    else:
        form.start_over()
        act.say(PLACE, said)
    st.rerun()


def _wrong(form: forms.Draft) -> None:
    if said := " ".join(sentence for name, sentence in form.errors.items() if name not in form.shown):
        st.error(plain(f"{said} Nothing you typed is lost."), icon=":material/error:")
