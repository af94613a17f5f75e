"""What a file of calls seems to hold, told in the shell; and the mapping that ``--map`` or ``--profile`` names."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from db.cad import propose
from db.cad.codebook import read_codebook
from db.cad.mapping import ColumnMapping, parse_columns, parse_mapping
from db.cad.profile import Layout, check, layout_of
from db.cad.propose import Proposal
from db.cad.sniff import open_file
from db.commands import calls
from db.errors import Unreadable

AUTO = "auto"


def chosen(
    session: Session,
    file: Path,
    columns: str,
    profile: str,
    sheet: str,
    date_format: str,
    codebook: Path | None,
    zone: str,
) -> tuple[ColumnMapping, Layout, list[str]]:
    """(mapping, how the file looks, what to say first), from a text, the proposal, or a saved profile.

    Raises :class:`Unreadable` where the proposal leaves something open, or the header drifted from the profile's.
    """
    if bool(columns) == bool(profile):
        raise Unreadable(
            "Say --map or --profile, not both."
            if columns
            else "Say which column is which: --map received=COLUMN,type=COLUMN,…, or --map auto (see “tandem calls "
            f"sniff {file.name}”), or --profile NAME."
        )
    codes = read_codebook(codebook) if codebook else None
    if profile:
        mapping, layout = calls.saved_profile(session, profile)
        found = open_file(file)
        kept = layout.sheet if any(one.name == layout.sheet for one in found.sheets) else ""
        layout = Layout(layout.header, sheet or kept, date_format or layout.date_format, codes or layout.codes)
        return mapping, layout, check(found, mapping, layout, profile)
    auto, _, corrections = columns.partition(",")
    if auto.strip().casefold() == AUTO:
        given = parse_columns(corrections)
        found = open_file(file)
        mapping, proposal = propose.auto(
            found, given=given, sheet=sheet or None, date_format=date_format or None, zone=zone
        )
        taken = [f"taken: {line}" for line in propose.sentences(list(proposal.choices.values()))]
        return (
            mapping,
            Layout(proposal.names, sheet or proposal.sheet, date_format, codes),
            taken + list(proposal.notes),
        )
    mapping = parse_mapping(columns)
    return mapping, layout_of(open_file(file), mapping, sheet, date_format, codes), []


def as_json(proposal: Proposal) -> dict[str, Any]:
    """For scripts; ``map`` is the proposal as ``--map`` takes it, None where a required field is open."""
    complete = all(name in proposal.choices for name in ("received", "type"))
    return {
        "file": proposal.file_name,
        "kind": proposal.kind,
        "sheet": proposal.sheet,
        "sheets": list(proposal.sheets),
        "encoding": proposal.encoding,
        "delimiter": proposal.delimiter,
        "header_line": proposal.header_line,
        "columns": list(proposal.names),
        "mapping": {name: list(columns) for name, columns in proposal.columns.items()},
        "map": proposal.mapping.text() if complete else None,
        "choices": [asdict(choice) for choice in proposal.choices.values()],
        "date": asdict(proposal.date),
        "one_row_per_unit": proposal.one_row_per_unit,
        "questions": proposal.questions,
        "notes": list(proposal.notes),
        "rows": [
            {"line": row.line, **row.cells, **({"refused": row.refused} if row.refused else {})}
            for row in proposal.rows
        ],
    }


def as_text(proposal: Proposal, shown: int = 5) -> str:
    """The proposal to read: what the file is, which column is which and why, what is open, the first rows."""
    marks = {",": "commas", "\t": "tabs", ";": "semicolons", "|": "bars", "": ""}
    cut = marks.get(proposal.delimiter, repr(proposal.delimiter))
    kind = ", ".join(filter(None, (proposal.kind, proposal.encoding if proposal.kind != "Excel" else "", cut)))
    lines = [f"{proposal.file_name}: {kind}" + (f", sheet “{proposal.sheet}”" if proposal.sheet else "")]
    width = max((len(" + ".join(choice.columns)) for choice in proposal.choices.values()), default=0)
    for choice in proposal.choices.values():
        lines.append(f"  {choice.field:<14}{' + '.join(choice.columns):<{min(width, 44)}}  {choice.why}")
    if proposal.date.example:
        said = " or ".join(proposal.date.readings)
        lines.append(f"  dates         {proposal.date.example}" + (f" is {said}" if said else ""))
    lines += [f"  ! {note}" for note in proposal.notes]
    lines += [f"  ? {question}" for question in proposal.questions]
    if proposal.rows:
        lines.append("The first rows as they will be stored:")
    for row in proposal.rows[:shown]:
        told = f"refused: {row.refused}" if row.refused else " · ".join(row.cells.values())
        lines.append(f"  line {row.line:,}: {told}")
    if proposal.asked:
        lines.append("Answer what is marked ? first; then load with tandem calls import FILE --map …")
    else:
        lines.append(f"To load it: tandem calls import {proposal.file_name} --map auto")
    if all(name in proposal.choices for name in ("received", "type")):
        lines.append(f"The same by hand: --map '{proposal.mapping.text()}'")
    return "\n".join(lines)
