"""What every figure means: searchable definitions, the same words the public reads."""

import streamlit as st

from dashboard.measures import MEASURES
from dashboard.measures.common import said
from dashboard.model import Measure
from dashboard.ui.session import require
from db.access import Permission
from db.vocab import LANGUAGES, Lang

PARTS = {
    "Definition": "definition",
    "What counts": "counts",
    "What is left out": "leaves_out",
    "Unit": "unit",
    "Source": "source",
}
DIRECTION = {"up_good": "A rise is good.", "down_good": "A fall is good.", "neither": "Neither up nor down is good."}
INTERVALS = (
    "Shares carry Wilson intervals, counts exact Poisson intervals, waiting times Kaplan–Meier medians with "
    "open waits censored; all at 95 %. A week counts by its certified tally, else by the log (provisional); "
    "a week that is not over is left out of trends. In public, small counts of people are hidden."
)


def matches(measure: Measure, wanted: str, lang: str) -> bool:
    """Every word asked for stands somewhere in the measure's texts or its key."""
    texts = [measure.key, *(said(measure.key, part, lang) for part in ("title", "question", *PARTS.values()))]
    return all(word in " ".join(texts).casefold() for word in wanted.casefold().split())


def show(measure: Measure, lang: str) -> None:
    with st.expander(f"**{said(measure.key, 'title', lang)}** · {said(measure.key, 'question', lang)}"):
        for heading, part in PARTS.items():
            st.markdown(f"**{heading}.** {said(measure.key, part, lang)}")
        privacy = "Subject to the rule on small counts. " if measure.about_people else ""
        st.caption(f"{DIRECTION[measure.direction.value]} {privacy}Key: {measure.key}")


require(Permission.see_overview, Permission.see_public)
st.title("Measures")
st.markdown(INTERVALS)
ask, language = st.columns([4, 1], vertical_alignment="bottom")
wanted = ask.text_input(
    "Search", key="glossary_search", placeholder="a word of the definition, for example: appointment"
)
lang: Lang = language.segmented_control(
    "Language", LANGUAGES, default="en", required=True, key="glossary_lang", format_func=LANGUAGES.__getitem__
)
found = [measure for measure in MEASURES.values() if matches(measure, wanted, lang)]
st.caption(f"{len(found)} of {len(MEASURES)} measures")
for measure in found:
    show(measure, lang)
if not found:
    st.info(f"No measure speaks of “{wanted}”. Try one word, or another spelling.", icon=":material/search_off:")
