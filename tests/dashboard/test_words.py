"""Numbers, money and dates as people read them."""

from datetime import date
from decimal import Decimal

import pytest

from dashboard import words

DAY = date(2026, 10, 5)


@pytest.mark.parametrize(
    ("got", "wanted"),
    [
        (words.number(1234.6), "1,235"),
        (words.number(1234.6, "es"), "1,235"),
        (words.number(2.50, digits=1), "2.5"),
        (words.number(0), "0"),
        (words.number(None), "–"),
        (words.number(float("nan")), "–"),
        (words.ratio(0.8), "0.80"),
        (words.percent(0.1794), "18\u00a0%"),
        (words.percent(0.005, digits=1), "0.5\u00a0%"),
        (words.percent(None), "–"),
        (words.money(216000), "$216,000"),
        (words.money(Decimal("216000.5"), cents=True), "$216,000.50"),
        (words.money(-5), "-$5"),
        (words.day(date(2022, 11, 10)), "10 Nov 2022"),
        (words.day(date(2022, 11, 10), "es"), "10 nov 2022"),
        (words.month(DAY), "Oct 2026"),
        (words.week(date(2022, 11, 7)), "week of 7 Nov"),
        (words.week(date(2022, 11, 7), "es"), "semana del 7 nov"),
        (words.quarter(DAY), "Q4 2026"),
        (words.quarter(DAY, "es"), "T4 2026"),
        (words.listing(["a", "b", "c"]), "a, b and c"),
        (words.listing(["a", "b"], "es"), "a y b"),
        (words.listing(["a"]), "a"),
    ],
)
def test_as_people_read_it(got: str, wanted: str) -> None:
    assert got == wanted
