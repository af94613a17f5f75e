"""Follow-up or on scene? Outcomes by how people were first met. Nobody was assigned to a mode by chance.

Two groups only: a finer split would let the hidden cells of one table be worked out from another.
"""

from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy.orm import Session
from statsmodels.duration.survfunc import survdiff

from dashboard import words
from dashboard.measures import common, connections, reach
from dashboard.measures.effect import the_plan
from dashboard.measures.linked import Standing, people
from dashboard.model import Audience, Direction, Estimate, Filters, Guard, Measure, Result
from dashboard.stats import km_quantile, mean_by_person, share_difference, wilson
from db.access import Permission
from db.models import Pilot
from db.vocab import Mode, Scope, text

MODES = ("on_scene", "follow_up")


def first_modes(session: Session, pilot: Pilot, filters: Filters) -> dict[int, str]:
    """Person → how they were first met, of everybody met by the period's end: “on_scene” or “follow_up”."""
    met = reach.contacts(session, pilot, filters).drop_duplicates("person_id")
    return {who: group_of(mode) for who, mode in zip(met["person_id"], met["mode"], strict=True)}


def group_of(mode: Mode) -> str:
    return "on_scene" if mode == Mode.on_scene else "follow_up"


def _say(key: str, lang: str, /, **values: object) -> str:
    return text(f"by_mode.{key}", "es" if lang == "es" else "en", **values)


def _around(estimate: Estimate) -> tuple[float, float, float]:
    limits = (estimate.value, estimate.low, estimate.high)
    return tuple(np.nan if limit is None else limit for limit in limits)  # type: ignore[return-value]


# --- connection rate -------------------------------------------------------------------------------------


def connection_rate_by_mode(session: Session, pilot: Pilot, filters: Filters, audience: Audience) -> Result:
    """The cohort of ``connection_rate``, split by how its people were first met."""
    key, lang = "connection_rate_by_mode", filters.lang
    cases = connections.cohort(session, pilot, filters).table
    modes = first_modes(session, pilot, filters)
    group = cases["person_id"].map(modes.get)
    counts = {mode: _yes_no(cases.loc[group == mode, "yes"]) for mode in MODES}
    rates = {mode: wilson(yes, yes + no) for mode, (yes, no) in counts.items()}
    rows = [(_say(mode, lang), *_around(rates[mode]), *counts[mode], sum(counts[mode])) for mode in MODES]
    table = pd.DataFrame(rows, columns=["group", "value", "low", "high", "yes", "no", "n"])
    (a, b), (c, d) = (counts[mode] for mode in MODES)
    apart = share_difference(a, a + b, c, c + d)
    shares = {mode: words.percent(rate.value, lang) for mode, rate in rates.items()}
    values = shares | {
        "low_on_scene": words.percent(rates["on_scene"].low, lang),
        "high_on_scene": words.percent(rates["on_scene"].high, lang),
        "low_follow_up": words.percent(rates["follow_up"].low, lang),
        "high_follow_up": words.percent(rates["follow_up"].high, lang),
        "n_on_scene": words.number(a + b, lang),
        "n_follow_up": words.number(c + d, lang),
    }
    counted = ("yes", "no")
    return Result(
        key=key,
        filters=filters,
        audience=audience,
        table=table.astype(dict.fromkeys(("value", "low", "high"), float)),
        columns=common.columns(
            lang,
            group="by_mode_group",
            value="share",
            low="low",
            high="high",
            yes="connection_rate_yes",
            no="connection_rate_no",
            n="n",
        ),
        estimate=apart,
        display=_against(shares, lang) if apart.value is not None else words.NOTHING,
        context=_say("context", lang) if apart.value is not None else "",
        sentence=_compared(key, apart, values, lang),
        caveats=_caution(apart, lang),
        marks=common.marks(session, pilot, filters, key),
        guard=Guard(
            bars=counted,
            derived=dict.fromkeys(("value", "low", "high", "n"), counted),
            headline=(a, b, c, d, *_yes_no(cases.loc[~group.isin(MODES), "yes"])),  # the rest can be worked out
        ),
    )


def _yes_no(cases: pd.Series) -> tuple[int, int]:
    yes = int(cases.astype(bool).sum())
    return yes, len(cases) - yes


