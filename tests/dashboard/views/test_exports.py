"""Export: what a page shows, as files; in the background, stamped, audited, one sentence where it fails."""

import io
import threading
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import replace
from typing import Any

import pytest
from openpyxl import load_workbook
from sqlalchemy import Engine, select
from streamlit.testing.v1 import AppTest

from dashboard import selection
from dashboard.document import Document
from dashboard.export import book
from dashboard.export.formats import FORMATS, Format
from dashboard.leaf import Leaf
from dashboard.measures.compute import compute, pilot_to_date
from dashboard.model import Audience
from dashboard.ui import jobs
from db import access
from db.access import Viewer
from db.engine import aggregate_session
from db.errors import Conflict, TandemError
from db.models import AuditEntry, Pilot
from db.pilot import the_pilot
from db.vocab import Lang, Role
from tests.conftest import NOW, TODAY
from tests.dashboard.export.paper import a_document, sources, spent
from tests.dashboard.publishing import publish
from tests.dashboard.views.asking import widget
from tests.dashboard.views.test_budget_reading import COUNCIL_READS

SHELL = access.shell_viewer("tester", now=NOW, today=TODAY)
NOBODY = lambda: None  # noqa: E731


@pytest.fixture
def pilot(sqlite: Engine) -> Pilot:
    from tests.conftest import add_small_pilot

    add_small_pilot(sqlite)
    with aggregate_session(sqlite) as session:
        return the_pilot(session)


# --- the page --------------------------------------------------------------------------------------------


def open_export(app: AppTest, name: str) -> AppTest:
    app.session_state[f"export-{name}"] = True
    return app.run()


def test_the_file_of_the_overview_is_what_it_shows(signed_in: Callable[..., AppTest], demo_city: Engine) -> None:
    app = open_export(signed_in("chief"), "overview")
    offered = [button.label for button in app.button if str(button.key).startswith("export-overview-")]
    assert offered == [each.label for key, each in FORMATS.items() if key != "json"]  # an edition only
    widget(app, "export-overview-xlsx").click().run()
    job: Any = app.session_state["tandem.export.overview"]
    made = load_workbook(io.BytesIO(job.future.result(timeout=60)))
    with aggregate_session(demo_city) as session:
        filters = pilot_to_date(the_pilot(session), TODAY)
    own = compute(demo_city, SHELL, "referrals_received", filters)
    cells = [cell.value for row in made["Referrals received"].iter_rows() for cell in row]
    assert own.sentence in cells
    assert [float(v) for v in own.table["value"]] == [
        cell for cell in (row[1].value for row in made["Referrals received"].iter_rows(min_row=6)) if cell is not None
    ][: len(own.table)]
    for page in made:
        said = " ".join(str(cell.value) for row in page.iter_rows() for cell in row)
        assert "INTERNAL" in said
        assert "12 Jan 2026 to 14 Nov 2026 · all staff" in said
    with aggregate_session(demo_city) as session:
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "export")).one()
    assert (entry.actor, entry.subject) == ("chief", "overview")
    assert entry.detail == {"page": "overview", "format": "xlsx", "audience": "internal"}


@pytest.mark.parametrize(
    ("who", "page", "name"),
    [
        ("analyst", "review.py", "charts"),
        ("analyst", "call_figures.py", "call-figures"),
        ("council", "budget.py", "budget"),
        ("chief", "effect.py", "effect"),
    ],
)
def test_every_page_of_figures_offers_its_files(
    signed_in: Callable[..., AppTest], demo_city: Engine, who: str, page: str, name: str
) -> None:
    if who == "council":
        publish(demo_city, *COUNCIL_READS)
    app = open_export(signed_in(who, page), name)
    assert not app.exception
    assert app.get_by_key(f"export-{name}-xlsx") is not None
    said = " ".join(part.value for part in app.caption)
    assert ("Internal figures" in said) == (who != "council")


# --- what a selection is -----------------------------------------------------------------------------------


def test_a_public_selection_takes_no_internal_figure(pilot: Pilot, viewer: Callable[..., Viewer]) -> None:
    inside = replace(spent(), audience=Audience.internal)
    with pytest.raises(ValueError, match="internal figures to a public file"):
        selection.document(
            viewer(Role.chief), pilot, "budget", "Budget", {"spent": inside}, inside.filters, Audience.public
        )


def test_a_selection_is_stamped_as_no_edition_with_its_slice(pilot: Pilot, viewer: Callable[..., Viewer]) -> None:
    results = {each.key: each for each in (sources(), spent())}
    made = selection.document(
        viewer(Role.chief), pilot, "budget", "Budget", results, spent().filters, Audience.public, "all staff"
    )
    assert made.stamp("en") == (
        "As of 14 Nov 2026 · what one page showed, not an edition · 12 Jan 2026 to 14 Nov 2026 · all staff"
    )
    cover, *leaves = made.decks["en"]
    assert cover.source == made.stamp("en")
    assert [leaf.result for leaf in leaves] == list(results.values())
    assert "small counts hidden" in leaves[0].source
    packed = zipfile.ZipFile(io.BytesIO(FORMATS["zip"].write(made, "en")))
    assert made.stamp("en") in packed.read("README.txt").decode()


