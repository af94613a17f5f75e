"""Where does the money stand, and what is booked? Finance writes, the chief reads, the others see published totals."""

import streamlit as st

from dashboard.ui import live, money_desk, money_lines_public, session
from db.access import Permission
from db.vocab import Scope

viewer = session.require(Permission.see_lines)
st.title("Budget", anchor=False)


@live.fragment(Scope.money, Scope.work, Scope.setup)
def published() -> None:
    """For council and desk: totals by line."""
    money_lines_public.page(session.require(Permission.see_lines), session.pilot())


@live.fragment(Scope.money, Scope.work, Scope.setup)
def overview() -> None:
    """Drawn again by itself when somebody books or closes, and when work is logged: what it bought counts that."""
    money_desk.overview(session.require(Permission.see_money))


@live.fragment(Scope.money)
def books(part: str) -> None:
    """A part of the books, drawn again by itself when somebody books, decides or closes."""
    money_desk.books(part, session.require(Permission.see_money))


if not viewer.may(Permission.see_money):
    published()
    st.stop()
part = money_desk.chosen(viewer)
if part == "overview":
    overview()
else:
    books(part)
