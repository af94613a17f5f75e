"""Editions: numbered, arranged, approved by the chief, withdrawn, discarded; what is frozen stays as it is."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Engine, select, update

from db.access import Viewer
from db.commands import editions
from db.engine import aggregate_session, record_session
from db.errors import Conflict, Forbidden, Invalid, NotFound
from db.forms import checked
from db.forms.meetings import DeckForm, EditionForm, SignForm, WithdrawForm
from db.models import AuditEntry, Edition, Question
from db.sealed import digest
from db.vocab import Role

Who = Callable[..., Viewer]
NOVEMBER = date(2026, 11, 19)
FIGURES: dict[str, Any] = {"form": 1, "results": {"en": {"people": 262, "share": 0.1 + 0.2, "day": "ñ"}}}
REASON = WithdrawForm(reason="One provider was counted twice")


def keep(bind: Engine, viewer: Viewer, meeting_on: date = NOVEMBER, previous: int | None = None) -> int:
    form = EditionForm(meeting_on=meeting_on, title="Ten months")
    with record_session(bind, viewer) as session:
        return editions.keep_edition(session, viewer, form, date(2026, 1, 12), date(2026, 11, 8), FIGURES, previous).id


def act(bind: Engine, viewer: Viewer, command: Callable[..., Any], *args: Any) -> Any:
    with record_session(bind, viewer) as session:
        return command(session, viewer, *args)


def row_of(bind: Engine, edition_id: int) -> Edition:
    with aggregate_session(bind) as session:
        return session.get_one(Edition, edition_id)


def slides(**words: Any) -> DeckForm:
    return DeckForm.model_validate({"slides": [{"key": "money", **words}, {"key": "clock", "shown": False}]})


def audited(bind: Engine, action: str) -> list[AuditEntry]:
    with aggregate_session(bind) as session:
        return list(session.scalars(select(AuditEntry).where(AuditEntry.action == action)))


def test_the_number_is_the_meetings_day_and_a_letter_for_the_next(small_pilot: Engine, viewer: Who) -> None:
    analyst = viewer(Role.analyst)
    numbers = [row_of(small_pilot, keep(small_pilot, analyst)).number for _ in range(3)]
    assert numbers == ["2026-11-19", "2026-11-19b", "2026-11-19c"]
    row = row_of(small_pilot, 1)
    assert row.figures == FIGURES
    assert row.digest == digest(FIGURES)
    assert row.as_of == date(2026, 11, 14)
    assert [entry.detail["digest"] for entry in audited(small_pilot, "prepare meeting")] == [row.digest] * 3


def test_no_command_changes_the_figures(small_pilot: Engine, viewer: Who) -> None:
    """Every step of an edition's life; what was frozen reads back the same after each."""
    chief, edition = viewer(Role.chief), keep(small_pilot, viewer(Role.analyst))
    steps: list[tuple[Callable[..., Any], tuple[Any, ...]]] = [
        (editions.set_deck, (edition, slides(title={"en": "Money", "es": "Dinero"}))),
        (editions.sign_spanish, (edition, SignForm(name="Ana Prieto"))),
        (editions.approve, (edition,)),
        (editions.withdraw_edition, (edition, REASON)),
    ]
    for command, args in steps:
        act(small_pilot, chief, command, *args)
        row = row_of(small_pilot, edition)
        assert (row.figures, row.digest) == (FIGURES, digest(FIGURES)), command.__name__
    assert row_of(small_pilot, edition).deck[0]["title"] == {"en": "Money", "es": "Dinero"}


@pytest.mark.parametrize(
    ("approved", "column", "value"),
    [
        (False, "figures", {"form": 1}),
        (False, "digest", "0" * 64),
        (False, "as_of", date(2026, 11, 1)),
        (True, "figures", {"form": 1}),
        (True, "deck", []),
        (True, "title", "Another"),
        (True, "approved_by", "somebody else"),
    ],
)
def test_whoever_tries_to_change_what_is_frozen_is_refused(
    small_pilot: Engine, viewer: Who, approved: bool, column: str, value: Any
) -> None:
    chief, edition = viewer(Role.chief), keep(small_pilot, viewer(Role.analyst))
    act(small_pilot, chief, editions.set_deck, edition, slides())
    if approved:
        act(small_pilot, chief, editions.approve, edition)
    with aggregate_session(small_pilot) as session:
        setattr(session.get_one(Edition, edition), column, value)
        with pytest.raises(Conflict, match=f"Edition 2026-11-19 is frozen: its {column} does not change"):
            session.commit()


