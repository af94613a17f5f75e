"""The call history as the measures need it: what the data cover, what they miss, and monthly series by one rule.

All of it reads the counts kept current at every load (``db.cad.current``): no measure reads millions of calls.
"""

from collections.abc import Sequence
from datetime import date, timedelta

from sqlalchemy.orm import Session

from dashboard.measures.common import FINAL, UNFINISHED
from dashboard.repeats import Coverage, Monthly
from db.cad import current
from db.ledger import month_end
from db.vocab import CallCategory

ONE_DAY = timedelta(days=1)
Stretch = tuple[date, date]
"""Days, both inclusive."""


def covered(session: Session, as_of: date) -> Coverage | None:
    """From the first day with a call of any type to the last one before ``as_of``; known gaps taken out."""
    return current.coverage(session, as_of)


def repeat_series(
    session: Session, category: CallCategory, window_days: int, as_of: date, counted: Stretch | None = None
) -> Monthly | None:
    """The monthly series of one category as known on ``as_of`` (see :func:`dashboard.repeats.monthly`).

    The as-of day is not over, so nothing on it is judged. None where there is no call of the category.
    """
    found = current.monthly(session, window_days, category, as_of=as_of, counted=counted)
    return found and Monthly(found.basis, found.window_days, found.table, found.institutions)


def month_status(month: date, coverage: Coverage | None, asked: Stretch, window_days: int = 0) -> str:
    """Final, or unfinished when part of the month lies outside data, period or what can be judged."""
    last = month_end(month)
    whole = coverage is not None and asked[0] <= month and last <= asked[1] and coverage.whole(month, last, window_days)
    return FINAL if whole else UNFINISHED


def missing(coverage: Coverage | None, asked: Stretch, as_of: date) -> list[Stretch]:
    """The days of the period, over on ``as_of``, of which the data know nothing: before them, in a gap, after them."""
    first, last = asked[0], min(asked[1], as_of - ONE_DAY)
    if coverage is None:
        return [(first, last)] if first <= last else []
    holes = [(first, coverage.first - ONE_DAY), *coverage.gaps, (coverage.last + ONE_DAY, last)]
    inside = sorted((max(first, a), min(last, b)) for a, b in holes)
    joined: list[Stretch] = []
    for a, b in inside:
        if a > b:
            continue
        if joined and a <= joined[-1][1] + ONE_DAY:
            joined[-1] = (joined[-1][0], max(b, joined[-1][1]))
        else:
            joined.append((a, b))
    return joined


def nothing_known(month: date, stretches: Sequence[Stretch], asked: Stretch, as_of: date) -> bool:
    """Whether all days of the month that the period holds are missing: no figure, which is not zero."""
    first, last = max(month, asked[0]), min(month_end(month), asked[1])
    if last >= as_of:  # the as-of day itself may have calls already
        last = max(first, as_of - ONE_DAY)
    return any(a <= first and last <= b for a, b in stretches)
