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
        (["S KING ST / 8 AV S", "8 Ave S & South King Street", "8 AVE S AND S KING ST"], "8TH AVE S / S KING ST"),
        (["12 North Main Street Apt. 4", "12 N MAIN ST #4", "12 N. Main St, Unit 4"], "12 N MAIN ST # 4"),
        (["NORTH ST", "North Street"], "NORTH ST"),
        (["12 NORTH ST"], "12 NORTH ST"),
        (["0 Block of BALCETA AVE"], "0 BALCETA AVE"),
        (["600 W SIXTH ST", "600 West 6th Street", "6XX BLK W 06TH ST", "600 W 6 ST"], "600 W 6TH ST"),
        (["1600 TWENTY-SECOND ST", "1600 22ND STREET"], "1600 22ND ST"),
        (["5XX BLOCK OF 1 AV N", "500 1ST AVE NORTH"], "500 1ST AVE N"),
        (["SW CLOVERDALE ST / 35 AV SW", "35th Ave SW at SW Cloverdale St"], "35TH AVE SW / SW CLOVERDALE ST"),
        (["3300 SILAS CREEK PW", "3300 Silas Creek Parkway"], "3300 SILAS CREEK PKWY"),
        (["12 1/2 ELM ST", "12 1 / 2 Elm Street"], "12 1-2 ELM ST"),
        (["I-40 / US 52", "US HWY 52 & I 40", "Interstate 40 AT US-52"], "I-40 / US-52"),
        (["100 AVENUE C", "100 Ave C"], "100 AVE C"),
        (["1200 COURT ST", "1200 Court Street"], "1200 CT ST"),
        (["2600 PARKWAY VILLAGE CR", "2600 Parkway Village Circle"], "2600 PKWY VILLAGE CIR"),
    ],
)
def test_writings_of_one_place_are_one(writings: list[str], name: str) -> None:
    assert [place([writing]) for writing in writings] == [name] * len(writings)


def test_parts_are_put_together_and_a_zero_number_is_unknown() -> None:
    assert place(["600", "", "FERGUS", "ST"]) == "600 FERGUS ST"
    assert place(["0", "", "05TH", "AVE", "", "G", ""], 4) == "5TH AVE / G"
    assert place(["38.98589", "-76.98810"]) == "38.98589 -76.98810"


@pytest.mark.parametrize("cell", ["", "  ", "\xa0", "NULL", "n/a", "Unknown", "-", "0"])
def test_what_says_nothing_is_no_place(cell: str) -> None:
    assert blank(cell)
    assert place([cell]) is None


NUMBER = st.sampled_from(["12", "900", "9XX BLOCK OF", "9200 BLK", "", "12 1/2"])
STREET = st.sampled_from(
    ["Elm", "NORTH", "North Main", "Sixth", "06TH", "50", "Saint John's", "E NW", "Parkway Village"]
)
KIND = st.sampled_from(["Street", "ST", "AV", "Avenue S", "Pkwy", "CR", "BLVD NE", ""])
UNIT = st.sampled_from(["", " Apt. 4", " #4", ", Unit 4", " STE B"])
BARE = st.builds(lambda a, b, c: f"{a} {b} {c}", NUMBER, STREET, KIND)


@settings(max_examples=300, deadline=None)
@given(BARE, BARE, UNIT)
def test_what_is_spelled_is_spelled_so_again_in_any_case_spacing_and_order(
    street: str, crossing: str, unit: str
) -> None:
    one = street + unit
    once = place([one])
    assert once is not None
    assert place([once]) == once == place([f"  {one.lower()} "]) == place([one.replace(" ", "  ")])
    assert place([f"{street} / {crossing}"]) == place([f"{crossing} & {street}"])


@settings(deadline=None)
@given(st.text(max_size=60))
def test_a_place_is_stable_and_fits_its_column(text: str) -> None:
    once = place([text])
    assert once is None or (len(once) <= 200 and "\0" not in once and tidy(once) == once)
