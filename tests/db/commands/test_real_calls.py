"""Real exports of real departments, where they are at hand: whole, once, and with the published shares."""

from datetime import date

import pytest
from sqlalchemy import Engine, func, select

from db.access import Viewer
from db.cad.history import bh_calls
from db.cad.mapping import parse_mapping
from db.commands import calls
from db.engine import aggregate_session, record_session
from db.models import Call
from tests.conftest import real_data
from tests.db.commands.test_calls import analyst, counts, stored

__all__ = ["analyst"]


REAL = {
    "winston_salem_nc_wspd_incident_log.csv": (
        "received=incident_date_time,type=call_type,incident=case,location=address",
        (318_007, 318_007, 0, 0, 0),
    ),
    "sandiego_pd_cfs_2023_01.csv": (
        "received=date_time,type=call_type,incident=incident_num,disposition=disposition,"
        "location=address_number_primary+address_road_primary+address_sfx_primary+address_road_intersecting",
        (26_595, 26_595, 0, 0, 0),
    ),
    "takoma_park_md_cad_2018_2020.csv": (
        "received=received,type=type,incident=event.no.,location=latitude+longitude",
        (11_735, 11_551, 184, 0, 0),
    ),
    "berkeley_cfs_2022.csv": (
        "received=EVENTDT+EVENTTM,type=OFFENSE,incident=CASENO,location=BLKADDR",
        None,
    ),
    "reno_fire_calls_2011.xls": ("received=RECEIVED_DATE+RECEIVED_TIME,type=CALL_TYPE", None),
}


@pytest.mark.parametrize("name", REAL)
def test_real_exports_load_whole_and_only_once(small_pilot: Engine, analyst: Viewer, name: str) -> None:
    path = real_data("cad", name)
    mapping, expected = REAL[name]
    with record_session(small_pilot, analyst) as session:
        report = calls.import_calls(session, analyst, path, parse_mapping(mapping))
    if expected:
        assert counts(report) == expected
    assert report.rows_read == report.kept + report.merged + len(report.refused)
    assert stored(small_pilot) == report.kept
    with record_session(small_pilot, analyst) as session:
        again = calls.import_calls(session, analyst, path, parse_mapping(mapping))
    assert (again.kept, again.already_there) == (0, report.kept)


def test_the_real_share_at_repeated_places_is_as_published(small_pilot: Engine, analyst: Viewer) -> None:
    """The note beside the data: 0.977 of 318,007 rows stand at an address with at least two (exact strings)."""
    path = real_data("cad", "winston_salem_nc_wspd_incident_log.csv")
    with record_session(small_pilot, analyst) as session:
        calls.import_calls(session, analyst, path, parse_mapping(REAL[path.name][0]))
    with aggregate_session(small_pilot) as session:
        at = session.scalars(select(func.count()).where(Call.location_id.is_not(None)).group_by(Call.location_id)).all()
        mental = bh_calls(session, first=date(2017, 10, 1))
    assert sum(n for n in at if n > 1) / 318_007 == pytest.approx(0.977, abs=0.003)
    assert len(mental) == 11_838
