"""The grant's books: five lines, a plan by month, what each closed month cost, a transfer made and one asked for,
one mistake undone."""

from calendar import monthrange
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from random import Random

from db.ledger import month_end
from db.models import (
    BudgetChange,
    BudgetLine,
    Contract,
    Invoice,
    InvoicePart,
    LedgerEntry,
    LineTransfer,
    MonthClose,
    Payee,
    PlanMonth,
)
from db.vocab.money import TransferDecision
from seed import awards
from seed.awards import (
    ADMINISTRATION,
    BENEFITS,
    CHIEF_ACCOUNT,
    EQUIPMENT,
    FINANCE_ACCOUNT,
    FULL_TIME,
    PART_TIME,
    at_noon,
)
from seed.bulk import Row, Rows
from seed.roster import CLINICIAN, SOCIAL_WORKER
from seed.story import TRUTHS, Clock, monday_of, stream

LINES = {
    FULL_TIME: ("Full-time bilingual social worker", Decimal(96_000)),
    PART_TIME: ("Part-time social worker", Decimal(45_000)),
    BENEFITS: ("Benefits", Decimal(42_500)),
    EQUIPMENT: ("Equipment", Decimal(12_500)),
    ADMINISTRATION: ("Administrative costs", Decimal(20_000)),
}
_POSTS = {FULL_TIME: CLINICIAN, PART_TIME: SOCIAL_WORKER}
_PAY = (FULL_TIME, PART_TIME, BENEFITS)
_CENT = Decimal("0.01")


def money_rows(clock: Clock, seed: int) -> Rows:
    """Budget, plan, contracts, invoices, ledger and closed months as finance has them on the day the city stands."""
    closed = _closed(clock)
    invoices = _invoices(clock, closed, stream(seed, "money"))
    entries = awards.obligations(clock) + [e for sent in invoices for e in awards.booked(clock, sent)]
    entries += _mistake(clock, invoices)
    parts = [part | {"invoice_id": sent["id"]} for sent in invoices for part in sent.pop("parts")]
    return {
        BudgetLine: _lines(),
        BudgetChange: _adopted(clock),
        PlanMonth: _plan(clock),
        Payee: awards.payees(),
        Contract: awards.contracts(clock),
        Invoice: invoices,
        InvoicePart: [part | {"id": k} for k, part in enumerate(parts, start=1)],
        LedgerEntry: _numbered(entries),
        LineTransfer: _transfers(clock),
        MonthClose: [
            {"id": k, "month": month, "closed_at": at_noon(clock, _after(month, 11)), "closed_by": FINANCE_ACCOUNT}
            for k, month in enumerate(closed, start=1)
        ],
    }


def _after(month: date, days: int) -> date:
    """``days`` after the last day of ``month``."""
    return month_end(month) + timedelta(days=days)


def _closed(clock: Clock) -> list[date]:
    """Months finance has closed: it does so on the eleventh of the next."""
    return [clock.month(k) for k in range(14) if _after(clock.month(k), 11) < clock.today]


# --- the budget ------------------------------------------------------------------------------------------


def _lines() -> list[Row]:
    return [
        {
            "id": line,
            "name": name,
            "amount": amount,
            "position": line,
            "is_pay": line in _PAY,
            "post_id": _POSTS.get(line),
        }
        for line, (name, amount) in LINES.items()
    ]


def _adopted(clock: Clock) -> list[Row]:
    """The first line of each line's history."""
    return [
        {
            "id": row["id"],
            "line_id": row["id"],
            "at": clock.at(-31, 600),
            "by": FINANCE_ACCOUNT,
            "after": {k: f"{v:.2f}" if k == "amount" else v for k, v in row.items() if k != "id"},
            "reason": "Adopted by the council with the grant",
        }
        for row in _lines()
    ]


def _transfers(clock: Clock) -> list[Row]:
    """The tablet was dearer than what was left for equipment: approved. The evaluation waits for the chief."""
    return [
        {
            "id": 1,
            "from_line_id": PART_TIME,
            "to_line_id": EQUIPMENT,
            "amount": Decimal("500.00"),
            "reason": "A rugged tablet for reports on scene; saved while the part-time post stood empty",
            "asked_at": clock.at(261, 640),
            "asked_by": FINANCE_ACCOUNT,
            "decision": TransferDecision.approved,
            "decided_on": clock.day(263),
            "decided_at": clock.at(263, 865),
            "decided_by": CHIEF_ACCOUNT,
        },
        {
            "id": 2,
            "from_line_id": PART_TIME,
            "to_line_id": ADMINISTRATION,
            "amount": Decimal("3000.00"),
            "reason": "Interviews with people served, for the report to the council at the pilot’s end",
            "asked_at": clock.at(297, 930),
            "asked_by": FINANCE_ACCOUNT,
        },
    ]


