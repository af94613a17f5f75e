"""A real server with the demo city on a free port, and a real Chromium to look at it.

``sign_in(page, "chief")`` makes a page the chief's and waits for its first screen; ``page`` is a fresh
browser context, ``new_page()`` makes another one (a second person at a second machine).
"""

import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright
from sqlalchemy import Engine

import seed
from dashboard.ui.session import SESSION_COOKIE
from db.engine import data_version, engine_for, lift_versions
from tests.conftest import TODAY
from tests.dashboard.conftest import new_session
from tests.smtp import MailServer, serving

_TAKEN = count()
ROOT = Path(__file__).resolve().parents[2]
CHROMIUM_ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--process-per-site",
]


PATIENCE = 120_000  # ms: a loaded machine is not a broken product; speed is asserted where it is meant
expect.set_options(timeout=PATIENCE)


@dataclass
class Server:
    """A running Tandem: its address, the engine of its database, and its process."""

    url: str
    bind: Engine
    home: Path
    process: subprocess.Popen[bytes]
    environment: dict[str, str]

    def start_again(self) -> None:
        """At the same address, after :func:`stop`."""
        self.process = start(self.home, urlsplit(self.url).port or 0, **self.environment).process


def free_port() -> int:
    """One that nobody is given by chance: below the ports of outgoing connections, and each worker has its own."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    for port in range(20_000 + 500 * worker + next(_TAKEN), 32_000):
        with socket.socket() as found, suppress(OSError):
            found.bind(("127.0.0.1", port))
            return port
    raise AssertionError("no port is free from 20,000 to 32,000")


def start(home: Path, port: int = 0, **environment: str) -> Server:
    """Serve the database in ``home``, on a free port when none is given.

    Raises AssertionError with the server's own words when it does not come up.
    """
    port = port or free_port()
    log = (home / "server.log").open("wb")
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "streamlit",
            "run",
            "dashboard/server.py",
            f"--server.port={port}",
            "--server.headless=true",
        ],
        cwd=ROOT,
        env={**os.environ, "TANDEM_HOME": str(home), "DATABASE_URL": "", "TANDEM_TODAY": str(TODAY), **environment},
        stdout=log,
        stderr=log,
    )
    url = f"http://localhost:{port}"
    deadline = time.monotonic() + 3 * PATIENCE / 1000
    while time.monotonic() < deadline:
        try:
            urllib.request.urlopen(f"{url}/_stcore/health", timeout=2).close()
            return Server(url, engine_for(f"sqlite:///{home / 'tandem.db'}"), home, process, environment)
        except (urllib.error.URLError, OSError):
            assert process.poll() is None, (home / "server.log").read_text()
            time.sleep(0.2)
    process.kill()
    raise AssertionError("the server did not come up: " + (home / "server.log").read_text())


def stop(server: Server) -> None:
    server.process.terminate()
    try:
        server.process.wait(PATIENCE / 1000)
    except subprocess.TimeoutExpired:
        server.process.kill()
        raise AssertionError("the server did not stop when it was told to") from None
    finally:
        server.bind.dispose()


@pytest.fixture(scope="session")
def post() -> Iterator[MailServer]:
    with serving(MailServer()) as mail:
        yield mail


@pytest.fixture(scope="session")
def standing(demo_database: Path, tmp_path_factory: pytest.TempPathFactory, post: MailServer) -> Iterator[Server]:
    """The one server of this worker, with all that can be set up: starting it takes longer than most journeys."""
    home, port = tmp_path_factory.mktemp("home"), free_port()
    shutil.copy(demo_database, home / "tandem.db")
    running = start(
        home,
        port,
        TANDEM_SMTP=f"smtp://127.0.0.1:{post.port}",
        TANDEM_MAIL_FROM="tandem@example.gov",
        TANDEM_URL="https://tandem.example.gov",
        TANDEM_PUBLIC_URL=f"http://localhost:{port}",
        TANDEM_DESK_PHONE="203 555 0100",
    )
    yield running
    stop(running)


@pytest.fixture(scope="module")
def server(standing: Server, demo_database: Path) -> Server:
    """A running server; each test file finds the demo city as new, and a server even if the last one lost it."""
    versions = data_version(standing.bind)
    standing.bind.dispose()
    with closing(sqlite3.connect(demo_database)) as new, closing(sqlite3.connect(standing.home / "tandem.db")) as old:
        new.backup(old)
    lift_versions(standing.bind, versions)
    if standing.process.poll() is not None:
        standing.start_again()
    return standing


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        pytest.skip("no Chromium on this machine: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=CHROMIUM_ARGS)
        yield browser
        browser.close()


SERVED: dict[BrowserContext, Server] = {}
"""Which server a browser looks at."""


@pytest.fixture(scope="session")
def machines() -> dict[str, list[BrowserContext]]:
    """Browsers by server that keep the program's files from test to test, and nothing else.

    The first page of each stays: it keeps a process alive that has read the program, for those that follow.
    """
    return {}


@pytest.fixture
def new_page(
    chromium: Browser, server: Server, machines: dict[str, list[BrowserContext]]
) -> Iterator[Callable[..., Page]]:
    """``new_page(width=1440, height=900)``: a page in a browser of its own (no shared cookies)."""
    there = machines.setdefault(server.url, [])
    used: list[BrowserContext] = []

    def make(width: int = 1440, height: int = 900) -> Page:
        if len(used) == len(there):
            there.append(chromium.new_context(base_url=server.url))
            there[-1].set_default_timeout(PATIENCE)
            there[-1].add_init_script(f"({LISTEN})()")
            SERVED[there[-1]] = server
            there[-1].new_page().goto("/_stcore/health")
        used.append(there[len(used)])
        page = used[-1].new_page()
        page.set_viewport_size({"width": width, "height": height})
        return page

    yield make
    for context in used:
        for page in context.pages[1:]:
            page.close()
        context.set_offline(False)
        context.clear_cookies()


@pytest.fixture
def page(new_page: Callable[..., Page]) -> Page:
    return new_page()


def fill_in(page: Page, username: str, password: str = seed.PASSWORD) -> None:
    """Fill in the sign-in form that is on the page and send it."""
    settled(page)
    page.get_by_label("Username").fill(username)
    page.get_by_role("textbox", name="Password", exact=True).fill(password)
    page.get_by_role("button", name="Sign in", exact=True).click()


def recognised(page: Page, username: str) -> None:
    """The page's browser is one in which a demo account has just signed in (the form itself: ``test_sign_in.py``)."""
    server = SERVED[page.context]
    token = new_session(server.bind, username)
    page.context.add_cookies([{"name": SESSION_COOKIE, "value": token, "url": server.url}])


