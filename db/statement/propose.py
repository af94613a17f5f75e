"""Which column of a finance export is which, from its names and its values, and what only the reader can say."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from db.cad.columns import Column, columns_of
from db.cad.mapping import find_header
from db.cad.moments import cut, order_question, read_day
from db.cad.sniff import CadFile
from db.cad.table import Table, find_table
from db.cells import bare
from db.errors import Unreadable
from db.ledger import payee_key
from db.statement.amounts import read_accounting
from db.statement.mapping import FIELDS, StatementColumns, offer, own_names
from db.statement.read import StatementRead, date_order, kind_of, read_statement

_NAMES: Mapping[str, tuple[str, ...]] = {
    "date": (
        r"^date$", r"(posting|posted|post|gl|g l|accounting|journal|effective|transaction|trans|entry|trx) (date|dt)",
        r"date (posted|entered)", r"invoice date", r"\bdate\b", r"date|\bdt\b",
    ),
    "debit": (r"^(debits?|dr)$", r"debit|\bdr\b"),
    "credit": (r"^(credits?|cr)$", r"credit|\bcr\b"),
    "amount": (
        r"^(net )?(amount|amt)$", r"(trans|net|line|invoice|gl|expenditure|expense|actual|distribution).*(amount|amt)",
        r"amount|\bamt\b", r"^(actuals?|net|value|expenditures?|expense|total|cost)$", r"actual|expend|net",
    ),
    "payee": (
        r"(vendor|payee|supplier|merchant) ?name", r"^(vendor|payee|supplier|merchant|paid to)$", r"payee|paid to",
        r"vendor|supplier|merchant", r"^name$",
    ),
    "invoice": (r"^invoice( ?(no|num|number|id|ref))?$", r"inv(oice)? ?(no|num|number|id|ref)", r"^inv"),
    "account": (
        r"^(budget )?line( item)?$", r"^(gl |g l )?(account|acct)( ?(no|num|number|code|string))?$",
        r"^object( ?code)?$", r"account (name|title|description)", r"account|acct|\bobj",
        r"fund|org|cost cent|categor|line",
    ),
    "description": (
        r"^desc(ription)?$", r"(trans|line|item|entry).*desc", r"desc",
        r"memo|comment|narrative|particular|detail|purpose|remark",
    ),
    "kind": (
        r"^kind$", r"(transaction|trans|entry|journal|record|source|document|je) ?(type|code|kind|source)",
        r"^(type|source)$",
    ),
}  # fmt: skip
_NOT_THE_AMOUNT = re.compile(
    r"balance|budget|year to date|\bytd\b|running|cumulat|remain|available|\brate\b|hours|\bqty\b|quantity|\bno\b"
    r"|number|\bid\b"
)
_NOT_THE_PAYEE = re.compile(r"\b(no|num|number|id|code|key)\b")


@dataclass(frozen=True, slots=True)
class StatementQuestion:
    """What the file cannot tell. ``field``: of :data:`db.statement.mapping.FIELDS`, or ``accounts``."""

    field: str
    sentence: str


@dataclass(frozen=True, slots=True)
class StatementProposal:
    """What :func:`propose_statement` found. It may be loaded as it is when ``asked`` is empty."""

    file_name: str
    sheet: str
    sheets: tuple[str, ...]
    header_line: int
    names: tuple[str, ...]
    columns: Mapping[str, tuple[str, ...]]
    accounts: Mapping[str, int] = field(default_factory=dict)
    unknown: Mapping[str, tuple[int, Decimal]] = field(default_factory=dict)
    """Account nobody said the line of → (rows, their sum)."""
    asked: tuple[StatementQuestion, ...] = ()
    read: StatementRead | None = None
    """The whole file under the proposed columns; None while a question stands in the way of reading it."""


def propose_statement(
    file: CadFile,
    lines: Mapping[int, str],
    *,
    sheet: str | None = None,
    given: StatementColumns | None = None,
    columns: Mapping[str, Sequence[str]] | None = None,
    date_format: str = "",
) -> StatementProposal:
    """Look at ``file``. ``lines``: the budget's, by id; ``columns``: those that are known already (field → names).

    ``given`` is a whole mapping to go by instead (a saved one). Raises Unreadable where there is no table at all.
    """
    table = _table(file, sheet)
    found = {name: tuple(cols) for name, cols in (given.columns if given else (columns or {})).items() if cols}
    if given is None:
        found = _columns(table, lines, found)
    asked = [*_missing(found, table.names)]
    accounts = dict(given.accounts) if given else {}
    read: StatementRead | None = None
    if not asked:
        mapping = StatementColumns(
            found,
            accounts,
            date_format or (given.date_format if given else ""),
            given.reversed_signs if given else False,
        )
        asked += [StatementQuestion("date", sentence) for sentence in doubtful_order(file, mapping, table.sheet.name)]
        if not asked:
            read = read_statement(file, mapping, table.sheet.name or None)
            accounts |= own_names(lines, list(read.unknown))
    unknown = {name: told for name, told in (read.unknown if read else {}).items() if payee_key(name) not in accounts}
    if unknown:
        asked.append(StatementQuestion("accounts", accounts_question(unknown, lines)))
    return StatementProposal(
        file_name=file.name,
        sheet=table.sheet.name,
        sheets=tuple(one.name for one in file.sheets),
        header_line=table.line if table.headed else 0,
        names=table.names,
        columns={name: found[name] for name in FIELDS if name in found},
        accounts=accounts,
        unknown=unknown,
        asked=tuple(asked),
        read=read,
    )


def doubtful_order(file: CadFile, mapping: StatementColumns, sheet: str) -> list[str]:
    """The question about day and month; [] where the dates tell, or somebody said."""
    if mapping.date_format:
        return []
    header = find_header(file, mapping, sheet or None)
    place = header.places["date"][0]
    cells = [
        " ".join(bare(row[place]).split())
        for lines, rows in header.sheet.walk()
        for line, row in zip(lines, rows, strict=True)
        if line > header.line and place < len(row)
    ]
    found = date_order(cells)
    return [order_question(found)] if found.mixed or found.ambiguous else []


def accounts_question(unknown: Mapping[str, tuple[int, Decimal]], lines: Mapping[int, str]) -> str:
    """Which accounts need a budget line, with their rows and sums, and how it is said."""
    told = sorted(unknown.items(), key=lambda item: (-item[1][0], item[0]))
    named = "; ".join(
        f"“{name}” ({count:,} {'row' if count == 1 else 'rows'}, {total:,})" for name, (count, total) in told[:8]
    )
    more = f"; and {len(told) - 8:,} more" if len(told) > 8 else ""
    example = f'"{told[0][0]}=LINE,…"'
    return f"Which budget line is which account: {named}{more}? Say --accounts {example}. {offer(lines)}"


def _table(file: CadFile, sheet: str | None) -> Table:
    wanted = [one for one in file.sheets if sheet is None or one.name.casefold() == sheet.casefold()]
    if not wanted:
        names = ", ".join(f"“{one.name}”" for one in file.sheets)
        raise Unreadable(f"{file.name} has no sheet “{sheet}”. Its sheets: {names}.")
    tables = [table for table in map(find_table, wanted) if table]
    if not tables:
        raise Unreadable(f"{file.name} holds no table. A row of names and rows of entries are looked for.")
    return max(tables, key=lambda table: (len(_columns(table, {}, {})), table.sheet.about))


def _columns(
    table: Table, lines: Mapping[int, str], known: Mapping[str, tuple[str, ...]]
) -> dict[str, tuple[str, ...]]:
    found = dict(known)
    columns = columns_of(table)
    taken = {name for names in found.values() for name in names}
    for name in ("debit", "credit", *FIELDS):
        if name in found or (name in ("debit", "credit") and "amount" in known):
            continue
        if name == "amount" and ("debit" in found or "credit" in found):
            if "debit" in found and "credit" in found:
                continue
            for side in ("debit", "credit"):
                taken -= set(found.pop(side, ()))
        fits = [(_score(name, column, lines), -k) for k, column in enumerate(columns) if column.name not in taken]
        score, place = max(fits, default=(0.0, 0))
        if score > 0:
            found[name] = (columns[-place].name,)
            taken.add(columns[-place].name)
    if "amount" not in found:  # half a pair is none
        found = (
            found
            if {"debit", "credit"} <= set(found)
            else {k: v for k, v in found.items() if k not in ("debit", "credit")}
        )
    return found


def _score(name: str, column: Column, lines: Mapping[int, str]) -> float:
    """0: it is not; the more, the likelier. The name proposes, the values must allow it."""
    patterns = _NAMES[name]
    rank = next((k for k, pattern in enumerate(patterns) if re.search(pattern, column.plain)), None)
    if name == "account" and lines and column.cells:
        named = {payee_key(line) for line in lines.values()}
        if sum(payee_key(cell) in named for cell in column.cells) * 2 > len(column.cells):
            return 100.0
    if rank is None and name == "date" and column.dated > 0.9:
        return 0.5  # whatever it is called, it holds dates
    if rank is None or not column.cells or not _allows(name, column):
        return 0.0
    return len(patterns) - rank + min(column.told, 1.0) / 2


def _allows(name: str, column: Column) -> bool:
    if name == "date":
        return _share(column, _day) > 0.5
    if name in ("amount", "debit", "credit"):
        return not _NOT_THE_AMOUNT.search(column.plain) and _share(column, read_accounting) > 0.5
    if name == "payee":
        return column.words > 0.5 and not _NOT_THE_PAYEE.search(column.plain)
    if name == "kind":
        return _share(column, kind_of) > 0.5 or any("budget" in cell.casefold() for cell in column.distinct)
    return column.dated < 0.8


def _day(cell: str) -> None:
    if read_day(cut(cell)[0], "month-first") is None and read_day(cut(cell)[0], "day-first") is None:
        raise ValueError(f"“{cell}” is no date.")


def _share(column: Column, read: Callable[[str], object]) -> float:
    cells = column.distinct[:400]
    fits = 0
    for cell in cells:
        try:
            read(bare(cell))
            fits += 1
        except ValueError:
            continue
    return fits / len(cells) if cells else 0.0


def _missing(found: Mapping[str, tuple[str, ...]], names: Sequence[str]) -> list[StatementQuestion]:
    there = ", ".join(names)
    asked = []
    if not found.get("date"):
        asked.append(
            StatementQuestion("date", f"No column is surely the date. Say --map date=COLUMN. There are: {there}.")
        )
    if not found.get("amount") and not (found.get("debit") and found.get("credit")):
        sentence = "No column is surely the amount. Say --map amount=COLUMN, or debit=COLUMN,credit=COLUMN."
        asked.append(StatementQuestion("amount", f"{sentence} There are: {there}."))
    return asked