def test_an_approved_edition_takes_no_other_slides_and_is_not_discarded(small_pilot: Engine, viewer: Who) -> None:
    chief, edition = viewer(Role.chief), keep(small_pilot, viewer(Role.analyst))
    act(small_pilot, chief, editions.approve, edition)
    for command, args in ((editions.set_deck, (slides(),)), (editions.discard_draft, ()), (editions.approve, ())):
        with pytest.raises(Conflict, match="is approved and does not change"):
            act(small_pilot, chief, command, edition, *args)
    row = row_of(small_pilot, edition)
    assert (row.approved_by, row.approved_at) == ("chief", chief.now)


def test_figures_that_somebody_altered_are_not_approved(small_pilot: Engine, viewer: Who) -> None:
    edition = keep(small_pilot, viewer(Role.analyst))
    with aggregate_session(small_pilot) as session:
        session.execute(update(Edition).values(figures={"form": 1, "results": {"en": {"people": 999}}}))
        session.commit()
    with pytest.raises(
        Conflict, match=r"figures of edition 2026-11-19 are not those that were frozen.*It is not shown"
    ):
        act(small_pilot, viewer(Role.chief), editions.approve, edition)
    assert row_of(small_pilot, edition).approved_at is None


def test_only_the_chief_approves(small_pilot: Engine, viewer: Who) -> None:
    analyst = viewer(Role.analyst)
    edition = keep(small_pilot, analyst)
    with pytest.raises(Forbidden):
        act(small_pilot, analyst, editions.approve, edition)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({"title": {"en": "Money"}}, "Slide “money” has its own title in English and none in Español. Write it in"),
        ({"sentence": {"es": "Queda dinero."}}, "has its own claim in Español and none in English"),
        ({"title": {"en": "Money", "es": "  "}}, "its own title in English and none in Español"),
    ],
)
def test_words_in_one_language_only_keep_it_from_being_approved(
    small_pilot: Engine, viewer: Who, words: dict[str, Any], said: str
) -> None:
    chief, edition = viewer(Role.chief), keep(small_pilot, viewer(Role.analyst))
    act(small_pilot, chief, editions.set_deck, edition, slides(**words))
    with pytest.raises(Invalid, match=said):
        act(small_pilot, chief, editions.approve, edition)
    act(small_pilot, chief, editions.set_deck, edition, slides(note={"en": "Only for me"}))
    act(small_pilot, chief, editions.approve, edition)


def test_a_draft_held_against_another_edition_than_the_one_in_force_is_prepared_anew(
    small_pilot: Engine, viewer: Who
) -> None:
    chief = viewer(Role.chief)
    first, second = keep(small_pilot, chief), keep(small_pilot, chief)
    act(small_pilot, chief, editions.approve, first)
    with pytest.raises(Conflict, match="was held against none, and edition 2026-11-19 is in force now"):
        act(small_pilot, chief, editions.approve, second)
    third = keep(small_pilot, chief, previous=first)
    act(small_pilot, chief, editions.approve, third)


def test_a_meeting_before_the_edition_in_force_is_refused(small_pilot: Engine, viewer: Who) -> None:
    chief = viewer(Role.chief)
    act(small_pilot, chief, editions.approve, keep(small_pilot, chief))
    with record_session(small_pilot, chief) as session:
        assert editions.before(session, NOVEMBER) is not None
        with pytest.raises(Conflict, match="Edition 2026-11-19 of a later meeting is approved already"):
            editions.before(session, date(2026, 11, 18))


def test_withdrawing_keeps_everything_and_says_why(small_pilot: Engine, viewer: Who) -> None:
    chief, council = viewer(Role.chief), viewer(Role.council)
    edition = keep(small_pilot, chief)
    with pytest.raises(Conflict, match=r"is a draft, which nobody was shown. Discard it instead"):
        act(small_pilot, chief, editions.withdraw_edition, edition, REASON)
    act(small_pilot, chief, editions.approve, edition)
    act(small_pilot, chief, editions.withdraw_edition, edition, REASON)
    row = row_of(small_pilot, edition)
    assert (row.withdraw_reason, row.withdrawn_by) == ("One provider was counted twice", "chief")
    with record_session(small_pilot, council) as session:
        assert editions.in_force(session) is None
        assert editions.by_number(session, "2026-11-19").withdraw_reason, "who presents sees that it was withdrawn"
    for command, more in ((editions.withdraw_edition, REASON), (editions.sign_spanish, SignForm(name="Ana"))):
        with pytest.raises(Conflict, match="withdrawn"):
            act(small_pilot, chief, command, edition, more)
    with pytest.raises(Invalid, match="Write why it is withdrawn"):
        checked(WithdrawForm, {})


