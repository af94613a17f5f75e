"""From the evidence of single columns to a whole proposal: pairs, addresses in parts, what is open, what is odd."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from db.cad.codebook import looks_like_codebook
from db.cad.columns import Column, is_pair
from db.cad.evidence import LATER, Candidate, candidates
from db.cad.mapping import FIELDS, Header
from db.cad.table import Table

SURE = 0.6
"""A choice below this is asked about where the field is required, and left out where it is not."""


@dataclass(frozen=True, slots=True)
class Choice:
    """The column (or columns, in order) proposed for one field."""

    field: str
    columns: tuple[str, ...]
    confidence: float
    """0 to 1: from 0.8 on the names and the values agree."""
    why: str
    """One clause for the form: “named like it; 98 % of its cells are dates with a time”."""
    others: tuple[str, ...] = ()
    """Columns that would do as well, likeliest first."""


@dataclass(frozen=True, slots=True)
class Question:
    """Something that must be answered before loading. ``field`` is the box of the form that answers it."""

    field: str
    sentence: str
    options: tuple[str, ...] = ()


def choose(table: Table, columns: Sequence[Column]) -> tuple[dict[str, Choice], list[Question]]:
    """For each field its columns, no column twice, and the questions that stay open."""
    found: dict[str, Choice] = {}
    taken: set[str] = set()

    def take(field: str, chosen: Choice | None) -> None:
        if chosen:
            found[field] = chosen
            taken.update(chosen.columns)

    take("received", _received(columns))
    for field in ("incident", "type"):
        take(field, _one(field, columns, taken))
    take("location", _location(columns, taken))
    _coordinates(columns, found, taken)
    for field in ("ready_minutes", "disposition", "person", "unit", "dispatched", "arrived", "cleared"):
        take(field, _one(field, columns, taken))
    _by_values(table, columns, found, taken)
    asked = [*_about_received(columns, found), *_about_type(table, columns, found)]
    return {field: found[field] for field in FIELDS if field in found}, asked


def _one(field: str, columns: Sequence[Column], taken: set[str]) -> Choice | None:
    likely = [c for c in candidates(field, columns) if c.column.name not in taken]
    if not likely or (likely[0].score < SURE and field != "type"):
        return None
    return _choice(field, likely)


def _choice(field: str, likely: Sequence[Candidate], *more: str) -> Choice:
    best = likely[0]
    others = tuple(c.column.name for c in likely[1:4] if c.score > 0.75 * best.score)
    return Choice(field, (best.column.name, *more), best.score, best.why, others)


def _received(columns: Sequence[Column]) -> Choice | None:
    """The column of the moment a call came in; a date without a time takes the time column that belongs to it."""
    dated = candidates("received", columns) or _only_dates(columns)
    if not dated:
        return None
    best = dated[0]
    if best.column.timed > 0.5:
        return _choice("received", dated)
    if clock := _clock_of(best.column, columns):
        return _choice("received", dated, clock.name)
    return _choice("received", dated)


def _only_dates(columns: Sequence[Column]) -> list[Candidate]:
    """The one column of dates of a file that has no other, whatever it is called."""
    dates = [c for c in columns if c.dated > 0.5 and c.told > 0.5]
    if len(dates) != 1 or LATER.search(dates[0].plain):
        return []
    return [Candidate(dates[0], 0.6, "the only column of dates")]


def _clock_of(day: Column, columns: Sequence[Column]) -> Column | None:
    """The time column of a date column: Call Date and Call Time, EVENTDT and EVENTTM, Date and Time."""
    wanted = re.sub(r"dt$", "tm", re.sub(r"date", "time", day.plain))
    clocks = [c for c in columns if c is not day and c.clock_only > 0.6 and c.told > 0.5 * day.told]
    same = [c for c in clocks if c.plain == wanted]
    near = [
        c
        for c in clocks
        if not LATER.search(c.plain) and re.search(r"time|tm$|hour", c.plain) and not _LENGTH.search(c.plain)
    ]
    return next(iter(same or near), None)


_LENGTH = re.compile(r"in service|duration|elapsed|minutes|on (call|scene)|total|respon")
_PARTS = (
    r"^(house|street|str|st|addr(ess)?|block|hundred ?block)? ?(no|num|number|nbr)$|^(hundred )?block$|address number",
    r"(pre|street|st|addr(ess)?)? ?(dir|direction|predir)( primary)?$",
    r"^(street|st|road|addr(ess)?)( ?(name|road))( primary)?$|^(street|road)$|address road",
    r"(street|st|road|addr(ess)?)? ?(sfx|suffix|suf)( primary)?$|^(street|st) ?type$",
    r"^(post|suf) ?dir(ection)?$",
)
"""The parts of an address, in the order it is read."""


def _location(columns: Sequence[Column], taken: set[str]) -> Choice | None:
    free = [c for c in columns if c.name not in taken]
    likely = [c for c in candidates("location", free) if c.score >= SURE]
    numbered = [
        c for c in free if re.match(r"address ", c.plain) and re.search(r"num|dir|road|street|sfx|suffix", c.plain)
    ]
    if len(numbered) > 2:
        return Choice("location", tuple(c.name for c in numbered), 0.9, "the parts of an address, in the file's order")
    if likely and likely[0].column.streets > 0.3 and not _bare_street(likely[0].column):
        return _choice("location", likely)
    parts: list[Column] = []
    for pattern in _PARTS:
        part = next((c for c in free if c not in parts and re.search(pattern, c.plain) and c.cells), None)
        parts += [part] if part else []
    street = [c for c in parts if c.words > 0.5]
    if likely and not any(c.plain == likely[0].column.plain for c in parts) and (number := _number(parts)):
        return Choice("location", (number.name, likely[0].column.name), 0.85, "a block number and a street")
    if len(parts) > 1 and street and _number(parts):
        return Choice("location", tuple(c.name for c in parts), 0.85, "the parts of an address")
    return _choice("location", likely) if likely else None


def _number(parts: Sequence[Column]) -> Column | None:
    return next((c for c in parts if c.numeric > 0.8), None)


def _bare_street(column: Column) -> bool:
    """Whether most cells are a street without a house number."""
    cells = column.distinct[:200]
    return sum(1 for cell in cells if not re.search(r"\d", cell) and "/" not in cell and "&" not in cell) * 2 > len(
        cells
    )


def _coordinates(columns: Sequence[Column], found: dict[str, Choice], taken: set[str]) -> None:
    north, east = (candidates(field, columns) for field in ("latitude", "longitude"))
    for a in north:
        for b in east:
            named = a.score > SURE and b.score > SURE
            if named and a.column.name != b.column.name and is_pair(a.column, b.column):
                found["latitude"], found["longitude"] = _choice("latitude", [a]), _choice("longitude", [b])
                taken.update((a.column.name, b.column.name))
                return


def _by_values(table: Table, columns: Sequence[Column], found: dict[str, Choice], taken: set[str]) -> None:
    """Where no name helps: streets are recognized anywhere, and in a file without a header a number of its own."""
    free = [c for c in columns if c.name not in taken]
    streets = max(free, key=lambda c: c.streets * c.told, default=None)
    if "location" not in found and streets and streets.streets > 0.8 and streets.told > 0.5:
        found["location"] = Choice("location", (streets.name,), 0.6, "most of its cells look like streets")
        free.remove(streets)
    if not table.headed and "incident" not in found:
        numbers = [c for c in free if c.variety > 0.95 and c.told > 0.95 and 3 < c.length < 25 and c.dated < 0.1]
        numbers = [c for c in numbers if not any(" " in cell or "." in cell for cell in c.distinct[:100])]
        if len(numbers) == 1:
            found["incident"] = Choice("incident", (numbers[0].name,), 0.6, "the only column where no cell repeats")


def _about_received(columns: Sequence[Column], found: Mapping[str, Choice]) -> Iterator[Question]:
    if "received" in found:
        if found["received"].confidence < 0.5:
            column = " + ".join(found["received"].columns)
            yield Question(
                "received",
                f"Is “{column}” when the calls came in? Its name does not say so. Say --map auto,received=COLUMN.",
                (column,),
            )
        return
    moments = [c for c in columns if c.dated > 0.5 and c.told > 0.02]
    if not moments and looks_like_codebook(tuple(c.name for c in columns)):
        yield Question("received", "This looks like a codebook: give it with --codebook beside the file of calls.")
        return
    if not moments:
        yield Question(
            "received",
            "No column holds dates: there is nothing to tell when a call came in. Is this the file of calls?",
        )
        return
    named = "; ".join(f"“{c.name}” ({100 * c.told:.0f} % of the rows have it)" for c in moments[:5])
    yield Question(
        "received",
        f"No column says when the calls came in. The file has other times: {named}. Choose one knowingly, with --map "
        "auto,received=COLUMN: rows where it is blank are refused (two, joined with +, stand in for each other).",
        tuple(c.name for c in moments[:5]),
    )


def _about_type(table: Table, columns: Sequence[Column], found: Mapping[str, Choice]) -> Iterator[Question]:
    if "type" in found and found["type"].confidence >= SURE:
        return
    taken = {name for field, choice in found.items() if field != "type" for name in choice.columns}
    texts = [c for c in columns if c.name not in taken and c.dated < 0.2 and c.words > 0.5 and c.variety < 0.9]
    texts = texts or [c for c in columns if c.name not in taken and c.dated < 0.2 and c.cells]
    texts.sort(key=lambda c: (c.streets > 0.3, c.variety > 0.5, -len(c.distinct)))
    named = "; ".join(f"“{c.name}” (such as {', '.join(c.distinct[:3])[:60]})" for c in texts[:4])
    no_header = "" if table.headed else "The file has no header row. "
    yield Question(
        "type",
        f"{no_header}Which column says what a call was about? Say --map auto,type=COLUMN"
        + (f"; it may be {named}." if named else "."),
        tuple(c.name for c in texts[:4]),
    )


def header(table: Table, columns: Mapping[str, tuple[str, ...]]) -> Header:
    """The table's header with the mapped columns placed in it."""
    places = {field: tuple(table.names.index(name) for name in names) for field, names in columns.items()}
    return Header(table.sheet, table.line, table.names, places)


