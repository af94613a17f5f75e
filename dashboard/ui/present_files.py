"""The files of an edition: every format there is, all of the same figures."""

import streamlit as st
from sqlalchemy.orm import Session

from dashboard.ui import exports
from dashboard.ui.present_opened import Opened
from db.access import Viewer
from db.models import Edition


def show(viewer: Viewer, database: Session, row: Edition, opened: Opened) -> None:
    st.caption(
        "Screen, PDF, PowerPoint, workbook and open data hold the same figures to the digit, with the edition's number "
        "and date. Long ones are made beside: go on working."
    )
    exports.panel(viewer, opened.document, f"edition {row.number}")
