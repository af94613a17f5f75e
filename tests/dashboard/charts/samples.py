"""Small Results, made by hand, one for each form of chart."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pandas as pd

from dashboard.model import Audience, Estimate, Filters, Result

FILTERS = Filters(date(2026, 1, 12), date(2026, 3, 8), date(2026, 3, 8))
WEEKS = [date(2026, 1, 12) + timedelta(weeks=k) for k in range(8)]
STATUS = ["final"] * 5 + ["provisional"] * 2 + ["unfinished"]
UNITS = {
    "bars": "connections",
    "bullets": "dollars",
    "burn": "dollars",
    "caseload": "people",
    "clock": "%",
    "compare": "subjects",
    "cost": "dollars per person",
    "detect": "%",
    "effect": "calls a month",
    "flow": "referrals",
    "forest": "rate ratio",
    "heat": "%",
    "ladder": "connections",
    "residuals": "standard deviations",
    "series": "people",
}


def result(table: pd.DataFrame, *, lang: str = "en", **marks: Any) -> Result:
    return Result(
        key="hand",
        filters=replace(FILTERS, lang=lang),
        audience=Audience.internal,
        table=table,
        columns={name: name.capitalize() for name in table.columns},
        estimate=Estimate(3),
        display="3",
        context="of 5",
        sentence="Three of five.",
        marks={"launch": date(2026, 1, 12), "events": [(date(2026, 2, 2), "training")], **marks},
    )


def caseload() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "week": WEEKS,
            "open": [4, 9, 12, 15, 18, 21, 22, 23],
            "inactive": [0, 0, 0, 1, 1, 2, 2, 2],
            "opened": [4, 6, 5, 4, 4, 4, 3, 1],
            "closed": [0, 1, 2, 1, 1, 1, 2, 0],
            "band_low": [20.0] * 8,
            "band_high": [30.0] * 8,
            "status": STATUS,
        }
    )


def flow() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "week": WEEKS,
            "received": [5, 7, 8, 6, 9, 7, 8, 3],
            "contacted": [3, 5, 6, 5, 7, 5, 6, 1],
            "connected": [1, 3, 4, 4, 5, 4, 4, 0],
            "status": STATUS,
        }
    )


def effect() -> pd.DataFrame:
    months = [date(2025, m, 1) for m in range(1, 13)] + [date(2026, m, 1) for m in range(1, 4)]
    expected = [100.0] * 12 + [float("nan")] + [101.0] * 2
    return pd.DataFrame(
        {
            "month": months,
            "observed": [98.0, 104, 99, 101, 97, 103, 100, 102, 99, 98, 105, 100, 90, 75, 70],
            "expected": expected,
            "low": [e - 12 for e in expected],
            "high": [e + 12 for e in expected],
            "phase": ["before"] * 12 + ["launch"] + ["after"] * 2,
        }
    )


def burn() -> pd.DataFrame:
    days = [date(2026, 1, 12), date(2026, 1, 31), date(2026, 2, 28), date(2026, 3, 31), date(2026, 4, 30)]
    gone = float("nan")
    return pd.DataFrame(
        {
            "date": days,
            "plan": [0.0, 10_000, 25_000, 40_000, 60_000],
            "spent": [0.0, 8_000, 21_000, gone, gone],
            "projected": [gone, gone, 21_000, 36_000, 52_000],
            "projected_low": [gone, gone, 21_000, 34_000, 48_000],
            "projected_high": [gone, gone, 21_000, 39_000, 57_000],
        }
    )


def series() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "period": WEEKS,
            "value": [5, 7, 8, 6, 9, 7, 8, 3],
            "low": [1.6, 2.8, 3.5, 2.2, 4.1, 2.8, 3.5, 0.6],
            "high": [11.7, 14.4, 15.8, 13.1, 17.1, 14.4, 15.8, 8.8],
            "status": STATUS,
        }
    )


def bars() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "by": ["Need", "Need", "Need", "Where", "Where"],
            "group": ["Housing or shelter", "Mental health", "Legal", "In the city", "Elsewhere"],
            "value": [30, 20, 0, 40, 10],
            "share": [0.6, 0.4, 0.0, 0.8, 0.2],
            "low": [20.2, 12.2, 0.0, 28.6, 4.8],
            "high": [42.8, 30.9, 3.7, 54.5, 18.4],
        }
    )


def ladder() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "step": ["Offered", "Accepted", "Attended"],
            "value": [50, 40, 25],
            "lost": [10, 15, 0],
            "lost_to": ["declined 8, waitlisted 2", "could not reach 15", ""],
        }
    )


def compare() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "group": ["20 calls or more", "10 calls or more", "3 calls or more"],
            "value": [20, 35, 60],
            "before": [25.0, 30.0, 55.0],
            "share": [0.2, 0.4, 0.6],
        }
    )


def heat() -> pd.DataFrame:
    cells = [(weekday, hour) for weekday in range(1, 8) for hour in range(24)]
    counts = [(weekday * hour) % 11 for weekday, hour in cells]
    return pd.DataFrame(cells, columns=["weekday", "hour"]).assign(calls=counts, staffed=0)


def forest() -> pd.DataFrame:
    """The analysis as planned, two choices, two months left out, two pretended starts."""
    return pd.DataFrame(
        {
            "kind": ["specified", "choice", "choice", "left_out", "left_out", "placebo", "placebo"],
            "group": ["As planned", "30 days", "Same place", "Without May", "Without June", "From May", "From June"],
            "value": [0.80, 0.85, 0.78, 0.79, 0.83, 1.02, 0.97],
            "low": [0.70, 0.72, 0.66, 0.69, 0.72, 0.90, 0.86],
            "high": [0.92, 1.01, 0.93, 0.91, 0.96, 1.15, 1.10],
        }
    )


def detect() -> pd.DataFrame:
    months = [date(2026, m, 1) for m in range(4, 10)]
    return pd.DataFrame(
        {
            "month": months,
            "fall": [0.36, 0.30, 0.26, 0.23, 0.21, 0.19],
            "phase": ["known"] * 3 + ["ahead"] * 3,
        }
    )


def residuals() -> pd.DataFrame:
    months = [date(2025, m, 1) for m in range(9, 13)] + [date(2026, m, 1) for m in range(2, 5)]
    return pd.DataFrame(
        {
            "month": months,
            "value": [-0.4, 1.2, -2.4, 0.3, 0.8, -1.1, 0.2],
            "phase": ["before"] * 4 + ["after"] * 3,
        }
    )


def bullets() -> pd.DataFrame:
    """One line as usual, one over its budget, one with nothing on it."""
    return pd.DataFrame(
        {
            "group": ["Full-time bilingual social worker", "Equipment", "Administrative costs"],
            "budget": [96_000.0, 12_500, 20_000],
            "obligated": [95_000.0, 11_000, 0],
            "spent": [77_100.0, 13_000, 0],
            "pending": [6_000.0, 0, 0],
            "remaining": [18_900.0, -500, 20_000],
        }
    )


def clock() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "group": ["Time gone", "Obligated", "Spent"],
            "value": [0.80, 0.97, 0.70],
            "mark": ["time", "obligated", "spent"],
        }
    )


def cost() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "period": [date(2026, 1, 31), date(2026, 2, 28), date(2026, 3, 31), date(2026, 4, 30)],
            "spent": [12_000.0, 29_000, 41_000, 53_000],
            "count": [0.0, 11, 38, 64],
            "value": [float("nan"), 2_636.36, 1_078.95, 828.13],
            "phase": ["startup", "running", "running", "running"],
        }
    )


TABLES: Mapping[str, Callable[[], pd.DataFrame]] = {
    "bars": bars,
    "bullets": bullets,
    "burn": burn,
    "caseload": caseload,
    "clock": clock,
    "compare": compare,
    "cost": cost,
    "detect": detect,
    "effect": effect,
    "flow": flow,
    "forest": forest,
    "heat": heat,
    "ladder": ladder,
    "residuals": residuals,
    "series": series,
}
PLACES = {"bars": "group", "burn": "date", "caseload": "week", "effect": "month", "flow": "week", "ladder": "step"}


def hidden(form: str, row: int) -> pd.DataFrame:
    """The table of ``form`` with every number of one row hidden, as the disclosure rule leaves it."""
    table = TABLES[form]()
    for name in table.select_dtypes("number").columns.difference(["weekday", "hour"]):  # places, not figures
        table[name] = table[name].astype("Float64")
        table.loc[row, name] = pd.NA
    return table.assign(hidden=[k == row for k in range(len(table))])
