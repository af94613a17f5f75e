"""The one disclosure rule: what is hidden, what is hidden with it, and that nothing gives it away."""

import re
from datetime import date, timedelta

import pandas as pd
import pytest
from sqlalchemy import Engine

from dashboard.measures import MEASURES
from dashboard.measures.compute import compute
from dashboard.measures.disclosure import PUBLIC_MARKS, disclose, hide, period_of
from dashboard.model import Audience, Estimate, Filters, Guard, Result
from db import access
from db.engine import aggregate_session
from db.models import Pilot
from tests.conftest import NOW
from tests.dashboard.measures.city import add_small_counts

SHELL = access.shell_viewer("tester", now=NOW, today=NOW.date())
WHOLE = Filters(date(2026, 1, 12), NOW.date(), NOW.date())
PEOPLE = tuple(key for key, measure in MEASURES.items() if measure.about_people)
T = 11

# counts → what is shown (None: hidden), with the sum published, t = 11
CELLS = [
    ([0, 11, 40], [0, 11, 40]),
    ([10, 11, 40], [None, None, 40]),  # one small: the smallest shown goes with it
    ([1, 2, 30, 40], [None, None, None, 40]),  # two small ones that sum to under t need a third
    ([5, 6, 30, 40], [None, None, 30, 40]),  # two that sum to t hide each other
    ([0, 3, 0, 20], [0, None, 0, None]),  # zero is shown, and is no complement
    ([4, 0, 0], [None, 0, 0]),  # nothing left to hide with it: the total is small itself
    ([3, 15, 15], [None, None, 15]),  # of equals, the first
]


@pytest.mark.parametrize(("counts", "shown"), CELLS)
def test_small_cells_and_their_complements(counts: list[int], shown: list[int | None]) -> None:
    hidden = hide(pd.Series(counts), T)
    assert [None if h else c for c, h in zip(counts, hidden, strict=True)] == shown


@pytest.mark.parametrize(("threshold", "hidden"), [(6, 1), (10, 2), (11, 3)])
def test_each_threshold_hides_one_to_t_minus_one(threshold: int, hidden: int) -> None:
    assert hide(pd.Series([0, 5, 9, 10, 11, 12]), threshold, summed=False).sum() == hidden


def result_of(table: pd.DataFrame, guard: Guard | None, **more: object) -> Result:
    fields: dict[str, object] = {
        "estimate": Estimate(50.0, 40.0, 60.0, 50),
        "display": "50",
        "context": "of 50",
        "sentence": "There are 50.",
        "caveats": ("Beside it: 50.",),
        "spark": (1.0, 2.0),
    }
    return Result(
        key="x",
        filters=WHOLE,
        audience=Audience.public,
        table=table,
        columns={},
        guard=guard,
        **(fields | more),  # type: ignore[arg-type]
    )


def test_a_result_that_says_nothing_of_itself_is_hidden_whole() -> None:
    got = disclose(result_of(pd.DataFrame({"value": [3, 40]}), None, marks={"secret": 3}), T)
    assert (got.display, got.context, got.spark, len(got.table), dict(got.marks)) == ("hidden", "", (), 0, {})
    assert got.estimate == Estimate(None)


def test_a_column_nobody_vouches_for_is_hidden_whole() -> None:
    table = pd.DataFrame({"group": ["a", "b"], "value": [20, 30], "strange": [1, 2]})
    got = disclose(result_of(table, Guard(bars=("value",), headline=(50,))), T)
    assert got.table["value"].tolist() == [20, 30]
    assert got.table["strange"].isna().all()


def test_opened_and_closed_are_hidden_together() -> None:
    """Open rose from 20 to 24 and 30 closed: so 34 opened, if that were all one could not see."""
    table = pd.DataFrame({"open": [20, 24], "opened": [25, 34], "closed": [5, 30]})
    got = disclose(result_of(table, Guard(bars=("open",), extras=("opened", "closed"), sums=False, headline=(24,))), T)
    assert got.table["open"].tolist() == [20, 24]
    assert got.table[["opened", "closed"]].isna().all(axis=None)


