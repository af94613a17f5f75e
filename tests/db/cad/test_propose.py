"""What is proposed for exports of many shapes, why, and what is asked instead of guessed."""

import csv
import io
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from db.cad.mapping import ColumnMapping, parse_columns
from db.cad.propose import Proposal, auto, first_rows, propose
from db.cad.sniff import open_file
from db.errors import Unreadable
from tests.conftest import real_data

KINDS = ("NOISE COMPLAINT", "MENTAL HEALTH", "TRAFFIC STOP", "BURGLARY", "WELFARE CHECK")
STREETS = ("MAIN ST", "OAK AVE", "ELM DR", "BROAD ST")
ENDS = ("REPORT TAKEN", "GONE ON ARRIVAL", "NO ACTION")


def moment(k: int, minutes: int = 0) -> datetime:
    return datetime(2026, 1, 1) + timedelta(minutes=97 * k + minutes)


def american(when: datetime) -> str:
    return f"{when:%m/%d/%Y %I:%M:%S %p}"


Row = Callable[[int], dict[str, str]]
EXPORTS: dict[str, tuple[Row, str]] = {
    "camel case, corners of a map": (
        lambda k: {
            "NOPD_Item": f"A{k:05}26", "Type": f"{k % 5}", "InitialTypeText": KINDS[k % 5], "MapX": f"3679{k:03}",
            "MapY": f"5301{k:03}", "TimeCreate": american(moment(k)), "TimeDispatch": american(moment(k, 4)),
            "TimeArrive": american(moment(k, 9)), "TimeClosed": american(moment(k, 60)),
            "DispositionText": ENDS[k % 3], "BLOCK_ADDRESS": f"{k}XX {STREETS[k % 4]}", "Zip": "70114",
        },
        "received=TimeCreate,type=InitialTypeText,incident=NOPD_Item,location=BLOCK_ADDRESS,"
        "disposition=DispositionText,dispatched=TimeDispatch,arrived=TimeArrive,cleared=TimeClosed",
    ),
    "date and time apart, an address in parts": (
        lambda k: {
            "EventNum": f"E26{k:05}", "CreateDate": f"{moment(k):%Y%m%d}", "CreateTime": f"{moment(k):%H%M%S}",
            "TypeDesc": KINDS[k % 5], "HouseNum": str(4 * k + 2), "PreDir": "N", "StreetName": STREETS[k % 4][:-3],
            "StreetType": STREETS[k % 4][-2:], "DispatchTime": f"{moment(k, 3):%H%M%S}", "EnrouteTime": "",
            "ClearTime": f"{moment(k, 45):%H%M%S}", "UnitID": f"{k % 7}A{k % 11}",
        },
        "received=CreateDate+CreateTime,type=TypeDesc,incident=EventNum,location=HouseNum+PreDir+StreetName+StreetType,"
        "unit=UnitID,dispatched=DispatchTime,cleared=ClearTime",
    ),
    "short names and two-digit years": (
        lambda k: {
            "CFS #": f"26-{k:04}", "Date Reported": f"{moment(k):%m/%d/%y}", "Time Reported": f"{moment(k):%H:%M}",
            "Type of Call": KINDS[k % 5], "Location": f"{k} {STREETS[k % 4]}, NORWALK", "Action Taken": ENDS[k % 3],
        },
        "received=Date Reported+Time Reported,type=Type of Call,incident=CFS #,location=Location,"
        "disposition=Action Taken",
    ),
    "an open data portal": (
        lambda k: {
            "OBJECTID": str(k), "call_id": str(70_000 + k), "calldescription": KINDS[k % 5],
            "call_timestamp": f"{moment(k):%Y-%m-%dT%H:%M:%S.000}", "incident_address": f"{STREETS[k % 4]} & LAKE RD",
            "latitude": f"{41 + k / 9973:.6f}", "longitude": f"{-73 - k / 9973:.6f}", "time_on_scene": f"{k % 50}.5",
        },
        "received=call_timestamp,type=calldescription,incident=call_id,location=incident_address,latitude=latitude,"
        "longitude=longitude,ready_minutes=time_on_scene",
    ),
    "days of a spreadsheet": (
        lambda k: {
            "Incident #": f"26-{k:04}", "Call Received": f"{46_023 + k / 14:.5f}", "Call Type": KINDS[k % 5],
            "Address": f"{k} {STREETS[k % 4]}",
        },
        "received=Call Received,type=Call Type,incident=Incident #,location=Address",
    ),
}  # fmt: skip


