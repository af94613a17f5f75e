"""How the tests of pages find a widget and read what a page says."""

from typing import Any

import pandas as pd
from streamlit.testing.v1 import AppTest


def widget(app: AppTest, key: str) -> Any:
    """The widget under ``key``; what it can do depends on its kind."""
    return app.get_by_key(key)


def said(app: AppTest) -> str:
    """All the page's running text."""
    return " ".join(m.value for m in app.markdown)


def told(app: AppTest) -> str:
    """What the page says in its boxes: successes, questions, errors."""
    boxes = (*app.success, *app.info, *app.warning, *app.error)
    return " ".join(box.value.replace("\\", "") for box in boxes)


def press(app: AppTest, label: str) -> AppTest:
    """Click the first button of this name."""
    return next(button for button in app.button if button.label == label).click().run()


def frame(app: AppTest, column: str) -> pd.DataFrame:
    """The table on the page that has ``column``."""
    return next(found.value for found in app.dataframe if column in found.value.columns)
