"""What a file is, whatever its name says; its lines as an editor counts them."""

import gzip
import io
import zipfile
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import openpyxl
import pytest

from db.cad.sniff import open_file
from db.errors import Unreadable

TEXT = 'When,Kind\n2022-01-01 10:00,"two\nlines"\n\n2022-01-02 10:00,café\n'


def rows(data: bytes) -> list[tuple[int, list[str]]]:
    return open_file(io.BytesIO(data), "log.csv").sheets[0].top()


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "cp1252", "latin-1", "utf-16", "utf-16-le", "utf-16-be", "utf-32"]
)
def test_one_text_in_any_encoding(encoding: str) -> None:
    assert rows(TEXT.encode(encoding)) == [
        (1, ["When", "Kind"]),
        (2, ["2022-01-01 10:00", "two\nlines"]),
        (5, ["2022-01-02 10:00", "café"]),
    ]


def test_a_mark_of_byte_order_encoded_twice_is_none_of_the_first_name() -> None:
    twice = "\ufeff".encode().decode("cp1252").encode()
    assert rows(twice + b'"When","Kind"\n1,2\n')[0] == (1, ["When", "Kind"])
    assert rows(b"\xef\xbb\xbf" + twice + b"When,Kind\n1,2\n")[0] == (1, ["When", "Kind"])


def test_one_slip_of_a_byte_does_not_change_the_encoding_of_the_rest() -> None:
    text = ("When,Kind\n" + "1,café\n" * 50).encode() + b"2,caf\xe9\n"
    found = open_file(io.BytesIO(text), "log.csv").sheets[0]
    assert found.encoding == "utf-8"
    assert {row[1] for _, row in found.top(60)[1:]} == {"café"}


def test_a_quote_that_is_never_closed_swallows_no_row() -> None:
    lines = [f'{k},"5 foot man,NOISE' if k % 40 == 3 else f'{k},"two\nlines, here",NOISE' for k in range(1, 200)]
    found = rows(("No,What,Kind\n" + "\n".join(lines) + "\n").encode())
    assert found[:4] == [
        (1, ["No", "What", "Kind"]),
        (2, ["1", "two\nlines, here", "NOISE"]),
        (4, ["2", "two\nlines, here", "NOISE"]),
        (6, ["3", "5 foot man", "NOISE"]),
    ]
    sheet = open_file(io.BytesIO(("No,What,Kind\n" + "\n".join(lines) + "\n").encode()), "log.csv").sheets[0]
    walked = [row for _, chunk in sheet.walk() for row in chunk]
    assert [row[0] for row in walked[1:]] == [str(k) for k in range(1, 200)]
    assert {row[2] for row in walked[1:]} == {"NOISE"}


@pytest.mark.parametrize("mark", [",", ";", "\t", "|", "^", "~"])
def test_one_table_with_any_delimiter(mark: str) -> None:
    data = f"When{mark}Kind{mark}Place\n2022-01-01{mark}x{mark}a b\n".encode()
    assert rows(data)[1] == (2, ["2022-01-01", "x", "a b"])


def test_packed_files_are_unpacked() -> None:
    plain = rows(TEXT.encode())
    assert rows(gzip.compress(TEXT.encode())) == plain
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("log.csv", TEXT)
    assert rows(packed.getvalue()) == plain
    with zipfile.ZipFile(packed, "a") as archive:
        archive.writestr("__MACOSX/._log.csv", "x")
        archive.writestr("read me.pdf", "x")
    assert rows(packed.getvalue()) == plain
    with zipfile.ZipFile(packed, "a") as archive:
        archive.writestr("other.csv", TEXT)
    with pytest.raises(Unreadable, match="holds 3 files"):
        rows(packed.getvalue())


def book(*sheets: Sequence[Sequence[object]]) -> bytes:
    made = openpyxl.Workbook()
    made.remove(made.active)  # type: ignore[arg-type]
    for number, cells in enumerate(sheets, start=1):
        sheet = made.create_sheet(f"Sheet {number}")
        for row in cells:
            sheet.append(row)
    data = io.BytesIO()
    made.save(data)
    return data.getvalue()


def test_a_table_packed_into_one_column_is_unpacked() -> None:
    packed = [["Table 1"], ["When\tKind\tPlace"], ['2022-01-01 10:00\tNOISE\t"5 OAK ST'], ["2022-01-02\tNOISE"]]
    assert rows(book(packed))[1:] == [
        (2, ["When", "Kind", "Place"]),
        (3, ["2022-01-01 10:00", "NOISE", "5 OAK ST"]),
        (4, ["2022-01-02", "NOISE"]),
    ]
    assert rows(b'"When,Kind,Place"\n"1,NOISE,""5, OAK"""\n"2,NOISE,ELM"\n')[1] == (2, ["1", "NOISE", "5, OAK"])


def test_cells_of_a_workbook_are_the_texts_of_its_csv() -> None:
    cells: list[list[object]] = [["When", "No", "Share"], [datetime(2022, 1, 1, 10, 5), 12, 0.5], [None, None, None]]
    assert rows(book([["a", "b"]], cells)) == [(1, ["a", "b"])]
    file = open_file(io.BytesIO(book([["a", "b"]], cells)), "log.xlsx")
    assert file.sheets[1].top() == [(1, ["When", "No", "Share"]), (2, ["2022-01-01 10:05:00", "12", "0.5"])]


def test_an_upload_can_be_walked_twice_at_the_same_time() -> None:
    sheet = open_file(io.BytesIO(("When,Kind\n" + "1,x\n" * 200_000).encode()), "log.csv").sheets[0]
    first = sheet.walk(10)
    next(first)
    assert sum(len(chunk) for _, chunk in sheet.walk()) == 200_001
    assert 10 + sum(len(chunk) for _, chunk in first) == 200_001


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "log.csv is empty."),
        (b"\x89PNG\r\n\x1a\n" + bytes(50), "log.csv is a PNG picture, whatever its name says."),
        (b"%PDF-1.7 x", "is a PDF document"),
        (b"PK\x03\x04" + bytes(40), "damaged zip or Excel file"),
        (b"\xd0\xcf\x11\xe0" + bytes(40), "begins like an Excel file but cannot be read"),
        (bytes(range(256)) * 20, "it holds binary data"),
        (b"\x1f\x8b\x08" + bytes(20), "damaged archive"),
        (b'a,b\n"open ' + b"x" * 140_000, "A quote may be open"),
    ],
)
def test_what_is_no_table_is_refused_in_words(data: bytes, words: str) -> None:
    with pytest.raises(Unreadable) as refused:
        list(open_file(io.BytesIO(data), "log.csv").sheets[0].walk())
    assert words in str(refused.value)


def test_a_path_that_leads_nowhere(tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match="There is no file"):
        open_file(tmp_path / "none.csv")
    with pytest.raises(Unreadable, match="is a folder"):
        open_file(tmp_path)
