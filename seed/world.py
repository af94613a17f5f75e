"""The whole city: parts in their order, rows into the database in one transaction."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Engine, select, update
from sqlalchemy.orm import Session

from db.cad import current
from db.errors import Setup
from db.models import AuditEntry, Change, Pilot
from db.settings import wall_clock
from seed.bulk import Rows, fill
from seed.call_changes import call_change_rows
from seed.call_rows import call_rows
from seed.calls import all_calls
from seed.care import Care
from seed.care_rows import care_rows
from seed.directory import Directory
from seed.family import family_rows
from seed.filings import add_filings
from seed.flow import flow_rows, slip_numbers
from seed.links import link_rows
from seed.money import money_rows
from seed.revisions import revision_rows
from seed.scenarios import scenario_rows
from seed.story import Clock
from seed.tallies import tally_rows
from seed.town import ACCOUNTS, PASSWORD, town_rows

__all__ = ["ACCOUNTS", "PASSWORD", "Counts", "build", "rows_of"]


@dataclass(frozen=True, slots=True)
class Counts:
    """Rows per table, as they were inserted."""

    tables: Mapping[str, int]

    def __getitem__(self, table: str) -> int:
        return self.tables.get(table, 0)

    def __str__(self) -> str:
        told = ("call", "person", "referral", "intervention", "connection", "provider", "ledger_entry", "tally")
        return ", ".join(f"{self[table]:,} × {table.replace('_', ' ')}" for table in told)


def rows_of(today: date, *, seed: int = 2026) -> Rows:
    """Every row of the city in its 44th week on ``today``, by model, but for the tallies. Needs no database."""
    clock = Clock(today)
    calls = all_calls(seed)
    care = Care(seed, calls, Directory(seed))
    return town_rows(clock) | call_rows(calls, clock, seed) | care_rows(care, clock, seed) | money_rows(clock, seed)


def build(bind: Engine, today: date, *, seed: int = 2026) -> Counts:
    """Fill a migrated database that holds no pilot, all or nothing. Raises :class:`Setup` when there is one."""
    with bind.connect().execution_options(tandem_writer=True) as connection, connection.begin():
        if connection.execute(select(Pilot.id)).first():
            raise Setup(
                "This database holds a pilot already; the demo city was not added to it. "
                "Point TANDEM_HOME or DATABASE_URL at an empty place, or run “make demo-reset” to make the demo anew."
            )
        rows = rows_of(today, seed=seed)
        rows |= family_rows(rows, Clock(today), seed)
        rows |= flow_rows(rows, Clock(today), seed)
        rows |= link_rows(rows, Clock(today), seed)
        rows |= revision_rows(rows, Clock(today), seed)
        rows |= call_change_rows(rows, Clock(today))
        slip_numbers(rows)
        rows[AuditEntry] = [
            {"id": 1, "at": wall_clock(), "actor": "seed", "action": "build demo city", "detail": {"today": str(today)}}
        ]
        counts = fill(connection, rows)
        counts |= fill(connection, tally_rows(connection, Clock(today), seed))
        counts |= fill(connection, scenario_rows(connection, Clock(today)))
        with Session(connection, info={"all_rows": True}) as session:
            for table, more in add_filings(session, Clock(today)).items():
                counts[table] = counts.get(table, 0) + more
            current.refresh(session)
            session.commit()  # its savepoint only: the transaction is the connection's
        connection.execute(update(Change).values(version=Change.version + 1))
    return Counts(counts)
