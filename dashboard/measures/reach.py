"""Reach: how many people, how much work, how heavy the caseload."""

from bisect import bisect_right
from collections import Counter
from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pandas as pd
from sqlalchemy import select
from sqlalchemy.orm import Session

from dashboard import words
from dashboard.measures import answers, common, lists
from dashboard.model import Audience, Direction, Estimate, Filters, Guard, Measure, Records, Result
from dashboard.stats import poisson_exact
from db.log import was_direct
from db.models import Episode, Intervention, Person, Pilot, Staff
from db.pilot import monday
from db.vocab import (
    HOUR_ITEMS,
    AgeBand,
    Language,
    LanguageMet,
    Mode,
    Purpose,
    RaceEthnicity,
    Sex,
    TallyItem,
    WorkKind,
)

INACTIVE_AFTER_DAYS = 60


def contacts(session: Session, pilot: Pilot, filters: Filters) -> pd.DataFrame:
    """Every direct contact up to the period's end, oldest first, by anybody: person_id, staff_id, mode, day."""
    end = common.bounds(pilot, filters.first, common.until(filters))[1]
    rows = session.execute(
        select(Intervention.person_id, Intervention.staff_id, Intervention.mode, Intervention.at)
        .where(
            *was_direct(),
            Intervention.at < end,
        )
        .order_by(Intervention.at, Intervention.id)
    ).all()
    table = pd.DataFrame(rows, columns=["person_id", "staff_id", "mode", "day"])
    table["day"] = common.local_days(pilot, table["day"])
    return table


def _by_staff(table: pd.DataFrame, filters: Filters) -> pd.DataFrame:
    return table if filters.staff_id is None else table[table["staff_id"] == filters.staff_id]


GROUPS = {
    "age": (Person.age_band, AgeBand),
    "sex": (Person.sex, Sex),
    "race": (Person.race_ethnicity, RaceEthnicity),
    "language": (Person.language, Language),
    "language_met": (Person.language_met, LanguageMet),
}


def served(session: Session, pilot: Pilot, filters: Filters) -> Records:
    """Everybody with a direct contact in the period, once, by the first one in it."""
    met = _by_staff(contacts(session, pilot, filters), filters)
    return _listed(session, pilot, filters, met[met["day"] >= filters.first].drop_duplicates("person_id"))


def first_met(session: Session, pilot: Pilot, filters: Filters) -> Records:
    """Everybody whose first direct contact ever falls in the period, with whoever it was."""
    first_ever = _by_staff(contacts(session, pilot, filters).drop_duplicates("person_id"), filters)
    return _listed(session, pilot, filters, first_ever[first_ever["day"] >= filters.first])


def _listed(session: Session, pilot: Pilot, filters: Filters, people: pd.DataFrame) -> Records:
    """One row per person with the groups they belong to; a stray day at the edge joins the nearest week."""
    rows = session.execute(select(Person.id, *(column for column, _ in GROUPS.values()))).all()
    groups = pd.DataFrame(rows, columns=["id", *GROUPS], dtype=object)
    groups["language_met"] = groups["language_met"].map(lambda met: met or lists.UNKNOWN)
    table = people.assign(id=people["person_id"]).merge(groups, on="id")
    mondays = common.weeks(pilot, filters) or [monday(filters.first)]  # a weekend has no Thursday, and so no week
    places = (bisect_right(mondays, monday(day)) - 1 for day in table["day"])
    table["week"] = pd.Series([mondays[max(place, 0)] for place in places], table.index, dtype=object)
    parts = lists.named(filters, **{name: kind for name, (_, kind) in GROUPS.items()})
    met = {**parts["language_met"], **lists.said(filters, "people_by_group", lists.UNKNOWN)}
    return lists.listed(filters, "person", table, **{**parts, "language_met": met})


def people_served(session: Session, pilot: Pilot, filters: Filters, audience: Audience) -> Result:
    """Unduplicated people with a direct contact in the period; the series is the running total."""
    return _people(session, pilot, filters, audience, "people_served", served(session, pilot, filters))


