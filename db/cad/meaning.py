"""What a CALL is: its type's category on its day. The one place that knows that rules have dates.

A type means ``CallType.category``, except on the days of a :class:`~db.models.CallTypeSpan`. In SQL ask
:func:`falls_in`; over arrays ask :func:`meanings`.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, and_, exists, or_, select
from sqlalchemy.orm import Session

from db.models import Call, CallType, CallTypeSpan
from db.vocab import CallCategory

KINDS = tuple(CallCategory)
"""A category's number is its position here; -1 is a type that no rule covers."""
UNCOVERED = -1
_EPOCH = date(1970, 1, 1).toordinal()


@dataclass(frozen=True, slots=True)
class Meanings:
    """Type id → number in :data:`KINDS`; ``spans``: type id → (first day, last day, number), days since 1970."""

    usual: Mapping[int, int]
    spans: Mapping[int, tuple[tuple[int, int, int], ...]]

    def kinds(self, types: NDArray[np.int64], days: NDArray[np.int64]) -> NDArray[np.int64]:
        """What each call is, from its type's id and its local day since 1970: two arrays of one length."""
        distinct, codes = np.unique(types, return_inverse=True)
        found = np.array([self.usual.get(int(each), UNCOVERED) for each in distinct], np.int64)[codes]
        for type_id, spans in self.spans.items():
            mine = np.flatnonzero(types == type_id)
            for first, last, kind in spans:
                found[mine[(days[mine] >= first) & (days[mine] <= last)]] = kind
        return found

    def kind(self, type_id: int, day: int) -> int:
        """What one call is."""
        spans = self.spans.get(type_id, ())
        usual = self.usual.get(type_id, UNCOVERED)
        return next((kind for first, last, kind in spans if first <= day <= last), usual)

    def types_of(self, categories: Iterable[CallCategory]) -> list[int]:
        """Every type that is one of these on some day."""
        wanted = {KINDS.index(category) for category in categories}
        sometimes = {t for t, spans in self.spans.items() if any(kind in wanted for _, _, kind in spans)}
        return sorted(sometimes | {t for t, kind in self.usual.items() if kind in wanted})


def meanings(session: Session) -> Meanings:
    """All types, as the rules last applied judge them."""
    usual = {t: number(category) for t, category in session.execute(select(CallType.id, CallType.category))}
    spans: dict[int, tuple[tuple[int, int, int], ...]] = {}
    asked = select(CallTypeSpan).order_by(CallTypeSpan.type_id, CallTypeSpan.first_day)
    for span in session.scalars(asked):
        mine = (day_number(span.first_day), day_number(span.last_day), number(span.category))
        spans[span.type_id] = (*spans.get(span.type_id, ()), mine)
    return Meanings(usual, spans)


def number(category: CallCategory | None) -> int:
    return UNCOVERED if category is None else KINDS.index(category)


def day_number(day: date) -> int:
    """Days since 1970-01-01."""
    return day.toordinal() - _EPOCH


def falls_in(*categories: CallCategory) -> ColumnElement[bool]:
    """SQL: the call is of one of ``categories``, by its type and its day. Needs no join."""
    return _falls(categories)


def _falls(categories: Collection[CallCategory]) -> ColumnElement[bool]:
    usually = select(CallType.id).where(CallType.category.in_(categories))
    sometimes = select(CallTypeSpan.type_id).where(CallTypeSpan.category.in_(categories))
    that_day = and_(
        CallTypeSpan.type_id == Call.type_id,
        Call.received_on.between(CallTypeSpan.first_day, CallTypeSpan.last_day),
    )
    return and_(
        Call.type_id.in_(usually.union(sometimes)),  # lets the database start from the index of types
        or_(
            and_(Call.type_id.in_(usually), ~exists().where(that_day)),
            exists().where(that_day, CallTypeSpan.category.in_(categories)),
        ),
    )
