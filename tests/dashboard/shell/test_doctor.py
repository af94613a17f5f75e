"""What the doctor says of files: each kind that cannot be made here, why, and that the others still can."""

import pytest

from dashboard.export import machine
from dashboard.export.formats import FORMATS
from dashboard.shell.doctor import State, _helpers


def test_a_machine_without_browser_and_pango_still_makes_the_other_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("BROWSER_PATH", raising=False)
    monkeypatch.setattr(machine, "find_library", lambda name: None)
    findings = list(_helpers())
    notes = " ".join(finding.sentence for finding in findings if finding.state is State.note)
    assert "apt install chromium" in notes
    assert "apt install libpango-1.0-0" in notes
    assert not [finding for finding in findings if finding.state is State.wrong]
    fine = next(finding.sentence for finding in findings if finding.state is State.fine)
    assert {"html", "pptx"} <= set(fine.partition(": ")[2].split(", "))
    assert not {"pdf", "png"} & set(fine.partition(": ")[2].split(", "))


def test_nothing_is_noted_where_nothing_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "browser", lambda: "/a/browser")
    monkeypatch.setattr(machine, "find_library", lambda name: name)
    (finding,) = _helpers()
    assert finding.state is State.fine
    assert finding.sentence.endswith(", ".join(FORMATS))
