"""The council's meeting: prepare an edition, check and arrange it, approve it, open it, answer what was asked."""

from dashboard.ui import live, present, present_prepare, session
from db.access import Permission
from db.vocab import Scope

viewer = session.require(Permission.present, Permission.prepare_meeting)
present.heading(viewer)
if viewer.may(Permission.prepare_meeting):
    present_prepare.show(viewer)


@live.fragment(Scope.meetings)
def meeting() -> None:
    """Drawn again by itself when somebody arranges, approves or asks."""
    present.show(session.require(Permission.present, Permission.prepare_meeting))


meeting()
