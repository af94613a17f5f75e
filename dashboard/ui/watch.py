"""One watcher per process reads the change counters; every open screen listens to it.

It reads only while somebody listens, a few times a second, one row per scope; a listener costs a queue.
Every quarter of a minute it asks the database, in one query, which listeners' sessions still live.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field

from sqlalchemy.exc import SQLAlchemyError

from db import engine, settings
from db.commands import signin
from db.engine import aggregate_session, data_version

TICK = 0.3
RECHECK = 15.0
HEARTBEAT = 20.0


@dataclass(eq=False, slots=True)
class _Listener:
    session_id: int
    news: asyncio.Queue[str] = field(default_factory=asyncio.Queue)


class Watcher:
    """Use it from one event loop only."""

    def __init__(self) -> None:
        self._listeners: set[_Listener] = set()
        self._task: asyncio.Task[None] | None = None
        self._last: dict[str, int] = {}
        self._closing = False

    async def follow(self, session_id: int) -> AsyncIterator[str]:
        """Server-sent events for one screen: the counters now and at each move, then ``ended``."""
        if self._closing:
            return
        listener = _Listener(session_id)
        self._listeners.add(listener)
        try:
            yield "retry: 2000\n\n" + _event("versions", await asyncio.to_thread(_versions))
            if self._task is None or self._task.done():
                self._task = asyncio.create_task(self._watch())
            while True:
                try:
                    news = await asyncio.wait_for(listener.news.get(), HEARTBEAT)
                except TimeoutError:
                    news = ": still here\n\n"  # finds out about a peer that vanished, keeps proxies from closing
                yield news
                if news.startswith(("event: ended", "event: closing")):
                    return
        finally:
            self._listeners.discard(listener)

    def close(self) -> None:
        """Let go of every listener, so that the server can stop; their browsers come back by themselves."""
        self._closing = True
        for listener in self._listeners:
            listener.news.put_nowait(_event("closing", {}))

    async def _watch(self) -> None:
        checked = asyncio.get_running_loop().time()
        while self._listeners:
            with suppress(SQLAlchemyError):  # a database that is away for a moment is asked again
                versions = await asyncio.to_thread(_versions)
                if versions != self._last:
                    self._last = versions
                    for listener in self._listeners:
                        listener.news.put_nowait(_event("versions", versions))
                if asyncio.get_running_loop().time() - checked >= RECHECK:
                    checked = asyncio.get_running_loop().time()
                    await self._dismiss_the_dead()
            await asyncio.sleep(TICK)

    async def _dismiss_the_dead(self) -> None:
        alive = await asyncio.to_thread(_alive, {listener.session_id for listener in self._listeners})
        for listener in self._listeners:
            if listener.session_id not in alive:
                listener.news.put_nowait(_event("ended", {}))


def _event(kind: str, data: dict[str, int]) -> str:
    return f"event: {kind}\ndata: {json.dumps(data)}\n\n"


def _versions() -> dict[str, int]:
    return {scope.value: version for scope, version in data_version(engine.engine()).items()}


def _alive(session_ids: set[int]) -> set[int]:
    with aggregate_session(engine.engine()) as session:
        return signin.still_alive(session, session_ids, settings.wall_clock())
