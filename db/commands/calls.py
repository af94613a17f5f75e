"""Loading calls, taking a load back, and saved mappings. What calls mean: ``db.commands.call_rules``."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

import numpy as np
from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from db.access import Permission, Viewer
from db.cad import current, load, overlap, takeback
from db.cad.gather import Gathered, gather
from db.cad.mapping import ColumnMapping, find_header
from db.cad.profile import Layout
from db.cad.read import Progress, Reading, silent, unswept
from db.cad.report import ImportReport, much_changed, suspicions, unseen_types
from db.cad.rule_effects import draw_breaks
from db.cad.rules import apply_rules
from db.cad.sniff import CadFile, open_file
from db.commands.base import write
from db.engine import raise_version
from db.errors import Conflict, NotFound
from db.forms.calls import MappingForm
from db.models import Import, ImportRefusal
from db.models import Mapping as SavedMapping
from db.pilot import the_pilot
from db.vocab import ImportStatus, Scope


def import_calls(
    session: Session,
    viewer: Viewer,
    source: Path | BinaryIO,
    mapping: ColumnMapping,
    *,
    name: str = "",
    sheet: str | None = None,
    date_format: str | None = None,
    codes: Mapping[str, str] | None = None,
    dry_run: bool = False,
    progress: Progress = silent,
) -> ImportReport:
    """Load one file, all or nothing, and say what happened. The same file again changes nothing.

    A file that overlaps what is there adds its new calls and changes those that it tells otherwise. It is read
    before the transaction begins, so others may write meanwhile. ``codes``: type → description, from a codebook.
    Raises :class:`~db.errors.Unreadable` for a file, mapping or date that cannot be read. ``dry_run`` stores nothing.
    """
    if not viewer.may(Permission.import_calls):
        with write(session, viewer, Permission.import_calls, "import calls"):
            raise AssertionError("write() lets nobody in without the permission")
    with unswept():
        file = open_file(source, name)
        header = find_header(file, mapping, sheet)
        zone = the_pilot(session).time_zone
        gathered = gather(Reading(header, mapping, zone, date_format, codes=codes, progress=progress))
        job = _Job(session, viewer, file, mapping, sheet, date_format, gathered, progress)
        if dry_run:
            return replace(_tried(job), dry_run=True)
        with write(session, viewer, Permission.import_calls, "import calls") as note:
            report = _loaded(job)
            if report.import_id:
                raise_version(session, Scope.calls)
            note.subject = f"import {report.import_id}" if report.import_id else "nothing new"
            note.detail = {"file": report.file_name, "rows": report.rows_read, "added": report.kept}
            note.detail |= {"updated": report.updated} if report.updated else {}
    return report


@dataclass(frozen=True, slots=True)
class _Job:
    """One file on its way in."""

    session: Session
    viewer: Viewer
    file: CadFile
    mapping: ColumnMapping
    sheet: str | None
    date_format: str | None
    gathered: Gathered
    progress: Progress


def _tried(job: _Job) -> ImportReport:
    """What loading would do. Reads only."""
    there = overlap.already_there(job.session, job.gathered.calls)
    ids = load.Ids(job.session, job.gathered)
    seen = _seen_before(job)
    differing = () if seen else overlap.differences(job.session, job.gathered, there, ids)
    changed = {told.call_id for found in differing for told in found}
    report = _report(job, there, ids, seen)
    warnings = (*report.warnings, *much_changed(len(changed), report.already_there))
    return replace(report, updated=len(changed), warnings=warnings)


def _loaded(job: _Job) -> ImportReport:
    session, gathered = job.session, job.gathered
    there = overlap.already_there(session, gathered.calls)
    ids = load.Ids(session, gathered)
    seen = _seen_before(job)
    report = _report(job, there, ids, seen)
    if not report.kept and (seen or not any(overlap.differences(session, gathered, there, ids))):
        return report
    record = _record(job, report)
    session.add(record)
    session.flush()
    ids.add_missing(session, gathered)
    changed, days = (set[int](), set[int]()) if seen else _changed(job, there, ids, record.id)
    new = ~there.mask(len(gathered.calls))
    days |= {int(gathered.calls.day[new].min())} if report.kept else set()
    load.store(session, gathered, new, ids, record.id, job.progress)
    job.progress("counting", 0, len(gathered.calls))
    takeback.bring_reviews_back(session, record.id)
    if report.refused:
        rows = [{"import_id": record.id, "line": r.line, "reason": r.reason[:200]} for r in report.refused]
        session.execute(insert(ImportRefusal), rows)
    rejudged = apply_rules(session, job.viewer.today)
    _draw_breaks(session)
    facts = None if there.known else load.facts(session, gathered, ids)
    # a type new to the rules has calls of this file only, unless rules changed by themselves with the day
    current.refresh(session, since=None if rejudged > ids.added else load.as_day(min(days)), facts=facts)
    job.progress("counting", len(gathered.calls), len(gathered.calls))
    report = replace(report, warnings=(*report.warnings, *much_changed(len(changed), report.already_there)))
    record.updated, record.warnings = len(changed), list(report.warnings)
    return replace(report, updated=len(changed), import_id=record.id)


def _draw_breaks(session: Session) -> None:
    """Calls of a type that a dated rule judges may be the first, or have been the last, of their series."""
    if draw_breaks(session):
        raise_version(session, Scope.setup)


def _changed(job: _Job, there: overlap.There, ids: load.Ids, import_id: int) -> tuple[set[int], set[int]]:
    """Change the calls that the file tells otherwise: (their ids, the days on which counts change)."""
    changed, days = set[int](), set[int]()
    for found in overlap.differences(job.session, job.gathered, there, ids):
        overlap.change(job.session, found, import_id)
        changed |= {told.call_id for told in found}
        days |= {day for told in found for day in told.days}
    return changed, days


def _record(job: _Job, report: ImportReport) -> Import:
    utc = job.gathered.calls.utc
    return Import(
        at=job.viewer.now,
        by=job.viewer.name,
        file_name=report.file_name,
        file_hash=job.file.sha256,
        mapping=dict(report.mapping),
        sheet=job.sheet,
        date_format=job.date_format,
        rows_read=report.rows_read,
        added=report.kept,
        merged=report.merged,
        already_there=report.already_there,
        refused=len(report.refused),
        first_received=datetime.fromtimestamp(int(utc.min()), UTC),
        last_received=datetime.fromtimestamp(int(utc.max()), UTC),
        warnings=list(report.warnings),
    )


def _seen_before(job: _Job) -> Import | None:
    """The load of this very file under this very mapping that is still in force."""
    asked = select(Import).where(Import.file_hash == job.file.sha256, Import.status == ImportStatus.done)
    alike = (job.mapping.stored(), job.sheet, job.date_format)
    loads = job.session.scalars(asked.order_by(Import.id.desc()))
    return next((load for load in loads if (load.mapping, load.sheet, load.date_format) == alike), None)


def _report(job: _Job, there: overlap.There, ids: load.Ids, seen: Import | None) -> ImportReport:
    gathered, calls = job.gathered, job.gathered.calls
    warnings = suspicions(gathered, job.viewer.today)
    if there.known:  # in the first load of all, every type is new
        used = ids.types[calls.type] < 0
        names = [gathered.reading.types[k] for k in np.unique(calls.type[used]).tolist()]
        warnings += unseen_types(names, int(used.sum()))
    if seen is not None:
        warnings.append(
            f"This very file was loaded before (import {seen.id}): calls that are there already stay as they are."
        )
    return ImportReport(
        file_name=job.file.name[:200],
        rows_read=gathered.reading.rows_read,
        kept=len(calls) - len(there.rows),
        merged=gathered.merged,
        already_there=len(there.rows),
        refused=tuple(gathered.refused),
        warnings=tuple(warnings),
        mapping=job.mapping.stored(),
        first_day=load.as_day(calls.day.min()),
        last_day=load.as_day(calls.day.max()),
    )


def take_back_import(session: Session, viewer: Viewer, import_id: int) -> takeback.TakenBack:
    """Undo an import: its calls and their units go, calls it had changed say again what they said before.

    The import stays in the list as taken back. What cannot be put right (a later import told of the same calls)
    stands in the answer's sentence.
    """
    with write(session, viewer, Permission.import_calls, "take back import", Scope.calls) as note:
        record = session.get(Import, import_id)
        if record is None:
            raise NotFound(f"There is no import {import_id}. “tandem calls list” shows them.")
        if record.status is ImportStatus.taken_back:
            raise Conflict(f"Import {import_id} ({record.file_name}) was taken back before.")
        done = takeback.take_back(session, record)
        _draw_breaks(session)
        current.refresh(session, since=done.since)
        note.subject = f"import {import_id}"
        note.detail = {"removed": done.removed, "restored": done.restored}
        return done


def save_mapping(
    session: Session, viewer: Viewer, form: MappingForm, mapping: ColumnMapping, layout: Layout | None = None
) -> SavedMapping:
    """Keep a mapping under a name, with the layout of the file it fits; the same name again replaces it."""
    with write(session, viewer, Permission.import_calls, "save mapping", Scope.calls) as note:
        saved = session.scalar(select(SavedMapping).where(func.lower(SavedMapping.name) == form.name.lower()))
        if saved is None:
            saved = SavedMapping(name=form.name)
            session.add(saved)
        saved.columns, saved.layout = mapping.stored(), layout.stored() if layout else None
        session.flush()
        note.subject = f"mapping {saved.id}"
        return saved


def saved_profile(session: Session, name: str) -> tuple[ColumnMapping, Layout]:
    """The mapping kept under ``name`` and the layout it was made for. Raises :class:`NotFound`."""
    saved = {
        mapping.name.casefold(): mapping
        for mapping in session.scalars(select(SavedMapping).order_by(SavedMapping.name))
    }
    if found := saved.get(name.strip().casefold()):
        return ColumnMapping.of(found.columns), Layout.of(found.layout)
    known = ", ".join(f"“{mapping.name}”" for mapping in saved.values()) or "none yet"
    raise NotFound(f"There is no saved mapping “{name}”. Saved: {known}.")
