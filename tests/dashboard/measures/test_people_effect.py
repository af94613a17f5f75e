"""Calls of people before and after they were met, counted on fingers; and nothing that gives a person away."""

from datetime import date, datetime

import pytest
from sqlalchemy import Engine

from dashboard.measures.compute import compute
from dashboard.model import Audience, Filters, Result
from db.engine import aggregate_session
from db.models import CallGap, CallLink
from db.vocab import CallCategory, Mode, Outcome, ReferralStatus
from tests.conftest import TODAY, add_small_pilot, fresh_sqlite
from tests.dashboard.measures.callmaker import CONTROL, SHELTER, add_calls, local
from tests.dashboard.measures.city import SHELL, WHOLE, at, intervention, person, referral

MAY, OCTOBER = date(2026, 5, 1), date(2026, 10, 1)
"""Ninety days before 1 May 2026 is 31 January, ninety after it 30 July."""


def ask(bind: Engine, filters: Filters = WHOLE, audience: Audience = Audience.internal) -> Result:
    return compute(bind, SHELL, "people_before_after", filters, audience)


def rows_of(result: Result) -> dict[str, tuple[int, int, int]]:
    names = ["people", "calls_before", "calls_after"]
    return {row["group"]: tuple(int(row[name]) for name in names) for row in result.table.to_dict("records")}  # type: ignore[misc]


def link(bind: Engine, person_id: int, key: str | None, *, confirmed: bool = True) -> None:
    with aggregate_session(bind) as session:
        session.add(
            CallLink(
                person_id=person_id,
                call_key=f"call-{person_id}-{key}",
                incident_number=f"26-{person_id}",
                person_key=key,
                confirmed=confirmed,
                decided_at=at(MAY),
            )
        )
        session.commit()


def calls_on(key: str, *days: date, hour: int = 12) -> list[tuple[datetime, int | None, str | None, CallCategory]]:
    return [(local(day.year, day.month, day.day, hour), 7, key, CallCategory.behavioural_health) for day in days]


def meet(bind: Engine, person_id: int, day: date, mode: Mode = Mode.in_person, **fields: object) -> None:
    with aggregate_session(bind) as session:
        person(session, person_id)
        intervention(session, day, person_id, mode=mode, **fields)
        session.commit()


def send(bind: Engine, person_id: int, day: date) -> None:
    with aggregate_session(bind) as session:
        person(session, person_id)
        referral(session, at(day), person_id, status=ReferralStatus.accepted, decided_at=at(day), staff_id=1)
        session.commit()


@pytest.fixture
def town(small_pilot: Engine) -> Engine:
    """Two people served and one never reached can be judged; five more cannot, each for another reason."""
    known = calls_on("loud", date(2025, 1, 1), date(2026, 11, 13))  # the data's first and last day
    first = [date(2026, 1, 30), date(2026, 1, 31), date(2026, 4, 30), MAY, date(2026, 5, 2), date(2026, 7, 30)]
    known += calls_on("one", *first, date(2026, 7, 31))
    known += calls_on("one", date(2026, 4, 30), hour=13)  # within two hours of the other: one event
    known += [(local(2026, 4, 10), 7, "one", CONTROL), (local(2026, 4, 11), SHELTER, "one", CallCategory.excluded)]
    known += [(local(2026, 4, 12), SHELTER, "one", CallCategory.behavioural_health)]
    known += calls_on("nine", date(2026, 4, 1), date(2026, 4, 3), date(2026, 4, 5))
    known += calls_on("four", date(2026, 5, 20), date(2026, 6, 1), date(2026, 6, 2))
    add_calls(small_pilot, known)
    meet(small_pilot, 1, MAY)
    link(small_pilot, 1, "one")
    meet(small_pilot, 9, date(2026, 5, 6), Mode.on_scene)
    link(small_pilot, 9, "nine")
    send(small_pilot, 4, date(2026, 6, 1))
    link(small_pilot, 4, "four")
    meet(small_pilot, 2, OCTOBER)  # ninety days after are not over
    link(small_pilot, 2, "two")
    meet(small_pilot, 3, MAY)
    link(small_pilot, 3, "one", confirmed=False)
    meet(small_pilot, 6, MAY)
    link(small_pilot, 6, None)  # a call without a subject
    meet(small_pilot, 7, date(2026, 4, 10))  # its window before begins on 10 January
    link(small_pilot, 7, "seven")
    with aggregate_session(small_pilot) as session:
        session.add(CallGap(first_day=date(2026, 1, 20), last_day=date(2026, 1, 22)))
        person(session, 8)
        referral(session, at(MAY), 8, status=ReferralStatus.accepted, decided_at=at(MAY), staff_id=1)
        intervention(session, date(2026, 5, 3), 8, outcome=Outcome.no_contact)  # tried, not reached
        session.commit()
    return small_pilot


