"""Hours returned and the cost of an averted call: the formula by hand, negatives kept, nothing stated too early."""

import shutil
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import Engine, select

from dashboard.measures.averted import median_unit_hours
from dashboard.measures.compute import compute
from dashboard.model import Filters, Result
from db.engine import aggregate_session
from db.models import BudgetLine, Call, CallGap, CallUnit, LedgerEntry, MonthClose
from db.pilot import the_pilot
from db.vocab import CallCategory, EntryKind
from tests.conftest import add_small_pilot, create_engine_at, fresh_sqlite
from tests.dashboard.measures.callmaker import add_calls, city, local
from tests.dashboard.measures.city import SHELL, WHOLE

FIRST, LAST, LAUNCH = date(2022, 7, 1), date(2026, 11, 13), date(2026, 1, 12)
STARTED = datetime(2024, 5, 1, 12, tzinfo=UTC)


def ask(bind: Engine, key: str) -> Result:
    return compute(bind, SHELL, key, WHOLE)


def ask_on(bind: Engine, key: str, day: date) -> Result:
    return compute(bind, SHELL, key, Filters(WHOLE.first, day, day))


def calls_of(seed: int, ratio: float = 1.0) -> list[tuple[datetime, int, None, CallCategory]]:
    """The city's behavioral-health calls without the places that call once: they never repeat."""
    rows = city(seed, FIRST, LAST, LAUNCH, ratio=ratio)
    return [row for row in rows if row[3] is CallCategory.behavioural_health and row[1] <= 120]


def add_units(bind: Engine) -> None:
    """Three calls before the start took 1.0, 0.5 + 2.0 and 6.0 unit-hours (median 2.5), a fourth has no clearing;
    one after the start took 50."""
    spent: list[list[float | None]] = [[1.0], [0.5, 2.0], [6.0], [None]]
    with aggregate_session(bind) as session:
        before = session.scalars(select(Call.id).where(Call.received_on < LAUNCH).order_by(Call.id).limit(4)).all()
        later = session.scalars(select(Call.id).where(Call.received_on >= LAUNCH).order_by(Call.id).limit(1)).all()
        for call, hours in zip([*before, *later], [*spent, [50.0]], strict=True):
            for unit, hour in enumerate(hours):
                cleared = None if hour is None else STARTED + timedelta(hours=hour)
                session.add(CallUnit(call_id=call, unit=f"A{unit}", arrived_at=STARTED, cleared_at=cleared))
        session.commit()


def add_money(bind: Engine, *, closed: int) -> None:
    """$9,000.00 a month from January on; so many months of 2026 closed."""
    with aggregate_session(bind) as session:
        session.add(BudgetLine(id=1, name="Clinician", amount=Decimal("216000"), position=1))
        session.flush()
        for month in range(1, 12):
            entry = {"kind": EntryKind.expenditure, "amount": Decimal("9000"), "on_date": date(2026, month, 28)}
            session.add(LedgerEntry(line_id=1, payee="Provider", created_at=STARTED, **entry))
        session.add_all(MonthClose(month=date(2026, month, 1), closed_at=STARTED) for month in range(1, closed + 1))
        session.commit()


