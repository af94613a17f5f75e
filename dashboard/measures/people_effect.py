"""Calls of the people served before and after, beside those of people who were sent and never reached."""

from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from sqlalchemy.orm import Session

from dashboard import words
from dashboard.measures import common
from dashboard.measures.effect import the_plan
from dashboard.measures.linked import Standing, people
from dashboard.model import Audience, Direction, Estimate, Filters, Guard, Measure, Result
from dashboard.stats import change_by_person
from db.access import Permission
from db.models import Pilot
from db.vocab import Scope

TABLE = ("group", "people", "calls_before", "calls_after", "before", "value", "ratio", "low", "high")
COUNTS = ("people", "calls_before", "calls_after")


class Group(NamedTuple):
    """Served, or referred and never reached: the judged pairs of (before, after), and how many are not judged."""

    pairs: list[tuple[int, int]]
    standing: dict[Standing, int]

    @property
    def sums(self) -> tuple[int, int]:
        return sum(before for before, _ in self.pairs), sum(after for _, after in self.pairs)

    @property
    def not_judged(self) -> int:
        return sum(self.standing.values()) - len(self.pairs)


def people_before_after(session: Session, pilot: Pilot, filters: Filters, audience: Audience) -> Result:
    """Events per linked person in equal windows before and after; it never stands alone. Period and staff: whole."""
    key, lang = "people_before_after", filters.lang
    table = people(session, pilot, filters)
    served, others = (_group(table.loc[table["served"] == met]) for met in (True, False))
    ratios = change_by_person(served.pairs, others.pairs) if others.pairs else change_by_person(served.pairs)
    own = ratios[0]
    beside = ratios[1] if len(ratios) > 1 else Estimate(None)
    against = ratios[2] if len(ratios) > 2 else Estimate(None)
    rows = [_row(common.said(key, "served", lang), served, own), _row(common.said(key, "others", lang), others, beside)]
    window = words.number(the_plan(session).window_days, lang)
    values = {"served": words.ratio(own.value, lang), "others": words.ratio(beside.value, lang)}
    return Result(
        key=key,
        filters=filters,
        audience=audience,
        table=pd.DataFrame(rows, columns=list(TABLE)).astype(dict.fromkeys(TABLE[4:], float)),
        columns=common.columns(lang, **{name: f"people_effect_{name}" for name in TABLE}),
        estimate=against,  # the one without the other never stands alone
        display=common.said(key, "display", lang, **values) if beside.value is not None else words.NOTHING,
        context=common.said(key, "context", lang, **values) if beside.value is not None else "",
        sentence=_sentence(served, others, ratios, window, lang),
        caveats=_caveats(served, others, own.value is not None, audience, lang),
        marks=common.marks(session, pilot, filters, key) | _marks(served, others, against),
        guard=Guard(
            bars=COUNTS,
            derived={
                "before": ("people", "calls_before"),
                "value": ("people", "calls_after"),
                "ratio": COUNTS,
                "low": COUNTS,
                "high": COUNTS,
            },
            sums=False,
            headline=tuple(
                count for group in (served, others) for count in (len(group.pairs), *group.sums, group.not_judged)
            ),
            noted=(served.not_judged, others.not_judged),
        ),
    )


def _group(table: pd.DataFrame) -> Group:
    judged = table.loc[table["standing"] == Standing.judged]
    pairs = [(int(b), int(a)) for b, a in zip(judged["before"], judged["after"], strict=True)]
    return Group(pairs, {standing: int((table["standing"] == standing).sum()) for standing in Standing})


def _row(name: str, group: Group, ratio: Estimate) -> tuple[Any, ...]:
    n, (before, after) = len(group.pairs), group.sums
    each = (before / n, after / n) if n else (np.nan, np.nan)
    return name, n, before, after, *each, *(np.nan if v is None else v for v in (ratio.value, ratio.low, ratio.high))


def _ratio_words(ratio: Estimate, lang: str) -> dict[str, str]:
    return {
        "ratio": words.ratio(ratio.value, lang),
        "low": words.ratio(ratio.low, lang),
        "high": words.ratio(ratio.high, lang),
    }


def _sentence(served: Group, others: Group, ratios: list[Estimate], window: str, lang: str) -> str:
    """The served, then those never reached, then the one against the other; then why it is no proof."""
    key = "people_before_after"
    if ratios[0].value is None:
        return common.said(key, "nothing", lang, window=window)
    said = [_one("sentence", served, ratios[0], window, lang)]
    if len(ratios) > 1 and ratios[1].value is not None:
        said.append(_one("beside", others, ratios[1], window, lang))
        if ratios[2].low is not None:
            said.append(common.said(key, "against", lang, **_ratio_words(ratios[2], lang)))
    else:
        said.append(common.said(key, "nobody_beside", lang))
    return " ".join([*said, common.said(key, "regression", lang)])


def _one(form: str, group: Group, ratio: Estimate, window: str, lang: str) -> str:
    key, (before, after) = "people_before_after", group.sums
    values = _ratio_words(ratio, lang) | {
        "n": words.number(len(group.pairs), lang),
        "before": words.number(before, lang),
        "after": words.number(after, lang),
        "window": window,
    }
    interval = common.said(key, "interval" if ratio.low is not None else "no_interval", lang, **values)
    return common.said(key, form, lang, interval=interval, **values)


def _caveats(served: Group, others: Group, stated: bool, audience: Audience, lang: str) -> tuple[str, ...]:
    """Who could not be judged, and why. The public is not told the numbers: they are small and add up."""
    key = "people_before_after"
    said = []
    if audience is Audience.internal:
        for form, group in (("left_served", served), ("left_others", others)):
            if group.not_judged:
                counts = {s.value: words.number(group.standing[s], lang) for s in Standing}
                said.append(common.said(key, form, lang, **counts))
    return (*said, common.said(key, "same_day", lang)) if stated else tuple(said)


def _marks(served: Group, others: Group, against: Estimate) -> dict[str, Any]:
    return {
        "served": {standing.value: n for standing, n in served.standing.items()},
        "others": {standing.value: n for standing, n in others.standing.items()},
        "against": (against.value, against.low, against.high),
    }


MEASURES: tuple[Measure, ...] = (
    common.define(
        "people_before_after",
        people_before_after,
        chart="forest",
        direction=Direction.down_good,
        about_people=True,
        scopes=(Scope.calls, Scope.work, Scope.setup),
        permission=Permission.see_overview,
    ),
)
