"""Next month's file under a saved mapping: it fits, or it says which header drifted."""

import io

import pytest

from db.cad.mapping import parse_mapping
from db.cad.profile import Layout, check, drift, layout_of
from db.cad.sniff import open_file
from db.errors import Unreadable
from tests.conftest import real_data

MAPPING = parse_mapping("received=date_time,type=nature")
LAYOUT = Layout(header=("date_time", "nature", "beat"))


def file(header: str) -> object:
    return open_file(io.BytesIO(f"{header}\n2026-01-01 10:00,NOISE,4\n".encode()), "march.csv")


def test_a_file_that_looks_the_same_has_nothing_to_say() -> None:
    assert check(file("Date Time,NATURE,beat"), MAPPING, LAYOUT, "monthly") == []  # type: ignore[arg-type]


def test_a_mapped_column_that_is_gone_is_named_with_what_is_new() -> None:
    with pytest.raises(Unreadable) as refused:
        check(file("call_datetime,nature,beat"), MAPPING, LAYOUT, "CAD monthly")  # type: ignore[arg-type]
    assert str(refused.value) == (
        "march.csv does not fit the saved mapping “CAD monthly”: date_time is gone; new: call_datetime. "
        'Say the columns anew with --map and keep them with --save-as "CAD monthly".'
    )


def test_a_column_that_is_not_mapped_may_come_and_go_but_is_told() -> None:
    assert check(file("date_time,nature,district"), MAPPING, LAYOUT, "monthly") == [  # type: ignore[arg-type]
        "the header changed since “monthly” was saved: beat is gone; new: district"
    ]
    assert drift(MAPPING, Layout(), ("date_time", "nature", "anything")).sentence() == ""


def test_a_layout_survives_being_stored() -> None:
    kept = Layout(("a", "b"), "Sheet 1", "day-first", {"5150": "MENTAL CASE"})
    assert Layout.of(kept.stored()) == kept
    assert Layout.of(None) == Layout()


def test_the_same_city_seven_years_later() -> None:
    mapping = parse_mapping("received=date_time,type=nature_of_call,location=block+location,unit=unit_number")
    before = open_file(real_data("cad", "dallas_active_calls_2018_soda.csv"))
    after = open_file(real_data("cad", "dallas_active_calls_2025.csv"))
    layout = layout_of(before, mapping)
    assert check(before, mapping, layout, "Dallas") == []
    with pytest.raises(Unreadable, match="unit_number is gone; new: Date, Time, Unit Num"):
        check(after, mapping, layout, "Dallas")
