"""Any scrambled export either is read, with every row accounted for, or is refused with a line and a reason."""

import csv
import gzip
import io
import zipfile
from collections.abc import Sequence

import openpyxl
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

from db.cad.mapping import ColumnMapping, find_header
from db.cad.propose import propose
from db.cad.read import NEVER, Reading
from db.cad.sniff import open_file
from db.errors import Unreadable

ZONE = "America/New_York"
NAMES = ("Incident Number", "Received", "Call Type", "Address", "Disposition", "Unit ID", "On Scene Time", "Clear Time")

dates = st.datetimes().map(lambda moment: moment.strftime("%m/%d/%Y %I:%M:%S %p"))
usual = st.sampled_from(
    ["NULL", "", "\xa0", "0", "12:00:00 AM", "2022-11-10 14:05", "10/11/2022 9:05", "31/12/2022 23:00", "44875.5",
     "TEST", "NOISE", "MENTAL SUBJECT", "12 N MAIN ST", "MAIN ST / OAK ST", "E1=06:51:33, E2=07:05:17", "1405",
     "2022-03-13 02:30", "24:00", "11/06/2022 01:30 - 11/06/2022 02:30", "99/99/2022", "2022-11-10T14:05:00Z", "-1",
     "1e400", "١٢"]
)  # fmt: skip
odd = st.one_of(usual, dates, st.text(max_size=20))


def mostly(*likely: str) -> st.SearchStrategy[str]:
    return st.one_of(st.sampled_from(likely), st.sampled_from(likely), st.sampled_from(likely), odd)


rows_of_calls = st.tuples(
    mostly("26-001", "26-002", "26-003"),
    st.one_of(dates, dates, mostly("03/04/2026 10:00:00 AM", "03/25/2026 11:30:00 PM", "2026-03-08 02:30:00")),
    mostly("NOISE", "MENTAL SUBJECT"),
    mostly("12 N MAIN ST", "1400 BLOCK OAK AVE", "MAIN ST / OAK ST"),
    mostly("CLR", "GOA", ""),
    mostly("E1", "E2"),
    mostly("10:05:00", "03/25/2026 11:40:00 PM", ""),
    mostly("10:50:00", "00:20:00", ""),
).map(list)
tables = st.lists(st.one_of(rows_of_calls, rows_of_calls, rows_of_calls, st.lists(odd, max_size=10)), max_size=12)


def written(rows: Sequence[Sequence[str]], delimiter: str, quoting: int, end: str) -> str:
    text = io.StringIO(newline="")
    rows = [[] if row == [""] else row for row in rows]  # what no writer can leave unquoted
    csv.writer(text, delimiter=delimiter, quoting=quoting, escapechar="\\", lineterminator=end).writerows(rows)  # type: ignore[arg-type]
    return text.getvalue()


@st.composite
def scrambled(draw: st.DrawFn) -> bytes:
    """An export with a header or none, a banner or none, in any encoding and delimiter; bytes may be lost."""
    rows = [list(row) for row in draw(tables)]
    if draw(st.booleans()):
        rows.insert(0, list(NAMES[: draw(st.integers(2, 8))]))
    if draw(st.booleans()):
        rows[:0] = [["Calls for service"], [], ["from", "to"]][: draw(st.integers(1, 3))]
    quoting = draw(st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONE]))
    text = written(rows, draw(st.sampled_from(",;\t|")), quoting, draw(st.sampled_from(["\n", "\r\n", "\r"])))
    encoding = draw(st.sampled_from(["utf-8", "utf-8-sig", "cp1252", "latin-1", "utf-16", "utf-16-le"]))
    data = bytearray(text.encode(encoding, "replace"))
    for _ in range(draw(st.integers(0, 4)) if data else 0):
        place = draw(st.integers(0, len(data) - 1))
        what = draw(st.sampled_from(["cut", "quote", "byte", "break"]))
        if what == "cut":
            del data[place : place + 3]
        else:
            data[place:place] = {"quote": b'"', "byte": bytes([draw(st.integers(0, 255))]), "break": b"\n"}[what]
        if not data:
            break
    return bytes(data)


