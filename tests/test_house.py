"""The house keeps its own rules: who may import whom, what stands where, words in both languages."""

import ast
import csv
import re
import string
import subprocess
import sys
from collections.abc import Iterator
from fnmatch import fnmatch
from functools import cache
from pathlib import Path

import pytest

from db import vocab
from tests.conftest import ABSENT

ROOT = Path(__file__).resolve().parent.parent

TOP_LEVEL = {
    "pyproject.toml", "README.md", "CHANGELOG.md", "Makefile", "requirements.lock", "LICENSE",
    ".streamlit", ".ci", ".gitignore", "dashboard", "db", "seed", "tests",
}  # fmt: skip
LONGEST_FILE, LONGEST_PAGE = 450, 60

# file pattern → what it may not import. The first floor that fits a file is its own.
PURE = ("db", "seed", "streamlit", "plotly", "sqlalchemy")
FLOORS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("db/*", ("dashboard", "seed", "streamlit", "plotly")),
    ("seed/*", ("dashboard", "streamlit", "plotly")),
    ("dashboard/model.py", PURE),
    ("dashboard/stats.py", PURE),
    ("dashboard/effects.py", PURE),
    ("dashboard/cautions.py", PURE),
    ("dashboard/periods.py", PURE),
    ("dashboard/regress.py", PURE),
    ("dashboard/robustness.py", PURE),
    ("dashboard/simulate.py", PURE),
    ("dashboard/verdict.py", PURE),
    ("dashboard/charts/theme.py", ("db", "seed", "streamlit", "sqlalchemy")),
    ("dashboard/charts/*", ("dashboard.measures", "dashboard.ui", "dashboard.views", "streamlit", "sqlalchemy")),
    ("dashboard/measures/*", ("dashboard.charts", "dashboard.ui", "dashboard.views", "seed", "streamlit", "plotly")),
    ("dashboard/export/*", ("dashboard.ui", "dashboard.views", "streamlit")),
    ("dashboard/shell/*", ("dashboard.ui", "dashboard.views", "streamlit", "plotly")),
    ("dashboard/ui/*", ("dashboard.views", "dashboard.app", "dashboard.server")),
    ("dashboard/views/*", ("dashboard.app", "dashboard.server", "dashboard.shell", "sqlalchemy", "plotly")),
    ("dashboard/app.py", ("sqlalchemy", "plotly")),
    ("dashboard/server.py", ("plotly",)),
    ("dashboard/*", ("dashboard.ui", "dashboard.views", "streamlit", "plotly")),
)  # fmt: skip
MAY_DRAW = {"dashboard/leaf.py": ("plotly",), "dashboard/ui/data.py": ("plotly",)}
"""Exceptions: they hand finished figures on, they do not make any."""


@cache
def tracked() -> tuple[Path, ...]:
    """Every file of the project, committed or about to be."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return tuple(path for line in listed.stdout.splitlines() if (path := ROOT / line).is_file())


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def code() -> list[Path]:
    return [p for p in tracked() if p.suffix == ".py" and name(p).split("/")[0] in ("db", "dashboard", "seed")]


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def imports(path: Path) -> Iterator[str]:
    """Every module a file imports, anywhere in it: ``from a import b`` is both ``a`` and ``a.b``."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def texts() -> Iterator[tuple[str, str]]:
    for path in tracked():
        try:
            yield name(path), path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue


@pytest.mark.parametrize("path", code(), ids=name)
def test_a_file_imports_from_the_floors_below_it_only(path: Path) -> None:
    banned = next(names for pattern, names in FLOORS if fnmatch(name(path), pattern))
    banned = tuple(b for b in banned if b not in MAY_DRAW.get(name(path), ()))
    found = {i for i in imports(path) for b in banned if i == b or i.startswith(f"{b}.")}
    assert not found, f"{name(path)} imports {sorted(found)}"


@pytest.mark.parametrize("path", [p for p in code() if name(p).startswith("dashboard/")], ids=name)
def test_nothing_above_the_database_goes_around_the_row_lock(path: Path) -> None:
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Attribute):
            assert node.attr not in ("read_sql", "read_sql_query", "read_sql_table", "__table__"), f"line {node.lineno}"


def test_session_state_has_one_user() -> None:
    users = {
        name(path)
        for path in code()
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Attribute) and node.attr == "session_state"
    }
    assert users <= {"dashboard/ui/session.py"}


def test_raw_html_stands_in_one_file_at_most() -> None:
    users = {
        name(path)
        for path in code()
        for node in ast.walk(tree(path))
        if isinstance(node, ast.keyword) and node.arg in ("unsafe_allow_html", "unsafe_allow_javascript")
    }
    assert len(users) <= 1, users


def test_only_compute_opens_all_rows_for_figures() -> None:
    """Else above ``db``: sign-in, routes and links (nobody is signed in), the deck (which pilot), shell, watcher."""
    allowed = (
        "dashboard/provider_page.py",
        "dashboard/meeting_page.py",
        "dashboard/measures/compute.py",
        "dashboard/deck.py",
        "dashboard/gaps.py",
        "dashboard/export/routes.py",
        "dashboard/server.py",
        "dashboard/shell/",
        "dashboard/ui/",
    )
    users = [
        name(p) for p in code() if name(p).startswith("dashboard/") and "db.engine.aggregate_session" in imports(p)
    ]
    assert [u for u in users if not u.startswith(allowed)] == []


