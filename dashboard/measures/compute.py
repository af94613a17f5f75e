"""The one way to a figure: check who asks, run the measure, let out only what its audience may see."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, timedelta

import pandas as pd
from sqlalchemy import Engine, select

from dashboard.measures import MEASURES, call_lists, common, money_lines
from dashboard.measures.disclosure import disclose
from dashboard.model import Audience, Filters, Measure, Records, Result
from db.access import Permission, Viewer
from db.engine import aggregate_session
from db.errors import NotFound
from db.ledger import month_end, month_of
from db.models import Person, Pilot
from db.pilot import DESK_SEES_PAY, monday, the_pilot


def measure(key: str) -> Measure:
    """The measure of that key. Raises NotFound for a key nobody defined."""
    try:
        return MEASURES[key]
    except KeyError:
        raise NotFound(f"There is no measure “{key}”. “tandem measures” lists the keys.") from None


def allowed(viewer: Viewer, key: str, audience: Audience) -> Measure:
    """The measure, if this viewer may ask for it. A cache in front of :func:`compute` asks this every time."""
    asked = measure(key)
    viewer.must(Permission.see_public if audience is Audience.public else Permission(asked.permission))
    return asked


def compute(bind: Engine, viewer: Viewer, key: str, filters: Filters, audience: Audience = Audience.internal) -> Result:
    """The Result of ``key`` for one slice, safe to show to ``audience``.

    Internal needs the measure's own permission, public needs ``see_public``; raises Forbidden without.
    Public figures take no staff filter: two of them subtracted would show one member of staff.
    What was done about calls is told to others than the desk by :func:`whole_months`.
    """
    return several(bind, viewer, (key,), filters, audience)[key]


def several(
    bind: Engine, viewer: Viewer, keys: Iterable[str], filters: Filters, audience: Audience = Audience.internal
) -> dict[str, Result]:
    """The Results of several keys, as :func:`compute` gives each: what they rest on together is made once."""
    return in_languages(bind, viewer, keys, filters, (filters.lang,), audience)[filters.lang]


def in_languages(
    bind: Engine, viewer: Viewer, keys: Iterable[str], filters: Filters, langs: Iterable[str], audience: Audience
) -> dict[str, dict[str, Result]]:
    """Language → key → Result: the same figures told in each language, what they rest on made once."""
    asked = [allowed(viewer, key, audience) for key in keys]
    public = audience is Audience.public
    if public:
        filters = replace(filters, staff_id=None)
    found: dict[str, dict[str, Result]] = {}
    with aggregate_session(bind) as session:
        session.info[common.ONCE] = {}
        pilot = the_pilot(session)
        for lang in langs:
            found[lang] = {}
            for measure in asked:
                wanted = permitted(viewer, pilot, measure.key, replace(filters, lang=lang), audience)
                result = measure.run(session, pilot, wanted, audience)
                if public and measure.about_people:
                    result = disclose(result, pilot.small_count_threshold)
                found[lang][measure.key] = replace(result, guard=None)  # it holds raw counts, and has done its work
    return found


def permitted(viewer: Viewer, pilot: Pilot, key: str, filters: Filters, audience: Audience) -> Filters:
    """The slice as this viewer may have it. A cache in front of :func:`compute` asks this before it looks."""
    if key in NAMES_LINES:
        return replace(filters, without_pay=filters.without_pay or not sees_pay(viewer, pilot))
    return filters if audience is Audience.public else whole_months(viewer, pilot, key, filters)


def sees_pay(viewer: Viewer, pilot: Pilot) -> bool:
    """Whether budget lines that pay people are shown: not to the desk, unless the pilot's set-up allows it."""
    desk = viewer.may(Permission.see_people) and not viewer.may(Permission.see_money)
    return not desk or bool(pilot.settings.get(DESK_SEES_PAY))


COARSE = ("code", "week", "mode")
"""All that the list of a count tells who may not see people: no need, provider, incident, place, moment or link."""


