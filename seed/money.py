"""The grant's books: five lines, a plan by month, the contract, what each closed month cost, one mistake undone."""

from calendar import monthrange
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from random import Random

from db.ledger import payee_key
from db.models import BudgetLine, Invoice, LedgerEntry, MonthClose, PlanMonth
from db.vocab import EntryKind
from seed.bulk import Row, Rows
from seed.roster import CLINICIAN, SOCIAL_WORKER
from seed.story import TRUTHS, Clock, monday_of, stream

FINANCE_ACCOUNT = 7
CONTRACTOR = "Brasslamp Recovery"
FULL_TIME, PART_TIME, BENEFITS, EQUIPMENT, ADMINISTRATION = 1, 2, 3, 4, 5
LINES = {
    FULL_TIME: ("Full-time bilingual social worker", Decimal(96_000)),
    PART_TIME: ("Part-time social worker", Decimal(45_000)),
    BENEFITS: ("Benefits", Decimal(42_500)),
    EQUIPMENT: ("Equipment", Decimal(12_500)),
    ADMINISTRATION: ("Administrative costs", Decimal(20_000)),
}
POSTS = {FULL_TIME: CLINICIAN, PART_TIME: SOCIAL_WORKER}
_ORDERS = (
    (2, "Capstan Office Supply", "Laptop, phone and desk", Decimal("4386.40")),
    (24, "Windlass Radio Works", "Portable radio and vehicle kit", Decimal("5214.75")),
    (141, "Capstan Office Supply", "Laptop and phone for the part-time worker", Decimal("2148.30")),
)
"""Relative day of the order, payee, what, price. Delivered and due twelve days later."""
_CENT = Decimal("0.01")


def money_rows(clock: Clock, seed: int) -> Rows:
    """Budget, plan, ledger and closed months as finance has them on the day on which the city stands."""
    closed = _closed(clock)
    entries = _obligations(clock) + _equipment(clock) + _monthly(clock, closed, stream(seed, "money"))
    entries += _mistake(clock)
    past = [e for e in entries if e["on_date"] < clock.day(clock.cut) and e["created_at"] < clock.at(clock.cut, 0)]
    return {
        BudgetLine: [
            {"id": line, "name": name, "amount": amount, "position": line}
            | {"is_pay": line in (FULL_TIME, PART_TIME, BENEFITS), "post_id": POSTS.get(line)}
            for line, (name, amount) in LINES.items()
        ],
        PlanMonth: _plan(clock),
        Invoice: _invoices(past),
        LedgerEntry: _numbered(past),
        MonthClose: [
            {"id": k, "month": month, "closed_at": _noon(clock, _after(month, 11)), "closed_by": FINANCE_ACCOUNT}
            for k, month in enumerate(closed, start=1)
        ],
    }


def _noon(clock: Clock, day: date):
    return clock.at((day - clock.launch).days, 720)


def _after(month: date, days: int) -> date:
    """``days`` after the last day of ``month``."""
    return month.replace(day=monthrange(month.year, month.month)[1]) + timedelta(days=days)


def _closed(clock: Clock) -> list[date]:
    """Months finance has closed: it does so on the eleventh of the next."""
    return [clock.month(k) for k in range(14) if _after(clock.month(k), 11) < clock.today]


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


def _obligations(clock: Clock) -> list[Row]:
    """The contract obligates its sum the day it is signed; each order of equipment obligates its price."""
    signed = clock.day(-35)
    contract = [
        _entry(clock, line, EntryKind.obligation, amount, signed, CONTRACTOR, "Contract for the pilot year")
        for line, (_, amount) in LINES.items()
        if line != EQUIPMENT
    ]
    orders = [
        _entry(clock, EQUIPMENT, EntryKind.obligation, price, clock.day(day), payee, f"Order: {what.lower()}")
        for day, payee, what, price in _ORDERS
    ]
    return contract + orders


def _equipment(clock: Clock) -> list[Row]:
    return [
        _entry(clock, EQUIPMENT, EntryKind.expenditure, price, clock.day(day + 12), payee, what)
        | {"one_off": True, "invoice_number": f"EQ-{day:03d}", "paid_on": clock.day(min(day + 33, clock.cut - 1))}
        for day, payee, what, price in _ORDERS
    ]


