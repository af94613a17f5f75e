"""Reach: how many people, how much work, how heavy the caseload."""

from bisect import bisect_right
from collections import Counter
from datetime import date, timedelta

import numpy as np
import pandas as pd
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from dashboard import words
from dashboard.measures import answers, common
from dashboard.model import Audience, Direction, Estimate, Filters, Guard, Measure, Result
from dashboard.stats import poisson_exact
from db.models import Episode, Intervention, Person, Pilot, Staff
from db.pilot import monday
from db.vocab import (
    DIRECT_MODES,
    HOUR_ITEMS,
    AgeBand,
    Language,
    LanguageMet,
    Mode,
    Outcome,
    Purpose,
    RaceEthnicity,
    Sex,
    TallyItem,
    WorkKind,
)

INACTIVE_AFTER_DAYS = 60


def contacts(session: Session, pilot: Pilot, filters: Filters) -> pd.DataFrame:
    """Every direct contact up to the period's end, oldest first, by anybody: person_id, staff_id, day."""
    end = common.bounds(pilot, filters.first, common.until(filters))[1]
    rows = session.execute(
        select(Intervention.person_id, Intervention.staff_id, Intervention.at)
        .where(
            Intervention.voided_at.is_(None),
            Intervention.mode.in_(DIRECT_MODES),
            Intervention.outcome != Outcome.no_contact,
            Intervention.at < end,
        )
        .order_by(Intervention.at, Intervention.id)
    ).all()
    table = pd.DataFrame(rows, columns=["person_id", "staff_id", "day"])
    table["day"] = common.local_days(pilot, table["day"])
    return table


def _by_staff(table: pd.DataFrame, filters: Filters) -> pd.DataFrame:
    return table if filters.staff_id is None else table[table["staff_id"] == filters.staff_id]


def _in_weeks(pilot: Pilot, filters: Filters, days: pd.Series) -> tuple[list[date], np.ndarray]:
    """The period's weeks and how many of ``days`` fall in each; a stray day at the edge joins the nearest."""
    mondays = common.weeks(pilot, filters)
    counts = np.zeros(len(mondays), int)
    for day in days:
        place = bisect_right(mondays, monday(day)) - 1
        counts[min(max(place, 0), len(mondays) - 1)] += 1
    return mondays, counts


def people_served(session: Session, pilot: Pilot, filters: Filters, audience: Audience) -> Result:
    """Unduplicated people with a direct contact in the period; the series is the running total."""
    met = _by_staff(contacts(session, pilot, filters), filters)
    first_in_period = met[met["day"] >= filters.first].drop_duplicates("person_id")["day"]
    return _people(session, pilot, filters, audience, "people_served", first_in_period)


def new_people(session: Session, pilot: Pilot, filters: Filters, audience: Audience) -> Result:
    """People whose first direct contact ever falls in the period, with whoever it was."""
    first_ever = _by_staff(contacts(session, pilot, filters).drop_duplicates("person_id"), filters)
    return _people(
        session, pilot, filters, audience, "new_people", first_ever[first_ever["day"] >= filters.first]["day"]
    )


def _people(session: Session, pilot: Pilot, filters: Filters, audience: Audience, key: str, days: pd.Series) -> Result:
    lang, n = filters.lang, len(days)
    mondays, new = _in_weeks(pilot, filters, days)
    status = common.week_status(session, pilot, filters)
    table = pd.DataFrame(
        {"period": mondays, "value": np.cumsum(new), "new": new, "status": [status[week] for week in mondays]}
    )
    marks = common.marks_of_count(session, pilot, filters, key)
    wanted = marks["target"]
    values = {
        "n": words.number(n, lang),
        "first": words.day(filters.first, lang),
        "last": words.day(common.until(filters), lang),
        "target": words.number(wanted, lang),
    }
    return Result(
        key=key,
        filters=filters,
        audience=audience,
        table=table,
        columns=common.columns(lang, period="week", value="people_so_far", new="new_people", status="status"),
        estimate=poisson_exact(n),
        display=words.number(n, lang),
        context=common.said(key, "context_target" if wanted else "context", lang, **values),
        sentence=common.said(key, "sentence_one" if n == 1 else "sentence", lang, **values),
        spark=common.spark(table["value"]),
        provisional=common.is_provisional(table["status"]),
        marks=marks,
        guard=Guard(bars=("new",), cumulative={"value": "new"}, period="period", spark="value", headline=(n,)),
    )