# --- in the background -------------------------------------------------------------------------------------


def leaf(name: str) -> Leaf:
    return Leaf(name, name, name, "", "", "", "en")


@pytest.fixture
def paper() -> Document:
    return a_document(decks={"en": tuple(leaf(str(k)) for k in range(4))})


class Slow:
    """A format that waits before each slide until it is told to go on."""

    def __init__(self) -> None:
        self.go, self.at = threading.Semaphore(0), threading.Semaphore(0)

    def __call__(self, document: Document, lang: Lang) -> bytes:
        for _ in document.decks[lang]:
            self.at.release()
            assert self.go.acquire(timeout=30)
        return b"done"


@pytest.fixture
def slow() -> Iterator[Slow]:
    made = Slow()
    yield made
    made.go.release(100)


def begin(document: Document, write: Callable[[Document, Lang], bytes]) -> jobs.Job:
    made = Format("x", "X", "x", "text/plain", write)
    return jobs.start(document, made, "en", "x.x", "mark", "state", NOBODY)


def finished(job: jobs.Job) -> jobs.Job:
    future = job.future
    assert isinstance(future, Future)
    future.result(timeout=30)
    return job


def test_a_file_tells_how_far_it_is(paper: Document, slow: Slow) -> None:
    job = begin(paper, slow)
    for number in range(1, 4):
        assert slow.at.acquire(timeout=30)
        assert (job.reached, job.share, job.over, job.file) == (number, number / 4, False, None)
        slow.go.release()
    slow.go.release()
    assert finished(job).file == b"done"


def test_a_cancelled_file_ends_at_the_next_slide(paper: Document, slow: Slow) -> None:
    job = begin(paper, slow)
    assert slow.at.acquire(timeout=30)
    job.cancel()
    slow.go.release()
    assert finished(job).reached == 1
    assert (job.file, job.error) == (None, "Cancelled. No file was made.")


HELD: list[jobs.Job] = []


def page() -> None:
    """The part on its own, while a file is being made."""
    from dashboard.ui import exports, session
    from tests.dashboard.views import test_exports as held

    session.remember("export.slow", held.HELD[-1])
    exports._job("slow", "mark", "state")


def test_the_page_tells_how_far_it_is_and_cancels(paper: Document, slow: Slow) -> None:
    HELD.append(begin(paper, slow))
    assert slow.at.acquire(timeout=30)
    app = AppTest.from_function(page).run()
    assert not app.exception
    told: Any = app.get("progress")
    assert (told[0].proto.value, told[0].proto.text.endswith("slide 1 of 4")) == (25, True)
    next(button for button in app.button if button.label == "Cancel").click().run()
    assert HELD[-1].stopped.is_set()
    slow.go.release()
    finished(HELD[-1])
    assert [part.value for part in app.run().caption] == ["Cancelled. No file was made."]


def test_a_file_of_what_the_page_showed_before_is_dropped(paper: Document, slow: Slow) -> None:
    HELD.append(begin(paper, slow))
    HELD[-1].mark = "another period"
    app = AppTest.from_function(page).run()
    assert HELD[-1].stopped.is_set()
    assert not app.button
    slow.go.release()


def test_more_than_a_few_wait_their_turn_and_one_that_waits_never_starts(paper: Document, slow: Slow) -> None:
    running = [begin(paper, slow) for _ in range(jobs.WORKERS)]
    waiting = [begin(paper, slow) for _ in range(jobs.MOST_WAITING - jobs.WORKERS)]
    with pytest.raises(TandemError, match="Try again in a minute"):
        begin(paper, slow)
    for job in waiting:
        job.cancel()
        assert (job.over, job.began, job.file) == (True, 0.0, None)
    for job in running:
        job.cancel()
    slow.go.release(100)
    assert [finished(job).error for job in running] == ["Cancelled. No file was made."] * jobs.WORKERS
    assert finished(begin(paper, lambda document, lang: b"after")).file == b"after"


def test_a_failure_is_one_sentence(paper: Document) -> None:
    def refused(document: Document, lang: Lang) -> bytes:
        raise Conflict("Nothing to write.")

    def broken(document: Document, lang: Lang) -> bytes:
        raise ZeroDivisionError("/secret/path")

    assert finished(begin(paper, refused)).error == "Nothing to write."
    job = finished(begin(paper, broken))
    assert job.file is None
    assert "the reference E-" in job.error
    assert "secret" not in job.error


def test_a_written_book_goes_through_the_pool_unchanged() -> None:
    whole = a_document()
    assert finished(begin(whole, book.write)).file == book.write(whole, "en")
