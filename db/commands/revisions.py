"""The history of an entry: what it says now, what an edit changed, who changed it, when and why."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db.access import Viewer
from db.errors import Conflict
from db.forms import clock
from db.forms.work import InterventionForm
from db.models import Intervention, InterventionNote, InterventionRevision, Person, Provider, Referral, User
from db.vocab import Disposition, Mode, Need, Outcome, Purpose, label

WORDS = {
    "person_id": "Person",
    "at": "When",
    "mode": "How",
    "purpose": "What for",
    "minutes": "Minutes",
    "outcome": "Outcome",
    "needs": "Needs",
    "referral_id": "Referral",
    "provider_id": "Provider",
    "incident_number": "Incident number",
    "disposition": "Primary disposition",
    "arrest_eligible": "Arrest-eligible",
    "arrested": "Arrest made",
    "transport_intended": "Transport intended",
    "transport_avoided": "Transport avoided",
    "force_used": "Force used",
    "injury": "Injury",
    "note": "Note",
}
"""Field → its plain name, in the order of the form."""
_ENUMS: Mapping[str, type[Any]] = {"mode": Mode, "purpose": Purpose, "outcome": Outcome, "disposition": Disposition}
Values = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Change:
    """One edit: field → (old, new) as plain JSON values; :func:`in_words` says them."""

    number: int
    at: datetime
    by: str
    reason: str
    fields: Mapping[str, tuple[Any, Any]]


class Stale(Conflict):
    """Somebody changed the entry while it was open. ``theirs`` are the changes made since, oldest first."""

    def __init__(self, sentence: str, theirs: Sequence[Change]) -> None:
        super().__init__(sentence)
        self.theirs = tuple(theirs)

    @property
    def newest(self) -> int:
        return self.theirs[-1].number


def snapshot(session: Session, row: Intervention) -> Values:
    """What the entry says now, in values that JSON can carry."""
    note = session.get(InterventionNote, row.id)
    values: Values = {name: getattr(row, name) for name in WORDS if name not in ("needs", "note", "at")}
    values |= {name: values[name].value for name in _ENUMS if values[name] is not None}
    return values | {
        "at": row.at.astimezone(UTC).isoformat(),
        "needs": sorted(n.need.value for n in row.needs),
        "note": note.text if note else None,
    }


def latest(session: Session, intervention_id: int) -> int:
    """The number of its newest revision; 0 for an entry that was never edited."""
    number = select(func.max(InterventionRevision.number)).where(
        InterventionRevision.intervention_id == intervention_id
    )
    return session.scalar(number) or 0


def revise(session: Session, viewer: Viewer, row: Intervention, before: Values, reason: str) -> InterventionRevision:
    """Write down what has changed since ``before``. Raises Conflict when nothing has."""
    now = snapshot(session, row)
    changes = {name: [before[name], now[name]] for name in WORDS if before[name] != now[name]}
    if not changes:
        raise Conflict("Nothing was changed, so nothing was saved. Change an answer, or leave the entry as it is.")
    revision = InterventionRevision(
        intervention_id=row.id,
        number=latest(session, row.id) + 1,
        at=viewer.now,
        by=viewer.user_id,
        reason=reason,
        changes=json.dumps(changes, ensure_ascii=False),
    )
    session.add(revision)
    return revision


def history(session: Session, intervention_id: int, after: int = 0) -> list[Change]:
    """Its edits with a number above ``after``, oldest first. Empty for anybody but the desk."""
    rows = session.execute(
        select(InterventionRevision, User.name)
        .outerjoin(User, User.id == InterventionRevision.by)
        .where(InterventionRevision.intervention_id == intervention_id, InterventionRevision.number > after)
        .order_by(InterventionRevision.number)
    )
    return [
        Change(
            row.number,
            row.at,
            name or "the shell",
            row.reason,
            {field: (old, new) for field, (old, new) in json.loads(row.changes).items()},
        )
        for row, name in rows
    ]


def in_words(session: Session, field: str, value: Any, zone: str) -> str:
    """A value of :class:`Change` as people say it: “Phone or video”, “P-0132”, “yes”; “nothing” for none."""
    if value is None or value == []:
        return "nothing"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if field in _ENUMS:
        return label(_ENUMS[field](value))
    if field == "needs":
        return ", ".join(label(Need(need)) for need in value)
    if field == "at":
        return clock(datetime.fromisoformat(value), zone)
    if field == "person_id":
        return session.scalar(select(Person.code).where(Person.id == value)) or "somebody"
    if field == "referral_id":
        received = session.scalar(select(Referral.received_at).where(Referral.id == value))
        return f"the one of {clock(received, zone)}" if received else f"referral {value}"
    if field == "provider_id":
        return session.scalar(select(Provider.name).where(Provider.id == value)) or f"provider {value}"
    return str(value)


def same_values(form: InterventionForm) -> Values:
    """What the form says, in the same values as :func:`snapshot`: to show both versions of a stale edit."""
    values: Values = {name: getattr(form, name) for name in WORDS if name not in ("needs", "at")}
    values |= {name: values[name].value for name in _ENUMS if values[name] is not None}
    return values | {"at": form.at.astimezone(UTC).isoformat(), "needs": sorted(n.value for n in form.needs)}
