"""Exports as six dispatch systems print them, written by hand: each is proposed right, and its rows are all told of."""

import io
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import openpyxl
import pytest

from db.cad.mapping import find_header
from db.cad.propose import auto, propose
from db.cad.read import NEVER, Reading
from db.cad.sniff import open_file

ZONE = "America/New_York"
KINDS = ("NOISE COMPLAINT", "MENTAL SUBJECT", "TRAFFIC STOP", "WELFARE CHECK", "ALARM")
STREETS = ("MAIN ST", "OAK AVE", "ELM DR", "BROAD ST")
ENDS = ("RPT", "GOA", "NAT")


def moment(k: int, minutes: int = 0) -> datetime:
    """Local; the first is 3 Nov 2026, 15:05, and days beyond the twelfth follow."""
    return datetime(2026, 11, 3, 15, 5) + timedelta(minutes=397 * k + minutes)


def short(when: datetime) -> str:
    """11/14/26 3:05 PM."""
    return f"{when.month}/{when.day}/{when:%y} {int(when.strftime('%I'))}:{when:%M %p}"


class Export(NamedTuple):
    data: bytes
    mapping: str
    calls: int
    unread: int
    """Lines that are no call and are told of: a total, a header again."""
    first: datetime = moment(0)
    name: str = "export.csv"


def lines(rows: Sequence[Sequence[str]], delimiter: str = ",") -> str:
    return "\r\n".join(delimiter.join(f'"{cell}"' if delimiter in cell else cell for cell in row) for row in rows)


def new_world() -> Export:
    """A printed report saved as CSV: banner, the header on each page, page numbers, a total."""
    header = ["CFS #", "Create Date/Time", "Call Type", "Priority", "Address", "Disposition", "Primary Unit"]
    header += ["Dispatched", "Enroute", "Arrived", "Cleared"]
    rows = [["Harbor Police Department"], ["Calls for Service Log"], ["11/03/26 - 11/20/26"], []]
    for k in range(60):
        if k % 20 == 0:
            rows += [[f"Page {k // 20 + 1} of 3"]] if k else []
            rows.append(header)
        when = [short(moment(k, more)) for more in (0, 2, 3, 9, 40)]
        rows.append(
            [f"2026-{k:06}", when[0], KINDS[k % 5], "2", f"{k} {STREETS[k % 4]}", ENDS[k % 3], f"P{k % 4}", *when[1:]]
        )
    rows += [[], ["Total: 60 rows"]]
    mapping = "received=Create Date/Time,type=Call Type,incident=CFS #,location=Address,disposition=Disposition,"
    mapping += "unit=Primary Unit,dispatched=Dispatched,arrived=Arrived,cleared=Cleared"
    return Export(lines(rows).encode(), mapping, 60, 5)


def hexagon() -> Export:
    """One row per unit, semicolons, moments with their offset, UTF-16."""
    header = ["EVENT_ID", "EVENT_TYPE", "CREATE_TS", "LOCATION", "LATITUDE", "LONGITUDE", "UNIT_ID"]
    header += ["DISPATCH_TS", "ARRIVE_TS", "CLEAR_TS", "DISPO"]

    def iso(when: datetime) -> str:
        return f"{when:%Y-%m-%dT%H:%M:%S}-05:00"

    rows = [header]
    for k in range(40):
        for unit in range(2):
            where = [f"{k} {STREETS[k % 4]}", f"{41 + k / 997:.6f}", f"{-73 - k / 997:.6f}"]
            times = [iso(moment(k, more + unit)) for more in (3, 8, 45)]
            row = [f"P26{k:07}", KINDS[k % 5], iso(moment(k)), *where, f"{k % 5}A{unit}", *times, ENDS[k % 3]]
            rows.append(row)
    mapping = "received=CREATE_TS,type=EVENT_TYPE,incident=EVENT_ID,location=LOCATION,latitude=LATITUDE,"
    mapping += "longitude=LONGITUDE,disposition=DISPO,unit=UNIT_ID,dispatched=DISPATCH_TS,arrived=ARRIVE_TS,"
    mapping += "cleared=CLEAR_TS"
    return Export(lines(rows, ";").encode("utf-16"), mapping, 80, 0)


def premier_one() -> Export:
    """A header of two lines, the upper one a group's name; months as words."""

    def word(when: datetime) -> str:
        return f"{when:%d-%b-%y %H:%M:%S}"

    rows = [["Incident", "", "", "Times", "", "", "", ""]]
    rows += [["Incident Number", "Nature", "Location", "Received", "Dispatched", "On Scene", "Cleared", "Dispo Code"]]
    for k in range(40):
        times = [word(moment(k, more)) for more in (0, 4, 11, 50)]
        rows.append([f"HPD26-{k:05}", KINDS[k % 5], f"{k} {STREETS[k % 4]}", *times, ENDS[k % 3]])
    mapping = "received=Received,type=Nature,incident=Incident Number,location=Location,disposition=Dispo Code,"
    mapping += "dispatched=Dispatched,arrived=On Scene,cleared=Cleared"
    return Export(lines(rows).encode(), mapping, 40, 0)


