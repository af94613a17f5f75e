"""Mappings: how they are written, what they refuse, what they propose."""

import io

import pytest

from db.cad.mapping import ColumnMapping, find_header, parse_mapping
from db.cad.names import header_names
from db.cad.sniff import open_file
from db.errors import Unreadable


def test_a_mapping_reads_back_as_it_is_written() -> None:
    text = 'received=Date+Time,type="Call Type, Final",location="Block +"+Street,person=Key'
    mapping = parse_mapping(text)
    assert mapping.columns == {
        "received": ("Date", "Time"),
        "type": ("Call Type, Final",),
        "location": ("Block +", "Street"),
        "person": ("Key",),
    }
    assert parse_mapping(mapping.text()) == mapping
    assert ColumnMapping.of(mapping.stored()) == mapping


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "does not say which column is “received”. Add received=COLUMN."),
        ("received=a", "does not say which column is “type”"),
        ("received=a,type=b,colour=c", "The mapping names “colour”. It may name: received, type, incident"),
        ("received=a,type=b+c", "“type” takes one column, not 2 (b + c)."),
        ("received=a,type=b,received=c", "says “received” twice. Join columns with +."),
        ("received,type=b", "“received” in the mapping is not of the form field=COLUMN."),
        ('received="a,type=b', 'A double quote (") in the mapping is not closed.'),
    ],
)
def test_a_wrong_mapping_says_what_is_wrong(text: str, words: str) -> None:
    with pytest.raises(Unreadable) as refused:
        parse_mapping(text)
    assert words in str(refused.value)


def found(text: str, mapping: str) -> tuple[int, dict[str, tuple[int, ...]]]:
    header = find_header(open_file(io.BytesIO(text.encode()), "log.csv"), parse_mapping(mapping))
    return header.line, dict(header.places)


def test_columns_are_found_by_exact_name_then_folded_and_below_a_banner() -> None:
    assert found("when,When,kind\n1,2,3\n", "received=When,type=KIND")[1] == {"received": (1,), "type": (2,)}
    assert found("Call_Type,Date  Received\nx,y\n", "received=date received,type=call type")[1]["received"] == (1,)
    banner = "City of Harbor\nCalls for service\n\nWhen,Kind\n2022-01-01,x\n"
    assert found(banner, "received=When,type=Kind")[0] == 4


def test_a_missing_column_is_named_beside_those_there_are() -> None:
    with pytest.raises(Unreadable) as refused:
        found("case,call_type,incident_date_time\n1,x,y\n", "received=incident_datetime,type=call_type")
    assert str(refused.value) == (
        "log.csv has no column “incident_datetime”. Did you mean “incident_date_time”? "
        "Its columns are: case, call_type, incident_date_time."
    )


def test_unnamed_and_repeated_headers_get_names() -> None:
    assert header_names(["\ufeffcase", "", "Type", "Type", " Date  "]) == (
        "case",
        "column 2",
        "Type",
        "Type (2)",
        "Date",
    )
