"""The one disclosure rule for the public (measures.md, section 7). Every outlet gets its Results through here.

A count of people, or of events about people, from 1 to t − 1 is hidden; zero is shown. Where the sum is
published, the smallest non-zero shown cell is hidden with it, until the hidden ones sum to at least t.
A series is coarsened (week → month → quarter) until no bar is hidden. Whatever would give a hidden
cell away goes with it: shares, limits, running totals, the headline, its sentence, the spark line.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pandas as pd

from dashboard.measures.common import spark
from dashboard.model import Estimate, Guard, Result
from db.vocab import text

GRAINS = ("week", "month", "quarter")
PUBLIC_MARKS = frozenset({"launch", "events", "breaks", "target", "grain", "closed_through", "months_closed"})
"""The other marks of a result about people stay inside."""


def is_small(count: float, threshold: int) -> bool:
    """Whether a count must be hidden: 1 to ``threshold`` − 1. Zero may be shown."""
    return 0 < count < threshold


def hide(counts: pd.Series, threshold: int, *, summed: bool = True) -> pd.Series:
    """Which cells of one column to hide, as booleans on its index. ``summed``: their sum is published.

    Primary: the small ones. Then the smallest non-zero shown cell (the first of equals), as long as a
    single cell is hidden or the hidden ones sum to less than ``threshold``.
    """
    hidden = pd.Series([is_small(count, threshold) for count in counts], index=counts.index, dtype=bool)
    while summed and hidden.any() and (hidden.sum() == 1 or counts[hidden].sum() < threshold):
        shown = counts[~hidden & (counts > 0)]
        if shown.empty:
            break
        hidden |= hidden.index == shown.idxmin()
    return hidden


def disclose(result: Result, threshold: int) -> Result:
    """``result`` as the public may see it. Raises nothing: what it does not understand, it hides."""
    guard, table = result.guard, result.table.copy()
    if guard is None:
        numbers = table.select_dtypes("number")
        if numbers.map(lambda value: is_small(abs(value), threshold)).any(axis=None) or numbers.empty:
            return _mute(replace(result, table=table.iloc[0:0], spark=(), marks=_public(result, "")), threshold)
        return replace(result, marks=_public(result, ""))
    grain = ""
    if guard.period is not None:
        grain, table = _coarsened(table, guard, result, threshold)
    counts = table
    table, unprotected = _hidden_cells(_known_columns(table, guard), guard, threshold)
    secret = _secrets(counts, table, guard)
    result = replace(result, table=table, spark=_spark(table, guard), marks=_public(result, grain))
    if unprotected or any(is_small(count, threshold) for count in guard.headline):
        return _mute(replace(result, table=_without(table, [*guard.derived, *guard.cumulative])), threshold)
    lang = result.filters.lang
    broken_ladder = any(bool(table[name].isna().any()) for name in guard.nested)
    if broken_ladder or any(is_small(count, threshold) or count in secret for count in guard.said):
        result = replace(result, context="", sentence=_words("hidden_sentence", lang, threshold))
    if any(is_small(count, threshold) or count in secret for count in guard.noted):
        result = replace(result, caveats=())
    if bool(table["hidden"].any()):
        result = replace(result, caveats=(*result.caveats, _words("hidden_note", lang, threshold)))
    return result


def _secrets(counts: pd.DataFrame, table: pd.DataFrame, guard: Guard) -> set[float]:
    """The values of the hidden cells: a sentence that says one of them would give it away."""
    return {float(value) for name in guard.bars for value in counts.loc[table[name].isna(), name] if value}


def _words(key: str, lang: str, threshold: int) -> str:
    return text(f"measures.{key}", "es" if lang == "es" else "en", t=threshold)


def _mute(result: Result, threshold: int) -> Result:
    """Without headline and everything said about it."""
    lang = result.filters.lang
    return replace(
        result,
        estimate=Estimate(None),
        display=text("measures.hidden", "es" if lang == "es" else "en"),
        context="",
        sentence=_words("hidden_sentence", lang, threshold),
        caveats=(_words("hidden_note", lang, threshold),),
        spark=(),
    )


def _without(table: pd.DataFrame, names: list[str]) -> pd.DataFrame:
    """With whole columns hidden: what is derived from a hidden headline, or adds up to it."""
    blank = {name: pd.array([pd.NA] * len(table), dtype="Float64") for name in names}
    return table.assign(**blank, hidden=table["hidden"] | bool(names))


def _public(result: Result, grain: str) -> dict[str, Any]:
    kept = {key: value for key, value in result.marks.items() if key in PUBLIC_MARKS}
    return kept | ({"grain": grain} if grain else {})


def _known_columns(table: pd.DataFrame, guard: Guard) -> pd.DataFrame:
    """Numeric columns that the guard does not vouch for are hidden whole."""
    known = {*guard.bars, *guard.nested, *guard.running, *guard.extras, *guard.plain}
    known |= {*guard.derived, *guard.cumulative}
    strange = [name for name in table.select_dtypes("number").columns if name not in known]
    return table.assign(**{name: pd.array([pd.NA] * len(table), dtype="Float64") for name in strange})


def _spark(table: pd.DataFrame, guard: Guard) -> tuple[float, ...]:
    if guard.spark is None or table[guard.spark].isna().any():
        return ()
    return spark(table[guard.spark])


# --- cells ---------------------------------------------------------------------------------------


def _parts(table: pd.DataFrame, guard: Guard) -> Iterable[pd.DataFrame]:
    return [table] if guard.by is None else (part for _, part in table.groupby(guard.by, sort=False))


def _hidden_cells(table: pd.DataFrame, guard: Guard, threshold: int) -> tuple[pd.DataFrame, bool]:
    """The table with NA for hidden and a column ``hidden``; and whether a published sum gives a cell away."""
    mask = pd.DataFrame(False, index=table.index, columns=table.columns)
    unprotected = False
    for part in _parts(table, guard):
        for bar in guard.bars:
            hidden = hide(part[bar].fillna(0), threshold, summed=guard.sums)
            mask.loc[part.index, bar] = hidden
            total = part.loc[hidden, bar].sum()
            unprotected |= guard.sums and bool(hidden.any()) and (hidden.sum() == 1 or total < threshold)
    for ladder in guard.nested:
        mask[ladder] = _nested(table[ladder], threshold)
    for total in guard.running:
        mask[total] = _running(table[total], threshold)
    # Together, or the one that is shown gives away its neighbor: open after = open before + opened − closed.
    small = any(is_small(value, threshold) for extra in guard.extras for value in table[extra].fillna(0))
    small |= any(is_small(value, threshold) for rest in _rests(table, guard) for value in rest)
    mask[list(guard.extras)] = small
    for running, flow in guard.cumulative.items():
        if mask[flow].any():  # only the end, which is the headline, can stand
            mask.loc[table.index[:-1], running] = True
    for column, gives_away in guard.derived.items():
        mask[column] |= mask[list(gives_away)].any(axis=1)
    for column in mask.columns[mask.any()]:
        table[column] = table[column].astype("Float64").mask(mask[column])
    counted = [*guard.bars, *guard.nested, *guard.running]
    table["hidden"] = mask[[*counted, *guard.derived, *guard.cumulative]].any(axis=1)
    return table, unprotected


def _rests(table: pd.DataFrame, guard: Guard) -> Iterable[pd.Series]:
    """What an extra column leaves of the count it is part of; of a ladder, of those who stopped on the rung."""
    for inside, column in guard.within.items():
        whole = table[column].astype(float)
        stopped = whole - whole.shift(-1, fill_value=0) if column in guard.nested else whole
        yield (stopped - table[inside]).fillna(0)


def _nested(counts: pd.Series, threshold: int) -> list[bool]:
    """Hidden where the count, or what it lost since the last shown one, is small."""
    hidden: list[bool] = []
    shown: float | None = None
    for count in counts:
        small = is_small(count, threshold) or (shown is not None and is_small(shown - count, threshold))
        hidden.append(small)
        shown = shown if small else count
    return hidden


def _running(totals: pd.Series, threshold: int) -> list[bool]:
    """Hidden where the total, or what the next shown one has more, is small. From the newest on: it is the headline."""
    hidden: list[bool] = []
    shown: float | None = None
    for total in reversed(list(totals)):
        small = is_small(total, threshold) or (shown is not None and is_small(shown - total, threshold))
        hidden.append(small)
        shown = shown if small else total
    return hidden[::-1]


# --- time ----------------------------------------------------------------------------------------


def _coarsened(table: pd.DataFrame, guard: Guard, result: Result, threshold: int) -> tuple[str, pd.DataFrame]:
    """The finest grain, from the table's own on, at which no bar is hidden; else quarters."""
    start = GRAINS.index(str(result.marks.get("grain", "week")))
    launch = result.marks.get("launch")
    grain, coarse = GRAINS[start], table
    for grain in GRAINS[start:]:
        coarse = _at_grain(table, guard, grain, launch) if grain != GRAINS[start] else table
        if not any(is_small(value, threshold) for bar in guard.bars for value in coarse[bar].fillna(0)):
            break
    return grain, coarse


