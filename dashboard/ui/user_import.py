"""Users: accounts by the hundred from a CSV file. First what would happen, then all of it or nothing."""

import streamlit as st

from dashboard.ui import session
from db.access import Viewer
from db.commands import user_import
from db.commands.user_import import Fate, Plan
from db.engine import record_session
from db.errors import TandemError

CODES = "users.codes"
EXAMPLE = "username,name,role,email\njrivera,Jo Rivera,officer,jrivera@example.gov\n"
_WORDS = {Fate.add: "to add", Fate.there: "there already", Fate.refused: "refused"}


def show(who: Viewer) -> None:
    """The upload, its dry run, the button, and once afterwards the codes."""
    codes = session.recall(CODES)
    with st.expander("Import users from a file", icon=":material/upload_file:", expanded=bool(codes)):
        if isinstance(codes, tuple):
            _codes(*codes)
            return
        st.caption(
            "A CSV file whose first line names the columns: username, name, role, email. Only the name is needed; "
            "without a role it is an officer. Accounts that exist are left as they are."
        )
        st.download_button("Example file", EXAMPLE, "users.csv", "text/csv", icon=":material/download:")
        file = st.file_uploader("File", type=["csv", "txt"], key=f"users-file-{session.recall('users.files', 0)}")
        if file is not None:
            _dry_run(who, file.getvalue())


def _dry_run(who: Viewer, content: bytes) -> None:
    try:
        with record_session(session.bind(), who) as database:
            plan = user_import.plan(database, who, content)
    except TandemError as error:
        st.error(str(error), icon=":material/error:")
        return
    st.markdown(f"**{plan}.** Nothing is stored yet.")
    st.dataframe(_table(plan), hide_index=True, width="stretch", height=min(38 + 35 * len(plan.rows), 320))
    new, refused = len(plan.of(Fate.add)), plan.of(Fate.refused)
    if refused:
        st.error("Mend the refused rows, or leave them out, and choose the file again.", icon=":material/error:")
    elif not new:
        st.info("Everybody in this file has an account.", icon=":material/check:")
    elif st.button(f"Add {new:,} users", type="primary", key="users-import", icon=":material/group_add:"):
        _carry_out(who, content)


def _table(plan: Plan) -> list[dict[str, object]]:
    """Refused rows first: they are what one has to look at."""
    order = (Fate.refused, Fate.there, Fate.add)
    return [
        {
            "Line": row.line,
            "What": _WORDS[row.fate],
            "Username": row.username,
            "Name": row.name,
            "Role": row.role,
            "E-mail": row.email,
            "Why": row.why,
        }
        for row in sorted(plan.rows, key=lambda row: (order.index(row.fate), row.line))
    ]


def _carry_out(who: Viewer, content: bytes) -> None:
    bar = st.progress(0.0, "Making one-time codes")
    try:
        with record_session(session.bind(), who) as database:
            made = user_import.carry_out(
                database, who, content, lambda done, of: bar.progress(done / of, f"Code {done:,} of {of:,}")
            )
    except TandemError as error:
        st.error(str(error), icon=":material/error:")
        return
    session.remember(CODES, (len(made), user_import.codes_csv(made)))
    session.remember("users.files", hash(content))
    st.rerun()


def _codes(count: int, codes: str) -> None:
    st.success(f"{count:,} users added.", icon=":material/check:")
    st.write(
        "Download the one-time codes and hand each to its person, not by e-mail. A code works once, within 72 hours, "
        "and has to be changed at the sign-in. The list is not shown again."
    )
    with st.container(horizontal=True):
        st.download_button(
            "Download the codes", codes, "one-time-codes.csv", "text/csv", type="primary", on_click="ignore"
        )
        if st.button("I have saved it", key="users-codes-done"):
            session.forget(CODES)
            st.rerun()