def family_contacts(session: Session, pilot: Pilot, filters: Filters, audience: Audience) -> Result:
    return answers.counted(session, pilot, filters, audience, "family_contacts", [TallyItem.family_contacts])


# --- work ----------------------------------------------------------------------------------------

MODE_ITEMS = {
    TallyItem.on_scene: Mode.on_scene,
    TallyItem.in_person: Mode.in_person,
    TallyItem.phone_video: Mode.phone_video,
    TallyItem.office: Mode.office,
    TallyItem.consultation: Mode.consultation,
    TallyItem.family_contacts: Mode.family,
    TallyItem.outreach: Mode.outreach,
}


def interventions(session: Session, pilot: Pilot, filters: Filters, audience: Audience) -> Result:
    """Events of work: by mode from tally or log, by purpose from the log alone."""
    key, lang = "interventions", filters.lang
    figures = common.weekly(session, pilot, filters, list(MODE_ITEMS))
    modes = figures.groupby("item")["value"].sum()
    start, end = common.bounds(pilot, filters.first, common.until(filters))
    purposes = session.execute(
        select(Intervention.purpose, func.count().label("n"))
        .where(Intervention.voided_at.is_(None), Intervention.at >= start, Intervention.at < end)
        .where(common.of_staff(Intervention.staff_id, filters))
        .group_by(Intervention.purpose)
    )
    found = {row.purpose: row.n for row in purposes}
    by_mode = [(common.label(mode, lang), round(modes.get(item, 0))) for item, mode in MODE_ITEMS.items()]
    by_purpose = [(common.label(purpose, lang), found.get(purpose, 0)) for purpose in Purpose]
    table = answers.bars(lang, mode=by_mode, purpose=by_purpose)
    total = sum(count for _, count in by_mode)
    series = common.by_week(pilot, filters, figures)
    drawn = common.marks(session, pilot, filters, key)
    top = max(by_mode, key=lambda row: row[1])
    values = {
        "n": words.number(total, lang),
        "top": top[0],
        "share": words.percent(top[1] / total if total else None, lang),
        "target": words.number(drawn["target"], lang),
    }
    return Result(
        key=key,
        filters=filters,
        audience=audience,
        table=table,
        columns=common.columns(lang, by="by", group="group", value=key, low="low", high="high", share="share"),
        estimate=poisson_exact(total),
        display=words.number(total, lang),
        context=common.said(key, "context_target", lang, **values) if drawn["target"] else "",
        sentence=common.said(key, "sentence" if total else "sentence_none", lang, **values),
        spark=common.spark(series["value"]) if audience is Audience.internal else (),
        provisional=common.is_provisional(series["status"]),
        marks=drawn,
        guard=answers.bars_guard(headline=(total,), said=(top[1], total - top[1])),
    )


