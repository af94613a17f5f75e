"""After the pilot: the scenarios side by side, each with what it costs, covers, reaches and lacks."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

import streamlit as st

from dashboard import scenarios, words
from dashboard.measures.after import Known, gap_said, period_name
from dashboard.measures.compute import pilot_to_date
from dashboard.scenarios import Figures
from dashboard.ui import act, data, exhibit, scenarios_charts, scenarios_edit, session
from db.access import Permission, Viewer
from db.commands.drafts import kept_drafts
from db.commands.scenarios import form_of, set_on_slide
from db.commands.scenarios import scenarios as saved_ones
from db.engine import record_session
from db.forms.scenarios import ScenarioForm
from db.models import Pilot

PLACE = "after"
"""Where this page tells what was done last."""
ABREAST = 4


@dataclass(frozen=True, slots=True)
class Option:
    """One scenario on the page. ``key``: its number, or "new"."""

    key: str
    form: ScenarioForm
    saved_at: datetime | None
    drafted: bool
    """Somebody's own half-typed change of it is kept."""


def show(viewer: Viewer, pilot: Pilot) -> None:
    """The whole page. Saved, drafted and now being typed are told apart."""
    filters = pilot_to_date(pilot, viewer.today)
    found: Known = data.result("after_pilot", filters).marks["exact"]
    options = _saved(viewer)
    _basis(found)
    act.told(viewer, PLACE)
    side_by_side = st.container()
    edited = None
    if viewer.may(Permission.write_scenarios):
        edited = scenarios_edit.editor(viewer, options, found)
    all_of, changed = _figures(options, found, edited)
    with side_by_side:
        _cards(viewer, options, all_of, changed)
    scenarios_charts.charts(list(all_of.values()), found, filters)


def _saved(viewer: Viewer) -> dict[str, Option]:
    """Every saved scenario by its key, in the order of saving."""
    with record_session(session.bind(), viewer) as database:
        drafts = {kept.form for kept in kept_drafts(database, viewer, scenarios_edit.DRAFT)}
        return {
            str(row.id): Option(str(row.id), form_of(row), row.saved_at, scenarios_edit.DRAFT + str(row.id) in drafts)
            for row in saved_ones(database)
        }


def _basis(found: Known) -> None:
    """What the pilot itself costs a month, by line, and where that comes from."""
    months = found.rate.months
    if not months:
        st.info(
            "Finance has not closed a whole month yet, so the pilot gives no cost of its own to start from. "
            "Close a month on Budget, or write the assumptions by hand.",
            icon=":material/event_busy:",
        )
        return
    lines = [f"{line.name} {words.money(line.mean, cents=True)}" for line in found.rate.lines if line.mean]
    st.markdown(
        exhibit.plain(
            f"The pilot itself costs {words.money(found.rate.monthly, cents=True)} a month: the mean of "
            f"{words.month(months[0])} to {words.month(months[-1])}, the last months finance has closed, without "
            "one-off purchases. “Continue as is” starts there."
        ),
        help=exhibit.plain(
            f"By budget line: {' + '.join(lines)} = {words.money(found.rate.monthly, cents=True)}. "
            f"Each is the sum of its {len(months)} months ÷ {len(months)}."
        ),
    )


def _figures(
    options: dict[str, Option], found: Known, edited: scenarios_edit.Edited | None
) -> tuple[dict[str, Figures], set[str]]:
    """The figures of each option, the edited one's as it is being typed; and which of them are not saved so."""
    forms = {key: option.form for key, option in options.items()}
    changed = {key for key, option in options.items() if option.drafted}
    if edited is not None:
        changed.discard(edited.key)
        if edited.form is not None and edited.changed:
            forms[edited.key] = edited.form
            changed.add(edited.key)
    return {key: scenarios.figures(form.name, form.assumptions, found.basis) for key, form in forms.items()}, changed


