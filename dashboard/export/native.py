"""Result → what a chart of an office program is made of: categories, series, a number format.

Every number is a cell of the Result's table; a hidden or missing one is a gap, and its category says so. What is
no cell (the day the pilot began, "no change") is a series of its own, whose ``column`` is empty.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Literal

from dashboard import words
from dashboard.charts import axes
from dashboard.charts.rows import Rows, Values, where
from dashboard.charts.theme import LIGHT
from dashboard.model import Measure, Result
from db.cells import harmless
from db.vocab import Lang, text

Style = Literal["solid", "points", "dash", "limit", "bar", "launch", "upright"]
FORMATS: Mapping[axes.Kind, str] = {"money": '"$"#,##0', "percent": "0 %", "number": "#,##0"}
FINE = "#,##0.0#"
LARGE = 20
"""From here on a number is shown without decimals; its cell keeps them."""
MOST = 16
"""Points with a name each that a plane has room for; more of them are a table."""
OBSERVED, EXPECTED, PILOT, ATTENTION, BAND = (
    color.lstrip("#") for color in (LIGHT.observed, LIGHT.expected, LIGHT.pilot, LIGHT.attention, "#C9CCCF")
)


@dataclass(frozen=True, slots=True)
class Series:
    """One series. ``column``: whose cells ``values`` are; empty for a mark that is no figure."""

    name: str
    values: Values
    color: str
    style: Style = "solid"
    column: str = ""
    low: Values | None = None
    high: Values | None = None
    """Limits of the interval around each value, drawn as error bars."""
    across: Values | None = None
    """Of points in a plane: where each stands from left to right."""


@dataclass(frozen=True, slots=True)
class Chart:
    """``bar`` lies, ``column`` stands, ``line`` runs over its categories, ``plane`` has numbers on both axes."""

    kind: Literal["bar", "column", "line", "plane"]
    categories: tuple[str, ...]
    series: tuple[Series, ...]
    number_format: str
    low: float
    top: float
    step: float
    unit: str = ""


def native(result: Result, measure: Measure) -> Chart | None:
    """The chart of ``result``; None where office programs have no such form (a heat map), or it would be crowded."""
    form = PLANS.get(str(measure.chart))
    if form is None or not len(result.table):
        return None
    lang: Lang = "es" if result.filters.lang == "es" else "en"
    made = form(Plan(result, Rows(result), text(f"measure.{measure.key}.unit", lang), lang))
    crowded = made.kind == "plane" and len(made.series) > MOST
    return made if made.series and not crowded else None


@dataclass(frozen=True, slots=True)
class Plan:
    """What the forms below read."""

    result: Result
    rows: Rows
    unit: str
    lang: Lang

    @property
    def kind(self) -> axes.Kind:
        """Of a table with shares the values are counts, even of a measure stated in %."""
        found = axes.kind_of(self.unit)
        return "number" if found == "percent" and self.rows.has("share") else found

    def name(self, column: str) -> str:
        return str(harmless(str(self.result.columns.get(column, column))))

    def cells(self, column: str, color: str, style: Style = "solid", keep: list[bool] | None = None) -> Series:
        """The series of one column; ``keep`` says which rows it has."""
        values = self.rows.values(column)
        return Series(self.name(column), values if keep is None else where(values, keep), color, style, column)

    def names(self, column: str) -> list[str]:
        """The text cells of a column, each with "(hidden)" where its row hides something."""
        by = self.rows.texts("by")
        parts = [f"{part}: " if part and len(set(by)) > 1 else "" for part in by]
        cells = zip(parts, self.rows.texts(column), self.rows.hidden, strict=True)
        return [str(harmless(f"{part}{cell}{self._gone(gone)}")) for part, cell, gone in cells]

    def periods(self, column: str) -> list[str]:
        """The periods of a series in words, with what must be known of each: hidden, provisional, not over."""
        days, status = self.rows.days(column), self.rows.texts("status")
        said = _by(days, str(self.result.marks.get("grain", "")))
        states = [f" ({text(f'status.{s}', self.lang)})" if s in ("provisional", "unfinished") else "" for s in status]
        cells = zip(days, states, self.rows.hidden, strict=True)
        return [f"{said(day, self.lang)}{self._gone(gone) or state}" for day, state, gone in cells]

    def _gone(self, gone: bool) -> str:
        return f" ({text('chart.hidden', self.lang)})" if gone else ""

    def made(
        self, kind: Literal["bar", "column", "line"], names: list[str], *series: Series, shape: axes.Kind | None = None
    ) -> Chart:
        """The chart of ``series`` that have a value, on an axis from zero that holds them all."""
        shown = [s for s in series if any(v is not None for v in s.values)]
        seen = [v for s in shown for some in (s.values, s.low or (), s.high or ()) for v in some if v is not None]
        low, top, step = _axis(seen)
        if kind == "line":
            shown += self._launch(names, top)
        own = shape or self.kind
        fine = own == "number" and max(seen, default=0) < LARGE and any(v != int(v) for v in seen)
        code = FINE if fine else FORMATS[own]
        return Chart(kind, tuple(names), tuple(shown), code, low, top, step, self.unit if own == "number" else "")

    def _launch(self, names: list[str], top: float) -> list[Series]:
        """A mark as high as the axis on the category that holds the pilot's first day."""
        launch = self.result.marks.get("launch")
        column = next((c for c in ("week", "month", "date", "period") if self.rows.has(c)), None)
        if launch is None or column is None:
            return []
        before = [k for k, day in enumerate(self.rows.days(column)) if day <= axes.as_day(launch)]
        if not before:
            return []
        values: Values = [top if k == before[-1] else None for k in range(len(names))]
        return [Series(text("file.from_here", self.lang), values, PILOT, "launch")]

    def level(self, key: str, value: object, count: int) -> list[Series]:
        """A straight line: the budget, the target."""
        if not isinstance(value, int | float):
            return []
        return [Series(text(f"file.{key}", self.lang), [float(value)] * count, ATTENTION, "dash")]


