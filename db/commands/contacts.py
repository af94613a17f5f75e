"""Contacts typed elsewhere: read from a file, tried without storing anything, loaded once.

Each row goes through the same rules as the form. Rows that are refused say why and hold up no other;
a row that was loaded before, from this file or another, is not stored again.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, BinaryIO

from sqlalchemy import select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from db.access import Permission, Viewer
from db.cad.sniff import open_file
from db.cells import bare
from db.commands.base import write
from db.commands.desk import hold, now_of
from db.commands.people import Known, everyone, fold, search
from db.commands.work import insert_intervention
from db.errors import Invalid, TandemError, Unreadable
from db.forms import checked
from db.forms.contacts import a_day, answers, columns_of, language
from db.forms.work import InterventionForm
from db.models import Identity, Intervention, Pilot, Provider, Staff
from db.vocab import Mode, Role, Scope

MOST_ROWS = 2_000
AT_ONCE = 100
"""Rows of one transaction: nobody else who saves waits for a whole file. An interrupted load is simply repeated."""
_CODE = re.compile(r"[Pp]-?(\d{1,9})")
Progress = Callable[[int, int], object]


@dataclass(frozen=True, slots=True)
class Refused:
    """A row that was not stored: its line in the file, why, and its cells as they stood."""

    line: int
    reason: str
    cells: tuple[str, ...]


@dataclass(slots=True)
class ContactReport:
    """What became of a file. ``dry_run``: nothing was stored, the counts are what would be."""

    file_name: str
    dry_run: bool
    header: tuple[str, ...] = ()
    rows: int = 0
    added: int = 0
    people_added: int = 0
    already_there: int = 0
    at_noon: int = 0
    """Rows without a time of day, put at noon."""
    unread: tuple[str, ...] = ()
    """Headers of columns that nothing was read from."""
    refused: list[Refused] = field(default_factory=list)
    doubts: list[tuple[int, str]] = field(default_factory=list)
    """(line, sentence) for what was stored as given and is worth a look."""


class _Tried(Exception):
    """Ends a dry run: everything is rolled back."""


def import_contacts(
    session: Session,
    viewer: Viewer,
    source: Path | BinaryIO,
    *,
    name: str = "",
    staff: str = "",
    add_people: bool = False,
    dry_run: bool = False,
    progress: Progress = lambda done, of: None,
) -> ContactReport:
    """Load the contacts of one CSV or Excel file. ``staff``: whose work a row is that does not say so.

    ``add_people``: somebody nobody knows is added; otherwise such a row is refused. Raises Unreadable,
    Invalid, Forbidden.
    """
    if not viewer.may(Permission.log_work):
        with write(session, viewer, Permission.log_work, "import contacts"):
            pass  # the refusal is audited before the file is opened
    file = open_file(source, name)
    lines = [row for sheet in file.sheets[:1] for chunk in sheet.walk() for row in zip(*chunk, strict=True)]
    if not lines:
        raise Unreadable(f"{file.name} has no rows.")
    (_, header), *rows = lines
    where, unread = columns_of(header)
    if not rows:
        raise Unreadable(f"{file.name} has no row below its header. Each contact is a row.")
    if len(rows) > MOST_ROWS:
        raise Unreadable(f"{file.name} has {len(rows):,} rows; {MOST_ROWS:,} go in one load. Split the file.")
    report = ContactReport(file.name, dry_run, tuple(header), len(rows), unread=tuple(unread))
    load = _Load(session, viewer, report, add_people)
    size = max(1, len(rows)) if dry_run else AT_ONCE
    done = 0
    for part in [rows[k : k + size] for k in range(0, len(rows), size)]:
        with suppress(_Tried), write(session, viewer, Permission.log_work, "import contacts", Scope.work) as note:
            load.begin(staff)
            before = (report.added, len(report.refused), report.people_added)
            for line, cells in part:
                load.row(line, cells, where)
                done += 1
                progress(done, len(rows))
            added, refused, people = report.added, len(report.refused), report.people_added
            note.subject = f"{len(part)} rows"  # never the file's name: it may hold a person's
            note.detail = {"added": added - before[0], "refused": refused - before[1], "people": people - before[2]}
            if dry_run:
                raise _Tried
    return report


class _Load:
    """One load in its transaction: whom and what it knows, and what it has done so far."""

    def __init__(self, session: Session, viewer: Viewer, report: ContactReport, add_people: bool) -> None:
        self.session, self.viewer, self.report, self.add_people = session, viewer, report, add_people

    def begin(self, staff: str) -> None:
        """Within the transaction: one load after the other, or two could store the same row."""
        session = self.session
        hold(session, Pilot, 1, "pilot")
        self.now = now_of(session, self.viewer)
        self.people = everyone(session)
        self.codes = {known.code: known for known in self.people}
        desk = (Role.clinician, Role.social_worker)
        self.staff = {s.id: s for s in session.scalars(select(Staff)) if s.role in desk}
        self.providers = {fold(n): i for i, n in session.execute(select(Provider.id, Provider.name))}
        self.default = self._staff_named(staff) if staff else self.staff.get(self.viewer.staff_id or 0)

    def row(self, line: int, cells: Sequence[str], where: Mapping[str, int]) -> None:
        said = {name: bare(cells[number].strip()) for name, number in where.items() if number < len(cells)}
        try:
            with self.session.begin_nested():
                self._store(line, said)
        except Invalid as error:
            self._refuse(line, " ".join(error.errors.values()), cells)
        except TandemError as error:
            self._refuse(line, str(error), cells)
        except DBAPIError:
            self._refuse(line, "The database refused this row as contradictory. Check it against the form.", cells)

    def _refuse(self, line: int, reason: str, cells: Sequence[str]) -> None:
        self.report.refused.append(Refused(line, reason, tuple(cells)))

    def _store(self, line: int, said: Mapping[str, str]) -> None:
        staff = self._staff_named(said["staff"]) if said.get("staff") else self.default
        if staff is None:
            raise Invalid({"staff": f"Whose work is it? Add a column “staff”, or say it with --staff. {self._offer()}"})
        values = answers(said, self.now.zone)
        known, new = self._who(said, values.get("mode"))
        form = self._form(values, known, new, said)
        if new is None and self._there_already(staff, form):
            self.report.already_there += 1
            return
        row, doubts = insert_intervention(self.session, self.viewer, staff, form, self.now)
        self.report.added += 1
        self.report.at_noon += not said.get("time") and ":" not in said.get("date", "")
        self.report.doubts += [(line, doubt) for doubt in doubts]
        if new is not None and row.person_id is not None:
            self._met(row.person_id)

    def _form(
        self, values: Mapping[str, Any], known: Known | None, new: Mapping[str, Any] | None, said: Mapping[str, str]
    ) -> InterventionForm:
        who = {"person_id": known.id if known else None, "new_person": new}
        provider = {"provider_id": self._provider(said["provider"])} if said.get("provider") else {}
        return checked(InterventionForm, {**values, **who, **provider})

    def _there_already(self, staff: Staff, form: InterventionForm) -> bool:
        """Loaded before, typed here, or twice in the file. One that was voided since stays so."""
        alike = select(Intervention.id).where(
            Intervention.staff_id == staff.id,
            Intervention.at == form.at,
            Intervention.person_id.is_not_distinct_from(form.person_id),
            Intervention.mode == form.mode,
            Intervention.purpose == form.purpose,
            Intervention.outcome == form.outcome,
            Intervention.minutes == form.minutes,
        )
        return self.session.scalars(alike).first() is not None

    def _met(self, person_id: int) -> None:
        """Somebody this row added is known to the rows below it."""
        identity = self.session.get_one(Identity, person_id)
        code = identity.person.code
        known = Known(person_id, code, identity.name, None, None)
        if identity.born_on:
            known = replace(known, born_on=a_day(identity.born_on))
        self.people.append(known)
        self.codes[code] = known
        self.report.people_added += 1

    def _who(self, said: Mapping[str, str], mode: Any) -> tuple[Known | None, dict[str, Any] | None]:
        text = said.get("person", "")
        if not text:
            return None, None
        if code := _CODE.fullmatch(text):
            known = self.codes.get(f"P-{int(code[1]):04d}")
            if known is None:
                raise Invalid({"person": f"There is no person {text}. Check the code, or write the name."})
            return known, None
        if mode is Mode.outreach:
            raise Invalid({"person": f"“Outreach to providers” has no person. Clear “{text}”, or change the mode."})
        born = self._born(said)
        alike = [
            k
            for k in self.people
            if fold(text) in (fold(k.name), fold(k.alias or "")) and (born is None or k.born_on in (None, born))
        ]
        if len(alike) == 1:
            return alike[0], None
        if alike:
            codes = ", ".join(k.code for k in alike)
            raise Invalid({"person": f"“{text}” is {len(alike)} people we know ({codes}). Write the code."})
        if not self.add_people:
            near = "".join(f" {k.code} ({k.name}) is close." for k in search(self.session, text, limit=1))
            raise Invalid({"person": f"“{text}” is nobody we know.{near} Write the code, or let new people be added."})
        try:
            return None, {"name": text, "born_on": born, "language": language(said.get("language", ""))}
        except ValueError as error:
            raise Invalid({"language": str(error)}) from None

    def _born(self, said: Mapping[str, str]) -> Any:
        try:
            return a_day(said["born_on"], "birth date") if said.get("born_on") else None
        except ValueError as error:
            raise Invalid({"born_on": str(error)}) from None

    def _provider(self, text: str) -> int:
        found = self.providers.get(fold(text))
        if found is None:
            raise Invalid(
                {"provider": f"There is no provider “{text}” in the directory. Write its name as it is there."}
            )
        return found

    def _staff_named(self, text: str) -> Staff:
        found = [s for s in self.staff.values() if fold(s.name) == fold(text)]
        if len(found) != 1:
            raise Invalid({"staff": f"There is no member of the desk named “{text}”. {self._offer()}"})
        return found[0]

    def _offer(self) -> str:
        return f"Name one of: {', '.join(s.name for s in self.staff.values())}."