def test_shares_and_limits_go_with_their_count() -> None:
    table = pd.DataFrame({"value": [3, 17, 30], "share": [0.06, 0.34, 0.6]})
    got = disclose(result_of(table, Guard(bars=("value",), derived={"share": ("value",)}, headline=(50,))), T)
    assert got.table["share"].isna().tolist() == [True, True, False]
    assert got.table["hidden"].tolist() == [True, True, False]
    assert got.caveats[-1] == "Hidden: under 11, or hidden to protect one that is."
    assert got.display == "50"


def test_a_small_headline_takes_all_that_is_said_with_it() -> None:
    table = pd.DataFrame({"value": [0, 7], "share": [0.0, 1.0], "so_far": [0, 7]})
    guard = Guard(
        bars=("value",), derived={"share": ("value",)}, cumulative={"so_far": "value"}, spark="so_far", headline=(7,)
    )
    got = disclose(result_of(table, guard), T)
    assert (got.display, got.context, got.spark, got.estimate) == ("hidden", "", (), Estimate(None))
    assert "50" not in got.sentence + "".join(got.caveats)
    assert got.table["value"].isna().tolist() == [False, True]
    assert got.table["so_far"].isna().all()


def test_a_sentence_that_says_a_hidden_cell_is_hidden_too() -> None:
    """17 is hidden to protect 3; a sentence that names the 17 would undo it."""
    table = pd.DataFrame({"value": [3, 17, 30]})
    got = disclose(result_of(table, Guard(bars=("value",), headline=(50,), said=(17,))), T)
    assert (got.display, got.context) == ("50", "")
    assert "50" not in got.sentence


def test_the_ladder_hides_small_losses() -> None:
    table = pd.DataFrame({"value": [60, 55, 40, 0], "lost": [5, 15, 40, 0]})
    got = disclose(result_of(table, Guard(nested=("value",), extras=("lost",), headline=(60,))), T)
    assert got.table["value"].isna().tolist() == [False, True, False, False]
    assert got.table["lost"].isna().all()
    assert got.context == ""


def series(counts: list[int], first: date = date(2026, 1, 5)) -> pd.DataFrame:
    weeks = [first + timedelta(weeks=k) for k in range(len(counts))]
    return pd.DataFrame({"period": weeks, "value": counts, "status": ["final"] * (len(counts) - 1) + ["unfinished"]})


@pytest.mark.parametrize(
    ("counts", "grain", "values"),
    [
        ([12] * 13, "week", [12] * 13),
        ([4] * 12, "month", [16, 16, 16]),  # Thursdays of January (from the 8th), February and March 2026
        ([2] * 12, "quarter", [24]),
        ([3] * 25, "month", [12, 12, 12, 15, 12, 12]),
    ],
)
def test_a_series_coarsens_until_no_bar_is_hidden(counts: list[int], grain: str, values: list[int]) -> None:
    guard = Guard(bars=("value",), period="period", spark="value", headline=(sum(counts),))
    got = disclose(result_of(series(counts), guard), T)
    assert got.marks["grain"] == grain
    assert got.table["value"].tolist() == values
    assert got.spark == tuple(map(float, values))
    assert got.table["status"].iloc[-1] == "unfinished"


def test_where_even_quarters_are_small_they_are_hidden() -> None:
    """26 weeks of 3: 36, 39 and a lone week of July, whose 3 takes the 36 with it."""
    guard = Guard(bars=("value",), period="period", spark="value", headline=(78,))
    got = disclose(result_of(series([3] * 26), guard), T)
    assert got.marks["grain"] == "quarter"
    assert got.table["hidden"].tolist() == [True, False, True]
    assert (got.spark, got.display) == ((), "50")


@pytest.mark.parametrize(
    ("day", "month", "quarter"),
    [
        (date(2026, 3, 30), date(2026, 4, 1), date(2026, 4, 1)),  # Thursday 2 April
        (date(2026, 6, 29), date(2026, 7, 1), date(2026, 7, 1)),  # Thursday 2 July
        (date(2026, 6, 1), date(2026, 6, 1), date(2026, 4, 1)),
    ],
)
def test_a_week_coarsens_to_its_thursdays_month(day: date, month: date, quarter: date) -> None:
    assert (period_of(day, "month"), period_of(day, "quarter")) == (month, quarter)


# --- every measure about people -------------------------------------------------------------------

