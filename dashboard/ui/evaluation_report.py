"""The button that writes the evaluation report: as a page or as a PDF, in English or Spanish."""

from collections.abc import Callable
from dataclasses import replace

import streamlit as st

from dashboard.export import evaluation
from dashboard.model import Filters
from dashboard.ui import session
from db.access import Viewer
from db.commands.base import audit
from db.engine import record_session
from db.models import Pilot
from db.vocab import LANGUAGES, Lang


def button(viewer: Viewer, pilot: Pilot, filters: Filters) -> None:
    """A popover with the language and the two files. Nothing is made before a file is asked for."""
    opened = st.popover(
        "Evaluation report", icon=":material/description:", width="content", key="report", on_change="rerun"
    )
    if not opened.open:
        return
    with opened:
        st.markdown(
            "Question, data, definitions, methods, results, limits, every figure and table, software versions: for "
            "an outside evaluator to check, or as an appendix. Small counts of people are hidden in it."
        )
        lang: Lang = st.segmented_control(
            "Language", LANGUAGES, default="en", required=True, key="report_lang", format_func=LANGUAGES.__getitem__
        )
        filters = replace(filters, lang=lang)
        name = f"evaluation-{viewer.today.isoformat()}-{lang}"
        without_paper = evaluation.no_paper()
        with st.container(horizontal=True, gap="small"):
            for label, ending, mime, make in (
                ("PDF", "pdf", "application/pdf", evaluation.pdf),
                ("HTML", "html", "text/html", evaluation.html),
            ):
                st.download_button(
                    label,
                    _maker(viewer, pilot, filters, make),
                    file_name=f"{name}.{ending}",
                    mime=mime,
                    icon=":material/download:",
                    on_click="ignore",
                    disabled=ending == "pdf" and bool(without_paper),
                    key=f"report-{ending}",
                )
        if without_paper:
            st.caption(without_paper)


def _maker(viewer: Viewer, pilot: Pilot, filters: Filters, make: Callable[..., bytes]) -> Callable[[], bytes]:
    """What is run when the file is asked for; who took it stands in the audit."""
    bind = session.bind()

    def made() -> bytes:
        file = make(evaluation.build(bind, viewer, pilot, filters))
        with record_session(bind, viewer) as database:
            audit(database, viewer, "write evaluation report", filters.as_of.isoformat())
        return file

    return made
