"""What the first weeks went into: the shares of hours at the start, beside those since."""

from datetime import timedelta

import numpy as np
import pandas as pd
from sqlalchemy.orm import Session

from dashboard import words
from dashboard.measures import common
from dashboard.measures.reach import KINDS, hours
from dashboard.model import Audience, Estimate, Filters, Measure, Result
from db.models import Pilot
from db.pilot import monday
from db.vocab import WorkKind

WEEKS = 8
"""How many ISO weeks from the pilot's first day on are the first ones."""
GROUNDWORK = (WorkKind.finding_resources, WorkKind.outreach)
"""Work that comes before people can be connected: who offers what, and who takes whom."""


def first_weeks(session: Session, pilot: Pilot, filters: Filters, audience: Audience) -> Result:
    """Shares of the hours by kind: in the first weeks, and in those after them, as far as they are over.

    The period asked for does not move the first weeks; it ends what is counted.
    """
    key, lang = "first_weeks", filters.lang
    whole = filters.between(pilot.starts_on, filters.last)
    cells = hours(session, pilot, whole).cells
    if cells is None:
        raise TypeError("these records are not tallied")
    over = cells[cells["status"] != common.UNFINISHED]
    since = monday(pilot.starts_on) + timedelta(weeks=WEEKS)
    early = np.array([week < since for week in over["week"]], bool)
    told = min(WEEKS, len({week for week in over["week"] if week < since}))
    parts = [
        (common.said(key, "first", lang, weeks=told), over[early]),
        (common.said(key, "since", lang), over[~early]),
    ]
    table = pd.concat([_shares(name, part, lang) for name, part in parts], ignore_index=True)
    ground = [_groundwork(part) for _, part in parts]
    values = {
        "weeks": told,
        "first": words.percent(ground[0], lang),
        "since": words.percent(ground[1], lang),
    }
    which = "none" if ground[0] is None else "young" if ground[1] is None else "sentence"
    return Result(
        key=key,
        filters=filters,
        audience=audience,
        table=table if ground[0] is not None else table.iloc[0:0],
        columns=common.columns(lang, by="period", group="kind", value="share", hours="hours"),
        estimate=Estimate(ground[0]),
        display=words.percent(ground[0], lang),
        context=common.said(key, "context", lang, **values) if ground[0] is not None else "",
        sentence=common.said(key, which, lang, **values),
        provisional=common.is_provisional(over["status"]),
        marks=common.marks(session, pilot, filters, key),
    )


def _shares(name: str, cells: pd.DataFrame, lang: str) -> pd.DataFrame:
    """One row a kind of work: by, group, value (ratio of the part's hours), hours; no row where there are none."""
    sums = cells.groupby("item")["value"].sum()
    found = [(name, common.label(kind, lang), float(sums.get(item, 0))) for item, kind in KINDS.items()]
    table = pd.DataFrame(found, columns=["by", "group", "hours"])
    total = table["hours"].sum()
    table.insert(2, "value", table["hours"] / total if total else float("nan"))
    return table if total else table.iloc[0:0]


def _groundwork(cells: pd.DataFrame) -> float | None:
    """The share of ``GROUNDWORK`` in the hours; None where there are none."""
    total = float(cells["value"].sum())
    wanted = [item for item, kind in KINDS.items() if kind in GROUNDWORK]
    return float(cells.loc[cells["item"].isin(wanted), "value"].sum()) / total if total else None


MEASURES: tuple[Measure, ...] = (common.define("first_weeks", first_weeks, chart="bars", about_people=False),)
