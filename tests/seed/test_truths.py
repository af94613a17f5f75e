"""What was planted is found in computed figures, and nothing is found where nothing was planted."""

from calendar import monthrange
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from functools import cache
from statistics import median

import numpy as np
import pytest
import statsmodels.api as sm
from sqlalchemy import Engine, func, select

from dashboard.measures.compute import compute, pilot_to_date
from dashboard.measures.effect import Primary, primary
from dashboard.model import Result
from dashboard.verdict import Verdict
from db import access
from db.engine import aggregate_session
from db.models import Call, CallGap, CallType, Connection, ConnectionStep, Intervention, Provider, Staff, Tally
from db.pilot import the_pilot
from db.vocab import CallCategory, Mode, Need, Role, Step
from seed import reference
from seed.calls import all_calls
from seed.story import TRUTHS, Clock, monday_of
from tests.seed.conftest import PINNED

City = Callable[..., Engine]
TODAY = PINNED[0]
INSTITUTIONS = set(reference.names("institution"))


def found(bind: Engine, today: date) -> Primary:
    with aggregate_session(bind) as session:
        return primary(session, the_pilot(session), today)


def result(bind: Engine, key: str, role: Role = Role.chief) -> Result:
    now = datetime(TODAY.year, TODAY.month, TODAY.day, 15, tzinfo=UTC)
    viewer = access.viewer_for(role, name=role.value, now=now, today=TODAY, user_id=4, staff_id=None)
    with aggregate_session(bind) as session:
        filters = pilot_to_date(the_pilot(session), TODAY)
    return compute(bind, viewer, key, filters)


@pytest.mark.parametrize("today", PINNED)
def test_repeat_calls_are_falling_as_hoped(harbor: City, today: date) -> None:
    answer = found(harbor(today), today)
    assert answer.fit is not None
    assert answer.control is not None
    assert answer.ruling is not None
    assert answer.monthly is not None
    step = answer.fit.step
    assert answer.ruling.verdict is Verdict.falling_as_hoped
    assert answer.monthly.basis == "person"
    assert answer.fit.n_before >= 36
    assert answer.fit.n_after == 9
    assert 0.65 <= step.estimate <= 0.77
    assert step.low < TRUTHS.repeat_ratio < step.high < 0.9
    assert answer.control.ratio.estimate < 0.9
    assert answer.control.ratio.high < 1


@pytest.mark.parametrize("today", PINNED)
def test_counting_and_fitting_by_hand_gives_the_same(harbor: City, today: date) -> None:
    """Calls straight from the story, counted by the definition, fitted with statsmodels alone."""
    months, _ = _repeats_and_events(today, True)
    answer = found(harbor(today), today)
    whole = answer.months.dropna(subset=["observed"])
    observed: dict[date, float] = dict(zip(whole["month"], whole["observed"], strict=True))
    assert {m: float(months[m]) for m in observed} == observed
    ratio, low, high = _step(observed, Clock(today).launch)
    assert answer.fit is not None
    assert answer.fit.step.estimate == pytest.approx(ratio, rel=1e-6)
    assert answer.fit.step.low <= low * (1 + 1e-9)
    assert answer.fit.step.high >= high * (1 - 1e-9)


@pytest.mark.parametrize("today", PINNED)
def test_where_nothing_was_planted_nothing_is_found(harbor: City, today: date) -> None:
    whole = list(found(harbor(today), today).months.dropna(subset=["observed"])["month"])
    launch = Clock(today).launch
    control, _ = _repeats_and_events(today, False)
    repeats, events = _repeats_and_events(today, True)
    first = {m: events[m] - repeats[m] for m in whole}
    for counts in (control, first):
        ratio, low, high = _step({m: float(counts[m]) for m in whole}, launch)
        assert low < 1.0 < high
        assert 0.9 < ratio < 1.1
    assert TRUTHS.control_ratio == TRUTHS.first_call_ratio == 1.0


@cache
def _repeats_and_events(today: date, health: bool) -> tuple[Counter[date], Counter[date]]:
    """Repeats and events by month, of calls with a subject outside institutions.

    A second call within two hours is the same event; a repeat follows an event by at most 90 days.
    """
    clock = Clock(today)
    loose = {"TRAFFIC STOP", "DIRECTED PATROL", "TEST CALL"}
    repeats: Counter[date] = Counter()
    events: Counter[date] = Counter()
    last: dict[int, datetime] = {}
    for call in all_calls(2026):
        place = call.place or ""
        subject = None if place in INSTITUTIONS or call.kind in loose or call.day >= clock.cut else call.subject
        if subject is None or call.health != health:
            continue
        moment, month = clock.at(call.day, call.minute), clock.day(call.day).replace(day=1)
        if subject in last and moment - last[subject] <= timedelta(hours=2):
            continue
        repeats[month] += subject in last and moment - last[subject] <= timedelta(days=90)
        events[month] += 1
        last[subject] = moment
    return repeats, events


