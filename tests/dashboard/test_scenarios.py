"""The years after the pilot, added up: cents by hand, calls counted on fingers, the range against scipy."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chi2

from dashboard.scenarios import Basis, Figures, Reached, cost, coverage, figures, periods
from db import hours
from db.forms import checked
from db.forms.scenarios import Assumptions
from db.vocab.money import FundingKind

NOBODY = Reached(0, Decimal(0))
SPAN = periods(date(2027, 1, 11))
ONE_EACH = tuple((1,) * 24 for _ in range(7))


def assumed(**change: Any) -> Assumptions:
    """1.00 FTE at $95,400 and 0.50 at $88,013.52, 29.6 % benefits, $1,612.33 a month of other costs."""
    values: dict[str, Any] = {
        "posts": [
            {"name": "Full time", "fte": "1", "yearly": "95,400.00"},
            {"name": "Part time", "fte": "0.5", "yearly": "88,013.52"},
        ],
        "benefits_percent": "29.6",
        "other_monthly": "1,612.33",
        "hours": "Mon–Fri 9–17",
    }
    return checked(Assumptions, values | change)


def source(kind: str, *amounts: str, counted: bool = True) -> dict[str, Any]:
    return {"kind": kind, "amounts": amounts, "counted": counted}


def made(plan: Assumptions, calls: Any = ONE_EACH, reached: Reached = NOBODY) -> Figures:
    return figures("As is", plan, Basis(SPAN, calls, reached))


def test_the_fiscal_years_after_a_pilot() -> None:
    """12 Jan to 30 Jun 2027 is 20 of January's 31 days and five months; then three years from 1 July."""
    rest, *whole = SPAN
    assert (rest.first, rest.last) == (date(2027, 1, 12), date(2027, 6, 30))
    assert rest.months == 5 + Decimal(20) / 31
    assert [(p.first, p.last, p.months, p.year) for p in whole] == [
        (date(2027, 7, 1), date(2028, 6, 30), 12, 2028),
        (date(2028, 7, 1), date(2029, 6, 30), 12, 2029),
        (date(2029, 7, 1), date(2030, 6, 30), 12, 2030),
    ]


def test_a_pilot_that_ends_with_a_fiscal_year_leaves_no_rest() -> None:
    rest, first, *_ = periods(date(2027, 6, 30))
    assert (rest.months, first.first) == (0, date(2027, 7, 1))
    assert periods(date(2026, 12, 31), fiscal_month=1)[1].first == date(2027, 1, 1)


def test_a_month_to_the_cent() -> None:
    """7,950.00 + 3,667.23 = 11,617.23; × 29.6 % = 3,438.70; + 1,612.33 = 16,668.26."""
    plan = assumed()
    assert (plan.pay, plan.benefits, plan.monthly) == (
        Decimal("11617.23"),
        Decimal("3438.70"),
        Decimal("16668.26"),
    )


def test_the_years_to_the_cent() -> None:
    """× (5 + 20/31) = 94,095.02, + 500.00 once; × 12 = 200,019.12; × 1.03 = 206,019.69; × 1.0609 = 212,200.28."""
    assert cost(assumed(rise_percent="3", one_time="500"), SPAN) == (
        Decimal("94595.02"),
        Decimal("200019.12"),
        Decimal("206019.69"),
        Decimal("212200.28"),
    )
    no_rest = cost(assumed(one_time="500"), periods(date(2027, 6, 30)))
    assert no_rest[:2] == (0, Decimal("200519.12")), "the one-time cost falls into the first year that has a day"


def test_the_gap_of_each_year_and_who_pays() -> None:
    funding = [
        source("operating", "0", "150,000.00", "150000", "212,200.28"),
        source("state", "0", "50,019.12", "60000.00", "0"),
        source("federal", "0", "183333.33", "183333.33", "183333.34", counted=False),
    ]
    found = made(assumed(rise_percent="3", funding=funding))
    assert [year.gap for year in found.years] == [
        Decimal("94095.02"),
        Decimal("0.00"),
        Decimal("-3980.31"),  # a surplus
        Decimal("0.00"),
    ]
    assert found.years[1].by_source == {FundingKind.operating: Decimal(150_000), FundingKind.state: Decimal("50019.12")}
    assert not found.paid_for, "the months before the first fiscal year are not paid for"


CALLS = tuple(
    tuple(
        {
            (0, 9): 4,  # Monday 9–10
            (0, 17): 3,  # Monday 17–18
            (2, 16): 2,  # Wednesday 16–17
            (5, 20): 6,  # Saturday evening
            (6, 3): 5,  # Sunday night
        }.get((day, hour), 0)
        for hour in range(24)
    )
    for day in range(7)
)


