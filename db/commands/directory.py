"""The directory of providers: kept right, found by what somebody needs, marked when nobody looked for 90 days."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from db import hours
from db.access import Permission, Viewer
from db.commands.base import Note, write
from db.commands.desk import Saved, hold, now_of
from db.commands.people import fold
from db.errors import Conflict, Invalid
from db.forms.connections import OLDEST, ProviderForm, ProviderNoteForm
from db.models import Provider, ProviderNote, ProviderService
from db.vocab import AgeBand, Need, Scope, label
from db.vocab.links import OpenWhen

FRESH_FOR = timedelta(days=90)
"""How long a verified row is believed before it fades and asks to be looked at again."""
FIELDS = tuple(name for name in ProviderForm.model_fields if name not in ("revision", "services"))
"""The columns that a form fills; services are rows of their own."""
ANYONE = "Anyone"
AGES: Mapping[AgeBand, tuple[int, int]] = {
    AgeBand.under_18: (0, 17),
    AgeBand.a18_25: (18, 25),
    AgeBand.a26_44: (26, 44),
    AgeBand.a45_64: (45, 64),
    AgeBand.a65_over: (65, OLDEST),
}


class StaleEdit(Conflict):
    """Somebody saved this row after it was opened. ``both``: field → (what stands there now, what was typed)."""

    def __init__(self, name: str, both: Mapping[str, tuple[str, str]], revision: int) -> None:
        differ = "; ".join(f"{field}: “{theirs}” now, “{yours}” typed" for field, (theirs, yours) in both.items())
        super().__init__(f"Somebody changed {name} while you were editing it. {differ}. Nothing was overwritten.")
        self.both, self.revision = both, revision


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody looks for. None or empty: no matter."""

    need: Need | None = None
    language: str | None = None
    when: OpenWhen | None = None
    age: AgeBand | None = None
    place: str | None = None
    eligibility: str | None = None
    """One of the directory's own wordings; whoever serves anyone fits as well."""
    words: str = ""
    room_only: bool = False
    partners_only: bool = False
    in_city: bool | None = None
    closed: bool = False
    """Providers that closed as well."""


@dataclass(frozen=True, slots=True)
class Found:
    """A provider that fits, as far as is known: ``unsure`` names what the directory does not say."""

    provider: Provider
    unsure: tuple[str, ...]


def everyone(session: Session, *, closed: bool = False) -> Sequence[Provider]:
    """All providers by name, open ones only unless ``closed``."""
    rows = select(Provider).order_by(Provider.name).options(selectinload(Provider.services))
    return session.scalars(rows if closed else rows.where(Provider.active)).all()


def needs_of(provider: Provider) -> set[Need]:
    return {service.need for service in provider.services}


def stale(provider: Provider, today: date) -> bool:
    """Whether the row has to be looked at again."""
    return provider.verified_on is None or today - provider.verified_on > FRESH_FOR


def languages(providers: Sequence[Provider]) -> list[str]:
    return sorted({part for p in providers for part in p.languages.split(", ") if part})


def places(providers: Sequence[Provider]) -> list[str]:
    return sorted({part for p in providers for part in (p.service_area or "").split(", ") if part})


def eligibilities(providers: Sequence[Provider]) -> list[str]:
    return sorted({p.eligibility for p in providers if p.eligibility not in ("", ANYONE)})


def find(providers: Sequence[Provider], wanted: Wanted, local: datetime) -> list[Found]:
    """Who fits, best first: what is known for certain, with room, a partner, verified lately, in the city.

    What a row does not say excludes nobody; such rows come last, with what is not known. ``local``: the
    moment on the city's clock, for "open now".
    """
    found = [Found(p, tuple(_unsure(p, wanted))) for p in providers if _fits(p, wanted, local)]
    return sorted(
        found,
        key=lambda f: (
            not f.provider.active,
            len(f.unsure),
            not f.provider.has_capacity,
            stale(f.provider, local.date()),
            not f.provider.is_partner,
            not f.provider.in_city,
            f.provider.name,
        ),
    )


