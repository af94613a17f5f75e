"""One spelling for one thing: places, types, keys. Works on distinct strings, so a Python loop is fast enough."""

import re
from collections.abc import Sequence

_SUFFIXES = {
    "ALLEY": "ALY", "ALY": "ALY", "AVENUE": "AVE", "AV": "AVE", "AVEN": "AVE", "AVN": "AVE", "BOULEVARD": "BLVD",
    "BOUL": "BLVD", "BL": "BLVD", "BV": "BLVD", "CENTER": "CTR", "CENTRE": "CTR", "CIRCLE": "CIR", "COURT": "CT",
    "COVE": "CV", "CRESCENT": "CRES", "DRIVE": "DR", "DRV": "DR", "EXPRESSWAY": "EXPY", "EXTENSION": "EXT",
    "FREEWAY": "FWY", "HEIGHTS": "HTS", "HIGHWAY": "HWY", "LANE": "LN", "PARKWAY": "PKWY", "PKY": "PKWY",
    "PLACE": "PL", "PLAZA": "PLZ", "POINT": "PT", "ROAD": "RD", "SQUARE": "SQ", "STREET": "ST", "STR": "ST",
    "TERRACE": "TER", "TERR": "TER", "TRAIL": "TRL", "TURNPIKE": "TPKE", "WY": "WAY",
}  # fmt: skip
_DIRECTIONS = {
    "NORTH": "N", "SOUTH": "S", "EAST": "E", "WEST": "W", "NO": "N", "SO": "S", "NORTHEAST": "NE", "NORTHWEST": "NW",
    "SOUTHEAST": "SE", "SOUTHWEST": "SW",
}  # fmt: skip
_STREET_KINDS = frozenset(_SUFFIXES.values()) | {"WAY", "ST", "RD", "DR", "LN", "CT", "PL", "HWY", "PIKE", "ROW"}
_UNIT = re.compile(r"(?:\s+(?:APT|APARTMENT|UNIT|STE|SUITE|RM|ROOM|LOT)\b\s*#?\s*|\s*#\s*)(\w+)\s*$")
_UNIT_WORDS = frozenset({"APT", "APARTMENT", "UNIT", "STE", "SUITE", "RM", "ROOM", "LOT"})
_BLOCK = re.compile(r"^(\d+)(?:XX|00)?\s*-?\s*(?:BLOCK|BLK|BK)\b(?:\s+OF\b)?\s*")
_BLOCK_XX = re.compile(r"^(\d+)XX\b")
_CROSSING = re.compile(r"\s*(?:/|&|@|\\|\bAND\b|\bAT\b)\s*")
_DECIMAL = re.compile(r"\d\.\d")
_NOTHING = frozenset({"", "UNKNOWN", "UNK", "NONE", "NULL", "N/A", "NA", "NAN", "NOT RECORDED", "-", "--", "0", "?"})


def tidy(text: str) -> str:
    """Spaces of all kinds (and NUL, which no database takes) become single ones; ends are trimmed."""
    return " ".join(text.replace("\0", " ").split())


SAYS_NOTHING = _NOTHING | {text.lower() for text in _NOTHING}


def blank(text: str) -> bool:
    """Whether a cell says nothing: empty, NULL, N/A, UNKNOWN …"""
    return tidy(text).upper() in _NOTHING


def place(parts: Sequence[str], crossing_from: int | None = None) -> str | None:
    """One spelling of a place put together from ``parts``; None where they say nothing.

    A first part that is 0 is an unknown house number and left out. Parts from ``crossing_from`` on are the
    crossing street. Suffixes and directions are abbreviated, ``92XX BLOCK OF`` and ``9200 BLOCK`` become 9200,
    units ``# 4``, and both streets of a crossing stand in alphabetical order.
    """
    cells = [tidy(part).upper() for part in parts]
    if len(cells) > 1 and not cells[0].strip("0"):
        cells[0] = ""
    cells = ["" if cell in _NOTHING and cell != "0" else cell for cell in cells]
    edge = len(cells) if crossing_from is None else crossing_from
    text, crossing = (" ".join(filter(None, half)) for half in (cells[:edge], cells[edge:]))
    if crossing:
        text = f"{text} / {crossing}" if text else crossing
    if "." in text and not _DECIMAL.search(text):  # a pair of coordinates keeps its points
        text = text.replace(".", "")
    text = text.strip(" ,;-/")
    return _spelled(text)[:200].strip() if text not in _NOTHING else None


def _spelled(text: str) -> str:
    if "XX" in text or " B" in text:
        text = _BLOCK_XX.sub(r"\g<1>00", _BLOCK.sub(lambda m: f"{_hundred(m)} ", text))
    words = text.replace(",", " ").split()
    unit = ""
    if "#" in text or not _UNIT_WORDS.isdisjoint(words):
        text = " ".join(words)
        if found := _UNIT.search(text):
            text, unit = text[: found.start()], f" # {found[1]}"
            words = text.split()
    if any(mark in text for mark in "/&@\\") or "AND" in words or "AT" in words:
        streets = (_words(street.split()) for street in _CROSSING.split(" ".join(words)) if street.strip())
        return " / ".join(sorted(" ".join(street) for street in streets)) + unit
    return " ".join(_words(words)) + unit


def _hundred(match: re.Match[str]) -> str:
    return f"{match[1]}00" if "XX" in match[0] or match[0].startswith(f"{match[1]}00") else match[1]


def _words(words: list[str]) -> list[str]:
    """Abbreviate, but never a street whose very name is the word: NORTH ST stays, 12 NORTH MAIN STREET does not."""
    short = [words[0], *(_SUFFIXES.get(word, word) for word in words[1:])] if words else []
    if len(short) < 2 or _DIRECTIONS.keys().isdisjoint(short):
        return short
    for k, word in enumerate(short):
        named = k + 1 < len(short) and short[k + 1] in _STREET_KINDS and (k == 0 or short[k - 1].isdigit())
        if word in _DIRECTIONS and not named:
            short[k] = _DIRECTIONS[word]
    return short
