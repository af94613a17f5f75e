"""Referrals received: how many, how fast somebody tried, how many were reached, what waits.

Waits are calendar hours from the moment received. One that still lasts is counted up to the start of the
as-of day, so that nobody's 48 hours are called missed before they have passed.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

import pandas as pd
from sqlalchemy import and_, case, func, select
from sqlalchemy.orm import Session

from dashboard import words
from dashboard.measures import answers, common, lists
from dashboard.model import Audience, Direction, Estimate, Filters, Guard, Measure, Records, Result
from dashboard.stats import poisson_exact
from db.log import lead
from db.models import (
    Attempt,
    Connection,
    ConnectionStep,
    Pilot,
    Referral,
    ReferralClosing,
    Staff,
)
from db.pilot import local_day
from db.vocab import ReferralStatus, Source, Step, TallyItem

PROMISED_HOURS = 48
"""Durham HEART's published target for the first attempt."""
FOLLOW_UP_DAYS = 7
OPEN = (ReferralStatus.new, ReferralStatus.accepted)


def _judged_at(pilot: Pilot, filters: Filters) -> datetime:
    return common.bounds(pilot, filters.as_of, filters.as_of)[0]


def received(session: Session, pilot: Pilot, filters: Filters, *, from_start: bool = False) -> pd.DataFrame:
    """One row per referral received in the period (``from_start``: up to its end, however old).

    Columns: id, person_id, day, received, source, status, given_up (the moment it was declined or closed),
    tried and reached (first attempt, first that reached the person; NaT for none), all moments aware and
    UTC. An unassigned referral is the lead's of its day.
    """
    start, end = common.bounds(pilot, filters.first, common.until(filters))
    known = common.moment_of(pilot, filters.as_of)
    given_up = case((Referral.status == ReferralStatus.declined, Referral.decided_at), else_=ReferralClosing.at)
    query = (
        select(
            Referral.id,
            Referral.received_at,
            Referral.source,
            Referral.status,
            Referral.staff_id,
            Referral.person_id,
            func.min(given_up),
            func.min(Attempt.at),
            func.min(case((Attempt.reached.is_(True), Attempt.at))),
        )
        .outerjoin(Attempt, and_(Attempt.referral_id == Referral.id, Attempt.at < known))
        .outerjoin(ReferralClosing, ReferralClosing.referral_id == Referral.id)
        .where(Referral.received_at < end)
        .group_by(Referral.id)
        .order_by(Referral.received_at, Referral.id)
    )
    if not from_start:
        query = query.where(Referral.received_at >= start)
    names = ["id", "received", "source", "status", "staff_id", "person_id", "given_up", "tried", "reached"]
    table = pd.DataFrame(session.execute(query).all(), columns=names, dtype=object)
    if filters.staff_id is not None:
        staff = session.scalars(select(Staff)).all()
        whose = [
            lead(staff, local_day(when, pilot.time_zone)) if pd.isna(who) else int(who)
            for when, who in zip(table["received"], table["staff_id"], strict=True)
        ]
        table = table[[who == filters.staff_id for who in whose]].reset_index(drop=True)
    for name in ("received", "given_up", "tried", "reached"):
        table[name] = pd.to_datetime(table[name], utc=True)
    table["day"] = common.local_days(pilot, table["received"])
    return table


def _promise(pilot: Pilot, filters: Filters, table: pd.DataFrame) -> pd.DataFrame:
    """The referrals old enough to judge, with ``yes``: attempted within 48 hours."""
    promised = pd.Timedelta(hours=PROMISED_HOURS)
    old = table[table["received"] <= pd.Timestamp(_judged_at(pilot, filters)) - promised]
    return old.assign(yes=((old["tried"] - old["received"]) <= promised).astype(bool))  # never: NaT, so False


def _cases(filters: Filters, key: str, cases: pd.DataFrame) -> Records:
    """The cases of a share (``yes``) as records, by source and by whether they count."""
    table = cases.assign(counted=lists.split(cases))
    return lists.listed(filters, "referral", table, counted=lists.yes_no(filters, key), source=Source)


def arrived(session: Session, pilot: Pilot, filters: Filters) -> Records:
    """What was received, week by week, from log or tally."""
    return lists.tallied(session, pilot, filters, [TallyItem.referrals_received])


def by_source(session: Session, pilot: Pilot, filters: Filters) -> Records:
    return lists.listed(filters, "referral", received(session, pilot, filters), source=Source)


def judged(session: Session, pilot: Pilot, filters: Filters) -> Records:
    """Those received 48 hours ago or earlier: tried in time, or not."""
    return _cases(filters, "within_48h", _promise(pilot, filters, received(session, pilot, filters)))


def tried(session: Session, pilot: Pilot, filters: Filters) -> Records:
    """Those somebody tried to reach: reached, or not."""
    table = received(session, pilot, filters)
    table = table[table["tried"].notna()]
    return _cases(filters, "reach_rate", table.assign(yes=table["reached"].notna()))


