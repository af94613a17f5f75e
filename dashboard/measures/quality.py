"""Quality: are the figures there, on time, matched, known, and do tally and log agree?"""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import pandas as pd
from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from dashboard import words
from dashboard.measures import answers, common
from dashboard.measures.reach import served
from dashboard.model import Audience, Direction, Estimate, Filters, Guard, Measure, Result
from dashboard.stats import wilson
from db.models import Call, Intervention, Pilot, Referral, Staff, Tally
from db.vocab import HOUR_ITEMS, PEOPLE_ITEMS, Mode, Scope, TallyItem, TallyStatus


def tally_completeness(session: Session, pilot: Pilot, filters: Filters, audience: Audience) -> Result:
    """Sheets due in the period (a week × everybody employed in it): on time, late, missing."""
    key, lang = "tally_completeness", filters.lang
    mondays = common.weeks(pilot, filters)
    staff = [s for s in session.scalars(select(Staff)) if filters.staff_id in (None, s.id)]
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
                rows.append((week, "on_time" if done < due else "late"))
            elif due.date() <= filters.as_of:
                rows.append((week, "missing"))
    counts = {name: sum(state == name for _, state in rows) for name in ("on_time", "late", "missing")}
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


def unmatched_calls(session: Session, pilot: Pilot, filters: Filters, audience: Audience) -> Result:
    """Records that ought to stand beside a call and do not: no incident number, or one that no call has."""
    key, lang = "unmatched_calls", filters.lang
    start, end = common.bounds(pilot, filters.first, common.until(filters))
    known = select(Call.incident_number).where(Call.incident_number.is_not(None))
    own = Intervention.incident_number
    strange = func.count().filter(own.is_not(None), own.not_in(known))
    work = (
        select(func.count(), func.count().filter(own.is_(None)), strange)
        .where(Intervention.voided_at.is_(None), Intervention.at >= start, Intervention.at < end)
        .where(or_(Intervention.mode == Mode.on_scene, own.is_not(None)))
        .where(common.of_staff(Intervention.staff_id, filters))
    )
    sent = (
        select(func.count(), func.count().filter(Referral.incident_number.not_in(known)))
        .where(Referral.received_at >= start, Referral.received_at < end, Referral.incident_number.is_not(None))
        .where(common.of_staff(Referral.staff_id, filters))
    )
    works, lacking, unknown = session.execute(work).one()
    sents, lost = session.execute(sent).one()
    counts = {"lacking": lacking, "strange": unknown, "referral": lost}
    n, total = sum(counts.values()), works + sents
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


def unknown_share(session: Session, pilot: Pilot, filters: Filters, audience: Audience) -> Result:
    """Of the people served: how many have an unknown age, sex, race or ethnicity, or language."""
    key, lang = "unknown_share", filters.lang
    people = served(session, pilot, filters)
    n = len(people)
    fields = ("age", "sex", "race", "language")
    any_unknown = int((people[list(fields)] == "unknown").any(axis=1).sum())
    rows = []
    for field in fields:
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


def log_vs_tally(session: Session, pilot: Pilot, filters: Filters, audience: Audience) -> Result:
    """Certified weeks only: what was reported against what the log holds, by item."""
    key, lang = "log_vs_tally", filters.lang
    items = [item for item in TallyItem if item not in (*HOUR_ITEMS, *PEOPLE_ITEMS)]
    reported, logged = common.certified_against_log(session, pilot, filters, items)
    rows = [
        (
            common.label(item, lang),
            reported.get(item, 0) - logged.get(item, 0),
            logged.get(item, 0),
            reported.get(item, 0),
        )
        for item in items
    ]
    table = pd.DataFrame(rows, columns=["group", "value", "log", "reported"])
    n, total = int(table["value"].abs().sum()), int(table["reported"].sum())
    most = max(rows, key=lambda row: abs(row[1]))
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
            said=(abs(most[1]), most[2], most[3]),
        ),
    )


DOWN = Direction.down_good
MEASURES: tuple[Measure, ...] = (
    common.define(
        "tally_completeness", tally_completeness, chart="bars", direction=Direction.up_good, about_people=False
    ),
    common.define(
        "unmatched_calls", unmatched_calls, chart="bars", direction=DOWN, scopes=(Scope.calls, Scope.work, Scope.setup)
    ),
    common.define("unknown_share", unknown_share, chart="bars", direction=DOWN),
    common.define("log_vs_tally", log_vs_tally, chart="bars", direction=DOWN),
)
