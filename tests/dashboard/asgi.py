"""Asks routes in this process, as a browser without JavaScript would: no socket, no server to start."""

import asyncio
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from json import dumps
from typing import Any
from urllib.parse import urlencode

from starlette.applications import Starlette
from starlette.routing import BaseRoute


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    text: str


def ask(
    routes: list[BaseRoute],
    path: str,
    form: Mapping[str, str] | None = None,
    *,
    json: object = None,
    headers: Mapping[str, str] | None = None,
    address: str = "192.0.2.7",
) -> Answer:
    """GET ``path``, or POST it with ``form`` or ``json``."""
    where, _, query = path.partition("?")
    body = urlencode(form or {}).encode() if json is None else dumps(json).encode()
    sent = {"host": "localhost", **(headers or {})}
    if form is not None or json is not None:
        sent.setdefault("content-type", "application/json" if form is None else "application/x-www-form-urlencoded")
    scope: dict[str, Any] = {
        "type": "http",
        "http_version": "1.1",
        "method": "GET" if form is None and json is None else "POST",
        "scheme": "http",
        "path": where,
        "raw_path": where.encode(),
        "root_path": "",
        "query_string": query.encode(),
        "headers": [(k.encode(), v.encode()) for k, v in sent.items()],
        "client": (address, 1),
        "server": ("localhost", 80),
    }
    messages: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        messages.append(message)

    async def answer() -> None:
        await Starlette(routes=routes)(scope, receive, send)

    with ThreadPoolExecutor(1) as pool:  # a thread of its own: the browser tests' loop may run in this one
        pool.submit(lambda: asyncio.run(answer())).result()
    start = next(m for m in messages if m["type"] == "http.response.start")
    text = b"".join(m.get("body", b"") for m in messages if m["type"] == "http.response.body")
    return Answer(start["status"], {k.decode(): v.decode() for k, v in start["headers"]}, text.decode())
