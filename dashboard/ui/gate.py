"""What a run shows: the form to whoever is not signed in, the asked-for page to whoever may see it."""

from collections.abc import Callable
from functools import partial

import streamlit as st
from streamlit.navigation.page import Page as StreamlitPage

from dashboard import nav
from dashboard.ui import account, forms, live, session, signin
from db.access import Viewer
from db.commands.signin import Seat
from db.vocab import text


def run() -> None:
    """One full run of the app. ``st.navigation`` comes before the form, or a reload would lose the page."""
    pilot, seat = session.pilot(), session.arrive()
    if seat is None:
        page = _menu_of_nothing(partial(signin.sign_in, pilot))
    elif seat.user.must_change:
        page = _menu_of_nothing(account.must_change_password)
    else:
        page = _menu(session.viewer(), seat)
    forms.for_fingers()
    if pilot.is_demo:
        st.badge(text("demo.banner"), icon=":material/info:", color="orange")
    if seat is not None:
        live.watch_session()
        forms.keep_all()
    page.run()
    session.remember("visited", True)
    session.remember("finished", session.this_run())


def _menu(viewer: Viewer, seat: Seat) -> StreamlitPage:
    """The pages this viewer may open, in groups on top; a known path that is not theirs gets a sentence."""
    allowed = {entry: _file(entry) for entry in nav.PAGES if entry.open_to(viewer)}
    others = [_unnamed(entry.path, partial(session.refuse, viewer)) for entry in nav.PAGES if entry not in allowed]
    landing = partial(_land, next(iter(allowed.values())))
    groups = {"": [_unnamed("home", landing, default=True), *others]}
    for entry, page in allowed.items():
        group = seat.user.name if entry.group == nav.OWN else entry.group
        groups.setdefault(group, []).append(page)
    return st.navigation(groups, position="top")


def _menu_of_nothing(instead: Callable[[], None]) -> StreamlitPage:
    """Every path is registered, hidden, so that a deep link survives; ``instead`` is drawn in its place."""
    pages = [_unnamed(entry.path, instead) for entry in nav.PAGES]
    return st.navigation([_unnamed("home", instead, default=True), *pages], position="top")


def _file(entry: nav.Page) -> StreamlitPage:
    seen = "visible" if entry.listed else "hidden"
    return st.Page(nav.VIEWS / entry.file, title=entry.title, icon=entry.icon, visibility=seen)


def _unnamed(path: str, draw: Callable[[], None], *, default: bool = False) -> StreamlitPage:
    """A hidden page's title is sent to the browser all the same, so it tells nothing."""
    return st.Page(draw, title="Tandem", url_path=path, default=default, visibility="hidden")


def _land(page: StreamlitPage) -> None:
    """The bare address leads to the first page, which keeps an address of its own to be copied."""
    st.switch_page(page, query_params=st.query_params.to_dict())
