"""A database made by an earlier release is brought up to date, and what was entered stays."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import Engine, select, text

from db import migrate
from db.engine import aggregate_session
from db.models import Person, Pilot, Referral
from db.vocab import ReferralStatus
from tests.conftest import create_engine_at, fresh_postgres

FIRST = "0001"
ENTERED = (
    "INSERT INTO pilot (id, name, city, starts_on, ends_on, baseline_starts_on, time_zone, population, "
    "small_count_threshold, settings, is_demo) VALUES (1, 'Harbor pilot', 'Harbor', '2026-01-12', '2027-01-11', "
    "'2022-07-01', 'America/New_York', 91000, 11, '{}', false)",
    "INSERT INTO person (id, code, age_band, sex, race_ethnicity, language, created_at) VALUES "
    "(1, 'P-0001', 'unknown', 'unknown', 'unknown', 'unknown', '2026-03-02 15:00:00')",
    "INSERT INTO referral (id, received_at, source, person_id, urgency, status, created_at) VALUES "
    "(1, '2026-03-02 15:00:00', 'officer', 1, 'routine', 'new', '2026-03-02 15:00:00')",
)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def earlier(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """An installation of the first release, with something in it."""
    if request.param == "sqlite":
        engine = create_engine_at(tmp_path / "earlier.db")
        _enter(engine)
        yield engine
        engine.dispose()
        return
    for engine in fresh_postgres(request.getfixturevalue("postgres_url")):
        with engine.begin() as connection:
            connection.execute(text("DROP SCHEMA public CASCADE"))
            connection.execute(text("CREATE SCHEMA public"))
        _enter(engine)
        yield engine


def _enter(engine: Engine) -> None:
    migrate.upgrade(engine, FIRST)
    with engine.connect().execution_options(tandem_writer=True) as connection, connection.begin():
        for statement in ENTERED:
            connection.execute(text(statement))


def test_what_was_entered_in_the_first_release_is_there_after_the_upgrade(earlier: Engine) -> None:
    present, newest = migrate.revisions(earlier)
    assert present == FIRST
    assert newest != FIRST
    migrate.upgrade(earlier)
    assert migrate.revisions(earlier) == (newest, newest)
    with aggregate_session(earlier) as session:
        assert session.scalars(select(Pilot.starts_on)).one() == date(2026, 1, 12)
        assert session.scalars(select(Person.code)).all() == ["P-0001"]
        assert session.scalars(select(Referral.status)).all() == [ReferralStatus.new]
