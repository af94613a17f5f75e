"""What the encounters came to: dispositions, arrests and emergency transports avoided, force and injury."""

from collections.abc import Callable

import pandas as pd
from sqlalchemy import select
from sqlalchemy.orm import Session

from dashboard import words
from dashboard.measures import answers, common, lists
from dashboard.model import Audience, Direction, Filters, Guard, Measure, Records, Result
from dashboard.stats import wilson
from db.models import Intervention, Pilot
from db.vocab import Disposition, Mode, label


def _events(session: Session, pilot: Pilot, filters: Filters) -> pd.DataFrame:
    """Every intervention of the period: what it was and what was attested (None: not recorded)."""
    start, end = common.bounds(pilot, filters.first, common.until(filters))
    names = (
        "id",
        "person_id",
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
    wanted = wanted.where(common.of_staff(Intervention.staff_id, filters))
    rows = session.execute(wanted.order_by(Intervention.at, Intervention.id)).all()
    table = pd.DataFrame([row[1:] for row in rows], columns=list(names), dtype=object)
    return table.assign(day=common.local_days(pilot, pd.Series([row[0] for row in rows], dtype=object)))


def dispositions(session: Session, pilot: Pilot, filters: Filters, audience: Audience) -> Result:
    """On-scene events by their one primary disposition; those without one are shown as not recorded."""
    key, lang = "dispositions", filters.lang
    found = [None if kind == lists.UNKNOWN else kind for kind in on_scene(session, pilot, filters).table["disposition"]]
    counts = [(label(kind, "es" if lang == "es" else "en"), found.count(kind)) for kind in Disposition if kind in found]
    if None in found:
        counts.append((common.said(key, "not_recorded", lang), found.count(None)))
    return answers.groups(session, pilot, filters, audience, key, "disposition", counts)


def on_scene(session: Session, pilot: Pilot, filters: Filters) -> Records:
    """On-scene events, by disposition, force and injury."""
    events = _events(session, pilot, filters)
    events = events.loc[events["mode"] == Mode.on_scene].reset_index(drop=True)
    kinds = lists.named(filters, disposition=Disposition)["disposition"]
    unknown = lists.said(filters, "dispositions", lists.UNKNOWN)
    answers_of = common.columns(filters.lang, yes="outcome_yes", no="outcome_no") | unknown
    told = {True: "yes", False: "no", None: lists.UNKNOWN}
    events = events.assign(
        disposition=events["disposition"].map(lambda kind: kind or lists.UNKNOWN).astype(object),
        force=events["force_used"].map(told.__getitem__).astype(object),
        harm=events["injury"].map(told.__getitem__).astype(object),
    )
    parts = {"disposition": {**kinds, **unknown}, "force": answers_of, "harm": answers_of}
    return lists.listed(filters, "intervention", events, **parts)


def arrest_diversion(session: Session, pilot: Pilot, filters: Filters, audience: Audience) -> Result:
    """Arrest-eligible events without arrest ÷ arrest-eligible events; never ÷ all contacts."""
    return _avoided(session, pilot, filters, audience, "arrest_diversion")


def ed_diversion(session: Session, pilot: Pilot, filters: Filters, audience: Audience) -> Result:
    """Events where transport was intended and avoided ÷ events where it was intended."""
    return _avoided(session, pilot, filters, audience, "ed_diversion")


AVOIDABLE = {
    "arrest_diversion": ("arrest_eligible", "arrested", True),
    "ed_diversion": ("transport_intended", "transport_avoided", False),
}
"""Measure → which events are eligible, what came of them, and whether that says it happened or was avoided."""


def _avoidable(session: Session, pilot: Pilot, filters: Filters, key: str) -> tuple[pd.DataFrame, int]:
    """The eligible events whose outcome is known, with ``yes``: it was averted. And how many are not known."""
    eligible, outcome, happened = AVOIDABLE[key]
    events = _events(session, pilot, filters)
    events = events.loc[events[eligible].map(lambda value: value is True).astype(bool)]
    known = events.loc[events[outcome].notna()]
    averted = known[outcome].map(lambda value: bool(value) is not happened).astype(bool)
    return known.assign(yes=averted).reset_index(drop=True), len(events) - len(known)


def _avoidable_records(key: str) -> Callable[..., Records]:
    def records(session: Session, pilot: Pilot, filters: Filters) -> Records:
        table, _ = _avoidable(session, pilot, filters, key)
        names = lists.yes_no(filters, key)
        return lists.listed(filters, "intervention", table.assign(counted=lists.split(table)), counted=names)

    return records


def _avoided(session: Session, pilot: Pilot, filters: Filters, audience: Audience, key: str) -> Result:
    """Events without a recorded outcome stay out of the rate; their number stands beside it."""
    cases, unknown = _avoidable(session, pilot, filters, key)
    return answers.rate(session, pilot, filters, audience, key, cases, beside=unknown)


def force_and_injury(session: Session, pilot: Pilot, filters: Filters, audience: Audience) -> Result:
    """On-scene encounters with force used, and with an injury, per 100 encounters where it was recorded."""
    key, lang = "force_and_injury", filters.lang
    events = on_scene(session, pilot, filters).table
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
    common.define("dispositions", dispositions, records=on_scene, chart="bars"),
    common.define(
        "arrest_diversion",
        arrest_diversion,
        records=_avoidable_records("arrest_diversion"),
        chart="series",
        direction=Direction.up_good,
    ),
    common.define(
        "ed_diversion",
        ed_diversion,
        records=_avoidable_records("ed_diversion"),
        chart="series",
        direction=Direction.up_good,
    ),
    common.define("force_and_injury", force_and_injury, records=on_scene, chart="bars", direction=Direction.down_good),
)