def new_people(session: Session, pilot: Pilot, filters: Filters, audience: Audience) -> Result:
    """People whose first direct contact ever falls in the period, with whoever it was."""
    return _people(session, pilot, filters, audience, "new_people", first_met(session, pilot, filters))


def _people(session: Session, pilot: Pilot, filters: Filters, audience: Audience, key: str, people: Records) -> Result:
    lang, n = filters.lang, len(people.table)
    mondays, found = common.weeks(pilot, filters), people.table["week"].value_counts()
    new = np.array([int(found.get(week, 0)) for week in mondays], int)
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
    found = family_records(session, pilot, filters)
    return answers.counted(session, pilot, filters, audience, "family_contacts", found)


def family_records(session: Session, pilot: Pilot, filters: Filters) -> Records:
    return lists.tallied(session, pilot, filters, [TallyItem.family_contacts], purpose=Purpose)


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


def work(session: Session, pilot: Pilot, filters: Filters) -> Records:
    """Events of work, by mode and by purpose."""
    found = lists.tallied(session, pilot, filters, list(MODE_ITEMS), mode=Mode, purpose=Purpose)
    cells = _cells(found)
    return replace(found, cells=cells.assign(mode=cells["item"].map(MODE_ITEMS)))


def _cells(records: Records) -> pd.DataFrame:
    if records.cells is None:
        raise TypeError("these records are not tallied")
    return records.cells


def interventions_by_week(session: Session, pilot: Pilot, filters: Filters, audience: Audience) -> Result:
    found = work(session, pilot, filters)
    return answers.counted(session, pilot, filters, audience, "interventions_by_week", found)


def interventions(session: Session, pilot: Pilot, filters: Filters, audience: Audience) -> Result:
    """Events of work: by mode from tally or log, by purpose from the log alone."""
    key, lang = "interventions", filters.lang
    records = work(session, pilot, filters)
    figures = _cells(records)
    modes = figures.groupby("item")["value"].sum()
    found = records.table["purpose"].value_counts()
    by_mode = [(common.label(mode, lang), round(modes.get(item, 0))) for item, mode in MODE_ITEMS.items()]
    by_purpose = [(common.label(purpose, lang), int(found.get(purpose, 0))) for purpose in Purpose]
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


KINDS = {item: WorkKind(item.value.removeprefix("hours_")) for item in HOUR_ITEMS}


def hours(session: Session, pilot: Pilot, filters: Filters) -> Records:
    """The same events with their minutes, by kind of work."""
    found = lists.tallied(session, pilot, filters, HOUR_ITEMS, work=WorkKind)
    cells = _cells(found)
    table = found.table.assign(work=found.table["item"].map(KINDS), amount=found.table["amount"] / 60)
    return replace(found, table=table, cells=cells.assign(work=cells["item"].map(KINDS)))


def work_hours(session: Session, pilot: Pilot, filters: Filters, audience: Audience) -> Result:
    """Hours of work by kind, from tally or log."""
    key, lang = "work_hours", filters.lang
    figures = _cells(hours(session, pilot, filters))
    sums = figures.groupby("item")["value"].sum()
    kinds = [(common.label(kind, lang), float(sums.get(item, 0))) for item, kind in KINDS.items()]
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


def people_by_group(session: Session, pilot: Pilot, filters: Filters, audience: Audience) -> Result:
    """People served by age band, sex, race or ethnicity, language, and how the language need was met."""
    key, lang = "people_by_group", filters.lang
    found = served(session, pilot, filters)
    people, n = found.table, len(found.table)
    parts: dict[str, list[tuple[str, int]]] = {}
    for name, values in found.parts.items():
        counts = people[name].value_counts()
        parts[name] = [(plain, int(counts.get(value, 0))) for value, plain in values.items()]
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


# --- caseload ------------------------------------------------------------------------------------


