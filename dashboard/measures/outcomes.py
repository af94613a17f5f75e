"""What the encounters came to: dispositions, arrests and emergency transports avoided, force and injury."""

import pandas as pd
from sqlalchemy import select
from sqlalchemy.orm import Session

from dashboard import words
from dashboard.measures import answers, common
from dashboard.model import Audience, Direction, Filters, Guard, Measure, Result
from dashboard.stats import wilson
from db.models import Intervention, Pilot
from db.vocab import Disposition, Mode, label


def _events(session: Session, pilot: Pilot, filters: Filters) -> pd.DataFrame:
    """Every intervention of the period: day, mode, disposition and what was attested (None: not recorded)."""
    start, end = common.bounds(pilot, filters.first, common.until(filters))
    names = (
        "mode",
        "disposition",
        "arrest_eligible",
        "arrested",
        "transport_intended",
        "transport_avoided",
        "force_used",
        "injury",
    )
    wanted = select(Intervention.at, *(getattr(Intervention, name) for name in names)).where(
        Intervention.voided_at.is_(None), Intervention.at >= start, Intervention.at < end
    )
    if filters.staff_id is not None:
        wanted = wanted.where(Intervention.staff_id == filters.staff_id)
    rows = session.execute(wanted).all()
    table = pd.DataFrame([row[1:] for row in rows], columns=list(names), dtype=object)
    return table.assign(day=common.local_days(pilot, pd.Series([row[0] for row in rows], dtype=object)))


def dispositions(session: Session, pilot: Pilot, filters: Filters, audience: Audience) -> Result:
    """On-scene events by their one primary disposition; those without one are shown as not recorded."""
    key, lang = "dispositions", filters.lang
    found = list(_on_scene(session, pilot, filters)["disposition"])
    counts = [(label(kind, "es" if lang == "es" else "en"), found.count(kind)) for kind in Disposition if kind in found]
    if None in found:
        counts.append((common.said(key, "not_recorded", lang), found.count(None)))
    return answers.groups(session, pilot, filters, audience, key, "disposition", counts)


def _on_scene(session: Session, pilot: Pilot, filters: Filters) -> pd.DataFrame:
    events = _events(session, pilot, filters)
    return events.loc[events["mode"] == Mode.on_scene]


def arrest_diversion(session: Session, pilot: Pilot, filters: Filters, audience: Audience) -> Result:
    """Arrest-eligible events without arrest ÷ arrest-eligible events; never ÷ all contacts."""
    return _avoided(session, pilot, filters, audience, "arrest_diversion", "arrest_eligible", "arrested", happened=True)


def ed_diversion(session: Session, pilot: Pilot, filters: Filters, audience: Audience) -> Result:
    """Events where transport was intended and avoided ÷ events where it was intended."""
    columns = ("transport_intended", "transport_avoided")
    return _avoided(session, pilot, filters, audience, "ed_diversion", *columns, happened=False)


def _avoided(
    session: Session,
    pilot: Pilot,
    filters: Filters,
    audience: Audience,
    key: str,
    eligible: str,
    outcome: str,
    *,
    happened: bool,
) -> Result:
    """Of the ``eligible`` events whose ``outcome`` is known, those where it was averted.

    ``happened``: the outcome column says the thing happened (else: that it was avoided). Events without a
    recorded outcome stay out of the rate; their number stands beside it.
    """
    events = _events(session, pilot, filters)
    events = events.loc[events[eligible].map(lambda value: value is True)]
    known = events.loc[events[outcome].notna()]
    cases = pd.DataFrame({"day": known["day"], "yes": known[outcome].map(lambda value: bool(value) is not happened)})
    cases["yes"] = cases["yes"].astype(bool)
    return answers.rate(session, pilot, filters, audience, key, cases, beside=len(events) - len(known))


def force_and_injury(session: Session, pilot: Pilot, filters: Filters, audience: Audience) -> Result:
    """On-scene encounters with force used, and with an injury, per 100 encounters where it was recorded."""
    key, lang = "force_and_injury", filters.lang
    events = _on_scene(session, pilot, filters)
    rows, told = [], []
    for name in ("force_used", "injury"):
        known = events.loc[events[name].notna(), name]
        yes, n = int(known.astype(bool).sum()), len(known)
        per = wilson(yes, n)
        limits = [None if v is None else 100 * v for v in (per.value, per.low, per.high)]
        rows.append((common.said(key, name, lang), *limits, yes, n - yes))
        told += [yes, n - yes]
    table = pd.DataFrame(rows, columns=["group", "value", "low", "high", "yes", "no"])
    force, injury = rows
    n = force[4] + force[5]
    values = {
        "force": words.number(force[1], lang, 1),
        "injury": words.number(injury[1], lang, 1),
        "n": words.number(n, lang),
    }
    counts = ("yes", "no")
    return Result(
        key=key,
        filters=filters,
        audience=audience,
        table=table.astype(dict.fromkeys(("value", "low", "high"), float)),
        columns=common.columns(
            lang, group="outcome", value="per_100", low="low", high="high", yes="outcome_yes", no="outcome_no"
        ),
        estimate=wilson(force[4], n),
        display=words.number(force[1], lang, 1),
        context=common.said(key, "context", lang, **values) if n else "",
        sentence=common.said(key, "sentence" if n else "sentence_none", lang, **values),
        marks=common.marks(session, pilot, filters, key),
        guard=Guard(
            bars=counts, derived=dict.fromkeys(("value", "low", "high"), counts), sums=False, headline=tuple(told)
        ),
    )


MEASURES: tuple[Measure, ...] = (
    common.define("dispositions", dispositions, chart="bars"),
    common.define("arrest_diversion", arrest_diversion, chart="series", direction=Direction.up_good),
    common.define("ed_diversion", ed_diversion, chart="series", direction=Direction.up_good),
    common.define("force_and_injury", force_and_injury, chart="bars", direction=Direction.down_good),
)
