"""What a file is, whatever its name says; its lines as an editor counts them."""

import gzip
import io
import zipfile
from pathlib import Path

import pytest

from db.cad.sniff import open_file
from db.errors import Unreadable

TEXT = 'When,Kind\n2022-01-01 10:00,"two\nlines"\n\n2022-01-02 10:00,café\n'


def rows(data: bytes) -> list[tuple[int, list[str]]]:
    return open_file(io.BytesIO(data), "log.csv").sheets[0].top()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16", "utf-16-le"])
def test_one_text_in_any_encoding(encoding: str) -> None:
    assert rows(TEXT.encode(encoding)) == [
        (1, ["When", "Kind"]),
        (2, ["2022-01-01 10:00", "two\nlines"]),
        (5, ["2022-01-02 10:00", "café"]),
    ]


@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
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
        archive.writestr("other.csv", TEXT)
    with pytest.raises(Unreadable, match="holds 2 files"):
        rows(packed.getvalue())


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
