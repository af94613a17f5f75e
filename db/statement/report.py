"""What loading a statement did, or would do."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from db.cad.read import Refusal
from db.vocab import counted


@dataclass(frozen=True, slots=True)
class StatementReport:
    """Rows read = matched + booked + differing + already there + left out + refused."""

    file_name: str
    rows_read: int
    matched: int
    booked: int
    differing: tuple[Refusal, ...]
    """Rows stored without an entry: they stand in the reconciliation until they are settled."""
    already_there: int
    left_out: int
    refused: tuple[Refusal, ...]
    notes: tuple[str, ...]
    mapping: Mapping[str, Any]
    first_day: date | None
    last_day: date | None
    dry_run: bool = False
    statement_id: int | None = None
    """None where nothing was stored."""

    @property
    def reasons(self) -> dict[str, int]:
        """Refused rows by reason, commonest first."""
        return dict(Counter(refusal.reason for refusal in self.refused).most_common())

    def as_json(self) -> dict[str, Any]:
        """For scripts."""
        return {
            "file": self.file_name,
            "dry_run": self.dry_run,
            "statement_id": self.statement_id,
            "rows_read": self.rows_read,
            "matched": self.matched,
            "booked": self.booked,
            "differing": [{"line": row.line, "reason": row.reason} for row in self.differing],
            "already_there": self.already_there,
            "left_out": self.left_out,
            "refused": [{"line": row.line, "reason": row.reason} for row in self.refused],
            "reasons": self.reasons,
            "notes": list(self.notes),
            "mapping": dict(self.mapping),
            "first_day": self.first_day.isoformat() if self.first_day else None,
            "last_day": self.last_day.isoformat() if self.last_day else None,
        }

    def sentence(self) -> str:
        """One sentence for the person who loaded it."""
        if not (self.matched or self.booked or self.differing) and self.already_there and not self.refused:
            return f"Nothing new: {counted(self.already_there, 'row', 'rows')} of {self.file_name} already there."
        parts = [
            f"{counted(self.rows_read, 'row', 'rows')} read",
            f"{self.matched:,} matched to the ledger",
            f"{self.booked:,} {'would be booked' if self.dry_run else 'booked'}",
        ]
        parts += [f"{len(self.differing):,} to reconcile"] if self.differing else []
        parts += [f"{self.already_there:,} already there"] if self.already_there else []
        parts += [f"{self.left_out:,} of other accounts left out"] if self.left_out else []
        parts += [f"{len(self.refused):,} refused"]
        return f"{', '.join(parts)}."
