"""People: find one, see everything about one, put right what is twice."""

from dashboard.ui import live, people, people_record, session
from db.access import Permission
from db.vocab import Scope

session.require(Permission.see_people)
people.hold_address()


@live.fragment(Scope.work)
def shown() -> None:
    """The person of the address, else the search; drawn anew when the desk saves."""
    who = session.require(Permission.see_people)
    person = people.opened(who)
    if person is None:
        people.find(who)
    else:
        people_record.show(who, person)


shown()
