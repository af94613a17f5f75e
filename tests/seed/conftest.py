"""Built cities, one per pinned date and test run."""

import shutil
from collections.abc import Callable
from datetime import date
from functools import cache
from pathlib import Path

import pytest
from sqlalchemy import Engine

from tests.conftest import add_city, create_engine_at, made_once

PINNED = (date(2026, 11, 14), date(2026, 8, 15), date(2027, 3, 6))


@pytest.fixture(scope="session")
def harbor(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Engine]:
    """``harbor(today)``: the demo city on that day. Shared, so read only."""

    @cache
    def city(today: date = PINNED[0]) -> Engine:
        made = made_once(tmp_path_factory, f"city-{today}", lambda bind: add_city(bind, sqlite_template, today))
        return create_engine_at(Path(shutil.copy(made, tmp_path_factory.mktemp("harbor") / made.name)))

    return city
