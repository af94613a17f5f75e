"""Which column of the city's finance export holds what, and which of its accounts is which budget line.

Written ``date=Posting Date,debit=Debit,credit=Credit,payee=Vendor Name,account=Fund+Object``; quotes protect commas.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from db.cad.mapping import columns_text, parse_columns
from db.errors import Unreadable
from db.ledger import payee_key

FIELDS: Mapping[str, str] = {
    "date": "Date",
    "amount": "Amount (signed)",
    "debit": "Debit",
    "credit": "Credit",
    "payee": "Payee or vendor",
    "invoice": "Invoice number",
    "account": "Account or budget line",
    "description": "Description",
    "kind": "Kind of entry",
}
"""What a column can be, in the order of the form, with the form's labels."""
SEVERAL = ("payee", "account", "description")
"""Fields that may be put together from more than one column."""
AUTO = "auto"
NOT_OURS = 0
"""Instead of a line: the account is not the grant's, its rows are left out."""
OTHERS = "*"
"""Instead of an account: every one that is not named."""
_NONE = ("-", "none", "not ours")


@dataclass(frozen=True, slots=True)
class StatementColumns:
    """Field → names of columns; account (folded) → budget line id or :data:`NOT_OURS`; how dates and signs read."""

    columns: Mapping[str, tuple[str, ...]]
    accounts: Mapping[str, int] = field(default_factory=dict)
    date_format: str = ""
    """“month-first”, “day-first”; "" where the dates tell."""
    reversed_signs: bool = False
    """Spending is written as a negative amount, as banks do."""

    def __post_init__(self) -> None:
        for name, columns in self.columns.items():
            if name not in FIELDS:
                raise Unreadable(f"The mapping names “{name}”. It may name: {', '.join(FIELDS)}.")
            if len(columns) > 1 and name not in SEVERAL:
                raise Unreadable(f"“{name}” takes one column, not {len(columns)} ({' + '.join(columns)}).")
        if not self.columns.get("date"):
            raise Unreadable("The mapping does not say which column is the date. Add date=COLUMN.")
        amount, pair = self.columns.get("amount"), [self.columns.get(side) for side in ("debit", "credit")]
        if amount and any(pair):
            raise Unreadable("The mapping has an amount and a debit or credit. Keep the amount, or the pair.")
        if not amount and not all(pair):
            raise Unreadable("The mapping does not say where the amounts are. Add amount=COLUMN, or debit=…,credit=….")
        if self.date_format not in ("", "month-first", "day-first"):
            raise Unreadable(f"“{self.date_format}” is no order of day and month. Say month-first or day-first.")

    def line_of(self, account: str) -> int | None:
        """The budget line of an account; :data:`NOT_OURS` if it is none of the grant's, None if nobody said."""
        return self.accounts.get(payee_key(account), self.accounts.get(OTHERS))

    def text(self) -> str:
        """The columns as they are written on the command line."""
        return columns_text(self.columns)

    def stored(self) -> dict[str, Any]:
        """For :attr:`db.models.Statement.mapping`."""
        return {
            "columns": {name: list(columns) for name, columns in self.columns.items()},
            "accounts": dict(self.accounts),
            "date_format": self.date_format,
            "reversed_signs": self.reversed_signs,
        }

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> "StatementColumns":
        columns = {name: tuple(columns) for name, columns in stored["columns"].items() if columns}
        accounts = {str(account): int(line) for account, line in (stored.get("accounts") or {}).items()}
        return cls(columns, accounts, stored.get("date_format") or "", bool(stored.get("reversed_signs")))

    def with_accounts(self, accounts: Mapping[str, int]) -> "StatementColumns":
        return replace(self, accounts={**self.accounts, **accounts})


def parse_accounts(text: str, lines: Mapping[int, str]) -> dict[str, int]:
    """Read ``51100=Benefits,"51200 Wages"=2,90000=-,*=Equipment``: accounts (folded) and line ids.

    A line is named as it is, or by its number in the budget; ``-`` leaves an account out. Raises Unreadable.
    """
    named = {payee_key(name): line for line, name in lines.items()}
    found: dict[str, int] = {}
    for account, (name, *rest) in parse_columns(text).items():
        key, wanted = payee_key(account.strip('"')), payee_key("+".join([name, *rest]))
        if wanted in _NONE:
            found[key] = NOT_OURS
        elif wanted in named:
            found[key] = named[wanted]
        elif wanted.isdigit() and int(wanted) in lines:
            found[key] = int(wanted)
        else:
            raise Unreadable(f"There is no budget line “{name}” (for account {account}). {offer(lines)}")
    return found


def offer(lines: Mapping[int, str]) -> str:
    """The budget lines to choose from, in a sentence."""
    if not lines:
        return "The budget has no lines yet: add them on the Budget page."
    return f"The lines are: {', '.join(f'{line} {name}' for line, name in lines.items())}; or - for none of them."


def own_names(lines: Mapping[int, str], accounts: Sequence[str]) -> dict[str, int]:
    """Accounts that are called as a budget line is: they need not be asked about."""
    named = {payee_key(name): line for line, name in lines.items()}
    return {key: named[key] for account in accounts if (key := payee_key(account)) in named}
