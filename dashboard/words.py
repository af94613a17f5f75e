"""Numbers, money and dates as people read them, in English and Spanish (babel).

Every function takes the plain value and ``lang`` ("en" or "es") and returns text; None and NaN read "–".
The Spanish is that of the United States: thousands keep their comma.
"""

import math
from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from babel.dates import format_date
from babel.numbers import format_currency, format_decimal

LOCALE = {"en": "en_US", "es": "es_US"}
NBSP = "\u00a0"
NOTHING = "–"

Number = int | float | Decimal


def _missing(value: Number | None) -> bool:
    return value is None or (isinstance(value, float) and not math.isfinite(value))


def number(value: Number | None, lang: str = "en", digits: int = 0) -> str:
    """``1234.6`` → "1,235"; at most ``digits`` decimals, trailing zeros dropped."""
    if value is None or _missing(value):
        return NOTHING
    return format_decimal(value, "#,##0" + ("." + "#" * digits if digits else ""), locale=LOCALE[lang])


def ratio(value: Number | None, lang: str = "en", digits: int = 2) -> str:
    """``0.8`` → "0.80": always ``digits`` decimals."""
    if value is None or _missing(value):
        return NOTHING
    return format_decimal(value, "#,##0." + "0" * digits, locale=LOCALE[lang])


def percent(value: Number | None, lang: str = "en", digits: int = 0) -> str:
    """A share as "18 %": ``value`` 1.0 is a hundred percent. The space does not break."""
    if value is None or _missing(value):
        return NOTHING
    return number(value * 100, lang, digits) + NBSP + "%"


def money(value: Number | None, lang: str = "en", cents: bool = False) -> str:
    """``216000`` → "$216,000"; with ``cents`` "$216,000.00"; negative "-$5"."""
    if value is None or _missing(value):
        return NOTHING
    pattern = "¤#,##0.00" if cents else "¤#,##0"
    return format_currency(value, "USD", pattern, locale=LOCALE[lang], currency_digits=False)


def day(value: date | None, lang: str = "en") -> str:
    """ "10 Nov 2022"."""
    return NOTHING if value is None else format_date(value, "d MMM y", locale=LOCALE[lang])


def short_day(value: date | None, lang: str = "en") -> str:
    """ "10 Nov", where the year is plain."""
    return NOTHING if value is None else format_date(value, "d MMM", locale=LOCALE[lang])


def month(value: date | None, lang: str = "en") -> str:
    """ "Oct 2026"."""
    return NOTHING if value is None else format_date(value, "MMM y", locale=LOCALE[lang])


def week(value: date | None, lang: str = "en") -> str:
    """ "week of 7 Nov", for the Monday of the week."""
    return ("semana del " if lang == "es" else "week of ") + short_day(value, lang)


def quarter(value: date | None, lang: str = "en") -> str:
    """ "Q4 2026" ("T4 2026")."""
    if value is None:
        return NOTHING
    return f"{'T' if lang == 'es' else 'Q'}{(value.month + 2) // 3} {value.year}"


def listing(items: Sequence[str], lang: str = "en") -> str:
    """ "a, b and c"."""
    if len(items) < 2:
        return "".join(items)
    return ", ".join(items[:-1]) + (" y " if lang == "es" else " and ") + items[-1]
