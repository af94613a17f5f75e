"""What a load did, or would do, and what looks suspicious about the file: said, never swallowed."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from db.cad.read import NO_TYPE, Reading, Refusal
from db.vocab import counted

if TYPE_CHECKING:
    from db.cad.gather import Calls, Gathered

EPOCH = date(1970, 1, 1)
BUSY = 10
"""Calls on a middling day from which on a day without any call is a gap, not a quiet day."""
LINES = 20
"""Line numbers told for each reason; all of them stand in the list of refusals."""
FAR = 30
"""Days between calls from which a few of them stand apart."""


@dataclass(frozen=True, slots=True)
class ImportReport:
    """Rows read = kept + merged + already there + refused.

    ``kept`` counts new calls, ``merged`` rows that told of a call another row of the file had, ``updated`` those
    of the calls already there that the file told otherwise.
    """

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
    updated: int = 0

    @property
    def reasons(self) -> dict[str, int]:
        """Refused rows by reason, the cell's value left out, commonest first."""
        return dict(Counter(_kind(refusal.reason) for refusal in self.refused).most_common())

    @property
    def lines(self) -> dict[str, list[int]]:
        """Reason → the lines refused for it, at most :data:`LINES` of them each."""
        found: dict[str, list[int]] = {reason: [] for reason in self.reasons}
        for refusal in self.refused:
            if len(lines := found[_kind(refusal.reason)]) < LINES:
                lines.append(refusal.line)
        return found

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
            "updated": self.updated,
            "refused": len(self.refused),
            "reasons": self.reasons,
            "lines": self.lines,
            "refusals": [{"line": refusal.line, "reason": refusal.reason} for refusal in self.refused],
            "warnings": list(self.warnings),
            "mapping": {name: list(columns) for name, columns in self.mapping.items()},
            "first_day": self.first_day.isoformat() if self.first_day else None,
            "last_day": self.last_day.isoformat() if self.last_day else None,
        }

    def sentence(self) -> str:
        """One sentence for the person who loaded it."""
        verb = "would be added" if self.dry_run else "added"
        if not self.kept and not self.updated and self.already_there:
            there = "the 1 call" if self.already_there == 1 else f"all {self.already_there:,} calls"
            are = "is" if self.already_there == 1 else "are"
            return f"Nothing new: {there} of {self.file_name} {are} already there."
        parts = [
            f"{self.rows_read:,} {'row' if self.rows_read == 1 else 'rows'} read",
            f"{self.kept:,} {'call' if self.kept == 1 else 'calls'} {verb}",
        ]
        parts += [f"{self.merged:,} {'row' if self.merged == 1 else 'rows'} merged"] if self.merged else []
        parts += [f"{self.already_there:,} already there"] if self.already_there else []
        changed = "of them would be changed" if self.dry_run else "of them changed"
        parts += [f"{self.updated:,} {changed}"] if self.updated else []
        parts += [f"{len(self.refused):,} refused"]
        return f"{', '.join(parts)}."


def _kind(reason: str) -> str:
    head, quote, rest = reason.partition("“")
    return f"{head}…{rest.partition('”')[2]}" if quote else reason


def day_text(day: date) -> str:
    return f"{day.day} {day:%b %Y}"


def _day(number: Any) -> date:
    return EPOCH + timedelta(days=int(number))


def suspicions(gathered: "Gathered", today: date) -> list[str]:
    """Sentences about gaps, spikes, odd months, a cut last month, dates to come, and blanks, over the file's calls."""
    calls, reading = gathered.calls, gathered.reading
    days, counts = np.unique(calls.day, return_counts=True)
    said = [*gathered.notes, *_cut_off(calls, reading.rows_read), *_gaps(days, counts), *_islands(days, counts)]
    said += [*_spikes(days, counts), *_odd_months(days, counts)]
    last = _day(days[-1])
    if (last + timedelta(days=1)).month == last.month and len(days) > 1:
        said.append(f"The last month is partial: the file ends on {day_text(last)}.")
    if ahead := int(counts[days > (today - EPOCH).days].sum()):
        calls_are = "1 call is" if ahead == 1 else f"{ahead:,} calls are"
        said.append(f"{calls_are} dated after today ({day_text(today)}); the last one {day_text(last)}.")
    return said + _blanks(calls, reading) + _keyed(calls)


def unseen_types(names: Sequence[str], calls: int) -> list[str]:
    """Codes the database has never seen: harmless in a first load, in a later one a change to know of."""
    if not names:
        return []
    shown = ", ".join(f"“{name}”" for name in sorted(names)[:8])
    more = f" and {len(names) - 8:,} more" if len(names) > 8 else ""
    were = "1 call type was" if len(names) == 1 else f"{len(names):,} call types were"
    theirs = counted(calls, "call", "calls")
    return [f"{were} never seen before ({shown}{more}), with {theirs}: see whether the rules cover them."]


def much_changed(updated: int, there: int) -> list[str]:
    """Nearly all shared calls told otherwise: the file may be another department's, with numbers of its own."""
    if there < 20 or updated * 10 < there * 9:
        return []
    return [
        f"Of the {there:,} calls already there {updated:,} are told otherwise. If this is another department's export "
        "whose numbers mean other calls, take it back."
    ]


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
    have, count = ("day has", "it counts") if total == 1 else ("days have", "they count")
    return [f"{total:,} {have} no call at all ({named}{more}): {count} as missing, not as zero."]


