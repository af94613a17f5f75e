"""What is wrong with a worksheet before it is filed: each a sentence with the field, the value and the way out."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.arpa.calendar import quarter_code, quarter_name, quarters
from db.arpa.fields import Field, Filled, Kind, fields
from db.arpa.worksheet import ITEMISED_OVER, Part, Row, Worksheet, by_share, contract_of, from_json
from db.forms import day
from db.ledger import ZERO, month_after, next_to_close, payee_key, quarter_end
from db.models import LedgerEntry, QuarterFiling
from db.pilot import the_pilot
from db.vocab import EntryKind

AMOUNT = re.compile(r"-?\d{1,10}\.\d{2}")
"""numeric(12,2)."""
ASKS_TO_SPECIFY = ("specify",)
"""A population whose name ends so wants the explanation beside it."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One finding. An error stands in the way of filing, a warning does not. ``place``: section and field."""

    place: tuple[str, str]
    sentence: str
    error: bool = True


def problems(session: Session, worksheet: Worksheet, today: date) -> tuple[Problem, ...]:
    """Everything found, errors first. An empty tuple: it can be filed as it stands."""
    found = [
        *_time(session, worksheet, today),
        *(problem for part in worksheet.parts for problem in _part(worksheet, part)),
        *_sums(session, worksheet),
        *_awards(session, worksheet),
        *_doubts(worksheet),
    ]
    return tuple(sorted(found, key=lambda problem: not problem.error))


def errors(found: Sequence[Problem]) -> tuple[str, ...]:
    return tuple(problem.sentence for problem in found if problem.error)


# --- field by field --------------------------------------------------------------------------------------


def _part(worksheet: Worksheet, part: Part) -> Iterator[Problem]:
    asked = fields(worksheet.category, part.key)
    for row in part.rows:
        for field in asked:
            if field.name == "number" and part.key != "project":
                continue  # the project's own: said there
            if sentence := wrong(field, row, of_row(part.key, row)):
                yield Problem((part.key, field.name), sentence)


def of_row(section: str, row: Row) -> str:
    """ " of award HR-7", where a section has several rows."""
    match section:
        case "payees":
            return f" of {row['payee']}"
        case "awards":
            return f" of award {row['award']}"
        case "expenditures":
            return f" of award {row['award']} ({row['starts']})"
    return ""


def wrong(field: Field, row: Row, whose: str = "") -> str:
    """The sentence about one value, or empty text. ``row``: the values beside it."""
    value, name = row.get(field.name, ""), f"“{field.label}”{whose}"
    if not value:
        return _missing(field, row, name)
    if field.length is not None and len(value) > field.length:
        over = len(value) - field.length
        return f"{name} has {len(value):,} characters; {field.length:,} fit. Shorten it by {over:,}."
    if field.pattern and not re.fullmatch(field.pattern, value):
        return f"{name} is “{value}”. {field.hint or 'Write it in the form ' + field.pattern + '.'}{_where(field)}"
    if field.kind is Kind.choice and value not in field.choices:
        return f"{name} is “{value}”, which is not one of the Treasury's choices. Choose one from the list."
    if field.kind is Kind.amount:
        if not AMOUNT.fullmatch(value):
            return f"{name} is “{value}”. Write dollars and cents without $ and commas, such as 1250.00."
        if value.startswith("-") and field.open:
            return f"{name} is {value}, below zero. Write the amount without the minus."
    if field.kind is Kind.date and not _is_day(value):
        return f"{name} is “{value}”, which is not a date. Write it like 2026-11-14."
    return ""


def _missing(field: Field, row: Row, name: str) -> str:
    """Why an empty value is one too few: “yes”, “or other”, “when other=value”."""
    rule, _, other = field.required.partition(" ")
    if rule == "yes":
        return f"{name} is empty. {_fill(field)}"
    if rule == "or" and not row.get(other):
        return f"{name} is empty, and so is its alternative ({other.upper()}): one of the two is needed. {_fill(field)}"
    if rule == "when":
        cause, _, value = other.partition("=")
        if row.get(cause) == value:
            return f"{name} is empty though the answer before it is “{value}”. {_fill(field)}"
    return ""


def _fill(field: Field) -> str:
    if field.open:
        how = "Choose one" if field.kind is Kind.choice else "Fill it in"
        return f"{how} under Quarterly report."
    return f"It is missing in the books.{_where(field)}"


def _where(field: Field) -> str:
    """Where a value that is not typed here can be mended."""
    if field.filled is Filled.setting:
        return " Choose the expenditure category under Quarterly report."
    if field.open:
        return ""
    if field.name in ("uei", "ein", "payee", "kind", "sam"):
        return " Complete the payee under Budget, Invoices."
    return " Complete the contract under Budget, Invoices." if field.section == "awards" else ""


def _is_day(value: str) -> bool:
    try:
        date.fromisoformat(value)
    except ValueError:
        return False
    return True


# --- the quarter -----------------------------------------------------------------------------------------


