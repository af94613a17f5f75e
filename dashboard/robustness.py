"""Does the answer hang on a choice? One analysis under each reasonable choice, and where nothing happened.

Series and plans in, frozen dataclasses out. Labels are keys for the caller to put into words. Besides the
choices that a caller hands in (window, subject, institutions: other series), the engine varies its own: the
launch period, the season, a slope change; it leaves out each period in turn, and it pretends other start dates
before the real one (placebo tests: nothing happened there, so about one in twenty may look like a change).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal

from dashboard.effects import Interval, Plan, estimated
from dashboard.periods import EffectError, Series, only

Kind = Literal["specified", "choice", "left_out", "placebo"]
Reading = Literal["below", "above", "neither"]

PLACEBO_BEFORE, PLACEBO_AFTER = 12, 6
"""Periods that a pretended start needs on each side."""
SEASONS = (0, 1, 2)


@dataclass(frozen=True, slots=True)
class Choice:
    """One way to carry the analysis out. ``label`` is unique among the choices, e.g. "window_180"."""

    label: str
    series: Series
    plan: Plan


@dataclass(frozen=True, slots=True)
class Answer:
    """What one choice says. Without an estimate ``step`` is None and ``problem`` says why in a sentence."""

    kind: Kind
    label: str
    """The choice's; for ``left_out`` and ``placebo`` these words themselves."""
    period: date | None
    """The period left out, or the pretended first period; None for a choice."""
    step: Interval | None
    """The effect, ratio or difference (with a slope change: the mean effect over the follow-up)."""
    n_before: int
    n_after: int
    problem: str = ""

    def reads(self, nothing: float = 1.0) -> Reading:
        """Which side of "no change" the whole interval lies on."""
        if self.step is None or self.step.low <= nothing <= self.step.high:
            return "neither"
        return "below" if self.step.high < nothing else "above"


@dataclass(frozen=True, slots=True)
class Robustness:
    """All answers: the pre-specified one first, then choices, left-out periods, placebo starts, each in order."""

    answers: tuple[Answer, ...]
    nothing: float
    """"No change" on this scale: 1 for ratios, 0 for differences."""

    @property
    def specified(self) -> Answer:
        return self.answers[0]

    def of(self, kind: Kind) -> tuple[Answer, ...]:
        return tuple(answer for answer in self.answers if answer.kind == kind)

    def agreeing(self, kind: Kind = "choice") -> tuple[int, int]:
        """(how many of them read as the pre-specified one does, how many could be estimated)."""
        told = [answer for answer in self.of(kind) if answer.step is not None]
        reading = self.specified.reads(self.nothing)
        return sum(answer.reads(self.nothing) == reading for answer in told), len(told)

    def moved(self) -> tuple[int, int]:
        """(placebo starts that look like a change though nothing happened, how many could be tested)."""
        told = [answer for answer in self.of("placebo") if answer.step is not None]
        return sum(answer.reads(self.nothing) != "neither" for answer in told), len(told)

    def span(self, kind: Kind = "choice") -> tuple[float, float] | None:
        """Smallest and largest estimate among the pre-specified one and those of ``kind``."""
        steps = [answer.step.estimate for answer in (self.specified, *self.of(kind)) if answer.step is not None]
        return (min(steps), max(steps)) if steps else None


def robustness(
    specified: Choice, others: Sequence[Choice] = (), *, placebos: bool = True, leave_out: bool = True
) -> Robustness:
    """The pre-specified analysis beside every other choice. Never raises for data: an answer says its problem."""
    own = [choice for choice in variations(specified) if choice.label not in {other.label for other in others}]
    answers = [answered("specified", specified)]
    answers += [answered("choice", choice) for choice in (*others, *own)]
    if leave_out:
        answers += left_out(specified)
    if placebos:
        answers += placebo(specified)
    return Robustness(tuple(answers), 0.0 if specified.plan.family == "gaussian" else 1.0)


def variations(specified: Choice) -> Iterator[Choice]:
    """The plan's own alternatives: launch_include or launch_exclude, season_0 to season_2, slope or no_slope."""
    series, plan = specified.series, specified.plan
    launch = "include" if plan.launch == "exclude" else "exclude"
    yield Choice(f"launch_{launch}", series, replace(plan, launch=launch))
    for season in SEASONS:
        if season != plan.season:
            yield Choice(f"season_{season}", series, replace(plan, season=season))
    yield Choice("no_slope" if plan.slope else "slope", series, replace(plan, slope=not plan.slope))


def answered(kind: Kind, choice: Choice, period: date | None = None) -> Answer:
    """Fit one choice."""
    index, launch = choice.series.index, choice.series.launch
    before, after = int((index < launch).sum()), int((index > launch - (choice.plan.launch == "include")).sum())
    try:
        fit = estimated(choice.series, choice.plan)
    except EffectError as problem:
        return Answer(kind, choice.label, period, None, before, after, str(problem))
    return Answer(kind, choice.label, period, fit.average_effect, fit.n_before, fit.n_after)


def left_out(specified: Choice) -> list[Answer]:
    """The same plan without each period in turn (a launch period that the plan drops is not one of them)."""
    series = specified.series
    used = series.index != series.launch if specified.plan.launch == "exclude" else series.index == series.index
    return [
        answered("left_out", replace(specified, label="left_out", series=only(series, series.index != number)), start)
        for number, start, taken in zip(series.index, series.starts, used, strict=True)
        if taken
    ]


def placebo(specified: Choice) -> list[Answer]:
    """Pretended starts before the real one, each with at most as long a follow-up as the real one has."""
    series, plan = specified.series, specified.plan
    history = only(series, series.index < series.launch)
    longest = max(PLACEBO_AFTER, int((series.index > series.launch).sum()))
    found: list[Answer] = []
    for number, start in zip(history.index, history.starts, strict=True):
        kept = only(history, history.index <= number + longest)
        before, after = (kept.index < number).sum(), (kept.index > number).sum()
        if before >= PLACEBO_BEFORE and after >= PLACEBO_AFTER:
            pretended = Choice("placebo", replace(kept, launch=int(number)), plan)
            found.append(answered("placebo", pretended, start))
    return found
