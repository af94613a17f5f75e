"""What a person sees when something fails: the product's own sentence, or a reference number.

Used by the one boundary in ``app.py`` and, for callbacks and fragments that never pass through it, by the
server's ``on_script_error``.
"""

import logging
import secrets

import streamlit as st

from dashboard.ui import session
from db.commands.signin import record_fault
from db.engine import aggregate_session
from db.errors import TandemError

_LOG = logging.getLogger("tandem")


def show(error: Exception) -> bool:
    """Show ``error``; True, for nothing is left to show. What was typed stays in its widgets."""
    if isinstance(error, TandemError):
        st.error(str(error), icon=":material/error:")
        return True
    reference = f"E-{secrets.token_hex(3).upper()}"
    _LOG.error("fault %s", reference, exc_info=error)
    try:
        with aggregate_session(session.bind()) as database:
            record_fault(database, reference, type(error).__name__, session.address(), session.moment())
    except Exception:  # the fault may be the database itself; the log has it already
        _LOG.exception("fault %s could not be audited", reference)
    st.error(
        f"Something went wrong on our side. Nothing was saved by this step. Try again; if it stays, tell an "
        f"administrator the reference {reference}.",
        icon=":material/error:",
    )
    return True
