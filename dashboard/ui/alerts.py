"""Safety alerts, shown wherever a person is opened."""

import streamlit as st
from sqlalchemy.orm import Session

from dashboard.ui import session
from dashboard.ui.exhibit import plain
from db.commands.care import alerts_of, told_by_referrers
from db.forms import day
from db.pilot import local_day


def show(database: Session, person_id: int | None, *, referrers: bool = True) -> None:
    """What whoever goes to this person must know today: their own alerts and those of their household.

    ``referrers``: and what the referrers of their open referrals said, where that stands nowhere else on the page.
    Nothing is drawn for nobody, and for a viewer who may not see people.
    """
    if person_id is None:
        return
    for alert in alerts_of(database, person_id, session.viewer().today):
        where = "" if alert.person_id == person_id else f" (household, {alert.code})"
        until = f":small[until {day(alert.expires_on)}, by {plain(alert.by)}]"
        st.warning(f"**Safety{where}:** {plain(alert.text)} {until}", icon=":material/warning:")
    zone = session.pilot().time_zone
    for received, note in told_by_referrers(database, person_id) if referrers else ():
        said = f":small[said with the referral of {day(local_day(received, zone))}]"
        st.warning(f"**Safety:** {plain(note)} {said}", icon=":material/warning:")
