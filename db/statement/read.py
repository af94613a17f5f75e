"""Rows of a finance export as they will be stored; what cannot be read is refused with its line and the reason."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from hashlib import sha256

from db.cad.mapping import Header, find_header
from db.cad.moments import YEARS, Order, OrderFound, cut, judge_order, order_question, read_day
from db.cad.normalise import blank, tidy
from db.cad.read import Refusal
from db.cad.sniff import CadFile
from db.cells import bare
from db.errors import Unreadable
from db.ledger import ZERO, payee_key
from db.statement.amounts import read_accounting
from db.statement.mapping import NOT_OURS, StatementColumns
from db.vocab import EntryKind, counted

MOST_ROWS = 20_000
_TOTAL = re.compile(r"(?:grand |sub ?|report |page )*totals?\b|(?:grand|sub)[- ]?total", re.I)
_KINDS: tuple[tuple[EntryKind | None, re.Pattern[str]], ...] = (
    (None, re.compile(r"budget|appropriat|revenue|receipt|deposit|\bcash\b", re.I)),
    (EntryKind.obligation, re.compile(r"encumb|obligat|purchase order|\bpo\b|\benc\b|contract", re.I)),
    (
        EntryKind.adjustment,
        re.compile(r"adjust|journal|\bje\b|\badj\b|correct|credit memo|reclass|refund|rever", re.I),
    ),
    (
        EntryKind.expenditure,
        re.compile(r"expen|invoice|\binv\b|pay|paid|\bapi?\b|voucher|charge|disburs|check|\bpr\b|debit|actual", re.I),
    ),
)


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the city's books. ``line_id``: None where nobody said; ``key`` tells it from all others."""

    line: int
    kind: EntryKind
    on_date: date
    amount: Decimal
    payee: str = ""
    invoice: str = ""
    account: str = ""
    line_id: int | None = None
    description: str = ""
    key: str = ""


@dataclass(slots=True)
class StatementRead:
    """A file read. ``rows_read`` counts every row with something in it, but for the file's own totals."""

    rows_read: int = 0
    rows: list[Row] = field(default_factory=list)
    refused: list[Refusal] = field(default_factory=list)
    left_out: int = 0
    """Rows of accounts that are said not to be the grant's."""
    notes: list[str] = field(default_factory=list)
    unknown: dict[str, tuple[int, Decimal]] = field(default_factory=dict)
    """Account nobody said the line of → (rows, their sum)."""


def read_statement(file: CadFile, mapping: StatementColumns, sheet: str | None = None) -> StatementRead:
    """Read the whole file under ``mapping``. Raises Unreadable where a column is missing or dates tell no order."""
    header = find_header(file, mapping, sheet)
    rows = list(_rows(header))
    if not rows:
        raise Unreadable(f"{file.name} has no row below its header. Each entry is a row.")
    if len(rows) > MOST_ROWS:
        raise Unreadable(f"{file.name} has {len(rows):,} rows; {MOST_ROWS:,} go in one load. Split it by month.")
    return _Reader(mapping, header, _order(mapping, header, rows)).read(rows)


def _rows(header: Header) -> Iterator[tuple[int, list[str]]]:
    names = [tidy(name).casefold() for name in header.names]
    for lines, rows in header.sheet.walk():
        for line, row in zip(lines, rows, strict=True):
            cells = [tidy(bare(cell)) for cell in row]
            if line > header.line and any(cells) and [cell.casefold() for cell in cells] != names:
                yield line, cells


def date_order(cells: Sequence[str]) -> OrderFound:
    """What a column of dates tells of the order of day and month."""
    return judge_order(Counter(cut(cell)[0] for cell in cells if cell))


def _order(mapping: StatementColumns, header: Header, rows: Sequence[tuple[int, list[str]]]) -> Order | None:
    if mapping.date_format:
        return "day-first" if mapping.date_format == "day-first" else "month-first"
    place = header.places["date"][0]
    found = date_order([row[place] for _, row in rows if place < len(row)])
    if found.mixed or found.ambiguous:
        raise Unreadable(order_question(found))
    return found.order


