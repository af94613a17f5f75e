"""The council's link: opens one edition for whoever holds it, without a sign-in, a cookie or a session.

Whatever is wrong with a link (unknown, expired, revoked) reads the same; a withdrawn edition says that it was.
"""

import asyncio
from html import escape

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from dashboard import provider_page
from dashboard.export import html
from dashboard.export.routes import MEETING, answer, built, withdrawn
from dashboard.provider_page import LONGEST_TOKEN, Limiter
from db import engine, settings
from db.commands.edition_links import follow, link_viewer
from db.engine import aggregate_session
from db.errors import TandemError
from db.models import Pilot
from db.vocab import Lang, text

LINK = MEETING + "/link/"


def routes(limiter: Limiter | None = None) -> list[BaseRoute]:
    """``/meeting/link/<token>``: GET."""
    guard = limiter or Limiter()

    async def page(request: Request) -> Response:
        address = request.client.host if request.client else ""
        lang = provider_page.language(request)
        if not guard.lets(address):
            return _told(lang, "link_slow", 429, {"retry-after": "300"})
        token = str(request.path_params["token"])
        shown = None
        if len(token) <= LONGEST_TOKEN:
            shown = await asyncio.to_thread(_open, token, address, lang)
        if shown is None:
            guard.missed(address)
            return _told(lang, "link_gone", 404)
        return shown

    return [Route(LINK + "{token:path}", page, methods=["GET"])]


def link_address(token: str) -> str:
    """The whole address of a link, or its path where this installation has not been told its own address."""
    return f"{settings.load().public_url or ''}{LINK}{token}"


def _open(token: str, address: str, lang: Lang) -> Response | None:
    """One opening; None for a link that does not work."""
    bind = engine.engine()
    with aggregate_session(bind) as session:
        pilot, clock = session.get(Pilot, 1), settings.load()
        if pilot is None:
            return None
        row = follow(session, link_viewer(address, clock.now(), clock.today(pilot.time_zone)), token)
        if row is None:
            return None
        if row.withdrawn_at is not None:
            return _message(withdrawn(row, lang), text("stage.withdrawn_title", lang, number=row.number), lang, 410)
        try:
            return answer(built(bind, row, lang, html.LINK), {"x-robots-tag": "noindex, nofollow"})
        except TandemError as error:  # its figures were altered: nothing of it is shown
            return _message(str(error), row.title, lang, 409)


def _told(lang: Lang, key: str, status: int, more: dict[str, str] | None = None) -> Response:
    return _message(text(f"stage.{key}", lang), text(f"stage.{key}_title", lang), lang, status, more)


def _message(said: str, title: str, lang: Lang, status: int, more: dict[str, str] | None = None) -> Response:
    page = provider_page.whole(f"<h1>{escape(title)}</h1><p>{escape(said)}</p>", title, lang, "")
    return provider_page.answer(page, lang, status, more)
