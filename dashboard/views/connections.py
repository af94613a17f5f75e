"""Connections: what waits on a provider, one connection with its ladder, a new one from a need."""

from dashboard.ui import connection_new, connections, live, session
from db.access import Permission
from db.vocab import Scope

session.require(Permission.log_work)


@live.fragment(Scope.work)
def page() -> None:
    """Drawn anew when somebody, or a provider through a link, says how it went."""
    who = session.require(Permission.log_work)
    if connection_new.asked():
        connection_new.show(who)
        return
    connections.show(who)


page()
