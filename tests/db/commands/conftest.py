"""A desk with a few people and providers, and a small set of books, for the tests of commands."""

import pytest
from sqlalchemy import Engine

from db.access import Viewer
from db.vocab import Role
from tests.conftest import add_small_pilot
from tests.db.books_world import settle_books, somebody
from tests.db.desk_world import settle


@pytest.fixture
def desk(small_pilot: Engine) -> Engine:
    """Settled, once on each of the two databases."""
    settle(small_pilot)
    return small_pilot


@pytest.fixture
def one(sqlite: Engine) -> Engine:
    """The same, where one database is enough."""
    add_small_pilot(sqlite)
    settle(sqlite)
    return sqlite


@pytest.fixture
def books(small_pilot: Engine) -> Engine:
    """Two lines of a budget and nothing booked, once on each of the two databases."""
    settle_books(small_pilot)
    return small_pilot


@pytest.fixture
def ledger(sqlite: Engine) -> Engine:
    """The same, where one database is enough."""
    add_small_pilot(sqlite)
    settle_books(sqlite)
    return sqlite


@pytest.fixture
def finance() -> Viewer:
    return somebody(Role.finance)


@pytest.fixture
def chief() -> Viewer:
    return somebody(Role.chief)