def test_the_top_level_is_closed() -> None:
    assert {name(path).split("/")[0] for path in tracked()} <= TOP_LEVEL


def test_files_and_pages_stay_short() -> None:
    written = [p for p in tracked() if p.suffix == ".py" and "migrations" not in p.parts]
    assert {name(p): n for p in written if (n := len(p.read_text().splitlines())) > LONGEST_FILE} == {}
    pages = [p for p in code() if name(p).startswith("dashboard/views/")]
    counted = {name(p): sum(1 for line in p.read_text().splitlines() if re.search(r"^\s*[^\s#]", line)) for p in pages}
    assert {page: n for page, n in counted.items() if n > LONGEST_PAGE} == {}


def test_no_file_under_the_app_hides_an_installed_module() -> None:
    """Streamlit puts ``dashboard/`` first on the path: a file there may not be named like another module."""
    import importlib.util

    for path in (ROOT / "dashboard").iterdir():
        stem = path.stem if path.suffix == ".py" else path.name if (path / "__init__.py").exists() else ""
        if stem and stem != "__init__":
            assert stem not in sys.stdlib_module_names, path
            found = importlib.util.find_spec(stem)
            assert found is None or str(found.origin).startswith(str(ROOT)), path


def test_no_address_of_an_index_and_no_path_of_a_machine_in_any_file() -> None:
    index = re.compile(r"--(?:extra-)?index-url|--find-links|index-url\s*=|https?://[^\s\"']*/simple\b")
    machine = re.compile(r"(?<![\w.~-])/(?:work|root|home|Users|tmp/setup|opt/(?:wheels|pypi))(?:/|\b)")
    here = name(Path(__file__))
    for file, text in texts():
        if file != here:
            assert not index.search(text), f"{file}: {index.search(text)}"
            assert not machine.search(text), f"{file}: {machine.search(text)}"


def test_nothing_is_left_for_later() -> None:
    words = re.compile(r"\b(?:TODO|FIXME|XXX|(?i:coming soon|not implemented|lorem ipsum))\b")
    here = name(Path(__file__))
    for file, text in texts():
        if file != here and file.endswith((".py", ".md", ".toml", ".csv", ".js")):
            assert not words.search(text), f"{file}: {words.search(text)}"


def test_the_locks_hold_every_dependency_with_its_hashes() -> None:
    for lock in ("requirements.lock", "tests/requirements.lock"):
        blocks = re.split(r"\n(?=\S)", (ROOT / lock).read_text())
        assert all("--hash=sha256:" in block for block in blocks if "==" in block), lock
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = {"requirements.lock": project["dependencies"]}
    wanted["tests/requirements.lock"] = project["dependencies"] + project["optional-dependencies"]["test"]
    for lock, requirements in wanted.items():
        locked = set(re.findall(r"^([a-z0-9-]+)(?:\[[^\]]*\])?==", (ROOT / lock).read_text(), re.MULTILINE))
        needed = {re.split(r"[\[><=~ ]", r)[0].lower() for r in requirements}
        assert needed - locked == set(), f"{lock}: run make lock"


def holes(template: str) -> set[str]:
    return {field for _, field, _, _ in string.Formatter().parse(template) if field is not None}


@pytest.mark.parametrize("file", sorted((ROOT / "db" / "words").glob("*.csv")), ids=lambda p: p.name)
def test_every_word_stands_in_both_languages(file: Path) -> None:
    for row in csv.DictReader(file.read_text(encoding="utf-8").splitlines()):
        assert row["key"], row
        assert row["en"].strip(), row
        assert row["es"].strip(), row
        assert holes(row["en"]) == holes(row["es"]), row["key"]


def test_every_member_of_the_vocabulary_has_its_words() -> None:
    from enum import StrEnum
    from importlib import import_module
    from pkgutil import iter_modules

    technical = {"Scope"}  # the names of change counters: nobody reads them
    parts = [vocab, *(import_module(f"db.vocab.{found.name}") for found in iter_modules(vocab.__path__))]
    for kind in (kind for part in parts for kind in vars(part).values()):
        if isinstance(kind, type) and issubclass(kind, StrEnum) and kind.__name__ not in technical | {"StrEnum"}:
            for member in kind:
                assert vocab.label(member), member
                assert vocab.label(member, "es"), member


def test_a_skipped_browser_test_fails_where_everything_is_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(reason: str, installed: str) -> tuple[int, str]:
        """The exit code of a run with this one test, and what is said of it."""
        test = tmp_path / f"test_{len(list(tmp_path.iterdir()))}.py"
        test.write_text(f"import pytest\n\n@pytest.mark.browser\ndef test_it():\n    pytest.skip({reason!r})\n")
        monkeypatch.setenv("TANDEM_CI", installed)
        said: list[str] = []

        class Reports:
            def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
                said.append(str(report.longrepr))

        plain = [f"-pno:{name}" for name in ("cacheprovider", "faulthandler", "xdist")]
        settings = ["-c", str(ROOT / "pyproject.toml"), "--import-mode=importlib", "-ptests.conftest"]
        code = pytest.main([str(test), *plain, *settings], plugins=[Reports()])
        return int(code), " ".join(said)

    assert run("no browser", "")[0] == 0
    code, said = run("no browser", "1")
    assert code == 1
    assert "skipped though TANDEM_CI is set (browser)" in said
    assert run(f"{ABSENT}calls.csv", "1")[0] == 0
