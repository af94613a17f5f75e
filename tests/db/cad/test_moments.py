"""Dates and times: every common writing, the order found from the column, daylight saving, offsets."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from db.cad.moments import MomentReader, Moments, cut, find_order, joined, read_clock, read_day, stated_order
from db.errors import Unreadable

ZONE = "America/New_York"


def moments(days: list[str], clocks: list[str], zone: str = ZONE, date_format: str | None = None) -> Moments:
    stated = stated_order(date_format)
    pattern = date_format if date_format and "%" in date_format else None
    return MomentReader(zone, lambda: find_order(dict.fromkeys(days, 1), stated), pattern).read(days, clocks)


def read(cells: list[str], date_format: str | None = None, zone: str = ZONE) -> list[datetime | None]:
    """The cells as UTC moments; None where one could not be read."""
    whole = bool(date_format and "%" in date_format)
    pieces = [(cell, "") if whole else cut(cell) for cell in cells]
    found = moments([d for d, _ in pieces], [c for _, c in pieces], zone, date_format)
    return [
        datetime.fromtimestamp(int(utc), UTC) if good else None for utc, good in zip(found.utc, found.good, strict=True)
    ]


@pytest.mark.parametrize(
    "cell",
    [
        "2022-11-10 14:05:00",
        "2022-11-10T14:05:00.000",
        "2022/11/10 14:05",
        "2022-11-10T19:05:00Z",
        "2022-11-10 19:05:00+00:00",
        "2022-11-10 13:05:00-06:00",
        "11/10/2022 2:05:00 PM",
        "11/10/2022 02:05 p.m.",
        "11/10/22 14:05",
        "11-10-2022 1405",
        "10-Nov-2022 14:05",
        "10 November 2022 14:05:00",
        "Nov 10, 2022 2:05 PM",
        "Thu, Nov 10 2022 14:05",
        "20221110 14:05",
        "20221110140500",
        "202211101405",
        "44875.586805556",
        "1668107100",
        "1668107100000",
        "/Date(1668107100000)/",
        "10-NOV-22 02.05.00.000000 PM",
        "2022-11-10-14.05.00.000000",
        "Thu Nov 10 14:05:00 EST 2022",
        "14:05:00 11/10/2022",
        "2:05 PM 11/10/2022",
        "11/10/2022 14:05 - 11/10/2022 15:10",
        "11/10/2022 1405 hrs",
        "11/10/2022 @ 14:05",
        "11/10/2022 at 2:05 PM",
        "2022-11-10 13:05:00 CST",
        "20221110 140500",
    ],
)
def test_one_moment_in_any_writing(cell: str) -> None:
    assert read([cell], "month-first") == [datetime(2022, 11, 10, 19, 5, tzinfo=UTC)]


@pytest.mark.parametrize(
    "cell",
    ["", "soon", "2022-13-10 14:05", "2022-02-30", "11/31/2022", "2022-11-10 25:00", "2022-11-10 14:61", "0201-11-10",
     "10 Foo 2022", "13:05 PM", "2022-11-10 14:05 tomorrow", "99999999999", "2999-01-01"],
)  # fmt: skip
def test_what_is_no_moment_is_not_read(cell: str) -> None:
    assert read([cell], "month-first") == [None]


def test_midnight_at_the_end_of_a_day_is_the_next_one() -> None:
    assert read(["2022-11-10 24:00"]) == [datetime(2022, 11, 11, 5, tzinfo=UTC)]
    assert read(["2022-11-10 24:01"]) == [None]


def test_of_a_stretch_of_days_the_first_counts() -> None:
    found = moments(["11/10/2022 to 11/12/2022", "11/25/2022"], ["", ""])
    assert (found.day[0], found.ranges) == ((date(2022, 11, 10) - date(1970, 1, 1)).days, 1)


def test_one_late_day_tells_the_order_for_the_whole_column() -> None:
    assert read(["03/04/2022 10:00", "25/04/2022 10:00"])[0] == datetime(2022, 4, 3, 14, tzinfo=UTC)
    assert read(["03/04/2022 10:00", "04/25/2022 10:00"])[0] == datetime(2022, 3, 4, 15, tzinfo=UTC)


def test_an_order_that_no_date_tells_is_asked() -> None:
    with pytest.raises(Unreadable, match=r"“03/04/2022” can be month 3, day 4 or day 3, month 4.*--date-format"):
        read(["03/04/2022 10:00", "05/06/2022 10:00"])
    assert read(["03/04/2022 10:00"], "day-first") == [datetime(2022, 4, 3, 14, tzinfo=UTC)]
    assert read(["03/03/2022 10:00"]) == [datetime(2022, 3, 3, 15, tzinfo=UTC)]


def test_both_orders_in_one_column_are_refused_but_a_slip_is_not() -> None:
    with pytest.raises(Unreadable, match="mix both orders"):
        find_order({"25/04/2022": 50, "04/25/2022": 50})
    assert find_order({"25/04/2022": 1, "04/25/2022": 500}) == "month-first"


def test_a_pattern_reads_what_it_says_and_nothing_else() -> None:
    found = read(["2022.315 0905", "2022-11-11 09:05"], "%Y.%j %H%M")
    assert found == [datetime(2022, 11, 11, 14, 5, tzinfo=UTC), None]
    with pytest.raises(Unreadable, match="“whenever” is no date format"):
        read(["2022-11-11"], "whenever")


def test_the_hour_that_spring_skips_moves_on_and_the_doubled_one_is_the_first() -> None:
    found = moments(["2022-03-13", "2022-11-06"], ["02:30", "01:30"])
    read_as = [datetime.fromtimestamp(int(utc), UTC) for utc in found.utc]
    assert read_as == [datetime(2022, 3, 13, 7, 30, tzinfo=UTC), datetime(2022, 11, 6, 5, 30, tzinfo=UTC)]
    assert (found.skipped, found.doubled) == (1, 1)


def test_a_moment_with_an_offset_belongs_to_the_local_day() -> None:
    found = moments(["2022-11-11"], ["03:00:00Z"])
    assert date(1970, 1, 1).toordinal() + int(found.day[0]) == date(2022, 11, 10).toordinal()


def test_date_and_time_from_two_columns() -> None:
    assert joined("08/10/2022 12:00:00 AM", "6:10:00 AM") == "08/10/2022 6:10:00 AM"
    assert joined("2011-01-01 00:00:00", "1899-12-31 23:10:05") == "2011-01-01 23:10:05"
    assert joined("2022-08-10", "") == "2022-08-10"
    assert joined("2022-08-10 09:15", "10:00") == "2022-08-10 09:15"
    assert joined("", "2022-08-10 10:00") == "2022-08-10 10:00"


@settings(deadline=None)
@given(st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1)), st.sampled_from([ZONE, "Europe/Berlin", "UTC"]))
def test_any_moment_reads_as_the_standard_library_says(moment: datetime, zone: str) -> None:
    moment = moment.replace(microsecond=0)
    expected = moment.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    back = expected.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    found = read([f"{moment:%Y-%m-%d %H:%M:%S}"], zone=zone)
    assert found == [expected] or back != moment  # a skipped hour has no standard answer


@settings(deadline=None)
@given(st.text(max_size=30))
def test_no_text_breaks_the_reader(text: str) -> None:
    day, clock = cut(" ".join(text.split()))
    read_day(day, None)
    read_clock(clock)
