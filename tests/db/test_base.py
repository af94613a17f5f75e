"""The floor: migrations make what the models say, rows are locked, writes are framed."""

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import CheckConstraint, Engine, func, inspect, select, text
from sqlalchemy.exc import StatementError
from sqlalchemy.orm import Session

from db import migrate
from db.access import ROW_SCOPE, Permission
from db.commands.base import write
from db.engine import aggregate_session, data_version, engine_for, record_session, to_try_on
from db.errors import Conflict, Forbidden, Setup
from db.models import AuditEntry, Base, Identity, Person, Staff
from db.vocab import Role, Scope
from tests.conftest import NOW, add_small_pilot


def test_the_migrations_make_exactly_the_models(bind: Engine) -> None:
    with bind.connect() as connection:
        assert (
            compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), Base.metadata) == []
        )
    present, newest = migrate.revisions(bind)
    assert present == newest


def test_every_check_of_the_models_is_in_the_database(bind: Engine) -> None:
    there = inspect(bind)
    for table in Base.metadata.sorted_tables:
        wanted = {str(c.name) for c in table.constraints if isinstance(c, CheckConstraint)}
        assert wanted == {c["name"] for c in there.get_check_constraints(table.name)}, table.name


def test_a_record_session_shows_people_to_the_desk_only(small_pilot: Engine, viewer) -> None:
    with aggregate_session(small_pilot) as session:
        session.add(Person(id=1, code="P-0001", created_at=NOW, identity=Identity(name="A. Fictional")))
        session.commit()
    for role in Role:
        with record_session(small_pilot, viewer(role)) as session:
            seen = 1 if role in (Role.clinician, Role.social_worker) else 0
            assert session.scalar(select(func.count(Person.id))) == seen, role
            assert (session.get(Person, 1) is not None) == bool(seen)
            assert session.scalars(select(Identity.name)).all() == ["A. Fictional"] * seen
    with record_session(small_pilot, None) as session:
        for table in ROW_SCOPE:
            assert session.scalar(select(func.count()).select_from(table)) == 0


def test_a_write_without_permission_changes_nothing_and_is_audited(small_pilot: Engine, viewer) -> None:
    before = data_version(small_pilot)
    officer = viewer(Role.officer)
    with (
        record_session(small_pilot, officer) as session,
        pytest.raises(Forbidden),
        write(session, officer, Permission.log_work, "log", Scope.work),
    ):
        session.add(Person(code="P-0001", created_at=NOW))
    assert data_version(small_pilot) == before
    with aggregate_session(small_pilot) as session:
        assert session.scalar(select(func.count(Person.id))) == 0
        assert [(a.actor, a.action, a.outcome) for a in session.scalars(select(AuditEntry))] == [
            ("officer", "log", "refused")
        ]


def test_a_write_within_a_write_is_refused_by_itself_and_lasts_only_with_the_other(small_pilot: Engine, viewer) -> None:
    clinician = viewer(Role.clinician)

    def add(session: Session, code: str) -> None:
        with write(session, clinician, Permission.log_work, f"add {code}", Scope.money):
            session.add(Person(code=code, created_at=NOW))

    def stored() -> tuple[list[str], list[str]]:
        with aggregate_session(small_pilot) as session:
            codes = session.scalars(select(Person.code).order_by(Person.id)).all()
            return list(codes), list(session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)))

    before = data_version(small_pilot)
    with record_session(small_pilot, clinician) as session:
        with write(session, clinician, Permission.log_work, "whole", Scope.work):
            add(session, "P-0001")
            with pytest.raises(Conflict, match="Nothing of it was saved"):
                add(session, "P-0001")
            add(session, "P-0002")
        assert stored() == (["P-0001", "P-0002"], ["add P-0001", "add P-0002", "whole"])
        after = data_version(small_pilot)
        assert {scope for scope in Scope if after[scope] > before[scope]} == {Scope.work, Scope.money}

        def broken() -> None:
            with write(session, clinician, Permission.log_work, "broken", Scope.work):
                add(session, "P-0003")
                raise RuntimeError

        with pytest.raises(RuntimeError):
            broken()
        assert stored()[0] == ["P-0001", "P-0002"]
        add(session, "P-0004")
    assert stored() == (["P-0001", "P-0002", "P-0004"], ["add P-0001", "add P-0002", "whole", "add P-0004"])


def test_no_error_and_no_sentence_repeats_a_row(small_pilot: Engine, viewer) -> None:
    clinician = viewer(Role.clinician)
    with (
        record_session(small_pilot, clinician) as session,
        pytest.raises(Conflict, match="The database refused this as contradictory") as told,
        write(session, clinician, Permission.log_work, "log", Scope.work),
    ):
        session.add(Staff(name="Somebody", role=None, fte_percent=50, starts_on=NOW.date()))
    assert "Somebody" not in str(told.value)
    assert "Somebody" not in str(told.value.__cause__).partition("DETAIL")[0]
    with aggregate_session(small_pilot) as session:
        session.add(Person(code="P-0001", created_at=NOW, identity=Identity(name=b"A. Fictional")))
        with pytest.raises(StatementError) as failed:
            session.flush()
    assert "Fictional" not in str(failed.value)


def test_a_write_raises_its_scope_and_no_other(small_pilot: Engine, viewer) -> None:
    before = data_version(small_pilot)
    clinician = viewer(Role.clinician)
    with (
        record_session(small_pilot, clinician) as session,
        write(session, clinician, Permission.log_work, "log", Scope.work),
    ):
        session.add(Person(code="P-0001", created_at=NOW))
    after = data_version(small_pilot)
    assert {scope for scope in Scope if after[scope] != before[scope]} == {Scope.work}


def test_a_record_session_runs_no_textual_sql(small_pilot: Engine, viewer) -> None:
    with (
        record_session(small_pilot, viewer(Role.officer)) as session,
        pytest.raises(RuntimeError, match="no textual SQL"),
    ):
        session.scalars(select(Person).from_statement(text("SELECT * FROM person")))


def test_a_database_that_cannot_be_made_is_a_sentence() -> None:
    with pytest.raises(Setup, match=r"^The database .* cannot be made \(.*\)\. Point TANDEM_HOME at a folder"):
        engine_for("sqlite:////dev/null/tandem/tandem.db")


def test_what_is_only_tried_is_not_stored_and_holds_nobody_up(sqlite: Engine) -> None:
    add_small_pilot(sqlite)
    with to_try_on(sqlite) as tried, aggregate_session(tried) as trial:
        assert trial.scalar(select(func.count(Staff.id)))
        trial.add(Person(id=1, code="P-0001", created_at=NOW))
        trial.flush()
        with aggregate_session(sqlite) as session:
            session.add(Person(id=1, code="P-0002", created_at=NOW))
            session.commit()
        trial.commit()
    with aggregate_session(sqlite) as session:
        assert session.scalars(select(Person.code)).all() == ["P-0002"]