def work_hours(session: Session, pilot: Pilot, filters: Filters, audience: Audience) -> Result:
    """Hours of work by kind, from tally or log."""
    key, lang = "work_hours", filters.lang
    figures = common.weekly(session, pilot, filters, HOUR_ITEMS)
    sums = figures.groupby("item")["value"].sum()
    kinds = [
        (common.label(WorkKind(item.value.removeprefix("hours_")), lang), float(sums.get(item, 0)))
        for item in HOUR_ITEMS
    ]
    total = sum(hours for _, hours in kinds)
    table = pd.DataFrame(kinds, columns=["group", "value"])
    table["share"] = table["value"] / total if total else float("nan")
    table["low"] = table["high"] = float("nan")
    series = common.by_week(pilot, filters, figures)
    values = {
        "n": words.number(total, lang),
        "direct": words.percent(kinds[0][1] / total if total else None, lang),
        "finding": words.percent(kinds[1][1] / total if total else None, lang),
    }
    return Result(
        key=key,
        filters=filters,
        audience=audience,
        table=table,
        columns=common.columns(lang, group="kind", value="hours", share="share"),
        estimate=Estimate(total),
        display=words.number(total, lang),
        context=common.said(key, "context", lang, **values) if total else "",
        sentence=common.said(key, "sentence" if total else "sentence_none", lang, **values),
        spark=common.spark(series["value"]),
        provisional=common.is_provisional(series["status"]),
        marks=common.marks(session, pilot, filters, key),
    )


# --- groups --------------------------------------------------------------------------------------

GROUPS = {
    "age": (Person.age_band, AgeBand),
    "sex": (Person.sex, Sex),
    "race": (Person.race_ethnicity, RaceEthnicity),
    "language": (Person.language, Language),
    "language_met": (Person.language_met, LanguageMet),
}


def people_by_group(session: Session, pilot: Pilot, filters: Filters, audience: Audience) -> Result:
    """People served by age band, sex, race or ethnicity, language, and how the language need was met."""
    key, lang = "people_by_group", filters.lang
    people = served(session, pilot, filters)
    n = len(people)
    parts: dict[str, list[tuple[str, int]]] = {}
    for name, (_, kind) in GROUPS.items():
        counts = people[name].value_counts()
        parts[name] = [(common.label(member, lang), int(counts.get(member, 0))) for member in kind]
    parts["language_met"].append((common.said(key, "not_recorded", lang), int(people["language_met"].isna().sum())))
    unknown = int((people[["age", "sex", "race", "language"]] == "unknown").any(axis=1).sum())
    values = {"n": words.number(n, lang), "unknown": words.percent(unknown / n if n else None, lang)}
    return Result(
        key=key,
        filters=filters,
        audience=audience,
        table=answers.bars(lang, **parts),
        columns=common.columns(lang, by="by", group="group", value="people", low="low", high="high", share="share"),
        estimate=poisson_exact(n),
        display=words.number(n, lang),
        context=common.said(key, "context", lang, **values) if n else "",
        sentence=common.said(key, "sentence" if n else "sentence_none", lang, **values),
        marks=common.marks(session, pilot, filters, key),
        guard=answers.bars_guard(headline=(n,), said=(unknown, n - unknown)),
    )


def served(session: Session, pilot: Pilot, filters: Filters) -> pd.DataFrame:
    """One row per person served in the period, with what groups need: id, age, sex, race, language, language_met."""
    met = _by_staff(contacts(session, pilot, filters), filters)
    ids = set(met[met["day"] >= filters.first]["person_id"])
    names = list(GROUPS)
    rows = session.execute(select(Person.id, *(column for column, _ in GROUPS.values()))).all()
    return pd.DataFrame([row for row in rows if row[0] in ids], columns=["id", *names])


# --- caseload ------------------------------------------------------------------------------------


