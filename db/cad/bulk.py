"""Many rows at once, as fast as the driver can."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Table
from sqlalchemy.orm import Session


def bulk_insert(session: Session, table: Table, columns: Sequence[str], rows: Iterable[tuple[Any, ...]]) -> None:
    """Insert tuples as the driver takes them: executemany on SQLite, COPY on PostgreSQL. Rows are drawn one by one."""
    connection = session.connection()
    if connection.dialect.name == "sqlite":
        statement = str(table.insert().compile(dialect=connection.dialect, column_keys=list(columns)))
        cursor: Any = connection.connection.cursor()
        try:
            cursor.executemany(statement, rows)
        finally:
            cursor.close()
        return
    cursor = connection.connection.cursor()
    with cursor, cursor.copy(f"COPY {table.name} ({', '.join(columns)}) FROM STDIN") as stream:
        for row in rows:
            stream.write_row(row)