def test_a_discarded_draft_leaves_its_number_and_digest_in_the_audit(small_pilot: Engine, viewer: Who) -> None:
    analyst = viewer(Role.analyst)
    edition = keep(small_pilot, analyst)
    ask(small_pilot, edition, "Who pays after the grant?")
    with pytest.raises(Conflict, match="1 question was asked about edition 2026-11-19"):
        act(small_pilot, analyst, editions.discard_draft, edition)
    with aggregate_session(small_pilot) as session:
        session.execute(update(Question).values(removed_at=analyst.now))
        session.commit()
    act(small_pilot, analyst, editions.discard_draft, edition)
    (entry,) = audited(small_pilot, "discard draft")
    assert (entry.subject, entry.detail["digest"]) == ("edition 2026-11-19", digest(FIGURES))
    with record_session(small_pilot, analyst) as session:
        assert editions.editions(session) == ()
        with pytest.raises(NotFound, match=r"There is no edition “2026-11-19”. There are: none yet"):
            editions.by_number(session, "2026-11-19")


def test_a_signature_stands_for_the_spanish_words_that_were_read(small_pilot: Engine, viewer: Who) -> None:
    chief, edition = viewer(Role.chief), keep(small_pilot, viewer(Role.analyst))
    words = {"en": "Money", "es": "Dinero"}
    act(small_pilot, chief, editions.set_deck, edition, slides(title=words))
    act(small_pilot, chief, editions.sign_spanish, edition, SignForm(name="Ana Prieto"))
    with pytest.raises(Conflict, match="is signed already, by Ana Prieto"):
        act(small_pilot, chief, editions.sign_spanish, edition, SignForm(name="Luz"))
    act(small_pilot, chief, editions.set_deck, edition, slides(title={**words, "en": "The money"}))
    assert row_of(small_pilot, edition).spanish_signed_by == "Ana Prieto"
    act(small_pilot, chief, editions.set_deck, edition, slides(title={**words, "es": "Los fondos"}))
    assert row_of(small_pilot, edition).spanish_signed_by is None
    act(small_pilot, chief, editions.approve, edition)
    act(small_pilot, chief, editions.sign_spanish, edition, SignForm(name="Luz"))
    assert row_of(small_pilot, edition).spanish_signed_by == "Luz", "signing is about words, also after approval"


def test_the_next_deck_opens_with_what_is_open_and_what_was_answered_since(small_pilot: Engine, viewer: Who) -> None:
    chief = viewer(Role.chief)
    october, november = keep(small_pilot, chief, date(2026, 10, 15)), keep(small_pilot, chief)
    prepared = row_of(small_pilot, november).prepared_at
    ask(small_pilot, october, "told last time", answered_at=datetime(2026, 10, 20, tzinfo=UTC))
    ask(small_pilot, october, "still open")
    ask(small_pilot, november, "answered since", answered_at=prepared.replace(hour=23))
    ask(small_pilot, november, "not meant", removed_at=prepared)
    with record_session(small_pilot, chief) as session:
        found = editions.questions_for(session, date(2026, 12, 17), session.get_one(Edition, november))
        assert [each.asked for each in found] == ["still open", "answered since"]
        assert [each.asked for each in editions.questions_for(session, NOVEMBER, None)] == [
            "told last time",
            "still open",
        ]


def ask(bind: Engine, edition_id: int, asked: str, **more: Any) -> None:
    answered = {"answer": "Yes.", "answered_by": "chief"} if "answered_at" in more else {}
    with aggregate_session(bind) as session:
        session.add(
            Question(
                edition_id=edition_id,
                asked=asked,
                asked_at=datetime(2026, 10, 15, 23, tzinfo=UTC),
                taken_by="analyst",
                send_key=str(uuid4()),
                **answered,
                **more,
            )
        )
        session.commit()


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"as_of": date(2026, 11, 15)}, "15 Nov 2026 has not come yet"),
        ({"as_of": date(2026, 1, 11)}, "11 Jan 2026 is before the pilot began"),
        ({"meeting_on": date(2036, 11, 19)}, "19 Nov 2036 is more than a year from today. Check the year."),
    ],
)
def test_a_meeting_that_cannot_be_is_refused(
    small_pilot: Engine, viewer: Who, values: dict[str, Any], said: str
) -> None:
    analyst = viewer(Role.analyst)
    form = EditionForm(**({"meeting_on": NOVEMBER, "title": "Ten months"} | values))
    with pytest.raises(Invalid, match=said), record_session(small_pilot, analyst) as session:
        editions.keep_edition(session, analyst, form, form.meeting_on, form.meeting_on, FIGURES, None)
