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
