"""The records behind a count. A measure makes its list first and counts that, so number and list cannot disagree."""

from collections.abc import Mapping, Sequence
from datetime import date
from enum import StrEnum

import pandas as pd
from sqlalchemy.orm import Session

from dashboard.measures import common
from dashboard.model import Filters, Records
from db.log import record_of
from db.models import Pilot
from db.pilot import monday
from db.vocab import TallyItem

Part = Mapping[str, str] | type[StrEnum]
"""Values with their plain names; a vocabulary names its members itself."""
UNKNOWN = "not_recorded"
"""The value of a part where a record says nothing."""


def listed(filters: Filters, kind: str, table: pd.DataFrame, **parts: Part) -> Records:
    """``table`` as Records of one kind; each of ``parts`` is one of its columns.

    ``table`` has id, person_id and day; its ``week`` is the day's Monday and its ``mode`` empty where it has none.
    """
    table = table.assign(kind=kind)
    if "week" not in table:
        table["week"] = pd.Series([monday(day) for day in table["day"]], table.index, dtype=object)
    if "mode" not in table:
        table["mode"] = pd.Series([None] * len(table), table.index, dtype=object)
    return Records(table, named(filters, **parts))


def named(filters: Filters, **parts: Part) -> dict[str, Mapping[str, str]]:
    """Each part's values with their plain names in the language of ``filters``."""
    return {
        name: {member.value: common.label(member, filters.lang) for member in values}
        if isinstance(values, type)
        else dict(values)
        for name, values in parts.items()
    }


def said(filters: Filters, key: str, *names: str) -> dict[str, str]:
    """Values that a measure names itself: ``measure.<key>.<value>``."""
    return {name: common.said(key, name, filters.lang) for name in names}


def yes_no(filters: Filters, key: str) -> dict[str, str]:
    """The two parts of a share, by the names of its columns."""
    return common.columns(filters.lang, yes=f"{key}_yes", no=f"{key}_no")


def split(cases: pd.DataFrame) -> pd.Series:
    """The column ``yes`` of a share's cases as its part: "yes" or "no"."""
    return cases["yes"].map({True: "yes", False: "no"}).astype(object)


def tallied(session: Session, pilot: Pilot, filters: Filters, items: Sequence[TallyItem], **parts: Part) -> Records:
    """What a count that is logged or tallied rests on: the log's records, and in ``cells`` the figures that count.

    Further columns of the table: staff_id, item, purpose, amount (minutes for the hour items, else 1). The
    cells have a column for the part that tells items apart, if there is one: ``mode`` or ``work``.
    """
    cells, found = common.weekly(session, pilot, filters, items)
    names = ["id", "kind", "person_id", "day", "week", "mode", "purpose", "staff_id", "item", "amount"]
    rows = [
        (r.record_id, record_of(r.item), r.person_id, r.day, r.week, r.mode, r.purpose, r.staff_id, r.item, r.amount)
        for r in found
    ]
    return Records(pd.DataFrame(rows, columns=names, dtype=object), named(filters, **parts), cells)


def figure(records: Records, week: date | None = None, **part: str) -> float:
    """What the count says of one week, or of all: the cells of a tallied one, else the number of records.

    ``part``: one column and its value. A part that the tally does not tell apart comes from the log.
    """
    table, cells = chosen(records.table, week, **part), records.cells
    if cells is None:
        return len(table)
    if not set(part) <= set(cells.columns):
        return float(table["amount"].sum())
    return float(chosen(cells, week, **part)["value"].sum())


def differences(records: Records, week: date | None = None, **part: str) -> tuple[float, float]:
    """(reported without a record, recorded but not reported): certified cells against the log, cell by cell."""
    if records.cells is None or not set(part) <= set(records.cells.columns):
        return 0.0, 0.0
    cells = chosen(records.cells, week, **part)
    more = cells["value"] - cells["logged"]
    return round(float(more.clip(lower=0).sum()), 2), round(float((-more).clip(lower=0).sum()), 2)


def chosen(table: pd.DataFrame, week: date | None = None, **part: str) -> pd.DataFrame:
    """The rows of one week and one part; all without."""
    if week is not None:
        table = table[table["week"] == week]
    for column, value in part.items():
        table = table[table[column] == value]
    return table
