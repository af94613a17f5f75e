"""The parts of the page "Is it working?", in the order in which they are read."""

import re
from dataclasses import dataclass

import pandas as pd
import streamlit as st

from dashboard import evaluation, nav, words
from dashboard.charts import bare
from dashboard.evaluation import EFFECT, SECTIONS
from dashboard.export.tables import readable
from dashboard.measures import MEASURES
from dashboard.measures.compute import pilot_to_date
from dashboard.model import Audience, Filters, Result
from dashboard.ui import data, evaluation_report, exhibit, exports
from db.access import Permission, Viewer
from db.models import Pilot
from db.vocab import Scope, text

HEIGHT = {"answer": 250, "sure": 310}
ABREAST = {"modes": 3}
MOST_CARDS = 3
TABLES = ("comparators", "effect_plan")
"""Measures that are a table of words and neither a figure nor a chart."""
SENTENCE_END = re.compile(r"(?<=\.)\s+(?=[A-Z])")
NO_CALLS = "No calls are loaded yet: the analyst loads them on Calls. Then this page says what they show."


@dataclass(frozen=True, slots=True)
class View:
    """Who looks, at which state of the data. One per run."""

    viewer: Viewer
    pilot: Pilot
    now: dict[Scope, int]
    filters: Filters
    audience: Audience
    results: dict[str, Result]


def view(viewer: Viewer, pilot: Pilot) -> View:
    """The whole pilot as of today: the analysis was fixed beforehand, so nothing can be filtered."""
    filters, now, audience = pilot_to_date(pilot, viewer.today), data.versions(), evaluation.audience_of(viewer)
    keys = [key for section in SECTIONS for key in evaluation.shown_to(viewer, section)]
    results = data.several(viewer, now, keys, filters, audience)
    return View(viewer, pilot, now, results[EFFECT].filters, audience, results)


def show(here: View) -> None:
    """The whole page."""
    _verdict(here)
    if here.results[EFFECT].marks.get("basis") is None:
        exhibit.nothing(NO_CALLS)
        return
    for section in SECTIONS:
        keys = evaluation.shown_to(here.viewer, section)
        if keys:
            if section.key != evaluation.ANSWER:
                st.markdown(f"### {text(f'evaluation.{section.key}')}")
            _section(here, section.key, keys)
    if here.audience is Audience.public:
        st.caption("Figures about people are left out here: the slides show them, with small counts hidden.")
    _method(here)
    _checked()


# --- the answer ------------------------------------------------------------------------------------------


def _verdict(here: View) -> None:
    """The sentence as the largest text of the page; what qualifies it; when it was fixed and when it is due."""
    effect = here.results[EFFECT]
    first, *more = SENTENCE_END.split(effect.sentence)
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute", gap="small"):
        st.caption(exhibit.plain(_fixed(here, effect)), width="content")
        with st.container(horizontal=True, width="content", gap="small"):
            title = "Is it working?"
            exports.button(here.viewer, "effect", title, lambda: here.results, here.filters, here.audience)
            if here.viewer.may(Permission.see_overview):
                evaluation_report.button(here.viewer, here.pilot, here.filters)
    st.markdown(f"# {exhibit.plain(first)}")
    if more:
        st.markdown(exhibit.plain(" ".join(more)))


def _fixed(here: View, effect: Result) -> str:
    frozen = effect.marks.get("frozen_at")
    said = "not fixed beforehand" if frozen is None else f"question fixed on {words.day(frozen.date())}"
    known = f"{here.pilot.name} · {said} · calls known to {words.day(here.filters.as_of)}"
    return " · ".join(filter(None, (known, data.published_in(effect))))


