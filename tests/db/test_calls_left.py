"""An incident number is found by an index, however many calls there are."""

from datetime import UTC, date, datetime

from sqlalchemy import Engine, select, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql import ClauseElement

from db import calls_left
from db.engine import aggregate_session
from db.models import Call, CallType


def plan(bind: Engine, asked: ClauseElement) -> str:
    """How the database would find it, were the table large."""
    on_sqlite = bind.dialect.name == "sqlite"
    dialect = sqlite.dialect() if on_sqlite else postgresql.dialect()
    statement = str(asked.compile(dialect=dialect, compile_kwargs={"literal_binds": True}))
    with bind.begin() as connection:
        if not on_sqlite:
            connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        told = connection.execute(
            text(("EXPLAIN QUERY PLAN " if on_sqlite else "EXPLAIN ") + statement.replace(":", "\\:"))
        )
        return "\n".join(str(row[-1]) for row in told)


def test_an_incident_number_is_found_by_an_index(small_pilot: Engine) -> None:
    found = plan(small_pilot, calls_left.numbered(["HB-1", "HB1"]))
    assert "ix_call_incident_number" in found
    assert ("uq_call_identity_key" if small_pilot.dialect.name == "postgresql" else "sqlite_autoindex_call_1") in found
    assert "SCAN call" not in found
    assert "Seq Scan" not in found


def test_what_was_taken_up_is_found_by_an_index(small_pilot: Engine) -> None:
    found = plan(small_pilot, select(Call.id).where(Call.received_on == date(2026, 3, 1), ~calls_left.taken_up()))
    assert "ix_referral_incident_number" in found
    assert "ix_call_received_on" in found
    if small_pilot.dialect.name == "sqlite":  # PostgreSQL takes any index of a table without rows
        assert "ix_intervention_incident_number" in found


def test_a_number_is_spelled_as_dispatch_writes_it_also_where_it_was_used_before(small_pilot: Engine) -> None:
    with aggregate_session(small_pilot) as session:
        kind = CallType(name="NOISE AGAIN")
        session.add(kind)
        session.flush()
        for key, number in (
            ("HB-77", "HB-77"),
            ("HB-77@20260301", "HB-77"),
            ("HB-88@20260301", "HB-88"),
            ("~1-a", None),
        ):
            session.add(
                Call(identity_key=key, incident_number=number, type_id=kind.id, received_on=date(2026, 3, 1),
                     received_at=datetime(2026, 3, 1, 12, tzinfo=UTC))
            )  # fmt: skip
        session.commit()
        told = [calls_left.as_dispatch_writes(session, typed) for typed in ("hb 77", "HB88", "hb99", "~1-a", None)]
    assert told == ["HB-77", "HB-88", "hb99", "~1-a", None]
