"""The call history as the measures need it: what the data cover, and monthly series by one rule."""

from dataclasses import dataclass
from datetime import date

import pandas as pd
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from dashboard import repeats
from dashboard.measures.common import FINAL, UNFINISHED
from dashboard.repeats import Coverage, Monthly, month_end
from db.cad.history import bh_calls
from db.models import Call, CallGap, Pilot
from db.vocab import CallCategory


@dataclass(frozen=True, slots=True)
class History:
    """Calls of one or two categories up to the as-of day, and what the data cover. No call: ``coverage`` None."""

    calls: pd.DataFrame
    coverage: Coverage | None

    def of(self, category: CallCategory) -> pd.DataFrame:
        return self.calls.loc[self.calls["category"] == category.value]


def read(session: Session, pilot: Pilot, as_of: date, *categories: CallCategory) -> History:
    """The calls known on ``as_of``. The day itself is not over, so the data cover days before it only."""
    coverage = covered(session, pilot, as_of)
    return History(bh_calls(session, categories, last=as_of), coverage)


def covered(session: Session, pilot: Pilot, as_of: date) -> Coverage | None:
    """From the first day with a call of any type to the last one before ``as_of``; known gaps taken out."""
    first, last = session.execute(
        select(func.min(Call.received_on), func.max(Call.received_on)).where(Call.received_on < as_of)
    ).one()
    if first is None:
        return None
    gaps = session.scalars(select(CallGap).order_by(CallGap.first_day))
    return Coverage(first, last, tuple((gap.first_day, gap.last_day) for gap in gaps), pilot.time_zone)


def repeat_series(
    history: History, category: CallCategory, window_days: int, counted: tuple[date, date] | None = None
) -> Monthly | None:
    """The monthly series of one category (see :func:`dashboard.repeats.monthly`); None where there is no call of it."""
    calls = history.of(category)
    if history.coverage is None or not len(calls):
        return None
    return repeats.monthly(calls, history.coverage, window_days, counted)


def month_status(month: date, coverage: Coverage | None, asked: tuple[date, date], window_days: int = 0) -> str:
    """Final, or unfinished when part of the month lies outside data, period or what can be judged."""
    last = month_end(month)
    whole = coverage is not None and asked[0] <= month and last <= asked[1] and coverage.whole(month, last, window_days)
    return FINAL if whole else UNFINISHED
