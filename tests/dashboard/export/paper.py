"""A document made by hand: two measures with evil labels, hidden cells, a missing one, dates, shares and money."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pandas as pd

from dashboard.document import Document
from dashboard.leaf import Leaf
from dashboard.model import Audience, Estimate, Filters, Result
from db.vocab import LANGUAGES, Lang

EVIL = ("=HYPERLINK(1)", "+1", "-2+3", "@SUM(A1)", "\t=1", "=cmd|' /C calc'!A0")
SECRET = 7.25
"""Stands in no file: it is the figure that was hidden."""
FIRST, LAST, AS_OF = date(2026, 1, 12), date(2026, 11, 14), date(2026, 11, 14)


def sources(lang: Lang = "en", *, lost: bool = True) -> Result:
    """Groups by evil names; with ``lost`` two cells are hidden, as ``disclose`` leaves them."""
    values = [160.0, 60.0, 42.0, 20.5, pd.NA if lost else SECRET, pd.NA if lost else 11.0]
    table = pd.DataFrame(
        {
            "group": [f"{name}{' es' if lang == 'es' else ''}" for name in EVIL],
            "value": pd.array(values, dtype="Float64"),
            "share": pd.array([0.46511627906976744, 0.17, 0.12, 0.06, *values[4:]], dtype="Float64"),
            "inactive": pd.array([pd.NA] * len(EVIL), dtype="Float64"),
            "hidden": [False] * 4 + [lost] * 2,
        }
    )
    columns = {
        "group": "=Group" if lang == "en" else "Grupo",
        "value": "Referrals",
        "share": "Share",
        "inactive": "Idle",
    }
    return Result(
        "referrals_by_source",
        Filters(FIRST, LAST, AS_OF, lang=lang),
        Audience.public,
        table,
        columns,
        Estimate(344.0, 308.6043044122458, 382.3424178711132, 344),
        "344",
        "+2 on the month before",
        "=Most came from officers." if lang == "en" else "La mayoría vino de agentes.",
        caveats=("@Hidden: under 11.",),
        provisional=True,
    )


def served(lang: Lang = "en") -> Result:
    """A share by month, the last of which is not known."""
    table = pd.DataFrame(
        {
            "month": [date(2026, 9, 1), date(2026, 10, 1)],
            "value": [0.0631578947368421, float("nan")],
            "yes": [6, 0],
            "status": ["final", "provisional"],
        }
    )
    columns = {"month": "Month", "value": "Share", "yes": "Served", "status": "Status"}
    return Result(
        "eligible_served",
        Filters(FIRST, LAST, AS_OF, lang=lang),
        Audience.public,
        table,
        columns,
        Estimate(0.0631578947368421, 0.05, 0.0793089434678833, 95),
        "6 %",
        "of 95 calls",
        "Six of a hundred were served.",
    )


def spent(lang: Lang = "en") -> Result:
    """Money in cents."""
    table = pd.DataFrame({"group": ["Salary", "Car"], "value": [152004.83, -12.5], "budget": [216000.0, 0.0]})
    columns = {"group": "Line", "value": "Spent", "budget": "Budget"}
    said = Estimate(151992.33)
    filters = Filters(FIRST, LAST, AS_OF, lang=lang)
    return Result("spent", filters, Audience.public, table, columns, said, "$151,992", "", "Most is spent.")


def a_document(**changes: Any) -> Document:
    """All three in both languages, approved; ``changes`` as of ``dataclasses.replace``."""
    results: dict[Lang, dict[str, Result]] = {
        lang: {made.key: made for made in (sources(lang), served(lang), spent(lang))} for lang in LANGUAGES
    }
    leaf = Leaf(
        "sources", "=Title", "Our own words.", "", "", "", "en", results["en"]["referrals_by_source"], computed="=Most."
    )
    made = Document(
        name="edition-2026-11-19",
        number="2026-11-19",
        title="=Council & committee",
        place="Harbor",
        as_of=AS_OF,
        made_at=datetime(2026, 11, 14, 15, tzinfo=UTC),
        decks={"en": (leaf,), "es": ()},
        results=results,
        approved=True,
        is_demo=True,
        facts={"city": "Harbor", "starts_on": FIRST, "population": 91_000, "threshold": 11},
    )
    return replace(made, **changes)
