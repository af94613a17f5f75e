"""What moves by itself: a screen says that it shows a change only after it has shown it."""

from collections.abc import Callable, Iterator

import pytest
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Block, Element


def in_order(block: Block) -> Iterator[Element]:
    for child in block.children.values():
        if isinstance(child, Block):
            yield from in_order(child)
        else:
            yield child


@pytest.mark.parametrize(("username", "page"), [("chief", "overview.py"), ("clinician", "people.py")])
def test_the_listener_comes_after_all_that_it_answers_for(
    signed_in: Callable[..., AppTest], username: str, page: str
) -> None:
    """A run that another one cuts short has then not sent it, and the browser asks again."""
    kinds = [element.type for element in in_order(signed_in(username, page).main)]
    assert kinds.count("bidi_component") == 2, "the page's own and that of the part that moves"
    assert kinds[-1] == "bidi_component"
