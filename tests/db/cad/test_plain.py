"""Reading by columns is reading: whatever a file holds, both ways find the same rows, and refuse the same."""

import io
from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.cad import plain
from db.cad.mapping import find_header, parse_mapping
from db.cad.read import Reading, Rows
from db.cad.sniff import open_file
from db.errors import Unreadable

COLUMNS = parse_mapping("received=When,type=Kind,incident=No,location=Block+Street,disposition=Outcome")
HEADER = "No,When,Kind,Block,Street,Outcome"
CELL = st.sampled_from(
    ["", "NOISE", "10", "NULL", " x", "ÉTÉ", '"a, b"', '"two\nlines"', 'st"ray', "a\rb", "x,y", "test"]
)
WHEN = st.sampled_from(
    [
        "2026-03-01 10:00:00",
        "2026/03/01T10:00:59",
        "2026-02-30 10:00:00",
        "3/14/2026 1:05 PM",
        "",
        "2026-03-08 02:30:00",
    ]
)
ROW = st.tuples(st.integers(1, 40).map(str), WHEN, CELL, CELL, CELL, CELL).map(",".join)


def told(text: bytes, by_columns: bool) -> object:
    file = open_file(io.BytesIO(text), "log.csv")
    if not by_columns:
        file.sheets[0].by_columns = None
    try:
        reading = Reading(find_header(file, COLUMNS), COLUMNS, "America/New_York")
        chunks = list(reading)
    except Unreadable as error:
        return str(error)
    rows = {each.name: np.concatenate([getattr(c, each.name) for c in chunks]).tolist() for each in fields(Rows)}
    for name, texts in (("type", reading.types), ("location", reading.places), ("disposition", reading.dispositions)):
        rows[name] = [None if code < 0 else texts[code] for code in rows[name]]
    return rows, reading.rows_read, reading.refused, reading.notes


@given(
    rows=st.lists(st.one_of(ROW, ROW, ROW, st.sampled_from(["", ",,,,,", "1,2", "  ", "a,b,c,d,e,f,g"])), max_size=12),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "cp1252", "utf-16"]),
    block=st.sampled_from([40, 200, 2 << 20]),
)
def test_both_ways_find_the_same(rows: list[str], end: str, encoding: str, block: int) -> None:
    text = end.join([HEADER, "7,2026-03-01 09:00:00,NOISE,100,OAK ST,", *rows, ""]).encode(encoding)
    usual, plain._BLOCK = plain._BLOCK, block
    try:
        assert told(text, by_columns=True) == told(text, by_columns=False)
    finally:
        plain._BLOCK = usual


@pytest.mark.parametrize("top", ["", "All calls of 2026\n", '"A banner, quoted"\n\n'])
def test_what_is_plain_comes_by_columns(top: str) -> None:
    text = f"{top}{HEADER}\n" + "7,2026-03-01 09:00:00,NOISE,100,OAK ST,\n" * 30
    header = find_header(open_file(io.BytesIO(text.encode()), "log.csv"), COLUMNS)
    parts = [rows for _, rows in header.sheet.below(header.line, 6, [0, 1])]
    assert [type(rows).__name__ for rows in parts] == ["Columns"]
