"""What every theme shares: the texts of a measure, the weeks of a period, logged or tallied, marks and sparks."""

from collections.abc import Callable, Hashable, Iterable, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any, NamedTuple, TypeVar
from zoneinfo import ZoneInfo

import pandas as pd
from sqlalchemy import ColumnElement, select, true
from sqlalchemy.orm import InstrumentedAttribute, Session

from dashboard.model import Direction, Filters, Measure, Records, Result
from db import vocab
from db.access import Permission
from db.log import LogRecord, added_up, log_records
from db.models import Event, Pilot, Staff, Tally, TallyValue, Target
from db.pilot import monday, pilot_weeks
from db.vocab import EventKind, Scope, TallyItem, TallyStatus

Made = TypeVar("Made")
ONCE = "once"
"""Where a session of ``compute`` keeps what its measures share; other sessions have no such place."""
FINAL, PROVISIONAL, UNFINISHED = "final", "provisional", "unfinished"
SPARK_PERIODS = 26


def once(session: Session, key: Hashable, make: Callable[[], Made]) -> Made:
    """What several measures of one answer need is made once: a session of ``compute`` only reads, and ends with it."""
    kept = session.info.get(ONCE)
    if kept is None:
        return make()
    if key not in kept:
        kept[key] = make()
    return kept[key]


def said(key: str, part: str, lang: str = "en", /, **values: object) -> str:
    """A measure's words: ``said("people_served", "title", "es")`` reads ``measure.people_served.title``."""
    return vocab.text(f"measure.{key}.{part}", "es" if lang == "es" else "en", **values)


def define(
    key: str,
    run: Callable[..., Result],
    *,
    chart: str | None,
    direction: Direction = Direction.neither,
    about_people: bool = True,
    scopes: Sequence[Scope] = (Scope.work, Scope.setup),
    permission: Permission = Permission.see_figures,
    records: Callable[..., Records] | None = None,
) -> Measure:
    """A Measure whose texts stand in ``db/words`` under ``measure.<key>.*``, both languages."""
    return Measure(
        key=key,
        title=said(key, "title"),
        question=said(key, "question"),
        definition=said(key, "definition"),
        counts=said(key, "counts"),
        leaves_out=said(key, "leaves_out"),
        unit=said(key, "unit"),
        source=said(key, "source"),
        card=said(key, "card"),
        direction=direction,
        chart=chart,
        about_people=about_people,
        scopes=tuple(scope.value for scope in scopes),
        permission=permission.value,
        run=run,
        records=records,
    )


def label(member: StrEnum, lang: str) -> str:
    """A vocabulary member's plain name."""
    return vocab.label(member, "es" if lang == "es" else "en")


def of_staff(column: InstrumentedAttribute[Any], filters: Filters) -> ColumnElement[bool]:
    """The staff filter as a condition on ``column``."""
    return true() if filters.staff_id is None else column == filters.staff_id


# --- days and weeks -----------------------------------------------------------------------------


def until(filters: Filters) -> date:
    """The last day that counts: the period's last, or the as-of day when that comes first."""
    return min(filters.last, filters.as_of)


def bounds(pilot: Pilot, first: date, last: date) -> tuple[datetime, datetime]:
    """Local midnight before ``first`` and after ``last``, aware: moments in [start, end) fall on those days."""
    zone = ZoneInfo(pilot.time_zone)
    return datetime.combine(first, time(), zone), datetime.combine(last + timedelta(days=1), time(), zone)


def moment_of(pilot: Pilot, as_of: date) -> datetime:
    """The end of the as-of day: waits still open are censored here."""
    return bounds(pilot, as_of, as_of)[1]