def backlog(session: Session, pilot: Pilot, filters: Filters) -> Records:
    """Open referrals without an attempt, by age, however long ago they came in."""
    table = received(session, pilot, filters, from_start=True)
    table = table[table["status"].isin(OPEN) & table["tried"].isna()]
    hours = (pd.Timestamp(_judged_at(pilot, filters)) - table["received"]).dt.total_seconds() / 3600
    ages = ["fresh" if h < PROMISED_HOURS else "days" if h <= FOLLOW_UP_DAYS * 24 else "old" for h in hours]
    table = table.assign(age_of_referral=pd.Series(ages, table.index, dtype=object))
    names = lists.said(filters, "referral_backlog", "fresh", "days", "old")
    return lists.listed(filters, "referral", table, age_of_referral=names, source=Source)


def referrals_received(session: Session, pilot: Pilot, filters: Filters, audience: Audience) -> Result:
    counted = judged(session, pilot, filters).table["counted"]
    yes, n = int((counted == "yes").sum()), len(counted)
    share = words.percent(yes / n if n else None, filters.lang)
    context = common.said("referrals_received", "context", filters.lang, share=share) if n else ""
    found = arrived(session, pilot, filters)
    return answers.counted(
        session, pilot, filters, audience, "referrals_received", found, context=context, told=(yes, n - yes)
    )


def referrals_by_source(session: Session, pilot: Pilot, filters: Filters, audience: Audience) -> Result:
    """From the log. Per 100 officer shifts where the set-up says how many there are a week."""
    key, lang = "referrals_by_source", filters.lang
    table = by_source(session, pilot, filters).table
    found = table["source"].value_counts()
    rows = [(common.label(source, lang), int(found.get(source, 0))) for source in Source]
    result = answers.groups(session, pilot, filters, audience, key, "source", rows)
    a_week = pilot.settings.get("officer_shifts_per_week", 0)
    if not a_week:
        return result
    sent = int(found.get(Source.officer, 0))
    officers = poisson_exact(sent)
    shifts = a_week * ((common.until(filters) - filters.first).days + 1) / 7
    rate, low, high = (
        words.number(count / shifts * 100, lang, 1) for count in (sent, officers.low or 0, officers.high or 0)
    )
    guard = answers.bars_guard(headline=(len(table),), said=(max(n for _, n in rows), sent))
    said = common.said(key, "per_shifts", lang, rate=rate, low=low, high=high, shifts=words.number(round(shifts), lang))
    context = common.said(key, "context", lang, rate=rate)
    return replace(result, context=context, sentence=f"{result.sentence} {said}", guard=guard)


# --- waits ---------------------------------------------------------------------------------------


def time_to_first_attempt(session: Session, pilot: Pilot, filters: Filters, audience: Audience) -> Result:
    return _wait(session, pilot, filters, audience, "time_to_first_attempt", "tried")


def time_to_first_contact(session: Session, pilot: Pilot, filters: Filters, audience: Audience) -> Result:
    return _wait(session, pilot, filters, audience, "time_to_first_contact", "reached")


def _wait(session: Session, pilot: Pilot, filters: Filters, audience: Audience, key: str, until: str) -> Result:
    """Kaplan–Meier: a referral still waiting is censored on the as-of day, a declined or closed one on its own."""
    lang = filters.lang
    table = received(session, pilot, filters)
    ended = table[until].notna().to_numpy()
    now = pd.Timestamp(_judged_at(pilot, filters))
    last = table["given_up"].where(table["given_up"] <= now).fillna(now)
    hours = (table[until].fillna(last) - table["received"]).dt.total_seconds().clip(lower=0) / 3600
    return answers.waits(
        session, pilot, filters, audience, key, hours.to_numpy(), ended, lambda value: words.number(value, lang)
    )


def _waiting(key: str, until: str) -> Callable[..., Records]:
    """All received in the period: those whose wait ended, and those for whom it did not."""

    def records(session: Session, pilot: Pilot, filters: Filters) -> Records:
        table = received(session, pilot, filters)
        table = table.assign(counted=["yes" if ended else "no" for ended in table[until].notna()])
        return lists.listed(filters, "referral", table, counted=lists.said(filters, key, "yes", "no"), source=Source)

    return records


def within_48h(session: Session, pilot: Pilot, filters: Filters, audience: Audience) -> Result:
    cases = judged(session, pilot, filters).table
    never = int(cases["tried"].isna().sum())
    return answers.rate(session, pilot, filters, audience, "within_48h", cases, beside=never)


def reach_rate(session: Session, pilot: Pilot, filters: Filters, audience: Audience) -> Result:
    """The never attempted stand beside the rate."""
    cases = tried(session, pilot, filters).table
    never = len(received(session, pilot, filters)) - len(cases)
    return answers.rate(session, pilot, filters, audience, "reach_rate", cases, beside=never)