def written(rows: Sequence[dict[str, str]], delimiter: str = ",", *, header: bool = True) -> str:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(rows[0]), delimiter=delimiter)
    if header:
        writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def proposed(text: str | bytes, **options: Any) -> Proposal:
    return propose(open_file(io.BytesIO(text if isinstance(text, bytes) else text.encode()), "log.csv"), **options)


@pytest.mark.parametrize("name", EXPORTS)
def test_exports_of_many_shapes_are_recognized(name: str) -> None:
    row, expected = EXPORTS[name]
    found = proposed(written([row(k) for k in range(1, 400)]))
    assert found.questions == []
    assert found.mapping.text() == expected
    assert len(found.rows) == 20
    assert all(not stored.refused for stored in found.rows)


REAL = {
    "winston_salem_nc_wspd_incident_log.csv": (
        "received=incident_date_time,type=call_type,incident=case,location=address"
    ),
    "austin_apd_911_2012_2017_tabs_in_one_column.xlsx": (
        "received=Response_Date,type=Initial Problem Type,incident=CAD Number,location=Block Address,"
        "arrived=Time First Unit Arrived"
    ),
    "sandiego_pd_cfs_2023_01.csv": (
        "received=date_time,type=call_type,incident=incident_num,location=address_number_primary+address_dir_primary+"
        "address_road_primary+address_sfx_primary+address_dir_intersecting+address_road_intersecting+"
        "address_sfx_intersecting,disposition=disposition"
    ),
    "reno_fire_calls_2011.xls": (
        "received=RECEIVED_DATE+RECEIVED_TIME,type=CALL_TYPE,dispatched=DISPATCH_1ST_TIME,arrived=ONSCENE_1ST_TIME,"
        "cleared=CLOSE_TIME"
    ),
    "rvfd_fire_ems_2010_2020.csv": (
        "received=incident_date,type=call_type,incident=incident_num,disposition=disposition_remarks,"
        "dispatched=Unit_Dispatch_Times,arrived=Unit_Arrive_Times,cleared=Unit_Clear_Times,"
        "ready_minutes=Time_In_Service"
    ),
    "takoma_park_md_cad_2018_2020.csv": (
        "received=received,type=type,incident=event.no.,latitude=latitude,longitude=longitude"
    ),
    "sf_fire_cfs_2016_12.csv": (
        "received=Received DtTm,type=Call Type,incident=Incident Number,location=Address,"
        "disposition=Call Final Disposition,unit=Unit ID,dispatched=Dispatch DtTm,arrived=On Scene DtTm,"
        "cleared=Available DtTm"
    ),
    "berkeley_cfs_2022.csv": "received=EVENTDT+EVENTTM,type=OFFENSE,incident=CASENO,location=BLKADDR",
    "unt_police_incidents_2020_21.csv": (
        "received=Reported,type=Nature,incident=Case,location=Location,latitude=Latitude,longitude=Longitude,"
        "disposition=Disposition"
    ),
    "dallas_active_calls_2018_soda.csv": (
        "received=date_time,type=nature_of_call,incident=incident_number,location=block+location,unit=unit_number"
    ),
    "dallas_active_calls_2025.csv": (
        "received=Date+Time,type=Nature of Call,incident=Incident Number,location=Block+Location,unit=Unit Num"
    ),
}


@pytest.mark.parametrize("name", REAL)
def test_real_exports_are_mapped_as_their_readers_map_them(name: str) -> None:
    found = propose(open_file(real_data("cad", name)))
    assert found.questions == []
    assert found.mapping.text() == REAL[name]
    assert found.one_row_per_unit == (name.startswith(("sf_fire", "dallas")))


