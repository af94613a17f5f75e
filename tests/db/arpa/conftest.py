"""The small books in a database: on both, or on SQLite where one is enough."""

import pytest
from sqlalchemy import Engine

from tests.conftest import add_small_pilot
from tests.db.arpa.books import fill


@pytest.fixture
def books(small_pilot: Engine) -> Engine:
    fill(small_pilot)
    return small_pilot


@pytest.fixture
def one(sqlite: Engine) -> Engine:
    add_small_pilot(sqlite)
    fill(sqlite)
    return sqlite
