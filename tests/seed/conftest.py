"""Built cities, one per pinned date and test run."""

import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import Engine

import seed
from tests.conftest import create_engine_at

PINNED = (date(2026, 11, 14), date(2026, 8, 15), date(2027, 3, 6))


@pytest.fixture(scope="session")
def harbor(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[date], Engine]:
    """``harbor(today)``: the demo city on that day. Shared, so read only."""
    cities: dict[date, Engine] = {}

    def city(today: date = PINNED[0]) -> Engine:
        if today not in cities:
            path = tmp_path_factory.mktemp("harbor") / f"{today}.db"
            shutil.copy(sqlite_template, path)
            cities[today] = create_engine_at(path)
            seed.build(cities[today], today)
        return cities[today]

    return city
