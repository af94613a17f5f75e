"""What other places reported, each with its source and date: context beside a figure, never like for like.

The figures stand in ``db/comparators.csv``; one is added there, and follows everywhere.
"""

import csv
from importlib.resources import files
from typing import NamedTuple

import pandas as pd
from sqlalchemy.orm import Session

from dashboard.measures import common
from dashboard.model import Audience, Estimate, Filters, Measure, Result
from db.access import Permission
from db.models import Pilot
from db.vocab import Scope

TABLE = ("beside", "group", "place", "figure", "source", "date")


class Reported(NamedTuple):
    """One figure as its source told it. ``beside``: the key of the measure it may stand beside."""

    beside: str
    place: str
    figure: str
    source: str
    date: str
    """A day, a month, or in words when it was ("year 1", "undated")."""


def reported(lang: str) -> list[Reported]:
    """Every comparator, in the file's order."""
    said = "es" if lang == "es" else "en"
    lines = files("db").joinpath("comparators.csv").read_text(encoding="utf-8").splitlines()
    return [
        Reported(row["beside"], row[f"place_{said}"], row[f"figure_{said}"], row["source"], row["date"])
        for row in csv.DictReader(lines)
    ]


def comparators(session: Session, pilot: Pilot, filters: Filters, audience: Audience) -> Result:
    """All of them, each under the title of the measure it may stand beside. No filter applies."""
    key, lang = "comparators", filters.lang
    rows = [
        (one.beside, common.said(one.beside, "title", lang), one.place, one.figure, one.source, one.date)
        for one in reported(lang)
    ]
    return Result(
        key=key,
        filters=filters,
        audience=audience,
        table=pd.DataFrame(rows, columns=list(TABLE)),
        columns=common.columns(lang, **{name: f"comparators_{name}" for name in TABLE if name != "beside"}),
        estimate=Estimate(None, n=len(rows)),
        display=str(len(rows)),
        context=common.said(key, "context", lang),
        sentence=common.said(key, "sentence", lang),
        caveats=(common.said(key, "footnote", lang),),
        marks=common.marks(session, pilot, filters, key),
    )


MEASURES: tuple[Measure, ...] = (
    common.define(
        "comparators",
        comparators,
        chart=None,
        about_people=False,
        scopes=(Scope.setup,),
        permission=Permission.see_overview,
    ),
)