def test_a_file_that_never_says_when_calls_came_in_is_asked_about() -> None:
    file = open_file(real_data("cad", "seattle_911_incident_response_2016.csv"))
    found = propose(file)
    assert found.columns["type"] == ("Initial Type Group",)
    assert [question.field for question in found.asked] == ["received"]
    assert "No column says when the calls came in." in found.questions[0]
    assert "“At Scene Time” (38 % of the rows have it)" in found.questions[0]
    with pytest.raises(Unreadable, match="leaves something open"):
        auto(file)
    mapping, _ = auto(file, given=parse_columns("received=At Scene Time"))
    assert mapping.columns["received"] == ("At Scene Time",)
    assert "arrived" not in mapping.columns


def test_day_and_month_that_no_date_tells_are_asked_and_can_be_answered() -> None:
    rows = [
        {"Call Received": f"0{1 + k % 9}/0{1 + k % 7}/2026 10:{k:02}", "Call Type": KINDS[k % 5]} for k in range(40)
    ]
    found = proposed(written(rows))
    assert found.date.ambiguous
    assert (found.date.example, found.date.readings) == ("08/01/2026", ("1 Aug 2026", "8 Jan 2026"))
    assert "--date-format month-first or --date-format day-first" in found.questions[0]
    answered = proposed(written(rows), date_format="day-first")
    assert answered.questions == []
    assert answered.rows[1].cells["received"] == "2026-02-02 10:01:00"


def test_a_file_without_a_header_is_known_by_its_values_and_asked_what_they_leave_open() -> None:
    rows = [
        {"a": f"26-{k:04}", "b": f"{moment(k)}", "c": KINDS[k % 5], "d": f"{k} {STREETS[k % 4]}"} for k in range(1, 200)
    ]
    found = proposed(written(rows, header=False))
    assert found.header_line == 0
    assert found.columns == {"received": ("column 2",), "incident": ("column 1",), "location": ("column 4",)}
    assert found.questions[0].startswith("The file has no header row. Which column says what a call was about?")
    assert found.asked[0].options[0] == "column 3"
    file = open_file(io.BytesIO(written(rows, header=False).encode()), "log.csv")
    mapping, _ = auto(file, given={"type": ("column 3",)})
    stored = first_rows(file, mapping)
    assert (stored[0].line, stored[0].cells["type"], stored[0].cells["incident"]) == (1, KINDS[1], "26-0001")


def test_a_banner_and_repeated_names_are_told() -> None:
    rows = [{"Call #": f"{k}", "Received": f"{moment(k)}", "Nature": KINDS[k % 5]} for k in range(1, 40)]
    text = "City of Harbor;;\n\n" + written(rows, ";").replace("Call #;Received;Nature", "Nature;Received;Nature", 1)
    found = proposed(text.encode("utf-16"))
    assert (found.encoding, found.delimiter, found.header_line) == ("utf-16", ";", 3)
    assert found.names == ("Nature", "Received", "Nature (2)")
    assert "Column names that occur more than once are told apart by a number: Nature (2)." in found.notes


def test_of_a_column_of_lengths_no_clock_is_made() -> None:
    rows = [
        {"Incident Date": f"{moment(k):%Y-%m-%d}", "Call Type": KINDS[k % 5], "Time In Service": f"00:{k % 60:02}:10"}
        for k in range(1, 300)
    ]
    assert proposed(written(rows)).columns == {
        "received": ("Incident Date",),
        "type": ("Call Type",),
        "ready_minutes": ("Time In Service",),
    }


def test_a_codebook_is_not_taken_for_calls() -> None:
    found = proposed("call_type,description,,\n5150,MENTAL CASE,,\nFD,FLAG DOWN,,\n")
    assert found.questions[0] == "This looks like a codebook: give it with --codebook beside the file of calls."


def test_first_rows_follow_a_corrected_mapping(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text("When,Kind,Other\n2026-01-02 03:04,NOISE,X\nsoon,NOISE,X\n")
    rows = first_rows(open_file(path), ColumnMapping({"received": ("When",), "type": ("Other",)}))
    assert [(row.line, dict(row.cells), row.refused) for row in rows] == [
        (2, {"received": "2026-01-02 03:04:00", "type": "X"}, ""),
        (3, {}, "received is “soon”, which is not a date"),
    ]
