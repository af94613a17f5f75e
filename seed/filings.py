"""The quarterly reports finance has filed, made by the very builder of the worksheet; a late invoice that moved one.

Every quarter that is over but the last was filed ten days before it was due. In the first days of the month after,
the provider sends an interpreter's bill for the last month of the newest filed quarter: the month is reopened, the
bill booked, the month closed again. So what was filed and what the books say differ by one entry.
"""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.arpa.calendar import due_on, quarters
from db.arpa.worksheet import build, key_of
from db.ledger import month_of, payee_key, quarter_end, quarter_of
from db.models import Contract, Invoice, InvoicePart, LedgerEntry, MonthClose, QuarterFiling, ReportField
from db.vocab import EntryKind
from seed.awards import ADMINISTRATION, FINANCE_ACCOUNT, SUBAWARD, at_noon, workday
from seed.story import Clock

FILED_BY = "finance"
AHEAD = timedelta(days=10)
"""So long before it is due a report is filed."""
LATE = Decimal("486.25")
WHY = "The provider’s bill for interpreters came after the month was closed"
_WRITTEN = {
    key_of("project", "number"): "HPD-ARPA-07",
    key_of("project", "description"): (
        "One year of co-response in Harbor (a fictional city). A full-time bilingual social worker and a part-time "
        "one work inside the police department under a subaward with Brasslamp Recovery. They follow up on "
        "behavioral health calls, join officers on scene, and link people to treatment, housing and benefits."
    ),
    key_of("project", "served"): "2 Imp Low or moderate income HHs or populations",
    key_of("project", "structure"): (
        "Two social workers embedded in the police department, supervised by a nonprofit provider. Objectives: "
        "follow-up within 48 hours, a first appointment within 30 days, fewer repeat calls."
    ),
    key_of("project", "approach"): (
        "Calls of people in crisis rose and went without follow-up. A clinician beside the officers meets that need "
        "at the door; results are measured against a plan fixed in advance."
    ),
    key_of("project", "evidence"): "0.00",
    key_of("project", "evaluation"): "Yes",
    key_of("project", "capital"): "No",
    key_of("awards", "city", "HPD-PS-0147"): "Harbor",
    key_of("awards", "state", "HPD-PS-0147"): "CT",
    key_of("awards", "zip", "HPD-PS-0147"): "06800",
}
"""What finance typed for the first report; it holds until another is typed."""
_SINCE_WORK = {
    key_of("project", "served_why"): "Most people served are known from behavioral health calls to the police.",
}
"""Added with the first quarter in which anybody was served."""


def add_filings(session: Session, clock: Clock) -> dict[str, int]:
    """Type, file, then book what came late. Returns rows per table. The transaction is the caller's."""
    filed = [quarter for quarter in quarters(session) if quarter_end(quarter) < clock.today][:-1]
    if not filed:
        return {}
    _write(session, clock, filed[0], _WRITTEN)
    _write(session, clock, quarter_of(clock.launch), _SINCE_WORK)
    session.flush()
    for quarter in filed:
        session.add(
            QuarterFiling(
                quarter=quarter,
                version=1,
                filed_at=_filed_at(clock, quarter),
                filed_by=FILED_BY,
                worksheet=build(session, quarter).as_json(),
            )
        )
    session.flush()
    late = _late(session, clock, filed[-1])
    session.flush()
    return late | {"report_field": len(_WRITTEN) + len(_SINCE_WORK), "quarter_filing": len(filed)}


def _filed_at(clock: Clock, quarter: date) -> datetime:
    return at_noon(clock, workday(due_on(quarter) - AHEAD))


def _write(session: Session, clock: Clock, quarter: date, values: dict[str, str]) -> None:
    at = _filed_at(clock, quarter) - timedelta(days=1)
    session.add_all(
        ReportField(quarter=quarter, field=field, value=value, at=at, by=FINANCE_ACCOUNT)
        for field, value in values.items()
    )


def _late(session: Session, clock: Clock, quarter: date) -> dict[str, int]:
    """The bill of the interpreters, for the quarter's last month. Nothing before the pilot's work began."""
    last = quarter_end(quarter)
    if last < clock.launch:
        return {}
    came = at_noon(clock, workday(last + timedelta(days=33)))
    closed = session.scalars(
        select(MonthClose).where(MonthClose.month == month_of(last), MonthClose.reopened_at.is_(None))
    ).one()
    closed.reopened_at, closed.reopened_by, closed.reopen_reason = came, FINANCE_ACCOUNT, WHY
    session.flush()
    session.add_all(_booked(session, clock, came, last))
    session.add(MonthClose(month=closed.month, closed_at=came + timedelta(minutes=20), closed_by=FINANCE_ACCOUNT))
    return dict.fromkeys(("invoice", "invoice_part", "ledger_entry", "month_close"), 1)


def _booked(session: Session, clock: Clock, came: datetime, last: date) -> Iterator[LedgerEntry]:
    provider = session.get_one(Contract, SUBAWARD).payee
    at = came + timedelta(minutes=10)
    paid = workday(at.date() + timedelta(days=26))
    number = f"BR-INT-{last:%m}"
    invoice = Invoice(
        payee=provider,
        payee_key=payee_key(provider),
        number=number,
        number_key=payee_key(number),
        contract_id=SUBAWARD,
        service_from=month_of(last),
        service_to=last,
        received_on=at.date(),
        due_on=at.date() + timedelta(days=30),
        accrued_on=last,
        accepted_at=at,
        accepted_by=FINANCE_ACCOUNT,
        created_at=at,
        created_by=FINANCE_ACCOUNT,
        parts=[InvoicePart(line_id=ADMINISTRATION, amount=LATE, description=f"Interpreters, {last:%B %Y}")],
    )
    yield LedgerEntry(
        line_id=ADMINISTRATION,
        kind=EntryKind.expenditure,
        amount=LATE,
        on_date=last,
        paid_on=paid if paid < clock.today else None,
        payee=provider,
        contract_id=SUBAWARD,
        invoice=invoice,
        description=f"Interpreters, {last:%B %Y}",
        created_at=at,
        created_by=FINANCE_ACCOUNT,
    )
