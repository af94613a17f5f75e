"""Prepare the meeting, check the slides, open them."""

import streamlit as st

from dashboard.ui import data, live, present, session
from db.access import Permission
from db.vocab import Lang, Scope

session.require(Permission.present)
pilot = session.pilot()
lang: Lang = present.heading()


@live.fragment(*Scope)
def slides() -> None:
    """Drawn again by itself when a figure changed: what is seen here is what opens."""
    with st.container(gap="xsmall"):
        now = data.versions()
        leaves = present.leaves(session.require(Permission.present), pilot, now, lang)
        present.check(leaves)
        present.thumbnails(leaves, now)


slides()