def sign_in(page: Page, username: str, path: str = "/") -> None:
    """Open ``path`` as a demo account that has just signed in, and wait until the page is there."""
    recognised(page, username)
    page.goto(path)
    settled(page)
    expect(page.get_by_label("Username")).to_have_count(0)


def sign_in_by_form(page: Page, username: str, path: str = "/") -> None:
    """Open ``path``, sign in with a demo account, wait until the page behind the form is there."""
    page.goto(path)
    fill_in(page, username)
    expect(page.get_by_label("Username")).to_have_count(0)
    settled(page)


LISTEN = """() => {
    const send = WebSocket.prototype.send, heard = new WeakSet();
    const begun = message => {  // a ForwardMsg whose field 4 is there: the server has begun a run
        const bytes = new Uint8Array(message);
        let at = 0;
        const number = () => {
            let value = 0, unit = 1;
            do { value += (bytes[at] & 127) * unit; unit *= 128; } while (bytes[at++] > 127);
            return value;
        };
        while (at < bytes.length) {
            const tag = number();
            if (tag === 34) return true;
            const value = number();
            if (tag % 8 === 2) at += value;
        }
        return false;
    };
    WebSocket.prototype.send = function (message) {
        if (!heard.has(this)) {
            heard.add(this);
            this.addEventListener("message", ({ data }) => { if (begun(data)) window.asked = false; });
        }
        if (message[0] === 90) window.asked = true;  // a BackMsg that asks for a run
        return send.call(this, message);
    };
}"""
"""Told to every page: ``asked`` is true between a request for a run and the beginning of one, false after it."""
CALM = """() => {
    const calm = window.asked === false
        && document.querySelector("[data-testid='stApp'][data-test-script-state='notRunning']")
        && !document.querySelector("[data-stale='true']");
    if (!calm) { delete window.calmSince; return false; }
    window.calmSince ??= performance.now();
    if (performance.now() - window.calmSince < 300) return false;
    delete window.calmSince;
    return true;
}"""
"""What was asked for has been begun and drawn, and nothing has been asked for 300 ms on end: a run may ask for another
one, and a sheet tells what was typed a moment later. A server that is slow to answer is waited for."""


def settled(page: Page) -> None:
    """Wait until Streamlit has drawn what it is drawing, and what the last tap asked it to draw."""
    page.wait_for_function(CALM, polling=50)
