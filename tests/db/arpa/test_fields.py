"""The data files: the Treasury's labels and lengths of measures.md, and an administrator's own file."""

from collections.abc import Callable
from pathlib import Path

import pytest

from db.arpa.fields import OWN_FILE, SECTIONS, categories, category_of, fields
from db.errors import Setup
from db.settings import PROJECT

PACKAGED = PROJECT / "db" / "arpa" / "fields.csv"


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TANDEM_HOME", str(tmp_path))
    return tmp_path / OWN_FILE


def test_what_the_law_lists_is_asked() -> None:
    project = {f.label: f for f in fields(section="project")}
    for label, length in (("Project Name", 80), ("Project Description", 1500)):
        assert project[label].length == length
    assert project["Project Identification Number (Assigned by recipient)"].length == 20
    assert project["Status of Completion"].choices == (
        "Not started",
        "Completed less than 50%",
        "Completed 50% or more",
        "Completed",
        "Cancelled",
    )
    assert {
        "Adopted Budget",
        "Total Cumulative Obligations",
        "Total Cumulative Expenditures",
        "Current Period Obligations",
        "Current Period Expenditures",
        "Program Income Earned",
        "Program Income Expended",
        "Structure and objectives of assistance program",
        "Recipient's approach",
    } <= set(project)
    payee = {f.name: f for f in fields(section="payees")}
    assert (payee["uei"].length, payee["ein"].length) == (12, 9)
    assert {f.section for f in fields()} == set(SECTIONS)


def test_every_field_says_where_it_comes_from_and_stands_once() -> None:
    assert all(f.source and f.id and f.label for f in fields())
    assert len({(f.section, f.name) for f in fields()}) == len(fields())
    assert all(bool(f.choices) == (f.kind.value == "choice") for f in fields())


def test_the_candidates_with_plain_words() -> None:
    assert [c.code for c in categories()] == ["1.12", "1.13", "1.11", "6.1"]
    assert all(len(c.description) > 60 for c in categories())
    assert category_of("1.13").label == "1.13-Substance Use Services"
    assert category_of("2.1").label == "2.1"


def test_an_own_file_takes_the_place_of_ours(own: Path) -> None:
    own.write_text(PACKAGED.read_text("utf-8").replace("project,name,Name,", "project,name,Name_2027__c,"), "utf-8")
    assert next(f for f in fields() if f.name == "name").id == "Name_2027__c"
    own.unlink()
    assert next(f for f in fields() if f.name == "name").id == "Name"


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda t: t.replace("project,name,", "project,title,"), "has no row for project, name. Add it, or remove the"),
        (
            lambda t: t + "project,extra,X,X,no,text,,,,typed,,,me\n",
            "has a row project, extra that Tandem cannot fill.",
        ),
        (lambda t: t.replace(",text,80,", ",text,eighty,", 1), "Line 2 of arpa-fields.csv cannot be used"),
        (lambda t: t.replace(",[A-Z0-9]{12},", ",[A-Z,", 1), "cannot be used"),
        (lambda t: "nonsense\n1\n", "Line 2 of arpa-fields.csv cannot be used"),
    ],
)
def test_an_own_file_that_cannot_be_used_is_refused(own: Path, change: Callable[[str], str], sentence: str) -> None:
    own.write_text(change(PACKAGED.read_text("utf-8")), "utf-8")
    with pytest.raises(Setup) as refusal:
        fields()
    assert sentence in str(refusal.value)


def test_a_file_that_is_no_text_is_refused(own: Path) -> None:
    own.write_bytes(b"\xff\xfe\x00section")
    with pytest.raises(Setup, match=r"^arpa-fields.csv cannot be read .* Save it as CSV in UTF-8, or remove it\.$"):
        fields()
