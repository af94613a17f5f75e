"""``tandem effect``: the interrupted time series behind the verdict, on any regular series in a CSV file."""

import json
import math
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from dashboard.effects import ControlRatio, Fit, Interval, Plan, against_control, interrupted
from dashboard.periods import SEASON, EffectError, Floats, Series, number_of, only, period_start, series
from dashboard.shell import effect_file
from dashboard.verdict import detectable
from db import settings
from db.errors import Unreadable


class Centre(StrEnum):
    last = "last"
    first = "first"


class Launch(StrEnum):
    include = "include"
    exclude = "exclude"


class FamilyName(StrEnum):
    poisson = "poisson"
    quasipoisson = "quasipoisson"
    negbin = "negbin"
    gaussian = "gaussian"


class ErrorsName(StrEnum):
    model = "model"
    newey_west = "newey-west"


class Format(StrEnum):
    table = "table"
    json = "json"


@dataclass(frozen=True, slots=True)
class Answer:
    """A fit with what the file and the control add to it."""

    fit: Fit
    control: ControlRatio | None
    warnings: tuple[str, ...]


def effect(
    file: Annotated[Path, typer.Argument(help="A CSV file with one row a day, week, month, quarter or year.")],
    date_column: Annotated[str, typer.Option("--date", metavar="COL", help="Column of the date; or year,month.")],
    count: Annotated[str, typer.Option(metavar="COL", help="Column of the count; an empty cell is a gap.")],
    intervention: Annotated[str, typer.Option(metavar="DATE", help="Its period is the first one after.")],
    exposure: Annotated[
        str | None, typer.Option(metavar="COL", help="Column of the exposure: a rate is fitted.")
    ] = None,
    control: Annotated[str | None, typer.Option(metavar="COL", help="Column of a series left untouched.")] = None,
    season: Annotated[int, typer.Option(help="Harmonic pairs of the year.")] = 0,
    slope: Annotated[bool, typer.Option("--slope", help="Let the slope change, too.")] = False,
    centre: Annotated[
        Centre, typer.Option(help="Where the new slope counts 0: last period before, or first after.")
    ] = (Centre.last),
    launch: Annotated[Launch, typer.Option(help="Keep or drop the period of the intervention.")] = Launch.include,
    family: Annotated[FamilyName, typer.Option(help="Distribution; all but gaussian have a log link.")] = (
        FamilyName.quasipoisson
    ),
    se: Annotated[ErrorsName, typer.Option(help="Standard errors.")] = ErrorsName.model,
    lag: Annotated[int | None, typer.Option(help="Newey–West lag; floor(4 (n/100)^(2/9)) without.")] = None,
    breaks: Annotated[
        list[str] | None, typer.Option("--break", metavar="DATE", help="A changed definition, as a step; repeatable.")
    ] = None,
    format: Annotated[Format, typer.Option(help="table to read, json for scripts.")] = Format.table,
) -> None:
    """Interrupted time series: did the level change at the intervention?

    tandem effect calls.csv --date month --count repeat_calls --intervention 2026-01-12 --season 2
    tandem effect sicily.csv --date year,month --count aces --exposure stdpop --intervention 2005-01-01 --format json
    """
    plan = Plan(
        family=family.value,
        season=season,
        slope=slope,
        centre=centre.value,
        launch=launch.value,
        errors=se.value,
        lag=lag,
        breaks=tuple(effect_file.one_day(text, "--break") for text in breaks or ()),
    )
    cells = effect_file.table(file)
    day = effect_file.one_day(intervention, "--intervention")
    days = effect_file.dates(cells, date_column, "--date")
    counts = effect_file.numbers(cells, count, "--count")
    sizes = effect_file.numbers(cells, exposure, "--exposure") if exposure else None
    others = effect_file.numbers(cells, control, "--control") if control else None
    try:
        found = answer(days, counts, day, plan, sizes, others, settings.load().today())
    except EffectError as problem:
        raise Unreadable(str(problem)) from None
    typer.echo(as_json(found) if format is Format.json else as_text(found, count), nl=False)


def answer(
    days: list[date],
    counts: Floats,
    intervention: date,
    plan: Plan,
    exposure: Floats | None,
    control: Floats | None,
    today: date,
) -> Answer:
    """Fit and, where there is a control that can be used, its ratio. Raises :class:`EffectError`."""
    data = series(days, counts, intervention, exposure=exposure)
    data, said = finished(data, today)
    fit = interrupted(data, plan)
    warnings = [*said, *fit.warnings]
    if control is None:
        return Answer(fit, None, tuple(warnings))
    beside = dict(zip((number_of(data, day) for day in days), control, strict=True))
    try:
        ratio = against_control(data, np.array([beside[int(number)] for number in data.index]), plan)
    except EffectError as problem:
        warnings.append(f"The control cannot be used, so there is no ratio to it. {problem}")
        return Answer(fit, None, tuple(warnings))
    return Answer(fit, ratio, (*warnings, *ratio.warnings))