@pytest.mark.parametrize(
    ("text", "covered", "staffed"),
    [
        ("Mon–Fri 9–17", 6, 40),
        ("Mon–Fri 9–22", 9, 65),
        ("Mon–Fri 9–17; Sat 18–22", 12, 44),
        ("Mon 9:30–17:30", 3.5, 8),  # half of four calls, half of three
        ("24/7", 20, 168),
        ("Sun 22–6", 0, 8),  # its night is Monday's
        ("", 0, 0),
    ],
)
def test_calls_inside_the_hours_by_hand(text: str, covered: float, staffed: int) -> None:
    found = coverage(CALLS, assumed(hours=text).week)
    assert sum(c for _, c in found.by_hour) == pytest.approx(covered)
    assert (found.calls, found.staffed_hours) == (20, staffed)
    assert found.share == pytest.approx(covered / 20)


def test_overlapping_shifts_cover_a_call_once() -> None:
    assert coverage(CALLS, assumed(hours="Mon–Fri 9–17; Mon 8–12; Wed 14–20").week).share == pytest.approx(6 / 20)


def test_without_calls_there_is_no_share() -> None:
    assert coverage(tuple((0,) * 24 for _ in range(7)), assumed().week).share is None


@pytest.mark.parametrize(("people", "fte_months", "fte"), [(100, "4.5", "1.5"), (0, "3", "1"), (7, "2.25", "0.5")])
def test_people_a_year_against_scipy(people: int, fte_months: str, fte: str) -> None:
    """The exact Poisson limits from the chi-square quantiles, scaled, rounded outward to whole people."""
    low = chi2.ppf(0.025, 2 * people) / 2 if people else 0.0
    high = chi2.ppf(0.975, 2 * people + 2) / 2
    scale = float(fte) * 12 / float(fte_months)
    found = Reached(people, Decimal(fte_months)).a_year(Decimal(fte))
    assert found is not None
    assert found[0] <= low * scale < found[0] + 1
    assert found[1] - 1 < high * scale <= found[1]


def test_nobody_at_work_reaches_nobody_and_no_month_is_no_rate() -> None:
    assert Reached(100, Decimal("4.5")).a_year(Decimal(0)) == (0, 0)
    assert NOBODY.a_year(Decimal(1)) is None


def test_doubts_are_said_when_the_hours_take_more_people_than_are_paid_for() -> None:
    assert list(assumed().doubts()) == []
    assert list(assumed(hours="Mon–Fri 9–22").doubts()) == [
        "65 staffed hours a week take 1.63 FTE at 40 hours each; 1.50 are paid for."
    ]


WEEKS = st.lists(
    st.tuples(st.integers(0, 6), st.integers(0, 23), st.integers(1, 6)).map(
        lambda t: (t[0], t[1] * 60, min(t[1] * 60 + t[2] * 60, hours.DAY))
    ),
    max_size=6,
).map(lambda spans: hours.joined(tuple(spans)))
GRIDS = st.lists(st.lists(st.integers(0, 9), min_size=24, max_size=24).map(tuple), min_size=7, max_size=7).map(tuple)


@settings(max_examples=60, deadline=None)
@given(GRIDS, WEEKS, WEEKS)
def test_more_hours_never_cover_less(calls: Any, week: hours.Week, more: hours.Week) -> None:
    before = coverage(calls, week)
    after = coverage(calls, hours.joined(week + more))
    assert after.staffed_hours >= before.staffed_hours
    assert all(b[1] >= a[1] for a, b in zip(before.by_hour, after.by_hour, strict=True))
    assert sum(c for _, c in after.by_hour) <= after.calls + 1e-9


AMOUNTS = st.decimals("0", "999999.99", places=2).map(str)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.decimals("0", "20", places=2), AMOUNTS), max_size=4),
    st.decimals("0", "50", places=2),
    st.lists(st.tuples(AMOUNTS, AMOUNTS, AMOUNTS, AMOUNTS), min_size=2, max_size=2),
)
def test_the_gap_is_cost_less_funding_to_the_cent(posts: Any, rise: Decimal, amounts: Any) -> None:
    plan = checked(
        Assumptions,
        {
            "posts": [{"name": "Post", "fte": str(fte), "yearly": yearly} for fte, yearly in posts],
            "rise_percent": str(rise),
            "funding": [source(kind, *given) for kind, given in zip(("operating", "other"), amounts, strict=True)],
        },
    )
    for k, year in enumerate(made(plan).years):
        paid = sum(Decimal(given[k]) for given in amounts)
        assert year.gap == year.cost - paid
        assert year.gap.as_tuple().exponent == -2
    again = checked(Assumptions, plan.model_dump(mode="json"))
    assert again == plan, "what is stored is what was typed, to the cent"
