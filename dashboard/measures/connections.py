"""Connections: from a need to a provider, how far each one came, how long it took, and what met no provider."""

from datetime import date, timedelta
from typing import Any

import pandas as pd
from sqlalchemy import select
from sqlalchemy.orm import Session

from dashboard import words
from dashboard.measures import answers, common, lists
from dashboard.model import Audience, Direction, Filters, Guard, Measure, Records, Result
from dashboard.stats import poisson_exact
from db.models import Connection, ConnectionStep, Pilot, Provider
from db.vocab import ConnectionEnd, Need, Step, TallyItem

GRACE_DAYS = 30
"""A first appointment counts when it was attended within so many days; a younger connection is not judged."""

RUNG = {step: place for place, step in enumerate(Step)}


def ladder(session: Session, pilot: Pilot, filters: Filters) -> pd.DataFrame:
    """One row per connection with a provider: its fields and the day of each rung (None: not reached).

    Columns: id, person_id, need, provider, in_city, opened_on, ended_on, end_reason, offered … retained. Rungs and
    ends after the as-of day are not known yet. Voided ones are left out; the staff filter is heeded.
    """
    rungs = (
        select(ConnectionStep.connection_id, ConnectionStep.step, ConnectionStep.on_date)
        .join(Connection, Connection.id == ConnectionStep.connection_id)
        .where(Connection.voided_at.is_(None), ConnectionStep.on_date <= filters.as_of)
    )
    days: dict[Step, dict[int, date]] = {step: {} for step in Step}
    for connection_id, step, day in session.execute(rungs):
        days[step][connection_id] = day
    rows = session.execute(
        select(
            Connection.id,
            Connection.person_id,
            Connection.need,
            Provider.name,
            Provider.in_city,
            Connection.opened_on,
            Connection.ended_on,
            Connection.end_reason,
        )
        .join(Provider, Provider.id == Connection.provider_id)
        .where(Connection.voided_at.is_(None), Connection.opened_on <= common.until(filters))
        .where(common.of_staff(Connection.staff_id, filters))
        .order_by(Connection.id)
    ).all()
    names = ["id", "person_id", "need", "provider", "in_city", "opened_on", "ended_on", "end_reason"]
    table = pd.DataFrame(rows, columns=names, dtype=object)  # None stays None
    for step in Step:
        table[step.value] = pd.Series([days[step].get(i) for i in table["id"]], index=table.index, dtype=object)
    later = table["ended_on"].map(lambda day: day is not None and day > filters.as_of).astype(bool)
    table.loc[later, ["ended_on", "end_reason"]] = None
    return table


def _between(days: pd.Series, first: date, last: date) -> pd.Series:
    return days.map(lambda day: day is not None and first <= day <= last).astype(bool)


def made_in_period(session: Session, pilot: Pilot, filters: Filters) -> pd.DataFrame:
    """:func:`ladder` of the connections made (accepted) in the period; ``day`` is that of the acceptance."""
    table = ladder(session, pilot, filters)
    made = table[_between(table["accepted"], filters.first, common.until(filters))].reset_index(drop=True)
    return made.assign(day=made["accepted"])


def counted(session: Session, pilot: Pilot, filters: Filters) -> Records:
    """What was made, week by week, from log or tally."""
    return lists.tallied(session, pilot, filters, [TallyItem.connections_made])


def made(session: Session, pilot: Pilot, filters: Filters) -> Records:
    """What was made, by need and by provider."""
    table = made_in_period(session, pilot, filters)
    names = {str(name): str(name) for name in table["provider"].unique()}
    return lists.listed(filters, "connection", table, need=Need, provider=names)


def connections_made(session: Session, pilot: Pilot, filters: Filters, audience: Audience) -> Result:
    return answers.counted(session, pilot, filters, audience, "connections_made", counted(session, pilot, filters))


def connections_by_need(session: Session, pilot: Pilot, filters: Filters, audience: Audience) -> Result:
    found = made(session, pilot, filters).table["need"].value_counts()
    rows = [(common.label(need, filters.lang), int(found.get(need, 0))) for need in Need]
    return answers.groups(session, pilot, filters, audience, "connections_by_need", "need", rows)


def connections_by_provider(session: Session, pilot: Pilot, filters: Filters, audience: Audience) -> Result:
    found = made(session, pilot, filters).table["provider"].value_counts(sort=False)
    rows = [(str(name), int(n)) for name, n in found.items()]
    return answers.groups(session, pilot, filters, audience, "connections_by_provider", "provider", rows)


# --- the ladder ----------------------------------------------------------------------------------