def records(bind: Engine, viewer: Viewer, key: str, filters: Filters) -> Records:
    """The records that ``key`` counts in one slice, as rows this viewer may see.

    The desk gets every column, with the person's ``code``; anybody else gets ``COARSE`` alone, without parts,
    in the order of week and code. Sheets and their cells are about nobody and stay whole. Needs the measure's
    own permission; raises Forbidden without, NotFound for a measure without a list. ``filters`` are taken
    as :func:`whole_weeks`.
    """
    asked = allowed(viewer, key, Audience.internal)
    if asked.records is None:
        raise NotFound(f"No list of records stands behind “{asked.title}”.")
    with aggregate_session(bind) as session:
        pilot = the_pilot(session)
        found: Records = asked.records(session, pilot, whole_weeks(viewer, pilot, filters))
        codes = {row.id: row.code for row in session.execute(select(Person.id, Person.code))}
    named = [codes.get(person) for person in found.table["person_id"]]
    table = found.table.assign(code=pd.Series(named, found.table.index, dtype=object))
    if viewer.may(Permission.see_people) or set(table["kind"]) <= {"sheet", "cell"}:
        return replace(found, table=table)
    coarse = table[list(COARSE)].sort_values(["week", "code"], na_position="last", ignore_index=True)
    return Records(coarse, cells=_without_parts(found.cells))


def whole_weeks(viewer: Viewer, pilot: Pilot, filters: Filters) -> Filters:
    """For who sees codes alone the ISO weeks that the slice touches: two lists a day apart would tell the day.

    No further than the pilot, and not past what is known.
    """
    if viewer.may(Permission.see_people):
        return filters
    first = max(monday(filters.first), min(filters.first, pilot.starts_on))
    last = min(monday(filters.last) + timedelta(days=6), filters.as_of, pilot.ends_on)
    return filters.between(first, max(filters.last, last))


ABOUT_CALLERS = frozenset({"eligible_served", "unserved_reasons", "calls_without_follow_up"})
"""What was done about single calls, which chief and analyst may list with place and moment."""
NAMES_LINES = money_lines.KEYS | {"pilot_clock"}
"""What names single budget lines: those that pay people are not for everybody."""
DEPENDS_ON_VIEWER = ABOUT_CALLERS | NAMES_LINES
"""What :func:`permitted` gives one viewer in another slice than another."""


def whole_months(viewer: Viewer, pilot: Pilot, key: str, filters: Filters) -> Filters:
    """For who may not see people the calendar months that the slice touches, where ``key`` tells what became of calls.

    "1 of 1 served" on a day with one call would say that this caller is a client; so would two slices a day apart.
    No further than the pilot, and not past what is known.
    """
    if key not in ABOUT_CALLERS or viewer.may(Permission.see_people):
        return filters
    first = max(month_of(filters.first), min(filters.first, pilot.starts_on))
    last = min(month_end(month_of(filters.last)), filters.as_of, pilot.ends_on)
    return filters.between(first, max(filters.last, last))


MOST_CALLS = 2_000
"""Calls of one list that are described; a longer one says how many it has."""


def calls(bind: Engine, viewer: Viewer, key: str, filters: Filters, bar: call_lists.Bar) -> tuple[int, pd.DataFrame]:
    """How many calls stand behind one bar of ``key``, and the first of them (see :func:`call_lists.described`).

    Needs ``see_calls`` beside the measure's own permission; raises Forbidden without, NotFound for a figure that
    counts no calls. The list knows nothing of clients: it is the same for everybody who may see calls.
    """
    asked = allowed(viewer, key, Audience.internal)
    viewer.must(Permission.see_calls)
    if key not in call_lists.LISTS:
        raise NotFound(f"No list of calls stands behind “{asked.title}”.")
    with aggregate_session(bind) as session:
        pilot = the_pilot(session)
        listed = call_lists.behind(session, pilot, filters, key, bar)
        return len(listed), call_lists.described(session, pilot, listed.iloc[:MOST_CALLS])


def _without_parts(cells: pd.DataFrame | None) -> pd.DataFrame | None:
    return None if cells is None else cells[["week", "staff_id", "value", "logged", "status"]]


def pilot_to_date(pilot: Pilot, today: date) -> Filters:
    """From the pilot's first day to ``today``, or to its last day when that is over."""
    return Filters(first=pilot.starts_on, last=max(pilot.starts_on, min(today, pilot.ends_on)), as_of=today)


def quarter_to_date(pilot: Pilot, today: date) -> Filters:
    """The calendar quarter that holds ``today`` (the pilot's last, once it is over), up to ``today``."""
    whole = pilot_to_date(pilot, today)
    first = date(whole.last.year, (whole.last.month - 1) // 3 * 3 + 1, 1)
    return replace(whole, first=max(first, pilot.starts_on))
