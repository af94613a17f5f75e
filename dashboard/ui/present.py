"""The parts of the page Present: open, check, look through."""

from collections.abc import Sequence
from dataclasses import replace

import streamlit as st

from dashboard.charts import CONFIG
from dashboard.export.routes import DECK
from dashboard.leaf import Leaf
from dashboard.measures.compute import pilot_to_date
from dashboard.ui import data
from dashboard.ui.exhibit import nothing, plain
from db.access import Viewer
from db.models import Pilot
from db.vocab import LANGUAGES, Lang, Scope, text


def heading() -> Lang:
    """Title, language, and the way to the full screen. The language chosen."""
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        with st.container(width="content", gap=None):
            st.markdown("# Present")
            st.caption("Public figures only: small counts are hidden, nothing identifies anyone.", width="content")
        with st.container(horizontal=True, vertical_alignment="center", width="content", gap="small"):
            chosen = st.segmented_control(
                "Language",
                tuple(LANGUAGES),
                default="en",
                required=True,
                format_func=LANGUAGES.__getitem__,
                key="lang",
                bind="query-params",
                label_visibility="collapsed",
            )
            lang: Lang = "es" if chosen == "es" else "en"
            st.link_button("Download", f"{DECK}?lang={lang}&file=1", icon=":material/download:")
            st.link_button("Open slides", f"{DECK}?lang={lang}", icon=":material/slideshow:", type="primary")
    return lang


def leaves(viewer: Viewer, pilot: Pilot, now: dict[Scope, int], lang: Lang) -> tuple[Leaf, ...]:
    """The slides as the meeting will see them."""
    return data.deck(viewer, now, replace(pilot_to_date(pilot, viewer.today), lang=lang))


def check(slides: Sequence[Leaf]) -> None:
    """What to know before the meeting, or that there is nothing."""
    found = [f"{k}: {words}" for k, leaf in enumerate(slides, 1) for words in _warnings(leaf)]
    if found:
        st.warning("  \n".join(plain(f"Slide {line}") for line in found), icon=":material/rule:")
    else:
        st.caption(":material/check: All slides have figures, and no week in them is provisional.")


def _warnings(leaf: Leaf) -> list[str]:
    result = leaf.result
    if result is None:
        return []
    if leaf.bare:
        return ["there is nothing to draw yet; the slide says so."]
    hidden = "hidden" in result.table and bool(result.table["hidden"].any())
    waiting = ["rests on weeks that are not certified yet."] if result.provisional else []
    return [*waiting, "hides small counts."] if hidden else waiting


def thumbnails(slides: Sequence[Leaf], now: dict[Scope, int]) -> None:
    """Every slide, small, in order."""
    with st.grid(3, min_column_width=320, gap="xsmall", key="slides"):
        for k, leaf in enumerate(slides, 1):
            with st.container(border=True, gap="xxsmall", key=f"slide-{leaf.key}"):
                st.caption(plain(f"{k} / {len(slides)} · {leaf.title}"))
                st.markdown(f"**{plain(leaf.sentence)}**")
                _picture(leaf, now)
                st.caption(plain(leaf.source))


def _picture(leaf: Leaf, now: dict[Scope, int]) -> None:
    if leaf.result is None:
        st.markdown(f":small[{plain(text('slide.title.note', leaf.lang))}]", text_alignment="left")
    elif leaf.bare:
        nothing(leaf.sentence, 200)
    else:
        figure = data.figure(now, leaf.result, height=200)
        alt = f"{leaf.title} {leaf.sentence}"
        st.plotly_chart(figure, theme=None, config={**CONFIG, "staticPlot": True}, key=f"thumb-{leaf.key}", alt=alt)
