"""The Overview part of the Budget page, for who may see the ledger: what wants attention, the clock, each line."""

from collections.abc import Sequence
from decimal import Decimal

import pandas as pd
import streamlit as st

from dashboard import words
from dashboard.measures.compute import pilot_to_date
from dashboard.measures.money_alerts import alerts as alerts_of
from dashboard.measures.money_lines import FORMULAS, formula
from dashboard.model import Audience, Result
from dashboard.ui import data, exhibit, exports, session
from db.access import Permission, Viewer
from db.commands.desk_pay import show_pay_to_desk
from db.engine import record_session
from db.errors import TandemError
from db.ledger import LineTotal, closed_through, grand_total, line_totals, the_grant, vacancy_savings
from db.models import Pilot
from db.pilot import DESK_SEES_PAY

EMPTY = "Nothing is booked yet. Start with the contract: enter it as an obligation."
NO_LINES = "The budget has no lines yet. They are set with “tandem init”."
NO_MONTH = "Nothing can be divided yet: close the first month."
COSTS = ("cost_per_person", "cost_per_intervention", "cost_per_connection")
DRAWN = ("pilot_clock", "budget_lines", "burn")
CLOCK_HEIGHT, CHART_HEIGHT, COST_HEIGHT = 108, 290, 200


def overview(viewer: Viewer, pilot: Pilot) -> None:
    """The whole part, in the order in which it is read. Its figures move with money, work and set-up."""
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute", gap="small"):
        heading(viewer, pilot)
        export_button(viewer, pilot)
    alerts(viewer, pilot)
    if not _has_lines(viewer):
        st.info(NO_LINES)
        return
    clock(viewer, pilot)
    with st.grid(2, min_column_width=420, gap="small", key="budget-figures"):
        lines(viewer, pilot)
        burn(viewer, pilot)
    table(viewer, pilot)
    desk_switch(viewer, pilot)
    bought(viewer, pilot)
    vacancies(viewer, pilot)


def export_button(
    viewer: Viewer, pilot: Pilot, audience: Audience = Audience.internal, keys: Sequence[str] = ()
) -> None:
    """What this part shows, as files. ``keys``: where it shows less."""
    wanted = pilot_to_date(pilot, viewer.today)

    def shown() -> dict[str, Result]:
        return data.several(viewer, data.versions(), keys or (*DRAWN, *COSTS), wanted, audience)

    exports.button(viewer, "budget", "Budget", shown, wanted, audience)


def _has_lines(viewer: Viewer) -> bool:
    with record_session(session.bind(), viewer) as database:
        return bool(line_totals(database))


def heading(viewer: Viewer, pilot: Pilot) -> None:
    """Which grant, its dates, and how far the books are closed."""
    with record_session(session.bind(), viewer) as database:
        grant, through = the_grant(database), closed_through(database)
    closed = f"closed through {words.day(through)}" if through else "no month closed yet"
    parts = [pilot.name]
    if grant is not None:
        parts += [
            f"{grant.name}: {words.money(grant.amount)}",
            f"obligate by {words.day(grant.obligate_by)}",
            f"spend by {words.day(grant.expend_by)}",
        ]
    st.caption(exhibit.plain(" · ".join([*parts, closed])), width="content")


def alerts(viewer: Viewer, pilot: Pilot) -> None:
    """What wants attention today, one sentence each, the gravest first."""
    with record_session(session.bind(), viewer) as database:
        found = alerts_of(database, pilot, viewer.today)
    if not found:
        st.caption(":material/check: Nothing about the money wants attention today.")
        return
    with st.container(border=True, gap=None, key="money-alerts"):
        for alert in found:
            sign = ":red[:material/error:]" if alert.grave else ":orange[:material/notifications:]"
            st.markdown(f"{sign} {exhibit.plain(alert.said)}")


def clock(viewer: Viewer, pilot: Pilot, audience: Audience = Audience.internal) -> None:
    """% time, % obligated, % spent, and whether that is ahead, on or behind, and why."""
    _drawn("pilot_clock", viewer, pilot, audience, CLOCK_HEIGHT, "The clock starts when the first month is closed.")


def lines(viewer: Viewer, pilot: Pilot, audience: Audience = Audience.internal) -> None:
    """Bullet bars by line."""
    _drawn("budget_lines", viewer, pilot, audience, CHART_HEIGHT, NO_LINES)


def burn(viewer: Viewer, pilot: Pilot, audience: Audience = Audience.internal) -> None:
    """Will the money last? The same Result as the Overview's, with the grant's deadlines."""
    _drawn("burn", viewer, pilot, audience, CHART_HEIGHT, EMPTY)


def _drawn(key: str, viewer: Viewer, pilot: Pilot, audience: Audience, height: int, empty: str) -> None:
    now = data.versions()
    result = data.one(viewer, now, key, pilot_to_date(pilot, viewer.today), audience)
    below = next((c for c in result.caveats if c.startswith("Outside the drawn time")), "")
    exhibit.exhibit(result, now, height=height, empty=empty, below=below)


