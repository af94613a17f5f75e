"""How the tests of pages find a widget and read what a page says."""

from typing import Any

from streamlit.testing.v1 import AppTest


def widget(app: AppTest, key: str) -> Any:
    """The widget under ``key``; what it can do depends on its kind."""
    return app.get_by_key(key)


def said(app: AppTest) -> str:
    """All the page's running text."""
    return " ".join(m.value for m in app.markdown)
