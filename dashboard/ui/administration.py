"""The administrator's screens in parts: the accounts and what can be done to one, and the audit trail."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import streamlit as st

from dashboard.ui import forms, session
from db.access import Permission, Viewer
from db.commands import users
from db.commands.users import Listed
from db.engine import record_session
from db.errors import TandemError
from db.forms import checked, clock
from db.forms.users import NewUser
from db.models import User
from db.vocab import Role, label

PER_PAGE = 20
_COLORS = {"active": "green", "disabled": "gray", "locked": "red", "must change password": "orange"}


@dataclass(frozen=True, slots=True)
class _Asked:
    """What the open dialog is about; ``code`` is set once, after it was made."""

    action: str
    username: str
    name: str
    role: Role | None = None
    code: str | None = None


@dataclass(frozen=True, slots=True)
class _Action:
    """One thing to do to an account: its button, the question before it, and the command."""

    button: str
    question: str
    run: Callable[..., object]


_ACTIONS = {
    "disable": _Action(
        "Disable",
        "{name} cannot sign in any more, and every open session of this account ends now. Nothing is deleted.",
        lambda s, v, asked: users.set_active(s, v, asked.username, False),
    ),
    "enable": _Action(
        "Enable",
        "{name} can sign in again, with the password of before.",
        lambda s, v, asked: users.set_active(s, v, asked.username, True),
    ),
    "unlock": _Action(
        "Unlock",
        "Release this account. Make sure first that the failed tries were {name}'s own.",
        lambda s, v, asked: users.unlock(s, v, asked.username),
    ),
    "reset": _Action(
        "Reset password",
        "The present password of {name} stops working, every open session ends, and you get a code to hand over.",
        lambda s, v, asked: users.reset_password(s, v, asked.username),
    ),
    "role": _Action(
        "Set role",
        "{name} becomes {role}. Every open session of this account ends now.",
        lambda s, v, asked: users.set_role(s, v, asked.username, asked.role),
    ),
    "factor": _Action(
        "Reset second factor",
        "The telephone of {name} is forgotten, and the next sign-in enrols a new one. Every open session ends.",
        lambda s, v, asked: users.reset_second_factor(s, v, asked.username),
    ),
}


def add_user(who: Viewer) -> None:
    """The form for a new account; afterwards its one-time code is shown, this once."""
    form = forms.draft("new-user")
    with st.expander("Add a user", icon=":material/person_add:", expanded=bool(form.errors)):
        one, two = st.columns(2)
        with one:
            name = st.text_input("Name", key=form.key("name"), max_chars=80)
            form.wrong("name")
            username = st.text_input("Username", key=form.key("username"), max_chars=40, autocomplete="off")
            form.wrong("username")
        with two:
            role = forms.select(form, "role", "Role", Role)
            email = st.text_input("E-mail (optional)", key=form.key("email"), max_chars=120)
            form.wrong("email")
        if st.button("Add the user", type="primary", key=form.key("save")):
            _add(who, form, {"name": name, "username": username, "role": role, "email": email})
        if form.errors.get(""):
            st.error(form.errors[""], icon=":material/error:")


def _add(who: Viewer, form: forms.Draft, values: dict[str, object]) -> None:
    try:
        with record_session(session.bind(), who) as database:
            user, code = users.add(database, who, checked(NewUser, values))
    except TandemError as error:
        form.refuse(error)
    else:
        form.start_over()
        session.remember("asked", _Asked("added", user.username, user.name, user.role, code))
    st.rerun()


def user_list(who: Viewer) -> None:
    """All accounts, searchable, a page at a time; each with its menu of actions."""
    with record_session(session.bind(), who) as database:
        everybody = users.list_users(database, who)
    search, states = st.columns([2, 3], vertical_alignment="bottom")
    typed = search.text_input(
        "Search", placeholder="Name, username or role", icon=":material/search:", key="users-search"
    )
    wanted = typed.strip().lower()
    kept = states.pills("State", list(_COLORS), format_func=str.capitalize, selection_mode="multi")
    found = [entry for entry in everybody if _matches(entry, wanted) and (not kept or entry.state in kept)]
    st.caption(f"{len(found)} of {len(everybody)} accounts")
    pages = max(1, -(-len(found) // PER_PAGE))
    page = st.pagination(pages, key=f"users-{wanted}-{'-'.join(kept)}") if pages > 1 else 1
    zone = session.pilot().time_zone
    for entry in found[(page - 1) * PER_PAGE : page * PER_PAGE]:
        _row(entry, zone)
    if not found:
        st.info("No account fits. Clear the search, or add a user above.", icon=":material/search_off:")


def _row(entry: Listed, zone: str) -> None:
    user = entry.user
    with st.container(border=True), st.container(horizontal=True, vertical_alignment="center"):
        with st.container(gap=None, width="stretch"):
            st.markdown(f"**{_plain(user.name)}** · {label(user.role)}")
            last = f"last sign-in {clock(user.last_sign_in_at, zone)}" if user.last_sign_in_at else "never signed in"
            st.caption(f"{user.username} · {last}")
        st.badge(entry.state.capitalize(), color=_COLORS[entry.state])  # pyright: ignore[reportArgumentType]
        with st.popover("Manage", key=f"manage-{user.id}-{session.recall('asks', 0)}"):
            _actions(user, entry.state)


def _actions(user: User, state: str) -> None:
    asked = _Asked("", user.username, user.name)
    offered = ["disable" if user.active else "enable", "reset"]
    if state == "locked":
        offered.insert(0, "unlock")
    if user.totp_secret:
        offered.append("factor")
    for action in offered:
        if st.button(_ACTIONS[action].button, key=f"{action}-{user.id}", width="stretch"):
            _ask(replace(asked, action=action))
    email = st.text_input("E-mail for notices", user.email or "", max_chars=120, key=f"new-email-{user.id}")
    if st.button("Set e-mail", key=f"email-{user.id}", width="stretch", disabled=email.strip() == (user.email or "")):
        _set_email(user.username, email)
    role = st.selectbox("Role", list(Role), list(Role).index(user.role), format_func=label, key=f"new-role-{user.id}")
    if st.button("Set role", key=f"role-{user.id}", width="stretch", disabled=role is user.role):
        _ask(replace(asked, action="role", role=role))


def _set_email(username: str, email: str) -> None:
    try:
        who = session.require(Permission.manage_users)
        with record_session(session.bind(), who) as database:
            users.set_email(database, who, username, email)
    except TandemError as error:
        st.error(str(error), icon=":material/error:")
        return
    st.rerun()


def _ask(asked: _Asked) -> None:
    session.remember("asked", asked)
    session.remember("asks", hash(asked))  # a new key for the popovers: the open one closes behind the question
    st.rerun()


def dialogs(who: Viewer) -> None:
    """The question before an action, or the code after one. Dismissing forgets it: a code is shown once."""
    asked = session.recall("asked")
    if not isinstance(asked, _Asked):
        return
    if asked.code is not None or asked.action == "added":
        st.dialog("One-time code", dismissible=False)(_show_code)(asked)
    else:
        title = _ACTIONS[asked.action].button
        st.dialog(f"{title}?", on_dismiss=lambda: session.forget("asked"))(_confirm)(who, asked)


def _confirm(who: Viewer, asked: _Asked) -> None:
    action = _ACTIONS[asked.action]
    st.write(action.question.format(name=asked.name, role=label(asked.role) if asked.role else ""))
    with st.container(horizontal=True):
        sure = st.button(action.button, type="primary", key="sure")
        if st.button("Cancel", key="cancel"):
            session.forget("asked")
            st.rerun()
    if not sure:
        return
    try:
        with record_session(session.bind(), who) as database:
            made = action.run(database, who, asked)
    except TandemError as error:
        st.error(str(error), icon=":material/error:")
        return
    session.forget("asked")
    if isinstance(made, str):
        session.remember("asked", replace(asked, code=made))
    else:
        st.toast(f"{action.button}: {asked.name}. Done.", icon=":material/check:")
    st.rerun()


def _show_code(asked: _Asked) -> None:
    st.write(f"Hand this code to **{_plain(asked.name)}** (username **{_plain(asked.username)}**), not by e-mail.")
    st.code(asked.code, language=None)
    st.write("It works once within 72 hours and has to be changed at the sign-in. It is not shown again.")
    if st.button("I have noted it", type="primary", key="noted"):
        session.forget("asked")
        st.rerun()


def _matches(entry: Listed, wanted: str) -> bool:
    user = entry.user
    return wanted in f"{user.username} {user.name} {label(user.role)}".lower()


def _plain(text: str) -> str:
    """A name as it is written, whatever Markdown it holds."""
    return "".join(f"\\{c}" if c in r"\`*_{}[]()#+-.!|<>~$:" else c for c in text)
