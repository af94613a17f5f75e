"""Results of the usual kinds, made once: a count by week, counts in groups, a share by month, a wait."""

import math
from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

import pandas as pd
from sqlalchemy.orm import Session

from dashboard import words
from dashboard.measures import common
from dashboard.model import Audience, Filters, Guard, Records, Result
from dashboard.stats import km_quantile, poisson_exact, wilson
from db.ledger import month_end, month_of
from db.models import Pilot


def counted(
    session: Session,
    pilot: Pilot,
    filters: Filters,
    audience: Audience,
    key: str,
    records: Records,
    *,
    context: str = "",
    told: tuple[int, ...] = (),
) -> Result:
    """The Result of a count that is logged or tallied: its weeks, and their sum as the headline.

    ``records`` have ``cells`` (see :func:`lists.tallied`).
    ``context`` replaces the measure's own; ``told`` are the counts it gives away.
    """
    lang = filters.lang
    table = common.by_week(pilot, filters, records.cells)
    table["value"] = table["value"].round().astype(int)
    total = int(table["value"].sum())
    drawn = common.marks_of_count(session, pilot, filters, key)
    values = {
        "n": words.number(total, lang),
        "first": words.day(filters.first, lang),
        "last": words.day(common.until(filters), lang),
        "target": words.number(drawn["target"], lang),
    }
    own = common.said(key, "context_target", lang, **values) if drawn["target"] else ""
    return Result(
        key=key,
        filters=filters,
        audience=audience,
        table=table,
        columns=common.columns(lang, period="week", value=key, status="status"),
        estimate=poisson_exact(total),
        display=words.number(total, lang),
        context=context or own,
        sentence=common.said(key, "sentence", lang, **values),
        spark=common.spark(table["value"]),
        provisional=common.is_provisional(table["status"]),
        marks=drawn | {"target": None},  # the target is the sum's, not a week's: the context says it
        guard=Guard(bars=("value",), period="period", spark="value", headline=(total,), said=told),
    )


def bars(lang: str, **parts: Sequence[tuple[str, int]]) -> pd.DataFrame:
    """Counts in groups: one row per (part × group): by, group, value, low, high (exact Poisson), share of its part.

    ``parts`` maps a part's name ("mode") to its (label, count) rows; ``by`` holds the part's plain name.
    """
    rows = []
    for name, groups in parts.items():
        total = sum(count for _, count in groups)
        by = common.columns(lang, by=name)["by"]
        for group, count in groups:
            around = poisson_exact(count)
            rows.append((by, group, count, around.low, around.high, count / total if total else float("nan")))
    return pd.DataFrame(rows, columns=["by", "group", "value", "low", "high", "share"])


def bars_guard(*, headline: tuple[int, ...], said: tuple[int, ...] = (), sums: bool = True) -> Guard:
    """What the disclosure rule needs to know of :func:`bars`."""
    return Guard(
        bars=("value",),
        derived={"low": ("value",), "high": ("value",), "share": ("value",)},
        by="by",
        sums=sums,
        headline=headline,
        said=said,
    )


# --- rates by month ------------------------------------------------------------------------------


def groups(
    session: Session,
    pilot: Pilot,
    filters: Filters,
    audience: Audience,
    key: str,
    name: str,
    counts: Sequence[tuple[str, int]],
) -> Result:
    """The Result of one breakdown (``name``: the part of :func:`bars`), the largest group first and in the sentence."""
    lang = filters.lang
    rows = sorted(counts, key=lambda row: -row[1])
    n = sum(count for _, count in rows)
    top, most = rows[0] if rows else ("", 0)
    values = {
        "n": words.number(n, lang),
        "top": top,
        "most": words.number(most, lang),
        "share": words.percent(most / n if n else None, lang),
    }
    return Result(
        key=key,
        filters=filters,
        audience=audience,
        table=bars(lang, **{name: rows}),
        columns=common.columns(lang, group=name, value=f"{key}_value", low="low", high="high", share="share"),
        estimate=poisson_exact(n),
        display=words.number(n, lang),
        context="",
        sentence=common.said(key, "sentence" if n else "sentence_none", lang, **values),
        marks=common.marks(session, pilot, filters, key),
        guard=bars_guard(headline=(n,), said=(most, n - most)),
    )


def rate_table(periods: Sequence[date], yes: Sequence[int], no: Sequence[int], as_of: date) -> pd.DataFrame:
    """One row per month with its Wilson interval: period, value, low, high, n, yes, no, status.

    A month without a case has no value. A month that is not over on the as-of day is unfinished.
    """
    status = [common.UNFINISHED if month_end(month) >= as_of else common.FINAL for month in periods]
    return with_rates(pd.DataFrame({"period": list(periods), "yes": yes, "no": no, "status": status}))


