"""The directory: who can help with what, kept right row by row, in and out as CSV."""

from dashboard.ui import directory, directory_files, live, session
from db.access import Permission
from db.vocab import Scope

session.require(Permission.log_work)


@live.fragment(Scope.work)
def page() -> None:
    """Drawn anew when somebody changes a row."""
    who = session.require(Permission.log_work)
    if directory.one_is_open(who):
        return
    directory.show(who)
    directory_files.show(who)


page()