def _time(session: Session, worksheet: Worksheet, today: date) -> Iterator[Problem]:
    last = quarter_end(worksheet.quarter)
    if today <= last:
        yield Problem(
            ("", ""),
            f"{quarter_name(worksheet.quarter)} ends on {day(last)} and today is {day(today)}. "
            "Its report can be filed from the day after.",
        )
    month = next_to_close(session, the_pilot(session))
    open_months: list[str] = []
    while month <= last:
        if month >= worksheet.quarter:
            open_months.append(f"{month:%B %Y}")
        month = month_after(month)
    if open_months:
        several = len(open_months) > 1
        yield Problem(
            ("", ""),
            f"{_and(open_months)} {'are' if several else 'is'} not closed yet, so the figures may still move. "
            f"Close {'them' if several else 'it'} under Budget, Months.",
        )


def _and(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


# --- amounts that must agree -----------------------------------------------------------------------------


def _sums(session: Session, worksheet: Worksheet) -> Iterator[Problem]:
    row = worksheet.project
    adopted, obligated, spent = (
        Decimal(row[name]) for name in ("adopted_budget", "total_obligations", "total_expenditures")
    )
    if obligated > adopted:
        yield Problem(
            ("project", "total_obligations"),
            f"“Total Cumulative Obligations” is {obligated}, {obligated - adopted} more than the Adopted Budget of "
            f"{adopted}. Void what is obligated too much, or have the budget raised under Budget, Lines and transfers.",
        )
    if spent > obligated:
        yield Problem(
            ("project", "total_expenditures"),
            f"“Total Cumulative Expenditures” is {spent}, {spent - obligated} more than the Total Cumulative "
            f"Obligations of {obligated}. Book the contract or order behind it under Budget, Ledger.",
        )
    yield from _since_filed(session, worksheet)


def _since_filed(session: Session, worksheet: Worksheet) -> Iterator[Problem]:
    """Cumulative = what was filed for the quarter before + the current period."""
    known = quarters(session)
    place = known.index(worksheet.quarter)
    if not place:
        return
    before = newest(session, known[place - 1])
    if before is None:
        yield Problem(
            ("", ""),
            f"{quarter_name(known[place - 1])} has not been filed here. File it first, unless it was filed elsewhere.",
            error=False,
        )
        return
    filed = from_json(before.worksheet).project
    for what in ("obligations", "expenditures"):
        now, current, then = (
            Decimal(values[name])
            for values, name in (
                (worksheet.project, f"total_{what}"),
                (worksheet.project, f"current_{what}"),
                (filed, f"total_{what}"),
            )
        )
        if now != then + current:
            yield Problem(
                ("project", f"total_{what}"),
                f"“Total Cumulative {what.title()}” is {now}, but {quarter_name(known[place - 1])} was filed with "
                f"{then} and this period adds {current}: {now - then - current} was booked into a filed quarter. "
                f"File {quarter_code(known[place - 1])} again first.",
            )


def filings(session: Session, quarter: date) -> Sequence[QuarterFiling]:
    """Every version filed of a quarter, the newest first."""
    filed = select(QuarterFiling).where(QuarterFiling.quarter == quarter)
    return session.scalars(filed.order_by(QuarterFiling.version.desc())).all()


def newest(session: Session, quarter: date) -> QuarterFiling | None:
    """The last version filed of a quarter."""
    return next(iter(filings(session, quarter)), None)


def _awards(session: Session, worksheet: Worksheet) -> Iterator[Problem]:
    """Awards over $50,000 that stand under no contract cannot be itemised."""
    through = select(LedgerEntry).where(LedgerEntry.on_date <= quarter_end(worksheet.quarter))
    loose: dict[str, Decimal] = {}
    spent: dict[str, Decimal] = {}
    names: dict[str, str] = {}
    for entry in session.scalars(through):
        if contract_of(entry) is not None:
            continue
        key = payee_key(entry.payee)
        names[key] = entry.payee
        side = loose if entry.kind is EntryKind.obligation else spent
        side[key] = side.get(key, ZERO) + entry.amount
    itemised = {payee_key(row["payee"]) for row in worksheet.part("awards").rows}
    for key, amount in loose.items():
        if amount > ITEMISED_OVER:
            yield Problem(
                ("awards", "award"),
                f"{names[key]} has {amount} obligated under no contract, and an award of more than {ITEMISED_OVER} "
                "is reported by itself. Sign the contract under Budget, Invoices, and void the loose entries.",
            )
    for key in itemised & set(spent):
        if spent[key]:
            yield Problem(
                ("expenditures", "award"),
                f"{names[key]} has {spent[key]} spent outside its contract: it is reported among the smaller awards. "
                "Tie the invoices to the contract if they belong to it.",
                error=False,
            )


def _doubts(worksheet: Worksheet) -> Iterator[Problem]:
    row = worksheet.project
    for field in fields(worksheet.category, "project"):
        if field.name == "status":
            proposed = by_share(field, Decimal(row["total_expenditures"]), Decimal(row["adopted_budget"]))
            if row["status"] != proposed:
                yield Problem(
                    ("project", "status"),
                    f"“{field.label}” is “{row['status']}”; by what is spent it would be “{proposed}”. "
                    "Clear your choice if that is right.",
                    error=False,
                )
        explained = row.get(f"{field.name}_why", "")
        if row.get(field.name, "").endswith(ASKS_TO_SPECIFY) and not explained:
            yield Problem(
                ("project", f"{field.name}_why"),
                f"“{field.label}” is “{row[field.name]}”, which asks to specify. Fill in the explanation beside it.",
            )
