"""What was met on the way through a file that the person who loads it should know."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from db.cad.mapping import Header
from db.cad.moments import Moments
from db.cad.normalise import blank
from db.vocab import counted

_EXCEL_ENDS = (65_536, 1_048_576)
EXCEL_LIMITS = (65_535, 65_536, 1_048_575, 1_048_576)


@dataclass(slots=True)
class Said:
    """Counts that grow chunk by chunk, and the sentences they become."""

    skipped: int = 0
    doubled: int = 0
    ranges: int = 0
    short: int = 0
    first_short: int = 0
    backwards: int = 0
    last_line: int = 0
    unexplained: set[str] = field(default_factory=set)
    _unread: dict[str, tuple[int, str]] = field(default_factory=dict)

    def heard(self, moments: Moments) -> None:
        self.skipped += moments.skipped
        self.doubled += moments.doubled
        self.ranges += moments.ranges

    def unread(self, name: str, cells: Sequence[str]) -> None:
        """Cells of a unit's times that are no moments; blank ones do not count."""
        told = [cell for cell in cells if not blank(cell)]
        if told:
            count, example = self._unread.get(name, (0, told[0]))
            self._unread[name] = (count + len(told), example)

    def sentences(self, header: Header, rows_read: int) -> list[str]:
        notes = []
        if self.last_line in _EXCEL_ENDS and rows_read not in EXCEL_LIMITS:  # those the report tells
            notes.append(
                f"The file ends on line {self.last_line:,}, with {rows_read:,} rows: that is where Excel stops, so the "
                "rest was probably cut off. Ask for a CSV export."
            )
        if self.skipped:
            times = counted(self.skipped, "time falls", "times fall")
            notes.append(f"{times} into the hour that daylight saving skips; moved on by it.")
        if self.doubled:
            times = counted(self.doubled, "time falls", "times fall")
            notes.append(f"{times} into the hour that autumn has twice; taken as the first.")
        if self.ranges:
            cells = counted(self.ranges, "received cell tells", "received cells tell")
            notes.append(f"{cells} from when to when; the start counts.")
        if self.short:
            rows = counted(self.short, "row has", "rows have")
            notes.append(
                f"{rows} fewer than the header's {len(header.names)} fields (the first on line "
                f"{self.first_short:,}); what is missing is taken as blank."
            )
        for name, (count, example) in self._unread.items():
            cells, are = ("cell", "is") if count == 1 else ("cells", "are")
            notes.append(f"{count:,} {cells} of “{name}” {are} no time (such as “{example[:40]}”), and left blank.")
        if self.backwards:
            rows = counted(self.backwards, "row is", "rows are")
            notes.append(f"{rows} cleared before arriving; that clearing time is left out.")
        if self.unexplained:
            shown = ", ".join(sorted(self.unexplained)[:5])
            types = "1 call type is" if len(self.unexplained) == 1 else f"{len(self.unexplained):,} call types are"
            notes.append(f"{types} not in the codebook (such as {shown}).")
        return notes
