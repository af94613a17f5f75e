"""From a sheet to rows: the units' times, what stands in for a location, what is refused, what is said."""

import io
from collections.abc import Mapping
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from db.cad.codebook import read_codebook
from db.cad.mapping import find_header, parse_mapping
from db.cad.read import NEVER, Reading, Rows
from db.cad.sniff import open_file
from tests.conftest import real_data

ZONE = "America/New_York"


def read(text: str, mapping: str, codes: Mapping[str, str] | None = None) -> tuple[Reading, list[Rows]]:
    columns = parse_mapping(mapping)
    header = find_header(open_file(io.BytesIO(text.encode()), "log.csv"), columns)
    reading = Reading(header, columns, ZONE, codes=codes)
    return reading, list(reading)


def local(seconds: int) -> str:
    if seconds == NEVER:
        return ""
    return f"{datetime.fromtimestamp(int(seconds), UTC).astimezone(ZoneInfo(ZONE)):%m-%d %H:%M}"


def units(reading: Reading, calls: Rows) -> list[tuple[str, ...]]:
    names = [*reading.units, ""]
    times = zip(calls.unit, calls.dispatched, calls.arrived, calls.cleared, strict=True)
    return [(names[unit], *map(local, rest)) for unit, *rest in times]


def test_times_of_day_are_dated_by_the_call_and_run_past_midnight() -> None:
    reading, [calls] = read(
        "When,Kind,Unit,Disp,Scene,Clear\n"
        "2026-03-01 23:50,NOISE,e1,23:55,00:05,00:40\n"
        "2026-03-01 00:01,NOISE,E2,23:59,00:10,01:00\n"
        "2026-03-01 10:00,NOISE,E1,10:01,,03/01/2026 11:15\n"
        "2026-03-01 12:00,NOISE,NULL,soon,12:20,12:10\n",
        "received=When,type=Kind,unit=Unit,dispatched=Disp,arrived=Scene,cleared=Clear",
    )
    assert units(reading, calls) == [
        ("E1", "03-01 23:55", "03-02 00:05", "03-02 00:40"),
        ("E2", "02-28 23:59", "03-01 00:10", "03-01 01:00"),
        ("E1", "03-01 10:01", "", "03-01 11:15"),
        ("", "", "03-01 12:20", ""),
    ]
    assert reading.notes == [
        "1 cell of “dispatched” is no time (such as “soon”), and left blank.",
        "1 row is cleared before arriving; that clearing time is left out.",
    ]


def test_minutes_until_ready_end_what_has_no_end_and_lists_of_units_give_first_and_last() -> None:
    reading, [calls] = read(
        "When,Kind,Disp,Scene,Clear,Ready\n"
        '3/1/26 12:00 AM,29D2,"E1=06:51:33, E2=07:05:17",E2=07:10:00,"E1=08:00:00, E2=08:18:21",E1=01:26:48\n'
        "3/1/26 12:00 AM,29D2,E1=23:00:00,E1=23:50:00,NULL,E1=01:30:00\n"
        "3/25/26 12:00 AM,29D2,NULL,NULL,NULL,12.5\n",
        "received=When,type=Kind,dispatched=Disp,arrived=Scene,cleared=Clear,ready_minutes=Ready",
    )
    assert units(reading, calls) == [
        ("", "03-01 06:51", "03-01 07:10", "03-01 08:18"),
        ("", "03-01 23:00", "03-01 23:50", "03-02 00:30"),
        ("", "", "", "03-25 00:12"),
    ]


def test_coordinates_stand_in_where_there_is_no_address() -> None:
    reading, [calls] = read(
        "When,Kind,Place,Lat,Lon\n2026-03-01,A,12 Main Street,41.1,-73.4\n2026-03-01,A,NULL,41.117200,-73.4081\n"
        "2026-03-01,A,,0,0\n2026-03-01,A,,-1,-1\n2026-03-01,A,,91.5,10.25\n",
        "received=When,type=Kind,location=Place,latitude=Lat,longitude=Lon",
    )
    assert reading.places == ["12 MAIN ST", "41.1172, -73.4081"]
    assert calls.location.tolist() == [0, 1, -1, -1, -1]


def test_what_is_no_call_is_refused_with_its_line() -> None:
    reading, [calls] = read(
        "When,Kind,How\n2026-03-01 10:00,NOISE,CLR\n2026-03-01 10:00,NOISE,test call\nWhen,Kind,How\n"
        "2026-03-02 10:00,NOISE\nTotal,,\n,NOISE,\n2026-03-02 11:00,NOISE,CLR,more\n",
        "received=When,type=Kind,disposition=How",
    )
    assert [(refusal.line, refusal.reason) for refusal in reading.refused] == [
        (3, "marked as a test: disposition is “test call”"),
        (4, "the header stands here again"),
        (6, "received is “Total”, which is not a date"),
        (7, "received is blank"),
        (8, "4 fields where the header has 3"),
    ]
    assert (reading.rows_read, len(calls)) == (7, 2)
    assert reading.notes == [
        "1 row has fewer than the header's 3 fields (the first on line 5); what is missing is taken as blank."
    ]


def test_a_codebook_says_what_codes_mean() -> None:
    book = read_codebook(io.BytesIO("\ufeffcall_type,description,,\n5150,MENTAL  CASE,,\nFD,FLAG DOWN,,\n".encode()))
    assert book == {"5150": "MENTAL CASE", "FD": "FLAG DOWN"}
    text = "When,Kind\n2026-03-01,5150\n2026-03-01,fd\n2026-03-01,10-7\n"
    reading, _ = read(text, "received=When,type=Kind", book)
    assert reading.types == ["5150 MENTAL CASE", "fd FLAG DOWN", "10-7"]
    assert reading.notes == ["1 call type is not in the codebook (such as 10-7)."]


def test_the_real_codebook_is_read() -> None:
    assert read_codebook(real_data("cad", "sandiego_pd_cfs_calltypes_codebook.csv"))["5150"] == "MENTAL CASE"


def test_a_sheet_cut_at_the_row_where_excel_stops_is_told() -> None:
    rows = "\n".join(f"2026-03-01 10:00:{k % 60:02},NOISE" for k in range(65_534))
    reading, _ = read(f"All calls\nWhen,Kind\n{rows}\n", "received=When,type=Kind")
    assert reading.notes == [
        "The file ends on line 65,536, with 65,534 rows: that is where Excel stops, so the rest was probably cut off. "
        "Ask for a CSV export."
    ]


def test_codes_keep_their_meaning_from_chunk_to_chunk() -> None:
    rows = "".join(f"{k},2026-03-01 10:00,KIND {k // 15_000},{k % 7} OAK ST\n" for k in range(45_000))
    reading, chunks = read(f"No,When,Kind,Place\n{rows}", "received=When,type=Kind,incident=No,location=Place")
    assert [len(chunk) for chunk in chunks] == [20_000, 20_000, 5_000]
    named = [(int(chunk.incident[k]), reading.types[chunk.type[k]]) for chunk in chunks for k in (0, len(chunk) - 1)]
    assert all(kind == f"KIND {number // 15_000}" for number, kind in named)
    assert len(reading.places) == 7
