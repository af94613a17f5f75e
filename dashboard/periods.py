"""A regular series (daily to yearly) in order, its gaps kept as gaps. Arrays in, a dataclass out."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Every = Literal["day", "week", "month", "quarter", "year"]
Floats = NDArray[np.float64]

SEASON: dict[Every, float | None] = {"day": 365.25, "week": 365.25 / 7, "month": 12.0, "quarter": 4.0, "year": None}
"""Periods in a year, for the harmonic pairs. Yearly data have no season."""
FEWEST = 3
"""Points needed on each side of the intervention."""


class EffectError(ValueError):
    """A series that cannot be analysed. ``str(error)`` says why, with the value, in one sentence."""


@dataclass(frozen=True, slots=True)
class Series:
    """A regular series. ``index`` counts periods (so that gaps show)."""

    every: Every
    starts: tuple[date, ...]
    index: NDArray[np.int64]
    counts: Floats
    exposure: Floats | None
    launch: int
    """Index of the period that holds the intervention day."""


def series(
    dates: Sequence[Any] | NDArray[Any] | pd.Series,
    counts: Sequence[float] | NDArray[Any] | pd.Series,
    intervention: date,
    *,
    exposure: Sequence[float] | NDArray[Any] | pd.Series | None = None,
    every: Every | None = None,
) -> Series:
    """Put a regular series in order. ``dates``: any day of each period; ``counts``: NaN is a gap.

    ``every`` None: found from the spacing. Raises :class:`EffectError` for doubled periods, negative or
    infinite values, an exposure that is not positive, and an intervention outside the data.
    """
    frame = pd.DataFrame({"at": pd.to_datetime(pd.Series(dates).to_numpy()), "count": np.asarray(counts, float)})
    frame["exposure"] = np.nan if exposure is None else np.asarray(exposure, float)
    frame = frame.dropna(subset=["at"]).sort_values("at", ignore_index=True)
    if len(frame) < 2 * FEWEST:
        raise EffectError(
            f"The series has {len(frame)} periods; at least {FEWEST} before and {FEWEST} after are needed."
        )
    at = pd.DatetimeIndex(frame["at"])
    days: list[date] = [moment.to_pydatetime().date() for moment in at]
    kind = every or spacing(at)
    index = positions(days, kind)
    twice = at[pd.Index(index).duplicated()]
    if len(twice):
        raise EffectError(f"The {kind} of {twice[0]:%Y-%m-%d} stands twice in the series.")
    launch = position(intervention, days[0], kind)
    if not index[0] < launch <= index[-1]:
        raise EffectError(
            f"The intervention of {intervention} lies outside the data ({at[0]:%Y-%m-%d} to {at[-1]:%Y-%m-%d})."
        )
    if np.isinf(frame["count"]).any():
        raise EffectError("A count is infinite.")
    there = frame["count"].notna().to_numpy()
    if exposure is not None and not (frame.loc[there, "exposure"] > 0).all():
        bad = frame[there & ~(frame["exposure"] > 0)].iloc[0]
        size = "missing" if np.isnan(bad["exposure"]) else f"{bad['exposure']:g}; it must be above zero"
        raise EffectError(f"The exposure of {bad['at']:%Y-%m-%d} is {size}.")
    return Series(
        every=kind,
        starts=tuple(day for day, kept in zip(days, there, strict=True) if kept),
        index=index[there],
        counts=frame["count"].to_numpy()[there],
        exposure=None if exposure is None else frame["exposure"].to_numpy()[there],
        launch=launch,
    )


def only(data: Series, keep: NDArray[np.bool_]) -> Series:
    """The periods that ``keep`` (aligned with ``data.index``) marks; the others become gaps."""
    return replace(
        data,
        starts=tuple(start for start, there in zip(data.starts, keep, strict=True) if there),
        index=data.index[keep],
        counts=data.counts[keep],
        exposure=None if data.exposure is None else data.exposure[keep],
    )


def spacing(at: pd.DatetimeIndex) -> Every:
    """Day to year, from the median step between sorted dates. Raises :class:`EffectError`."""
    step = float(np.median(np.diff(at.to_numpy()) / np.timedelta64(1, "D")))
    steps: tuple[tuple[Every, int, int], ...] = (
        ("day", 1, 1), ("week", 7, 7), ("month", 29, 31), ("quarter", 89, 93), ("year", 365, 366),
    )  # fmt: skip
    for kind, low, high in steps:
        if low <= step <= high:
            return kind
    raise EffectError(
        f"The dates are {step:g} days apart: they are neither daily, weekly, monthly, quarterly nor yearly."
    )


def positions(days: Sequence[date], every: Every) -> NDArray[np.int64]:
    """The period number of each date; consecutive periods differ by one. Weeks and days count from the first date."""
    return np.array([position(day, days[0], every) for day in days], np.int64)


def position(day: date, first: date, every: Every) -> int:
    if every == "year":
        return day.year
    if every == "quarter":
        return day.year * 4 + (day.month - 1) // 3
    if every == "month":
        return day.year * 12 + day.month
    return (day - first).days // (7 if every == "week" else 1)


def number_of(data: Series, day: date) -> int:
    """The index of the period that holds ``day``, inside the data or not."""
    here = position(day, data.starts[0], data.every)
    return here + (int(data.index[0]) if data.every in ("week", "day") else 0)


def period_start(data: Series, number: int) -> date:
    """First day of the period with that index, inside the data or not."""
    if data.every == "year":
        return date(number, 1, 1)
    if data.every == "quarter":
        return date(number // 4, number % 4 * 3 + 1, 1)
    if data.every == "month":
        return date((number - 1) // 12, (number - 1) % 12 + 1, 1)
    return data.starts[0] + (number - int(data.index[0])) * timedelta(days=7 if data.every == "week" else 1)