def one_row_per_unit(table: Table, choices: Mapping[str, Choice]) -> bool:
    """Whether incident numbers repeat with different units: each row tells of one unit."""
    if "incident" not in choices or "unit" not in choices:
        return False
    _, rows = table.sample()
    number, unit = (table.names.index(choices[field].columns[0]) for field in ("incident", "unit"))
    pairs = {(row[number], row[unit]) for row in rows if row[number].strip()}
    often = Counter(incident for incident, _ in pairs)
    return sum(1 for count in often.values() if count > 1) * 20 > len(often)


def remarks(table: Table, choices: Mapping[str, Choice]) -> Iterator[str]:
    """What was found odd about the table itself."""
    if not table.headed:
        yield "The file has no header row: its columns are called “column 1”, “column 2” and so on."
    elif table.line > 1:
        yield f"The header is on line {table.line:,}; what stands above it is left out."
    repeated = [
        name for name in table.names if re.search(r" \(\d+\)$", name) and name[: name.rindex(" (")] in table.names
    ]
    if repeated:
        yield f"Column names that occur more than once are told apart by a number: {', '.join(repeated)}."
    if (received := choices.get("received")) and received.why == "the only column of dates":
        yield f"“{' + '.join(received.columns)}” is the only column of dates; it is taken as when the calls came in."
    if table.headed and any(re.fullmatch(r"column \d+", name) for name in table.names):
        unnamed = [name for name in table.names if re.fullmatch(r"column \d+", name)]
        yield f"Columns without a name are called by their place: {', '.join(unnamed[:8])}."
    if one_row_per_unit(table, choices):
        yield "The file has one row per unit: rows of one incident become one call with its units."
    for choice in choices.values():
        if choice.others and choice.field in ("received", "type"):
            yield f"“{choice.field}” could also be {', '.join(choice.others)}."
