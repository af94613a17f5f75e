"""After the pilot: the saved scenarios side by side, as they stand on the slide (sums: ``dashboard.scenarios``)."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

import pandas as pd
from sqlalchemy import select
from sqlalchemy.orm import Session

from dashboard import scenarios, words
from dashboard.measures import common, reach, shifts
from dashboard.model import Audience, Estimate, Filters, Guard, Measure, Result
from dashboard.scenarios import Basis, Figures, Period, Reached, Year
from db.access import Permission
from db.commands.scenarios import form_of
from db.commands.scenarios import scenarios as saved_ones
from db.forms.scenarios import Assumptions
from db.ledger import month_after
from db.models import Pilot, Staff
from db.run_rate import RunRate, as_is, run_rate
from db.vocab import Scope, text

FISCAL_YEAR_MONTH = "fiscal_year_month"
"""The key of the pilot's settings that names another first month of the city's fiscal year."""


class Known(NamedTuple):
    """What the page needs beside the figures, for the internal audience: marks ``exact`` of ``after_pilot``."""

    basis: Basis
    rate: RunRate
    as_is: Assumptions


def known(session: Session, pilot: Pilot, filters: Filters) -> Known:
    """The pilot's own figures that every scenario starts from; costs and people are of the same closed months."""
    rate = run_rate(session, pilot)
    today = min(filters.as_of, pilot.ends_on)
    month = int(pilot.settings.get(FISCAL_YEAR_MONTH, scenarios.FISCAL_MONTH))
    basis = Basis(
        periods=scenarios.periods(pilot.ends_on, month),
        calls=_grid(session, pilot, filters),
        reached=_reached(session, pilot, filters, rate.months),
    )
    return Known(basis, rate, as_is(session, pilot, today))


def _grid(session: Session, pilot: Pilot, filters: Filters) -> scenarios.Grid:
    """The call counts of ``call_coverage``, by weekday and hour."""
    table = shifts.call_coverage(session, pilot, replace(filters, staff_id=None), Audience.internal).table
    counts = [[0] * 24 for _ in range(7)]
    for weekday, hour, calls in zip(table["weekday"], table["hour"], table["calls"], strict=True):
        counts[weekday - 1][hour] = int(calls)
    return tuple(map(tuple, counts))


def _reached(session: Session, pilot: Pilot, filters: Filters, months: Sequence[date]) -> Reached:
    """People first met in the closed months, and the months of full-time work behind it."""
    if not months:
        return Reached(0, Decimal(0))
    first, last = months[0], month_after(months[-1]) - timedelta(days=1)
    met = reach.first_met(session, pilot, replace(filters, first=first, last=last, staff_id=None))
    return Reached(len(met.table), _fte_months(session, months))


def _fte_months(session: Session, months: Sequence[date]) -> Decimal:
    total = Decimal(0)
    for member in session.scalars(select(Staff)):
        for month in months:
            after = month_after(month)
            first = max(member.starts_on, month)
            end = after if member.ends_on is None else min(member.ends_on + timedelta(days=1), after)
            total += Decimal(member.fte_percent) / 100 * max((end - first).days, 0) / (after - month).days
    return total


# --- the figures ---------------------------------------------------------------------------------


def after_pilot(session: Session, pilot: Pilot, filters: Filters, audience: Audience) -> Result:
    """The scenarios marked for the slide, a row for each of their years."""
    found = known(session, pilot, filters)
    return options(_marked(session, found), found, filters, audience)


def after_coverage(session: Session, pilot: Pilot, filters: Filters, audience: Audience) -> Result:
    """The same scenarios, a row for each hour of the day."""
    return hours(_marked(session, known(session, pilot, filters)), filters, audience)


def _marked(session: Session, found: Known) -> tuple[Figures, ...]:
    forms = (form_of(row) for row in saved_ones(session, on_slide=True))
    return tuple(scenarios.figures(form.name, form.assumptions, found.basis) for form in forms)


OPTION_COLUMNS = {
    "scenario": "after_scenario",
    "period": "after_period",
    "months": "after_months",
    "cost": "after_cost",
    "funding": "after_funding",
    "gap": "after_gap",
    "monthly": "after_monthly",
    "share": "after_share",
    "people_low": "after_people_low",
    "people_high": "after_people_high",
    "people_base": "after_people_base",
}