def in_care(session: Session, pilot: Pilot, filters: Filters) -> Records:
    """Who has an open episode at the end of the period's last week, and whether anything happened lately."""
    care = Care(session, pilot, filters)
    mondays = common.weeks(pilot, filters)
    rows = care.on(mondays[-1]) if mondays else []
    table = pd.DataFrame(rows, columns=["id", "person_id", "day", "activity"], dtype=object)
    return lists.listed(filters, "episode", table, activity=lists.said(filters, "caseload", "active", "inactive"))


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
            within={"inactive": "open"},
            plain=("band_low", "band_high"),
            sums=False,
            period="week",
            stocks=("open", "inactive"),
            spark="open",
            headline=(n,),
            noted=(int(now["inactive"]), n - int(now["inactive"])),
        ),
    )


class Care:
    """Who was in care when: the episodes begun by the period's end and the days of direct contact, read once."""

    def __init__(self, session: Session, pilot: Pilot, filters: Filters) -> None:
        self.until = common.until(filters)
        self.episodes = session.execute(
            select(Episode.id, Episode.person_id, Episode.opened_on, Episode.closed_on)
            .where(Episode.opened_on <= self.until)
            .where(common.of_staff(Episode.staff_id, filters))
            .order_by(Episode.opened_on, Episode.id)
        ).all()
        self.met: dict[int, list[date]] = {}
        for person, day in contacts(session, pilot, filters)[["person_id", "day"]].itertuples(index=False):
            self.met.setdefault(person, []).append(day)
        self._since = np.array([e.opened_on.toordinal() for e in self.episodes])
        self._over = np.array([(e.closed_on or date.max).toordinal() for e in self.episodes])

    def end_of(self, week: date) -> date:
        return min(week + timedelta(days=6), self.until)

    def on(self, week: date) -> list[tuple[int, int, date, str]]:
        """(episode, person, opened on, "active" or "inactive") of everybody in care at the week's end, each once."""
        end = self.end_of(week)
        here = np.flatnonzero((self._since <= end.toordinal()) & (self._over > end.toordinal()))
        people = {self.episodes[place].person_id: self.episodes[place] for place in map(int, here)}
        quiet_since = end - timedelta(days=INACTIVE_AFTER_DAYS)
        return [
            (
                episode.id,
                person,
                episode.opened_on,
                "inactive"
                if _last_contact(self.met.get(person, []), end, episode.opened_on) < quiet_since
                else "active",
            )
            for person, episode in people.items()
        ]


def _caseload_table(session: Session, pilot: Pilot, filters: Filters) -> pd.DataFrame:
    care = Care(session, pilot, filters)
    staff = [s for s in session.scalars(select(Staff)) if filters.staff_id in (None, s.id)]
    started = Counter(monday(e.opened_on) for e in care.episodes)
    ended = Counter(monday(e.closed_on) for e in care.episodes if e.closed_on and e.closed_on <= care.until)
    rows = []
    for week in common.weeks(pilot, filters):
        people, end = care.on(week), care.end_of(week)
        quiet = sum(activity == "inactive" for *_, activity in people)
        there = [s for s in staff if s.starts_on <= end and (s.ends_on is None or s.ends_on >= end)]
        band = [
            sum(getattr(s, side) * s.fte_percent / 100 for s in there) for side in ("capacity_low", "capacity_high")
        ]
        rows.append((week, len(people), quiet, started[week], ended[week], *map(float, band)))
    return pd.DataFrame(rows, columns=["week", "open", "inactive", "opened", "closed", "band_low", "band_high"])


def _last_contact(days: list[date], end: date, opened_on: date) -> date:
    """The last contact on or before ``end``; the day the episode opened when there was none."""
    place = bisect_right(days, end)
    return max(days[place - 1], opened_on) if place else opened_on


UP = Direction.up_good
MEASURES: tuple[Measure, ...] = (
    common.define("people_served", people_served, records=served, chart="series", direction=UP),
    common.define("new_people", new_people, records=first_met, chart="series", direction=UP),
    common.define("family_contacts", family_contacts, records=family_records, chart="series"),
    common.define("caseload", caseload, records=in_care, chart="caseload"),
    common.define("interventions_by_week", interventions_by_week, records=work, chart="series"),
    common.define("interventions", interventions, records=work, chart="bars"),
    common.define("work_hours", work_hours, records=hours, chart="bars", about_people=False),
    common.define("people_by_group", people_by_group, records=served, chart="bars"),
)
