"""What a trial or a load did: counts, what looks suspicious, and the refused rows to mend and load again."""

import csv
import io
from collections.abc import Sequence

import pandas as pd
import streamlit as st

from dashboard import words
from dashboard.export.tables import harmless
from dashboard.ui.exhibit import plain
from db.cad.mapping import Mapped
from db.cad.read import Refusal
from db.cad.refused import refused_csv
from db.cad.report import ImportReport
from db.cad.sniff import CadFile

SHOWN = 500
"""Refused rows drawn on the page; the file of them holds all."""


def show(report: ImportReport) -> None:
    """Sentence, counts, suspicions, refused rows."""
    if report.dry_run:
        st.info(f"Tried only, nothing stored. {plain(report.sentence())}", icon=":material/science:")
    elif report.import_id:
        st.success(plain(report.sentence()), icon=":material/check:")
    else:
        st.info(plain(report.sentence()), icon=":material/done_all:")
    _counts(report)
    warnings(report.warnings)
    if report.refused:
        _reasons(report)
        refusals([(refusal.line, refusal.reason) for refusal in report.refused])


def _counts(report: ImportReport) -> None:
    figures = (
        ("Rows read", report.rows_read),
        ("To be added" if report.dry_run else "Calls added", report.kept),
        ("Rows merged", report.merged),
        ("Updated", report.updated),
        ("Already there", report.already_there),
        ("Refused", len(report.refused)),
    )
    with st.container(horizontal=True):
        for label, value in figures:
            st.metric(label, words.number(value), border=True, width=140)
    st.caption(
        "Calls are counted, not rows: the rows of one call, such as its units, are merged. Those updated are among "
        "those already there."
    )


def warnings(sentences: Sequence[str]) -> None:
    """What looks suspicious, one line each."""
    for sentence in sentences:
        st.markdown(f":orange[:material/warning:] {plain(sentence)}")


def _reasons(report: ImportReport) -> None:
    said = "; ".join(f"{words.number(count)} × {reason}" for reason, count in list(report.reasons.items())[:4])
    st.markdown(f"**Refused:** {plain(said)}")


def refusals(rows: Sequence[tuple[int, str]]) -> None:
    """Refused rows with their lines, the first of them."""
    if not rows:
        return
    tall = 248 if len(rows) > 6 else "auto"
    st.dataframe(
        pd.DataFrame(rows[:SHOWN], columns=["Line", "Why it was refused"]),
        hide_index=True,
        height=tall,
        column_config={
            "Line": st.column_config.NumberColumn(width=70, format="localized"),
            "Why it was refused": st.column_config.TextColumn(width=900),
        },
        alt="Refused rows with their lines and reasons",
    )
    if len(rows) > SHOWN:
        st.caption(f"The first {SHOWN} of {words.number(len(rows))}.")


def rows_file(file: CadFile, mapping: Mapped, refused: Sequence[Refusal], sheet: str, key: str) -> None:
    """The refused rows as they stand in the file, with line and reason: to mend and load again."""

    def made() -> bytes:
        return ("\ufeff" + "".join(refused_csv(file, mapping, refused, sheet or None))).encode()

    st.download_button(
        "The refused rows, to mend and load again",
        made,
        f"{file.name.rpartition('.')[0] or file.name}-refused.csv",
        "text/csv",
        icon=":material/download:",
        on_click="ignore",
        key=key,
    )


def lines_file(rows: Sequence[tuple[int, str]], name: str, key: str) -> None:
    """Lines and reasons as a file, where the rows themselves are no longer at hand."""
    text = io.StringIO()
    csv.writer(text).writerows([("line", "why it was refused"), *((line, harmless(why)) for line, why in rows)])
    st.download_button(
        "Lines and reasons",
        ("\ufeff" + text.getvalue()).encode(),
        f"{name}-refused.csv",
        "text/csv",
        icon=":material/download:",
        on_click="ignore",
        key=key,
    )
