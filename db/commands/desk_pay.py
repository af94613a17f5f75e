"""Whether the desk sees the budget lines that pay people: finance or an administrator says so, and it is recorded."""

from sqlalchemy.orm import Session

from db.access import Permission, Viewer
from db.commands.base import write
from db.errors import Conflict
from db.pilot import DESK_SEES_PAY, the_pilot
from db.vocab import Scope


def show_pay_to_desk(session: Session, viewer: Viewer, shown: bool) -> None:
    """Show those lines to clinician and social worker, or hide them again. Conflict where it says so already.

    Needs ``write_money`` or ``manage_setup``; raises Forbidden without either.
    """
    permission = Permission.manage_setup if viewer.may(Permission.manage_setup) else Permission.write_money
    action = "show pay lines to the desk" if shown else "hide pay lines from the desk"
    with write(session, viewer, permission, action, Scope.setup, Scope.money) as note:
        pilot = the_pilot(session)
        if bool(pilot.settings.get(DESK_SEES_PAY)) is shown:
            raise Conflict(f"The desk {'sees' if shown else 'does not see'} these lines already. Nothing was changed.")
        pilot.settings = {**pilot.settings, DESK_SEES_PAY: shown}
        note.subject = f"pilot {pilot.id}"
        note.detail = {DESK_SEES_PAY: shown}
