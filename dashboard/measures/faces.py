"""Familiar faces: from how few subjects do how many calls come, now and a year before?"""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import NamedTuple

import numpy as np
import pandas as pd
from sqlalchemy.orm import Session

from dashboard import words
from dashboard.measures import common, history
from dashboard.model import Audience, Filters, Guard, Result
from dashboard.repeats import Basis, ladder
from dashboard.stats import poisson_exact, wilson
from db.cad.history import bh_calls
from db.models import Pilot
from db.vocab import CallCategory, text

BH = CallCategory.behavioural_health
LADDER = (40, 20, 10, 5, 3)
"""Calls in twelve months, the most first: each step holds the one before it."""


class Year(NamedTuple):
    """Twelve months of calls, institutions left out. ``whole``: the data know every day of them."""

    first: date
    last: date
    calls: pd.DataFrame
    whole: bool


def familiar_faces(session: Session, pilot: Pilot, filters: Filters, audience: Audience) -> Result:
    """Subjects with many calls in the twelve months up to the period's end, their share of calls, and a year before.

    Both years by one basis. A year before that the data do not hold whole is left blank: missing, not fewer.
    """
    key, lang = "familiar_faces", filters.lang
    basis, now, before = years(session, filters)
    steps, total = _steps(now, basis)
    earlier = _steps(before, basis)[0] if before.whole else [(step, None, None) for step in LADDER]
    rows, above, above_then = [], 0, 0
    for (step, people, theirs), (_, then, _) in zip(steps, earlier, strict=True):
        share = wilson(theirs, total)
        group = common.said(key, "step", lang, n=words.number(step, lang))
        added_then = None if then is None else then - above_then
        rows.append((group, people, people - above, theirs, share.value, share.low, share.high, then, added_then))
        above, above_then = people, then or 0
    table = pd.DataFrame(rows, columns=["group", *_COLUMNS]).astype(dict.fromkeys(("before", "before_added"), float))
    _, most, theirs = steps[-1]
    most_then = earlier[-1][1]
    values = {
        "n": words.number(most, lang),
        "calls": words.number(theirs, lang),
        "share": words.percent(theirs / total if total else None, lang),
        "step": words.number(LADDER[-1], lang),
        "before": words.number(most_then, lang),
    }
    beside = common.said(key, "before", lang, **values) if total and most_then is not None else ""
    return Result(
        key=key,
        filters=filters,
        audience=audience,
        table=table,
        columns=common.columns(lang, group="calls_step", **_COLUMNS),
        estimate=poisson_exact(most),
        display=words.number(most, lang),
        context=common.said(key, "context", lang, **values),
        sentence=common.said(key, "sentence" if total else "nothing", lang, **values) + beside,
        caveats=_caveats(basis, now, before, lang),
        spark=(),
        marks=common.marks(session, pilot, filters, key) | {"first": now.first, "last": now.last, "basis": basis},
        guard=Guard(
            bars=("added", "before_added"),
            # Who made so many calls at least, and how many together, bounds how many they are.
            derived=dict.fromkeys(("calls", "share", "share_low", "share_high"), ("added",)),
            cumulative={"value": "added", "before": "before_added"},
            headline=(most,),
            said=(most, theirs, most_then or 0),
        ),
    )


_COLUMNS = {
    "value": "calls_subjects",
    "added": "calls_added",
    "calls": "calls_theirs",
    "share": "calls_share_all",
    "share_low": "calls_share_low",
    "share_high": "calls_share_high",
    "before": "calls_before",
    "before_added": "calls_before_added",
}


def years(session: Session, filters: Filters) -> tuple[Basis, Year, Year]:
    """The basis, the twelve months up to the period's end, and the twelve before them."""
    last = common.until(filters)
    first = year_before(last)
    eve = first - timedelta(days=1)
    monthly = history.repeat_series(session, BH, filters.window_days, filters.as_of)
    covered = history.covered(session, filters.as_of)
    calls = bh_calls(session, (BH,), first=year_before(eve), last=last)
    calls = calls.loc[~calls["institution"].to_numpy(bool)]
    now = calls["received_on"].to_numpy().astype("datetime64[D]") >= np.datetime64(first)

    def year(begin: date, end: date, kept: pd.DataFrame) -> Year:
        return Year(begin, end, kept, covered is not None and not history.missing(covered, (begin, end), filters.as_of))

    basis = monthly.basis if monthly else "location"
    return basis, year(first, last, calls.loc[now]), year(year_before(eve), eve, calls.loc[~now])


def _steps(year: Year, basis: Basis) -> tuple[Sequence[tuple[int, int, int]], int]:
    """The ladder of one year, and its calls with a subject."""
    subjects = year.calls[basis].to_numpy(np.int64)
    return ladder(subjects, LADDER), int((subjects >= 0).sum())


def _caveats(basis: Basis, now: Year, before: Year, lang: str) -> tuple[str, ...]:
    spoken = "es" if lang == "es" else "en"
    said = [text(f"effect.basis.{basis}", spoken)]
    if not now.whole:
        said.append(common.said("familiar_faces", "broken", lang))
    if not before.whole:
        ends = {"first": words.day(before.first, lang), "last": words.day(before.last, lang)}
        said.append(common.said("familiar_faces", "no_year_before", lang, **ends))
    return tuple(said)


def year_before(day: date) -> date:
    """The first day of the twelve months that end with ``day``."""
    after = day + timedelta(days=1)
    return after.replace(year=after.year - 1, day=min(after.day, 28) if after.month == 2 else after.day)