def mark43() -> Export:
    """Long names; UTC said by a Z."""

    def zulu(when: datetime) -> str:
        return f"{when + timedelta(hours=5):%Y-%m-%dT%H:%M:%S.000Z}"

    header = ["CAD Event Number", "Event Creation Date Time", "Primary Call Type", "Full Address", "Latitude"]
    header += ["Longitude", "Primary Unit Call Sign", "First Unit Dispatch Date Time", "First Unit Arrival Date Time"]
    header += ["Event Closed Date Time", "Final Disposition"]
    rows = [header]
    for k in range(40):
        where = [f"{k} {STREETS[k % 4]}, HARBOR, CT", f"{41 + k / 997:.5f}", f"{-73 - k / 997:.5f}"]
        times = [zulu(moment(k, more)) for more in (2, 7, 33)]
        rows.append([f"26{k:08}", zulu(moment(k)), KINDS[k % 5], *where, f"C{k % 6}", *times, ENDS[k % 3]])
    mapping = "received=Event Creation Date Time,type=Primary Call Type,incident=CAD Event Number,"
    mapping += "location=Full Address,latitude=Latitude,longitude=Longitude,disposition=Final Disposition,"
    mapping += "unit=Primary Unit Call Sign,dispatched=First Unit Dispatch Date Time,"
    mapping += "arrived=First Unit Arrival Date Time,cleared=Event Closed Date Time"
    return Export(lines(rows).encode("utf-8-sig"), mapping, 40, 0)


def central_square() -> Export:
    """A workbook with a title over merged cells, true dates and a total under the table."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["Harbor Police Department: Call Nature Report"])
    sheet.merge_cells("A1:H1")
    sheet.append([])
    sheet.append(
        ["Call Number", "Call Nature", "Reported", "Call Location", "Unit", "Dispatched", "Arrived", "Completed"]
    )
    for k in range(40):
        times = [moment(k, more) for more in (3, 9, 41)]
        sheet.append([26_000_100 + k, KINDS[k % 5], moment(k), f"{k} {STREETS[k % 4]}", f"{k % 5}B", *times])
    sheet.append(["Total: 40 rows"])
    sheet.merge_cells("A44:H44")
    file = io.BytesIO()
    book.save(file)
    mapping = "received=Reported,type=Call Nature,incident=Call Number,location=Call Location,unit=Unit,"
    mapping += "dispatched=Dispatched,arrived=Arrived,cleared=Completed"
    return Export(file.getvalue(), mapping, 40, 1, name="report.xlsx")


def spillman() -> Export:
    """The clock before the date, tabs, a rule of hyphens under the header, a count at the end."""

    def clock_first(when: datetime) -> str:
        return f"{when:%H:%M:%S %m/%d/%y}"

    header = ["Call ID", "When Reported", "Call Nature", "Address", "City", "Disp", "Officer"]
    rows = [header, ["-" * len(name) for name in header]]
    for k in range(40):
        where = [f"{k} {STREETS[k % 4]}", "HAR"]
        rows.append([f"26CA{k:05}", clock_first(moment(k)), KINDS[k % 5], *where, ENDS[k % 3], f"OFF {k % 9}"])
    rows.append(["Total Calls: 40"])
    mapping = "received=When Reported,type=Call Nature,incident=Call ID,location=Address,disposition=Disp"
    return Export(lines(rows, "\t").encode(), mapping, 40, 2, name="rptcallsum.txt")


@pytest.mark.parametrize("made", [new_world, hexagon, premier_one, mark43, central_square, spillman])
def test_an_export_is_proposed_as_its_vendor_means_it(made: Callable[[], Export]) -> None:
    export = made()
    file = open_file(io.BytesIO(export.data), export.name)
    proposal = propose(file, zone=ZONE)
    assert proposal.questions == []
    assert proposal.mapping.text() == export.mapping
    mapping, _ = auto(file)
    reading = Reading(find_header(file, mapping), mapping, ZONE)
    chunks = list(reading)
    assert sum(map(len, chunks)) == export.calls
    assert len(reading.refused) == export.unread
    received = min(int(chunk.utc.min()) for chunk in chunks)
    assert datetime.fromtimestamp(received, UTC) == export.first.replace(tzinfo=UTC) + timedelta(hours=5)
    if "arrived" in export.mapping:
        assert all((chunk.arrived != NEVER).all() and (chunk.cleared >= chunk.arrived).all() for chunk in chunks)
