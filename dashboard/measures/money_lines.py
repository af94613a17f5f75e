"""What stands on each budget line: obligated, spent, pending, remaining, to the cent (measures.md, section 6)."""

from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Any

import pandas as pd
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from dashboard import words
from dashboard.measures import common
from dashboard.measures.money import percent, said_in
from dashboard.model import Audience, Estimate, Filters, Measure, Result
from db.access import Permission
from db.ledger import SPENT_KINDS, LineTotal, closed_through, grand_total, line_totals
from db.models import LedgerEntry, Pilot
from db.vocab import Scope

Amount = Callable[[LineTotal], Decimal]
AMOUNTS: dict[str, Amount] = {
    "obligated": lambda line: line.obligated,
    "spent": lambda line: line.spent,
    "pending": lambda line: line.pending,
    "remaining": lambda line: line.remaining,
}
FORMULAS = ("budget", *AMOUNTS)
"""The columns of the exact table; each has its formula in ``money.formula.<name>``."""


def shown_lines(
    session: Session, pilot: Pilot, filters: Filters, audience: Audience
) -> tuple[date | None, tuple[LineTotal, ...]]:
    """Through which day (inclusive), and the totals of the lines that this slice shows.

    A slice that reaches the pilot's last day goes on to the as-of day: the last bills fall due after it. The
    public sees closed months only: through S, and without a closed month no line. ``filters.without_pay``
    leaves out the lines that pay people.
    """
    last = filters.as_of if filters.last >= pilot.ends_on else common.until(filters)
    through: date | None = last
    if audience is Audience.public:
        closed = closed_through(session)
        through = None if closed is None else min(closed, last)
    lines = line_totals(session, through or date.min)
    return through, tuple(line for line in lines if not (filters.without_pay and line.is_pay))


def _open_months(session: Session, lines: Sequence[LineTotal], through: date) -> bool:
    """Whether these figures hold spending of months that finance has not closed."""
    closed = closed_through(session) or date.min
    spent = select(func.count(LedgerEntry.id)).where(
        LedgerEntry.kind.in_(SPENT_KINDS),
        LedgerEntry.on_date > closed,
        LedgerEntry.on_date <= through,
        LedgerEntry.line_id.in_([line.line_id for line in lines]),
    )
    return bool(session.scalar(spent))


def _nothing_said(lines: Sequence[LineTotal], through: date | None, filters: Filters) -> str:
    """Why nothing can be said, where it cannot."""
    if not lines:
        return said_in("money.no_shown_line" if filters.without_pay else "money.no_budget", filters.lang)
    return said_in("money.none_published", filters.lang) if through is None else ""


def _caveats(session: Session, lines: Sequence[LineTotal], through: date | None, filters: Filters) -> tuple[str, ...]:
    found = []
    if through is not None and _open_months(session, lines, through):
        day = words.day(closed_through(session), filters.lang)
        found.append(said_in("money.open_months", filters.lang, day=day))
    if filters.without_pay:
        found.append(said_in("money.without_pay", filters.lang))
    return tuple(found)


def _by_line(key: str, session: Session, pilot: Pilot, filters: Filters, audience: Audience) -> Result:
    """One amount per budget line, of entries dated through the period's end (inclusive)."""
    lang, amount = filters.lang, AMOUNTS[key]
    through, lines = shown_lines(session, pilot, filters, audience)
    unknown = through is None and bool(lines)
    total = grand_total(lines)
    rows = [
        {
            "group": line.name,
            "value": None if unknown else float(amount(line)),
            "budget": float(line.budget),
            "share": float(amount(line) / line.budget) if line.budget and not unknown else None,
        }
        for line in lines
    ]
    values = {
        "amount": words.money(amount(total), lang),
        "budget": words.money(total.budget, lang),
        "share": percent(amount(total) / total.budget, lang) if total.budget else "–",
        "day": words.day(through, lang),
    }
    table = pd.DataFrame(rows, columns=["group", "value", "budget", "share"])
    part = "of_shown" if filters.without_pay else "sentence"
    return Result(
        key=key,
        filters=filters,
        audience=audience,
        table=table.astype({"value": float, "budget": float, "share": float}),
        columns=common.columns(
            lang, group="money_line", value=f"money_{key}", budget="money_budget", share="money_share"
        ),
        estimate=Estimate(None if unknown else float(amount(total))),
        display=words.NOTHING if unknown else words.money(amount(total), lang),
        context=common.said(key, "context", lang, **values),
        sentence=_nothing_said(lines, through, filters) or common.said(key, part, lang, **values),
        caveats=_caveats(session, lines, through, filters),
        provisional=key != "obligated" and through is not None and _open_months(session, lines, through),
        marks={} if unknown else _exact(lines, amount) | {"through": through},
    )


def _exact(lines: Sequence[LineTotal], amount: Amount) -> dict[str, Any]:
    total = grand_total(lines)
    return {"exact": {line.name: amount(line) for line in lines}, "total": amount(total), "budget": total.budget}


def budget_lines(session: Session, pilot: Pilot, filters: Filters, audience: Audience) -> Result:
    """Budget, obligated, spent, pending and remaining of every line: the bullet bars and the table to the cent."""
    key, lang = "budget_lines", filters.lang
    through, lines = shown_lines(session, pilot, filters, audience)
    unknown = through is None
    total = grand_total(lines)
    names = ("budget", *AMOUNTS)
    rows = [
        {"group": line.name, "budget": float(line.budget)}
        | {name: None if unknown else float(amount(line)) for name, amount in AMOUNTS.items()}
        for line in lines
    ]
    nothing = _nothing_said(lines, through, filters)
    values = {name: words.money(amount(total), lang) for name, amount in AMOUNTS.items()}
    values |= {
        "budget": words.money(total.budget, lang),
        "share": percent(total.spent / total.budget, lang) if total.budget else words.NOTHING,
        "day": words.day(through, lang),
    }
    part = "of_shown" if filters.without_pay else "waiting" if total.pending else "sentence"
    return Result(
        key=key,
        filters=filters,
        audience=audience,
        table=pd.DataFrame(rows, columns=["group", *names]).astype(dict.fromkeys(names, float)),
        columns=common.columns(lang, group="money_line", **{name: f"money_{name}" for name in names}),
        estimate=Estimate(None if unknown else float(total.spent)),
        display=words.NOTHING if unknown else words.money(total.spent, lang),
        context=said_in("money.of", lang, budget=values["budget"]),
        sentence=nothing or common.said(key, part, lang, **values),
        caveats=(*_caveats(session, lines, through, filters), *formulas(lang)),
        provisional=through is not None and _open_months(session, lines, through),
        marks={"lines": lines, "through": through, "formulas": {name: formula(name, lang) for name in FORMULAS}},
    )


def formula(name: str, lang: str = "en") -> str:
    """How a column of the exact table comes about: what a pointer reads on its heading."""
    return said_in(f"money.formula.{name}", lang)


def formulas(lang: str = "en") -> tuple[str, ...]:
    """All formulas of the exact table, for the panel behind ⓘ: no pointer is needed to read them."""
    return tuple(formula(name, lang) for name in FORMULAS)


_MONEY = {"about_people": False, "scopes": (Scope.money, Scope.setup), "permission": Permission.see_money}

MEASURES: tuple[Measure, ...] = (
    common.define("budget_lines", budget_lines, chart="bullets", **_MONEY),
    *(common.define(key, partial(_by_line, key), chart="bars", **_MONEY) for key in AMOUNTS),
)
KEYS = frozenset(measure.key for measure in MEASURES)
"""The measures that show single lines."""
