"""What a load did, or would do, and what looks suspicious about the file: said, never swallowed."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np

from db.cad.read import NO_TYPE, Parsed, Refusal, Rows

EPOCH = date(1970, 1, 1)
BUSY = 10
"""Calls on a middling day from which on a day without any call is a gap, not a quiet day."""
FAR = 30
"""Days between calls from which a few of them stand apart."""


@dataclass(frozen=True, slots=True)
class ImportReport:
    """Rows read = kept + merged + already there + refused. ``kept`` counts new calls."""

    file_name: str
    rows_read: int
    kept: int
    merged: int
    already_there: int
    refused: tuple[Refusal, ...]
    warnings: tuple[str, ...]
    mapping: Mapping[str, Sequence[str]]
    first_day: date | None
    last_day: date | None
    dry_run: bool = False
    import_id: int | None = None
    """None where nothing was stored."""

    @property
    def reasons(self) -> dict[str, int]:
        """Refused rows by reason, the cell's value left out, commonest first."""
        return dict(Counter(_kind(refusal.reason) for refusal in self.refused).most_common())

    def as_json(self) -> dict[str, Any]:
        """For scripts; ``added`` is another name of ``kept``."""
        return {
            "file": self.file_name,
            "dry_run": self.dry_run,
            "import_id": self.import_id,
            "rows_read": self.rows_read,
            "kept": self.kept,
            "added": self.kept,
            "merged": self.merged,
            "already_there": self.already_there,
            "refused": len(self.refused),
            "reasons": self.reasons,
            "refusals": [{"line": refusal.line, "reason": refusal.reason} for refusal in self.refused],
            "warnings": list(self.warnings),
            "mapping": {name: list(columns) for name, columns in self.mapping.items()},
            "first_day": self.first_day.isoformat() if self.first_day else None,
            "last_day": self.last_day.isoformat() if self.last_day else None,
        }

    def sentence(self) -> str:
        """One sentence for the person who loaded it."""
        verb = "would be added" if self.dry_run else "added"
        if not self.kept and self.already_there:
            return f"Nothing new: all {self.already_there:,} calls of {self.file_name} are already there."
        parts = [f"{self.rows_read:,} rows read", f"{self.kept:,} {'call' if self.kept == 1 else 'calls'} {verb}"]
        parts += [f"{self.merged:,} {'row' if self.merged == 1 else 'rows'} merged"] if self.merged else []
        parts += [f"{self.already_there:,} already there"] if self.already_there else []
        parts += [f"{len(self.refused):,} refused"]
        return f"{', '.join(parts)}."


def _kind(reason: str) -> str:
    head, quote, rest = reason.partition("“")
    return f"{head}…{rest.partition('”')[2]}" if quote else reason


def day_text(day: date) -> str:
    return f"{day.day} {day:%b %Y}"


def _day(number: Any) -> date:
    return EPOCH + timedelta(days=int(number))


def suspicions(parsed: Parsed, today: date) -> list[str]:
    """Sentences about gaps, spikes, a cut last month, dates to come, and blanks, over the readable rows."""
    calls = parsed.calls
    days, counts = np.unique(calls.day, return_counts=True)
    said = [*parsed.notes, *_cut_off(parsed), *_gaps(days, counts), *_islands(days, counts), *_spikes(days, counts)]
    last = _day(days[-1])
    if (last + timedelta(days=1)).month == last.month and len(days) > 1:
        said.append(f"The last month is partial: the file ends on {day_text(last)}.")
    if ahead := int(counts[days > (today - EPOCH).days].sum()):
        calls_are = "1 call is" if ahead == 1 else f"{ahead:,} calls are"
        said.append(f"{calls_are} dated after today ({day_text(today)}); the last one {day_text(last)}.")
    return said + _blanks(calls, parsed)


def missing_days(days: np.ndarray, counts: np.ndarray) -> list[tuple[int, int]]:
    """Runs of days (first, last, as numbers) without a single call, where a middling day has at least ``BUSY``."""
    if len(days) < 3 or np.median(counts) < BUSY:
        return []
    jumps = np.flatnonzero(np.diff(days) > 1)
    return [(int(days[k]) + 1, int(days[k + 1]) - 1) for k in jumps]


def _gaps(days: np.ndarray, counts: np.ndarray) -> list[str]:
    runs = missing_days(days, counts)
    if not runs:
        return []
    total = sum(last - first + 1 for first, last in runs)
    longest = sorted(sorted(runs, key=lambda run: run[0] - run[1])[:3])
    named = "; ".join(
        day_text(_day(first)) if first == last else f"{day_text(_day(first))} to {day_text(_day(last))}"
        for first, last in longest
    )
    more = f", and {len(runs) - 3} more" if len(runs) > 3 else ""
    return [f"{total:,} days have no call at all ({named}{more}): they count as missing, not as zero."]


def _islands(days: np.ndarray, counts: np.ndarray) -> list[str]:
    """Days far from all others with a sliver of the calls: a wrong date, more often than a start."""
    edges = np.flatnonzero(np.diff(days, prepend=days[0] - FAR) >= FAR)
    sizes = np.add.reduceat(counts, edges)
    slivers = np.flatnonzero(sizes * 100 < counts.sum()) if len(edges) > 1 else np.empty(0, int)
    return [
        f"{sizes[k]:,} calls lie at {day_text(_day(days[edges[k]]))}, {FAR} days or more away from the others. "
        "Check their dates."
        for k in slivers[:3].tolist()
    ]


def _spikes(days: np.ndarray, counts: np.ndarray) -> list[str]:
    middle = float(np.median(counts))
    high = np.flatnonzero((counts > 50) & (counts > 4 * middle)) if len(days) > 6 else np.empty(0, int)
    return [
        f"{counts[k]:,} calls are dated {day_text(_day(days[k]))}; a middling day has {middle:,.0f}."
        for k in high[np.argsort(-counts[high])][:3].tolist()
    ]


def _cut_off(parsed: Parsed) -> list[str]:
    said = []
    if parsed.rows_read in (65_535, 65_536, 1_048_575, 1_048_576):
        said.append(
            f"The file has exactly {parsed.rows_read:,} rows, Excel's limit: the rest was probably cut off. "
            "Ask for a CSV export."
        )
    if len(parsed.calls) > 20 and _same_clock(parsed.calls) > len(parsed.calls) // 2:
        said.append("Most calls have the same time of day: the received column may hold dates only.")
    return said


def _same_clock(calls: Rows) -> int:
    """Rows at the file's commonest time of day (UTC, either side of a daylight saving change)."""
    clocks, counts = np.unique(calls.utc % 86_400, return_counts=True)
    common = clocks[counts.argmax()]
    return int(counts[np.isin((clocks - common) % 86_400, (0, 3_600, 82_800))].sum())


def _blanks(calls: Rows, parsed: Parsed) -> list[str]:
    said = []
    blank = int((calls.location < 0).sum())
    if not parsed.places and not parsed.persons:
        said.append("No location and no person key: repeat calls cannot be counted from this file.")
    elif parsed.places and blank:
        said.append(f"{100 * blank / len(calls):.1f} % have no location ({blank:,} calls).")
    if NO_TYPE in parsed.types:
        untyped = int((calls.type == parsed.types.index(NO_TYPE)).sum())
        said.append(f"Calls without a type are kept as “{NO_TYPE}”: {untyped:,}.")
    return said
