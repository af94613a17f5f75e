"""The first write of a real pilot: pilot, grant, budget, targets, the frozen plan of analysis, one administrator."""

from sqlalchemy.orm import Session

from db import passwords
from db.access import Permission, Viewer
from db.cad.rules import install_default_rules
from db.commands.base import write
from db.commands.signin import unacceptable
from db.errors import Conflict, Invalid
from db.forms import Now, checked
from db.forms.setup import PilotForm
from db.forms.users import NewUser
from db.models import BudgetLine, EffectPlan, Grant, Pilot, Target, User
from db.settings import wall_clock
from db.vocab import Role, Scope


def create_pilot(session: Session, viewer: Viewer, form: PilotForm, administrator: User) -> tuple[str, ...]:
    """Store a pilot in a database that holds none, and its first administrator; return what should be said.

    ``session`` is an aggregate session: nobody can be signed in yet. ``administrator`` comes from
    :func:`first_administrator`. The plan of analysis (90 days, the target, verdicts after 6, 9 and 12 months)
    is frozen now; after the pilot's first day that is said, and stands in the plan.
    Raises Invalid with each broken rule, Conflict where there is a pilot already.
    """
    now = Now(viewer.now, form.time_zone, form.starts_on)
    with write(session, viewer, Permission.manage_setup, "set up pilot", Scope.setup, Scope.money) as note:
        form.check(now)
        refuse_second(session)
        session.add(_pilot(form))
        session.add(_grant(form))
        session.add_all(
            BudgetLine(name=name, amount=amount, position=k) for k, (name, amount) in enumerate(form.lines, start=1)
        )
        session.add_all(Target(measure=key, value=value, by_date=form.ends_on) for key, value in form.targets)
        session.add(
            EffectPlan(
                frozen_at=viewer.now,
                target_ratio=round(1 - form.fall_percent / 100, 4),
                reason=form.frozen_late(now.today) if now.today >= form.starts_on else None,
            )
        )
        install_default_rules(session)
        session.add(administrator)
        note.subject = "pilot 1"
        note.detail = {"administrator": administrator.username}
    return tuple(form.doubts(now))


def refuse_second(session: Session) -> None:
    """Raise Conflict if the database holds a pilot."""
    if there := session.get(Pilot, 1):
        raise Conflict(
            f"This database holds the pilot “{there.name}” already. Nothing was changed. "
            "For another one set DATABASE_URL or TANDEM_HOME to an empty place."
        )


def first_administrator(username: str, name: str, password: str, city: str) -> User:
    """The account that can make all others. Raises Invalid, in a sentence, for a name or password that will not do."""
    form = checked(NewUser, {"username": username, "name": name, "role": Role.admin, "password": password})
    known = (form.username, *form.name.split(), city)
    if objection := unacceptable(Pilot(is_demo=False), password, known):
        raise Invalid({"password": objection})
    now = wall_clock()
    return User(
        username=form.username,
        name=form.name,
        role=form.role,
        password_hash=passwords.hashed(password),
        created_at=now,
        password_set_at=now,
    )


def _pilot(form: PilotForm) -> Pilot:
    return Pilot(
        name=form.name,
        city=form.city,
        starts_on=form.starts_on,
        ends_on=form.ends_on,
        baseline_starts_on=form.baseline_starts_on,
        time_zone=form.time_zone,
        population=form.population,
        is_demo=False,
        settings={"officer_shifts_per_week": form.officer_shifts_per_week} if form.officer_shifts_per_week else {},
    )


def _grant(form: PilotForm) -> Grant:
    return Grant(
        name=form.grant_name,
        amount=form.amount,
        awarded_on=form.awarded_on,
        obligate_by=form.obligate_by,
        expend_by=form.expend_by,
        retain_until=form.retain_until,
    )