def _section(here: View, section: str, keys: tuple[str, ...]) -> None:
    """Numbers without a chart as cards, charts two a row on a desk and one on a phone, then what is a table."""
    results = [here.results[key] for key in keys]
    plain = [result for result in results if MEASURES[result.key].chart is None and result.key not in TABLES]
    drawn = [result for result in results if MEASURES[result.key].chart is not None]
    if plain:
        with st.grid(min(len(plain), MOST_CARDS), min_column_width=260, gap="xsmall", key=f"cards-{section}"):
            for result in plain:
                _number(result)
    if drawn:
        with st.grid(ABREAST.get(section, 2), min_column_width=400, gap="xsmall", key=f"charts-{section}"):
            for result in drawn:
                exhibit.exhibit(result, here.now, height=HEIGHT.get(section, 230), answer=_answer(result))
                if result.key == "effect_residuals":
                    _assumptions(result)
    _cautions(results)
    for result in results:
        if result.key in TABLES:
            _reported(result)


def _answer(result: Result) -> str | None:
    """The verdict stands in full on top: its chart answers in the short form."""
    if result.key != EFFECT or not result.context:
        return None
    return f"{result.display[:1].upper()}{result.display[1:]} ({result.context})."


def _cautions(results: list[Result]) -> None:
    """What must be read with comparisons of people stands under them, once, not behind an ⓘ."""
    about_people = [r for r in results if MEASURES[r.key].about_people and MEASURES[r.key].chart is not None]
    said = dict.fromkeys(caveat for result in about_people for caveat in result.caveats)
    if said:
        st.caption(exhibit.plain(" ".join(said)))


def _reported(result: Result) -> None:
    """Figures of other places: source, date, and that they are not like for like."""
    with st.expander(f"{MEASURES[result.key].title}: {result.context}"):
        st.markdown(exhibit.plain(" ".join((result.sentence, *result.caveats))))
        st.table(readable(result, MEASURES[result.key]).map(exhibit.plain), hide_index=True)


def _number(result: Result) -> None:
    """A figure with its sentence under it: what it says stands beside what it is."""
    with st.container(gap="xxsmall", key=f"number-{result.key}"):
        exhibit.card(result)
        st.caption(exhibit.plain(result.sentence))


def _assumptions(result: Result) -> None:
    """What the model takes for granted, figure by figure, each with what it means."""
    with st.container(border=True, gap="xsmall", height="stretch", key="assumptions"):
        st.markdown("**What does the model assume?** Each assumption, checked on these figures.")
        table = pd.DataFrame(result.marks.get("checks") or [], columns=["Checked", "Figure", "What it means"])
        st.table(table.set_index("Checked"))


# --- how it was done -------------------------------------------------------------------------------------


def _method(here: View) -> None:
    """The analysis in plain words; every number can be followed to where it comes from."""
    st.markdown(f"### {text('evaluation.method')}")
    steps = here.results["effect_axis"].marks.get("method") or ()
    st.markdown("\n".join(f"{k}. {exhibit.plain(step)}" for k, step in enumerate(steps, 1)))
    if not bare(here.results[EFFECT], "effect"):
        with st.expander("The months behind it: observed, expected and fitted"):
            st.dataframe(readable(here.results[EFFECT], MEASURES[EFFECT]), hide_index=True, key="months-behind")
    with st.container(horizontal=True, gap="small"):
        if here.viewer.may(Permission.see_overview):
            st.page_link(nav.VIEWS / "call_figures.py", label="The calls behind it", icon=":material/call:")
        st.page_link(nav.VIEWS / "glossary.py", label="Every definition", icon=":material/menu_book:")


def _checked() -> None:
    """Published figures beside what this engine gives for the same data."""
    st.markdown(f"### {text('evaluation.checked')}")
    st.markdown(text("evaluation.checked_how"))
    heads, rows = evaluation.checked_table("en")
    missed = sum(not row.met for row in evaluation.checked("en"))
    with st.expander(f"{len(rows)} checks: {len(rows) - missed} agree, {missed} miss their target"):
        st.table(pd.DataFrame(rows, columns=heads).set_index(heads[0]))
    if missed:
        st.markdown(text("evaluation.checked_missed"))
