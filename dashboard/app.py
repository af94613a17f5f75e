"""The sign-in gate, the navigation, the one error boundary. Every full run begins here."""

from pathlib import Path

import streamlit as st
from streamlit.errors import FragmentHandledException

from dashboard.ui import faults, gate

MARK = str(Path(__file__).with_name("static") / "mark.svg")

st.set_page_config(
    page_title="Tandem",
    page_icon=MARK,  # else a page's symbol is fetched from elsewhere
    layout="wide",
    initial_sidebar_state="auto",
)
st.logo(MARK)
try:
    gate.run()
except FragmentHandledException:
    raise  # shown already, in the fragment where it happened, by the server's on_script_error
except Exception as error:
    faults.show(error)