def _step(counts: Mapping[date, float], launch: date) -> tuple[float, float, float]:
    """Section 5's primary model on complete months, the launch month left out; the model-based interval."""
    months = [m for m in counts if m != launch.replace(day=1)]
    number = np.array([m.year * 12 + m.month for m in months], float)
    days = np.array([monthrange(m.year, m.month)[1] for m in months], float)
    angle = 2 * np.pi * number / 12
    step = np.array([m > launch for m in months], float)
    waves = [f(k * angle) for k in (1, 2) for f in (np.sin, np.cos)]
    design = np.column_stack([np.ones(len(months)), number - number.mean(), step, *waves])
    observed = np.array([counts[m] for m in months])
    fit = sm.GLM(observed, design, family=sm.families.Poisson(), offset=np.log(days)).fit(scale="X2")
    low, high = np.asarray(fit.conf_int())[2]
    return float(np.exp(np.asarray(fit.params)[2])), float(np.exp(low)), float(np.exp(high))


def test_one_week_of_calls_is_missing_and_one_is_spoiled(harbor: City) -> None:
    clock = Clock(TODAY)
    gap, bad = clock.day(monday_of(TRUTHS.gap_week)), clock.day(monday_of(TRUTHS.bad_week))
    with aggregate_session(harbor()) as session:
        known = session.scalars(select(CallGap)).one()
        assert (known.first_day, known.last_day) == (gap, gap + timedelta(days=6))
        inside = select(func.count(Call.id)).where(Call.received_on.between(known.first_day, known.last_day))
        assert session.scalar(inside) == 0
        spike = select(Call.received_on, func.count()).where(Call.location_id.is_(None)).group_by(Call.received_on)
        assert [day for day, n in session.execute(spike) if n > 40] == [bad + timedelta(days=2)]
        uncovered = select(CallType.name).where(CallType.category.is_(None), CallType.name.like("CONV%"))
        assert session.scalars(uncovered).all() == ["CONV-UNKNOWN"]
        categories = dict(session.execute(select(CallType.name, CallType.category)).all())
    assert categories["WELFARE CHECK"] is CallCategory.behavioural_health
    assert categories["NOISE COMPLAINT"] is CallCategory.control
    assert categories["TRAFFIC STOP"] is CallCategory.excluded


def test_one_provider_is_slow(harbor: City) -> None:
    days: dict[str, list[int]] = defaultdict(list)
    with aggregate_session(harbor()) as session:
        steps: dict[int, dict[Step, date]] = defaultdict(dict)
        for step in session.scalars(select(ConnectionStep)):
            steps[step.connection_id][step.step] = step.on_date
        for key, name in session.execute(select(Connection.id, Provider.name).join(Provider)):
            ladder = steps[key]
            if Step.attended in ladder:
                days[name].append((ladder[Step.attended] - ladder[Step.accepted]).days)
    slow = days.pop(TRUTHS.slow_provider)
    elsewhere = [d for found in days.values() for d in found]
    assert len(slow) >= 15
    assert abs(median(slow) - TRUTHS.slow_days) <= 8
    assert abs(median(elsewhere) - TRUTHS.usual_days) <= 2
    assert max(median(found) for found in days.values() if len(found) >= 5) < median(slow) / 2


def test_one_need_meets_no_provider(harbor: City) -> None:
    gaps = result(harbor(), "service_gaps").table
    assert int(gaps["value"].to_numpy().max()) > 30
    with aggregate_session(harbor()) as session:
        met: dict[Need, Counter[bool]] = defaultdict(Counter)
        for need, provider in session.execute(select(Connection.need, Connection.provider_id)):
            met[need][provider is not None] += 1
    assert [need for need in Need if not met[need][True]] == [TRUTHS.unmet_need]
    assert max(met, key=lambda need: met[need][False]) is TRUTHS.unmet_need
    assert met[TRUTHS.unmet_need][False] > 30


def test_one_week_is_missing_and_two_are_late(harbor: City) -> None:
    bind = harbor()
    launch = Clock(TODAY).launch
    with aggregate_session(bind) as session:
        sheets = session.execute(select(Tally.staff_id, Tally.week, Tally.certified_at)).all()
        staff = {s.id: s.starts_on for s in session.scalars(select(Staff))}
    weeks = {(who, (week - launch).days // 7 + 1): done for who, week, done in sheets}
    assert {k for k in range(1, 44) if (1, k) not in weeks} == {TRUTHS.missing_tally}
    late = {k for (_, k), done in weeks.items() if done and (done.date() - launch).days > 7 * k}
    assert late == set(TRUTHS.late_tallies)
    assert (staff[2] - launch).days // 7 + 1 == TRUTHS.part_time_from
    table = result(bind, "tally_completeness").table
    assert [int(v) for v in table["value"]][1:] == [2, 1]


def test_the_first_weeks_went_into_outreach(harbor: City) -> None:
    clock = Clock(TODAY)
    with aggregate_session(harbor()) as session:
        work = session.execute(select(Intervention.at, Intervention.mode)).all()
    early = [mode for at, mode in work if at < clock.at(monday_of(TRUTHS.startup_weeks), 0)]
    later = [mode for at, mode in work if at >= clock.at(monday_of(TRUTHS.startup_weeks + 4), 0)]
    assert early.count(Mode.outreach) / len(early) > 0.6
    assert later.count(Mode.outreach) / len(later) < 0.1
