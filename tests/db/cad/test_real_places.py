"""Real exports: places repeat as often as the note beside the data says; one spelling only brings them together."""

import pandas as pd
import pytest

from db.cad.normalise import blank, place
from db.cad.rules import decider, default_rules
from db.models import CallRule
from db.vocab import CallCategory
from tests.conftest import real_data

FILES = {
    "winston_salem_nc_wspd_incident_log.csv": (["address"], 0.977, 21_880),
    "sandiego_pd_cfs_2023_01.csv": (
        ["address_number_primary", "address_road_primary", "address_sfx_primary", "address_road_intersecting"],
        0.757,
        10_960,
    ),
    "berkeley_cfs_2022.csv": (["BLKADDR"], 0.833, 1_446),
    "takoma_park_md_cad_2018_2020.csv": (["lat", "long"], 0.869, 2_695),
}


@pytest.mark.parametrize("name", FILES)
def test_the_share_of_rows_at_a_repeated_place_is_as_published(name: str) -> None:
    columns, share, distinct = FILES[name]
    rows = pd.read_csv(real_data("cad", name), dtype=str, keep_default_na=False, low_memory=False)
    columns = [next(c for c in map(str, rows) if c.lower().startswith(wanted.lower())) for wanted in columns]
    cells = rows[columns].apply(lambda column: column.str.strip())
    exact = pd.Series(list(zip(*(cells[c] for c in columns), strict=True)))
    told = exact[[any(not blank(cell) for cell in each) for each in exact]]
    assert exact.nunique() == pytest.approx(distinct, abs=2)
    assert repeated(exact) / len(rows) == pytest.approx(share, abs=0.001)  # the note counts blank as a place
    spelled = told.map({each: place(each, 3 if len(each) == 4 else None) for each in told.unique()}).dropna()
    assert told.nunique() * 0.94 < spelled.nunique() <= told.nunique()
    assert 0 <= (repeated(spelled) - repeated(told)) / len(rows) < 0.025


def repeated(places: pd.Series) -> int:
    sizes = places.value_counts()
    return int(sizes[sizes > 1].sum())


def test_the_default_rules_find_the_published_mental_health_calls() -> None:
    """11,838 calls from 2017-10 on, 9,697 of them at an address with at least two."""
    rows = pd.read_csv(real_data("cad", "winston_salem_nc_wspd_incident_log.csv"), dtype=str, keep_default_na=False)
    decide = decider([CallRule(**values) for values in default_rules()])
    rules = {name: decide(name) for name in rows["call_type"].unique()}
    health = {name for name, rule in rules.items() if rule and rule.category is CallCategory.behavioural_health}
    moments = pd.to_datetime(rows["incident_date_time"])
    mine = rows[rows["call_type"].isin(health) & (moments >= pd.Timestamp(2017, 10, 1))]
    assert len(mine) == 11_838
    places = mine["address"].map({each: place([each]) for each in mine["address"].unique()})
    assert repeated(places.dropna()) == pytest.approx(9_697, abs=20)