def read_whole(data: bytes, mapping: ColumnMapping | None, name: str = "log.csv") -> None:
    """Read as the importer would; check that nothing is lost and nothing is invented."""
    try:
        file = open_file(io.BytesIO(data), name)
        header = find_header(file, mapping or propose(file, zone=ZONE).mapping)
        reading = Reading(header, mapping or propose(file, zone=ZONE).mapping, ZONE)
        chunks = list(reading)
    except Unreadable:  # in words: tests of sniff, mapping and moments read them
        return
    kept = sum(map(len, chunks))
    assert kept + len(reading.refused) == reading.rows_read
    assert all(refusal.line > header.line and refusal.reason for refusal in reading.refused)
    lines = [line for chunk in chunks for line in chunk.line.tolist()]
    assert lines == sorted(set(lines))
    assert not set(lines) & {refusal.line for refusal in reading.refused}
    for chunk in chunks:
        assert (chunk.type >= 0).all()
        assert (chunk.type < len(reading.types)).all()
        assert (chunk.location < len(reading.places)).all()
        both = (chunk.arrived != NEVER) & (chunk.cleared != NEVER)
        assert (chunk.cleared[both] >= chunk.arrived[both]).all()
    texts = [*reading.types, *reading.places, *reading.dispositions, *reading.units]
    assert all(text and "\0" not in text for text in texts)


@settings(deadline=None, max_examples=120, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(scrambled())
def test_a_scrambled_export_is_read_or_refused_in_words(data: bytes) -> None:
    read_whole(data, None)


@settings(deadline=None, max_examples=80, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(scrambled())
def test_so_it_is_under_a_mapping_of_its_own(data: bytes) -> None:
    read_whole(
        data,
        ColumnMapping(
            {
                "received": ("Received",),
                "type": ("Call Type",),
                "incident": ("Incident Number",),
                "location": ("Address",),
                "unit": ("Unit ID",),
                "arrived": ("On Scene Time",),
                "cleared": ("Clear Time",),
            }
        )
        if b"Call Type" in data
        else ColumnMapping({"received": ("column 1",), "type": ("column 2",), "location": ("column 3",)}),
    )


@settings(deadline=None, max_examples=60)
@given(st.binary(max_size=300))
def test_any_bytes_are_a_table_or_are_refused(data: bytes) -> None:
    read_whole(data, None)


def workbook(rows: Sequence[Sequence[str]]) -> bytes:
    """The rows as a sheet behind another one; text that a sheet cannot hold is left out."""
    book = openpyxl.Workbook()
    book.active.title = "Summary"  # pyright: ignore[reportOptionalMemberAccess]
    sheet = book.create_sheet("Calls")
    for row in rows:
        sheet.append([ILLEGAL_CHARACTERS_RE.sub("", cell) for cell in row])
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


@st.composite
def packed(draw: st.DrawFn) -> tuple[str, bytes]:
    """An export as .csv.gz, a zip of one or a workbook; cut off, or with bytes changed, as a bad copy leaves it."""
    kind = draw(st.sampled_from(["gz", "zip", "xlsx"]))
    if kind == "xlsx":
        data = bytearray(workbook([list(NAMES), *draw(st.lists(rows_of_calls, max_size=6))]))
    elif kind == "gz":
        data = bytearray(gzip.compress(draw(scrambled())))
    else:
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w", draw(st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED]))) as archive:
            for name in draw(st.sampled_from([["log.csv"], ["a/log.csv"], ["log.csv", "notes.txt"], [], ["one.zip"]])):
                archive.writestr(name, draw(scrambled()))
        data = bytearray(file.getvalue())
    parts = st.integers(0, 9_999)  # of ten thousand: archives hold the time they were made, so lengths differ
    if draw(st.booleans()):
        del data[draw(parts) * len(data) // 10_000 :]
    for _ in range(draw(st.integers(0, 3))):
        place, byte = draw(parts), draw(st.integers(0, 255))
        if data:
            data[place * len(data) // 10_000] = byte
    return draw(st.sampled_from([f"log.{kind}", f"log.csv.{kind}", "log.csv", "log"])), bytes(data)


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(packed())
def test_a_packed_export_is_read_or_refused_in_words(export: tuple[str, bytes]) -> None:
    name, data = export
    read_whole(data, None, name)
