"""``tandem measures``: every figure for scripts, and one clear line for what it cannot answer."""

import csv
import io
import json
from functools import partial

import pytest
from sqlalchemy import Engine

from dashboard.measures import MEASURES
from tests.conftest import add_small_pilot
from tests.dashboard.measures.city import add_small_counts
from tests.dashboard.shell.conftest import Tandem


@pytest.fixture
def shell(sqlite: Engine, tandem: Tandem) -> Tandem:
    """``shell(…)`` is ``tandem measures …`` on a small city of 14 Nov 2026."""
    add_small_pilot(sqlite)
    add_small_counts(sqlite)
    return partial(tandem, "measures", database=str(sqlite.url))


def test_all_measures_one_line_each(shell) -> None:
    code, out, _ = shell()
    assert code == 0
    lines = out.splitlines()
    assert [line.split()[0] for line in lines] == list(MEASURES)
    assert lines[0].split() == ["people_served", "40", "People", "served", "(since", "12", "Jan", "2026)"]


def test_json_holds_everything_a_script_needs(shell) -> None:
    _, out, _ = shell("connections_made", "--from", "2026-08-01", "--to", "2026-08-31", "--format", "json")
    found = json.loads(out)
    assert {
        name: found[name] for name in ("key", "value", "n", "unit", "display", "audience", "from", "to", "as_of")
    } == {
        "key": "connections_made",
        "value": 25.0,
        "n": 25,
        "unit": "connections",
        "display": "25",
        "audience": "internal",
        "from": "2026-08-01",
        "to": "2026-08-31",
        "as_of": "2026-11-14",
    }
    assert found["low"] < 25 < found["high"]
    assert found["provisional"] is True
    assert [row["value"] for row in found["table"]] == [25, 0, 0, 0]
    assert found["table"][0]["period"] == "2026-08-03"
    assert {"title", "question", "definition", "sentence", "caveats"} <= set(found)


def test_csv_says_hidden_where_the_public_may_not_look(shell) -> None:
    _, out, _ = shell("people_by_group", "--audience", "public", "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(out)))
    young = next(row for row in rows if row["group"] == "Under 18")
    assert (young["value"], young["share"], young["hidden"]) == ("hidden", "hidden", "True")
    _, inside, _ = shell("people_by_group", "--format", "csv")
    assert next(row for row in csv.DictReader(io.StringIO(inside)) if row["group"] == "Under 18")["value"] == "2"


def test_the_table_reads_and_speaks_spanish(shell) -> None:
    _, out, _ = shell("caseload", "--lang", "es")
    assert out.startswith("Casos abiertos: 40 abiertos (banda 30–45)")
    assert "40 personas están en atención, dentro de la banda de 30 a 45." in out


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["peolpe"], "tandem: There is no measure “peolpe”. “tandem measures” lists the keys.\n"),
        (
            ["caseload", "--from", "2026-13-01"],
            "tandem: “2026-13-01” after --from is not a date. Write it like 2026-11-14.\n",
        ),
        (
            ["caseload", "--from", "0001-01-01"],
            "tandem: 0001-01-01 after --from is out of reach. Choose a day from 1990 to 2100.\n",
        ),
        (
            ["caseload", "--from", "2026-10-01", "--to", "2026-09-01"],
            "tandem: The period ends on 2026-09-01 before it begins on 2026-10-01. Check --from and --to.\n",
        ),
    ],
)
def test_what_it_cannot_answer_is_one_line(shell, words: list[str], sentence: str) -> None:
    assert shell(*words) == (1, "", sentence)