def offered(session: Session, pilot: Pilot, filters: Filters) -> Records:
    """The connections opened in the period, by the highest rung they reached, and where the others went."""
    table = ladder(session, pilot, filters)
    table = table[_between(table["opened_on"], filters.first, common.until(filters))].reset_index(drop=True)
    steps = [
        max((step for step in Step if row[step.value] is not None), key=RUNG.__getitem__, default=Step.offered)
        for row in table.to_dict("records")
    ]
    lost = table["end_reason"].map(lambda reason: reason or "none")
    table = table.assign(day=table["opened_on"], highest=pd.Series(steps, table.index, dtype=object), lost_to=lost)
    ends = lists.named(filters, lost_to=ConnectionEnd)["lost_to"]
    return lists.listed(filters, "connection", table, highest=Step, lost_to=ends)


def connection_ladder(session: Session, pilot: Pilot, filters: Filters, audience: Audience) -> Result:
    """Of the connections offered in the period: how many reached each rung, where the others went."""
    key, lang = "connection_ladder", filters.lang
    cohort = offered(session, pilot, filters).table
    highest = [RUNG[step] for step in cohort["highest"]]
    reached = [sum(place >= k for place in highest) for k in range(len(Step))]
    rows = []
    for k, step in enumerate(Step):
        stopped = [reason for place, reason in zip(highest, cohort["end_reason"], strict=True) if place == k]
        lost = [reason for reason in stopped if reason is not None]
        rows.append((common.label(step, lang), reached[k], len(lost), _lost_to(lost, lang, audience)))
    n, attended = reached[0], reached[list(Step).index(Step.attended)]
    values = {
        "n": words.number(n, lang),
        "attended": words.number(attended, lang),
        "share": words.percent(attended / n if n else None, lang),
    }
    losses = sum(row[2] for row in rows)
    return Result(
        key=key,
        filters=filters,
        audience=audience,
        table=pd.DataFrame(rows, columns=["step", "value", "lost", "lost_to"]),
        columns=common.columns(lang, step="step", value="connections", lost="lost", lost_to="lost_to"),
        estimate=poisson_exact(n),
        display=words.number(n, lang),
        context=common.said(key, "context", lang, **values) if n else "",
        sentence=common.said(key, "sentence" if n else "sentence_none", lang, **values),
        marks=common.marks(session, pilot, filters, key),
        guard=Guard(
            nested=("value",),  # the difference between two rungs is a count of people too
            extras=("lost",),
            within={"lost": "value"},  # who is neither lost nor a rung further still waits
            headline=(n, losses),
            said=(attended, n - attended),
        ),
    )


def _lost_to(reasons: list[str], lang: str, audience: Audience) -> str:
    """The reasons with their counts, most frequent first; the public sees none of them: they are too few each."""
    if audience is Audience.public or not reasons:
        return ""
    counts = pd.Series(reasons).value_counts()
    return ", ".join(f"{common.label(ConnectionEnd(reason), lang).lower()} {n}" for reason, n in counts.items())


# --- rate and wait -------------------------------------------------------------------------------


def _old_enough(session: Session, pilot: Pilot, filters: Filters) -> tuple[pd.DataFrame, int]:
    """The connections made at least 30 days before the as-of day, with ``yes``; and how many are younger."""
    found = made_in_period(session, pilot, filters)
    grace = timedelta(days=GRACE_DAYS)
    old = found[found["accepted"].map(lambda day: day <= filters.as_of - grace).astype(bool)]
    kept = [
        attended is not None and attended <= day + grace
        for day, attended in zip(old["accepted"], old["attended"], strict=True)
    ]
    return old.assign(yes=pd.Series(kept, index=old.index, dtype=bool)), len(found) - len(old)


def cohort(session: Session, pilot: Pilot, filters: Filters) -> Records:
    """The connections old enough to judge: the first appointment attended within 30 days, or not."""
    table, _ = _old_enough(session, pilot, filters)
    names = lists.yes_no(filters, "connection_rate")
    return lists.listed(filters, "connection", table.assign(counted=lists.split(table)), counted=names, need=Need)


def connection_rate(session: Session, pilot: Pilot, filters: Filters, audience: Audience) -> Result:
    """Cohort: made in the period, at least 30 days before the as-of day. Attended within 30 days of being made."""
    cases, young = _old_enough(session, pilot, filters)
    return answers.rate(session, pilot, filters, audience, "connection_rate", cases, beside=young)


def attended(session: Session, pilot: Pilot, filters: Filters) -> Records:
    """The connections made in the period: the first appointment attended so far, or not."""
    table = made_in_period(session, pilot, filters)
    table = table.assign(counted=["no" if day is None else "yes" for day in table["attended"]])
    names = lists.said(filters, "days_to_connect", "yes", "no")
    return lists.listed(filters, "connection", table, counted=names, need=Need)


