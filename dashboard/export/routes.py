"""Routes of the server that hand out files of a meeting. Who asks is told by the session cookie."""

import asyncio
from collections.abc import Callable
from functools import lru_cache

from sqlalchemy import Engine
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from dashboard import deck
from dashboard.export import html
from dashboard.leaf import Leaf, Material
from dashboard.measures.compute import pilot_to_date
from db import access, engine, settings
from db.commands.base import audit
from db.commands.signin import Seat
from db.engine import data_version, record_session
from db.models import Pilot
from db.pilot import the_pilot
from db.vocab import Lang

DECK = "/deck"


def routes(seat_of: Callable[[Request], Seat | None]) -> list[BaseRoute]:
    """``seat_of`` reads the session cookie of a request and asks the database whether it lives."""

    async def show_deck(request: Request) -> Response:
        """GET: the public deck as one page. Asks for sign-in where there is none; 403 for other roles."""
        return await asyncio.to_thread(_deck, request, seat_of)

    return [Route(DECK, show_deck, methods=["GET"])]


def _deck(request: Request, seat_of: Callable[[Request], Seat | None]) -> Response:
    found = signed_in(request, seat_of)
    if found is None:
        return RedirectResponse("/present", status_code=303)
    bind, pilot, viewer = found
    permitted = viewer.may(access.Permission.present)
    with record_session(bind, viewer) as session:
        audit(session, viewer, "open deck", DECK, "done" if permitted else "refused")
    if not permitted:
        return PlainTextResponse("Presenting is not part of your role.", status_code=403)
    lang: Lang = "es" if request.query_params.get("lang") == "es" else "en"
    page, policy = _page(bind, viewer, pilot, lang)
    headers = {"content-security-policy": policy, "cache-control": "no-store"}
    if request.query_params.get("file") is not None:
        headers["content-disposition"] = f'attachment; filename="deck-{viewer.today.isoformat()}.html"'
    return Response(page, media_type="text/html; charset=utf-8", headers=headers)


def signed_in(
    request: Request, seat_of: Callable[[Request], Seat | None]
) -> tuple[Engine, Pilot, access.Viewer] | None:
    """The database, its pilot and whoever the session cookie of ``request`` belongs to. None: to be signed in first."""
    seat = seat_of(request)
    if seat is None or seat.user.must_change:
        return None
    bind = engine.engine()
    with record_session(bind, None) as session:
        pilot = the_pilot(session)
    user, clock = seat.user, settings.load()
    viewer = access.viewer_for(
        user.role,
        name=user.username,
        now=clock.now(),
        today=clock.today(pilot.time_zone),
        user_id=user.id,
        staff_id=user.staff_id,
        address=request.client.host if request.client else "",
    )
    return bind, pilot, viewer


class _Asked:
    """What a cached page depends on; the viewer is not part of it, for all who may present see the same."""

    def __init__(self, bind: Engine, viewer: access.Viewer, pilot: Pilot) -> None:
        self.bind, self.viewer, self.pilot = bind, viewer, pilot
        self.state = (str(bind.url), viewer.today, tuple(sorted(data_version(bind).items())))

    def __hash__(self) -> int:
        return hash(self.state)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Asked) and self.state == other.state


def _page(bind: Engine, viewer: access.Viewer, pilot: Pilot, lang: Lang) -> tuple[str, str]:
    return _made(_Asked(bind, viewer, pilot), lang)


@lru_cache(maxsize=4)
def _made(asked: _Asked, lang: Lang) -> tuple[str, str]:
    filters = pilot_to_date(asked.pilot, asked.viewer.today)
    material = Material(deck.computed(asked.bind, asked.viewer, filters))
    decks: dict[Lang, tuple[Leaf, ...]] = {each: deck.leaves(material, each) for each in deck.LANGS}
    page = html.page(decks, title=asked.pilot.name, lang=lang)
    return page, html.policy(page)
