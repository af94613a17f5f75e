"""The glossary finds a definition by its words, in both languages."""

from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from dashboard.measures import MEASURES
from dashboard.nav import VIEWS


@pytest.mark.parametrize("username", ["chief", "council", "clinician"])
def test_every_measure_is_there(signed_in: Callable[..., AppTest], username: str) -> None:
    app = signed_in(username).switch_page(str(VIEWS / "glossary.py")).run()
    assert not app.exception
    assert len(app.expander) == len(MEASURES)


def test_a_search_finds_all_its_words(signed_in: Callable[..., AppTest]) -> None:
    app = signed_in("council").switch_page(str(VIEWS / "glossary.py")).run()
    app.text_input(key="glossary_search").set_value("unduplicated CONTACT").run()
    assert [expander.label for expander in app.expander] == [
        "**People served** · How many people has the pilot reached?"
    ]
    app.text_input(key="glossary_search").set_value("zebra").run()
    assert not app.expander
    assert app.info[0].value == "No measure speaks of “zebra”. Try one word, or another spelling."


def test_it_speaks_spanish(signed_in: Callable[..., AppTest]) -> None:
    app = signed_in("council").switch_page(str(VIEWS / "glossary.py")).run()
    app.segmented_control(key="glossary_lang").set_value("es").run()
    assert app.expander[0].label.startswith("**Personas atendidas**")