def _against(shown: dict[str, str], lang: str) -> str:
    """ "61 % against 55 %": on scene first, as the table."""
    return _say("display", lang, on_scene=shown["on_scene"], follow_up=shown["follow_up"])


def _compared(key: str, apart: Estimate, values: dict[str, str], lang: str) -> str:
    """What the two groups came to, and how far apart they are with the interval."""
    if apart.value is None:
        return common.said(key, "sentence_none", lang)
    said = common.said(key, "sentence", lang, **values)
    if apart.low is None or apart.high is None:
        return said
    low, value, high = (_points(share, lang) for share in (apart.low, apart.value, apart.high))
    form = "points_apart" if apart.low > 0 or apart.high < 0 else "points_not_apart"
    return f"{said} " + _say(form, lang, value=value, low=low, high=high)


def _points(share: float, lang: str) -> str:
    """Percentage points; what rounds to zero is no "-0"."""
    return words.number(round(share * 100) + 0.0, lang)


def _caution(apart: Estimate, lang: str) -> tuple[str, ...]:
    return (_say("caution", lang), _say("clustered", lang)) if apart.value is not None else ()


# --- days to connect -------------------------------------------------------------------------------------


def days_to_connect_by_mode(session: Session, pilot: Pilot, filters: Filters, audience: Audience) -> Result:
    """Made → first appointment attended, Kaplan–Meier, by how the person was first met; the rest is censored."""
    key, lang = "days_to_connect_by_mode", filters.lang
    made = connections.made_in_period(session, pilot, filters)
    modes = first_modes(session, pilot, filters)
    waits = {mode: ([], []) for mode in MODES}
    for row in made.to_dict("records"):
        if (mode := modes.get(row["person_id"])) is not None:
            duration, over = connections.wait(row, filters.as_of)
            waits[mode][0].append(duration)
            waits[mode][1].append(over)
    medians = {mode: km_quantile(*waits[mode], 0.5) for mode in MODES}
    counts = {mode: (sum(over), len(over) - sum(over)) for mode, (_, over) in waits.items()}
    rest = _yes_no(made.loc[~made["person_id"].isin(list(modes)), "attended"].notna())
    rows = [(_say(mode, lang), *_around(medians[mode]), *counts[mode]) for mode in MODES]
    table = pd.DataFrame(rows, columns=["group", "value", "low", "high", "yes", "no"])
    shown = {mode: words.number(median.value, lang) for mode, median in medians.items()}
    stated = all(median.value is not None for median in medians.values())
    values = shown | {f"interval_{mode}": _days(median, lang) for mode, median in medians.items()}
    values |= {f"n_{mode}": words.number(sum(pair), lang) for mode, pair in counts.items()}
    p = _log_rank(waits) if stated else None
    said = common.said(key, "sentence", lang, **values) if stated else common.said(key, "sentence_none", lang)
    if p is not None:
        said += " " + _say("log_rank" if p < 0.05 else "log_rank_none", lang, p=_p(p, lang))
    return Result(
        key=key,
        filters=filters,
        audience=audience,
        table=table.astype(dict.fromkeys(("value", "low", "high"), float)),
        columns=common.columns(
            lang,
            group="by_mode_group",
            value="by_mode_days",
            low="low",
            high="high",
            yes="by_mode_attended",
            no="by_mode_waiting",
        ),
        estimate=Estimate(None),
        display=_against(shown, lang) if stated else words.NOTHING,
        context=_say("context_days", lang) if stated else "",
        sentence=said,
        caveats=(_say("caution", lang), _say("clustered", lang)) if stated else (),
        marks=common.marks(session, pilot, filters, key) | {"log_rank_p": p},
        guard=Guard(
            bars=("yes", "no"),
            derived=dict.fromkeys(("value", "low", "high"), ("yes", "no")),
            headline=(*rest, *(count for pair in counts.values() for count in pair)),
        ),
    )


def _days(median: Estimate, lang: str) -> str:
    """ "9 to 15"; an open end reads “9 or more”."""
    low = words.number(median.low, lang)
    if median.high is None:
        return _say("or_more", lang, low=low)
    return _say("to", lang, low=low, high=words.number(median.high, lang))


