"""What stands beside the effect, in words: how it was done, with each number; what the model assumes."""

from datetime import date

from dashboard import verdict, words
from dashboard.measures import effect
from dashboard.measures.effect import Primary
from dashboard.verdict import Verdict
from db.models import Pilot
from db.vocab import text

DEPENDENT_LOW, DEPENDENT_HIGH = 1.3, 2.7
"""Durbin–Watson outside of these: neighboring months depend on each other."""
Check = tuple[str, str, str]
"""What is checked, its figure, what the figure means."""


def say(key: str, lang: str, /, **values: object) -> str:
    return text(f"evidence.{key}", "es" if lang == "es" else "en", **values)


def choice(label: str, month: date | None, lang: str) -> str:
    """One way to carry the analysis out, in words: "window_180" → "within 180 days"."""
    name, _, number = label.rpartition("_")
    if name == "window" and number.isdecimal():
        return say("choice.window", lang, n=number)
    return say(f"choice.{label}", lang, month=words.month(month, lang))


def method(found: Primary, pilot: Pilot, lang: str) -> tuple[str, ...]:
    """The analysis step by step, in plain words, with every number that led to the verdict."""
    plan = found.plan
    months = words.listing([words.number(month, lang) for month in plan.verdict_months], lang)
    due = words.listing([words.month(verdict_due(pilot, month), lang) for month in plan.verdict_months], lang)
    fixed = {"window": plan.window_days, "target": words.percent(1 - plan.target_ratio, lang)}
    fixed |= {"months": months, "due": due}
    frozen = None if plan.frozen_at is None else plan.frozen_at.date()
    key = "not_frozen" if frozen is None else "frozen" if frozen < pilot.starts_on else "frozen_late"
    told = [say(f"method.{key}", lang, day=words.day(frozen, lang), launch=words.day(pilot.starts_on, lang), **fixed)]
    if found.monthly is None:
        return (*told, effect.sentence(found, lang))
    away = words.number(found.monthly.institutions, lang)
    told.append(say(f"method.counted_{found.monthly.basis}", lang, window=plan.window_days, institutions=away))
    if found.fit is None or found.ruling is None:
        return (*told, effect.sentence(found, lang))
    early = found.ruling.verdict is Verdict.too_early  # then nothing is stated but how it is looked at
    fitted = _fitted(found, pilot, lang)
    return (*told, *(fitted[:2] if early else fitted), _ruled(found, lang))


def verdict_due(pilot: Pilot, months: int) -> date:
    """The month in which so many full months after the launch month are over."""
    number = pilot.starts_on.year * 12 + pilot.starts_on.month - 1 + months + 1
    return date(number // 12, number % 12 + 1, 1)


def _fitted(found: Primary, pilot: Pilot, lang: str) -> list[str]:
    fit = found.fit
    assert fit is not None
    table = fit.periods[fit.periods["phase"] == "after"]
    observed, expected = float(table["observed"].sum()), float(table["expected"].sum())
    told = [
        say(
            "method.months",
            lang,
            before=fit.n_before,
            after=fit.n_after,
            first=words.month(fit.periods["period"].iloc[0], lang),
            last=words.month(fit.periods["period"].iloc[-1], lang),
            launch=words.month(pilot.starts_on, lang),
        ),
        say("method.season" if fit.plan.season else "method.no_season", lang),
        say(
            "method.observed",
            lang,
            observed=words.number(observed, lang),
            expected=words.number(expected, lang),
            ratio=words.ratio(fit.step.estimate, lang),
        ),
        say(
            "method.intervals",
            lang,
            model=_limits(fit.by_model.low, fit.by_model.high, lang),
            newey=_limits(fit.by_newey_west.low, fit.by_newey_west.high, lang),
            lag=fit.lag,
        ),
    ]
    if found.control is None:
        return [*told, say("method.no_control", lang)]
    ratio, own = found.control.ratio, found.control.control
    values = {"ratio": words.ratio(ratio.estimate, lang), "own": words.ratio(own.estimate, lang)}
    limits = {"limits": _limits(ratio.low, ratio.high, lang), "own_limits": _limits(own.low, own.high, lang)}
    return [*told, say("method.control", lang, **values, **limits)]


def _limits(low: float, high: float, lang: str) -> str:
    return f"{words.ratio(low, lang)}–{words.ratio(high, lang)}"


def _ruled(found: Primary, lang: str) -> str:
    """The rule that gave the verdict, with the numbers it looked at."""
    ruling = found.ruling
    assert ruling is not None
    kind = "overruled" if ruling.control_overrules else ruling.verdict.value
    if ruling.verdict is Verdict.too_early:
        return effect.sentence(found, lang)
    said = say(
        f"rule.{kind}",
        lang,
        estimate=words.ratio(ruling.ratio.estimate, lang),
        low=words.ratio(ruling.ratio.low, lang),
        high=words.ratio(ruling.ratio.high, lang),
        target=words.ratio(ruling.target, lang),
    )
    return f"{said} {say('rule.interim' if ruling.interim else 'rule.final', lang)}"


# --- what the model assumes ------------------------------------------------------------------------------


def checks(found: Primary, lang: str) -> tuple[Check, ...]:
    """Each assumption with its figure and what it means; nothing where there is no fit."""
    fit = found.fit
    if fit is None:
        return ()
    wide = "wide" if fit.dispersion > 2 else "narrow" if fit.dispersion < 0.5 else "fine"
    watson = "dependent" if not DEPENDENT_LOW < fit.durbin_watson < DEPENDENT_HIGH else "fine"
    box = "dependent" if (fit.ljung_box_p or 1) < 0.05 else "fine"
    shown = [
        ("n_before", words.number(fit.n_before, lang), _enough(fit.n_before, verdict.MONTHS_BEFORE)),
        ("n_after", words.number(fit.n_after, lang), _enough(fit.n_after, verdict.MONTHS_AFTER)),
        ("dispersion", words.ratio(fit.dispersion, lang), wide),
        ("durbin_watson", words.ratio(fit.durbin_watson, lang), watson),
        ("ljung_box", words.NOTHING if fit.ljung_box_p is None else words.ratio(fit.ljung_box_p, lang, 3), box),
        ("errors", say(f"errors.{fit.errors_used}", lang), f"lag{'' if fit.lag else '_none'}"),
    ]
    return tuple(
        (say(f"check.{name}", lang), figure, say(f"check.{name}.{reading}", lang, lag=fit.lag))
        for name, figure, reading in shown
    )


def _enough(months: int, needed: int) -> str:
    return "few" if months < needed else "fine"
