"""The open data, opened again: tidy, explained in both languages, inert, and nothing that was hidden."""

import csv
import io
import zipfile
from dataclasses import replace

from dashboard.export import opendata
from dashboard.model import Audience
from tests.dashboard.export.paper import EVIL, SECRET, a_document, served, sources


def files(**changes: object) -> dict[str, str]:
    packed = zipfile.ZipFile(io.BytesIO(opendata.write(a_document(**changes), "en")))
    assert packed.testzip() is None
    return {name: packed.read(name).decode() for name in packed.namelist()}


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_each_measure_is_one_tidy_table_equal_to_the_digit() -> None:
    found = files()
    assert {name for name in found if name.startswith("data/")} == {
        "data/referrals_by_source.csv",
        "data/eligible_served.csv",
        "data/spent.csv",
    }
    months = rows(found["data/eligible_served.csv"])
    assert [row["month"] for row in months] == ["2026-09-01", "2026-10-01"]
    assert float(months[0]["value"]) == served().table["value"][0]
    assert (months[1]["value"], months[1]["hidden"], months[1]["yes"]) == ("", "false", "0")
    assert [float(row["value"]) for row in rows(found["data/spent.csv"])] == [152004.83, -12.5]


def test_a_hidden_cell_is_empty_and_its_row_says_so() -> None:
    table = rows(files()["data/referrals_by_source.csv"])
    assert [row["value"] for row in table] == ["160.0", "60.0", "42.0", "20.5", "", ""]
    assert [row["share"] == "" for row in table] == [False] * 4 + [True] * 2
    assert {row["hidden"] for row in table} == {"true"}  # a whole column of it is hidden
    some = replace(sources(), table=sources().table.drop(columns="inactive"))
    marked = rows(files(results={"en": {some.key: some}})["data/referrals_by_source.csv"])
    assert [row["hidden"] for row in marked] == ["false"] * 4 + ["true"] * 2
    assert not any(str(SECRET) in text for text in files().values())


def test_words_come_in_both_languages_and_run_nowhere() -> None:
    table = rows(files()["data/referrals_by_source.csv"])
    assert [row["group"] for row in table] == [f"'{name}" for name in EVIL]
    assert table[0]["group_es"] == f"'{EVIL[0]} es"
    for text in files().values():
        for line in csv.reader(io.StringIO(text)):
            for cell in line:
                assert not cell.startswith(("=", "+", "@", "\t"))
                assert not cell.startswith("-") or cell[1:2].isdigit() or cell[1:2] == " "


def test_every_column_of_every_file_is_in_the_dictionary() -> None:
    found = files()
    known = {(row["file"], row["column"]): row for row in rows(found["dictionary.csv"])}
    for name, text in found.items():
        if name.startswith("data/") or name == "figures.csv":
            for column in next(csv.reader(io.StringIO(text))):
                entry = known.pop((name, column))
                assert entry["label_en"]
                assert entry["label_es"]
                assert entry["definition_en"]
                assert entry["type"] in {"integer", "number", "date", "text", "boolean"}
    assert known == {}
    entry = next(row for row in rows(found["dictionary.csv"]) if row["column"] == "month")
    assert entry["type"] == "date"


def test_the_headlines_are_the_results_own() -> None:
    figures = {row["measure"]: row for row in rows(files()["figures.csv"])}
    own = sources()
    assert float(figures[own.key]["value"]) == own.estimate.value
    assert float(figures[own.key]["low"]) == own.estimate.low
    assert (figures[own.key]["first"], figures[own.key]["provisional"]) == ("2026-01-12", "true")
    assert figures[own.key]["sentence_es"] == "La mayoría vino de agentes."


def test_the_readme_says_what_it_is_in_both_languages() -> None:
    said = files()["README.txt"]
    for lang in ("en", "es"):
        assert a_document().stamp(lang) in said
    assert "licen" in said.lower()
    assert "referrals_by_source" in said
    assert "INTERNAL" not in said
    assert "INTERNAL" in files(audience=Audience.internal)["README.txt"]


def test_the_same_document_gives_the_same_bytes() -> None:
    assert opendata.write(a_document(), "en") == opendata.write(a_document(), "en")