def table(viewer: Viewer, pilot: Pilot, audience: Audience = Audience.internal) -> None:
    """Each line to the cent, and the sum of those shown; every heading tells its formula."""
    now = data.versions()
    result = data.one(viewer, now, "budget_lines", pilot_to_date(pilot, viewer.today), audience)
    exact_table(result)


def exact_table(result: Result) -> None:
    """The Result of ``budget_lines`` as a table of dollars and cents."""
    found: Sequence[LineTotal] = result.marks["lines"] if "lines" in result.marks else lines_of(result.table)
    if not found:
        return
    unknown = result.marks["through"] is None
    total = grand_total(found, "Total of the lines shown" if result.filters.without_pay else "Total")
    names = {name: result.columns[name] for name in FORMULAS}
    settings = {
        label: st.column_config.TextColumn(alignment="right", help=exhibit.plain(formula(name)))
        for name, label in names.items()
    }
    st.dataframe(
        pd.DataFrame([_row(line, names, unknown) for line in (*found, total)]),
        hide_index=True,
        column_config={**settings, "Line": st.column_config.TextColumn(pinned=True)},
        alt="Budget, obligated, spent, pending and remaining dollars and cents of each budget line",
        key="budget-lines-table",
    )


def lines_of(table: pd.DataFrame) -> tuple[LineTotal, ...]:
    """The lines as an edition keeps them: the table of ``budget_lines``, whose dollars are exact to the cent."""

    def cents(value: float) -> Decimal:
        return Decimal(0) if pd.isna(value) else Decimal(str(round(value, 2)))

    return tuple(
        LineTotal(
            place,
            str(row["group"]),
            adopted=cents(row["budget"]),  # as adopted is not told: as amended
            budget=cents(row["budget"]),
            obligated=cents(row["obligated"]),
            spent=cents(row["spent"]),
            pending=cents(row["pending"]),
        )
        for place, row in enumerate(table.to_dict("records"))
    )


def _row(line: LineTotal, names: dict[str, str], unknown: bool) -> dict[str, str]:
    over = {
        "spent": line.spent > line.budget,
        "obligated": line.obligated > line.budget,
        "remaining": line.remaining < 0,
    }
    row = {"Line": line.name}
    for name, label in names.items():
        amount = None if unknown and name != "budget" else getattr(line, name)
        row[label] = words.money(amount, cents=True) + (" (over)" if over.get(name) and not unknown else "")
    return row


def bought(viewer: Viewer, pilot: Pilot, audience: Audience = Audience.internal) -> None:
    """Cost per person, intervention and connection through each closed month, the start-up months shaded."""
    now = data.versions()
    found = data.several(viewer, now, COSTS, pilot_to_date(pilot, viewer.today), audience)
    st.subheader("What it bought", anchor=False)
    with st.grid(3, min_column_width=320, gap="small", key="budget-bought"):
        for key in COSTS:
            exhibit.exhibit(found[key], now, height=COST_HEIGHT, empty=NO_MONTH)


def vacancies(viewer: Viewer, pilot: Pilot) -> None:
    """What was saved while a post stood empty, line by line; nothing where none did."""
    with record_session(session.bind(), viewer) as database:
        through = closed_through(database)
        found = vacancy_savings(database, pilot, through) if through else ()
    if not found or through is None:
        return
    st.subheader("Vacancy savings", anchor=False)
    st.caption(f"Saved = planned while the post was empty − spent on the line by then, through {words.day(through)}.")
    rows = [
        {
            "Line": one.name,
            "Post empty until": words.day(one.until),
            "Planned": words.money(one.planned, cents=True),
            "Spent": words.money(one.spent, cents=True),
            "Saved": words.money(one.saved, cents=True),
        }
        for one in found
    ]
    right = {name: st.column_config.TextColumn(alignment="right") for name in ("Planned", "Spent", "Saved")}
    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        column_config=right | {"Line": st.column_config.TextColumn(pinned=True)},
        alt="What was planned, spent and saved on each line while its post was empty",
        key="vacancies-table",
    )


def desk_switch(viewer: Viewer, pilot: Pilot) -> None:
    """Whether the desk sees the lines that pay people: for finance to say; every change is recorded."""
    if not viewer.may(Permission.write_money):
        return
    shown = bool(pilot.settings.get(DESK_SEES_PAY))
    wanted = st.toggle(
        "The desk sees budget lines that pay people",
        shown,
        key=f"desk-sees-pay-{shown}",
        help="Clinician and social worker see the totals of all other lines in any case. A change is recorded.",
    )
    if wanted == shown:
        return
    try:
        with record_session(session.bind(), viewer) as database:
            show_pay_to_desk(database, viewer, wanted)
    except TandemError as error:
        st.error(exhibit.plain(str(error)))
        return
    st.toast("The desk sees these lines now." if wanted else "The desk no longer sees these lines.")
    st.rerun()