def referral_backlog(session: Session, pilot: Pilot, filters: Filters, audience: Audience) -> Result:
    """Open referrals without an attempt, by age, however long ago they came in."""
    key, lang = "referral_backlog", filters.lang
    found = backlog(session, pilot, filters)
    ages = found.table["age_of_referral"].value_counts()
    rows = [(plain, int(ages.get(age, 0))) for age, plain in found.parts["age_of_referral"].items()]
    n, late = len(found.table), rows[1][1] + rows[2][1]
    values = {"n": words.number(n, lang), "late": words.number(late, lang)}
    return Result(
        key=key,
        filters=filters,
        audience=audience,
        table=answers.bars(lang, age_of_referral=rows),
        columns=common.columns(lang, group="age_of_referral", value="referrals", share="share"),
        estimate=Estimate(float(n), n=n),
        display=words.number(n, lang),
        context=common.said(key, "context", lang, **values) if n else "",
        sentence=common.said(key, "sentence" if n else "sentence_none", lang, **values),
        marks=common.marks(session, pilot, filters, key),
        guard=answers.bars_guard(headline=(n,), said=(late, n - late)),
    )


# --- flow ----------------------------------------------------------------------------------------


def referral_flow(session: Session, pilot: Pilot, filters: Filters, audience: Audience) -> Result:
    """Each week: referrals received (tally or log), first contacts, and referrals first followed by a connection."""
    key, lang = "referral_flow", filters.lang
    series = common.by_week(pilot, filters, arrived(session, pilot, filters).cells)
    table = series.rename(columns={"period": "week", "value": "received"})
    table["received"] = table["received"].round().astype(int)
    known = received(session, pilot, filters, from_start=True)
    reached = common.local_days(pilot, known["reached"].dropna())
    connected = pd.Series(_connected_on(session, filters, known), dtype=object)
    table["contacted"] = _per_week(table["week"], reached)
    table["connected"] = _per_week(table["week"], connected)
    table = table[["week", "received", "contacted", "connected", "status"]]
    sums = {name: int(table[name].sum()) for name in ("received", "contacted", "connected")}
    values = {name: words.number(n, lang) for name, n in sums.items()}
    values["share"] = words.percent(sums["contacted"] / sums["received"] if sums["received"] else None, lang)
    columns = ("week", "received", "contacted", "connected", "status")
    return Result(
        key=key,
        filters=filters,
        audience=audience,
        table=table,
        columns=common.columns(lang, **{name: name for name in columns}),
        estimate=poisson_exact(sums["received"]),
        display=values["received"],
        context=common.said(key, "context", lang, **values) if sums["received"] else "",
        sentence=common.said(key, "sentence" if sums["received"] else "sentence_none", lang, **values),
        spark=common.spark(table["received"]),
        provisional=common.is_provisional(table["status"]),
        marks=common.marks(session, pilot, filters, key),
        guard=Guard(
            bars=("received", "contacted", "connected"),
            period="week",
            spark="received",
            headline=tuple(sums.values()),
        ),
    )


def _per_week(mondays: pd.Series, days: pd.Series) -> list[int]:
    found = common.mondays_of(days).value_counts()
    return [int(found.get(week, 0)) for week in mondays]


def _connected_on(session: Session, filters: Filters, known: pd.DataFrame) -> list[object]:
    """For each referral whose person was connected on or after the day it came in: the day of the first one."""
    rows = session.execute(
        select(Connection.person_id, ConnectionStep.on_date)
        .join(ConnectionStep, ConnectionStep.connection_id == Connection.id)
        .where(
            Connection.voided_at.is_(None),
            Connection.provider_id.is_not(None),
            ConnectionStep.step == Step.accepted,
            ConnectionStep.on_date <= common.until(filters),
        )
        .order_by(ConnectionStep.on_date)
    )
    made: dict[int, list[object]] = {}
    for person, day in rows:
        made.setdefault(person, []).append(day)
    firsts = (
        next((day for day in made.get(person, ()) if day >= since), None)
        for person, since in zip(known["person_id"], known["day"], strict=True)
    )
    return [day for day in firsts if day is not None]


UP, DOWN = Direction.up_good, Direction.down_good
MEASURES: tuple[Measure, ...] = (
    common.define("referrals_received", referrals_received, records=arrived, chart="series"),
    common.define("referral_flow", referral_flow, records=arrived, chart="flow"),
    common.define("referrals_by_source", referrals_by_source, records=by_source, chart="bars"),
    common.define(
        "time_to_first_attempt",
        time_to_first_attempt,
        records=_waiting("time_to_first_attempt", "tried"),
        chart="bars",
        direction=DOWN,
    ),
    common.define(
        "time_to_first_contact",
        time_to_first_contact,
        records=_waiting("time_to_first_contact", "reached"),
        chart="bars",
        direction=DOWN,
    ),
    common.define("within_48h", within_48h, records=judged, chart="series", direction=UP),
    common.define("reach_rate", reach_rate, records=tried, chart="series", direction=UP),
    common.define("referral_backlog", referral_backlog, records=backlog, chart="bars", direction=DOWN),
)