@pytest.fixture(scope="module")
def city_file(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Repeat calls fall to about 0.64; no unit times and no money yet."""
    path = tmp_path_factory.mktemp("falling") / "city.db"
    shutil.copy(sqlite_template, path)
    bind = create_engine_at(path)
    add_small_pilot(bind)
    add_calls(bind, calls_of(1, ratio=0.7))
    with bind.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    bind.dispose()
    return path


@pytest.fixture
def bare(city_file: Path, tmp_path: Path) -> Iterator[Engine]:
    yield from fresh_sqlite(city_file, tmp_path)


@pytest.fixture
def falling(bare: Engine) -> Engine:
    """Unit times for three calls, $9,000 a month, closed through September."""
    add_units(bare)
    add_money(bare, closed=9)
    return bare


def test_hours_are_the_calls_that_did_not_come_times_the_median(falling: Engine) -> None:
    """Observed ÷ ratio is what was expected; the limits of the ratio are the limits of the expected."""
    effect, found = ask(falling, "repeat_call_effect"), ask(falling, "officer_hours_returned")
    after = effect.table.loc[effect.table["phase"] == "after", "observed"]
    ratio, low, high = (effect.estimate.value or 0, effect.estimate.low or 0, effect.estimate.high or 0)
    by_hand = [2.5 * (after.sum() / limit - after.sum()) for limit in (ratio, high, low)]
    assert (found.estimate.value, found.estimate.low, found.estimate.high) == pytest.approx(by_hand, rel=1e-6)
    assert (found.marks["median_unit_hours"], found.marks["median_n"]) == (2.5, 3)
    assert found.table["hours"].sum() == pytest.approx(by_hand[0])
    assert found.sentence.endswith("The whole interval lies above zero.")
    assert "2.5 unit-hours each (the median of 3 calls before the start)" in found.sentence


def test_the_cost_is_what_was_spent_by_the_same_month(falling: Engine) -> None:
    """Nine closed months of $9,000 against the calls averted from February to September; October is not closed."""
    found, hours = ask(falling, "cost_per_call_averted"), ask(falling, "officer_hours_returned")
    averted = hours.table.loc[hours.table["period"] <= date(2026, 9, 1), "value"].sum()
    assert found.table.loc[0, "spent"] == 81_000
    assert found.estimate.value == pytest.approx(81_000 / averted)
    row = found.table.iloc[0]
    assert (found.estimate.low, found.estimate.high) == pytest.approx(
        (81_000 / row["averted_high"], 81_000 / row["averted_low"])
    )
    assert found.marks["through"] == date(2026, 9, 30)
    assert found.sentence.startswith(f"Each repeat call averted has cost {found.display} (95 % interval")


@pytest.mark.parametrize(
    ("seed", "beside"), [(4, "The interval holds zero"), (2, "The whole interval lies below zero")]
)
def test_without_an_effect_hours_may_be_negative_and_the_cost_cannot_be_stated(
    sqlite: Engine, seed: int, beside: str
) -> None:
    """Nothing was planted in either city; in the second, chance alone made repeat calls rise."""
    add_small_pilot(sqlite)
    add_calls(sqlite, calls_of(seed))
    add_units(sqlite)
    add_money(sqlite, closed=10)
    hours, cost = ask(sqlite, "officer_hours_returned"), ask(sqlite, "cost_per_call_averted")
    assert beside in hours.sentence
    assert hours.estimate.low is not None
    assert hours.estimate.low < 0
    assert (hours.table["hours"] < 0).any()
    assert (cost.display, cost.estimate.value) == ("cannot be stated", None)
    assert "does not lie above zero" in cost.sentence


def test_too_early_nothing_is_stated(falling: Engine) -> None:
    day = date(2026, 7, 2)  # five full months after the launch month
    hours, cost = (ask_on(falling, key, day) for key in ("officer_hours_returned", "cost_per_call_averted"))
    assert (hours.display, hours.estimate.value, len(hours.table)) == ("–", None, 0)
    assert hours.sentence == "It is too early to say how much of officers' time was given back."
    assert cost.display == "cannot be stated"
    assert "too early" in cost.sentence


def test_without_a_closed_month_or_unit_times_the_reason_is_said(bare: Engine) -> None:
    assert "no call before the start has the times of its units" in ask(bare, "officer_hours_returned").sentence
    assert "finance has not closed a month" in ask(bare, "cost_per_call_averted").sentence


def test_the_same_months_a_year_before(falling: Engine) -> None:
    effect, found = ask(falling, "repeat_call_effect"), ask(falling, "repeat_calls_before_after")
    observed = dict(zip(effect.table["month"], effect.table["observed"], strict=True))
    after = sum(observed[date(2026, month, 1)] for month in range(2, 11))
    before = sum(observed[date(2025, month, 1)] for month in range(2, 11))
    assert found.estimate.value == pytest.approx(after / before)  # both Februaries have 28 days
    assert len(found.table) == 9
    assert found.sentence.startswith("Descriptive only: in 9 months after the start")


def test_a_month_without_its_pair_is_left_out(falling: Engine) -> None:
    """A gap in July 2025 leaves July to October 2025 unjudged: ninety days after it they may miss an earlier call."""
    with aggregate_session(falling) as session:
        session.add(CallGap(first_day=date(2025, 7, 10), last_day=date(2025, 7, 12)))
        session.commit()
    found = ask(falling, "repeat_calls_before_after")
    assert [month.month for month in found.table["period"]] == [2, 3, 4, 5, 6]


def test_the_median_call_on_both_databases(small_pilot: Engine) -> None:
    """Four calls: 2 h and 4 h before the start; one after it and one of another kind do not count."""
    moments = [local(2024, 5, 1), local(2024, 6, 1), local(2026, 2, 1)]
    add_calls(small_pilot, [(moment, 1, None, CallCategory.behavioural_health) for moment in moments])
    add_calls(small_pilot, [(local(2024, 5, 2), 1, None, CallCategory.control)])
    with aggregate_session(small_pilot) as session:
        for call, hours in ((1, 2), (2, 1), (2, 3), (3, 40), (4, 50)):
            ended = STARTED + timedelta(hours=hours)
            session.add(CallUnit(call_id=call, unit=f"A{hours}", arrived_at=STARTED, cleared_at=ended))
        session.commit()
        found = median_unit_hours(session, the_pilot(session))
    assert (found.value, found.n) == (3.0, 2)
