"""Do the city's books and the ledger say the same? Finance loads and settles, the chief reads."""

import streamlit as st

from dashboard.ui import live, reconcile, reconcile_import, reconcile_loads, session
from db.access import Permission
from db.vocab import Scope

viewer = session.require(Permission.see_money)
pilot = session.pilot()
st.title("Reconciliation", anchor=False)
parts = {"compare": "The two books", "load": "Load a file", "loads": "What was loaded"}
if not viewer.may(Permission.write_money):
    del parts["load"]
section = st.segmented_control(
    "Part of the page",
    list(parts),
    default="compare",
    format_func=parts.__getitem__,
    required=True,
    key="reconcile-part",
    bind="query-params",
    label_visibility="collapsed",
)


@live.fragment(Scope.money)
def books() -> None:
    """Drawn again by itself when somebody books, loads or settles."""
    who = session.require(Permission.see_money)
    if section == "loads":
        reconcile_loads.loads(who, pilot.time_zone)
    else:
        reconcile.compare(who)


if section == "load":
    reconcile_import.upload(viewer)
else:
    books()
