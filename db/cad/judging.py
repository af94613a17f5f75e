"""Which calls are one event, and which can be judged: the subject rules of measures.md, section 4. Arrays in and out.

- Calls of one subject that follow each other within 2 hours (2 h included) are one event, at the time of the first.
- An event can be judged only when the window before it lies inside the data and holds no gap.
"""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]

HOUR = 3_600_000_000_000
"""In nanoseconds, as all moments here: UTC since 1970."""
ONE_EVENT = 2 * HOUR
KEYED_ENOUGH = 0.95
"""Person keys are the basis when at least this share of calls is keyed in every judged month."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """What the data hold: whole local days ``first`` to ``last``, both inclusive, but for the ``gaps`` (inclusive)."""

    first: date
    last: date
    gaps: tuple[tuple[date, date], ...]
    zone: str

    def midnight(self, day: date) -> int:
        """The moment ``day`` begins in the zone."""
        return int(datetime.combine(day, time(), ZoneInfo(self.zone)).timestamp()) * 1_000_000_000

    def whole(self, first: date, last: date, window_days: int) -> bool:
        """Whether every moment of these days could be judged."""
        start, end = self.midnight(first), self.midnight(last + timedelta(days=1))
        if last > self.last or start - window_days * 24 * HOUR < self.midnight(self.first):
            return False
        return not any(begin < end and finish > start - window_days * 24 * HOUR for begin, finish in self.holes())

    def holes(self) -> list[tuple[int, int]]:
        """The gaps as half-open stretches of moments."""
        return _holes(self)

    def judgeable(self, moments: Ints, window_days: int) -> NDArray[np.bool_]:
        """For each moment: the window before it (and it) lies inside the data and holds no gap."""
        since = moments - window_days * 24 * HOUR
        inside = (since >= self.midnight(self.first)) & (moments < self.midnight(self.last + timedelta(days=1)))
        if holes := sorted(self.holes()):
            begins, finishes = (np.array(side, np.int64) for side in zip(*holes, strict=True))
            latest = np.maximum.accumulate(finishes)
            begun = np.searchsorted(begins, moments, side="right") - 1
            inside &= ~((begun >= 0) & (since < latest[begun]))
        return inside


@lru_cache(maxsize=16)
def _holes(covered: Coverage) -> list[tuple[int, int]]:
    return [(covered.midnight(a), covered.midnight(b + timedelta(days=1))) for a, b in covered.gaps]


def events(moments: Ints, subjects: Ints) -> tuple[Ints, Ints, Ints]:
    """Merge calls into events: (position of each event's first call, its subject, Δ to the previous event).

    ``subjects``: -1 is nobody and takes no part. Δ is in nanoseconds, -1 where the subject had none before.
    """
    order = np.lexsort((moments, subjects))
    order = order[subjects[order] >= 0]
    when, who = moments[order], subjects[order]
    same = np.zeros(len(order), bool)
    same[1:] = who[1:] == who[:-1]
    elapsed = np.diff(when, prepend=when[:1])
    first = ~(same & (elapsed <= ONE_EVENT))
    order, when, who = order[first], when[first], who[first]
    since = np.full(len(order), -1, np.int64)
    again = who[1:] == who[:-1]
    since[1:][again] = (when[1:] - when[:-1])[again]
    return order, who, since
