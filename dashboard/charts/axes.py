"""Ticks, their words, and where labels go so that none covers another. Numbers in, numbers out."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Literal

from babel.dates import format_date

from dashboard.words import LOCALE, money, number, percent

Kind = Literal["number", "money", "percent"]
MONEY = ("$", "dollars", "dólares")


def kind_of(unit: str) -> Kind:
    """How values of ``unit`` are written. Percentages are stored as ratios."""
    first = unit.split(",")[0].strip()
    return "percent" if "%" in first else "money" if first.startswith(MONEY) else "number"


def words(value: float, kind: Kind, lang: str, *, step: float | None = None) -> str:
    """ "1,234", "$216,000", "61 %"; as many decimals as ``step`` needs."""
    if kind == "percent":
        return percent(value, lang, 1 if step and step < 0.01 else 0)
    if kind == "money":
        return money(value, lang, cents=step is not None and step < 1)
    return number(value, lang, 0 if step is None or step >= 1 else 1 if step >= 0.1 else 2)


def nice_step(span: float, count: int) -> float:
    """The smallest of 1, 2, 2.5, 5 × 10ⁿ that cuts ``span`` into at most ``count`` parts."""
    if span <= 0:
        return 1.0
    power = 10.0 ** len(str(int(span)))
    steps = [m * power / 10**k for k in range(12) for m in (5, 2.5, 2, 1)]
    return min(s for s in steps if span / s <= count)


def value_ticks(low: float, high: float, kind: Kind, lang: str, count: int = 4) -> tuple[list[float], list[str]]:
    """Ticks from ``low`` (rounded inward) to ``high``; counts get whole numbers only."""
    step = nice_step(high - low, count)
    if kind == "number":
        step = max(step, 1.0) if step != 2.5 else 5.0
    first = -int(-low // step) if low % step else int(low // step)
    ticks = [k * step for k in range(first, int(high / step + 1e-9) + 1)]
    return ticks, [words(t, kind, lang, step=step) for t in ticks]


def month_ticks(first: date, last: date, lang: str, room: int) -> tuple[list[date], list[str]]:
    """First days of months inside the range, at most ``room`` of them; the year stands below, once."""
    starts = _month_starts(first, last)
    if len(starts) < 2:
        return _day_ticks(first, last, lang, room)
    step = next((s for s in (1, 2, 3, 6, 12, 24, 60, 120) if len(starts) / s <= room), 240)
    kept = [d for d in starts if (d.month - 1 + 12 * d.year) % step == 0] or starts[:1]
    if step >= 12:
        return kept, [str(d.year) for d in kept]
    texts = []
    for k, d in enumerate(kept):
        month = format_date(d, "LLL", locale=LOCALE[lang]).rstrip(".")
        texts.append(f"{month}<br>{d.year}" if k == 0 or d.year != kept[k - 1].year else month)
    return kept, texts


def _month_starts(first: date, last: date) -> list[date]:
    months = range(first.year * 12 + first.month - 1, last.year * 12 + last.month)
    days = [date(m // 12, m % 12 + 1, 1) for m in months]
    return [d for d in days if first <= d <= last]


def _day_ticks(first: date, last: date, lang: str, room: int) -> tuple[list[date], list[str]]:
    span = (last - first).days
    step = next((s for s in (1, 7, 14) if span / s < room), 28)
    days = [first + timedelta(days=k) for k in range(0, span + 1, step)]
    return days, [format_date(d, "d MMM", locale=LOCALE[lang]).rstrip(".") for d in days]


def as_day(value: object) -> date:
    """A period column's value (date, Timestamp, datetime, ISO text) as a plain date."""
    if isinstance(value, datetime):
        return value.date()
    return value if isinstance(value, date) else date.fromisoformat(str(value)[:10])


def width_of(text: str, font: int) -> float:
    """About how many pixels the longest line of ``text`` takes in Public Sans."""
    return max(len(line) for line in text.split("<br>")) * font * 0.56


def spread(wanted: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Positions as near to ``wanted`` as can be, in the same order, ≥ ``gap`` apart, inside low…high.

    Neighbours that are too near form a block that shares its displacement. When there is not room
    for all, they are set evenly and the last may pass ``high``.
    """
    order = sorted(range(len(wanted)), key=lambda k: (wanted[k], k))
    blocks: list[list[float]] = []  # each: [sum of (wanted − offset in block), members]
    for k in order:
        blocks.append([wanted[k], 1])
        while len(blocks) > 1 and _place(blocks[-1], gap, low, high) < (
            _place(blocks[-2], gap, low, high) + gap * blocks[-2][1]
        ):
            total, members = blocks.pop()
            blocks[-1][0] += total - gap * blocks[-1][1] * members
            blocks[-1][1] += members
    placed = [0.0] * len(wanted)
    rank = iter(order)
    for block in blocks:
        start = _place(block, gap, low, high)
        for j in range(int(block[1])):
            placed[next(rank)] = start + gap * j
    return placed


def _place(block: Sequence[float], gap: float, low: float, high: float) -> float:
    total, members = block
    return max(low, min(total / members, high - gap * (members - 1)))
