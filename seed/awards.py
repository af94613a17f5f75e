"""Who is paid and on what ground: the provider's subaward, the orders of equipment, the invoices of both."""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal

from db.ledger import month_end, payee_key
from db.vocab import EntryKind
from db.vocab.money import AwardKind, PayeeKind
from seed.bulk import Row
from seed.story import Clock

FINANCE_ACCOUNT, CHIEF_ACCOUNT = 7, 4
CONTRACTOR, SUPPLIER, RADIOS, PRINTER = (
    "Brasslamp Recovery",
    "Capstan Office Supply",
    "Windlass Radio Works",
    "Oakum Print Shop",
)
FULL_TIME, PART_TIME, BENEFITS, EQUIPMENT, ADMINISTRATION = 1, 2, 3, 4, 5
SUBAWARD = 1
"""The id of the provider's contract; the orders follow it."""
OBLIGATED = {
    FULL_TIME: Decimal(96_000),
    PART_TIME: Decimal(33_000),
    BENEFITS: Decimal(38_500),
    ADMINISTRATION: Decimal(20_000),
}
"""What the provider's contract obligates: a part-time worker for nine months, with benefits to match."""
ORDERS = (
    (2, 14, SUPPLIER, "PO-2203", "Laptop, phone and desk", Decimal("4386.40")),
    (24, 36, RADIOS, "PO-2217", "Portable radio and vehicle kit", Decimal("5214.75")),
    (141, 153, SUPPLIER, "PO-2298", "Laptop and phone for the part-time worker", Decimal("2148.30")),
    (268, 290, RADIOS, "PO-2371", "Rugged tablet for reports on scene", Decimal("1068.00")),
)
"""Relative days of order and delivery, payee, number, what, price. The last one waits: it is disputed."""
_DISPUTE = "The tablet came without the vehicle mount that was ordered."
_PAYEES = (
    (CONTRACTOR, PayeeKind.subrecipient, "DEM0BRASS001", "000000147", True),
    (SUPPLIER, PayeeKind.contractor, "DEM0CAPST002", "000002204", True),
    (RADIOS, PayeeKind.contractor, None, "000003318", None),
)
"""Name, kind, UEI, EIN, in SAM.gov. No UEI begins DEM0 and no EIN 00; of one payee the UEI was never asked."""


def at_noon(clock: Clock, day: date):
    return clock.at((day - clock.launch).days, 720)


def payees() -> list[Row]:
    return [
        {"id": k, "name": name, "key": payee_key(name), "kind": kind, "uei": uei, "ein": ein, "sam_registered": sam}
        for k, (name, kind, uei, ein, sam) in enumerate(_PAYEES, start=1)
    ]


def contracts(clock: Clock) -> list[Row]:
    """The subaward for the pilot year, then one order for each piece of equipment."""
    year = {
        "id": SUBAWARD,
        "number": "HPD-PS-0147",
        "payee": CONTRACTOR,
        "kind": AwardKind.subaward,
        "signed_on": clock.day(-35),
        "starts_on": clock.launch,
        "ends_on": clock.day(364),
        "place": "Harbor, police headquarters and citywide",
        "description": "Embedded social workers for the co-response pilot: follow-up, joint response, referrals.",
    }
    orders = [
        {
            "id": SUBAWARD + k,
            "number": number,
            "payee": payee,
            "kind": AwardKind.contract,
            "signed_on": clock.day(ordered),
            "starts_on": clock.day(ordered),
            "ends_on": clock.day(delivered),
            "place": "Harbor, police headquarters",
            "description": what,
        }
        for k, (ordered, delivered, payee, number, what, _) in enumerate(ORDERS, start=1)
    ]
    return [year, *orders]


def obligations(clock: Clock) -> list[Row]:
    """The contract obligates its sum the day it is signed; each order of equipment obligates its price."""
    signed = [
        entry(clock, line, EntryKind.obligation, amount, clock.day(-35), CONTRACTOR, "Contract for the pilot year")
        | {"contract_id": SUBAWARD}
        for line, amount in OBLIGATED.items()
    ]
    orders = [
        entry(clock, EQUIPMENT, EntryKind.obligation, price, clock.day(ordered), payee, f"Order: {what.lower()}")
        | {"contract_id": SUBAWARD + k, "one_off": True}
        for k, (ordered, _, payee, _, what, price) in enumerate(ORDERS, start=1)
    ]
    return signed + orders