def _p(p: float, lang: str) -> str:
    return "< " + words.ratio(0.001, lang, 3) if p < 0.001 else "= " + words.ratio(p, lang, 3)


def _log_rank(waits: dict[str, tuple[list[int], list[bool]]]) -> float | None:
    """p of the log-rank test that both groups wait alike (statsmodels)."""
    times = [wait for mode in MODES for wait in waits[mode][0]]
    over = [int(done) for mode in MODES for done in waits[mode][1]]
    group = [mode for mode in MODES for _ in waits[mode][0]]
    p = float(survdiff(np.array(times), np.array(over), np.array(group))[1])
    return p if np.isfinite(p) else None


# --- later calls -----------------------------------------------------------------------------------------


def later_calls_by_mode(session: Session, pilot: Pilot, filters: Filters, audience: Audience) -> Result:
    """Events of linked people in the plan's window after they were first met, by how. Period and staff: whole."""
    key, lang = "later_calls_by_mode", filters.lang
    table = people(session, pilot, filters)
    judged = table.loc[table["served"] & (table["standing"] == Standing.judged)]
    groups = {mode: judged.loc[[group_of(each) == mode for each in judged["mode"]]] for mode in MODES}
    means = {mode: mean_by_person(group["after"].to_numpy()) for mode, group in groups.items()}
    rows = [(_say(mode, lang), *_around(means[mode]), *_sums(groups[mode])) for mode in MODES]
    told = pd.DataFrame(rows, columns=["group", "value", "low", "high", "people", "calls", "calls_before"])
    stated = all(mean.value is not None for mean in means.values())
    shown = {mode: words.number(mean.value, lang, 2) for mode, mean in means.items()}
    values = shown | {f"interval_{mode}": _interval(mean, lang) for mode, mean in means.items()}
    values |= {f"n_{mode}": words.number(len(group), lang) for mode, group in groups.items()}
    values |= {f"before_{mode}": words.number(_each_before(group), lang, 2) for mode, group in groups.items()}
    values["window"] = words.number(the_plan(session).window_days, lang)
    left = int(table["served"].sum()) - len(judged)
    counts = ("people", "calls", "calls_before")
    return Result(
        key=key,
        filters=filters,
        audience=audience,
        table=told.astype(dict.fromkeys(("value", "low", "high"), float)),
        columns=common.columns(
            lang,
            group="by_mode_group",
            value="by_mode_later",
            low="low",
            high="high",
            people="by_mode_people",
            calls="by_mode_calls",
            calls_before="by_mode_calls_before",
        ),
        estimate=Estimate(None, n=len(judged)),
        display=_against(shown, lang) if stated else words.NOTHING,
        context=_say("context_later", lang, **values) if stated else "",
        sentence=common.said(key, "sentence" if stated else "sentence_none", lang, **values),
        caveats=(_say("caution", lang),) if stated else (),
        marks=common.marks(session, pilot, filters, key),
        guard=Guard(
            bars=counts,
            derived=dict.fromkeys(("value", "low", "high"), ("people", "calls")),
            headline=(left, *(count for group in groups.values() for count in _sums(group))),
        ),
    )


def _sums(group: pd.DataFrame) -> tuple[int, int, int]:
    return len(group), int(group["after"].sum()), int(group["before"].sum())


def _each_before(group: pd.DataFrame) -> float:
    return float(group["before"].mean()) if len(group) else float("nan")


def _interval(mean: Estimate, lang: str) -> str:
    if mean.low is None:
        return words.NOTHING
    return _say("to", lang, low=words.number(mean.low, lang, 2), high=words.number(mean.high, lang, 2))


_ALL: dict[str, Any] = {"about_people": True, "permission": Permission.see_overview, "chart": "bars"}
_WORK = (Scope.work, Scope.setup)
MEASURES: tuple[Measure, ...] = (
    common.define(
        "connection_rate_by_mode", connection_rate_by_mode, direction=Direction.up_good, scopes=_WORK, **_ALL
    ),
    common.define(
        "days_to_connect_by_mode", days_to_connect_by_mode, direction=Direction.down_good, scopes=_WORK, **_ALL
    ),
    common.define(
        "later_calls_by_mode",
        later_calls_by_mode,
        direction=Direction.down_good,
        scopes=(Scope.calls, *_WORK),
        **_ALL,
    ),
)
