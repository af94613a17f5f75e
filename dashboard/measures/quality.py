"""Quality: are the figures there, on time, matched, known, and do tally and log agree?"""

from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
from sqlalchemy import Select, literal, null, select
from sqlalchemy.orm import Session

from dashboard import words
from dashboard.measures import answers, common, lists
from dashboard.measures.reach import served
from dashboard.model import Audience, Direction, Estimate, Filters, Guard, Measure, Records, Result
from dashboard.stats import wilson
from db import calls_unmatched
from db.calls_unmatched import Record
from db.models import Intervention, Pilot, Referral, Staff, Tally
from db.vocab import HOUR_ITEMS, PEOPLE_ITEMS, Scope, TallyItem, TallyStatus

SHEETS = ("on_time", "late", "missing")


def sheets(session: Session, pilot: Pilot, filters: Filters) -> Records:
    """Sheets due in the period (a week × everybody employed in it): on time, late, missing."""
    mondays = common.weeks(pilot, filters)
    staff = [s for s in session.scalars(select(Staff).order_by(Staff.id)) if filters.staff_id in (None, s.id)]
    certified = {
        (row.week, row.staff_id): row.certified_at
        for row in session.execute(
            select(Tally.week, Tally.staff_id, Tally.certified_at).where(Tally.status != TallyStatus.draft)
        )
    }
    zone = ZoneInfo(pilot.time_zone)
    rows = []
    for week in mondays:
        due = datetime.combine(week + timedelta(days=8), time(), zone)  # the Monday after, 24:00
        for member in staff:
            if not common.employed(member, pilot, week):
                continue
            done = certified.get((week, member.id))
            if done is not None:
                rows.append((week, member.id, "on_time" if done < due else "late"))
            elif due.date() <= filters.as_of:
                rows.append((week, member.id, "missing"))
    table = pd.DataFrame(rows, columns=["day", "staff_id", "sheet"], dtype=object).assign(id=None, person_id=None)
    return lists.listed(filters, "sheet", table, sheet=lists.said(filters, "tally_completeness", *SHEETS))


def tally_completeness(session: Session, pilot: Pilot, filters: Filters, audience: Audience) -> Result:
    key, lang = "tally_completeness", filters.lang
    found = sheets(session, pilot, filters).table
    rows = list(zip(found["week"], found["sheet"], strict=True))
    counts = {name: sum(state == name for _, state in rows) for name in SHEETS}
    n, done = len(rows), counts["on_time"] + counts["late"]
    table = pd.DataFrame(
        [(common.said(key, name, lang), count, count / n if n else float("nan")) for name, count in counts.items()],
        columns=["group", "value", "share"],
    )
    table["low"] = table["high"] = float("nan")
    values = {name: words.number(count, lang) for name, count in counts.items()}
    values |= {"done": words.number(done, lang), "n": words.number(n, lang)}
    per_week = pd.DataFrame(rows, columns=["week", "state"]).assign(done=lambda t: t["state"] != "missing")
    return Result(
        key=key,
        filters=filters,
        audience=audience,
        table=table,
        columns=common.columns(lang, group="sheet", value="sheets", share="share"),
        estimate=wilson(done, n),
        display=words.percent(done / n if n else None, lang),
        context=common.said(key, "context", lang, **values) if n else "",
        sentence=common.said(key, "sentence" if n else "sentence_none", lang, **values),
        spark=common.spark(per_week.groupby("week")["done"].mean()) if n else (),
        marks=common.marks(session, pilot, filters, key),
    )


UNMATCHED = ("lacking", "strange", "referral")
ANSWERED = "answered"


def beside_calls(session: Session, pilot: Pilot, filters: Filters) -> pd.DataFrame:
    """Records that ought to stand beside a call: id, kind, person_id, mode, day, record (what is wrong, or None).

    ``record`` is "answered" where the desk said why no call has its number.
    """
    start, end = common.bounds(pilot, filters.first, common.until(filters))
    work = _beside(Intervention, "intervention", Intervention.mode, Intervention.at).where(
        Intervention.at >= start, Intervention.at < end, common.of_staff(Intervention.staff_id, filters)
    )
    sent = _beside(Referral, "referral", null(), Referral.received_at).where(
        Referral.received_at >= start, Referral.received_at < end, common.of_staff(Referral.staff_id, filters)
    )
    rows = [(*row[:5], _wrong(*row)) for row in map(tuple, [*session.execute(work), *session.execute(sent)])]
    table = pd.DataFrame(rows, columns=["id", "kind", "person_id", "mode", "day", "record"], dtype=object)
    return table.assign(day=common.local_days(pilot, table["day"]))