def _islands(days: np.ndarray, counts: np.ndarray) -> list[str]:
    """Days far from all others with a sliver of the calls: a wrong date, more often than a start."""
    edges = np.flatnonzero(np.diff(days, prepend=days[0] - FAR) >= FAR)
    sizes = np.add.reduceat(counts, edges)
    slivers = np.flatnonzero(sizes * 100 < counts.sum()) if len(edges) > 1 else np.empty(0, int)
    return [
        counted(int(sizes[k]), "call lies", "calls lie")
        + f" at {day_text(_day(days[edges[k]]))}, {FAR} days or more away from the others. "
        "Check the dates."
        for k in slivers[:3].tolist()
    ]


def _spikes(days: np.ndarray, counts: np.ndarray) -> list[str]:
    middle = float(np.median(counts))
    high = np.flatnonzero((counts > 50) & (counts > 4 * middle)) if len(days) > 6 else np.empty(0, int)
    return [
        f"{counts[k]:,} calls are dated {day_text(_day(days[k]))}; a middling day has {middle:,.0f}."
        for k in high[np.argsort(-counts[high])][:3].tolist()
    ]


def _odd_months(days: np.ndarray, counts: np.ndarray) -> list[str]:
    """Whole months with less than half or more than twice the calls of the months around them, by the day."""
    months, starts = np.unique(days.astype("datetime64[D]").astype("datetime64[M]"), return_index=True)
    calls = np.add.reduceat(counts, starts)
    whole = np.append(months[1:], months[-1:] + 1).astype("datetime64[D]") - months.astype("datetime64[D]")
    last_days = np.append(days[starts[1:] - 1], days[-1])
    seen = last_days - days[starts] + 1
    full = seen >= whole.astype(int) - 1
    rate = calls / np.maximum(seen, 1)
    said = []
    for k in np.flatnonzero(full & (calls > 50)).tolist():
        near = [j for j in range(max(0, k - 3), min(len(months), k + 4)) if j != k and full[j]]
        usual = float(np.median(rate[near])) if len(near) > 1 else float(rate[k])
        if not usual / 2 <= rate[k] <= usual * 2:
            said.append(
                f"{_day(months[k].astype('datetime64[D]').astype(int)):%b %Y} has {calls[k]:,} calls, "
                f"{rate[k]:,.0f} a day; the months around it have {usual:,.0f}."
            )
    return said[:3]


def _cut_off(calls: "Calls", rows_read: int) -> list[str]:
    said = []
    if rows_read in EXCEL_LIMITS:
        said.append(
            f"The file has exactly {rows_read:,} rows, Excel's limit: the rest was probably cut off. "
            "Ask for a CSV export."
        )
    if len(calls) > 20 and _same_clock(calls) > len(calls) // 2:
        said.append("Most calls have the same time of day: the received column may hold dates only.")
    return said


EXCEL_LIMITS = (65_535, 65_536, 1_048_575, 1_048_576)


def _same_clock(calls: "Calls") -> int:
    """Calls at the file's commonest time of day (UTC, either side of a daylight saving change)."""
    clocks, counts = np.unique(calls.utc % 86_400, return_counts=True)
    common = clocks[counts.argmax()]
    return int(counts[np.isin((clocks - common) % 86_400, (0, 3_600, 82_800))].sum())


def _blanks(calls: "Calls", reading: Reading) -> list[str]:
    said = []
    blank = int((calls.location < 0).sum())
    if not reading.places and not reading.persons:
        said.append("No location and no person key: repeat calls cannot be counted from this file.")
    elif reading.places and blank:
        share = f"{100 * blank / len(calls):.1f}" if 1000 * blank >= len(calls) else "Under 0.1"
        said.append(f"{share} % have no location ({blank:,} {'call' if blank == 1 else 'calls'}).")
    if NO_TYPE in reading.types and (untyped := int((calls.type == reading.types.index(NO_TYPE)).sum())):
        said.append(f"Calls without a type are kept as “{NO_TYPE}”: {untyped:,}.")
    return said


def _keyed(calls: "Calls") -> list[str]:
    """A keyed share that jumps from one month to the next: repeats by person are not comparable across it."""
    months, codes = np.unique(calls.day.astype("datetime64[D]").astype("datetime64[M]"), return_inverse=True)
    total = np.bincount(codes)
    share: np.ndarray = np.bincount(codes, weights=calls.person >= 0) / total
    ample = np.flatnonzero(total >= 50)
    moved = np.diff(share[ample])
    said = []
    for k in np.flatnonzero(np.abs(moved) > KEYED_JUMP)[:3].tolist():
        before, after = (_percent(float(share[month])) for month in ample[k : k + 2])
        said.append(
            f"The share of calls with a person key goes from {before} to {after} in "
            f"{months[ample[k + 1]].item():%b %Y}: repeats by person cannot be compared across that month."
        )
    return said


KEYED_JUMP = 0.2
"""A change of the keyed share from one month to the next that is said."""


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"