def _share(month: date, first: date, last: date) -> Decimal:
    """The part of ``month`` that lies between two days, both inclusive."""
    days = monthrange(month.year, month.month)[1]
    begin, end = max(month, first), min(month.replace(day=days), last)
    return Decimal(max((end - begin).days + 1, 0)) / days


def _spread(amount: Decimal, months: list[date], first: date, last: date) -> list[Decimal]:
    """``amount`` over the months by their days, to the cent: the last takes what rounding left."""
    shares = [_share(month, first, last) for month in months]
    parts = [(amount * share / sum(shares)).quantize(_CENT, ROUND_HALF_UP) for share in shares]
    parts[-1] += amount - sum(parts)
    return parts


def _months(clock: Clock) -> list[date]:
    """Every calendar month the pilot touches."""
    return [month for k in range(14) if (month := clock.month(k)) <= clock.day(364)]


def _plan(clock: Clock) -> list[Row]:
    """As adopted: both workers from the first day, equipment in the first two months."""
    months = _months(clock)
    rows = []
    for line, (_, amount) in LINES.items():
        parts = _spread(amount, months, clock.launch, clock.day(364))
        if line == EQUIPMENT:
            parts = [Decimal(9_500), Decimal(3_000)] + [Decimal(0)] * (len(months) - 2)
        rows += [
            {"line_id": line, "month": month, "amount": part} for month, part in zip(months, parts, strict=True) if part
        ]
    return rows


# --- what it cost ----------------------------------------------------------------------------------------


def _invoices(clock: Clock, closed: list[date], random: Random) -> list[Row]:
    """All that were received, in that order. The part-time post stood empty at first: vacancy savings."""
    months = _months(clock)
    last = clock.day(364)
    hired = clock.day(monday_of(TRUTHS.part_time_from))
    full = _spread(Decimal("95400"), months, clock.launch, last)
    part = _spread(Decimal("27800"), months, hired, last)
    office = _spread(Decimal("19200"), months, clock.launch, last)
    names = {line: name for line, (name, _) in LINES.items()}
    sent = [*awards.equipment(clock), _wrong(clock)]
    for k, month in enumerate(months):
        wobble = Decimal(random.randint(-60, 60))
        amounts = {
            FULL_TIME: full[k],
            PART_TIME: part[k],
            BENEFITS: ((full[k] + part[k]) * Decimal("0.296")).quantize(_CENT, ROUND_HALF_UP),
            ADMINISTRATION: office[k] + wobble if office[k] > 200 else office[k],
        }
        if month in closed:
            sent.append(awards.monthly(clock, month, f"BR-{k + 1:02d}", amounts, names))
    sent.sort(key=lambda one: (one["received_on"], one["number"]))
    return [one | {"id": k} for k, one in enumerate(sent, start=1)]


def _wrong(clock: Clock) -> Row:
    """An invoice booked on the wrong city account, and withdrawn when its entry was voided the week after."""
    day = clock.day(88)
    part = {"line_id": ADMINISTRATION, "amount": Decimal("1240.00"), "description": "Brochures"}
    return awards.invoice(clock, awards.PRINTER, "OAK-3318", (day, day), day, day, [part]) | {
        "withdrawn_at": clock.at(95, 700),
        "withdrawn_reason": "Belongs to another department",
    }


def _mistake(clock: Clock, invoices: list[Row]) -> list[Row]:
    """The counter-entry of what the withdrawn invoice had booked. It was never paid."""
    counters = []
    for sent in invoices:
        if sent.get("withdrawn_at"):
            [wrong] = awards.booked(clock, sent)
            counters.append(
                wrong
                | {
                    "amount": -wrong["amount"],
                    "voids": sent["id"],
                    "void_reason": sent["withdrawn_reason"],
                    "created_at": sent["withdrawn_at"],
                }
            )
    return counters


def _numbered(entries: list[Row]) -> list[Row]:
    """Ids in the order of booking; a counter-entry points at the entry of the invoice it voids."""
    entries.sort(key=lambda e: (e["created_at"], e["line_id"], e["amount"]))
    of_invoice = {}
    for number, entry in enumerate(entries, start=1):
        entry["id"] = number
        if voided := entry.pop("voids", None):
            entry["voids_id"] = of_invoice[voided]
        elif entry.get("invoice_id"):
            of_invoice[entry["invoice_id"]] = number
    return entries
