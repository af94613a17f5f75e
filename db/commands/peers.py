"""Other cities' portable editions: read, held against our definitions, kept as lines to compare with, removed."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn

from pydantic import ValidationError
from sqlalchemy import select
from sqlalchemy.orm import Session

from db.access import Permission, Viewer
from db.commands.base import write
from db.commands.desk import Saved, hold
from db.errors import Conflict, Unreadable
from db.forms.peers import SCHEMA, Definition, PortableEdition
from db.models import PeerEdition
from db.pilot import the_pilot
from db.vocab import Scope

LARGEST = 2_000_000
"""Bytes of a file that is read."""
FIELDS = {
    "window_days": "counts a repeat call within {theirs} days there and within {ours} here",
    "basis": "follows {theirs} there and {ours} here",
    "how": "is a figure of another kind there",
    "unit": "is stated in {theirs} there and in {ours} here",
    "definition": "is defined otherwise there: “{theirs}”",
    "counts": "counts something else there: “{theirs}”",
    "leaves_out": "leaves out something else there: “{theirs}”",
}
"""Part of a definition → what is said where it differs, the plainest first."""
BASIS = {"": "nobody in particular", "person": "the same person", "location": "the same place"}


@dataclass(frozen=True, slots=True)
class Loaded:
    """What came of a file. ``id`` is 0 when it was only tried."""

    id: int
    city: str
    number: str
    comparable: tuple[str, ...]
    """Keys of the measures whose definition is ours."""
    refused: Mapping[str, str] = field(default_factory=dict)
    """Title of every other measure → why it cannot be compared."""
    again: bool = False
    """The same file was loaded before."""


def read(data: bytes) -> PortableEdition:
    """The edition in a file. Raises Unreadable with one sentence that names the place in it."""
    if len(data) > LARGEST:
        raise Unreadable(f"The file has {len(data):,} bytes; {LARGEST:,} fit. A portable edition is far smaller.")
    try:
        found = json.loads(data.decode("utf-8-sig"), parse_constant=_no_number, object_pairs_hook=_once)
    except UnicodeDecodeError as error:
        raise Unreadable(
            f"Byte {error.start + 1} of the file is not UTF-8 text. Ask for the JSON file again."
        ) from None
    except json.JSONDecodeError as error:
        raise Unreadable(
            f"Line {error.lineno}, column {error.colno} of the file is not JSON: {error.msg}. Ask for the file again."
        ) from None
    except RecursionError:
        raise Unreadable("The file is nested deeper than any portable edition. Ask for the file again.") from None
    said = found.get("schema") if isinstance(found, dict) else None
    if said != SCHEMA:
        what = f"says it is “{str(said)[:60]}”" if said else "does not say what it is"
        raise Unreadable(f"The file {what}; this version reads “{SCHEMA}”. Ask for a portable edition (JSON).")
    try:
        return PortableEdition.model_validate_json(json.dumps(found))
    except ValidationError as error:
        _refuse(error)


def load_peer(
    session: Session, viewer: Viewer, data: bytes, ours: Mapping[str, Definition], *, dry_run: bool = False
) -> Loaded:
    """Keep another city's edition. The same file twice is kept once; a removed one comes back.

    ``ours``: key → our definition. Raises Unreadable for a file that is none, Conflict for one that holds nothing
    to compare with, with the reasons. ``dry_run``: says what would come of it and stores nothing.
    """
    if dry_run:
        viewer.must(Permission.prepare_meeting)
        return _judged(session, data, ours)
    with write(session, viewer, Permission.prepare_meeting, "load peer edition", Scope.meetings) as note:
        loaded = _judged(session, data, ours)
        found = read(data)
        mark = hashlib.sha256(data).hexdigest()
        row = session.scalar(select(PeerEdition).where(PeerEdition.file_hash == mark))
        again = row is not None and row.removed_at is None
        if row is None:
            row = PeerEdition(
                city=found.city,
                number=found.number,
                as_of=found.as_of,
                content=found.model_dump(mode="json", by_alias=True),
                file_hash=mark,
                loaded_at=viewer.now,
                loaded_by=viewer.name,
            )
            session.add(row)
        row.removed_at = None
        session.flush()
        note.subject = f"peer edition {row.id}"
        note.detail = {"city": row.city, "number": row.number, "comparable": list(loaded.comparable)}
        return Loaded(row.id, loaded.city, loaded.number, loaded.comparable, loaded.refused, again)


def remove_peer(session: Session, viewer: Viewer, peer_id: int) -> Saved:
    """It is compared with no longer. The row stays, for the record and to come back."""
    with write(session, viewer, Permission.prepare_meeting, "remove peer edition", Scope.meetings) as note:
        row = hold(session, PeerEdition, peer_id, "other city's edition")
        if row.removed_at is not None:
            raise Conflict(f"The edition {row.number} of {row.city} is removed already.")
        row.removed_at = viewer.now
        note.subject, note.detail = f"peer edition {row.id}", {"city": row.city, "number": row.number}
    return Saved(peer_id)


def restore_peer(session: Session, viewer: Viewer, peer_id: int) -> Saved:
    """Take a removal back."""
    with write(session, viewer, Permission.prepare_meeting, "restore peer edition", Scope.meetings) as note:
        row = hold(session, PeerEdition, peer_id, "other city's edition")
        row.removed_at = None
        note.subject, note.detail = f"peer edition {row.id}", {"city": row.city, "number": row.number}
    return Saved(peer_id)


def peers(session: Session) -> tuple[PeerEdition, ...]:
    """Those that are compared with, by city, the newest first in each."""
    wanted = select(PeerEdition).where(PeerEdition.removed_at.is_(None))
    return tuple(session.scalars(wanted.order_by(PeerEdition.city, PeerEdition.as_of.desc(), PeerEdition.id.desc())))


def difference(theirs: Definition, ours: Definition | None) -> str:
    """Why two figures cannot be compared, as the rest of a sentence that begins with the measure; empty: they can."""
    if ours is None:
        return "is not a measure that is compared here"
    if theirs.fingerprint == ours.fingerprint:
        return ""
    for part, sentence in FIELDS.items():
        there, here = (_said(getattr(each, part)) for each in (theirs, ours))
        if there != here:
            return sentence.format(theirs=there, ours=here)
    return "is written by another version there"


def _said(value: Any) -> str:
    return BASIS.get(value, str(value)) if value in BASIS else "no fixed number of" if value is None else str(value)


def _judged(session: Session, data: bytes, ours: Mapping[str, Definition]) -> Loaded:
    """What of the file can be compared. Raises Conflict where nothing can."""
    found = read(data)
    if not found.approved:
        raise Conflict(f"Edition {found.number} of {found.city} is a draft. Ask for it once it is approved.")
    home = the_pilot(session).city
    if found.city.casefold().strip() == home.casefold().strip():
        raise Conflict(f"This is an edition of {home} itself. Two of its own editions are compared on Present.")
    reasons = {figure.measure: difference(figure.definition, ours.get(figure.measure)) for figure in found.figures}
    comparable = tuple(key for key, reason in reasons.items() if not reason)
    refused = {figure.title: reasons[figure.measure] for figure in found.figures if reasons[figure.measure]}
    if not comparable:
        known = [f"“{f.title}” {reasons[f.measure]}" for f in found.figures if f.measure in ours]
        why = "; ".join(known[:3]) or f"it holds none of the {len(ours)} measures that are compared"
        raise Conflict(f"Nothing in the edition of {found.city} can be compared with ours: {why}. It was not loaded.")
    return Loaded(0, found.city, found.number, comparable, refused)


# --- what is wrong with a file -----------------------------------------------------------------------------


def _no_number(name: str) -> NoReturn:
    raise Unreadable(f"The file holds “{name}”, which is no number. Ask for the file again.")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise Unreadable(f"The file says “{twice[:60]}” twice at one place. Ask for the file again.")
    return found


def _refuse(error: ValidationError) -> NoReturn:
    problem = error.errors(include_url=False)[0]
    steps = [f"{step + 1}" if isinstance(step, int) else f"“{step}”" for step in problem["loc"]]
    place = " → ".join(steps) or "The file"
    why = problem["msg"].removeprefix("Value error, ")
    value = problem.get("input")
    shown = f" (it is “{str(value)[:60]}”)" if isinstance(value, str | int | float) else ""
    raise Unreadable(f"{place} of the file cannot be read: {why}{shown}. Nothing was loaded.") from None
