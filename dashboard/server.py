"""The ASGI entry: ``streamlit run dashboard/server.py``. Session and live routes, security headers.

Streamlit puts this folder first on ``sys.path``; the project's root comes after it, so that ``db`` and
``dashboard`` are found without installing the project.
"""

import asyncio
import base64
import hashlib
import re
import secrets
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import FrameType
from typing import Any
from urllib.parse import urlsplit

HERE = Path(__file__).resolve().parent
sys.path[1:1] = [str(HERE.parent)]

import streamlit as st
from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dashboard import meeting_page, provider_page
from dashboard.export import slip
from dashboard.export.paper import routes as paper_routes
from dashboard.export.routes import routes as export_routes
from dashboard.ui import faults
from dashboard.ui.session import BROWSER_COOKIE, SESSION_COOKIE, cookie_name
from dashboard.ui.watch import Watcher
from db import engine, settings
from db.commands import signin
from db.engine import aggregate_session

WATCHER = Watcher()
GRACE = 10
"""Seconds that a server which was told to stop gives those who are still connected: a browser that opens a connection
just then, and asks for nothing on it, would keep uvicorn waiting for ever."""
_STATE = {"cache-control": "no-store"}


async def session_open(request: Request) -> Response:
    """POST: burn a sign-in ticket and set the session cookie."""
    if not _same_origin(request):
        return _refused(403)
    form = await request.form()
    browser = request.cookies.get(cookie_name(BROWSER_COOKIE, _secure(request.scope)), "")
    opened = await asyncio.to_thread(_open, str(form.get("ticket", "")), browser, request)
    if opened is None:
        return _refused(401)
    token, seconds = opened
    answer = JSONResponse({"signed_in": True}, headers=_STATE)
    _set_cookie(answer, request, SESSION_COOKIE, token, seconds)
    return answer


async def session_close(request: Request) -> Response:
    """POST: end the session that the cookie names, on all tabs."""
    if not _same_origin(request):
        return _refused(403)
    await asyncio.to_thread(_close, _token(request), request)
    answer = JSONResponse({"signed_in": False}, headers=_STATE)
    _set_cookie(answer, request, SESSION_COOKIE, "", 0)
    return answer


async def session_state(request: Request) -> Response:
    """GET: 204 while the session lives, else 401. Asking does not prolong it."""
    seat = await asyncio.to_thread(_seat, _token(request))
    return Response(status_code=204 if seat else 401, headers=_STATE)


async def live(request: Request) -> Response:
    """GET: server-sent events, the change counters, for a signed-in browser."""
    seat = await asyncio.to_thread(_seat, _token(request))
    if seat is None:
        return _refused(401)
    headers = _STATE | {"x-accel-buffering": "no", "content-encoding": "identity"}
    return StreamingResponse(WATCHER.follow(seat.session_id), media_type="text/event-stream", headers=headers)


def _open(ticket: str, browser: str, request: Request) -> tuple[str, int] | None:
    now = settings.wall_clock()
    agent = request.headers.get("user-agent", "")
    with aggregate_session(engine.engine()) as session:
        if not ticket or not browser:
            return None
        opened = signin.open_session(session, ticket, browser, address=_address(request), agent=agent, now=now)
    return (opened[0], int((opened[1] - now).total_seconds())) if opened else None


def _close(token: str, request: Request) -> None:
    with aggregate_session(engine.engine()) as session:
        signin.close_session(session, token, address=_address(request), now=settings.wall_clock())


def _seat(token: str) -> signin.Seat | None:
    if not token:
        return None
    with aggregate_session(engine.engine()) as session:
        return signin.resolve(session, token, settings.wall_clock(), active=False)


def _token(request: Request) -> str:
    return request.cookies.get(cookie_name(SESSION_COOKIE, _secure(request.scope)), "")


def _address(request: Request) -> str:
    return request.client.host if request.client else ""


def _secure(scope: Scope) -> bool:
    """HTTPS here, or at a proxy on this machine that says so (uvicorn believes X-Forwarded-Proto of 127.0.0.1)."""
    return scope.get("scheme") in ("https", "wss")


