"""The page Present without a browser: prepare, check, arrange, approve, links, questions, what changed, who may."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import Engine, select
from streamlit.testing.v1 import AppTest

from dashboard import edition
from dashboard.deck import SLIDES
from dashboard.ui import present
from dashboard.ui.forms import Draft
from db.engine import aggregate_session
from db.models import AuditEntry, Edition, EditionLink, Question
from tests.dashboard.conftest import as_database
from tests.dashboard.views.asking import said, widget

Open = Callable[..., AppTest]


@pytest.fixture
def demo_city(demo_met: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Engine:
    """The city with its meetings."""
    return as_database(demo_met, tmp_path, monkeypatch)


def rows(bind: Engine) -> list[Edition]:
    with aggregate_session(bind) as session:
        return list(session.scalars(select(Edition).order_by(Edition.id)))


def part(app: AppTest, name: str) -> AppTest:
    widget(app, "meeting-part").set_value(name).run()
    assert not app.exception
    return app


def form(app: AppTest, name: str) -> Draft:
    return app.session_state[f"tandem.form.{name}"]


def reword(app: AppTest, edition_id: int, lang: str, claim: str) -> None:
    app.session_state[f"words-people-{lang}"] = True
    app.run()
    words = form(app, f"slide-{edition_id}-people-{lang}")
    widget(app, words.key("sentence")).set_value(claim).run()
    widget(app, words.key("save")).click().run()


def captions(app: AppTest) -> str:
    return " ".join(each.value for each in app.caption)


def test_the_newest_edition_says_first_what_is_missing(signed_in: Open) -> None:
    app = signed_in("chief", "present.py")
    assert not app.exception
    text = said(app)
    assert "draft: only who prepares the meeting sees it" in text
    assert text.index("What is not certified, or missing?") < text.index("Approval")
    assert "not certified by the clinician" in text


def test_a_draft_is_arranged_reworded_and_approved_and_then_stands(signed_in: Open, demo_city: Engine) -> None:
    november = rows(demo_city)[1]
    app = part(signed_in("chief", "present.py"), "slides")
    widget(app, "toggle-faces").click().run()
    widget(app, "move-money--1").click().run()
    shown = edition.document(rows(demo_city)[1]).decks["en"]
    keys = [leaf.key for leaf in shown]
    assert "faces" not in keys
    assert keys.index("money") < keys.index("coverage"), "past the one that is left out"
    reword(app, november.id, "en", "More people than we hoped for.")
    leaf = next(leaf for leaf in edition.document(rows(demo_city)[1]).decks["en"] if leaf.key == "people")
    assert leaf.sentence == "More people than we hoped for."
    assert leaf.computed
    before = rows(demo_city)[1].digest

    part(app, "check")
    widget(app, f"approve-{november.id}").click().run()
    assert "people" in app.error[0].value, "own words in one language alone are not approved"
    widget(part(app, "slides"), "lang").set_value("es").run()
    reword(app, november.id, "es", "Más personas de las que esperábamos.")
    widget(part(app, "check"), f"approve-{november.id}").click().run()
    assert "is approved" in said(app)
    after = rows(demo_city)[1]
    assert (after.approved_by, after.digest) == ("chief", before)
    part(app, "slides")
    assert "An approved edition does not change." in captions(app)
    assert len([slide for slide in after.deck if slide["shown"]]) < len(SLIDES)


def test_the_analyst_prepares_and_does_not_approve(signed_in: Open, demo_city: Engine) -> None:
    app = signed_in("analyst", "present.py")
    assert "The chief approves it." in captions(app)
    app.session_state["prepare"] = True
    app.run()
    meeting = form(app, "meeting")
    widget(app, meeting.key("meeting_on")).set_value(date(2026, 12, 3)).run()
    widget(app, meeting.key("save")).click().run(timeout=60)
    assert not app.exception
    newest = rows(demo_city)[-1]
    assert (newest.number, newest.prepared_by, newest.approved_at) == ("2026-12-03", "analyst", None)
    assert "Edition 2026-12-03 is prepared, as a draft" in said(app)


def test_a_meeting_without_a_day_is_refused_and_what_was_typed_stays(signed_in: Open, demo_city: Engine) -> None:
    app = signed_in("chief", "present.py")
    app.session_state["prepare"] = True
    app.run()
    meeting = form(app, "meeting")
    widget(app, meeting.key("title")).set_value("To the finance committee").run()
    widget(app, meeting.key("save")).click().run()
    assert "Choose the day of the meeting." in said(app)
    assert "Nothing you typed is lost." in app.error[0].value
    assert widget(app, meeting.key("title")).value == "To the finance committee"
    assert len(rows(demo_city)) == 2


def test_a_link_is_told_once_and_can_be_revoked(signed_in: Open, demo_city: Engine) -> None:
    october = rows(demo_city)[0]
    app = signed_in("chief", "present.py")
    app.session_state[f"tandem.{present.WHICH}"] = october.number
    part(app.run(), "links")
    link = form(app, f"link-{october.id}")
    widget(app, link.key("label")).set_value("Public Safety Committee").run()
    widget(app, link.key("save")).click().run()
    secret = app.code[0].value
    with aggregate_session(demo_city) as session:
        stored = session.scalars(select(EditionLink).order_by(EditionLink.id.desc())).first()
    assert stored is not None
    assert stored.label == "Public Safety Committee"
    assert stored.token_hash not in secret
    widget(app, f"revoke-{stored.id}").click().run()
    assert "no longer works" in said(app)
    assert not any(button.key == f"revoke-{stored.id}" for button in app.button)


def test_a_question_is_taken_given_to_somebody_and_answered(signed_in: Open, demo_city: Engine) -> None:
    october = rows(demo_city)[0]
    app = signed_in("chief", "present.py")
    app.session_state[f"tandem.{present.WHICH}"] = october.number
    part(app.run(), "questions")
    app.session_state["take"] = True
    app.run()
    taking = form(app, f"question-{october.id}")
    widget(app, taking.key("asked")).set_value("What does a weekend cost?").run()
    widget(app, taking.key("save")).click().run()
    with aggregate_session(demo_city) as session:
        asked = session.scalars(select(Question).where(Question.asked == "What does a weekend cost?")).one()
    app.session_state[f"answer-{asked.id}"] = True
    app.run()
    answering = form(app, f"answer-{asked.id}")
    widget(app, answering.key("answer")).set_value("About $1,900.").run()
    widget(app, answering.key("save")).click().run()
    with aggregate_session(demo_city) as session:
        assert session.get_one(Question, asked.id).answer == "About $1,900."
        done = set(session.scalars(select(AuditEntry.action).where(AuditEntry.actor == "chief")))
    assert {"take question", "answer question"} <= done


def test_two_editions_are_held_beside_each_other(signed_in: Open) -> None:
    app = part(signed_in("chief", "present.py"), "compare")
    assert "What changed from 2026-10" in said(app)


def test_the_council_sees_what_was_approved_and_changes_nothing(signed_in: Open, demo_city: Engine) -> None:
    app = signed_in("council", "present.py")
    text = said(app)
    assert rows(demo_city)[0].number in text
    assert rows(demo_city)[1].number not in text
    offered = {str(button.key) for button in app.button}
    assert not [
        key for key in offered if key.startswith(("approve", "withdraw", "discard", "move", "toggle", "answer"))
    ]
