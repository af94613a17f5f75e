"""Who lives together, and what each of them is there."""

from collections.abc import Sequence
from functools import partial

import streamlit as st
from sqlalchemy.orm import Session

from dashboard.ui import forms, session
from dashboard.ui.exhibit import plain
from dashboard.ui.people_parts import do, done, link
from db.access import Viewer
from db.commands.care import Member, add_member, household_of, leave_household, set_roles
from db.commands.desk import Saved
from db.commands.people import everyone
from db.engine import record_session
from db.forms import checked
from db.forms.people import MemberForm
from db.models import Person
from db.vocab import label
from db.vocab.family import HouseholdRole


def glance(who: Viewer, person: Person) -> None:
    """The household in a few words, where there is one."""
    others = [m for m in _members(who, person) if m.person_id != person.id]
    if others:
        st.markdown("**Household**")
    for member in others:
        link(member.code, _told(member))


def show(who: Viewer, person: Person) -> None:
    """Everybody of the household with their roles; adding somebody."""
    members = _members(who, person)
    if len(members) < 2:
        st.info(
            "Nobody is known to live with this person. Behind every person is a family: add the first one below.",
            icon=":material/family_restroom:",
        )
    for member in members if len(members) > 1 else ():
        with st.container(border=True, horizontal=True, vertical_alignment="center"):
            if member.person_id == person.id:
                st.markdown(f"**{_told(member)}**", width="stretch")
            else:
                link(member.code, _told(member))
            _change(who, member)
    st.subheader("Add somebody", anchor=False)
    _add(who, person, members)


def _members(who: Viewer, person: Person) -> list[Member]:
    with record_session(session.bind(), who) as database:
        return household_of(database, person.id)


def _told(member: Member) -> str:
    roles = ", ".join(label(role).lower() for role in member.roles)
    return f"{member.code} · {plain(member.name)}" + (f" · {roles}" if roles else "")


def _change(who: Viewer, member: Member) -> None:
    key = f"{member.household_id}-{member.person_id}"
    with st.popover("Change", icon=":material/edit:"):
        roles = st.pills(
            "What they are in the household",
            list(HouseholdRole),
            default=list(member.roles),
            selection_mode="multi",
            format_func=label,
            key=f"roles-{key}-{len(member.roles)}",
            wrap=True,
        )
        if st.button("Save", key=f"save-roles-{key}", type="primary", width="stretch"):
            do(who, partial(_set, who, member, frozenset(roles)))
        if st.button("Does not live there any more", key=f"leave-{key}", width="stretch"):
            do(who, partial(_leave, who, member))


def _set(who: Viewer, member: Member, roles: frozenset[HouseholdRole], database: Session) -> Saved:
    return set_roles(database, who, member.household_id, member.person_id, roles)


def _leave(who: Viewer, member: Member, database: Session) -> Saved:
    return leave_household(database, who, member.household_id, member.person_id)


def _add(who: Viewer, person: Person, members: Sequence[Member]) -> None:
    form = forms.draft(f"household-{person.code}")
    there = {member.person_id for member in members} | {person.id}
    with record_session(session.bind(), who) as database:
        people = [known for known in everyone(database) if known.id not in there]
    picked = forms.person(form, who, people, "Who lives there")
    values = {
        "person_id": person.id,
        "member_id": picked.person_id,
        "new_person": picked.new_person,
        "roles": forms.choices(form, "roles", "What they are there", HouseholdRole),
    }
    if len(members) < 2:
        values["own_roles"] = forms.choices(form, "own_roles", f"What {person.code} is there", HouseholdRole)

    def save() -> Saved:
        new = checked(MemberForm, values)
        with record_session(session.bind(), who) as database:
            return add_member(database, who, new)

    forms.save_button(form, "Add to the household", save, partial(done, toast="Added"), icon=":material/person_add:")
