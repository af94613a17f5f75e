"""Export: what a page shows now, or an edition, as any kind of file; made in the background, then downloaded."""

from collections.abc import Callable, Mapping, Sequence
from functools import cache

import streamlit as st

from dashboard import selection
from dashboard.document import Document
from dashboard.export.formats import FORMATS, Format
from dashboard.model import Audience, Filters, Result
from dashboard.ui import data, jobs, session
from dashboard.ui.exhibit import plain
from db.access import Viewer
from db.commands.base import audit
from db.engine import record_session
from db.errors import TandemError
from db.vocab import LANGUAGES, Lang

EVERY = 1
"""Seconds between two looks at a file that is being made; nobody looks when none is."""


def button(
    viewer: Viewer,
    name: str,
    title: str,
    results: Callable[[], Mapping[str, Result]],
    filters: Filters,
    audience: Audience = Audience.internal,
    also: str = "",
) -> None:
    """The popover “Export” of a page. Nothing is made before a file is asked for.

    ``name``: of the page in addresses and files. ``results``: what the page shows, in its order; asked for only
    when the popover is open. ``also``: what was chosen beside the period, in words.
    """
    opened = st.popover("Export", icon=":material/ios_share:", width="content", key=f"export-{name}", on_change="rerun")
    if not opened.open:
        return
    with opened:
        found = results()
        if not found:
            st.caption("This page shows no figure that could be exported.")
            return
        made = selection.document(viewer, session.pilot(), name, title, found, filters, audience, also)
        st.markdown(f"**What this page shows now**  \n{plain(made.chosen['en'])}")
        if audience is Audience.internal:
            st.caption("Internal figures: small counts are shown. Every page of the file says so.")
        formats(viewer, name, lambda: made, str(sorted(data.versions().items())))


def formats(
    viewer: Viewer, name: str, document: Callable[[], Document], state: str = "", langs: Sequence[Lang] = ("en",)
) -> None:
    """A button for each kind of file, and the file being made, with its progress, or ready to be taken.

    ``document`` is called once in a run, ``langs``: those it has. ``state``: changes when the figures do.
    """
    lang = langs[0]
    if len(langs) > 1:
        chosen = st.segmented_control(
            "Language", langs, default=lang, required=True, key=f"export-lang-{name}", format_func=LANGUAGES.__getitem__
        )
        lang = "es" if chosen == "es" else "en"
    made = document()
    mark = f"{made.name} {made.title} {made.stamp(lang)} {lang}"
    _job(name, mark, state)
    for each in FORMATS.values():
        if not each.refuses(made):
            _choice(viewer, name, each, made, lang, (mark, state))


def _choice(viewer: Viewer, name: str, each: Format, made: Document, lang: Lang, mark: tuple[str, str]) -> None:
    lacking = _lacking(each.key)
    running = _current(name, mark[0])
    busy = running is not None and not running.over
    if st.button(
        each.label,
        key=f"export-{name}-{each.key}",
        disabled=bool(lacking) or busy,
        width="stretch",
        icon=":material/draft:",
    ):
        _start(viewer, name, each, made, lang, mark)
    if lacking:
        st.caption(plain(lacking))


@cache
def _lacking(key: str) -> str:
    """What this machine lacks for a format: it does not change while the server runs."""
    return FORMATS[key].missing()


def _start(viewer: Viewer, name: str, each: Format, made: Document, lang: Lang, mark: tuple[str, str]) -> None:
    bind, ending = session.bind(), f"-{lang}" if each.languages and len(made.decks) > 1 else ""

    def taken() -> None:
        with record_session(bind, viewer) as database:
            audit(database, viewer, "export", name, page=name, format=each.key, audience=made.audience.value)

    try:
        job = jobs.start(made, each, lang, f"{made.name}{ending}.{each.ending}", *mark, taken)
    except TandemError as error:
        st.error(plain(str(error)))
        return
    session.remember(_key(name), job)
    st.rerun()


def _key(name: str) -> str:
    return f"export.{name}"


def _current(name: str, mark: str) -> jobs.Job | None:
    """The file that was asked for last, as long as the page shows what it was asked of."""
    job = session.recall(_key(name))
    if not isinstance(job, jobs.Job):
        return None
    if job.mark != mark:
        job.cancel()
        session.forget(_key(name))
        return None
    return job


def _job(name: str, mark: str, state: str) -> None:
    job = _current(name, mark)
    if job is None:
        return
    if not job.over:
        st.fragment(run_every=EVERY)(_progress)(name, job)
        return
    if (file := job.file) is not None:
        st.download_button(
            f"Download {job.name}",
            file,
            file_name=job.name,
            mime=job.format.media_type,
            icon=":material/download:",
            type="primary",
            on_click="ignore",
            width="stretch",
            key=f"export-{name}-download",
        )
        older = " The figures have moved since: make it anew for those of now." if job.state != state else ""
        size = f"{len(file) / 1e6:.1f} MB" if len(file) >= 1e5 else f"{max(1, round(len(file) / 1e3))} kB"
        st.caption(f"{size}, made in {max(1, round(job.seconds))} s.{older}")
    elif job.error.startswith("Cancelled"):
        st.caption(job.error)
    else:
        st.error(plain(job.error), icon=":material/error:")


def _progress(name: str, job: jobs.Job) -> None:
    """How far it is; drawn anew each second by itself, and the page with it when it is done."""
    if job.over:
        session.not_by_the_user()
        st.rerun()
    said = "Waiting for other files" if not job.began else f"Writing, {round(job.seconds)} s"
    if job.began and job.slides:
        said += f", slide {job.reached} of {job.slides}"
    st.progress(job.share, text=f"{job.format.label}: {said}")
    st.button("Cancel", key=f"export-{name}-cancel", icon=":material/close:", width="stretch", on_click=job.cancel)
