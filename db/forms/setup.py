"""What setting up a real pilot asks: the pilot, its grant, the budget's lines, its targets."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, ClassVar
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints

from db.forms import Form, Now, blank_is_none, day
from db.forms.money import Amount

HISTORY_MONTHS = 39
"""Months of calls before the first day that the analysis asks for (36 of them judged)."""


def months_before(day: date, months: int) -> date:
    """The first of the month ``months`` calendar months before ``day``'s."""
    index = day.year * 12 + day.month - 1 - months
    return date(index // 12, index % 12 + 1, 1)


def years_after(day: date, years: int) -> date:
    """The same day ``years`` later; 29 February becomes the 28th."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return day.replace(year=day.year + years, day=28)


def records_kept_until(expend_by: date) -> date:
    """The federal default: the later of 31 Dec 2031 and five years after the last day to spend."""
    return max(date(2031, 12, 31), years_after(expend_by, 5))


def known_zone(name: str) -> str:
    """ValueError for what is no IANA time zone."""
    if name not in available_timezones():
        raise ValueError(f"“{name}” is not a time zone. Write one like America/New_York.")
    ZoneInfo(name)
    return name


def read_pairs(value: Any) -> Any:
    """``("Benefits=18,000", …)`` → ``(("Benefits", "18,000"), …)``. ValueError where there is no equals sign."""
    pairs = []
    for item in value:
        if isinstance(item, str):
            name, sign, amount = item.rpartition("=")
            if not sign or not name.strip():
                raise ValueError(f"“{item}” is not NAME=VALUE. Write it like “Benefits=18,000”.")
            item = (name.strip(), amount.strip())
        pairs.append(item)
    return tuple(pairs)


Text80 = Annotated[str, BeforeValidator(blank_is_none), StringConstraints(max_length=80)]


class PilotForm(Form):
    """A real pilot, before its first day or after. ``fall_percent``: the fall in repeat calls it aims at."""

    ask: ClassVar = {
        "name": "Write the pilot's name.",
        "city": "Write the city's name.",
        "starts_on": "Write the pilot's first day, like 2026-01-12.",
        "ends_on": "Write the pilot's last day, like 2027-01-11.",
        "grant_name": "Write the grant's name.",
    }

    name: Text80
    city: Text80
    population: Annotated[int, Field(ge=1)] | None = None
    starts_on: date
    ends_on: date
    baseline_starts_on: date
    time_zone: Annotated[str, AfterValidator(known_zone)]
    grant_name: Annotated[str, BeforeValidator(blank_is_none), StringConstraints(max_length=120)]
    amount: Amount
    awarded_on: date
    obligate_by: date
    expend_by: date
    retain_until: date
    lines: Annotated[tuple[tuple[Text80, Amount], ...], BeforeValidator(read_pairs)]
    targets: Annotated[tuple[tuple[str, float], ...], BeforeValidator(read_pairs)] = ()
    """(measure key, value) by the last day."""
    fall_percent: Annotated[float, Field(gt=0, lt=100)] = 20.0
    officer_shifts_per_week: Annotated[int, Field(ge=1, le=10_000)] | None = None
    """Of the whole department: officers' referrals are then also stated per 100 shifts."""

    def contradictions(self, now: Now) -> Iterator[tuple[str, str]]:
        if self.ends_on <= self.starts_on:
            yield "ends_on", f"The last day, {day(self.ends_on)}, is not after the first, {day(self.starts_on)}."
        if self.baseline_starts_on >= self.starts_on:
            yield (
                "baseline_starts_on",
                f"The baseline starts on {day(self.baseline_starts_on)}, which is not before the pilot's first day, "
                f"{day(self.starts_on)}. Give it {HISTORY_MONTHS} months or more.",
            )
        if self.amount <= 0:
            yield "amount", f"A grant of {self.amount:,} pays for nothing. Write its dollars and cents."
        if self.obligate_by < self.awarded_on:
            yield (
                "obligate_by",
                f"The last day to obligate, {day(self.obligate_by)}, is before the award, {day(self.awarded_on)}.",
            )
        if self.expend_by < self.obligate_by:
            yield (
                "expend_by",
                f"The last day to spend, {day(self.expend_by)}, is before the last day to obligate, "
                f"{day(self.obligate_by)}.",
            )
        if self.retain_until < self.expend_by:
            yield (
                "retain_until",
                f"Records would be kept until {day(self.retain_until)}, before the last day to spend, "
                f"{day(self.expend_by)}.",
            )
        yield from self._line_rules()

    def _line_rules(self) -> Iterator[tuple[str, str]]:
        names = [name.casefold() for name, _ in self.lines]
        if not self.lines:
            yield "lines", "The budget has no line. Write at least one, like “Social worker=120,000”."
        if twice := next((name for name, _ in self.lines if names.count(name.casefold()) > 1), None):
            yield "lines", f"The budget line “{twice}” stands twice. Give each line a name of its own."
        if below := next(((name, amount) for name, amount in self.lines if amount < 0), None):
            yield "lines", f"The budget line “{below[0]}” is {below[1]:,}, below zero. Write zero or more."
        total = sum((amount for _, amount in self.lines), Decimal(0))
        if total > self.amount:
            yield (
                "lines",
                f"The budget lines add up to ${total:,}, ${total - self.amount:,} more than the grant of "
                f"${self.amount:,}. Lower a line, or check the grant.",
            )

    def doubts(self, now: Now) -> Iterator[str]:
        total = sum((amount for _, amount in self.lines), Decimal(0))
        if total < self.amount:
            yield f"${self.amount - total:,} of the grant is on no budget line yet."
        if self.baseline_starts_on > months_before(self.starts_on, HISTORY_MONTHS):
            yield (
                f"The baseline starts on {day(self.baseline_starts_on)}: less than the {HISTORY_MONTHS} months of "
                "calls that the analysis of repeat calls asks for."
            )
        if self.ends_on > self.expend_by:
            yield f"The pilot ends on {day(self.ends_on)}, after the grant's last day to spend, {day(self.expend_by)}."
        if now.today >= self.starts_on:
            yield self.frozen_late(now.today)

    def frozen_late(self, today: date) -> str:
        """What is said, and kept with the plan of analysis, when the set-up comes after the first day."""
        return (
            f"The plan of analysis was frozen on {day(today)}, not before the pilot's first day, {day(self.starts_on)}."
        )
