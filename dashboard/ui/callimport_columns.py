"""The form between a proposal and a load: which sheet, which columns, which way round day and month."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import BinaryIO, cast

import streamlit as st

from dashboard.ui.callimport_file import Opened, Saved, for_page
from dashboard.ui.exhibit import plain
from dashboard.words import listing, number
from db.cad.codebook import read_codebook
from db.cad.mapping import FIELDS, SEVERAL
from db.cad.propose import Proposal
from db.errors import TandemError

UNITS = ("unit", "dispatched", "arrived", "cleared", "ready_minutes")
"""Fields of the units that went: behind a fold where the file tells of none."""
UNSURE = 0.7
"""A proposal below this is pointed out in the form."""
HELP = {
    "received": "When the call came in. Choose a date column and a time column where they stand apart.",
    "type": "What the call was about, as the dispatch system writes it.",
    "incident": "Tells the same call in two files. Without it, moment, type and place do.",
    "location": "In order, as an address is read. A house number 0 counts as unknown.",
    "latitude": "With the longitude, it stands in where there is no address.",
    "longitude": "With the latitude, it stands in where there is no address.",
    "disposition": "How the call ended.",
    "person": "Kept as a keyed hash only: the key itself is never stored.",
    "unit": "Rows of one incident become one call with its units.",
    "dispatched": "A time of day alone is dated by the received column.",
    "arrived": "A time of day alone is dated by the received column.",
    "cleared": "A time of day alone is dated by the received column.",
    "ready_minutes": "Stands in for the time a unit was free again, counted from when the call came in.",
}
ORDERS = {"month-first": "Month first (12/31/2026)", "day-first": "Day first (31/12/2026)"}
DELIMITERS = {",": "comma", "\t": "tab", ";": "semicolon", "|": "bar"}


@dataclass(frozen=True, slots=True)
class Answers:
    """What the form says now. ``order`` "": as found; ``open``: what must still be answered before a load."""

    sheet: str
    columns: Mapping[str, tuple[str, ...]]
    order: str
    names: tuple[str, ...]
    open: tuple[str, ...] = ()
    codes: Mapping[str, str] | None = None
    """Call type → what it means, from a codebook."""


def sheet_of(upload: Opened, likely: Proposal) -> Proposal:
    """The proposal of the sheet that is chosen; asked only of a workbook with several."""
    sheets = likely.sheets
    chosen = likely.sheet
    if len(sheets) > 1:
        chosen = st.selectbox("Sheet", sheets, index=sheets.index(likely.sheet), key=f"calls-sheet-{upload.mark}")
    return upload.proposal(chosen) if chosen != likely.sheet else likely


def about(proposal: Proposal, lines: int) -> None:
    """One line on what kind of file this is, and what was found odd about it."""
    facts = [
        proposal.kind,
        f"sheet “{proposal.sheet}”" if len(proposal.sheets) > 1 else "",
        f"about {number(lines)} lines",
        "" if proposal.kind == "Excel" else proposal.encoding,
        f"cut at {DELIMITERS[proposal.delimiter]}s" if proposal.delimiter in DELIMITERS else "",
        f"names on line {proposal.header_line}" if proposal.header_line else "no line of names",
    ]
    st.caption(plain(" · ".join(filter(None, facts))))
    notes = [note for note in proposal.notes if "could also be" not in note]  # those stand at their boxes
    if notes:
        st.markdown("\n".join(f"- {plain(for_page(note))}" for note in notes))


def ask(upload: Opened, proposal: Proposal, saved: Sequence[Saved], *, reported: bool) -> tuple[Answers, Saved | None]:
    """The whole form. The boxes fold away under a report, and where a saved mapping fits to the last column."""
    profile = _profile(upload, saved)
    ready = profile is not None and not profile.drift
    offered = _offered(proposal, profile)
    questions = [q for q in proposal.asked if profile is None or q.field not in offered]
    asking = st.container()
    mark = f"map-{upload.mark}-{proposal.sheet}-{profile.name if profile else ''}"
    likely = {question.field: question.options for question in questions}
    folded = ready or reported
    with st.expander("Columns", expanded=not folded, icon=":material/view_column:", key=f"{mark}-columns-{folded}"):
        columns = _boxes(proposal, offered, likely, mark)
        codes = _codebook(upload, profile)
    for question in questions:
        if question.field not in columns:
            asking.warning(plain(for_page(question.sentence)), icon=":material/help:")
    order, doubt = _order(upload, proposal, profile, columns.get("received", ()), mark)
    return Answers(proposal.sheet, columns, order, proposal.names, (doubt,) if doubt else (), codes), profile


def _profile(upload: Opened, saved: Sequence[Saved]) -> Saved | None:
    """The saved mapping to start from, and in a sentence what drifted since it was saved."""
    if not saved:
        return None
    named = {one.name: one for one in saved}
    chosen = st.selectbox(
        "Saved mapping",
        [*named, ""],
        index=0,
        format_func=lambda name: name or "None: as proposed",
        key=f"map-{upload.mark}-of",
    )
    profile = named.get(chosen or "")
    if profile is None:
        return None
    if not profile.fits:
        st.warning(
            f"“{plain(profile.name)}” was made for another layout: {plain(profile.drift.sentence())}. "
            "The boxes hold what is left of it and a proposal for the rest: check them.",
            icon=":material/rule:",
        )
    elif profile.drift:
        st.info(
            f"“{plain(profile.name)}” fits. Columns it does not use changed: {plain(profile.drift.sentence())}.",
            icon=":material/rule:",
        )
    else:
        st.success(f"“{plain(profile.name)}” fits this file to the last column.", icon=":material/check:")
    return profile


def _offered(proposal: Proposal, profile: Saved | None) -> dict[str, tuple[str, ...]]:
    """What the boxes hold at first. A field that is asked about stays empty: nobody loads by a guess."""
    asked = {question.field for question in proposal.asked if question.options or question.field == "type"}
    sure = {
        name: columns
        for name, columns in proposal.columns.items()
        if name not in asked or (name == "received" and proposal.date.ambiguous)
    }
    if profile is None:
        return sure
    kept = profile.columns(proposal.names)
    gone = {name for name in profile.mapping.columns if name not in kept}
    used = {column for columns in kept.values() for column in columns}
    rest = {name: columns for name, columns in sure.items() if name in gone and not used & set(columns)}
    return kept | rest


def _boxes(
    proposal: Proposal,
    offered: Mapping[str, tuple[str, ...]],
    likely: Mapping[str, Sequence[str]],
    mark: str,
) -> dict[str, tuple[str, ...]]:
    """One box per field, in rows on a desktop; the fields of units fold away where there are none."""
    chosen: dict[str, tuple[str, ...]] = {}

    def grid(fields: Sequence[str], wide: int) -> None:
        for start in range(0, len(fields), wide):
            row = fields[start : start + wide]
            for place, field in zip(st.columns(wide), row, strict=False):
                with place:
                    chosen[field] = _box(field, proposal, offered.get(field, ()), likely.get(field, ()), mark)

    grid([field for field in FIELDS if field not in UNITS], 4)
    told = any(field in offered for field in UNITS)
    if told or st.toggle("The file tells of units and their times", key=f"{mark}-units"):
        grid(UNITS, 5)
    return {field: columns for field, columns in chosen.items() if columns}


def _box(field: str, proposal: Proposal, offered: Sequence[str], likely: Sequence[str], mark: str) -> tuple[str, ...]:
    choice = proposal.choices.get(field)
    mine = choice is not None and choice.columns == tuple(offered)
    why = f" Proposed because it is {choice.why}." if choice and mine else ""
    why += f" It could also be {listing(choice.others)}." if choice and mine and choice.others else ""
    options = [*likely, *(name for name in proposal.names if name not in likely)]
    key, words = f"{mark}-{field}", plain(HELP[field] + why)
    if field in SEVERAL:
        several = st.multiselect(
            FIELDS[field],
            options,
            default=list(offered),
            placeholder="Choose columns" if field == "received" else "None",
            key=key,
            help=words,
        )
        found = tuple(several)
        if len(found) > 2:  # more than the box shows at once
            st.caption(plain(" + ".join(found)))
    else:
        one = st.selectbox(
            FIELDS[field],
            options,
            index=options.index(offered[0]) if offered else None,
            placeholder="Choose a column" if field == "type" else "None",
            key=key,
            help=words,
        )
        found = (one,) if one else ()
    if choice and mine and found == choice.columns and choice.confidence < UNSURE:
        st.caption(f":orange[:material/visibility: Check this one:] {plain(choice.why)}")
    return found


def _codebook(upload: Opened, profile: Saved | None) -> Mapping[str, str] | None:
    """What the codes mean, where the department has a table of them; a saved mapping brings its own."""
    known = profile.layout.codes if profile else None
    label = f"A codebook of {number(len(known))} codes comes with “{profile.name}”" if known and profile else ""
    if not st.toggle(label or "There is a codebook of the call types", key=f"calls-codes-{upload.mark}"):
        return known
    chosen = st.file_uploader(
        "Codebook: one column of codes, one of what they mean",
        type=["csv", "txt", "tsv", "xlsx", "xls"],
        key=f"calls-codebook-{upload.mark}",
    )
    if chosen is None:
        return known
    try:
        codes = read_codebook(cast(BinaryIO, chosen), chosen.name)
    except TandemError as error:
        st.error(plain(str(error)), icon=":material/error:")
        return known
    examples = "; ".join(f"{code} = {said}" for code, said in list(codes.items())[:3])
    st.caption(plain(f"{number(len(codes))} codes, such as {examples}."))
    return codes


def _order(
    upload: Opened, proposal: Proposal, profile: Saved | None, received: tuple[str, ...], mark: str
) -> tuple[str, str]:
    """(the order of day and month, the question that stays open). Asked only where no date of the column tells."""
    if not received:
        return "", ""
    dates = upload.dates(proposal.sheet, received)
    kept = profile.layout.date_format if profile else ""
    if not dates.ambiguous and "/" not in dates.example and "-" not in dates.example[:3]:
        return kept, ""
    if dates.ambiguous:
        both = dict(zip(ORDERS, dates.readings, strict=False)) if len(dates.readings) == 2 else {}
        chosen = st.radio(
            f"Day and month: no date of the file tells which is which. “{plain(dates.example)}” is",
            list(ORDERS),
            index=list(ORDERS).index(kept) if kept in ORDERS else None,
            format_func=lambda order: (
                f"{both[order]} ({ORDERS[order].split(' (')[0].lower()})" if both else ORDERS[order]
            ),
            horizontal=True,
            key=f"{mark}-{'-'.join(received)}-order",
        )
        doubt = f"Say under “Day and month” what “{dates.example}” means: no date of the file tells."
        if not chosen:
            st.caption("Below, the month is read first until you say.")
        return chosen or "", "" if chosen else doubt
    if kept in ORDERS and kept != dates.order:
        st.warning(
            f"The saved mapping reads dates {kept}; the dates of this file can only be {dates.order}.",
            icon=":material/help:",
        )
    said = f", so “{dates.example}” is {dates.readings[0]}" if dates.readings else ""
    order = (dates.order or "as written").replace("-", " ")
    st.caption(plain(f"Day and month: {order}, found from the whole column{said}."))
    return "", ""