def caseload(session: Session, pilot: Pilot, filters: Filters, audience: Audience) -> Result:
    """People with an open episode at each week's end, against the capacity of the staff of that day."""
    key, lang = "caseload", filters.lang
    table = _caseload_table(session, pilot, filters)
    status = common.week_status(session, pilot, filters)
    table["status"] = [status[week] for week in table["week"]]
    now = table.iloc[-1].to_dict() if len(table) else {"open": 0, "inactive": 0, "band_low": 0.0, "band_high": 0.0}
    n, low, high = int(now["open"]), float(now["band_low"]), float(now["band_high"])
    values = {
        "n": words.number(n, lang),
        "low": words.number(round(low), lang),
        "high": words.number(round(high), lang),
        "inactive": words.number(now["inactive"], lang),
        "days": INACTIVE_AFTER_DAYS,
    }
    where = "none" if high == 0 else "below" if n < round(low) else "above" if n > round(high) else "inside"
    caveat = common.said(key, "caveat_inactive", lang, **values) if now["inactive"] else ""
    columns = {
        name: name for name in ("week", "open", "inactive", "opened", "closed", "band_low", "band_high", "status")
    }
    return Result(
        key=key,
        filters=filters,
        audience=audience,
        table=table,
        columns=common.columns(lang, **columns),
        estimate=Estimate(float(n), n=n),
        display=common.said(key, "display", lang, **values),
        context=common.said(key, "context", lang, **values) if high else "",
        sentence=common.said(key, "sentence_" + where, lang, **values),
        caveats=(caveat,) if caveat else (),
        spark=common.spark(table["open"]),
        provisional=common.is_provisional(table["status"]),
        marks=common.marks(session, pilot, filters, key),
        guard=Guard(
            bars=("open",),
            extras=("inactive", "opened", "closed"),
            plain=("band_low", "band_high"),
            sums=False,
            period="week",
            stocks=("open", "inactive"),
            spark="open",
            headline=(n,),
            noted=(int(now["inactive"]), n - int(now["inactive"])),
        ),
    )


def _caseload_table(session: Session, pilot: Pilot, filters: Filters) -> pd.DataFrame:
    episodes = session.execute(
        select(Episode.person_id, Episode.opened_on, Episode.closed_on)
        .where(Episode.opened_on <= common.until(filters))
        .where(common.of_staff(Episode.staff_id, filters))
    ).all()
    staff = [s for s in session.scalars(select(Staff)) if filters.staff_id in (None, s.id)]
    met: dict[int, list[date]] = {}
    for person, day in contacts(session, pilot, filters)[["person_id", "day"]].itertuples(index=False):
        met.setdefault(person, []).append(day)
    started = Counter(monday(e.opened_on) for e in episodes)
    ended = Counter(monday(e.closed_on) for e in episodes if e.closed_on and e.closed_on <= common.until(filters))
    since = np.array([e.opened_on.toordinal() for e in episodes])
    over = np.array([e.closed_on.toordinal() if e.closed_on else date.max.toordinal() for e in episodes])
    rows = []
    for week in common.weeks(pilot, filters):
        end = min(week + timedelta(days=6), common.until(filters))
        in_care = np.flatnonzero((since <= end.toordinal()) & (over > end.toordinal()))
        care = {episodes[place].person_id: episodes[place].opened_on for place in map(int, in_care)}
        quiet_since = end - timedelta(days=INACTIVE_AFTER_DAYS)
        quiet = sum(_last_contact(met.get(person, []), end, first) < quiet_since for person, first in care.items())
        there = [s for s in staff if s.starts_on <= end and (s.ends_on is None or s.ends_on >= end)]
        band = [
            sum(getattr(s, side) * s.fte_percent / 100 for s in there) for side in ("capacity_low", "capacity_high")
        ]
        rows.append((week, len(care), quiet, started[week], ended[week], *map(float, band)))
    return pd.DataFrame(rows, columns=["week", "open", "inactive", "opened", "closed", "band_low", "band_high"])


def _last_contact(days: list[date], end: date, opened_on: date) -> date:
    """The last contact on or before ``end``; the day the episode opened when there was none."""
    place = bisect_right(days, end)
    return max(days[place - 1], opened_on) if place else opened_on


UP = Direction.up_good
MEASURES: tuple[Measure, ...] = (
    common.define("people_served", people_served, chart="series", direction=UP),
    common.define("new_people", new_people, chart="series", direction=UP),
    common.define("family_contacts", family_contacts, chart="series"),
    common.define("caseload", caseload, chart="caseload"),
    common.define("interventions", interventions, chart="bars"),
    common.define("work_hours", work_hours, chart="bars", about_people=False),
    common.define("people_by_group", people_by_group, chart="bars"),
)
