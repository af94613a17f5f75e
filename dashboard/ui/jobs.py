"""Files made in the background: two workers for the whole process, so that a long export blocks nobody's page.

A job is told on, slide by slide; whoever asked for it can cancel it, and then it ends at the next slide.
"""

import logging
import secrets
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import cache
from threading import Event
from time import monotonic

from dashboard.document import Document
from dashboard.export.formats import Format
from dashboard.leaf import Leaf
from db.errors import TandemError
from db.vocab import Lang

WORKERS = 2
MOST_WAITING = 12
"""Jobs of the whole process that may wait for a worker."""
_LOG = logging.getLogger("tandem")


class Cancelled(Exception):
    """Raised inside a job that nobody waits for any more."""


class _Told(tuple[Leaf, ...]):
    """Slides that tell how far somebody is through them, and stop them when the job was cancelled."""

    job: "Job"

    def __iter__(self) -> Iterator[Leaf]:
        for number, leaf in enumerate(super().__iter__(), 1):
            self.job.reach(number)
            yield leaf


@dataclass(eq=False)
class Job:
    """One file on its way. ``mark``: what it was asked of, to tell whether the page shows something else by now;
    ``state``: of the data at that moment."""

    format: Format
    lang: Lang
    name: str
    mark: str
    state: str
    slides: int
    reached: int = 0
    began: float = 0.0
    ended: float = 0.0
    error: str = ""
    stopped: Event = field(default_factory=Event)
    future: "Future[bytes] | None" = None

    @property
    def over(self) -> bool:
        return self.future is None or self.future.done()

    @property
    def file(self) -> bytes | None:
        """The file, once it is there."""
        if self.future is None or not self.future.done() or self.future.cancelled() or self.error:
            return None
        return self.future.result()

    @property
    def share(self) -> float:
        """How much of the slides was reached, 0 to 1."""
        return min(1.0, self.reached / self.slides) if self.slides else 0.0

    @property
    def seconds(self) -> float:
        """Since a worker took it."""
        return 0.0 if not self.began else (self.ended or monotonic()) - self.began

    def reach(self, slide: int) -> None:
        """Called by who writes, at each slide; some formats walk through them more than once."""
        if self.stopped.is_set():
            raise Cancelled
        self.reached = max(self.reached, slide)

    def cancel(self) -> None:
        """One that waits never starts; one that is written ends at the next slide."""
        self.stopped.set()
        if self.future is not None:
            self.future.cancel()


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(WORKERS, thread_name_prefix="tandem-export")


_waiting: set[Job] = set()


def start(
    document: Document, made: Format, lang: Lang, name: str, mark: str, state: str, done: Callable[[], None]
) -> Job:
    """Begin to write ``document``. ``done`` is called once the file is there (in the worker's thread).

    Raises TandemError where too many are waiting.
    """
    if len(_waiting) >= MOST_WAITING:
        raise TandemError(f"{len(_waiting)} files are being made at this moment. Try again in a minute.")
    job = Job(made, lang, name, mark, state, max((len(deck) for deck in document.decks.values()), default=0))
    told = replace(document, decks={of: _telling(deck, job) for of, deck in document.decks.items()})
    job.future = _pool().submit(_write, job, told, done)
    _waiting.add(job)
    job.future.add_done_callback(lambda _: _waiting.discard(job))
    return job


def _telling(deck: tuple[Leaf, ...], job: Job) -> _Told:
    told = _Told(deck)
    told.job = job
    return told


def _write(job: Job, document: Document, done: Callable[[], None]) -> bytes:
    job.began = monotonic()
    try:
        if job.stopped.is_set():
            raise Cancelled
        file = job.format.write(document, job.lang)
        if job.stopped.is_set():
            raise Cancelled
        done()
        return file
    except Cancelled:
        job.error = "Cancelled. No file was made."
    except TandemError as error:
        job.error = str(error)
    except Exception as error:
        reference = f"E-{secrets.token_hex(3).upper()}"
        _LOG.error("fault %s", reference, exc_info=error)
        job.error = (
            "This file could not be made. Take another kind of file; if it stays, tell an administrator the "
            f"reference {reference}."
        )
    finally:
        job.ended = monotonic()
    return b""
