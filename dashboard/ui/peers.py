"""Other cities on the page Present: their editions loaded, removed, and set beside ours where they mean the same."""

from collections.abc import Mapping, Sequence

import pandas as pd
import streamlit as st

from dashboard import peers, words
from dashboard.charts import CONFIG, draw
from dashboard.measures.compute import pilot_to_date
from dashboard.model import Audience, Result
from dashboard.ui import act, data, exhibit, session
from dashboard.ui.exhibit import plain
from db.access import Permission, Viewer
from db.commands import peers as commands
from db.engine import record_session
from db.errors import TandemError
from db.forms.peers import Definition
from db.models import PeerEdition, Pilot

PLACE = "peers"
HEIGHT = 220


def show(viewer: Viewer) -> None:
    """What is loaded, a file to load for who prepares meetings, and the comparison."""
    pilot = session.pilot()
    ours = _ours(viewer, pilot)
    with record_session(session.bind(), viewer) as database:
        rows = commands.peers(database)
    st.subheader("Other cities", anchor=False)
    act.told(viewer, PLACE)
    if viewer.may(Permission.prepare_meeting):
        for row in rows:
            _listed(viewer, row)
        _load(viewer, peers.definitions(ours))
    if not rows:
        exhibit.nothing("No other city's edition is loaded yet. Another city sends its own as a file (JSON).")
        return
    home = peers.Home(pilot.city, pilot.population, pilot.starts_on) if pilot.population else None
    if home is None:
        st.caption("The number of residents is not set, so no count can be compared: set it with “tandem init”.")
        return
    found, apart = peers.compare(ours, home, rows)
    _compared(found)
    _apart(apart)


def _ours(viewer: Viewer, pilot: Pilot) -> dict[str, Result]:
    wanted = pilot_to_date(pilot, viewer.today)
    return data.several(viewer, data.versions(), tuple(peers.COMPARED), wanted, Audience.public)


def _listed(viewer: Viewer, row: PeerEdition) -> None:
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute", border=True):
        fictional = " · a fictional city" if row.content.get("fictional") else ""
        told = f"edition {row.number}, figures to {words.day(row.as_of)}, loaded {words.day(row.loaded_at.date())}"
        st.markdown(f"**{plain(row.city)}** · {plain(told)}{fictional}", width="stretch")
        if st.button("Remove", key=f"peer-remove-{row.id}", icon=":material/delete:"):
            peer_id, city = row.id, row.city
            act.run(
                viewer,
                PLACE,
                lambda database: commands.remove_peer(database, viewer, peer_id),
                f"The edition of {city} is removed.",
                lambda _: lambda database, who: commands.restore_peer(database, who, peer_id),
            )


def _load(viewer: Viewer, ours: Mapping[str, Definition]) -> None:
    file = st.file_uploader(
        "Another city's portable edition (JSON)",
        type=["json"],
        key="peer-file",
        max_upload_size=commands.LARGEST // 1_000_000,
    )
    if file is None:
        return
    content = file.getvalue()
    try:
        with record_session(session.bind(), viewer) as database:
            tried = commands.load_peer(database, viewer, content, ours, dry_run=True)
    except TandemError as error:
        st.error(plain(str(error)), icon=":material/error:")
        return
    _tried(tried)
    if st.button(f"Load the edition of {tried.city}", key="peer-load", type="primary"):
        act.run(
            viewer,
            PLACE,
            lambda database: commands.load_peer(database, viewer, content, ours),
            lambda done: (
                f"The edition {done.number} of {done.city} was loaded before; it is compared with."
                if done.again
                else f"The edition {done.number} of {done.city} is loaded."
            ),
            lambda done: lambda database, who: commands.remove_peer(database, who, done.id),
        )


def _tried(tried: commands.Loaded) -> None:
    """What would come of the file; nothing is stored yet."""
    many = f"{len(tried.comparable)} of {len(tried.comparable) + len(tried.refused)} figures can be compared"
    st.markdown(f"Nothing is stored yet. **{plain(tried.city)}**, edition {plain(tried.number)}: {many}.")
    if tried.refused:
        with st.expander(f"Not compared: {len(tried.refused)}"):
            for title, why in tried.refused.items():
                st.markdown(f"“{plain(title)}” {plain(why)}.")


def _compared(found: Sequence[peers.Compared]) -> None:
    """One measure as a chart, then every one as a table: whose, which months, what is counted."""
    if not found:
        st.caption("Nothing of the loaded editions can be compared with ours over the same time.")
        return
    titles = {each.key: each.title("en") for each in found}
    key = st.selectbox("Measure", list(titles), format_func=titles.__getitem__, key="peer-measure")
    chosen = next(each for each in found if each.key == key)
    result = chosen.result("en")
    with st.container(border=True, gap="xsmall", key="peer-chart"):
        st.markdown(f"**{plain(titles[chosen.key])}**, ours and elsewhere")
        figure = draw(result, "bars", unit=chosen.unit("en"), dark=data.dark(), height=HEIGHT)
        st.plotly_chart(figure, theme=None, config=dict(CONFIG), key=f"peer-bars-{chosen.key}", alt=result.sentence)
        st.caption(plain(f"{chosen.definition.definition} {chosen.definition.counts}"))
    st.dataframe(_table(found), hide_index=True, key="peer-table", alt="Every measure that is compared, city by city")
    st.caption("Other cities differ in more than the pilot: these figures are context, not a ranking.")


def _table(found: Sequence[peers.Compared]) -> pd.DataFrame:
    rows = [
        {
            "Measure": each.title("en"),
            "City": line.label("en"),
            "Figure": each.said(line, "en"),
            "Unit": each.unit("en"),
            "Figures to": words.day(line.as_of),
            "Definition": each.definition.definition,
        }
        for each in found
        for line in each.lines
    ]
    return pd.DataFrame(rows)


def _apart(apart: Sequence[peers.Apart]) -> None:
    if not apart:
        return
    with st.expander(f"Left aside, defined or counted otherwise: {len(apart)}"):
        for one in apart:
            st.markdown(f"{plain(one.city)}: “{plain(one.title)}” {plain(one.why)}.")
