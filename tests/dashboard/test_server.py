"""The routes beside Streamlit's own, asked over a real socket: tickets, cookies, foreign origins, headers, the push."""

import http.client
import json
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import pytest
from sqlalchemy import select

from db import settings
from db.commands import signin
from db.engine import aggregate_session, raise_version
from db.models import AuditEntry, User
from db.vocab import Scope
from tests.browser.conftest import ROOT, Server, start, stop
from tests.dashboard.conftest import new_session

PATIENCE = 120
"""Seconds: a loaded machine is not a broken product."""


@pytest.fixture(scope="module")
def server(demo_database: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    home = tmp_path_factory.mktemp("routes")
    shutil.copy(demo_database, home / "tandem.db")
    running = start(home)
    yield running
    stop(running)


def ask(
    server: Server, method: str, path: str, headers: dict[str, str] | None = None, body: dict[str, str] | None = None
) -> tuple[int, dict[str, list[str]], bytes]:
    connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=PATIENCE)
    form = {"Content-Type": "application/x-www-form-urlencoded"} if body else {}
    connection.request(method, path, urlencode(body) if body else None, form | (headers or {}))
    answer = connection.getresponse()
    received: dict[str, list[str]] = {}
    for name, value in answer.getheaders():
        received.setdefault(name.lower(), []).append(value)
    return answer.status, received, answer.read()


def a_ticket(server: Server, browser: str = "mine") -> str:
    with aggregate_session(server.bind) as session:
        user = session.scalars(select(User.id).where(User.username == "chief")).one()
        return signin.issue_ticket(session, user, browser, settings.wall_clock())


def ours(server: Server, **cookies: str) -> dict[str, str]:
    return {"Origin": server.url, "Cookie": "; ".join(f"{k}={v}" for k, v in cookies.items())}


def test_a_ticket_becomes_a_cookie_once(server: Server) -> None:
    ticket = a_ticket(server)
    mine = ours(server, tandem_browser="mine")
    status, headers, body = ask(server, "POST", "/session/open", mine, {"ticket": ticket})
    assert (status, json.loads(body)) == (200, {"signed_in": True})
    [cookie] = headers["set-cookie"]
    assert cookie.startswith("tandem_session=")
    assert {"HttpOnly", "SameSite=lax", "Path=/", "Max-Age=43200"} <= {p.strip() for p in cookie.split(";")} | {
        "Max-Age=43200" if "Max-Age=43199" in cookie else ""
    }
    assert ask(server, "POST", "/session/open", mine, {"ticket": ticket})[0] == 401


def test_a_ticket_is_refused_to_another_browser_and_to_a_browser_without_a_name(server: Server) -> None:
    for cookies in ({"tandem_browser": "theirs"}, {}):
        status, headers, _ = ask(server, "POST", "/session/open", ours(server, **cookies), {"ticket": a_ticket(server)})
        assert status == 401
        assert not [c for c in headers.get("set-cookie", []) if "tandem_session" in c]


@pytest.mark.parametrize(
    "origin",
    ["https://evil.example", "http://localhost:1", "null", "http://localhost.evil.example", "http://evil@localhost:1"],
)
def test_a_foreign_page_can_neither_sign_in_nor_sign_out(server: Server, origin: str) -> None:
    token = new_session(server.bind, "chief")
    foreign = {"Origin": origin, "Cookie": f"tandem_session={token}; tandem_browser=mine"}
    assert ask(server, "POST", "/session/open", foreign, {"ticket": a_ticket(server)})[0] == 403
    assert ask(server, "POST", "/session/close", foreign)[0] == 403
    assert ask(server, "GET", "/session/state", {"Cookie": f"tandem_session={token}"})[0] == 204


def test_a_request_that_does_not_say_where_it_comes_from_is_foreign(server: Server) -> None:
    token = new_session(server.bind, "chief")
    assert ask(server, "POST", "/session/close", {"Cookie": f"tandem_session={token}"})[0] == 403


@pytest.mark.parametrize("path", ["/session/open", "/session/close"])
def test_a_link_or_an_image_changes_nothing(server: Server, path: str) -> None:
    token = new_session(server.bind, "chief")
    status, headers, body = ask(server, "GET", path, ours(server, tandem_session=token, tandem_browser="mine"))
    assert (status, headers.get("set-cookie")) == (200, None)
    assert b"<noscript>" in body  # Streamlit's page, as for every path that is nobody's
    assert ask(server, "GET", "/session/state", ours(server, tandem_session=token))[0] == 204


def test_signing_out_ends_the_session_and_takes_the_cookie(server: Server) -> None:
    token = new_session(server.bind, "analyst")
    status, headers, _ = ask(server, "POST", "/session/close", ours(server, tandem_session=token))
    assert status == 200
    assert "Max-Age=0" in headers["set-cookie"][0]
    assert ask(server, "GET", "/session/state", ours(server, tandem_session=token))[0] == 401


@pytest.mark.parametrize(
    "bent", ["//evil.example", "/\\evil.example", "https://evil.example", "/%5cevil.example", "javascript:alert(1)"]
)
def test_there_is_no_return_address_to_bend(server: Server, bent: str) -> None:
    """After the sign-in the browser loads the page it is on; the server never redirects and echoes nothing."""
    body = {"ticket": a_ticket(server), "next": bent, "return": bent, "to": bent}
    path = "/session/open?" + urlencode({"next": bent, "return": bent})
    status, headers, text = ask(server, "POST", path, ours(server, tandem_browser="mine"), body)
    assert status == 200
    assert "location" not in headers
    assert b"evil" not in text


