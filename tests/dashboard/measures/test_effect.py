"""The verdict from calls to sentence: planted effects found, none where none was planted, word for word."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy import Engine

from dashboard.effects import Interval
from dashboard.measures.compute import compute, pilot_to_date
from dashboard.measures.effect import Primary, limits, sentence, shown
from dashboard.model import Audience, Filters, Result
from dashboard.repeats import Monthly
from dashboard.verdict import Verdict, rule
from db import access
from db.engine import aggregate_session
from db.models import CallGap, EffectPlan
from db.pilot import the_pilot
from tests.conftest import NOW, add_small_pilot
from tests.dashboard.measures.callmaker import CONTROL, add_calls, city, local

TODAY = NOW.date()
SHELL = access.shell_viewer("tester", now=NOW, today=TODAY)
FIRST, LAST, LAUNCH = date(2022, 7, 1), date(2026, 11, 13), date(2026, 1, 12)


def effect(bind: Engine, as_of: date = TODAY, lang: str = "en") -> Result:
    with aggregate_session(bind) as session:
        filters = pilot_to_date(the_pilot(session), as_of)
    filters = Filters(filters.first, filters.last, as_of, lang=lang)
    return compute(bind, SHELL, "repeat_call_effect", filters, Audience.internal)


def freeze(bind: Engine, when: datetime = datetime(2025, 12, 1, tzinfo=UTC), **fields: object) -> None:
    with aggregate_session(bind) as session:
        session.add(EffectPlan(frozen_at=when, **fields))
        session.commit()


# --- word for word ---------------------------------------------------------------------------------------


def said(estimate: float, low: float, high: float, lang: str = "en", **given: Any) -> str:
    settings: dict = {"target": 0.80, "before": 36, "after": 9, "verdict_months": [6, 9, 12]} | given
    ruling = rule(Interval(estimate, low, high, 0.0, 0.0), **settings)
    known: dict = {"plan": EffectPlan(), "months": None, "monthly": Monthly("location", 90, None, 0), "ruling": ruling}  # type: ignore[arg-type]
    return sentence(Primary(**known), lang).replace("\u00a0", " ")


@pytest.mark.parametrize(
    ("ratio", "given", "words"),
    [
        (
            (0.86, 0.76, 0.97),
            {},
            "Repeat calls are 14 % below what the earlier trend predicts (95 % interval 3 % to 24 % below). "
            "The pilot's 20 % target is neither shown nor ruled out.",
        ),
        (
            (0.86, 0.76, 0.97),
            {"after": 7},
            "Interim: repeat calls are 14 % below what the earlier trend predicts (95 % interval 3 % to 24 % below). "
            "The pilot's 20 % target is neither shown nor ruled out.",
        ),
        (
            (0.70, 0.60, 0.82),
            {},
            "Repeat calls are 30 % below what the earlier trend predicts (95 % interval 18 % to 40 % below). "
            "The estimate reaches the pilot's 20 % target, but a smaller fall is not ruled out.",
        ),
        (
            (0.70, 0.62, 0.79),
            {},
            "Repeat calls are 30 % below what the earlier trend predicts (95 % interval 21 % to 38 % below). "
            "The whole interval reaches the pilot's 20 % target.",
        ),
        (
            (1.12, 1.04, 1.21),
            {},
            "Repeat calls are 12 % above what the earlier trend predicts (95 % interval 4 % to 21 % above). "
            "A fall as large as the pilot's 20 % target is ruled out by these figures.",
        ),
        (
            (0.97, 0.88, 1.07),
            {},
            "There is no sign of a change: repeat calls are 3 % below what the earlier trend predicts "
            "(95 % interval 12 % below to 7 % above). "
            "A fall as large as the pilot's 20 % target is ruled out by these figures.",
        ),
        (
            (0.90, 0.75, 1.08),
            {},
            "It cannot be told yet whether repeat calls changed: they are 10 % below what the earlier trend predicts "
            "(95 % interval 25 % below to 8 % above). The pilot's 20 % target is neither shown nor ruled out.",
        ),
        (
            (0.86, 0.76, 0.97),
            {"to_control": 1.02},
            "It cannot be told whether the pilot changed repeat calls. They are 14 % below what the earlier trend "
            "predicts (95 % interval 3 % to 24 % below), but repeat calls of other kinds fell as much or more.",
        ),
    ],
)
def test_the_sentence(ratio: tuple[float, float, float], given: dict[str, Any], words: str) -> None:
    assert said(*ratio, **given) == words


def test_the_sentence_in_spanish() -> None:
    assert said(0.86, 0.76, 0.97, "es", after=7) == (
        "Provisional: las llamadas repetidas están 14 % por debajo de lo que predice la tendencia anterior "
        "(intervalo de 95 % 3 % a 24 % por debajo). La meta del piloto de 20 % no está ni demostrada ni descartada."
    )


def test_no_sentence_says_proved() -> None:
    for low, high in ((0.6, 0.7), (0.6, 0.9), (0.85, 0.99), (0.7, 1.1), (0.9, 1.1), (1.1, 1.2)):
        for control in (None, 0.9, 1.1):
            words = said((low + high) / 2, low, high, to_control=control)
            assert "prove" not in words.lower()


def test_level_is_neither_above_nor_below() -> None:
    level = Interval(1.001, 0.9, 1.1, 0.0, 0.0)
    assert shown(level, "en") == "as before"
    assert limits(level, "en").replace("\u00a0", " ") == "10 % below to 10 % above"


# --- from calls to sentence ------------------------------------------------------------------------------


def test_a_planted_fall_is_found_on_both_databases(small_pilot: Engine) -> None:
    freeze(small_pilot)
    add_calls(small_pilot, city(1, FIRST, LAST, LAUNCH, ratio=0.7))
    found = effect(small_pilot)
    assert found.marks["verdict"] == Verdict.falling_as_hoped
    assert (found.marks["n_before"], found.marks["n_after"]) == (39, 9)
    assert found.estimate.low is not None
    assert found.estimate.high is not None
    # 70 % of the calls leave fewer within 90 days of another: 0.7 × (1 - e^-2.07) / (1 - e^-2.96) = 0.64
    assert found.estimate.low < 0.64 < found.estimate.high < 1
    assert found.marks["control_ratio"][0] < 1
    table = found.table
    assert list(table.columns) == ["month", "observed", "expected", "low", "high", "fitted", "phase"]
    assert table["month"].iloc[0] == date(2022, 10, 1)  # 90 days after the first day of data
    assert list(table["month"])[-1] == date(2026, 10, 1)  # November is not over
    assert list(table.loc[table["phase"] == "launch", "month"]) == [date(2026, 1, 1)]
    card = compute(small_pilot, SHELL, "repeat_calls", found.filters)
    last = table.iloc[-1].to_dict()
    assert card.display == f"{last['observed']:.0f}"
    assert card.context == f"Oct 2026, expected {last['expected']:.0f}"


def test_no_effect_is_found_where_none_was_planted(sqlite: Engine) -> None:
    add_small_pilot(sqlite)
    freeze(sqlite)
    add_calls(sqlite, city(4, FIRST, LAST, LAUNCH, ratio=1.0))
    found = effect(sqlite)
    assert found.marks["verdict"] in (Verdict.no_sign, Verdict.inconclusive)
    assert found.estimate.low is not None
    assert found.estimate.high is not None
    assert found.estimate.low < 1 < found.estimate.high


def test_too_early_and_no_data_say_so(small_pilot: Engine) -> None:
    assert effect(small_pilot).sentence == (
        "No behavioral-health calls have been loaded yet: whether repeat calls fell cannot be judged."
    )
    add_calls(small_pilot, city(1, FIRST, date(2026, 5, 20), LAUNCH))
    found = effect(small_pilot, date(2026, 5, 20))
    assert (found.display, found.estimate.value) == ("too early", None)
    assert found.table.loc[found.table["phase"] == "after", "fitted"].isna().all()
    assert found.sentence == (
        "It is too early to say whether repeat calls fell. 3 full months after the start and 39 before it can be "
        "judged. It takes 6 and 24."
    )


def test_a_gap_in_the_calls_is_missing_and_said(small_pilot: Engine) -> None:
    freeze(small_pilot)
    rows = city(1, FIRST, LAST, LAUNCH)
    add_calls(small_pilot, [row for row in rows if not date(2024, 3, 5) <= row[0].date() <= date(2024, 3, 12)])
    with aggregate_session(small_pilot) as session:
        session.add(CallGap(first_day=date(2024, 3, 5), last_day=date(2024, 3, 12)))
        session.commit()
    found = effect(small_pilot)
    gaps = found.table.loc[found.table["observed"].isna()]
    assert list(gaps["month"]) == [date(2024, 3, 1), date(2024, 4, 1), date(2024, 5, 1), date(2024, 6, 1)]
    assert gaps["expected"].notna().all()
    assert found.marks["n_before"] == 35
    assert "4 months are left out as gaps in the data, not counted as zero." in found.caveats


def test_without_a_control_it_is_said(small_pilot: Engine) -> None:
    freeze(small_pilot)
    add_calls(small_pilot, [row for row in city(1, FIRST, LAST, LAUNCH) if row[3] is not CONTROL])
    assert any(c.startswith("There is no other series to compare with") for c in effect(small_pilot).caveats)


def test_a_changed_plan_is_dated_and_shown(small_pilot: Engine) -> None:
    add_calls(small_pilot, [(local(2026, 11, 1), 1, None)])
    assert "The analysis was not fixed before the start. The written defaults are used." in effect(small_pilot).caveats
    freeze(small_pilot)
    assert not any("plan" in caveat for caveat in effect(small_pilot).caveats)
    freeze(small_pilot, datetime(2026, 3, 2, 15, tzinfo=UTC), window_days=180, target_ratio=0.9, reason="council asked")
    found = effect(small_pilot)
    assert "The plan of this analysis was changed on 2 Mar 2026: council asked." in found.caveats
    assert (found.marks["window_days"], found.marks["target_ratio"]) == (180, 0.9)