def _beside(model: Record, kind: str, mode: Any, at: Any) -> Select[*tuple[Any, ...]]:
    """id, kind, person_id, mode, moment, incident number, whether a call has it, whether the desk said why not."""
    known = calls_unmatched.has_its_call(model), calls_unmatched.looked_for(model)
    asked = select(model.id, literal(kind), model.person_id, mode, at, model.incident_number, *known)
    return asked.where(calls_unmatched.needs_a_call(model)).order_by(at, model.id)


def _wrong(_id: int, kind: str, _person: int, _mode: object, _at: datetime, number: str, has: bool, said: bool) -> Any:
    if has:
        return None
    return ANSWERED if said else "lacking" if not number else "strange" if kind == "intervention" else "referral"


def unmatched_calls(session: Session, pilot: Pilot, filters: Filters, audience: Audience) -> Result:
    """Records that ought to stand beside a call and do not: no incident number, or one that no call has.

    Counts alone: which records they are is the desk's to know, in its worklist.
    """
    key, lang = "unmatched_calls", filters.lang
    found = beside_calls(session, pilot, filters)["record"]
    counts = {name: int((found == name).sum()) for name in UNMATCHED}
    n, total = sum(counts.values()), len(found)
    rows = [(common.said(key, name, lang), count) for name, count in counts.items()]
    values = {
        "n": words.number(n, lang),
        "total": words.number(total, lang),
        "share": words.percent(n / total if total else None, lang),
    }
    return Result(
        key=key,
        filters=filters,
        audience=audience,
        table=answers.bars(lang, record=rows),
        columns=common.columns(lang, group="record", value="records", low="low", high="high", share="share"),
        estimate=Estimate(float(n), n=total),
        display=words.number(n, lang),
        context=common.said(key, "context", lang, **values) if total else "",
        sentence=common.said(key, "sentence" if total else "sentence_none", lang, **values),
        marks=common.marks(session, pilot, filters, key),
        guard=answers.bars_guard(headline=(n, total - n)),
    )


FIELDS = ("age", "sex", "race", "language")


def known(session: Session, pilot: Pilot, filters: Filters) -> Records:
    """The people served: all of it known, or something not."""
    found = served(session, pilot, filters)
    some = (found.table[list(FIELDS)] == "unknown").any(axis=1)
    names = {
        "no": common.columns(filters.lang, no="unknown")["no"],
        "yes": common.columns(filters.lang, yes="known")["yes"],
    }
    table = found.table.assign(known=some.map({True: "no", False: "yes"}).astype(object))
    return Records(table, {"known": names, **{name: found.parts[name] for name in FIELDS}})


def unknown_share(session: Session, pilot: Pilot, filters: Filters, audience: Audience) -> Result:
    """Of the people served: how many have an unknown age, sex, race or ethnicity, or language."""
    key, lang = "unknown_share", filters.lang
    people = known(session, pilot, filters).table
    n = len(people)
    any_unknown = int((people["known"] == "no").sum())
    rows = []
    for field in FIELDS:
        unknown = int((people[field] == "unknown").sum())
        around = wilson(unknown, n)
        name = common.columns(lang, f=field)["f"]
        rows.append(
            (
                name,
                *(float("nan") if v is None else v for v in (around.value, around.low, around.high)),
                unknown,
                n - unknown,
            )
        )
    overall = wilson(any_unknown, n)
    worst = max(rows, key=lambda row: row[4])
    values = {
        "share": words.percent(overall.value, lang),
        "n": words.number(n, lang),
        "top": worst[0].lower(),
        "most": words.percent(worst[1] if n else None, lang),
    }
    cells = ("unknown", "known")
    return Result(
        key=key,
        filters=filters,
        audience=audience,
        table=pd.DataFrame(rows, columns=["group", "value", "low", "high", "unknown", "known"]),
        columns=common.columns(
            lang, group="about", value="share", low="low", high="high", unknown="unknown", known="known"
        ),
        estimate=overall,
        display=words.percent(overall.value, lang),
        context=common.said(key, "context", lang, **values) if n else "",
        sentence=common.said(key, "sentence" if n else "sentence_none", lang, **values),
        marks=common.marks(session, pilot, filters, key),
        guard=Guard(
            bars=cells,
            derived=dict.fromkeys(("value", "low", "high", *cells), cells),
            sums=False,
            headline=(any_unknown, n - any_unknown, n),
            said=(worst[4], worst[5]),
        ),
    )


