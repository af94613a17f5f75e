"""The calls of some categories as arrays, read fast: what repeat-call measures count from.

Times and days leave the database as whole numbers, so that 300,000 calls cost no Python object per
moment; the institution flag and the category are looked up once per location, type and day, not per call.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta

import numpy as np
import pandas as pd
from sqlalchemy import BigInteger, cast, extract, select
from sqlalchemy.orm import Session

from db.cad.meaning import KINDS, meanings
from db.models import Call, Location
from db.vocab import CallCategory


def bh_calls(
    session: Session,
    categories: Sequence[CallCategory] = (CallCategory.behavioural_health,),
    *,
    first: date | None = None,
    last: date | None = None,
) -> pd.DataFrame:
    """All calls that are of one of ``categories`` on their day, ordered by moment, then call.

    ``first`` and ``last`` (inclusive, days in the pilot's zone) narrow it; None means all there is.

    One row per call, with the columns

    - ``call_id`` int64
    - ``received_at`` int64, UTC nanoseconds since 1970 (``.view("datetime64[ns]")`` makes moments of it)
    - ``received_on`` datetime64[s], the local day
    - ``category`` categorical of :class:`CallCategory` values
    - ``person`` int64 code, the same for one person key within this answer; -1 where there is none
    - ``location`` int64, the location's id; -1 where there is none
    - ``institution`` bool, whether that location is marked as an institution
    """
    mean = meanings(session)
    statement = select(
        Call.id,
        cast(extract("epoch", Call.received_at), BigInteger),
        cast(extract("epoch", Call.received_on), BigInteger),
        Call.type_id,
        Call.location_id,
        Call.person_key,
    ).where(Call.type_id.in_(mean.types_of(categories)))
    if first is not None:
        statement = statement.where(Call.received_on >= first, Call.received_at >= _midnight(first, -2))
    if last is not None:
        statement = statement.where(Call.received_on <= last, Call.received_at <= _midnight(last, 2))
    rows = session.execute(statement).all()
    ids, moments, days, types, places, persons = zip(*rows, strict=True) if rows else ((),) * 6
    institutions = session.scalars(select(Location.id).where(Location.is_institution)).all()
    location = np.fromiter((-1 if place is None else place for place in places), np.int64, len(rows))
    day = np.array(days, np.int64) // 86_400
    kinds = mean.kinds(np.array(types, np.int64), day)
    names = np.array([*(kind.value for kind in KINDS), None], dtype=object)[kinds]  # -1 picks the last one
    frame = pd.DataFrame(
        {
            "call_id": np.array(ids, np.int64),
            "received_at": np.array(moments, np.int64) * 1_000_000_000,
            "received_on": np.array(days, np.int64).astype("datetime64[s]"),
            "category": pd.Categorical(names, categories=[c.value for c in categories]),
            "person": pd.factorize(np.array(persons, dtype=object))[0].astype(np.int64),
            "location": location,
            "institution": np.isin(location, institutions),
        }
    )
    frame = frame.loc[frame["category"].notna()]  # a type may be of another category on some days
    return frame.sort_values(["received_at", "call_id"], kind="stable", ignore_index=True)


def _midnight(day: date, apart: int) -> datetime:
    """A moment so many days from ``day`` that no zone matters: the index on moments narrows, the days decide."""
    return datetime.combine(day + timedelta(days=apart), time(), UTC)
