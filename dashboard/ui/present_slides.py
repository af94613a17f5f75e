"""The slides of an edition, each as it will be seen: shown or not, in what order, in whose words."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import streamlit as st
from sqlalchemy.orm import Session

from dashboard import deck, edition
from dashboard.charts import CONFIG, draw
from dashboard.leaf import Leaf
from dashboard.measures import MEASURES
from dashboard.ui import act, data, forms
from dashboard.ui.exhibit import nothing, plain
from dashboard.ui.present_opened import Opened
from db.access import Permission, Viewer
from db.commands.editions import set_deck
from db.forms import checked
from db.forms.meetings import DeckForm, SlideWords
from db.models import Edition
from db.vocab import LANGUAGES, Lang, text

PLACE = "meeting-slides"
FIELDS = (("title", "Title", 120), ("sentence", "Claim", 300), ("note", "Note for the speaker", 2_000))


@dataclass(frozen=True, slots=True)
class Slot:
    """One slide in the deck's order. ``leaf`` is what it says, also where it is not shown."""

    words: SlideWords
    leaf: Leaf


def show(viewer: Viewer, database: Session, row: Edition, opened: Opened) -> None:
    """Every slide, small, in order; a draft's can be moved, left out and put in other words."""
    lang = _language()
    slots = _slots(row, opened, lang)
    may_change = viewer.may(Permission.prepare_meeting) and row.approved_at is None and row.withdrawn_at is None
    with st.container(key="told-place-slides"):
        act.told(viewer, PLACE)
    if not may_change:
        st.caption("An approved edition does not change.")
    number = 0
    with st.grid(3, min_column_width=320, gap="xsmall", key="slides"):
        for place, slot in enumerate(slots):
            number += slot.words.shown
            with st.container(border=True, gap="xxsmall", key=f"slide-{slot.words.key}"):
                head = f"{number}" if slot.words.shown else "left out"
                st.caption(plain(f"{head} · {slot.leaf.title}"))
                _picture(slot.leaf)
                if may_change:
                    _change(viewer, row, slots, place, lang)


def _language() -> Lang:
    picked = st.segmented_control(
        "Language",
        tuple(LANGUAGES),
        default="en",
        required=True,
        format_func=LANGUAGES.__getitem__,
        key="lang",
        bind="query-params",
        label_visibility="collapsed",
    )
    return "es" if picked == "es" else "en"


def _slots(row: Edition, opened: Opened, lang: Lang) -> list[Slot]:
    leaves = {leaf.key: leaf for leaf in deck.leaves(edition.material(row, opened.content, whole=True), lang)}
    return [Slot(words, leaves[words.key]) for words in current(row, opened) if words.key in leaves]


def current(row: Edition, opened: Opened) -> list[SlideWords]:
    """The deck as it is stored; slides that nobody placed come after, as they are by themselves."""
    stored = [SlideWords(**slide) for slide in row.deck]
    shown = {leaf.key for leaf in opened.document.decks["en"]}
    placed = {slide.key for slide in stored}
    rest = [SlideWords(key=s.key, shown=not stored and s.key in shown) for s in deck.SLIDES if s.key not in placed]
    return [*stored, *rest]


def _picture(leaf: Leaf) -> None:
    mark = f" :violet-badge[{plain(text('slide.own', leaf.lang))}]" if leaf.computed else ""
    st.markdown(f"**{plain(leaf.sentence)}**{mark}")
    if leaf.withheld:
        return
    if leaf.cards:
        st.markdown("  \n".join(f"{plain(card.label)}: **{plain(card.display)}**" for card in leaf.cards))
    elif leaf.rows:
        more = [f":gray[and {len(leaf.rows) - 4} more]"] if len(leaf.rows) > 4 else []
        st.markdown("  \n".join([*(f"{plain(r.mark)} **{plain(r.head)}**" for r in leaf.rows[:4]), *more]))
    elif leaf.drawn is not None and not leaf.bare:
        measure = MEASURES[leaf.drawn.key]
        unit = text(f"measure.{measure.key}.unit", leaf.lang)
        figure = draw(leaf.drawn, str(measure.chart), unit=unit, dark=data.dark(), height=190)
        alt = f"{leaf.title} {leaf.sentence}"
        st.plotly_chart(figure, theme=None, config={**CONFIG, "staticPlot": True}, key=f"thumb-{leaf.key}", alt=alt)
    elif leaf.bare:
        nothing(leaf.sentence, 190)


def _change(viewer: Viewer, row: Edition, slots: Sequence[Slot], place: int, lang: Lang) -> None:
    words = slots[place].words
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall", key=f"change-{words.key}"):
        for icon, step, help_ in ((":material/arrow_back:", -1, "Earlier"), (":material/arrow_forward:", 1, "Later")):
            there = _beside(slots, place, step)
            if st.button(
                "",
                icon=icon,
                help=f"{help_}: {plain(slots[place].leaf.title)}",
                disabled=there is None,
                key=f"move-{words.key}-{step}",
            ):
                _store(viewer, row, slots, partial(_moved, place=place, there=there), "The order is saved.")
        if st.button("Leave out" if words.shown else "Show", key=f"toggle-{words.key}"):
            other = words.model_copy(update={"shown": not words.shown})
            _store(viewer, row, slots, lambda deck_: [*deck_[:place], other, *deck_[place + 1 :]], "Saved.")
        act.lazily(
            "Words",
            f"words-{words.key}-{lang}",
            lambda: _words(viewer, row, slots, place, lang),
            icon=":material/edit:",
        )


def _beside(slots: Sequence[Slot], place: int, step: int) -> int | None:
    """Where the next slide in that direction is that is shown; None at the end."""
    way = range(place + step, len(slots) if step > 0 else -1, step)
    return next((there for there in way if slots[there].words.shown), None)


def _moved(slides: list[SlideWords], place: int, there: int | None) -> list[SlideWords]:
    if there is not None:
        slides.insert(there, slides.pop(place))
    return slides


def _words(viewer: Viewer, row: Edition, slots: Sequence[Slot], place: int, lang: Lang) -> None:
    """Own title, claim and note. An empty field is the computed one."""
    slot = slots[place]
    form = forms.draft(f"slide-{row.id}-{slot.words.key}-{lang}")
    if form.fresh:
        form.begin_with({name: getattr(slot.words, name).get(lang, "") for name, _, _ in FIELDS})
    computed = {"title": slot.leaf.title, "sentence": slot.leaf.computed or slot.leaf.sentence, "note": ""}
    typed: dict[str, str] = {}
    for name, label, most in FIELDS:
        typed[name] = st.text_area(
            label, key=form.key(name), placeholder=computed[name], max_chars=most, height=80 if name != "note" else 120
        )
        form.wrong(name)
    st.caption(
        "A claim in your own words is marked as such wherever it is shown, and the computed one stands beside it."
    )
    if st.button("Save the words", type="primary", key=form.key("save")):
        other = slot.words.model_copy(
            update={name: {**getattr(slot.words, name), lang: typed[name].strip()} for name, _, _ in FIELDS}
        )
        form.start_over()
        _store(viewer, row, slots, lambda deck_: [*deck_[:place], other, *deck_[place + 1 :]], "The words are saved.")


def _store(
    viewer: Viewer,
    row: Edition,
    slots: Sequence[Slot],
    change: Callable[[list[SlideWords]], list[SlideWords]],
    said: str,
) -> None:
    slides = change([slot.words for slot in slots])
    act.run(
        viewer,
        PLACE,
        lambda database: set_deck(database, viewer, row.id, checked(DeckForm, {"slides": slides})),
        said,
    )