def _at_grain(table: pd.DataFrame, guard: Guard, grain: str, launch: date | None) -> pd.DataFrame:
    """Periods merged: flows summed, stocks and running totals last, the least certain status."""
    period = str(guard.period)
    starts = pd.Series([period_of(day, grain, launch) for day in table[period]], index=table.index, dtype=object)
    lasting = {*guard.stocks, *guard.cumulative}
    rules = {name: "last" if name in lasting else "sum" for name in (*guard.bars, *guard.extras, *guard.cumulative)}
    rules |= dict.fromkeys((*guard.plain, *guard.derived), "last")
    if "status" in table:
        rules["status"] = "max"  # final < provisional < unfinished
    coarse = table.drop(columns=period).groupby(starts.rename(period), sort=True).agg(rules).reset_index()
    coarse = coarse[[name for name in table.columns if name in coarse]]
    return guard.remake(coarse) if guard.remake else coarse


def period_of(day: date, grain: str, launch: date | None = None) -> date:
    """First day of the month or quarter that a week (its Monday) or a month (its first) belongs to."""
    if day.day != 1 or day.weekday() == 0:  # a Monday: the week's Thursday decides
        day = day + timedelta(days=3)
    if launch is not None:
        day = max(day, launch)
    return day.replace(day=1) if grain == "month" else day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1)
