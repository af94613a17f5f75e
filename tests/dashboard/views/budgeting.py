"""How the tests of the Budget page open a part of it, fill in its forms and read what they say."""

from collections.abc import Callable
from typing import Any

from streamlit.testing.v1 import AppTest

from dashboard.ui.forms import Draft
from tests.dashboard.views.asking import widget

Open = Callable[..., AppTest]


def part(app: AppTest, name: str) -> AppTest:
    """Open a part of the page, as a tap on its name does."""
    widget(app, "part").set_value(name).run()
    assert not app.exception
    return app


def unfold(app: AppTest, key: str) -> AppTest:
    """Open a popover or a line that unfolds: AppTest has no tap for either."""
    app.session_state[key] = True
    app.run()
    assert not app.exception
    return app


def draft(app: AppTest, name: str) -> Draft:
    return app.session_state[f"tandem.form.{name}"]


def fill(app: AppTest, form: str, **answers: object) -> AppTest:
    """Type into the fields of a form. ``part_2_amount`` is the amount of its second row."""
    for name, value in answers.items():
        field = name.replace("_", "-", 2) if name.startswith("part_") else name
        widget(app, draft(app, form).key(field)).set_value(value)
    return app.run()


def press(app: AppTest, form: str, button: str = "save") -> AppTest:
    widget(app, draft(app, form).key(button)).click().run()
    assert not app.exception
    return app


def wrong(app: AppTest) -> list[str]:
    """The sentences under wrong fields, in the page's order."""
    marked = [m.value for m in app.markdown if m.value.startswith(":red[:material/error: ")]
    return [sentence.removeprefix(":red[:material/error: ").removesuffix("]") for sentence in marked]


def told(app: AppTest) -> list[str]:
    """What the page says was done, and what is worth a look, as plain text."""
    found: list[Any] = [*app.success, *app.warning]
    return [one.value.replace("\\", "") for one in found]


def rows(app: AppTest, column: str) -> list[dict[Any, Any]]:
    """The rows of the first table on the page that has ``column``."""
    table = next(frame.value for frame in app.dataframe if column in frame.value.columns)
    return table.to_dict("records")