def _same_origin(request: Request) -> bool:
    """Whether our own page sent this. SameSite cookies alone would let another port of this host in."""
    origin = request.headers.get("origin")
    if origin is not None:
        return urlsplit(origin).netloc == request.headers.get("host")
    return request.headers.get("sec-fetch-site") == "same-origin"


def _refused(status: int) -> Response:
    return JSONResponse({"signed_in": False}, status_code=status, headers=_STATE)


def _set_cookie(answer: Response, request: Request, name: str, value: str, seconds: int) -> None:
    secure = _secure(request.scope)
    answer.set_cookie(
        cookie_name(name, secure), value, max_age=seconds, path="/", secure=secure, httponly=True, samesite="lax"
    )


def _inline_scripts() -> str:
    """The hashes of the inline scripts in Streamlit's own page, whatever version is installed."""
    page = (Path(st.__file__).parent / "static" / "index.html").read_text("utf-8")
    found = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    return " ".join(f"'sha256-{base64.b64encode(hashlib.sha256(s.encode()).digest()).decode()}'" for s in found)


_POLICY = "; ".join(
    (
        "default-src 'self'",
        f"script-src 'self' blob: 'wasm-unsafe-eval' {_inline_scripts()}",  # blob: components written in Python
        "style-src 'self' 'unsafe-inline'",  # Streamlit styles its elements while it draws
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "media-src 'self' blob:",
        "connect-src 'self'",
        "worker-src 'self' blob:",
        "frame-src 'self'",
        "frame-ancestors 'self'",
        "form-action 'self'",
        "base-uri 'self'",
        "object-src 'none'",
    )
)
HEADERS = {
    "content-security-policy": _POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "SAMEORIGIN",
    "referrer-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
    "cross-origin-opener-policy": "same-origin",
}


class Guard:
    """Security headers on every answer, and a random name for a browser that has none."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request = Request(scope)
        name = cookie_name(BROWSER_COOKIE, _secure(scope))
        ours = not scope["path"].startswith((provider_page.PATH, meeting_page.LINK))  # no cookie for who has a link
        stranger = ours and name not in request.cookies and "text/html" in request.headers.get("accept", "")

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for key, value in HEADERS.items():
                    headers.setdefault(key, value)  # a page of its own may bring a stricter policy
                if stranger:
                    secure = "; Secure" if _secure(scope) else ""
                    cookie = f"{name}={secrets.token_urlsafe(16)}; Path=/; HttpOnly; SameSite=Lax{secure}"
                    headers.append("set-cookie", cookie)
            await send(message)

        await self.app(scope, receive, guarded)


@asynccontextmanager
async def _lifespan(_app: Any) -> AsyncIterator[dict[str, Any]]:
    """Open streams would keep a stopping server waiting: let go of them when it is told to stop.

    Whoever still holds on after ``GRACE`` is cut off by the system: every write is a transaction, none is lost.
    """
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        before = signal.getsignal(number)

        def stop(received: int, frame: FrameType | None, before: Any = before) -> None:
            signal.alarm(GRACE)
            loop.call_soon_threadsafe(WATCHER.close)
            if callable(before):
                before(received, frame)

        signal.signal(number, stop)
    yield {}


app = st.App(
    HERE / "app.py",
    routes=[
        Route("/session/open", session_open, methods=["POST"]),
        Route("/session/close", session_close, methods=["POST"]),
        Route("/session/state", session_state, methods=["GET"]),
        Route("/live", live, methods=["GET"]),
        *meeting_page.routes(),
        *export_routes(lambda request: _seat(_token(request)), _same_origin),
        *paper_routes(lambda request: _seat(_token(request))),
        *slip.routes(lambda request: _seat(_token(request)), _same_origin),
        *provider_page.routes(),
    ],
    middleware=[Middleware(Guard)],
    lifespan=_lifespan,
    on_script_error=faults.show,
)