def finished(data: Series, today: date) -> tuple[Series, list[str]]:
    """Without a last period that is not over on ``today``; and what to say about it.

    A series that runs on past today is no record of what happened: it is taken as it stands, and that is said.
    """
    last, now = int(data.index[-1]), number_of(data, today)
    if last > now:
        return data, [f"The series runs past today ({today}): its later {data.every}s are taken as they stand."]
    if last < now:
        return data, []
    begun = period_start(data, last)
    return only(data, data.index < last), [f"The {data.every} that began on {begun} is not over and was left out."]


# --- how it is told --------------------------------------------------------------------------------------


def as_json(found: Answer) -> str:
    """The names that scripts rely on; a limit that is not finite is null."""
    fit, control = found.fit, found.control
    told: dict[str, Any] = {
        "scale": fit.scale,
        **_limits(fit.step),
        "p_value": fit.step.p_value,
        "slope_change": _limits(fit.slope_change) if fit.slope_change else None,
        "average_effect": _limits(fit.average_effect),
        "control_ratio": {**_limits(control.ratio), "p_value": control.ratio.p_value} if control else None,
        "control_step": {**_limits(control.control), "p_value": control.control.p_value} if control else None,
        "dispersion": fit.dispersion,
        "alpha": fit.alpha,
        "durbin_watson": fit.durbin_watson,
        "ljung_box_p": fit.ljung_box_p,
        "n_before": fit.n_before,
        "n_after": fit.n_after,
        "every": fit.design.series.every,
        "family": fit.plan.family,
        "se": fit.errors_used,
        "lag": fit.lag if fit.errors_used == "newey-west" else None,
        "detectable_ratio": _detectable(fit),
        "warnings": list(found.warnings),
    }
    return json.dumps({name: _plain(value) for name, value in told.items()}, ensure_ascii=False, indent=2) + "\n"


def _limits(interval: Interval) -> dict[str, float]:
    return {"estimate": interval.estimate, "ci_low": interval.low, "ci_high": interval.high}


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _detectable(fit: Fit) -> float | None:
    return detectable(fit) if fit.scale == "ratio" else None


def as_text(found: Answer, name: str) -> str:
    """The same to read."""
    fit, control = found.fit, found.control
    data, ratio = fit.design.series, fit.scale == "ratio"
    rows = [(f"{'Ratio' if ratio else 'Difference'} at the intervention", fit.step)]
    if fit.slope_change:
        rows.append((f"Slope change per {data.every}{' (log ratio)' if ratio else ''}", fit.slope_change))
        rows.append(("Mean effect over the follow-up", fit.average_effect))
    if control:
        rows += [
            ("The control's own", control.control),
            ("Ratio to the control" if ratio else "Difference to the control", control.ratio),
        ]
    width = max(len(label) for label, _ in rows)
    lines = [
        _sentence(fit, name),
        "",
        f"{'':<{width}}  {'estimate':>10}  {'95 % interval':>24}  {'p':>8}",
        *(
            f"{label:<{width}}  {_short(i.estimate):>10}  {_short(i.low) + ' to ' + _short(i.high):>24}  {_p(i):>8}"
            for label, i in rows
        ),
        "",
        f"{fit.n_before} {data.every}s before, {fit.n_after} after; {_model(fit)}",
        f"Dispersion {fit.dispersion:.3f}, Durbin–Watson {fit.durbin_watson:.2f}"
        + (f", Ljung–Box p {fit.ljung_box_p:.3f}" if fit.ljung_box_p is not None else ""),
    ]
    smallest = _detectable(fit)
    if smallest is not None:
        lines.append(f"The smallest fall that would be seen four times out of five: {100 * (1 - smallest):.0f} %.")
    return "\n".join([*lines, *(f"Note: {sentence}" for sentence in found.warnings)]) + "\n"


def _sentence(fit: Fit, name: str) -> str:
    step, nothing = fit.step, 1.0 if fit.scale == "ratio" else 0.0
    size = f"{100 * abs(1 - step.estimate):.0f} %" if fit.scale == "ratio" else _short(abs(step.estimate))
    side = "below" if step.estimate < nothing else "above"
    change = "inside" if step.low <= nothing <= step.high else "outside"
    return (
        f"At the intervention {name} stands {size} {side} what the earlier trend predicts;"
        f" “no change” lies {change} the 95 % interval."
    )


def _model(fit: Fit) -> str:
    plan = fit.plan
    pairs = plan.season if SEASON[fit.design.series.every] else 0
    parts = [plan.family, f"{pairs} harmonic pair{'' if pairs == 1 else 's'}" if pairs else "no season"]
    errors = f"Newey–West errors, lag {fit.lag}" if fit.errors_used == "newey-west" else "model-based errors"
    return ", ".join([*parts, *(["break lines"] if plan.breaks else []), errors]) + "."


def _short(value: float) -> str:
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3f}" if abs(value) >= 0.01 else f"{value:.5f}"


def _p(interval: Interval) -> str:
    return "< 0.001" if interval.p_value < 0.001 else f"{interval.p_value:.3f}"