COUNTED = [item for item in TallyItem if item not in (*HOUR_ITEMS, *PEOPLE_ITEMS)]


def against_log(session: Session, pilot: Pilot, filters: Filters) -> pd.DataFrame:
    """Certified and filled-in cells: week, staff_id, item, reported, log, differs (without its sign)."""
    cells = common.certified_against_log(session, pilot, filters, COUNTED)
    return cells.assign(differs=(cells["reported"] - cells["log"]).abs())


def differing(session: Session, pilot: Pilot, filters: Filters) -> Records:
    """The cells in which tally and log differ."""
    cells = against_log(session, pilot, filters)
    cells = cells[cells["differs"] > 0].reset_index(drop=True)
    cells = cells.assign(day=cells["week"], id=None, person_id=None, amount=cells["differs"])
    items = {item.value: common.label(item, filters.lang) for item in COUNTED}
    return lists.listed(filters, "cell", cells, item=items)


def log_vs_tally(session: Session, pilot: Pilot, filters: Filters, audience: Audience) -> Result:
    """Certified weeks only: what was reported against what the log holds, by item."""
    key, lang = "log_vs_tally", filters.lang
    cells = against_log(session, pilot, filters)
    sums = cells.groupby("item")[["differs", "log", "reported"]].sum().reindex(COUNTED, fill_value=0)
    rows = [
        (common.label(item, lang), int(sums["differs"][item]), int(sums["log"][item]), int(sums["reported"][item]))
        for item in COUNTED
    ]
    table = pd.DataFrame(rows, columns=["group", "value", "log", "reported"])
    n, total = int(table["value"].sum()), int(table["reported"].sum())
    most = max(rows, key=lambda row: row[1])
    values = {
        "n": words.number(n, lang),
        "total": words.number(total, lang),
        "share": words.percent(n / total if total else None, lang),
        "item": most[0].lower(),
        "log": words.number(most[2], lang),
        "reported": words.number(most[3], lang),
    }
    form = "sentence_none" if not total else "sentence_same" if n == 0 else "sentence"
    return Result(
        key=key,
        filters=filters,
        audience=audience,
        table=table,
        columns=common.columns(lang, group="item", value="difference", log="log", reported="reported"),
        estimate=Estimate(float(n), n=total),
        display=words.number(n, lang),
        context=common.said(key, "context", lang, **values) if total else "",
        sentence=common.said(key, form, lang, **values),
        marks=common.marks(session, pilot, filters, key),
        guard=Guard(
            bars=("reported",),  # beside it log and difference would tell each other
            sums=False,
            headline=(n, total),
            said=(most[1], most[2], most[3]),
        ),
    )


DOWN = Direction.down_good
MEASURES: tuple[Measure, ...] = (
    common.define(
        "tally_completeness",
        tally_completeness,
        records=sheets,
        chart="bars",
        direction=Direction.up_good,
        about_people=False,
    ),
    common.define(
        "unmatched_calls",
        unmatched_calls,
        chart="bars",
        direction=DOWN,
        scopes=(Scope.calls, Scope.work, Scope.setup),
    ),
    common.define("unknown_share", unknown_share, records=known, chart="bars", direction=DOWN),
    common.define("log_vs_tally", log_vs_tally, records=differing, chart="bars", direction=DOWN),
)
