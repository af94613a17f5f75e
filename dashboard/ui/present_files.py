"""The files of an edition: every format there is, all of the same figures."""

import streamlit as st
from sqlalchemy.orm import Session

from dashboard import deck
from dashboard.ui import exports
from dashboard.ui.present_opened import Opened
from db.access import Viewer
from db.models import Edition


def show(viewer: Viewer, database: Session, row: Edition, opened: Opened) -> None:
    """Both languages, in every format; a long file is made beside."""
    st.caption(
        "Screen, PDF, PowerPoint, workbook and open data hold the same figures to the digit, with the edition's number "
        "and date. A long file is made in the background: go on working."
    )
    state = f"{row.digest} {row.deck} {row.approved_at} {row.spanish_signed_at}"
    exports.formats(viewer, f"edition-{row.number}", lambda: opened.document, state, deck.LANGS)