def test_equal_windows_counted_by_hand(town: Engine) -> None:
    found = ask(town)
    assert rows_of(found) == {"Served": (2, 2 + 3, 2 + 0), "Referred, never reached": (1, 1, 1)}
    assert found.display == "0.40 against 1.00"
    assert found.sentence == (
        "The 2 linked people served had 5 behavioral-health calls in the 90 days before they were first met and 2 in "
        "the 90 days after, a ratio of 0.40 (no interval: too few people, or no call after). The 1 who were referred "
        "and never reached had 1 and 1 around their referral, a ratio of 1.00 (no interval: too few people, or no call "
        "after). People are met when their calls run high, so calls fall afterwards whether or not anybody helps "
        "(regression to the mean)."
    )


def test_who_cannot_be_judged_is_counted(town: Engine) -> None:
    found = ask(town)
    assert found.marks["served"] == {"judged": 2, "unlinked": 2, "unfinished": 1, "broken": 1}
    assert found.marks["others"] == {"judged": 1, "unlinked": 1, "unfinished": 0, "broken": 0}
    assert found.caveats[:2] == (
        "Served and not judged: 2 without a link, 1 whose window has not passed, 1 with a gap in the data.",
        "Referred, never reached and not judged: 1 without a link, 0 whose window has not passed, "
        "0 with a gap in the data.",
    )


def test_period_and_staff_change_nothing(town: Engine) -> None:
    """Two answers a day apart, or of one member of staff, would tell one person's calls."""
    part = Filters(date(2026, 5, 2), date(2026, 5, 20), TODAY, staff_id=2)
    assert rows_of(ask(town, part)) == rows_of(ask(town))


def test_a_window_is_judged_from_the_day_it_has_passed(town: Engine) -> None:
    """30 July is the last day of the window: on the 31st it is over, on the 30th not."""
    judged = [
        ask(town, Filters(WHOLE.first, day, day)).marks["served"]["judged"]
        for day in (date(2026, 7, 30), date(2026, 7, 31))
    ]
    assert judged == [0, 1]


def test_the_served_never_stand_alone(small_pilot: Engine) -> None:
    add_calls(small_pilot, [*calls_on("one", date(2025, 1, 1), date(2026, 4, 3), date(2026, 11, 13))])
    meet(small_pilot, 1, MAY)
    link(small_pilot, 1, "one")
    found = ask(small_pilot)
    assert (found.display, found.estimate.value) == ("–", None)
    assert "so this says nothing of the pilot" in found.sentence


def test_the_public_sees_no_small_count(town: Engine) -> None:
    found = ask(town, audience=Audience.public)
    assert found.display == "hidden"
    assert found.table[["people", "calls_before", "calls_after", "before", "value", "ratio"]].isna().all(axis=None)
    assert not {"served", "others", "against"} & set(found.marks)
    assert not any(character.isdigit() for character in found.sentence.replace("11", ""))


def test_the_public_is_told_nothing_that_two_published_counts_give_away(sqlite: Engine) -> None:
    """Forty judged of fifty people served would say that ten are not: too few to tell."""
    add_small_pilot(sqlite)
    days = [date(2025, 1, 1), date(2026, 11, 13)]
    add_calls(
        sqlite, [call for k in range(60) for call in calls_on(f"k{k}", *days, date(2026, 4, 20), date(2026, 5, 9))]
    )
    for k in range(50):
        meet(sqlite, k + 1, MAY)
        if k < 40:
            link(sqlite, k + 1, f"k{k}")
    for k in range(60, 80):
        send(sqlite, k + 1, MAY)
        link(sqlite, k + 1, f"k{k - 20}")
    assert ask(sqlite).marks["served"] == {"judged": 40, "unlinked": 10, "unfinished": 0, "broken": 0}
    assert ask(sqlite, audience=Audience.public).display == "hidden"
    link(sqlite, 41, "k59")  # nine are left without a link: hidden all the more
    assert ask(sqlite, audience=Audience.public).display == "hidden"
    for k in range(41, 50):
        link(sqlite, k + 1, "k59")
    assert ask(sqlite, audience=Audience.public).display == "1.00 against 1.00"


def test_in_the_demo_city_the_pilot_did_nothing_that_the_never_reached_lack(
    demo_database, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The city's calls fall for everybody after launch; the served fall steeply, which is regression to the mean."""
    for bind in fresh_sqlite(demo_database, tmp_path_factory.mktemp("people")):
        found = ask(bind)
        served, others = (row["ratio"] for row in found.table.to_dict("records"))
        assert served < 0.5
        assert others < 0.8
        assert found.estimate.low is not None
        assert found.estimate.high is not None
        assert found.estimate.low < 1 < found.estimate.high
        assert rows_of(found)["Served"][0] >= 100