def _cards(viewer: Viewer, options: dict[str, Option], all_of: dict[str, Figures], changed: set[str]) -> None:
    if not all_of:
        exhibit.nothing("No scenario is saved yet. Start below: “New” begins with what the pilot costs today.")
        return
    with st.grid(min(len(all_of), ABREAST), min_column_width=312, gap="xsmall", key="scenarios"):
        for key, one in all_of.items():
            with st.container(border=True, height="stretch", gap="xsmall", key=f"scenario-{key}"):
                _card(one, key in changed)
                if key in options and viewer.may(Permission.write_scenarios):
                    _slide_switch(viewer, options[key])
    st.caption(
        "Whole dollars. Gap = cost − funding counted for that year; with a plus it is a surplus. "
        "People a year: a range from the pilot's own rate, no promise. "
        "The first row is what remains of the fiscal year when the pilot ends."
    )


def _card(one: Figures, changed: bool) -> None:
    draft = "  :orange[:material/edit: not saved]" if changed else ""
    st.markdown(f"**{exhibit.plain(one.name)}**{draft}")
    st.metric("Cost a month", words.money(one.monthly), help=_monthly_said(one))
    covered = words.percent(one.coverage.share)
    st.markdown(
        exhibit.plain(
            f"{covered} of calls · {words.number(one.coverage.staffed_hours, digits=1)} staffed hours a week"
        ),
        help=exhibit.plain(
            f"Behavioral-health calls of the pilot so far that came inside the staffed hours "
            f"({one.assumed.hours or 'none'}) ÷ all {words.number(one.coverage.calls)} of them. Two calls at once "
            "both count as covered."
        ),
    )
    st.markdown(exhibit.plain(_people_said(one)), help=_people_help(one))
    rows = [(period_name(year.period), _bare(year.cost), _bare(year.funding), _gap(year)) for year in one.shown]
    lines = ["|".join(f":small[{_whole(cell)}]" for cell in row) for row in (("", "Cost", "Funding", "Gap"), *rows)]
    st.markdown("\n".join([f"|{lines[0]}|", "|:--|--:|--:|--:|", *(f"|{line}|" for line in lines[1:])]))


def _bare(amount: Decimal) -> str:
    """Whole dollars under a heading that says so: four columns are as narrow as a card."""
    return words.number(amount)


def _whole(cell: str) -> str:
    """A cell of the table on one line."""
    return (cell if cell.startswith(":") else exhibit.plain(cell)).replace(" ", words.NBSP)


def _gap(year: scenarios.Year) -> str:
    """Below the word “Gap” an amount; with a plus it is a surplus, as the line below the cards says."""
    if not year.cost and not year.funding:
        return words.NOTHING
    if year.gap > 0:
        return f":orange[{_bare(year.gap)}]"
    return f"+{_bare(-year.gap)}" if year.gap else gap_said(year)


def _monthly_said(one: Figures) -> str:
    a = one.assumed
    posts = " + ".join(
        f"{post.name}: {words.money(post.yearly, cents=True)} × {post.fte.normalize():f} FTE ÷ 12 = "
        f"{words.money(post.monthly, cents=True)}"
        for post in a.posts
    )
    return exhibit.plain(
        f"{posts or 'No posts'}; benefits {a.benefits_percent.normalize():f} % of the posts = "
        f"{words.money(a.benefits, cents=True)}; other costs {words.money(a.other_monthly, cents=True)}. "
        f"Together {words.money(a.monthly, cents=True)}."
    )


def _people_said(one: Figures) -> str:
    if one.people is None:
        return "People a year: no rate to go by yet"
    low, high = (words.number(limit) for limit in one.people)
    return f"{low}–{high} people a year (range)" if one.assumed.fte else "Nobody would be served"


def _people_help(one: Figures) -> str:
    return exhibit.plain(
        "People met for the first time per month of full-time work in the last closed months, × "
        f"{one.assumed.fte.normalize():f} FTE × 12; the range is the exact 95 % Poisson interval of that count. New "
        "people can be added up over a year; people served cannot, for many are seen in several months. Other staff, "
        "hours or referrals may reach more or fewer: it is no promise."
    )


def _slide_switch(viewer: Viewer, option: Option) -> None:
    """On or off the slide; stored at once."""
    key = f"slide-{option.key}-{option.form.on_slide}"
    wanted = st.checkbox("On the slide", value=option.form.on_slide, key=key)
    if wanted != option.form.on_slide:
        said = "on the slide now" if wanted else "off the slide now"
        act.run(
            viewer,
            PLACE,
            lambda database: set_on_slide(database, viewer, int(option.key), wanted),
            f"{option.form.name} is {said}.",
        )