def equipment(clock: Clock) -> list[Row]:
    """The invoice of each order, sent with the goods; the last is disputed and so neither accepted nor paid."""
    found = []
    for k, (_, day, payee, number, what, price) in enumerate(ORDERS, start=1):
        delivered, last = clock.day(day), k == len(ORDERS)
        received = workday(delivered + timedelta(days=4))
        found.append(
            invoice(
                clock,
                payee,
                number.replace("PO", "INV"),
                (delivered, delivered),
                received,
                None if last else workday(received + timedelta(days=2)),
                [{"line_id": EQUIPMENT, "amount": price, "description": what, "one_off": True}],
            )
            | {"contract_id": SUBAWARD + k, "disputed": _DISPUTE if last else None}
        )
    return found


def invoice(
    clock: Clock,
    payee: str,
    number: str,
    service: tuple[date, date],
    received: date,
    accepted: date | None,
    parts: Sequence[Row],
) -> Row:
    """An invoice with its ``parts``; once accepted its cost counts from the last day of the service."""
    return {
        "payee": payee,
        "payee_key": payee_key(payee),
        "number": number,
        "number_key": payee_key(number),
        "service_from": service[0],
        "service_to": service[1],
        "received_on": received,
        "due_on": received + timedelta(days=30),
        "accrued_on": service[1] if accepted else None,
        "accepted_at": at_noon(clock, accepted) if accepted else None,
        "accepted_by": FINANCE_ACCOUNT if accepted else None,
        "created_at": at_noon(clock, received),
        "created_by": FINANCE_ACCOUNT,
        "parts": list(parts),
    }


def booked(clock: Clock, sent: Row) -> list[Row]:
    """The expenditure of each part of an accepted invoice, paid some days before it is due unless it was withdrawn."""
    if sent["accepted_at"] is None:
        return []
    paid = workday(sent["due_on"] - timedelta(days=4))
    return [
        {
            "line_id": part["line_id"],
            "kind": EntryKind.expenditure,
            "amount": part["amount"],
            "on_date": sent["accrued_on"],
            "paid_on": paid if paid < clock.today and not sent.get("withdrawn_at") else None,
            "payee": sent["payee"],
            "contract_id": sent.get("contract_id"),
            "invoice_id": sent["id"],
            "description": part["description"],
            "one_off": part.get("one_off", False),
            "created_at": sent["accepted_at"],
            "created_by": FINANCE_ACCOUNT,
        }
        for part in sent["parts"]
    ]


def monthly(clock: Clock, month: date, number: str, amounts: dict[int, Decimal], names: dict[int, str]) -> Row:
    """The provider's invoice of one month, a part for each line: received on the 4th, accepted by the 10th."""
    last = max(month_end(month), clock.launch)
    received = workday(month_end(month) + timedelta(days=4))
    parts = [
        {"line_id": line, "amount": amount, "description": f"{names[line]}, {month:%B %Y}"}
        for line, amount in amounts.items()
        if amount > 0
    ]
    accepted = workday(received + timedelta(days=2))
    service = (max(month, clock.launch), last)
    return invoice(clock, CONTRACTOR, number, service, received, accepted, parts) | {"contract_id": SUBAWARD}


def workday(day: date) -> date:
    """``day``, or the Monday after a weekend."""
    return day + timedelta(days=max(7 - day.weekday(), 0)) if day.weekday() > 4 else day


def entry(clock: Clock, line: int, kind: EntryKind, amount: Decimal, on: date, payee: str, description: str) -> Row:
    return {
        "line_id": line,
        "kind": kind,
        "amount": amount,
        "on_date": on,
        "payee": payee,
        "description": description,
        "created_at": at_noon(clock, on + timedelta(days=1)),
        "created_by": FINANCE_ACCOUNT,
    }
