"""Cells that leave: what a spreadsheet could run is disarmed, and reads the same when it comes back."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.cells import bare, harmless


@pytest.mark.parametrize(
    "text",
    ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "\tTab",
     "\nLine", "  =1", "\u00a0=1", "＝1", "＋1", "－1", "＠A1"],
)  # fmt: skip
def test_a_text_that_a_spreadsheet_would_run_is_disarmed(text: str) -> None:
    assert harmless(text) == f"'{text}"
    assert bare(f"'{text}") == text


def test_numbers_dates_and_plain_words_stay_as_they_are() -> None:
    for value in (-5, 2.5, date(2026, 1, 12), "Housing", "9-17", "’Tis", "– missing", "", None):
        assert harmless(value) is value
    assert bare("'Tis so") == "'Tis so"


@given(st.text())
def test_what_goes_out_comes_in_again_unless_it_looked_disarmed_before(text: str) -> None:
    assert bare(str(harmless(text))) == (bare(text) if text.startswith("'") else text)
