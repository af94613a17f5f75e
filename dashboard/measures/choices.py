"""What else the primary series might have been made of: other windows, another kind of subject, institutions.

The plan stays what it was fixed to be: nothing here moves the verdict.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
from sqlalchemy import select
from sqlalchemy.orm import Session

from dashboard.measures import common, effect, history
from dashboard.periods import EffectError, Series
from dashboard.repeats import Basis
from dashboard.robustness import Choice
from db.cad import current
from db.cad.counting import Facts, count_repeats, read_facts
from db.cad.judging import Coverage
from db.commands.call_rules import CHANGED
from db.ledger import month_end
from db.models import Event, Pilot
from db.vocab import CallCategory, EventKind

BH = CallCategory.behavioural_health


def choices(session: Session, pilot: Pilot, as_of: date) -> tuple[Choice, tuple[Choice, ...]] | None:
    """The pre-specified analysis and the other series it might have been made of; None where it cannot be made.

    Labels: ``window_30`` … ``window_365`` (but for the plan's own), ``person`` or ``location`` (the subject
    that the rule did not choose), ``institutions``, ``breaks`` (a step at each day of a changed definition).
    What the engine varies itself is not here.
    """
    found, data, model = effect.fitted(session, pilot, as_of)
    if data is None or found.monthly is None:
        return None
    tables = dict(_other_windows(session, found.plan.window_days, as_of))
    tables |= dict(_other_subjects(session, found.plan.window_days, found.monthly.basis, as_of))
    others = list(_as_choices(tables, pilot))
    if days := _definitions(session, data):
        others.append(Choice("breaks", data, replace(model, breaks=days)))
    return Choice("specified", data, model), tuple(others)


def _definitions(session: Session, data: Series) -> tuple[date, ...]:
    """Days inside the series from which calls were typed otherwise. A change of undated rules is none of them:
    it holds for the years before as well."""
    asked = select(Event.on_date).where(
        Event.kind == EventKind.definition,
        Event.source.is_distinct_from(CHANGED),
        Event.on_date.between(data.starts[0], month_end(data.starts[-1])),
    )
    return tuple(sorted(set(session.scalars(asked))))


def _as_choices(tables: dict[str, pd.DataFrame], pilot: Pilot) -> Iterator[Choice]:
    """Each monthly table as a choice under the plan's own rules; one with too few months is left out."""
    for label, table in tables.items():
        months = effect.months_of(table, pilot)
        try:
            yield Choice(label, effect.series_of(months, pilot), effect.model_of(months))
        except EffectError:
            continue


def _other_windows(session: Session, planned: int, as_of: date) -> Iterator[tuple[str, pd.DataFrame]]:
    for window in current.WINDOWS:
        if window == planned:
            continue
        monthly = history.repeat_series(session, BH, window, as_of)
        if monthly is not None:
            yield f"window_{window}", monthly.table


def _other_subjects(session: Session, window: int, basis: Basis, as_of: date) -> Iterator[tuple[str, pd.DataFrame]]:
    """The series by the other kind of subject, and with institutions: counted from the calls, read once."""
    covered = history.covered(session, as_of)
    if covered is None:
        return
    facts = read_facts(session, (BH,))
    other: Basis = "location" if basis == "person" else "person"
    yield other, _by_month(facts, covered, window, other)
    inside = replace(facts, institution=np.zeros_like(facts.institution))
    yield "institutions", _by_month(inside, covered, window, basis)


def _by_month(facts: Facts, covered: Coverage, window: int, basis: Basis) -> pd.DataFrame:
    """month, whole, repeats: every month of the data, as :class:`dashboard.repeats.Monthly` has them."""
    counted = count_repeats(facts, covered, (window,), (basis,))
    days = counted["day"].to_numpy(np.int64).astype("datetime64[D]").astype("datetime64[M]")
    repeats = counted["repeats"].groupby(days.astype(object)).sum() if len(counted) else {}
    months = common.months(covered.first, covered.last)
    return pd.DataFrame(
        {
            "month": months,
            "whole": [covered.whole(month, month_end(month), window) for month in months],
            "repeats": [int(repeats.get(month, 0)) for month in months],
        }
    )
