"""The ``tandem`` command as a shell calls it, in this process: words in; exit code, output and errors out."""

import io
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from dashboard import cli


class Said(NamedTuple):
    """How a command ended."""

    returncode: int
    stdout: str
    stderr: str


Tandem = Callable[..., Said]


@pytest.fixture
def tandem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Tandem:
    """``tandem("demo", "--reset", typed="y")``. Its home is ``tmp_path``; ``today`` empty is the real day."""
    monkeypatch.setenv("TANDEM_HOME", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "200")

    def run(*words: str, typed: str = "", today: str = "2026-11-14", database: str = "") -> Said:
        monkeypatch.setenv("TANDEM_TODAY", today)
        monkeypatch.setenv("DATABASE_URL", database)
        monkeypatch.setattr(sys, "argv", ["tandem", *words])
        monkeypatch.setattr(sys, "stdin", io.StringIO(typed))
        code = 0
        try:
            cli.main()
        except SystemExit as end:
            code = int(end.code or 0)
        out, err = capsys.readouterr()
        return Said(code, out, err)

    return run