def _monthly(clock: Clock, closed: list[date], random: Random) -> list[Row]:
    """What each closed month cost. The part-time post stood empty at first: vacancy savings."""
    months = _months(clock)
    last = clock.day(364)
    hired = clock.day(monday_of(TRUTHS.part_time_from))
    full = _spread(Decimal("95400"), months, clock.launch, last)
    part = _spread(Decimal("27800"), months, hired, last)
    office = _spread(Decimal("19200"), months, clock.launch, last)
    rows = []
    for k, month in enumerate(months):
        wobble = Decimal(random.randint(-60, 60))
        amounts = {
            FULL_TIME: full[k],
            PART_TIME: part[k],
            BENEFITS: ((full[k] + part[k]) * Decimal("0.296")).quantize(_CENT, ROUND_HALF_UP),
            ADMINISTRATION: office[k] + wobble if office[k] > 200 else office[k],
        }
        if month not in closed:
            continue
        rows += [_charge(clock, line, amount, month, k) for line, amount in amounts.items() if amount > 0]
    return rows


def _charge(clock: Clock, line: int, amount: Decimal, month: date, index: int) -> Row:
    due = max(_after(month, 0), clock.launch)
    entry = _entry(clock, line, EntryKind.expenditure, amount, due, CONTRACTOR, LINES[line][0])
    paid = _after(month, 32)
    return entry | {
        "invoice_number": f"BR-{index + 1:02d}-{line}",
        "paid_on": paid if paid < clock.today else None,
        "created_at": _noon(clock, _after(month, 6)),
    }


def _mistake(clock: Clock) -> list[Row]:
    """An invoice booked on the wrong city account, voided by a counter-entry the week after."""
    wrong = _entry(
        clock, ADMINISTRATION, EntryKind.expenditure, Decimal("1240.00"), clock.day(88), "Oakum Print Shop", "Brochures"
    )
    counter = wrong | {
        "amount": -wrong["amount"],
        "voids": wrong,
        "void_reason": "Belongs to another department",
        "created_at": clock.at(95, 700),
    }
    return [wrong | {"invoice_number": "OAK-3318", "key": 1}, counter | {"key": 2}]


def _entry(clock: Clock, line: int, kind: EntryKind, amount: Decimal, on: date, payee: str, description: str) -> Row:
    return {
        "line_id": line,
        "kind": kind,
        "amount": amount,
        "on_date": on,
        "payee": payee,
        "description": description,
        "created_at": _noon(clock, on + timedelta(days=1)),
        "created_by": FINANCE_ACCOUNT,
    }


def _invoices(entries: list[Row]) -> list[Row]:
    """The invoice behind each entry that has a number, accepted on the day it was booked."""
    found: dict[str, Row] = {}
    for entry in entries:
        if number := entry.pop("invoice_number", None):
            invoice = found.setdefault(
                number,
                {
                    "id": len(found) + 1,
                    "payee": entry["payee"],
                    "payee_key": payee_key(entry["payee"]),
                    "number": number,
                    "number_key": payee_key(number),
                    "service_from": entry["on_date"].replace(day=1),
                    "service_to": entry["on_date"],
                    "received_on": entry["on_date"],
                    "accrued_on": entry["on_date"],
                    "accepted_at": entry["created_at"],
                    "accepted_by": FINANCE_ACCOUNT,
                    "created_at": entry["created_at"],
                    "created_by": FINANCE_ACCOUNT,
                },
            )
            entry["invoice_id"] = invoice["id"]
    return list(found.values())


def _numbered(entries: list[Row]) -> list[Row]:
    """Ids in the order of booking; the counter-entry points at what it voids."""
    entries.sort(key=lambda e: (e["created_at"], e["line_id"], e["amount"]))
    wrong = None
    for number, entry in enumerate(entries, start=1):
        entry["id"] = number
        key = entry.pop("key", None)
        wrong = number if key == 1 else wrong
        if entry.pop("voids", None):
            entry["voids_id"] = wrong
    return entries
