"""Routes of a meeting for who is signed in: the edition's deck, its file, and what members ask. The cookie says who."""

import asyncio
import hashlib
import json
from collections import OrderedDict
from collections.abc import Callable, Mapping
from threading import Lock
from typing import Any

from sqlalchemy import Engine
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from dashboard import edition as editions_above
from dashboard import words
from dashboard.export import html
from db import access, engine, settings
from db.access import Permission, Viewer
from db.commands import editions, questions
from db.commands.base import audit
from db.commands.signin import Seat
from db.engine import record_session
from db.errors import NotFound, TandemError
from db.models import Edition, Pilot
from db.pilot import the_pilot
from db.vocab import Lang, text

MEETING = "/meeting"
DECK = "/deck"
"""Where the slides were before there were editions: leads to the meeting."""
LARGEST_BODY = 400_000
KEPT = 12
SeatOf = Callable[[Request], Seat | None]


def routes(seat_of: SeatOf, same_origin: Callable[[Request], bool]) -> list[BaseRoute]:
    """``seat_of`` reads the session cookie of a request and asks the database whether it lives."""

    async def newest(request: Request) -> Response:
        """GET: leads to the newest edition in force."""
        return await asyncio.to_thread(_newest, request, seat_of)

    async def show(request: Request) -> Response:
        """GET [?lang=es][&file=1]: the deck of one edition, or its file. 403 for roles that do not present."""
        return await asyncio.to_thread(_show, request, seat_of)

    async def take(request: Request) -> Response:
        """POST {"questions": […]} from our own page: what became of each, by its send key."""
        if not same_origin(request):
            return _told({"error": "This was not sent from Tandem's own page. Nothing was stored."}, 403)
        items = await _items(request)
        if items is None:
            return _told({"error": "This is not a list of questions. Nothing was stored."}, 400)
        return await asyncio.to_thread(_take, request, items, seat_of)

    return [
        Route(DECK, newest, methods=["GET"]),
        Route(MEETING, newest, methods=["GET"]),
        Route(MEETING + "/{number}", show, methods=["GET"]),
        Route(MEETING + "/{number}/questions", take, methods=["POST"]),
    ]


def _newest(request: Request, seat_of: SeatOf) -> Response:
    found = signed_in(request, seat_of)
    if found is None:
        return RedirectResponse("/present", status_code=303)
    bind, _, viewer = found
    if not viewer.may(Permission.present):
        return _refuse(bind, viewer, request.url.path)
    with record_session(bind, viewer) as session:
        row = editions.in_force(session)
    if row is None:
        return _plain("No edition is approved yet. Prepare one, and have it approved, on the page Present.", 404)
    query = f"?{request.url.query}" if request.url.query else ""
    return RedirectResponse(f"{MEETING}/{row.number}{query}", status_code=303)


def _show(request: Request, seat_of: SeatOf) -> Response:
    found = signed_in(request, seat_of)
    if found is None:
        return RedirectResponse("/present", status_code=303)
    bind, _, viewer = found
    if not viewer.may(Permission.present):
        return _refuse(bind, viewer, request.url.path)
    lang, as_file = language(request), request.query_params.get("file") is not None
    with record_session(bind, viewer) as session:
        try:
            row = editions.by_number(session, request.path_params["number"])
        except NotFound as error:
            return _plain(str(error), 404)
        outcome = "done" if row.withdrawn_at is None else "refused"
        audit(
            session, viewer, "open edition", f"edition {row.number}", outcome, file=as_file, draft=not row.approved_at
        )
        if row.withdrawn_at is not None:
            return _plain(withdrawn(row, lang), 410)
        try:
            page = built(bind, row, lang, html.FILE if as_file else html.served(row.number))
        except TandemError as error:
            return _plain(str(error), 409)
    headers = {"content-disposition": f'attachment; filename="edition-{row.number}.html"'} if as_file else {}
    return answer(page, headers)


def _take(request: Request, items: list[Mapping[str, Any]], seat_of: SeatOf) -> Response:
    found = signed_in(request, seat_of)
    if found is None:
        return _told({"error": "Nobody is signed in. Nothing was stored."}, 401)
    bind, _, viewer = found
    if not viewer.may(Permission.present):
        _refuse(bind, viewer, request.url.path)
        return _told({"error": "Presenting is not part of your role."}, 403)
    with record_session(bind, viewer) as session:
        try:
            taken = questions.take_many(session, viewer, request.path_params["number"], items)
        except NotFound as error:
            return _told({"error": str(error)}, 404)
        except TandemError as error:
            return _told({"error": str(error)}, 422)
    return _told({"stored": taken.stored, "again": taken.again, "refused": dict(taken.refused)}, 200)


async def _items(request: Request) -> list[Mapping[str, Any]] | None:
    """The questions that were sent; None for anything that our own page would not send."""
    if not request.headers.get("content-type", "").startswith("application/json"):
        return None
    body = b""
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > LARGEST_BODY:
                return None
        sent = json.loads(body)
    except (ClientDisconnect, ValueError, RecursionError):
        return None
    items = sent.get("questions") if isinstance(sent, dict) else None
    return items if isinstance(items, list) and all(isinstance(item, dict) for item in items) else None


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


# --- the page, made once -------------------------------------------------------------------------

_built: OrderedDict[tuple[str, ...], str] = OrderedDict()
_building = Lock()


def built(bind: Engine, row: Edition, lang: Lang, way: html.Way) -> str:
    """The deck of ``row`` as a page, kept until something about it changes. Raises Conflict for altered figures."""
    state = (row.digest, row.deck, row.title, row.approved_at, row.spanish_signed_at)
    known = hashlib.sha256(repr(state).encode()).hexdigest()
    key = (str(bind.url), str(row.id), known, lang, repr(way))
    with _building:  # two who open it at once do not both draw it
        if key not in _built:
            _built[key] = html.of(editions_above.document(row), lang, way)
            while len(_built) > KEPT:
                _built.popitem(last=False)
        _built.move_to_end(key)
        return _built[key]


def answer(page: str, more: Mapping[str, str] | None = None) -> Response:
    """A deck under its own policy: nothing is kept on the way, no address is told to anybody."""
    headers = {
        "content-security-policy": html.policy(page),
        "cache-control": "no-store",
        "referrer-policy": "no-referrer",
        **(more or {}),
    }
    return Response(page, media_type="text/html; charset=utf-8", headers=headers)


def language(request: Request) -> Lang:
    return "es" if request.query_params.get("lang") == "es" else "en"


def withdrawn(row: Edition, lang: Lang) -> str:
    """What is said instead of a withdrawn edition."""
    day = words.day(row.withdrawn_at.date() if row.withdrawn_at else None, lang)
    return text("stage.withdrawn", lang, number=row.number, day=day, reason=row.withdraw_reason or "")


def _refuse(bind: Engine, viewer: Viewer, path: str) -> Response:
    with record_session(bind, viewer) as session:
        audit(session, viewer, "open edition", path[:200], "refused")
    return _plain("Presenting is not part of your role.", 403)


def _plain(words_: str, status: int) -> Response:
    return PlainTextResponse(words_, status_code=status, headers={"cache-control": "no-store"})


def _told(what: Mapping[str, object], status: int) -> Response:
    return JSONResponse(what, status_code=status, headers={"cache-control": "no-store"})
