"""Repeat calls by the subject rules of measures.md, section 4. Arrays in, frozen dataclasses out.

- Calls of one subject that follow each other within 2 hours (2 h included) are one event, at the time of the first.
- An event is a *repeat* when its subject had an earlier event with 0 < Δ ≤ window × 24 hours, in elapsed
  time: daylight saving moves nothing.
- It is *judged* only when it has a subject and the window before it lies inside the data and holds no gap.
- Institutions are neither counted nor judged.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from db.cad.judging import HOUR, KEYED_ENOUGH, Coverage, Ints, events
from db.ledger import month_end

Basis = Literal["person", "location"]


@dataclass(frozen=True, slots=True)
class Monthly:
    """A monthly series of repeat calls, on one basis.

    ``table``, one row per month from the data's first (or a first call before it) to their last: month (its first
    day), repeats, judged, unjudged (history too short or broken), nobody (without a subject), keyed
    (share of calls with a person key; NaN where there is no call), whole (every moment could be judged).
    """

    basis: Basis
    window_days: int
    table: pd.DataFrame
    institutions: int
    """Calls at institutions: left out of everything above."""


def monthly(
    calls: pd.DataFrame, coverage: Coverage, window_days: int, counted: tuple[date, date] | None = None
) -> Monthly:
    """Repeat calls by month. ``calls`` as :func:`db.cad.history.bh_calls` gives them, one category only.

    The basis follows the rule: person keys if ≥ 95 % of calls are keyed in every whole month. ``counted``:
    count only what falls on these days (both inclusive); basis and earlier calls come from all of ``calls``.
    """
    outside = calls["institution"].to_numpy(bool)
    kept = calls.loc[~outside]
    moments = kept["received_at"].to_numpy(np.int64)
    month = kept["received_on"].to_numpy().astype("datetime64[M]").astype(np.int64)
    first = min([int(np.datetime64(coverage.first, "M").astype(np.int64)), *month[:1]])
    last = max([int(np.datetime64(coverage.last, "M").astype(np.int64)), *month[-1:]])
    judgeable = coverage.judgeable(moments, window_days)

    def per_month(calls_of: NDArray[Any]) -> NDArray[np.int64]:
        return np.bincount(month[calls_of] - first, minlength=last - first + 1)

    months = [_month(number) for number in range(first, last + 1)]
    keyed, total = per_month(kept["person"].to_numpy(np.int64) >= 0), per_month(np.ones(len(month), bool))
    table = pd.DataFrame(
        {
            "month": months,
            "whole": [coverage.whole(m, month_end(m), window_days) for m in months],
            "keyed": np.divide(keyed, total, out=np.full(len(months), np.nan), where=total > 0),
        }
    )
    chosen = choose_basis(table)
    subjects = kept[chosen].to_numpy(np.int64)
    start, _, since = events(moments, subjects)
    asked = np.ones(len(month), bool)
    if counted is not None:
        day = kept["received_on"].to_numpy().astype("datetime64[D]")
        asked = (day >= np.datetime64(counted[0])) & (day <= np.datetime64(counted[1]))
    start, since = start[asked[start]], since[asked[start]]
    repeat = (since > 0) & (since <= window_days * 24 * HOUR)
    table["repeats"] = per_month(start[judgeable[start] & repeat])
    table["judged"] = per_month(start[judgeable[start]])
    table["unjudged"] = per_month(start[~judgeable[start]])
    table["nobody"] = per_month((subjects < 0) & asked)
    return Monthly(chosen, window_days, table, int(outside.sum()))


def _month(number: int) -> date:
    """First day of the month so many months after January 1970."""
    return date(1970 + number // 12, number % 12 + 1, 1)


def choose_basis(table: pd.DataFrame) -> Basis:
    """One basis for the whole series, from the keyed share of its whole months."""
    shares = table.loc[table["whole"], "keyed"].dropna()
    return "person" if len(shares) and (shares >= KEYED_ENOUGH).all() else "location"


def launch_shift(table: pd.DataFrame, launch: date) -> float | None:
    """Change of the keyed share (a fraction) from the months before ``launch`` to those after; None without both."""
    shares = table.dropna(subset=["keyed"])
    before = shares.loc[shares["month"] < launch.replace(day=1), "keyed"].to_numpy(float)
    after = shares.loc[shares["month"] > launch, "keyed"].to_numpy(float)
    return float(np.mean(after) - np.mean(before)) if len(before) and len(after) else None


def ladder(subjects: Ints, steps: Sequence[int]) -> list[tuple[int, int, int]]:
    """(step, subjects with at least that many calls, their calls) for each step. Nobody (-1) takes no part."""
    _, sizes = np.unique(subjects[subjects >= 0], return_counts=True)
    return [(step, int((sizes >= step).sum()), int(sizes[sizes >= step].sum())) for step in steps]
