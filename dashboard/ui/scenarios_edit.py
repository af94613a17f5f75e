"""The assumptions of one scenario as fields: read on every run, refused in a sentence, saved under a name."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Protocol

import streamlit as st

from dashboard.measures.after import Known, period_name
from dashboard.ui import act, exhibit, forms, session
from db.access import Viewer
from db.commands.drafts import kept_drafts
from db.commands.scenarios import NameTaken, delete_scenario, save_scenario
from db.engine import record_session
from db.errors import Invalid, TandemError
from db.forms import checked
from db.forms.scenarios import PERIODS, Assumptions, ScenarioForm
from db.ledger import payee_key
from db.vocab import counted, label
from db.vocab.money import FundingKind

DRAFT = "after-"
"""A draft's name begins so; then the scenario's key."""
NEW = "new"
WHICH, TAKEN = "after.which", "after.taken"
MOST_POSTS = 8
AMOUNTS = {"other_monthly": "Other costs a month", "one_time": "One-time cost at the start"}


class Saved(Protocol):
    """What the editor needs of a saved scenario."""

    @property
    def form(self) -> ScenarioForm: ...


@dataclass(frozen=True, slots=True)
class Edited:
    """What stands in the fields. ``form``: None while something there is refused."""

    key: str
    form: ScenarioForm | None
    changed: bool


def editor(viewer: Viewer, options: Mapping[str, Saved], found: Known) -> Edited:
    """Choose one, change it, save it. Beside the fields stands what is wrong with them, if anything is."""
    with st.container(border=True, key="after-editor"):
        key = _chosen(viewer, options)
        saved = options[key].form if key in options else ScenarioForm(name="Continue as is", assumptions=found.as_is)
        form = forms.draft(f"{DRAFT}{key}")
        if form.fresh:
            form.begin_with(_as_fields(saved))
        edited, form.errors = _read(key, form, saved, new=key == NEW)
        _said(edited, form)
        left, right = st.columns([5, 6], gap="large")
        with left:
            _costs(form)
        with right:
            _funding(form, found)
        _buttons(viewer, form, edited, saved if key in options else None)
    return edited


def _chosen(viewer: Viewer, options: Mapping[str, Saved]) -> str:
    names = {key: exhibit.plain(option.form.name) for key, option in options.items()} | {NEW: ":material/add: New"}
    wanted = str(session.recall(WHICH) or "") or _newest_draft(viewer, names)
    picked = st.pills(
        "Change the assumptions of",
        list(names),
        format_func=lambda key: names.get(key) or str(key),
        default=wanted if wanted in names else next(iter(names)),
        required=True,
        key=f"after-which-{'-'.join(names)}",
        wrap=True,
    )
    if picked != session.recall(WHICH):
        session.remember(WHICH, picked)
        session.forget(TAKEN)
    return str(picked)


def _newest_draft(viewer: Viewer, names: Mapping[str, str]) -> str:
    """After a reload: where somebody was typing last."""
    with record_session(session.bind(), viewer) as database:
        drafts = [kept.form.removeprefix(DRAFT) for kept in kept_drafts(database, viewer, DRAFT)]
    return next((key for key in drafts if key in names), "")


# --- fields ⇄ assumptions ------------------------------------------------------------------------


def _plain(number: Decimal) -> str:
    return f"{number.normalize():f}"


def _as_fields(saved: ScenarioForm) -> dict[str, Any]:
    a = saved.assumptions
    fields: dict[str, Any] = {
        "name": saved.name,
        "benefits_percent": _plain(a.benefits_percent),
        "other_monthly": f"{a.other_monthly:,.2f}",
        "one_time": f"{a.one_time:,.2f}",
        "rise_percent": _plain(a.rise_percent),
        "hours": a.hours,
    }
    for k, post in enumerate(a.posts):
        fields |= {
            f"post-{k}-name": post.name,
            f"post-{k}-fte": _plain(post.fte),
            f"post-{k}-yearly": f"{post.yearly:,.2f}",
        }
    by_kind = {source.kind: source for source in a.funding}
    for kind in FundingKind:
        source = by_kind.get(kind)
        fields[f"{kind}-counted"] = source.counted if source else True
        fields[f"{kind}-note"] = source.note if source else ""
        for k in range(PERIODS):
            fields[f"{kind}-{k}"] = f"{source.amounts[k]:,.2f}" if source and source.amounts[k] else ""
    return fields


def _values(form: forms.Draft) -> dict[str, Any]:
    """The fields as the form of assumptions takes them. An empty row is no post, an empty amount is nothing.

    A field that a draft left out stands at what its widget begins with: empty, or not ticked.
    """
    now = {name: value for name, (value, _) in form.stands().items()}
    posts = [{part: now.get(f"post-{k}-{part}") or "" for part in ("name", "fte", "yearly")} for k in range(MOST_POSTS)]
    return {
        "posts": [post for post in posts if any(value.strip() for value in post.values())],
        "benefits_percent": now.get("benefits_percent") or "0",
        "other_monthly": now.get("other_monthly") or "0",
        "one_time": now.get("one_time") or "0",
        "rise_percent": now.get("rise_percent") or "0",
        "hours": now.get("hours") or "",
        "funding": [
            {
                "kind": kind,
                "note": now.get(f"{kind}-note") or "",
                "amounts": tuple(now.get(f"{kind}-{k}") or "0" for k in range(PERIODS)),
                "counted": bool(now.get(f"{kind}-counted")),
            }
            for kind in FundingKind
        ],
    }


def _read(key: str, form: forms.Draft, saved: ScenarioForm, *, new: bool) -> tuple[Edited, Mapping[str, str]]:
    """What stands there now, or one sentence for each field that is refused."""
    name = form.stands().get("name", ("", None))[0]
    try:
        assumed = checked(Assumptions, _values(form))
        on_slide = saved.on_slide and payee_key(str(name)) == payee_key(saved.name)  # a copy is not on it
        whole = checked(ScenarioForm, {"name": name, "assumptions": assumed, "on_slide": on_slide})
    except Invalid as error:
        return Edited(key, None, changed=True), error.errors
    return Edited(key, whole, new or _differ(whole, saved)), {}


def _differ(now: ScenarioForm, saved: ScenarioForm) -> bool:
    """Whether something else stands there; a source of which nothing was said is one with nothing in it."""
    return _as_fields(now) != _as_fields(saved)


# --- what is drawn -------------------------------------------------------------------------------


def _said(edited: Edited, form: forms.Draft) -> None:
    if edited.form is None:
        count = len(form.errors)
        st.error(
            f"{counted(count, 'answer needs', 'answers need')} a look, marked below. The figures above are "
            "those from before it; nothing you typed is lost.",
            icon=":material/error:",
        )
        return
    if edited.changed and edited.key != NEW:
        st.markdown(
            ":orange[:material/edit: Unsaved changes.] The figures above are already those of what stands here."
        )
    for doubt in edited.form.assumptions.doubts():
        st.warning(exhibit.plain(doubt), icon=":material/help:")


def _costs(form: forms.Draft) -> None:
    st.markdown("**What it costs**")
    forms.text(form, "name", "Name", help="Saved under another name it is a copy; the one you began with stays.")
    filled = [
        k for k in range(MOST_POSTS) if any(_stands(form, f"post-{k}-{part}") for part in ("name", "fte", "yearly"))
    ]
    for k in range(min(max(filled, default=-1) + 2, MOST_POSTS)):
        _post(form, k, is_new=k not in filled)
    form.wrong("posts")
    with st.grid(2, min_column_width=150, gap="small", key="after-rates"):
        forms.text(form, "benefits_percent", "Benefits, % of the posts")
        for name, title in AMOUNTS.items():
            forms.text(form, name, title, icon=":material/attach_money:")
        forms.text(form, "rise_percent", "Yearly increase, %", help="From the second whole fiscal year on.")
    forms.text(
        form,
        "hours",
        "Hours with somebody on shift",
        placeholder="Mon–Fri 9–17; Sat 10–14",
        help="As people write them. Empty: nobody is on shift.",
    )


def _post(form: forms.Draft, k: int, *, is_new: bool) -> None:
    visible = "visible" if k == 0 else "collapsed"
    empty = "Another post" if is_new else ""
    with st.container(horizontal=True, gap="xsmall", wrap=False):
        st.text_input("Post", key=form.key(f"post-{k}-name"), placeholder=empty, label_visibility=visible)
        st.text_input("FTE", key=form.key(f"post-{k}-fte"), label_visibility=visible, width=70)
        st.text_input("$ a year, full time", key=form.key(f"post-{k}-yearly"), label_visibility=visible, width=130)


def _stands(form: forms.Draft, name: str) -> str:
    return str(session.fields({name: form.key(name)}).get(name, ("", None))[0] or "").strip()


def _funding(form: forms.Draft, found: Known) -> None:
    """Each kind of source with an amount for each fiscal year; one that is not counted keeps its amounts."""
    st.markdown("**Who would pay**")
    shown = [k for k, period in enumerate(found.basis.periods) if period.months]
    for kind in FundingKind:
        with st.container(horizontal=True, gap="small", vertical_alignment="center"):
            st.checkbox(f"Count: {label(kind)}", key=form.key(f"{kind}-counted"), width="content")
            st.text_input(
                f"Which one ({label(kind)})",
                key=form.key(f"{kind}-note"),
                placeholder="Which one, if you like",
                label_visibility="collapsed",
                max_chars=60,
                width="stretch",
            )
        with st.grid(len(shown), min_column_width=130, gap="xsmall", key=f"after-fund-{kind}"):
            for k in shown:
                title = period_name(found.basis.periods[k])
                st.text_input(title, key=form.key(f"{kind}-{k}"), placeholder="0.00")
    form.wrong("funding")


# --- save, discard, delete -----------------------------------------------------------------------


def _buttons(viewer: Viewer, form: forms.Draft, edited: Edited, saved: ScenarioForm | None) -> None:
    taken = session.recall(TAKEN)
    if isinstance(taken, NameTaken) and edited.form is not None:
        st.warning(exhibit.plain(str(taken)), icon=":material/help:")
        with st.container(horizontal=True):
            if st.button(f"Replace “{exhibit.plain(taken.name)}”", type="primary", key="after-replace"):
                _save(viewer, form, edited.form, taken)
            if st.button("Do not replace it", key="after-keep"):
                session.forget(TAKEN)
                st.rerun()
        return
    with st.container(horizontal=True):
        if st.button(
            "Save", icon=":material/check:", type="primary", disabled=edited.form is None, key="after-save"
        ) and (edited.form is not None):
            _save(viewer, form, edited.form, None)
        if edited.changed and saved is not None:
            st.button("Discard changes", icon=":material/undo:", on_click=form.start_over, key="after-discard")
        if saved is not None:
            _delete(viewer, form, edited.key, saved)


def _save(viewer: Viewer, form: forms.Draft, whole: ScenarioForm, taken: NameTaken | None) -> None:
    try:
        with record_session(session.bind(), viewer) as database:
            done = save_scenario(database, viewer, whole, taken.saved_at if taken else None)
    except NameTaken as error:
        session.remember(TAKEN, error)
        st.rerun()
    except TandemError as error:
        st.error(f"Not saved. {exhibit.plain(str(error))} Nothing you typed is lost.", icon=":material/error:")
        return
    form.start_over()
    session.forget(TAKEN)
    session.remember(WHICH, str(done.id))
    st.toast(f"“{exhibit.plain(whole.name)}” is saved.", icon=":material/check:")
    st.rerun()


def _delete(viewer: Viewer, form: forms.Draft, key: str, saved: ScenarioForm) -> None:
    with st.popover("Delete", icon=":material/delete:"):
        st.markdown(f"Delete **{exhibit.plain(saved.name)}**? Its assumptions stay in the audit, and it can be undone.")
        if st.button("Delete it", key=f"after-delete-{key}", type="primary"):
            form.start_over()
            session.forget(WHICH)
            act.run(
                viewer,
                "after",
                lambda database: delete_scenario(database, viewer, int(key)),
                f"“{saved.name}” is deleted.",
                lambda gone: lambda database, who: save_scenario(database, who, gone),
            )