def test_every_answer_carries_the_security_headers(server: Server) -> None:
    for path in ("/", "/users", "/session/state", "/_stcore/health", "/nothing/here.png"):
        _, headers, _ = ask(server, "GET", path)
        policy = headers["content-security-policy"][0]
        assert "frame-ancestors 'self'" in policy, path
        assert "object-src 'none'" in policy
        scripts = next(part for part in policy.split("; ") if part.startswith("script-src"))
        assert "unsafe-inline" not in scripts
        assert "'unsafe-eval'" not in scripts
        assert headers["x-content-type-options"] == ["nosniff"]
        assert headers["x-frame-options"] == ["SAMEORIGIN"]
        assert headers["referrer-policy"] == ["same-origin"]


def test_a_new_browser_gets_a_name_and_a_known_one_keeps_it(server: Server) -> None:
    page = {"Accept": "text/html"}
    _, headers, _ = ask(server, "GET", "/", page)
    [cookie] = [c for c in headers["set-cookie"] if c.startswith("tandem_browser=")]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    _, headers, _ = ask(server, "GET", "/", page | {"Cookie": "tandem_browser=mine"})
    assert not [c for c in headers.get("set-cookie", []) if c.startswith("tandem_browser=")]


def test_behind_https_cookies_are_secure_and_bound_to_the_host(server: Server) -> None:
    """A proxy on this machine says so by X-Forwarded-Proto; then a plain cookie counts for nothing."""
    https = {"X-Forwarded-Proto": "https", "Accept": "text/html"}
    _, headers, _ = ask(server, "GET", "/", https)
    [cookie] = [c for c in headers["set-cookie"] if "tandem_browser" in c]
    assert cookie.startswith("__Host-tandem_browser=")
    assert "Secure" in cookie
    token = new_session(server.bind, "chief")
    assert ask(server, "GET", "/session/state", https | ours(server, tandem_session=token))[0] == 401
    assert ask(server, "GET", "/session/state", https | ours(server, **{"__Host-tandem_session": token}))[0] == 204


class Stream:
    """The push as a browser receives it: lines of text from an open connection."""

    def __init__(self, server: Server, token: str) -> None:
        parts = urlsplit(server.url)
        self.socket = socket.create_connection((parts.hostname or "", parts.port or 0), timeout=PATIENCE)
        request = f"GET /live HTTP/1.1\r\nHost: {parts.netloc}\r\nCookie: tandem_session={token}\r\n\r\n"
        self.socket.sendall(request.encode())
        self.text = ""

    def wait_for(self, words: str) -> float:
        """Seconds until ``words`` came in."""
        began = time.monotonic()
        while words not in self.text:
            received = self.socket.recv(4096).decode()
            assert received, f"closed before {words!r}: {self.text}"
            self.text += received
        return time.monotonic() - began

    def close(self) -> None:
        self.socket.close()


def move(server: Server, scope: Scope) -> None:
    with aggregate_session(server.bind) as session:
        raise_version(session, scope)
        session.commit()


def test_the_push_is_refused_without_a_session(server: Server) -> None:
    for headers in ({}, {"Cookie": "tandem_session=made-up"}):
        assert ask(server, "GET", "/live", headers)[0] == 401


def test_the_push_tells_every_listener_of_a_write_within_three_seconds(server: Server) -> None:
    streams = [Stream(server, new_session(server.bind, name)) for name in ("chief", "analyst", "council")]
    for stream in streams:
        stream.wait_for('"money"')
        assert "text/event-stream" in stream.text
    waited = []
    for _ in range(5):  # a machine that does something else for a moment is no slow push
        time.sleep(0.5)
        for stream in streams:
            stream.text = ""
        move(server, Scope.money)
        waited.append(sum(stream.wait_for("event: versions") for stream in streams))
    assert min(waited) < 3
    for stream in streams:
        stream.close()


def test_listening_does_not_prolong_a_session_and_its_end_is_told(server: Server) -> None:
    token = new_session(server.bind, "finance")
    stream = Stream(server, token)
    stream.wait_for("event: versions")
    assert ask(server, "POST", "/session/close", ours(server, tandem_session=token))[0] == 200
    stream.wait_for("event: ended")
    stream.close()


def test_a_failed_ticket_is_audited(server: Server) -> None:
    ask(server, "POST", "/session/open", ours(server, tandem_browser="mine"), {"ticket": "made up"})
    with aggregate_session(server.bind) as session:
        last = session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc())).first()
    assert last is not None
    assert (last.actor, last.action, last.outcome, last.detail) == (
        "(unknown)",
        "sign in",
        "refused",
        {"reason": "ticket"},
    )


def test_a_stopping_server_lets_its_listeners_go(demo_database: Path, tmp_path: Path) -> None:
    shutil.copy(demo_database, tmp_path / "tandem.db")
    running = start(tmp_path)
    stream = Stream(running, new_session(running.bind, "chief"))
    stream.wait_for("event: versions")
    stop(running)
    assert running.process.returncode != -signal.SIGALRM, "they were not let go"
    stream.wait_for("event: closing")
    stream.close()


WAITED_FOR = """
import asyncio, os, signal
from dashboard import server
server.GRACE = 1
signal.signal(signal.SIGTERM, lambda *told: None)
async def serve():
    async with server._lifespan(None):
        os.kill(os.getpid(), signal.SIGTERM)
        await asyncio.sleep(600)
asyncio.run(serve())
"""


def test_whoever_holds_on_keeps_a_stopping_server_for_a_few_seconds_only() -> None:
    ended = subprocess.run([sys.executable, "-c", WAITED_FOR], cwd=ROOT, timeout=PATIENCE)
    assert ended.returncode == -signal.SIGALRM