def options(all_of: Sequence[Figures], found: Known, filters: Filters, audience: Audience) -> Result:
    """Side by side: cost, funding and gap of every year, calls covered, people a year (a range).

    For the public the range goes with the count it rests on when that is small.
    """
    lang, base = filters.lang, found.basis.reached.people
    rows = [row for one in all_of for row in _rows(one, base, lang)]
    paying = [one for one in all_of if one.monthly]
    prices = [one.monthly for one in all_of] or [Decimal(0)]
    values = {
        "n": words.number(len(all_of), lang),
        "low": words.money(min(prices), lang),
        "high": words.money(max(prices), lang),
        "paid": words.number(sum(one.paid_for for one in paying), lang),
        "paying": words.number(len(paying), lang),
    }
    said = "nothing" if not all_of else "sentence_one" if len(all_of) == 1 else "sentence"
    if said == "sentence" and not any(one.paid_for for one in paying):
        said = "sentence_none"
    table = pd.DataFrame(rows, columns=list(OPTION_COLUMNS))
    numbers = list(OPTION_COLUMNS)[2:]
    return Result(
        key="after_pilot",
        filters=filters,
        audience=audience,
        table=table.astype(dict.fromkeys(numbers, float)),
        columns=common.columns(lang, **OPTION_COLUMNS),
        estimate=Estimate(float(len(all_of))),
        display=words.number(len(all_of), lang),
        context=common.said("after_pilot", "context", lang, **values) if all_of else "",
        sentence=common.said("after_pilot", said, lang, **values),
        caveats=_caveats(found, lang),
        marks={"exact": found, "months_closed": tuple(found.rate.months)},
        guard=Guard(
            bars=("people_base",),
            plain=("months", "cost", "funding", "gap", "monthly", "share"),
            derived={"people_low": ("people_base",), "people_high": ("people_base",)},
            sums=False,
            noted=(base,),
        ),
    )


def _rows(one: Figures, base: int, lang: str) -> list[tuple[Any, ...]]:
    low, high = one.people or (None, None)
    return [
        (
            one.name,
            period_name(year.period, lang),
            year.period.months,
            year.cost,
            year.funding,
            year.gap,
            one.monthly,
            one.coverage.share,
            low,
            high,
            base if one.people else None,
        )
        for year in one.shown
    ]


def period_name(period: Period, lang: str = "en") -> str:
    """ "FY 2028", "to Jun 2027"."""
    if period.whole:
        return text("after.fiscal_year", _lang(lang), year=period.year)
    return text("after.rest", _lang(lang), month=words.month(period.last, lang))


def gap_said(year: Year, lang: str = "en") -> str:
    """ "gap $12,000", "surplus $300", "covered"."""
    if year.gap == 0:
        return text("after.covered", _lang(lang))
    return text(f"after.{'gap' if year.gap > 0 else 'surplus'}", _lang(lang), amount=words.money(abs(year.gap), lang))


def _caveats(found: Known, lang: str) -> tuple[str, ...]:
    months, reached = found.rate.months, found.basis.reached
    if not months:
        return (text("after.no_months", _lang(lang)), text("after.promise", _lang(lang)))
    values = {
        "first": words.month(months[0], lang),
        "last": words.month(months[-1], lang),
        "people": words.number(reached.people, lang),
        "fte_months": words.number(reached.fte_months, lang, 2),
        "monthly": words.money(found.rate.monthly, lang, cents=True),
    }
    return (
        text("after.rate", _lang(lang), **values),
        text("after.people", _lang(lang), **values),
        text("after.promise", _lang(lang)),
    )


HOUR_COLUMNS = {
    "scenario": "after_scenario",
    "hour": "calls_hour",
    "calls": "calls_bh",
    "covered": "after_covered",
    "share": "after_share",
}


def hours(all_of: Sequence[Figures], filters: Filters, audience: Audience) -> Result:
    """By hour of the day, all weekdays together: calls, and how many of them find somebody on shift."""
    lang = filters.lang
    rows = [
        (one.name, hour, calls, covered, covered / calls if calls else None)
        for one in all_of
        for hour, (calls, covered) in enumerate(one.coverage.by_hour)
    ]
    shares = [one.coverage.share for one in all_of if one.coverage.share is not None]
    values = {
        "low": words.percent(min(shares, default=None), lang),
        "high": words.percent(max(shares, default=None), lang),
        "n": words.number(all_of[0].coverage.calls if all_of else None, lang),
    }
    said = "sentence" if shares else "nothing"
    table = pd.DataFrame(rows, columns=list(HOUR_COLUMNS))
    return Result(
        key="after_coverage",
        filters=filters,
        audience=audience,
        table=table.astype(dict.fromkeys(list(HOUR_COLUMNS)[1:], float)).astype({"hour": int, "calls": int}),
        columns=common.columns(lang, **HOUR_COLUMNS),
        estimate=Estimate(max(shares, default=None), n=all_of[0].coverage.calls if all_of else None),
        display=words.percent(max(shares, default=None), lang),
        context=common.said("after_coverage", "context", lang, **values) if shares else "",
        sentence=common.said("after_coverage", said, lang, **values),
    )


def _lang(lang: str) -> Any:
    return "es" if lang == "es" else "en"


_SCOPES = (Scope.money, Scope.work, Scope.calls, Scope.setup)

MEASURES: tuple[Measure, ...] = (
    common.define(
        "after_pilot", after_pilot, chart="options", scopes=_SCOPES, permission=Permission.see_money, about_people=True
    ),
    common.define(
        "after_coverage",
        after_coverage,
        chart="staffed",
        scopes=_SCOPES,
        permission=Permission.see_money,
        about_people=False,
    ),
)
