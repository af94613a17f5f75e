"""One spelling for one place."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from db.cad.normalise import blank, place, tidy


@pytest.mark.parametrize(
    ("writings", "name"),
    [
        (["2500  GREEN OAKS CT", "2500 Green Oaks Court", " 2500 green oaks ct. "], "2500 GREEN OAKS CT"),
        (["92XX BLOCK OF RAINIER AV S", "9200 BLK Rainier Avenue South", "9200 RAINIER AVE S"], "9200 RAINIER AVE S"),
        (["S KING ST / 8 AV S", "8 Ave S & South King Street", "8 AVE S AND S KING ST"], "8 AVE S / S KING ST"),
        (["12 North Main Street Apt. 4", "12 N MAIN ST #4", "12 N. Main St, Unit 4"], "12 N MAIN ST # 4"),
        (["NORTH ST", "North Street"], "NORTH ST"),
        (["12 NORTH ST"], "12 NORTH ST"),
        (["0 Block of BALCETA AVE"], "0 BALCETA AVE"),
    ],
)
def test_writings_of_one_place_are_one(writings: list[str], name: str) -> None:
    assert [place([writing]) for writing in writings] == [name] * len(writings)


def test_parts_are_put_together_and_a_zero_number_is_unknown() -> None:
    assert place(["600", "", "FERGUS", "ST"]) == "600 FERGUS ST"
    assert place(["0", "", "05TH", "AVE", "", "G", ""], 4) == "05TH AVE / G"
    assert place(["38.98589", "-76.98810"]) == "38.98589 -76.98810"


@pytest.mark.parametrize("cell", ["", "  ", "\xa0", "NULL", "n/a", "Unknown", "-", "0"])
def test_what_says_nothing_is_no_place(cell: str) -> None:
    assert blank(cell)
    assert place([cell]) is None


@settings(deadline=None)
@given(st.text(max_size=60))
def test_a_place_is_stable_and_fits_its_column(text: str) -> None:
    once = place([text])
    assert once is None or (len(once) <= 200 and "\0" not in once and tidy(once) == once)
