"""Opening hours as people write them, read or honestly not read."""

from datetime import datetime

import pytest

from db import hours

NINE, FIVE = 9 * 60, 17 * 60


@pytest.mark.parametrize(
    ("text", "week"),
    [
        ("Mon–Fri 9–17", tuple((day, NINE, FIVE) for day in range(5))),
        ("Tue and Thu 9–5", ((1, NINE, FIVE), (3, NINE, FIVE))),
        ("Mon, Wed 9:30 am – 1 pm", ((0, 570, 780), (2, 570, 780))),
        ("Wednesday 10 am–2", ((2, 600, 840),)),
        ("Sat 1–5 pm", ((5, 780, FIVE),)),
        ("Mon 9–12, 13–17", ((0, NINE, 720), (0, 780, FIVE))),
        ("Fri 22–2", ((4, 1320, 1440), (5, 0, 120))),
        ("weekdays 9–17; Sat 10–14", (*((day, NINE, FIVE) for day in range(5)), (5, 600, 840))),
        ("24/7", tuple((day, 0, 1440) for day in range(7))),
        ("Sat–Mon noon–17", ((0, 720, FIVE), (5, 720, FIVE), (6, 720, FIVE))),
    ],
)
def test_what_can_be_read(text: str, week: hours.Week) -> None:
    assert hours.read(text) == week


@pytest.mark.parametrize("text", ["", "by appointment", "Mon", "March 9–12", "Mon 25–26", "Mon 9–17 except holidays"])
def test_what_cannot_be_read_is_not_guessed(text: str) -> None:
    assert hours.read(text) is None


def test_open_at_a_moment_in_the_evening_at_the_weekend() -> None:
    shelter = hours.read("Daily 17–9") or ()
    office = hours.read("Mon–Fri 9–17") or ()
    friday = datetime(2026, 11, 13, 8, 59)
    assert hours.open_at(shelter, friday)
    assert not hours.open_at(office, friday)
    assert hours.open_at(office, friday.replace(hour=9, minute=0))
    assert not hours.open_at(office, friday.replace(hour=17, minute=0))
    assert (hours.open_evenings(shelter), hours.open_weekends(shelter)) == (True, True)
    assert (hours.open_evenings(office), hours.open_weekends(office)) == (False, False)


@pytest.mark.parametrize(
    ("text", "again"),
    [
        ("weekdays 9–17; Sat 10–14:30", "Mon–Fri 9:00–17:00; Sat 10:00–14:30"),
        ("Fri 22–2", "Sat 0:00–2:00; Fri 22:00–24:00"),
        ("Mon, Wed 9–17", "Mon, Wed 9:00–17:00"),
        ("24/7", "Mon–Sun 0:00–24:00"),
    ],
)
def test_a_week_is_written_so_that_it_reads_the_same(text: str, again: str) -> None:
    week = hours.read(text) or ()
    assert hours.written(week) == again
    assert hours.read(again) == week


def test_hours_that_touch_are_one_span_and_an_hour_twice_counts_twice() -> None:
    week = hours.read("Mon 9–13; Mon 12–17; Mon 17–18; Tue 9–10") or ()
    assert hours.joined(week) == ((0, 540, 1080), (1, 540, 600))
    assert (hours.total(week), hours.total(hours.joined(week))) == (11 * 60, 10 * 60)