def _fits(p: Provider, wanted: Wanted, local: datetime) -> bool:
    return all(
        (
            p.active or wanted.closed,
            wanted.need is None or wanted.need in needs_of(p),
            wanted.language is None or wanted.language in p.languages.split(", "),
            not wanted.room_only or p.has_capacity,
            not wanted.partners_only or p.is_partner,
            wanted.in_city is None or p.in_city is wanted.in_city,
            wanted.place is None or not p.service_area or wanted.place in p.service_area.split(", "),
            wanted.eligibility is None or p.eligibility in ("", ANYONE, wanted.eligibility),
            wanted.age is None or _serves_age(p, wanted.age),
            wanted.when is None or _open(p, wanted.when, local),
            all(word in _text(p) for word in fold(wanted.words).split()),
        )
    )


def _serves_age(p: Provider, age: AgeBand) -> bool:
    low, high = AGES.get(age, (0, OLDEST))
    return (p.minimum_age or 0) <= high and (p.maximum_age if p.maximum_age is not None else OLDEST) >= low


def _open(p: Provider, when: OpenWhen, local: datetime) -> bool:
    week = hours.read(p.hours)
    if week is None:
        return True  # not known: shown, and said so
    if when is OpenWhen.now:
        return hours.open_at(week, local)
    return hours.open_evenings(week) if when is OpenWhen.evening else hours.open_weekends(week)


def _unsure(p: Provider, wanted: Wanted) -> Iterator[str]:
    if wanted.when is not None and hours.read(p.hours) is None:
        yield "hours not known"
    if wanted.place is not None and not p.service_area:
        yield "service area not known"
    if wanted.eligibility is not None and not p.eligibility:
        yield "for whom not known"
    if wanted.age is not None and p.minimum_age is None and p.maximum_age is None:
        yield "ages not known"


def _text(p: Provider) -> str:
    parts = (p.name, p.eligibility, p.description, p.fees, p.address, p.service_area, p.languages, label(p.kind))
    return fold(" ".join([*(part or "" for part in parts), *(label(need) for need in needs_of(p))]))


# --- writes --------------------------------------------------------------------------------------


def add_provider(session: Session, viewer: Viewer, form: ProviderForm) -> Saved:
    """A new row, verified today. Raises Invalid where one of that name exists."""
    with write(session, viewer, Permission.log_work, "add provider", Scope.work) as note:
        now = now_of(session, viewer)
        form.check(now)
        _name_is_free(session, form.name, None)
        row = insert_provider(session, viewer, form)
        note.subject = f"provider {row.id}"
    return Saved(row.id, tuple(form.doubts(now)))


def insert_provider(session: Session, viewer: Viewer, form: ProviderForm) -> Provider:
    """The same inside another command's transaction, which knows that the name is free."""
    row = Provider(
        **{name: getattr(form, name) for name in FIELDS},
        services=[ProviderService(need=need) for need in sorted(form.services)],
        verified_on=viewer.today,
        verified_by=viewer.user_id,
    )
    session.add(row)
    session.flush()
    return row


def edit_provider(session: Session, viewer: Viewer, provider_id: int, form: ProviderForm) -> Saved:
    """Change a row. Raises :class:`StaleEdit` where somebody saved it after ``form.revision``."""
    with write(session, viewer, Permission.log_work, "edit provider", Scope.work) as note:
        now = now_of(session, viewer)
        form.check(now)
        row = hold(session, Provider, provider_id, "provider")
        if form.revision is not None and form.revision != row.revision:
            raise StaleEdit(row.name, _both(row, form), row.revision)
        _name_is_free(session, form.name, row.id)
        changed = change_provider(row, form)
        row.verified_on, row.verified_by = viewer.today, viewer.user_id
        note.subject, note.detail = f"provider {row.id}", {"fields": sorted(changed)}
    return Saved(row.id, tuple(form.doubts(now)))


