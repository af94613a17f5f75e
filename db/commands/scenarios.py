"""Scenarios of the year after the pilot: saved under a name, marked for the slide, deleted with a way back."""

from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db.access import Permission, Viewer
from db.commands.base import write
from db.commands.desk import Saved, hold
from db.errors import Conflict, Invalid
from db.forms import checked, clock
from db.forms.scenarios import Assumptions, ScenarioForm
from db.ledger import payee_key
from db.models import Scenario
from db.pilot import the_pilot
from db.vocab import Scope

ON_SLIDE = 4
"""Options that a slide has room for."""


class NameTaken(Conflict):
    """A scenario of this name is there. Its ``saved_at`` is the answer “replace” that :func:`save_scenario` takes."""

    def __init__(self, row: Scenario, zone: str) -> None:
        super().__init__(
            f"“{row.name}” is saved already ({clock(row.saved_at, zone)}). Replace it, or write another name."
        )
        self.scenario_id, self.name, self.saved_at = row.id, row.name, row.saved_at


def save_scenario(session: Session, viewer: Viewer, form: ScenarioForm, replaces: datetime | None = None) -> Saved:
    """Keep ``form`` under its name. What stood there before is in the audit.

    Raises :class:`NameTaken` where the name (case and spaces aside) is taken, unless ``replaces`` is the moment
    at which that one was saved; Invalid where the slide is full.
    """
    with write(session, viewer, Permission.write_scenarios, "save scenario", Scope.money) as note:
        row = _named(session, form.name)
        if row is not None and row.saved_at != replaces:
            raise NameTaken(row, the_pilot(session).time_zone)
        if form.on_slide:
            _room_on_slide(session, row)
        before = None if row is None else content(row)
        if row is None:
            row = Scenario()
            session.add(row)
        row.name, row.on_slide = form.name, form.on_slide
        row.assumptions = form.assumptions.model_dump(mode="json")
        row.saved_at, row.saved_by = viewer.now, viewer.user_id
        session.flush()
        note.subject = f"scenario {row.id}"
        note.detail = {"before": before, "after": content(row)}
        return Saved(row.id, tuple(form.assumptions.doubts()))


def delete_scenario(session: Session, viewer: Viewer, scenario_id: int) -> ScenarioForm:
    """Take a scenario away. Its whole content stands in the audit; the form returned saves it again as it was."""
    with write(session, viewer, Permission.write_scenarios, "delete scenario", Scope.money) as note:
        row = hold(session, Scenario, scenario_id, "scenario")
        gone = form_of(row)
        note.subject, note.detail = f"scenario {row.id}", content(row)
        session.delete(row)
    return gone


def set_on_slide(session: Session, viewer: Viewer, scenario_id: int, on_slide: bool) -> Saved:
    """Show a scenario on the slide, or no longer. Raises Invalid where the slide is full."""
    with write(session, viewer, Permission.write_scenarios, "mark scenario for the slide", Scope.money) as note:
        row = hold(session, Scenario, scenario_id, "scenario")
        if on_slide:
            _room_on_slide(session, row)
        row.on_slide = on_slide
        note.subject, note.detail = f"scenario {row.id}", {"on_slide": on_slide}
    return Saved(scenario_id)


def scenarios(session: Session, *, on_slide: bool = False) -> tuple[Scenario, ...]:
    """The saved ones in the order in which they were first saved; with ``on_slide`` those of the slide alone."""
    wanted = select(Scenario).order_by(Scenario.id)
    return tuple(session.scalars(wanted.where(Scenario.on_slide) if on_slide else wanted))


def form_of(row: Scenario) -> ScenarioForm:
    """A saved scenario as a form again. Raises Invalid for one that another version of Tandem wrote."""
    return ScenarioForm(name=row.name, assumptions=checked(Assumptions, row.assumptions), on_slide=row.on_slide)


def content(row: Scenario) -> dict[str, Any]:
    """What the audit keeps of a scenario: enough to save it again."""
    return {"name": row.name, "assumptions": row.assumptions, "on_slide": row.on_slide}


def _named(session: Session, name: str) -> Scenario | None:
    wanted = payee_key(name)
    return next((row for row in session.scalars(select(Scenario)) if payee_key(row.name) == wanted), None)


def _room_on_slide(session: Session, row: Scenario | None) -> None:
    others = select(func.count(Scenario.id)).where(Scenario.on_slide)
    if row is not None:
        others = others.where(Scenario.id != row.id)
    if (session.scalar(others) or 0) >= ON_SLIDE:
        raise Invalid(
            {"on_slide": f"The slide has room for {ON_SLIDE} options and shows {ON_SLIDE}. Take one off it first."}
        )
