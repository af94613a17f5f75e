"""Other cities: a file is tried before it is loaded, refused with the reason, compared, removed with an undo."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine
from streamlit.testing.v1 import AppTest

from dashboard import peers
from dashboard.measures.compute import pilot_to_date, several
from dashboard.model import Audience, Result
from dashboard.shell.edition_peers import load
from db import access
from db.commands.peers import peers as listed
from db.engine import aggregate_session, record_session
from db.forms.peers import SCHEMA, PortableEdition
from db.models import Pilot
from db.pilot import the_pilot
from tests.conftest import NOW, TODAY
from tests.dashboard.views.asking import widget

SHELL = access.shell_viewer("tester", now=NOW, today=TODAY)
KEYS = ("referrals_received", "connection_rate")


def page() -> None:
    """The part on its own, as the chief's page shows it."""
    from dashboard.ui import peers as part
    from dashboard.ui import session

    part.show(session.viewer())


@pytest.fixture
def home(demo_city: Engine) -> Pilot:
    with aggregate_session(demo_city) as session:
        return the_pilot(session)


@pytest.fixture
def file(demo_city: Engine, home: Pilot) -> Callable[..., bytes]:
    """Kelp Bay's edition: two of our figures as they are; repeat calls within ``window`` days."""

    def make(window: int = 30) -> bytes:
        filters = replace(pilot_to_date(home, TODAY), window_days=window)
        found: dict[str, Result] = several(demo_city, SHELL, (*KEYS, "repeat_calls"), filters, Audience.public)
        made = PortableEdition(
            schema=SCHEMA,
            city="Kelp Bay",
            number="2026-11-12",
            approved=True,
            as_of=TODAY,
            started_on=home.starts_on,
            population=45_500,
            threshold=11,
            figures=[told for result in found.values() if (told := peers.figure(result))],
        )
        return json.dumps(made.model_dump(mode="json", by_alias=True)).encode()

    return make


@pytest.fixture
def opened(signed_in: Callable[..., AppTest]) -> AppTest:
    signed_in("chief")
    return AppTest.from_function(page, default_timeout=60).run()


def press(app: AppTest, label: str) -> AppTest:
    return next(button for button in app.button if button.label == label).click().run()


def said(app: AppTest) -> str:
    parts: Any = (*app.markdown, *app.caption, *app.error)
    return " ".join(part.value for part in parts).replace("\\", "")


def give(app: AppTest, content: bytes) -> AppTest:
    widget(app, "peer-file").set_value(("kelp.json", content, "application/json"))
    return app.run()


def test_a_file_is_tried_loaded_compared_and_taken_back(opened: AppTest, file: Callable[..., bytes]) -> None:
    assert "No other city's edition is loaded yet" in said(opened)
    app = give(opened, file())
    assert not app.exception
    assert "Nothing is stored yet. **Kelp Bay**, edition 2026-11-12: 2 of 3 figures can be compared." in said(app)
    assert "“Repeat calls” counts a repeat call within 30 days there and within 90 here." in said(app)
    app = press(app, "Load the edition of Kelp Bay")
    assert "The edition 2026-11-12 of Kelp Bay is loaded." in said(app)
    table = app.dataframe[0].value
    assert list(table["City"]) == ["Harbor, months 1–11", "Kelp Bay, months 1–11"] * 2
    shares = table[table["Unit"] == "%"]["Figure"]
    assert shares.nunique() == 1
    assert "context, not a ranking" in said(app)
    app = press(app, "Undo")
    assert "No other city's edition is loaded yet" in said(app)


def test_a_wrong_file_is_refused_where_it_is_wrong(opened: AppTest, file: Callable[..., bytes]) -> None:
    app = give(opened, file().replace(b'"population": 45500', b'"population": 0'))
    assert "“population” of the file cannot be read" in said(app)
    assert not [button for button in app.button if button.label.startswith("Load")]


def test_the_shell_loads_the_same_file(
    demo_city: Engine,
    file: Callable[..., bytes],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = tmp_path / "kelp.json"
    path.write_bytes(file())
    load(path, dry_run=True)
    load(path)
    out = capsys.readouterr().out.splitlines()
    assert out[0] == "Edition 2026-11-12 of Kelp Bay would be loaded: 2 figures can be compared."
    assert out[2] == "Edition 2026-11-12 of Kelp Bay is loaded: 2 figures can be compared."
    assert (
        out[1] == out[3] == "Not compared: “Repeat calls” counts a repeat call within 30 days there and within 90 here."
    )
    with record_session(demo_city, SHELL) as session:
        assert [row.city for row in listed(session)] == ["Kelp Bay"]
