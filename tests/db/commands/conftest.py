"""A desk with a few people and providers, for the tests of commands."""

import pytest
from sqlalchemy import Engine

from tests.conftest import add_small_pilot
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
