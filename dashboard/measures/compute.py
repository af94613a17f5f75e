"""The one way to a figure: check who asks, run the measure, let out only what its audience may see."""

from dataclasses import replace
from datetime import date

from sqlalchemy import Engine

from dashboard.measures import MEASURES
from dashboard.measures.disclosure import disclose
from dashboard.model import Audience, Filters, Measure, Result
from db.access import Permission, Viewer
from db.engine import aggregate_session
from db.errors import NotFound
from db.models import Pilot
from db.pilot import the_pilot


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
    """
    asked = allowed(viewer, key, audience)
    public = audience is Audience.public
    if public:
        filters = replace(filters, staff_id=None)
    with aggregate_session(bind) as session:
        pilot = the_pilot(session)
        result = asked.run(session, pilot, filters, audience)
    if public and asked.about_people:
        result = disclose(result, pilot.small_count_threshold)
    return replace(result, guard=None)  # it holds raw counts, and has done its work


def pilot_to_date(pilot: Pilot, today: date) -> Filters:
    """From the pilot's first day to ``today``, or to its last day when that is over."""
    return Filters(first=pilot.starts_on, last=max(pilot.starts_on, min(today, pilot.ends_on)), as_of=today)


def quarter_to_date(pilot: Pilot, today: date) -> Filters:
    """The calendar quarter that holds ``today`` (the pilot's last, once it is over), up to ``today``."""
    whole = pilot_to_date(pilot, today)
    first = date(whole.last.year, (whole.last.month - 1) // 3 * 3 + 1, 1)
    return replace(whole, first=max(first, pilot.starts_on))
