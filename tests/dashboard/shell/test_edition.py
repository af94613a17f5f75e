"""``tandem edition`` as a shell calls it: a meeting from the draft to the file, and what is refused in one line."""

import json
import shutil
from pathlib import Path

import pytest

from dashboard.export import formats
from tests.conftest import add_small_pilot, create_engine_at
from tests.dashboard.editions_world import certify
from tests.dashboard.shell.conftest import Tandem


@pytest.fixture
def harbor(tandem: Tandem, sqlite_template: Path, tmp_path: Path) -> Path:
    """A small pilot whose weeks are certified, in this command's home."""
    path = tmp_path / "tandem.db"
    shutil.copy(sqlite_template, path)
    bind = create_engine_at(path)
    add_small_pilot(bind)
    certify(bind, 39)
    bind.dispose()
    return tmp_path


def test_a_meeting_from_the_draft_to_the_file(tandem: Tandem, harbor: Path) -> None:
    assert tandem("edition", "list").stdout == "No meeting was prepared yet. Start with: tandem edition create --help\n"

    made = tandem("edition", "create", "--meeting", "2026-10-15", "--title", "Nine months", today="2026-10-09")
    assert (made.returncode, made.stderr) == (0, "")
    lines = made.stdout.splitlines()
    assert lines[0] == "! No calls for service are loaded.", "what is missing comes first"
    assert lines[-2] == "Edition 2026-10-15 is prepared: a draft, 12 Jan 2026 to 4 Oct 2026."

    early = tandem("edition", "withdraw", "2026-10-15", "--reason", "Wrong")
    assert early.stderr == "tandem: Edition 2026-10-15 is a draft, which nobody was shown. Discard it instead.\n"
    assert "is approved" in tandem("edition", "approve", "2026-10-15").stdout
    again = tandem("edition", "approve", "2026-10-15")
    assert (again.returncode, again.stdout) == (1, "")
    assert again.stderr.startswith("tandem: Edition 2026-10-15 is approved and does not change.")
    assert tandem("edition", "sign-spanish", "2026-10-15", "--name", "Ana Prieto").returncode == 0

    later = tandem("edition", "create", "--meeting", "2026-11-19", "--with-provisional")
    assert "! 4 weeks, the first of them that of 12 Oct 2026, are not certified by the clinician." in later.stdout

    listed = json.loads(tandem("edition", "list", "--format", "json").stdout)
    assert [(row["id"], row["state"], row["title"]) for row in listed] == [
        ("2026-11-19", "draft", "Harbor pilot"),
        ("2026-10-15", "approved", "Nine months"),
    ]
    assert listed[1]["spanish_signed_by"] == "Ana Prieto"
    assert "2026-10-15   approved   2026-10-09  2026-01-12    2026-10-04" in tandem("edition", "list").stdout

    compared = tandem("edition", "compare", "2026-10-15", "2026-11-19")
    assert compared.stdout.startswith("2026-10-15 → 2026-11-19: ")
    assert "\nCorrection: 0\n" in compared.stdout
    told = json.loads(tandem("edition", "compare", "2026-10-15", "2026-11-19", "--format", "json").stdout)
    assert {change["why"] for change in told["changes"]} == {"new data"}

    out = harbor / "deck.html"
    written = tandem("edition", "export", "2026-10-15", "--out", str(out), "--lang", "es")
    assert written.stdout.startswith("Edición 2026-10-15 · datos al 9 oct 2026: ")
    assert "Nine months" in out.read_text("utf-8")

    assert (
        "is withdrawn: Counted twice" in tandem("edition", "withdraw", "2026-10-15", "--reason", "Counted twice").stdout
    )
    assert "is discarded" in tandem("edition", "discard", "2026-11-19").stdout
    assert [row["state"] for row in json.loads(tandem("edition", "list", "--format", "json").stdout)] == ["withdrawn"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ("create", "--meeting", "19.11.2026"),
            "“19.11.2026” after --meeting is not a date. Write it like 2026-11-19.",
        ),
        (
            ("create", "--meeting", "2026-11-19", "--as-of", "2026-12-01"),
            "1 Dec 2026 has not come yet. Figures can be frozen as of today, 14 Nov 2026.",
        ),
        (("approve", "2026-11-19"), "There is no edition “2026-11-19”. There are: none yet."),
        (("compare", "a", "b"), "There is no edition “a”. There are: none yet."),
        (
            ("export", "2026-11-19", "--format", "docx", "--out", "x"),
            f"There is no format “docx”. There are {', '.join(formats.FORMATS)}.",
        ),
        (
            ("export", "2026-11-19", "--out", "deck"),
            f"“deck” does not say what to write. Add --format: {', '.join(formats.FORMATS)}.",
        ),
        (
            ("withdraw", "2026-11-19", "--reason", " "),
            "Write why it is withdrawn: it is shown wherever the edition was.",
        ),
    ],
)
def test_what_cannot_be_done_is_one_clear_line(tandem: Tandem, harbor: Path, words: tuple[str, ...], said: str) -> None:
    done = tandem("edition", *words)
    assert (done.returncode, done.stdout, done.stderr) == (1, "", f"tandem: {said}\n")


def test_help_teaches(tandem: Tandem) -> None:
    group = tandem("edition", "--help").stdout
    for command in ("create", "list", "compare", "approve", "withdraw", "export"):
        assert command in group
        assert f"tandem edition {command}" in tandem("edition", command, "--help").stdout
    said = tandem("edition", "export", "--help").stdout
    assert all(key in said for key in formats.FORMATS)