def days_to_connect(session: Session, pilot: Pilot, filters: Filters, audience: Audience) -> Result:
    """Made → first appointment attended; one that ended otherwise, or is still open, is censored there."""
    made = made_in_period(session, pilot, filters)
    waits = [wait(row, filters.as_of) for row in made.to_dict("records")]
    durations, observed = [days for days, _ in waits], [over for _, over in waits]
    return answers.waits(
        session,
        pilot,
        filters,
        audience,
        "days_to_connect",
        durations,
        observed,
        lambda value: words.number(value, filters.lang),
    )


def wait(row: dict[Any, Any], as_of: date) -> tuple[int, bool]:
    """Of one row of :func:`made_in_period`: days from made to attended, or to the end or the as-of day; attended."""
    end = row["attended"] or row["ended_on"] or as_of
    return max((end - row["accepted"]).days, 0), row["attended"] is not None


# --- gaps ----------------------------------------------------------------------------------------


def sought(session: Session, pilot: Pilot, filters: Filters) -> pd.DataFrame:
    """One row per need of the period, with a provider or without: id, person_id, day, need, reason, place."""
    rows = session.execute(
        select(
            Connection.id,
            Connection.person_id,
            Connection.opened_on,
            Connection.need,
            Connection.end_reason,
            Connection.provider_id,
            Provider.in_city,
        )
        .outerjoin(Provider, Provider.id == Connection.provider_id)
        .where(
            Connection.voided_at.is_(None),
            Connection.opened_on.between(filters.first, common.until(filters)),
            common.of_staff(Connection.staff_id, filters),
        )
        .order_by(Connection.opened_on, Connection.id)
    ).all()
    table = pd.DataFrame(
        rows, columns=["id", "person_id", "day", "need", "reason", "provider_id", "in_city"], dtype=object
    )
    places = [
        "nowhere" if provider is None else "in_city" if here else "elsewhere"
        for provider, here in zip(table["provider_id"], table["in_city"], strict=True)
    ]
    return table.assign(place=pd.Series(places, table.index, dtype=object))


def gaps(session: Session, pilot: Pilot, filters: Filters) -> Records:
    """The needs that met no provider."""
    table = sought(session, pilot, filters)
    table = table[table["place"] == "nowhere"]
    return lists.listed(filters, "connection", table, need=Need, reason=ConnectionEnd)


def service_gaps(session: Session, pilot: Pilot, filters: Filters, audience: Audience) -> Result:
    """Needs that met no provider, by need and by reason, and where the others were met."""
    key, lang = "service_gaps", filters.lang
    unmet = gaps(session, pilot, filters).table
    by_need, by_reason = unmet["need"].value_counts(), unmet["reason"].value_counts()
    found, n = sought(session, pilot, filters)["place"].value_counts(), len(unmet)
    needs = sorted(((common.label(need, lang), int(by_need.get(need, 0))) for need in Need), key=lambda row: -row[1])
    reasons = [(common.label(reason, lang), int(by_reason.get(reason, 0))) for reason in ConnectionEnd]
    places = [
        (common.said(key, place, lang), int(found.get(place, 0))) for place in ("in_city", "elsewhere", "nowhere")
    ]
    top = needs[0]
    values = {
        "n": words.number(n, lang),
        "top": top[0],
        "most": words.number(top[1], lang),
        "elsewhere": words.number(places[1][1], lang),
    }
    return Result(
        key=key,
        filters=filters,
        audience=audience,
        table=answers.bars(lang, need=needs, reason=[row for row in reasons if row[1]], place=places),
        columns=common.columns(lang, by="by", group="group", value="needs", low="low", high="high", share="share"),
        estimate=poisson_exact(n),
        display=words.number(n, lang),
        context=common.said(key, "context", lang, **values) if n else "",
        sentence=common.said(key, "sentence" if n else "sentence_none", lang, **values),
        marks=common.marks(session, pilot, filters, key),
        guard=answers.bars_guard(headline=(n,), said=(top[1], n - top[1], places[1][1])),
    )


UP, DOWN = Direction.up_good, Direction.down_good
MEASURES: tuple[Measure, ...] = (
    common.define("connections_made", connections_made, records=counted, chart="series", direction=UP),
    common.define("connections_by_need", connections_by_need, records=made, chart="bars"),
    common.define("connections_by_provider", connections_by_provider, records=made, chart="bars"),
    common.define("connection_ladder", connection_ladder, records=offered, chart="ladder"),
    common.define("connection_rate", connection_rate, records=cohort, chart="series", direction=UP),
    common.define("days_to_connect", days_to_connect, records=attended, chart="bars", direction=DOWN),
    common.define("service_gaps", service_gaps, records=gaps, chart="bars", direction=DOWN),
)
