"""Calls for service: load an export, see what was loaded, say what its types mean, see the series it makes."""

import streamlit as st

from dashboard.ui import callimport, callimport_loads, callplaces, calltypes, session
from db.access import Permission

viewer = session.require(Permission.import_calls)
pilot = session.pilot()
st.title("Calls for service", anchor=False)
section = st.segmented_control(
    "Part of the page",
    ("load", "loads", "types", "places", "series"),
    default="load",
    format_func={
        "load": "Load a file",
        "loads": "What was loaded",
        "types": "Call types and rules",
        "places": "Institutions",
        "series": "The series",
    }.__getitem__,
    required=True,
    key="calls-part",
    bind="query-params",
    label_visibility="collapsed",
)
if section == "load":
    callimport.upload(viewer, pilot.time_zone)
elif section == "loads":
    callimport_loads.loads(viewer, pilot.time_zone)
elif section == "types":
    calltypes.types(viewer)
elif section == "places":
    callplaces.places(viewer)
else:
    calltypes.series(viewer, pilot)
