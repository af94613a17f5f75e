"""What the year after the pilot might look like: assumptions as a person types them, refused in one sentence each.

``model_dump(mode="json")`` of :class:`Assumptions` is what the table ``scenario`` keeps; reading it again gives
an equal form, to the cent.
"""

import re
from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Decimal
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, BeforeValidator, StringConstraints

from db.forms import Form, Now, blank_is_none
from db.forms.money import read_amount
from db.hours import Week, joined, total
from db.hours import read as read_hours
from db.vocab import label
from db.vocab.money import FundingKind

CENT = Decimal("0.01")
MOST_FTE = Decimal(20)
"""Full-time equivalents of one post."""
FULL_WEEK = 40
"""Hours a week of one full-time equivalent: the pilot's own shift, Monday to Friday 9 to 17."""
WEEK = 168
PERIODS = 4
"""Amounts of a source: the months to the fiscal year's end, then three whole fiscal years."""
_NUMBER = re.compile(r"(?P<sign>[-−]?)(?P<whole>\d{1,6})(?:\.(?P<rest>\d*))?")


def read_cost(value: Any) -> Decimal:
    """Dollars and cents, zero or more. ValueError, one sentence, for anything else."""
    amount = read_amount(value)
    if amount < 0:
        raise ValueError(f"{value} is below zero. Write dollars and cents without a minus, such as 1,250.00.")
    return amount


def _read(value: Any, what: str, most: Decimal, places: int, unit: str) -> Decimal:
    """A number from 0 to ``most`` with at most ``places`` decimals."""
    text = "" if value is None else str(value).strip().removesuffix(unit).strip()
    if not text:
        raise ValueError(f"The {what} is missing. Write a number, such as 0.5.")
    found = _NUMBER.fullmatch(text)
    if not found:
        raise ValueError(f"“{text}” is not a number. Write the {what} in figures, such as 0.5.")
    if found["sign"]:
        raise ValueError(f"{text} is below zero. Write a {what} of zero or more.")
    if len(found["rest"] or "") > places:
        raise ValueError(f"{text} has {len(found['rest'])} decimals. Write the {what} with {places} at most.")
    number = Decimal(f"{found['whole']}.{found['rest'] or '0'}")
    if number > most:
        raise ValueError(f"{text} is more than {most}, the highest {what} that is taken. Check the figure.")
    return number


def _fte(value: Any) -> Decimal:
    return _read(value, "share of full time (FTE)", MOST_FTE, 2, "FTE")


def _benefits(value: Any) -> Decimal:
    return _read(value, "share for benefits", Decimal(200), 4, "%")


def _rise(value: Any) -> Decimal:
    return _read(value, "yearly increase", Decimal(50), 2, "%")


def _no_nul(value: Any) -> Any:
    return value.replace("\0", "") if isinstance(value, str) else value


def _post_name(value: Any) -> Any:
    if not isinstance(value, str) or not value.replace("\0", "").strip():
        raise ValueError("A post has no name. Write what the post is, or empty its row.")
    return _no_nul(value)


def _hours(value: str) -> str:
    if not value:
        return ""
    week = read_hours(value)
    if week is None:
        raise ValueError(
            f"“{value}” cannot be read as hours. Write them like Mon–Fri 9–17; Sat 10–14, or leave it empty."
        )
    if (minutes := total(week)) > WEEK * 60:
        raise ValueError(
            f"“{value}” adds up to {minutes / 60:g} hours; a week has {WEEK}. Take out what is listed twice."
        )
    return value


Cost = Annotated[Decimal, BeforeValidator(read_cost)]
Hours = Annotated[str, StringConstraints(max_length=200), BeforeValidator(_no_nul), AfterValidator(_hours)]


class Post(Form):
    """A post, and what it costs in a year at full time."""

    name: Annotated[str, StringConstraints(max_length=60), BeforeValidator(_post_name)]
    fte: Annotated[Decimal, BeforeValidator(_fte)]
    yearly: Cost

    @property
    def monthly(self) -> Decimal:
        """Dollars and cents a month at this post's share of full time."""
        return (self.yearly * self.fte / 12).quantize(CENT, ROUND_HALF_UP)


class Source(Form):
    """Who might pay, and how much in each of the ``PERIODS``. One that is not ``counted`` is only kept."""

    kind: FundingKind
    note: Annotated[str, StringConstraints(max_length=60), BeforeValidator(_no_nul)] = ""
    amounts: tuple[Cost, Cost, Cost, Cost]
    counted: bool = True


def _once(sources: tuple[Source, ...]) -> tuple[Source, ...]:
    kinds = [source.kind for source in sources]
    for kind in kinds:
        if kinds.count(kind) > 1:
            raise ValueError(f"“{label(kind)}” stands twice among the sources. Add its amounts up in one row.")
    return sources


class Assumptions(Form):
    """Everything a scenario rests on. Its costs a month are exact sums of what stands here."""

    ask: ClassVar = {"posts": "Name at least one post, or empty all rows."}

    posts: Annotated[tuple[Post, ...], BeforeValidator(lambda posts: tuple(posts or ()))] = ()
    benefits_percent: Annotated[Decimal, BeforeValidator(_benefits)] = Decimal(0)
    """Of the pay of all posts."""
    other_monthly: Cost = Decimal("0.00")
    one_time: Cost = Decimal("0.00")
    """Once, at the start."""
    rise_percent: Annotated[Decimal, BeforeValidator(_rise)] = Decimal(0)
    """From the second whole fiscal year on."""
    hours: Hours = ""
    """When somebody is on shift, as people write it (:mod:`db.hours`); empty: never."""
    funding: Annotated[
        tuple[Source, ...], BeforeValidator(lambda sources: tuple(sources or ())), AfterValidator(_once)
    ] = ()

    @property
    def week(self) -> Week:
        """The staffed hours, without overlaps."""
        return joined(read_hours(self.hours) or ()) if self.hours else ()

    @property
    def fte(self) -> Decimal:
        return sum((post.fte for post in self.posts), Decimal(0))

    @property
    def pay(self) -> Decimal:
        """Dollars and cents a month of all posts."""
        return sum((post.monthly for post in self.posts), Decimal("0.00"))

    @property
    def benefits(self) -> Decimal:
        return (self.pay * self.benefits_percent / 100).quantize(CENT, ROUND_HALF_UP)

    @property
    def monthly(self) -> Decimal:
        """Pay + benefits + other costs, in dollars and cents a month at today's prices."""
        return self.pay + self.benefits + self.other_monthly

    def doubts(self, now: Now | None = None) -> Iterator[str]:
        """What may be right but is worth a look."""
        staffed = Decimal(total(self.week)) / 60
        if staffed > self.fte * FULL_WEEK:
            need = (staffed / FULL_WEEK).quantize(CENT, ROUND_HALF_UP)
            yield (
                f"{staffed.normalize():f} staffed hours a week take {need} FTE at {FULL_WEEK} hours each; "
                f"{self.fte.quantize(CENT)} are paid for."
            )


class ScenarioForm(Form):
    """Assumptions under a name."""

    ask: ClassVar = {"name": "Write a name for this scenario, such as “Add an evening shift”."}

    name: Annotated[str, StringConstraints(max_length=60), BeforeValidator(lambda v: blank_is_none(_no_nul(v)))]
    assumptions: Assumptions
    on_slide: bool = False
