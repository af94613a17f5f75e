"""Writes of the quarterly report: its words, the expenditure category, a quarter filed and frozen."""

from sqlalchemy.orm import Session

from db.access import Permission, Viewer
from db.arpa.calendar import quarter_code, quarter_name
from db.arpa.checks import errors, newest, problems
from db.arpa.worksheet import build, typed
from db.commands.base import write
from db.errors import Conflict, Invalid, Setup
from db.forms.filing import CategoryForm, FieldsForm, FileForm
from db.ledger import quarter_of, the_grant
from db.models import QuarterFiling, ReportField
from db.vocab import Scope


def save_fields(session: Session, viewer: Viewer, form: FieldsForm) -> int:
    """Keep typed values from their quarter on, until another is typed for a later one. Returns how many changed.

    A value too long for the Treasury, or none of its choices, is kept and said by the checks.
    """
    with write(session, viewer, Permission.write_money, "save report fields", Scope.money) as note:
        quarter = quarter_of(form.quarter)
        stands = typed(session, quarter)
        moved = {
            key: value for key, value in form.values.items() if value != (stands[key].value if key in stands else "")
        }
        for key, value in moved.items():
            row = session.get(ReportField, (quarter, key))
            if row is None:
                row = ReportField(quarter=quarter, field=key)
                session.add(row)
            row.value, row.at, row.by = value, viewer.now, viewer.user_id
        note.subject = f"quarter {quarter_code(quarter)}"
        note.detail = {"fields": sorted(moved)}
    return len(moved)


def choose_category(session: Session, viewer: Viewer, form: CategoryForm) -> None:
    """Set the grant's expenditure category. What is filed keeps the one it was filed under."""
    with write(session, viewer, Permission.write_money, "choose expenditure category", Scope.money) as note:
        grant = the_grant(session)
        if grant is None:
            raise Setup("There is no grant yet. Run “tandem init”.")
        note.detail = {"before": grant.category, "after": form.category}
        grant.category = form.category


def file_quarter(session: Session, viewer: Viewer, form: FileForm) -> QuarterFiling:
    """Freeze the worksheet as it stands, with who and when; a filed quarter gets a new version, with a reason.

    Raises Conflict with the sentences of every check that fails, and when nothing has changed since it was filed;
    Invalid for a second version without a reason.
    """
    with write(session, viewer, Permission.write_money, "file quarter", Scope.money) as note:
        quarter = quarter_of(form.quarter)
        worksheet = build(session, quarter)
        if said := errors(problems(session, worksheet, viewer.today)):
            raise Conflict(f"{quarter_name(quarter)} cannot be filed yet. {' '.join(said)}")
        before = newest(session, quarter)
        frozen = worksheet.as_json()
        if before is not None and before.worksheet == frozen:
            raise Conflict(
                f"{quarter_name(quarter)} stands exactly as it was filed (version {before.version}). "
                "There is nothing new to file."
            )
        if before is not None and not form.reason:
            raise Invalid({"reason": f"{quarter_name(quarter)} was filed before. Write why it is filed again."})
        filing = QuarterFiling(
            quarter=quarter,
            version=before.version + 1 if before else 1,
            filed_at=viewer.now,
            filed_by=viewer.name,
            worksheet=frozen,
            reason=form.reason if before else None,
        )
        session.add(filing)
        session.flush()
        note.subject = f"quarter {quarter_code(quarter)}"
        note.detail = {"version": filing.version, "reason": filing.reason}
    return filing
