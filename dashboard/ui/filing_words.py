"""What finance writes in the report: kept from quarter to quarter until it is changed, each beside its limit."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import streamlit as st

from dashboard import words
from dashboard.ui import act, forms, session
from dashboard.ui.exhibit import plain
from db.access import Permission, Viewer
from db.arpa.calendar import quarter_code, quarter_name
from db.arpa.fields import Field, Kind, categories, category_of, fields
from db.arpa.worksheet import Typed, Worksheet, build, key_of, typed
from db.commands.desk import Saved
from db.commands.filing import choose_category, save_fields
from db.engine import record_session
from db.errors import TandemError
from db.forms import checked
from db.forms.filing import CategoryForm, FieldsForm
from db.vocab import counted

PLACE = "filing-words"
LONG = 120
"""Characters from which a field is a box and not a line."""


@dataclass(frozen=True, slots=True)
class _Ask:
    """One field to fill in, perhaps of one award."""

    field: Field
    award: str
    key: str
    typed: Typed | None
    shown: str
    """What stands in the worksheet, typed or proposed."""


def show(viewer: Viewer, quarter: date) -> None:
    """The category, then the form; who may not write reads the same answers."""
    try:
        with record_session(session.bind(), viewer) as database:
            worksheet, stands = build(database, quarter), typed(database, quarter)
    except TandemError:
        return  # said beside the figures
    asks = list(_asked(worksheet, stands))
    with st.container(key="filing-words-told"):
        act.told(viewer, PLACE)
    if not viewer.may(Permission.write_money):
        _read(worksheet, asks)
        return
    with st.container(border=True):
        _category(viewer, worksheet)
    with st.container(border=True):
        _form(viewer, quarter, asks)


def _asked(worksheet: Worksheet, stands: Mapping[str, Typed]) -> Iterator[_Ask]:
    rows = [("project", "", worksheet.project)]
    rows += [("awards", row["award"], row) for row in worksheet.part("awards").rows]
    for section, award, row in rows:
        for field in fields(worksheet.category, section):
            if field.open:
                key = key_of(section, field.name, award)
                yield _Ask(field, award, key, stands.get(key), row[field.name])


def _category(viewer: Viewer, worksheet: Worksheet) -> None:
    """Each candidate with what it means; what is filed keeps its own."""
    st.markdown("**Under which expenditure category?**")
    known = {category.code: category for category in categories()}
    codes = list(known) if worksheet.category in known else [*known, worksheet.category]
    picked = st.radio(
        "Expenditure category",
        codes,
        index=codes.index(worksheet.category),
        format_func=lambda code: f"{code} {category_of(code).name}",
        captions=[plain(category_of(code).description) for code in codes],
        label_visibility="collapsed",
        key=f"filing-category-{worksheet.category}",
    )
    if picked != worksheet.category and st.button(f"Use {picked}", type="primary", width="stretch"):
        act.run(
            viewer,
            PLACE,
            lambda database: choose_category(database, viewer, checked(CategoryForm, {"category": picked})),
            f"The category is {picked} now.",
        )


def _form(viewer: Viewer, quarter: date, asks: list[_Ask]) -> None:
    name = quarter_name(quarter)
    st.markdown(f"**What do you write for {name}?**")
    st.caption(f"Kept from {name} on, until you change it for a later quarter. Earlier quarters keep theirs.")
    form = forms.draft(f"filing-{quarter_code(quarter)}")
    if form.fresh:
        form.begin_with({ask.key: _in_widget(ask) for ask in asks})
    values: dict[str, str] = {}
    answers: dict[str, str] = {}
    award = ""
    for ask in asks:
        if not _applies(ask.field, answers):
            continue
        if ask.award != award:
            award = ask.award
            st.markdown(f"**Award {plain(award)}**")
        values[ask.key] = _widget(form, ask)
        answers[ask.field.name] = values[ask.key] or ask.shown
    forms.save_button(form, "Keep what is written", lambda: _save(viewer, quarter, values), _kept)


def _applies(field: Field, answers: Mapping[str, str]) -> bool:
    """Whether a field that depends on another's answer is asked; what was typed in it stays."""
    rule, _, other = field.required.partition(" ")
    cause, _, value = other.partition("=")
    return rule != "when" or answers.get(cause) == value


def _in_widget(ask: _Ask) -> Any:
    value = ask.typed.value if ask.typed else ""
    if ask.field.kind is Kind.choice:
        return value if value in ask.field.choices else None
    return value


def _widget(form: forms.Draft, ask: _Ask) -> str:
    field, key = ask.field, form.key(ask.key)
    proposed = ask.shown if not (ask.typed and ask.typed.value) else ""
    title = plain(field.label + (" *" if field.required == "yes" else ""))
    if field.kind is Kind.choice:
        empty = f"{proposed} (proposed)" if proposed else "Choose one"
        picked = st.selectbox(
            title, field.choices, index=None, placeholder=empty, key=key, help=plain(field.hint) or None
        )
        form.wrong(ask.key)
        return picked or ""
    more = {"key": key, "placeholder": proposed, "help": plain(field.hint) or None}
    long = field.length is not None and field.length > LONG
    written = (
        st.text_area(title, height=110 if field.length != 1500 else 220, **more)
        if long
        else st.text_input(title, **more)
    )
    if field.length is not None:
        st.caption(_room(len(written or ""), field.length))
    form.wrong(ask.key)
    return written or ""


def _room(used: int, length: int) -> str:
    if used > length:
        return f":red[:material/error: {used - length:,} too many: {used:,} of {length:,} characters]"
    return f"{used:,} of {length:,} characters, {length - used:,} left"


def _save(viewer: Viewer, quarter: date, values: Mapping[str, str]) -> Saved:
    with record_session(session.bind(), viewer) as database:
        return Saved(save_fields(database, viewer, checked(FieldsForm, {"quarter": quarter, "values": values})))


def _kept(saved: Saved) -> None:
    count = saved.id
    told = f"{counted(count, 'field', 'fields')} kept." if count else "Nothing was different."
    st.toast(told, icon=":material/check:")


def _read(worksheet: Worksheet, asks: list[_Ask]) -> None:
    category = category_of(worksheet.category)
    with st.container(border=True, gap="xsmall"):
        st.markdown("**What is written in the report?**")
        st.caption(plain(f"Expenditure category {worksheet.category} {category.name}. {category.description}"))
        for ask in asks:
            if not ask.shown:
                continue
            since = f" :gray[· since {words.quarter(ask.typed.since)}]" if ask.typed and ask.typed.value else ""
            award = f" of award {plain(ask.award)}" if ask.award else ""
            st.markdown(f":gray[{plain(ask.field.label)}{award}]{since}  \n{plain(ask.shown)}")