HARMLESS = re.compile(
    r"95.%|\d+ (hours|days|months|h)\b|\d{1,2} [A-Z][a-z]{2} \d{4}|under \d+|[A-Z][a-z]{2} \d{4}|Provider \d+"
    r"|\d+(\.\d+)?\s%|per 100|with \d+ calls|target \d+|band \d+.\d+|band of \d+ to \d+|within \d+ h"
)


@pytest.fixture
def small_counts(small_pilot: Engine) -> Engine:
    add_small_counts(small_pilot)
    return small_pilot


def test_no_small_count_can_be_read_in_any_public_result(small_counts: Engine) -> None:
    seen_hidden = 0
    for key in PEOPLE:
        inside = compute(small_counts, SHELL, key, WHOLE)
        public = compute(small_counts, SHELL, key, WHOLE, Audience.public)
        whole_numbers = [name for name in inside.table if pd.api.types.is_integer_dtype(inside.table[name])]
        for name in set(whole_numbers) & set(public.table):
            shown = public.table[name].dropna()
            assert not [value for value in shown if 0 < value < T], (key, name)
        said = " ".join([public.display, public.context, public.sentence, *public.caveats])
        numbers = [int(text) for text in re.findall(r"\d+", HARMLESS.sub("", said).replace(",", ""))]
        assert not [number for number in numbers if 0 < number < T], (key, said)
        if public.estimate.n is not None:
            assert not 0 < public.estimate.n < T, key
        assert set(public.marks) <= PUBLIC_MARKS, key
        assert public.guard is None
        seen_hidden += "hidden" in public.table and bool(public.table["hidden"].any())
    assert seen_hidden >= 8  # the city is built to have small cells in most measures


def test_no_hidden_cell_is_the_rest_of_a_published_sum(small_counts: Engine) -> None:
    """Where a headline is shown, the hidden cells of each part are two or more and sum to at least t."""
    checked = 0
    for key in PEOPLE:
        inside = compute(small_counts, SHELL, key, WHOLE)
        public = compute(small_counts, SHELL, key, WHOLE, Audience.public)
        if not {"value", "group"} <= set(public.table) or public.estimate.value is None:
            continue
        parts = public.table.groupby("by") if "by" in public.table else [("", public.table)]
        for _, part in parts:
            hidden = part["value"].isna()
            if not hidden.any() or not pd.api.types.is_integer_dtype(inside.table["value"]):
                continue
            real = inside.table.loc[part.index, "value"]
            assert hidden.sum() >= 2, key
            assert real[hidden].sum() >= T, key
            checked += 1
    assert checked >= 3


def test_the_spark_and_the_running_total_tell_no_small_step(small_counts: Engine) -> None:
    """Three, twelve and twenty-five people: the first quarter is hidden, so only the end of the total stands."""
    public = compute(small_counts, SHELL, "people_served", WHOLE, Audience.public)
    assert public.display == "40"
    assert public.spark == ()
    assert public.table["value"].dropna().tolist() == [40]
    assert public.marks["grain"] == "quarter"


def test_with_a_lower_threshold_more_is_shown(small_counts: Engine) -> None:
    with aggregate_session(small_counts) as session:
        pilot = session.get(Pilot, 1)
        assert pilot is not None
        pilot.small_count_threshold = 6
        session.commit()
    public = compute(small_counts, SHELL, "service_gaps", WHOLE, Audience.public)
    assert public.display == "7"


@pytest.mark.parametrize(
    ("totals", "hidden"),
    [
        ([12, 15, 30], [True, False, False]),  # 3 between the first two
        ([5, 30, 30], [True, False, False]),  # nothing more is no count of anybody
        ([0, 5, 20], [False, True, False]),
        ([11, 22, 33], [False, False, False]),
        ([11, 22, 32], [False, True, False]),  # 10 more at the end: the headline stays
        ([3, 5, 9], [True, True, True]),
    ],
)
def test_running_totals_are_hidden_where_a_step_is_small(totals: list[int], hidden: list[bool]) -> None:
    table = pd.DataFrame({"count": totals, "cost": [100.0 / max(n, 1) for n in totals]})
    guard = Guard(running=("count",), derived={"cost": ("count",)}, headline=(totals[-1],))
    shown = disclose(result_of(table, guard), T).table
    assert list(shown["count"].isna()) == hidden
    if totals[-1] >= T:
        assert list(shown["cost"].isna()) == hidden