def differences(row: Provider, form: ProviderForm) -> dict[str, tuple[Any, Any]]:
    """Field → (stored, on the form), where the two differ; needs under ``services``."""
    found = {name: (getattr(row, name), getattr(form, name)) for name in FIELDS}
    found["services"] = (frozenset(needs_of(row)), form.services)
    return {name: pair for name, pair in found.items() if pair[0] != pair[1]}


def change_provider(row: Provider, form: ProviderForm) -> dict[str, tuple[Any, Any]]:
    """Put the form's values into the row, inside another command's transaction; what was changed."""
    changed = differences(row, form)
    for name in changed:
        if name == "services":
            kept = [service for service in row.services if service.need in form.services]
            new = sorted(form.services - {service.need for service in kept})
            row.services = kept + [ProviderService(need=need) for need in new]
        else:
            setattr(row, name, getattr(form, name))
    if changed:
        row.revision += 1
    return changed


def verify_provider(session: Session, viewer: Viewer, provider_id: int) -> Saved:
    """“Still right”: somebody asked, nothing changed."""
    with _one(session, viewer, provider_id, "verify provider") as (row, _):
        row.verified_on, row.verified_by = viewer.today, viewer.user_id
    return Saved(provider_id)


def set_room(session: Session, viewer: Viewer, provider_id: int, has_room: bool, words: str | None = None) -> Saved:
    """Whether they take anybody at present, and a few words about it ("waitlist of 3 weeks")."""
    with _one(session, viewer, provider_id, "set provider capacity") as (row, note):
        row.has_capacity, row.capacity_note = has_room, (words or "").strip()[:120] or None
        row.revision += 1
        note.detail = {"has_capacity": has_room}
    return Saved(provider_id)


def set_open(session: Session, viewer: Viewer, provider_id: int, is_open: bool) -> Saved:
    """Close a provider in the directory (its past connections stay), or open it again."""
    with _one(session, viewer, provider_id, "open provider" if is_open else "close provider") as (row, _):
        row.active = is_open
        row.revision += 1
    return Saved(provider_id)


def add_note(session: Session, viewer: Viewer, form: ProviderNoteForm) -> Saved:
    with write(session, viewer, Permission.log_work, "note on provider", Scope.work) as note:
        row = hold(session, Provider, form.provider_id, "provider")
        made = ProviderNote(provider_id=row.id, at=viewer.now, user_id=viewer.user_id, text=form.text)
        session.add(made)
        session.flush()
        note.subject = f"provider {row.id}"
    return Saved(made.id)


def void_note(session: Session, viewer: Viewer, note_id: int) -> Saved:
    with write(session, viewer, Permission.log_work, "void note on provider", Scope.work) as note:
        row = hold(session, ProviderNote, note_id, "note")
        row.voided_at = viewer.now
        note.subject, note.detail = f"provider {row.provider_id}", {"note": note_id}
    return Saved(note_id)


@contextmanager
def _one(session: Session, viewer: Viewer, provider_id: int, action: str) -> Iterator[tuple[Provider, Note]]:
    """A write to one provider's row, which is held."""
    with write(session, viewer, Permission.log_work, action, Scope.work) as note:
        row = hold(session, Provider, provider_id, "provider")
        note.subject = f"provider {row.id}"
        yield row, note


def _name_is_free(session: Session, name: str, own_id: int | None) -> None:
    wanted = fold(name)
    for other_id, other in session.execute(select(Provider.id, Provider.name)):
        if other_id != own_id and fold(other) == wanted:
            raise Invalid({"name": f"{other} is in the directory already. Open that row and edit it there."})


def _both(row: Provider, form: ProviderForm) -> dict[str, tuple[str, str]]:
    return {name: (said(theirs), said(yours)) for name, (theirs, yours) in differences(row, form).items()}


def said(value: Any) -> str:
    """A field's value as people read it."""
    if isinstance(value, frozenset):
        return ", ".join(label(need) for need in sorted(value))
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else str(label(value) if hasattr(value, "value") else value)