def with_rates(counts: pd.DataFrame) -> pd.DataFrame:
    """``counts`` (period, yes, no, status) with its rates recomputed."""
    estimates = [wilson(int(k), int(k + m)) for k, m in zip(counts["yes"], counts["no"], strict=True)]
    return pd.DataFrame(
        {
            "period": counts["period"],
            "value": [math.nan if e.value is None else e.value for e in estimates],
            "low": [math.nan if e.low is None else e.low for e in estimates],
            "high": [math.nan if e.high is None else e.high for e in estimates],
            "n": [e.n for e in estimates],
            "yes": counts["yes"],
            "no": counts["no"],
            "status": counts["status"],
        }
    )


def rate_guard(yes: int, no: int, *told: int) -> Guard:
    """What the disclosure rule needs to know of :func:`rate_table` and its overall ``yes`` and ``no``."""
    counts = ("yes", "no")
    return Guard(
        bars=counts,
        derived=dict.fromkeys(("value", "low", "high", "n"), counts),
        remake=with_rates,
        period="period",
        spark="value",
        headline=(yes, no),
        noted=told,
    )


def monthly_rate(filters: Filters, cases: pd.DataFrame) -> pd.DataFrame:
    """:func:`rate_table` of ``cases`` (columns ``day`` and the bool ``yes``) over the period's months."""
    periods = common.months(filters.first, max(filters.first, common.until(filters)))
    month = cases["day"].map(month_of)
    yes = month[cases["yes"].astype(bool)].value_counts()
    no = month[~cases["yes"].astype(bool)].value_counts()
    return rate_table(
        periods,
        [int(yes.get(period, 0)) for period in periods],
        [int(no.get(period, 0)) for period in periods],
        filters.as_of,
    )


def rate(
    session: Session, pilot: Pilot, filters: Filters, audience: Audience, key: str, cases: pd.DataFrame, *, beside: int
) -> Result:
    """The Result of a share: ``cases`` (columns day, yes) by month, the whole period's share as the headline.

    ``beside`` is the count the measure's caveat names beside it (no caveat for 0).
    """
    lang = filters.lang
    yes, n = int(cases["yes"].sum()), len(cases)
    table, overall = monthly_rate(filters, cases), wilson(yes, n)
    values = {
        "share": words.percent(overall.value, lang),
        "low": words.percent(overall.low, lang),
        "high": words.percent(overall.high, lang),
        "yes": words.number(yes, lang),
        "n": words.number(n, lang),
        "beside": words.number(beside, lang),
    }
    return Result(
        key=key,
        filters=filters,
        audience=audience,
        table=table,
        columns=common.columns(
            lang,
            period="month",
            value="share",
            low="low",
            high="high",
            n="n",
            yes=f"{key}_yes",
            no=f"{key}_no",
            status="status",
        ),
        estimate=overall,
        display=words.percent(overall.value, lang),
        context=common.said(key, "context", lang, **values) if n else "",
        sentence=common.said(key, "sentence" if n else "sentence_none", lang, **values),
        caveats=(common.said(key, "caveat", lang, **values),) if beside else (),
        spark=common.spark(common.finished(table)["value"]),
        marks=common.marks(session, pilot, filters, key, grain="month"),
        guard=rate_guard(yes, n - yes, beside),
    )


def waits(
    session: Session,
    pilot: Pilot,
    filters: Filters,
    audience: Audience,
    key: str,
    durations: Any,
    observed: Any,
    show: Callable[[float | None], str],
) -> Result:
    """The Result of a waiting time: Kaplan–Meier median and 90th percentile, in the unit of ``durations``."""
    lang, n = filters.lang, len(durations)
    half, most = km_quantile(durations, observed, 0.5), km_quantile(durations, observed, 0.9)
    waiting = n - int(sum(observed))
    rows = [
        (common.said(key, name, lang), *(math.nan if v is None else v for v in (e.value, e.low, e.high)))
        for name, e in (("median", half), ("most", most))
    ]
    stated = half.value is not None
    values = {
        "n": words.number(n, lang),
        "median": show(half.value),
        "low": show(half.low),
        "high": show(half.high),
        "most": show(most.value),
        "waiting": words.number(waiting, lang),
    }
    form = "sentence" if stated and most.value is not None else "sentence_median" if stated else "sentence_none"
    return Result(
        key=key,
        filters=filters,
        audience=audience,
        table=pd.DataFrame(rows, columns=["group", "value", "low", "high"]),
        columns=common.columns(lang, group="quantile", value=f"{key}_unit", low="low", high="high"),
        estimate=half,
        display=common.said(key, "display", lang, **values) if stated else words.NOTHING,
        context=common.said(key, "context", lang, **values) if stated else "",
        sentence=common.said(key, form, lang, **values),
        caveats=(common.said(key, "caveat", lang, **values),) if waiting else (),
        marks=common.marks(session, pilot, filters, key),
        guard=Guard(derived={"value": (), "low": (), "high": ()}, headline=(n,), noted=(waiting, n - waiting)),
    )
