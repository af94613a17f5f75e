"""Amounts as accounting systems print them, read to the cent: parentheses, trailing minus, CR and DR, $ and commas."""

import re
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal

from db.forms.money import LARGEST

CENT = Decimal("0.01")
NOISE = Decimal("0.00000001")
"""A millionth of a cent: what a spreadsheet's floating point may add to an amount without changing it."""

_PLAIN = re.compile(r"(?P<dollars>\d{1,3}(?:,\d{3})+|\d*)(?:\.(?P<rest>\d*))?")
_FLOAT = re.compile(r"\d(?:\.\d+)?e[+-]?\d+", re.I)
_SPACES = re.compile(r"[\s\u00a0\u2007\u2009\u202f]+")
_CURRENCY = re.compile(r"^(?:US\$|\$|USD)\s*|\s*(?:\$|USD)$", re.I)


@dataclass(frozen=True, slots=True)
class Read:
    """An amount of two places. ``noisy``: the cell held a spreadsheet's rounding error, which was taken off."""

    amount: Decimal
    noisy: bool = False


def read_accounting(cell: str) -> Read:
    """“(1,234.50)”, “$1,234.50-”, “1,234.50 CR”, “ - ” (nothing), “0.30000000000000004” as exact dollars and cents.

    In parentheses, with a minus on either side or with CR it is negative. Raises ValueError, one sentence, for a
    fraction of a cent, two signs at once, a comma in the wrong place, and anything that is no amount.
    """
    shown = _SPACES.sub(" ", cell).strip()
    number, negative = _unsigned(shown)
    if number in ("", "-"):
        if re.fullmatch(r"[$ ()]*[-\u2212\u2013][-\u2212\u2013$ ()]*", shown):
            return Read(Decimal("0.00"))  # accountants write a dash for nothing
        raise ValueError("The amount is missing." if not shown else _no_amount(shown))
    exact = _exact(number, shown)
    if exact > LARGEST + 1:
        raise ValueError(_too_much(shown))
    amount = exact.quantize(CENT, ROUND_HALF_EVEN)
    if abs(exact - amount) > NOISE:
        raise ValueError(f"{shown} has a fraction of a cent. The books hold two decimals: correct it, or leave it out.")
    if amount > LARGEST:
        raise ValueError(_too_much(shown))
    return Read(-amount if negative and amount else amount, noisy=exact != amount)


def _unsigned(shown: str) -> tuple[str, bool]:
    """(the digits and their marks, whether it is negative)."""
    text = shown.replace("\u2212", "-").replace("\u2013", "-")
    signs: list[bool] = []
    while True:
        bare = _CURRENCY.sub("", text).strip()
        if bare.startswith("(") and bare.endswith(")"):
            bare = bare[1:-1].strip()
            signs.append(True)
        elif bare[:1] in ("-", "+") and len(bare) > 1:
            signs.append(bare[0] == "-")
            bare = bare[1:].strip()
        elif bare[-1:] in ("-", "+") and len(bare) > 1:
            signs.append(bare[-1] == "-")
            bare = bare[:-1].strip()
        elif re.search(r"\d\s*(?:CR|DR)\.?$", bare, re.I):
            signs.append("c" in bare[-3:].casefold())
            bare = re.sub(r"\s*(?:CR|DR)\.?$", "", bare, flags=re.I)
        if bare == text:
            break
        text = bare
    if len(signs) > 1:
        raise ValueError(f"“{shown}” has two signs at once. Write the amount with one, such as -1,250.00.")
    return text, any(signs)


def _exact(number: str, shown: str) -> Decimal:
    if _FLOAT.fullmatch(number):
        value = Decimal(number)
        if value >= 1:  # a file that once was open in Excel: what stood there is lost
            raise ValueError(
                f"“{shown}” was cut short by a spreadsheet. Export the file again, or write the amount out."
            )
        return value
    found = _PLAIN.fullmatch(number)
    if not found or not (found["dollars"] or found["rest"]):
        raise ValueError(_no_amount(shown))
    return Decimal(f"{found['dollars'].replace(',', '') or 0}.{found['rest'] or 0}")


def _too_much(shown: str) -> str:
    return f"{shown[:60]} is more than a ledger of ten digits holds. Check the amount."


def _no_amount(shown: str) -> str:
    hint = " The comma stands where no thousand ends." if re.search(r"\d,\d", shown) else ""
    return f"“{shown[:60]}” is not an amount.{hint} Write dollars and cents, such as 1,250.00."
