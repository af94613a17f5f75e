"""What a change of the pre-specified analysis asks: all of it anew, and why."""

from typing import Annotated, ClassVar

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints

from db.forms import Form, blank_is_none

LAST_MONTH = 36
WINDOWS = (30, 90, 180, 365)


def in_order(months: tuple[int, ...]) -> tuple[int, ...]:
    """The months sorted, each once. ValueError where there is none."""
    if not months:
        raise ValueError("Name at least one month of verdict, like 6, 9 and 12.")
    return tuple(sorted(set(months)))


def kept(window: int) -> int:
    """ValueError for a window whose repeat calls are not kept counted."""
    if window not in WINDOWS:
        raise ValueError(f"A window of {window} days is not counted. Choose 30, 90, 180 or 365 days.")
    return window


class EffectPlanForm(Form):
    """The plan as it is to be from now on. ``fall_percent``: the fall in repeat calls that the pilot aims at."""

    ask: ClassVar = {"reason": "Say why the plan is changed: it is shown beside every answer from now on."}

    window_days: Annotated[int, AfterValidator(kept)] = 90
    fall_percent: Annotated[float, Field(gt=0, lt=100)] = 20.0
    verdict_months: Annotated[tuple[Annotated[int, Field(ge=1, le=LAST_MONTH)], ...], AfterValidator(in_order)] = (
        6,
        9,
        12,
    )
    """Full months after the start on which a verdict is due."""
    reason: Annotated[str, BeforeValidator(blank_is_none), StringConstraints(max_length=200)]