class _Reader:
    def __init__(self, mapping: StatementColumns, header: Header, order: Order | None) -> None:
        self._mapping, self._header = mapping, header
        self._order: Order | None = order
        self._found = StatementRead()
        self._seen: Counter[str] = Counter()
        self._noisy: list[str] = []
        self._sum = ZERO

    def read(self, rows: Sequence[tuple[int, list[str]]]) -> StatementRead:
        for line, cells in rows:
            if self._is_total(line, cells):
                continue
            self._found.rows_read += 1
            try:
                self._row(line, cells)
            except ValueError as error:
                self._found.refused.append(Refusal(line, str(error)))
        if self._noisy:
            count = counted(len(self._noisy), "amount holds", "amounts hold")
            self._found.notes.append(
                f"{count} a spreadsheet's rounding error, taken off: {'; '.join(self._noisy[:3])}."
            )
        negative = sum(row.amount < 0 for row in self._found.rows)
        if negative * 2 > len(self._found.rows):
            self._found.notes.append(
                f"{negative:,} of {len(self._found.rows):,} amounts are negative. If spending is written so in this "
                "file, load it with --signs reversed."
            )
        return self._found

    def _cell(self, cells: Sequence[str], name: str, joint: str = " ") -> str:
        told = [cells[k] for k in self._header.places.get(name, ()) if k < len(cells) and not blank(cells[k])]
        return joint.join(told)

    def _row(self, line: int, cells: Sequence[str]) -> None:
        account = self._cell(cells, "account", "-")
        line_id = self._mapping.line_of(account)
        if line_id == NOT_OURS and line_id is not None:
            self._found.left_out += 1
            with suppress(ValueError):  # it counts in the file's own totals all the same
                self._sum += self._amount(line, cells)
            return
        amount = self._amount(line, cells)
        self._sum += amount
        on_date = self._date(cells)
        if amount == 0:
            raise ValueError("The amount is zero: there is nothing to book.")
        if line_id is None and account:
            count, total = self._found.unknown.get(account, (0, ZERO))
            self._found.unknown[account] = (count + 1, total + amount)
        row = Row(
            line=line,
            kind=self._kind(cells, amount),
            on_date=on_date,
            amount=amount,
            payee=_fits("payee", self._cell(cells, "payee"), 120),
            invoice=_fits("invoice number", self._cell(cells, "invoice"), 40),
            account=_fits("account", account, 80),
            line_id=line_id,
            description=self._cell(cells, "description", " · ")[:200],
        )
        self._found.rows.append(_keyed(row, self._seen))

    def _date(self, cells: Sequence[str]) -> date:
        cell = self._cell(cells, "date")
        if not cell:
            raise ValueError("The date is missing.")
        found = read_day(cut(cell)[0], self._order)
        if found is None or found.year not in YEARS:
            raise ValueError(f"“{cell[:40]}” is not a date. Write it like 11/14/2026.")
        return found

    def _amount(self, line: int, cells: Sequence[str]) -> Decimal:
        if "amount" in self._header.places:
            place = self._header.places["amount"][0]
            amount = self._cents(line, cells[place] if place < len(cells) else "")
        else:
            sides = {side: self._cell(cells, side) for side in ("debit", "credit")}
            told = {side: self._cents(line, cell) for side, cell in sides.items() if cell}
            if not told:
                raise ValueError("The amount is missing: neither debit nor credit says one.")
            if all(told.get(side) for side in sides):
                raise ValueError(
                    f"Debit ({sides['debit']}) and credit ({sides['credit']}) both hold an amount. Split the row."
                )
            amount = told.get("debit", ZERO) - told.get("credit", ZERO)
        return -amount if self._mapping.reversed_signs else amount

    def _cents(self, line: int, cell: str) -> Decimal:
        found = read_accounting(cell)
        if found.noisy:
            self._noisy.append(f"line {line:,}: {cell} is {found.amount:,}")
        return found.amount

    def _kind(self, cells: Sequence[str], amount: Decimal) -> EntryKind:
        said = self._cell(cells, "kind")
        kind = kind_of(said) if said else EntryKind.expenditure
        if kind is EntryKind.expenditure and amount < 0:
            return EntryKind.adjustment
        return kind

    def _is_total(self, line: int, cells: Sequence[str]) -> bool:
        """The file's own totals are compared with its rows, and are none."""
        told = [cell for cell in cells if not blank(cell)]
        place = self._header.places["date"][0]
        if place < len(cells) and read_day(cut(cells[place])[0], self._order):
            return False
        if not any(_TOTAL.match(cell) for cell in told):
            return False
        label = next(cell for cell in told if _TOTAL.match(cell))
        try:
            total = self._amount(line, cells)
        except ValueError:
            self._found.notes.append(f"Line {line:,} (“{label[:40]}”) is a total of the file and no row.")
            return True
        agrees = "the rows above add up to it"
        if self._sum != total:
            agrees = f"the rows read above it add up to {self._sum:,}"
        self._found.notes.append(f"Line {line:,} (“{label[:40]}”) is a total of the file, {total:,}: {agrees}.")
        return True


def kind_of(said: str) -> EntryKind:
    """What the city's word for a kind of entry is here. ValueError, one sentence, for what is none of the ledger's."""
    for kind, words in _KINDS:
        if words.search(said):
            if kind is None:
                raise ValueError(
                    f"“{said[:40]}” is no spending: the ledger holds obligations, expenditures and adjustments."
                )
            return kind
    raise ValueError(
        f"“{said[:40]}” is not a kind the ledger knows. Write expenditure, adjustment or encumbrance, or do not map it."
    )


def _fits(what: str, text: str, most: int) -> str:
    if len(text) > most:
        raise ValueError(f"The {what} “{text[:30]}…” has {len(text)} characters; {most} fit. Shorten it.")
    return text


def _keyed(row: Row, seen: Counter[str]) -> Row:
    """With the key that the same row has in an overlapping file: its content, and the how-manieth of that content."""
    content = "\0".join(
        (row.kind.value, row.on_date.isoformat(), str(row.amount), payee_key(row.payee), payee_key(row.invoice),
         payee_key(row.account))
    )  # fmt: skip
    seen[content] += 1
    key = sha256(f"{content}\0{seen[content]}".encode()).hexdigest()
    return replace(row, key=key)
