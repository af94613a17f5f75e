"""What an analyst may do to the meaning of calls; the list of changes names each."""

from enum import StrEnum


class RuleAction(StrEnum):
    added = "added"
    edited = "edited"
    ended = "ended"
    moved = "moved"
    removed = "removed"
    marked = "marked"  # places became institutions
    unmarked = "unmarked"
    described = "described"  # a codebook was read