def quarter_end(day: date) -> date:
    month = (day.month - 1) // 3 * 3 + 3
    return date(day.year + month // 12, month % 12 + 1, 1) - timedelta(days=1)


def weeks(pilot: Pilot, filters: Filters) -> list[date]:
    """The Mondays of the pilot's weeks in the period, in order; only weeks begun by the as-of day.

    A week belongs where its Thursday lies (the pilot's first or last day where the Thursday is outside
    the pilot). A period up to the as-of day shows the running week although its Thursday may lie ahead,
    unless that falls in the next quarter of a period that is not the pilot's whole.
    """
    last = filters.last
    if last >= filters.as_of:
        whole = filters.first <= pilot.starts_on
        last = max(last, filters.as_of + timedelta(days=6) if whole else quarter_end(filters.as_of))
    return [
        week
        for week in pilot_weeks(pilot)
        if week <= filters.as_of and filters.first <= belongs_on(pilot, week) <= last
    ]


def belongs_on(pilot: Pilot, week: date) -> date:
    """The day that decides a week's month and quarter: its Thursday, kept inside the pilot."""
    return min(max(week + timedelta(days=3), pilot.starts_on), pilot.ends_on)


# --- logged or tallied ---------------------------------------------------------------------------


class Week(NamedTuple):
    """One staff member's week: ``certified`` maps the items reported on a certified sheet to their figures."""

    week: date
    staff_id: int
    certified: dict[TallyItem, Decimal]


def staff_weeks(session: Session, pilot: Pilot, filters: Filters, items: Iterable[TallyItem]) -> list[Week]:
    """Every (week of the period × staff member employed in it), with the certified figures of ``items``.

    A blank of a certified sheet is "not recorded" and does not stand in ``certified``.
    """
    mondays = weeks(pilot, filters)
    if not mondays:
        return []
    staff = [s for s in session.scalars(select(Staff).order_by(Staff.id)) if filters.staff_id in (None, s.id)]
    rows = session.execute(
        select(Tally.week, Tally.staff_id, TallyValue.item, TallyValue.reported)
        .join(TallyValue, TallyValue.tally_id == Tally.id)
        .where(
            Tally.status != TallyStatus.draft,
            Tally.week.between(mondays[0], mondays[-1]),
            TallyValue.item.in_(list(items)),
            TallyValue.reported.is_not(None),
        )
    )
    reported: dict[tuple[date, int], dict[TallyItem, Decimal]] = {}
    for week, staff_id, item, value in rows:
        reported.setdefault((week, staff_id), {})[item] = value or Decimal(0)  # never NULL here
    return [
        Week(week, member.id, reported.get((week, member.id), {}))
        for week in mondays
        for member in staff
        if employed(member, pilot, week)
    ]


def employed(member: Staff, pilot: Pilot, week: date) -> bool:
    """Whether this member worked for the pilot on any day of the week."""
    first, last = max(week, pilot.starts_on), min(week + timedelta(days=6), pilot.ends_on)
    return member.starts_on <= last and (member.ends_on is None or member.ends_on >= first)


def weekly(
    session: Session, pilot: Pilot, filters: Filters, items: Sequence[TallyItem]
) -> tuple[pd.DataFrame, list[LogRecord]]:
    """The figures that count, and the records of the log behind them.

    One row per (week × staff member × item): week, staff_id, item, value (float), logged (float: what the
    log says), status. The certified tally counts where there is one, else the sum of the log, which is
    provisional. A week that is not over on the as-of day is unfinished.
    """
    sheets, mondays = staff_weeks(session, pilot, filters, items), weeks(pilot, filters)
    records: list[LogRecord] = []
    if mondays:
        records = log_records(session, pilot.time_zone, filters.staff_id, mondays[0], mondays[-1], items)
    log = {(row.week, row.staff_id, row.item): row.value for row in added_up(records)}
    rows = []
    for sheet in sheets:
        for item in items:
            logged = log.pop((sheet.week, sheet.staff_id, item), Decimal(0))
            certified = sheet.certified.get(item)
            value = logged if certified is None else certified
            status = _status(filters, sheet.week, certified)
            rows.append((sheet.week, sheet.staff_id, item, float(value), float(logged), status))
    # Work logged by somebody outside the dates of employment is work all the same.
    rows += [
        (week, staff, item, float(value), float(value), _status(filters, week, None))
        for (week, staff, item), value in log.items()
    ]
    return pd.DataFrame(rows, columns=["week", "staff_id", "item", "value", "logged", "status"]), records


def certified_against_log(session: Session, pilot: Pilot, filters: Filters, items: Sequence[TallyItem]) -> pd.DataFrame:
    """The certified and filled-in cells of the period: week, staff_id, item, reported, log."""
    mondays = weeks(pilot, filters)
    logged: dict[tuple[date, int, TallyItem], Decimal] = {}
    if mondays:
        found = log_records(session, pilot.time_zone, filters.staff_id, mondays[0], mondays[-1], items)
        logged = {(row.week, row.staff_id, row.item): row.value for row in added_up(found)}
    rows = [
        (sheet.week, sheet.staff_id, item, int(value), int(logged.get((sheet.week, sheet.staff_id, item), 0)))
        for sheet in staff_weeks(session, pilot, filters, items)
        for item, value in sheet.certified.items()
    ]
    return pd.DataFrame(rows, columns=["week", "staff_id", "item", "reported", "log"])


def _status(filters: Filters, week: date, certified: Decimal | None) -> str:
    if week + timedelta(days=6) >= filters.as_of:
        return UNFINISHED
    return PROVISIONAL if certified is None else FINAL


def by_week(pilot: Pilot, filters: Filters, figures: pd.DataFrame | None) -> pd.DataFrame:
    """``weekly`` figures summed to one row per week of the period: period, value, status (the least certain)."""
    if figures is None:
        raise TypeError("these records are not tallied: they have no weekly figures")
    values = figures.groupby("week")["value"].sum() if len(figures) else {}
    least = figures.groupby("week")["status"].max() if len(figures) else {}  # final < provisional < unfinished
    mondays = weeks(pilot, filters)
    return pd.DataFrame(
        {
            "period": mondays,
            "value": [float(values.get(week, 0)) for week in mondays],
            "status": [least.get(week, _status(filters, week, None)) for week in mondays],
        }
    )


def week_status(session: Session, pilot: Pilot, filters: Filters) -> dict[date, str]:
    """Each week of the period: final once everybody employed in it has certified a sheet."""
    mondays = weeks(pilot, filters)
    if not mondays:
        return {}
    sheets = session.execute(
        select(Tally.week, Tally.staff_id).where(
            Tally.status != TallyStatus.draft, Tally.week.between(mondays[0], mondays[-1])
        )
    )
    done = {(week, staff_id) for week, staff_id in sheets}
    staff = [s for s in session.scalars(select(Staff)) if filters.staff_id in (None, s.id)]
    found = {}
    for week in mondays:
        certified = all((week, s.id) in done for s in staff if employed(s, pilot, week))
        found[week] = _status(filters, week, Decimal(0) if certified else None)
    return found


def is_provisional(statuses: Iterable[str]) -> bool:
    return any(status == PROVISIONAL for status in statuses)


def finished(table: pd.DataFrame) -> pd.DataFrame:
    """Without the unfinished periods: what trends, averages and tests may use."""
    return table[table["status"] != UNFINISHED]


# --- moments to days -----------------------------------------------------------------------------


def local_days(pilot: Pilot, moments: pd.Series) -> pd.Series:
    """The calendar day (python dates) of aware moments in the pilot's zone, daylight saving heeded."""
    return pd.to_datetime(moments, utc=True).dt.tz_convert(pilot.time_zone).dt.date


def mondays_of(days: pd.Series) -> pd.Series:
    """The Monday of each python date."""
    return days.map(monday)


def months(first: date, last: date) -> list[date]:
    """First days of every month touched by [first, last]."""
    count = (last.year - first.year) * 12 + last.month - first.month + 1
    return [date(first.year + (first.month - 1 + k) // 12, (first.month - 1 + k) % 12 + 1, 1) for k in range(count)]


# --- marks and sparks ----------------------------------------------------------------------------


def marks(
    session: Session, pilot: Pilot, filters: Filters, key: str, *, since: date | None = None, **more: Any
) -> dict[str, Any]:
    """What every dated chart may draw: launch, the period's events as (day, label), the pilot's own target.

    ``breaks`` are the days on which a definition changed: what lies before and after is not counted alike.
    ``since``: where the time axis begins before the period.
    """
    events = session.execute(
        select(Event.on_date, Event.label, Event.kind)
        .where(Event.on_date.between(since or filters.first, filters.last))
        .order_by(Event.on_date, Event.id)
    ).all()
    return {
        "launch": pilot.starts_on,
        "events": [(day, label) for day, label, _ in events],
        "breaks": [day for day, _, kind in events if kind is EventKind.definition],
        "target": target(session, filters, key),
        **more,
    }


def marks_of_count(session: Session, pilot: Pilot, filters: Filters, key: str) -> dict[str, Any]:
    """:func:`marks` of a number that grows with time and staff: its target is the whole pilot's, not a part's."""
    drawn = marks(session, pilot, filters, key)
    whole = filters.first <= pilot.starts_on and filters.staff_id is None
    return drawn if whole else drawn | {"target": None}


def target(session: Session, filters: Filters, key: str) -> float | None:
    """The next target of this measure on the as-of day, else its last one, else None."""
    rows = session.execute(
        select(Target.by_date, Target.value).where(Target.measure == key).order_by(Target.by_date)
    ).all()
    ahead = [value for day, value in rows if day >= filters.as_of]
    return ahead[0] if ahead else (rows[-1].value if rows else None)


def spark(values: Iterable[Any]) -> tuple[float, ...]:
    """The last 26 values for a card; what is missing or hidden is left out."""
    return tuple(float(value) for value in list(values)[-SPARK_PERIODS:] if not pd.isna(value))


def columns(lang: str, **names: str) -> dict[str, str]:
    """Column → its plain label, from ``column.<word>`` of the vocabulary; in the order given."""
    return {name: vocab.text(f"column.{word}", "es" if lang == "es" else "en") for name, word in names.items()}
