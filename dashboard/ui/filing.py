"""The worksheet of the chosen quarter on the page: figures of the books, checks, files, the filing itself."""

from collections.abc import Callable
from datetime import date
from functools import partial

import pandas as pd
import streamlit as st

from dashboard import words
from dashboard.export import activity, arpa, workbook
from dashboard.model import Audience
from dashboard.ui import act, session
from dashboard.ui.exhibit import plain
from db.access import Permission, Viewer
from db.arpa.calendar import quarter_name
from db.arpa.checks import newest
from db.arpa.fields import Filled, Kind, fields
from db.arpa.worksheet import Part, Worksheet
from db.commands.filing import file_quarter
from db.engine import record_session
from db.errors import TandemError
from db.forms import checked
from db.forms.filing import FileForm
from db.ledger import quarter_end, quarter_of
from db.vocab import counted

PLACE = "filing"
FORMULAS = {
    "adopted_budget": "The lines of the budget as adopted; transfers between them leave the sum as it is.",
    "total_obligations": "Every obligation dated through the quarter's last day, voids taken off.",
    "total_expenditures": "Every expenditure and adjustment dated through the quarter's last day, voids taken off.",
    "current_obligations": "The obligations dated in the quarter: cumulative now − cumulative at the quarter before.",
    "current_expenditures": "Expenditures and adjustments dated in the quarter: cumulative now − cumulative before.",
}


def show(viewer: Viewer, quarter: date) -> None:
    """What the books say of the quarter, and what stands in the way of filing it."""
    try:
        with record_session(session.bind(), viewer) as database:
            paper = arpa.draft(database, quarter, viewer.today)
            before = newest(database, quarter)
    except TandemError as error:
        st.error(plain(str(error)), icon=":material/error:")
        return
    with st.container(key="filing-told"):  # a place of its own, or all below would move when something is told
        act.told(viewer, PLACE)
    with st.container(border=True, gap="xsmall"):
        st.markdown(f"**What do the books say of {quarter_name(quarter)}?**")
        st.caption(
            f"{words.day(quarter)} to {words.day(quarter_end(quarter))} · category {paper.worksheet.category} · "
            f"as booked now; {'what was filed stands below' if before else 'not filed'}"
        )
        _books(paper.worksheet)
        for key in ("awards", "payees", "expenditures", "aggregates"):
            _table(paper.worksheet.part(key))
    _checks(paper)
    _files(viewer, quarter, paper)
    if viewer.may(Permission.write_money):
        _file_it(viewer, quarter, paper, before.version if before else 0)


def _books(worksheet: Worksheet) -> None:
    asked = [f for f in fields(worksheet.category, "project") if f.filled in (Filled.ledger, Filled.setting)]
    for field in asked:
        value = worksheet.project[field.name]
        with st.container(
            horizontal=True, horizontal_alignment="distribute", vertical_alignment="center", key=f"books-{field.name}"
        ):
            st.markdown(f":gray[{plain(field.label)}]", help=FORMULAS.get(field.name), width="content")
            st.markdown(f"**{plain(value) or '–'}**", width="content")


def _table(part: Part) -> None:
    """One of the sections with several rows, with the Treasury's labels as heads."""
    if not part.rows:
        st.caption(f"{plain(part.title)}: none in this quarter.")
        return
    st.markdown(f"**{plain(part.title)}**")
    rows = [{c.label: _cell(c.kind, row[c.name]) for c in part.columns} for row in part.rows]
    amounts = [c.label for c in part.columns if c.kind is Kind.amount]
    right = {label: st.column_config.TextColumn(alignment="right", pinned=True) for label in amounts}
    st.dataframe(pd.DataFrame(rows), hide_index=True, column_config=right, placeholder="", alt=part.title)


def _cell(kind: Kind, value: str) -> str:
    """Dates as people read them; amounts stay as they are copied into the portal."""
    return words.day(date.fromisoformat(value)) if kind is Kind.date and value else value


def _checks(paper: arpa.Paper) -> None:
    count = len(paper.errors)
    with st.container(border=True, gap="xsmall"):
        st.markdown("**Can it be filed?** " + _verdict(count))
        for sentence in paper.errors:
            st.markdown(f":red[:material/error:] {plain(sentence)}")
        for sentence in paper.warnings:
            st.markdown(f":orange[:material/help:] {plain(sentence)}")


def _verdict(count: int) -> str:
    if not count:
        return ":material/check: Nothing stands in the way."
    return f"Not yet: {counted(count, 'thing is', 'things are')} to be mended. A draft can be downloaded."


def _files(viewer: Viewer, quarter: date, paper: arpa.Paper) -> None:
    with st.container(horizontal=True):
        _download("Download XLSX", lambda: arpa.as_xlsx(paper), f"{paper.name}.xlsx", workbook.MIME)
        _download("Download CSV", lambda: arpa.as_csv(paper), f"{paper.name}.csv", "text/csv")
        if (audience := activity.audience_of(viewer)) is not None and _in_pilot(viewer, quarter):
            name = f"activity-{paper.name[5:11]}-{audience.value}.xlsx"
            _download("Activity sheet", partial(_activity, viewer, quarter, audience), name, workbook.MIME)
    st.caption(plain(f"The same files from a shell: tandem arpa-report --quarter {paper.name[5:11]} --out FILE.xlsx"))
    if activity.audience_of(viewer) is None:
        st.caption(plain(activity.NOT_FOR_YOU))


def _in_pilot(viewer: Viewer, quarter: date) -> bool:
    pilot = session.pilot()
    return quarter_of(pilot.starts_on) <= quarter <= min(pilot.ends_on, viewer.today)


def _activity(viewer: Viewer, quarter: date, audience: Audience) -> bytes:
    return activity.as_xlsx(activity.activity(session.bind(), viewer, session.pilot(), quarter, audience))


def _download(label: str, make: Callable[[], bytes], name: str, mime: str) -> None:
    st.download_button(
        label,
        make,
        file_name=name,
        mime=mime,
        icon=":material/download:",
        on_click="ignore",
        key=f"filing-{label}",
    )


def _file_it(viewer: Viewer, quarter: date, paper: arpa.Paper, version: int) -> None:
    """Asked first: what is filed is frozen."""
    name = quarter_name(quarter)
    again = f"File {name} again" if version else f"File {name}"
    if paper.errors:
        st.button(again, icon=":material/lock:", disabled=True, width="stretch", key="filing-not-yet")
        return
    with st.popover(again, icon=":material/lock:", width="stretch"):
        row = paper.worksheet.project
        st.markdown(
            f"This freezes the worksheet of {name} as version {version + 1}, under your name. Spent in the quarter: "
            f"{plain(row['current_expenditures'])}; cumulative: {plain(row['total_expenditures'])}. It is sent to "
            "nobody: copy it into the Treasury's portal."
        )
        reason = st.text_input("Why again", key=f"filing-why-{quarter}-{version}") if version else ""
        if st.button("Yes, file it", type="primary", width="stretch", key=f"filing-yes-{quarter}-{version}"):
            values = {"quarter": quarter, "reason": reason}
            act.run(
                viewer,
                PLACE,
                lambda database: file_quarter(database, viewer, checked(FileForm, values)),
                f"{name} is filed as version {version + 1}.",
            )