def _by(days: list[date], grain: str) -> Callable[[date, str], str]:
    if grain == "quarter":
        return words.quarter
    months = all(day.day == 1 for day in days) and all((b - a).days > 27 for a, b in pairwise(days))
    return words.month if grain == "month" or (months and len(days) > 1) else words.day


def _axis(seen: list[float]) -> tuple[float, float, float]:
    """(foot, top, step) of a value axis that holds ``seen`` and zero."""
    top, low = max([*seen, 0.0]), min([*seen, 0.0])
    step = axes.nice_step((top - low) * 1.04 or 1.0, 5)
    return -step * -(low // step) if low < 0 else 0.0, step * -(-(top * 1.02 or step) // step), step


# --- forms -----------------------------------------------------------------------------------------------


def bars(plan: Plan) -> Chart:
    main = plan.cells("value", OBSERVED, "bar")
    if plan.rows.has("low") and plan.rows.has("high"):
        sure = [v is not None for v in main.values]
        low, high = where(plan.rows.values("low"), sure), where(plan.rows.values("high"), sure)
        main = Series(main.name, main.values, OBSERVED, "bar", "value", low, high)
    return plan.made("bar", plan.names("group"), main)


def compare(plan: Plan) -> Chart:
    both = plan.cells("value", OBSERVED, "bar"), plan.cells("before", EXPECTED, "bar")
    return plan.made("bar", plan.names("group"), *both)


def ladder(plan: Plan) -> Chart:
    both = plan.cells("value", OBSERVED, "bar"), plan.cells("lost", EXPECTED, "bar")
    return plan.made("bar", plan.names("step"), *both)


def bullets(plan: Plan) -> Chart:
    colors = {"budget": BAND, "obligated": EXPECTED, "spent": OBSERVED, "pending": ATTENTION}
    return plan.made("bar", plan.names("group"), *(plan.cells(c, ink, "bar") for c, ink in colors.items()))


def clock(plan: Plan) -> Chart:
    return plan.made("bar", plan.names("group"), plan.cells("value", OBSERVED, "bar"), shape="percent")


def options(plan: Plan) -> Chart:
    """Whole fiscal years, as the picture has them."""
    whole = [months is None or months == 12 for months in plan.rows.values("months")]
    heads = zip(plan.rows.texts("scenario"), plan.names("period"), whole, strict=True)
    names = [str(harmless(f"{option} · {period}")) for option, period, keep in heads if keep]
    both = [plan.cells(c, ink, "bar") for c, ink in (("cost", EXPECTED), ("funding", PILOT))]
    kept = [[v for v, keep in zip(s.values, whole, strict=True) if keep] for s in both]
    cut = [Series(s.name, values, s.color, "bar", s.column) for s, values in zip(both, kept, strict=True)]
    return plan.made("bar", names, *cut, shape="money")


def staffed(plan: Plan) -> Chart:
    """The hours of the day: all calls, and those that each option finds on shift."""
    options = list(dict.fromkeys(plan.rows.texts("scenario")))
    mine = {option: [name == option for name in plan.rows.texts("scenario")] for option in options}
    colors = [color.lstrip("#") for color in LIGHT.categorical]
    cut: list[Series] = []
    for k, option in enumerate(options):
        for column in ("calls", "covered")[1 if k else 0 :]:
            values = [v for v, keep in zip(plan.rows.values(column), mine[option], strict=True) if keep]
            color = EXPECTED if column == "calls" else colors[k % len(colors)]
            name = plan.name("calls") if column == "calls" else str(harmless(option))
            cut.append(Series(name, values, color, "dash" if column == "calls" else "solid", column))
    first = mine[options[0]]
    hours = [f"{int(hour or 0)}:00" for hour, keep in zip(plan.rows.values("hour"), first, strict=True) if keep]
    return plan.made("line", hours, *cut, shape="number")


def caseload(plan: Plan) -> Chart:
    limits = (plan.cells(c, BAND, "limit") for c in ("band_low", "band_high"))
    flows = plan.cells("opened", PILOT, "dash"), plan.cells("closed", EXPECTED, "dash")
    inactive = plan.cells("inactive", ATTENTION, "dash")
    return plan.made("line", plan.periods("week"), *limits, *flows, inactive, plan.cells("open", OBSERVED))


def flow(plan: Plan) -> Chart:
    colors = {"received": EXPECTED, "contacted": OBSERVED, "connected": PILOT}
    return plan.made("line", plan.periods("week"), *(plan.cells(c, ink) for c, ink in colors.items()))


def series(plan: Plan) -> Chart:
    count = len(plan.rows)
    limits = (plan.cells(c, BAND, "limit") for c in ("low", "high"))
    target = plan.level("target", plan.result.marks.get("target"), count)
    return plan.made("line", plan.periods("period"), *limits, *target, plan.cells("value", OBSERVED))


def effect(plan: Plan) -> Chart:
    """The month of the launch is a point of its own, joined to none."""
    aside = [phase == "launch" for phase in plan.rows.texts("phase")]
    apart = plan.cells("observed", OBSERVED, "points", aside)
    name = f"{plan.name('observed')}, {text('chart.left_out', plan.lang)}"
    limits = (plan.cells(c, BAND, "limit") for c in ("low", "high"))
    return plan.made(
        "line",
        plan.periods("month"),
        *limits,
        plan.cells("expected", EXPECTED, "dash"),
        Series(name, apart.values, OBSERVED, "points", "observed"),
        plan.cells("observed", OBSERVED, keep=[not yes for yes in aside]),
    )


def burn(plan: Plan) -> Chart:
    limits = (plan.cells(c, BAND, "limit") for c in ("projected_low", "projected_high"))
    budget = plan.level("budget", plan.result.marks.get("budget"), len(plan.rows))
    lines = plan.cells("plan", EXPECTED, "dash"), plan.cells("projected", OBSERVED, "dash")
    return plan.made("line", plan.periods("date"), *limits, *budget, *lines, plan.cells("spent", OBSERVED))


def cost(plan: Plan) -> Chart:
    return plan.made("line", plan.periods("period"), plan.cells("value", OBSERVED), shape="money")


def detect(plan: Plan) -> Chart:
    ratio = plan.result.marks.get("target_ratio")
    target = plan.level("target", None if ratio is None else 1 - float(ratio), len(plan.rows))
    return plan.made("line", plan.periods("month"), *target, plan.cells("fall", OBSERVED), shape="percent")


def residuals(plan: Plan) -> Chart:
    sides = [[phase == side for phase in plan.rows.texts("phase")] for side in ("before", "after")]
    cut = []
    for side, keep, color in zip(("before", "after"), sides, (OBSERVED, PILOT), strict=True):
        one = plan.cells("value", color, "points", keep)
        cut.append(Series(text(f"status.{side}", plan.lang), one.values, color, "points", "value"))
    return plan.made("line", plan.periods("month"), *cut, shape="number")


def forest(plan: Plan) -> Chart:
    """One point a choice with its interval, from the top; ratios from left to right, "no change" upright."""
    rows, column = plan.rows, "ratio" if plan.rows.has("ratio") else "value"
    value, low, high, names = rows.values(column), rows.values("low"), rows.values("high"), plan.names("group")
    shown = [k for k, v in enumerate(value) if v is not None]
    points = []
    for place, k in enumerate(shown):
        main = rows.texts("kind")[k] == "specified"
        limits = ([low[k]], [high[k]]) if low[k] is not None and high[k] is not None else (None, None)
        ink = OBSERVED if main else EXPECTED
        points.append(Series(names[k], [float(len(shown) - place)], ink, "points", column, *limits, across=[value[k]]))
    ends: Values = [0.0, len(shown) + 1.0]
    uprights = [Series(text("file.no_change", plan.lang), ends, EXPECTED, "upright", across=[1.0, 1.0])]
    target = plan.result.marks.get("target_ratio")
    if isinstance(target, int | float):
        across: Values = [float(target)] * 2
        uprights.append(Series(text("file.target", plan.lang), ends, ATTENTION, "upright", across=across))
    return Chart("plane", (), (*points, *uprights), "0.00", 0.0, len(shown) + 1.0, 1.0, plan.unit)


PLANS: Mapping[str, Callable[[Plan], Chart]] = {
    "bars": bars,
    "bullets": bullets,
    "burn": burn,
    "caseload": caseload,
    "clock": clock,
    "compare": compare,
    "cost": cost,
    "detect": detect,
    "effect": effect,
    "flow": flow,
    "forest": forest,
    "ladder": ladder,
    "options": options,
    "residuals": residuals,
    "series": series,
    "staffed": staffed,
}
"""Every form of chart but the heat map, which becomes a table of shaded cells."""
