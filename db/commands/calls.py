"""Loading calls, taking a load back, and the rules that say what a call means."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from sqlalchemy import delete, func, insert, select
from sqlalchemy.orm import Session

from db.access import Permission, Viewer
from db.cad import current, load
from db.cad.mapping import ColumnMapping, find_header
from db.cad.read import Parsed, Progress, Rows, read_calls, silent, unswept
from db.cad.report import ImportReport, suspicions
from db.cad.rules import apply_rules, folded
from db.cad.sniff import CadFile, open_file
from db.commands.base import write
from db.engine import raise_version
from db.errors import Conflict, Invalid, NotFound
from db.forms.calls import MappingForm, RuleForm
from db.models import Call, CallRule, CallType, CallUnit, Import, ImportRefusal, Location, Mapping
from db.pilot import the_pilot
from db.vocab import CallCategory, ImportStatus, RuleKind, Scope


def import_calls(
    session: Session,
    viewer: Viewer,
    source: Path | BinaryIO,
    mapping: ColumnMapping,
    *,
    name: str = "",
    sheet: str | None = None,
    date_format: str | None = None,
    dry_run: bool = False,
    progress: Progress = silent,
) -> ImportReport:
    """Load one file, all or nothing, and say what happened. The same file again adds nothing.

    The file is read before the transaction begins, so others may write meanwhile. Raises
    :class:`~db.errors.Unreadable` for a file, mapping or date that cannot be read. ``dry_run`` stores nothing.
    """
    if not viewer.may(Permission.import_calls):
        with write(session, viewer, Permission.import_calls, "import calls"):
            raise AssertionError("write() lets nobody in without the permission")
    with unswept():
        return _imported(session, viewer, open_file(source, name), mapping, sheet, date_format, dry_run, progress)


def _imported(
    session: Session,
    viewer: Viewer,
    file: CadFile,
    mapping: ColumnMapping,
    sheet: str | None,
    date_format: str | None,
    dry_run: bool,
    progress: Progress,
) -> ImportReport:
    header = find_header(file, mapping, sheet)
    parsed = read_calls(header, mapping, the_pilot(session).time_zone, date_format, progress)
    calls = load.distinct_calls(parsed)
    parsed.refused = sorted(parsed.refused + calls.refused, key=lambda refusal: refusal.line)
    warnings = suspicions(parsed, viewer.today) + calls.notes
    if dry_run:
        there, _ = load.already_there(session, calls.calls)
        return _report(file, mapping, parsed, calls, int(there.sum()), warnings, dry_run=True)
    with write(session, viewer, Permission.import_calls, "import calls") as note:
        there, keys = load.already_there(session, calls.calls)
        report = _report(file, mapping, parsed, calls, int(there.sum()), warnings)
        if report.kept:
            new = replace(calls.calls, key=keys).at(~there)
            report = _stored(session, viewer, file, parsed, new, report, progress)
            raise_version(session, Scope.calls)
        note.subject = f"import {report.import_id}" if report.import_id else "nothing new"
        note.detail = {"file": report.file_name, "rows": report.rows_read, "added": report.kept}
    return report


def _report(
    file: CadFile,
    mapping: ColumnMapping,
    parsed: Parsed,
    calls: load.Distinct,
    there: int,
    warnings: Sequence[str],
    *,
    dry_run: bool = False,
) -> ImportReport:
    return ImportReport(
        file_name=file.name[:200],
        rows_read=parsed.rows_read,
        kept=len(calls.calls) - there,
        merged=calls.merged,
        already_there=there,
        refused=tuple(parsed.refused),
        warnings=tuple(warnings),
        mapping=mapping.stored(),
        first_day=load.as_day(parsed.calls.day.min()),
        last_day=load.as_day(parsed.calls.day.max()),
        dry_run=dry_run,
    )


def _stored(
    session: Session,
    viewer: Viewer,
    file: CadFile,
    parsed: Parsed,
    new: Rows,
    report: ImportReport,
    progress: Progress,
) -> ImportReport:
    record = Import(
        at=viewer.now,
        by=viewer.name,
        file_name=report.file_name,
        file_hash=file.sha256,
        mapping=dict(report.mapping),
        rows_read=report.rows_read,
        added=report.kept,
        merged=report.merged,
        already_there=report.already_there,
        refused=len(report.refused),
        first_received=datetime.fromtimestamp(int(new.utc.min()), UTC),
        last_received=datetime.fromtimestamp(int(new.utc.max()), UTC),
        warnings=list(report.warnings),
    )
    session.add(record)
    session.flush()
    load.store(session, parsed, new, record.id, progress)
    if report.refused:
        session.execute(
            insert(ImportRefusal),
            [{"import_id": record.id, "line": r.line, "reason": r.reason[:200]} for r in report.refused],
        )
    apply_rules(session, viewer.today)
    current.refresh(session)
    return replace(report, import_id=record.id)


def take_back_import(session: Session, viewer: Viewer, import_id: int) -> int:
    """Remove every call an import added, and its units. How many calls went.

    The import stays in the list as taken back. Calls that a later file merely confirmed go as well: load it again.
    """
    with write(session, viewer, Permission.import_calls, "take back import", Scope.calls) as note:
        record = session.get(Import, import_id)
        if record is None:
            raise NotFound(f"There is no import {import_id}. “tandem calls list” shows them.")
        if record.status is ImportStatus.taken_back:
            raise Conflict(f"Import {import_id} ({record.file_name}) was taken back before.")
        mine = select(Call.id).where(Call.import_id == import_id)
        session.execute(delete(CallUnit).where(CallUnit.call_id.in_(mine)), execution_options=_BULK)
        session.execute(delete(Call).where(Call.import_id == import_id), execution_options=_BULK)
        record.status = ImportStatus.taken_back
        current.refresh(session)
        note.subject, note.detail = f"import {import_id}", {"removed": record.added}
        return record.added


_BULK = {"synchronize_session": False}


def assign_category(session: Session, viewer: Viewer, type_id: int, category: CallCategory) -> CallRule:
    """An exact rule for one call type, before all patterns; an exact rule there is, is changed. Types are re-judged."""
    with write(session, viewer, Permission.import_calls, "assign call type", Scope.calls) as note:
        kind = session.get(CallType, type_id)
        if kind is None:
            raise NotFound(f"There is no call type {type_id}.")
        rule = _exact_rule(session, kind.name)
        position = _before_all(session)
        if rule is None:
            rule = CallRule(kind=RuleKind.exact, value=kind.name)
            session.add(rule)
        rule.position, rule.category = position, category
        session.flush()
        changed = apply_rules(session, viewer.today)
        note.subject, note.detail = f"call_rule {rule.id}", {"category": category.value, "types": changed}
        return rule


def add_rule(session: Session, viewer: Viewer, form: RuleForm) -> CallRule:
    """A new rule, before all others. Types are re-judged. A rule there is already raises :class:`Invalid`."""
    with write(session, viewer, Permission.import_calls, "add call rule", Scope.calls) as note:
        twin = select(CallRule).where(CallRule.kind == form.kind, CallRule.value == form.value)
        if session.scalar(twin.where(CallRule.valid_from.is_(None))):
            raise Invalid({"value": f"There is a rule “{form.value}” already. Change or remove that one."})
        rule = CallRule(kind=form.kind, value=form.value, category=form.category, position=_before_all(session))
        session.add(rule)
        session.flush()
        changed = apply_rules(session, viewer.today)
        note.subject, note.detail = f"call_rule {rule.id}", {"category": form.category.value, "types": changed}
        return rule


def change_rule(session: Session, viewer: Viewer, rule_id: int, category: CallCategory) -> int:
    """Give what a rule catches another category. How many types changed."""
    with write(session, viewer, Permission.import_calls, "change call rule", Scope.calls) as note:
        rule = _rule(session, rule_id)
        rule.category = category
        session.flush()
        changed = apply_rules(session, viewer.today)
        note.subject, note.detail = f"call_rule {rule_id}", {"category": category.value, "types": changed}
        return changed


def remove_rule(session: Session, viewer: Viewer, rule_id: int) -> int:
    """Drop a rule; its types fall to the next rule that fits, or to none. How many types changed."""
    with write(session, viewer, Permission.import_calls, "remove call rule", Scope.calls) as note:
        rule = _rule(session, rule_id)
        note.subject, note.detail = f"call_rule {rule_id}", {"kind": rule.kind.value, "value": rule.value}
        session.delete(rule)
        session.flush()
        return apply_rules(session, viewer.today)


def mark_institution(session: Session, viewer: Viewer, location_id: int, is_institution: bool) -> Location:
    """Say that a place is a shelter, hospital or station (or is not): then it is neither counted nor judged."""
    with write(session, viewer, Permission.import_calls, "mark institution", Scope.calls) as note:
        place = session.get(Location, location_id)
        if place is None:
            raise NotFound(f"There is no location {location_id}.")
        place.is_institution = is_institution
        note.subject, note.detail = f"location {location_id}", {"institution": is_institution}
        return place


def save_mapping(session: Session, viewer: Viewer, form: MappingForm, mapping: ColumnMapping) -> Mapping:
    """Keep a mapping under a name; the same name again replaces it."""
    with write(session, viewer, Permission.import_calls, "save mapping", Scope.calls) as note:
        saved = session.scalar(select(Mapping).where(func.lower(Mapping.name) == form.name.lower()))
        if saved is None:
            saved = Mapping(name=form.name)
            session.add(saved)
        saved.columns = mapping.stored()
        session.flush()
        note.subject = f"mapping {saved.id}"
        return saved


def saved_mapping(session: Session, name: str) -> ColumnMapping:
    """The mapping kept under ``name``. Raises :class:`NotFound`, naming those there are."""
    saved = {mapping.name.casefold(): mapping for mapping in session.scalars(select(Mapping).order_by(Mapping.name))}
    if found := saved.get(name.strip().casefold()):
        return ColumnMapping.of(found.columns)
    known = ", ".join(f"“{mapping.name}”" for mapping in saved.values()) or "none yet"
    raise NotFound(f"There is no saved mapping “{name}”. Saved: {known}.")


def _rule(session: Session, rule_id: int) -> CallRule:
    rule = session.get(CallRule, rule_id)
    if rule is None:
        raise NotFound(f"There is no call rule {rule_id}. It may have been removed a moment ago.")
    return rule


def _exact_rule(session: Session, name: str) -> CallRule | None:
    rules = session.scalars(select(CallRule).where(CallRule.kind == RuleKind.exact))
    return next((rule for rule in rules if folded(rule.value) == folded(name)), None)


def _before_all(session: Session) -> int:
    return (session.scalar(select(func.min(CallRule.position))) or 0) - 1
