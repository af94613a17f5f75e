"""An edition as the page Present reads it: thawed and verified once, shared by all who look at it."""

from dataclasses import dataclass

import streamlit as st

from dashboard import edition
from dashboard.document import Document
from dashboard.frozen import Frozen
from dashboard.ui import session
from db.models import Edition


@dataclass(frozen=True, slots=True)
class Opened:
    """The frozen content, and the document that every format is made of."""

    content: Frozen
    document: Document


def opened_edition(row: Edition) -> Opened:
    """Raises Conflict where its figures are not what was frozen."""
    state = f"{session.bind().url} {row.id} {row.digest} {row.approved_at} {row.spanish_signed_at} {row.deck}"
    return _opened(row, state)


@st.cache_resource(show_spinner=False, max_entries=8)
def _opened(_row: Edition, state: str) -> Opened:
    return Opened(edition.content(_row), edition.document(_row))


def address(number: str) -> str:
    """Where the slides of an edition are."""
    return f"/meeting/{number}"
