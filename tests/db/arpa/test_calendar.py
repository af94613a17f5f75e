"""What is due when, and how a quarter is written."""

from datetime import date, timedelta

import pytest
from sqlalchemy import Engine

from db.arpa.calendar import calendar, due_on, quarter_code, quarter_name, read_quarter
from db.engine import aggregate_session
from db.errors import Unreadable
from db.models import QuarterFiling
from tests.db.arpa.books import BEFORE, Q1, Q2, Q3


def test_every_quarter_the_grant_touches_with_its_due_date(one: Engine) -> None:
    with aggregate_session(one) as session:
        for version in (1, 2):
            session.add(QuarterFiling(quarter=Q1, version=version, filed_at=BEFORE, filed_by="x", worksheet={}))
        session.add(QuarterFiling(quarter=Q2, version=1, filed_at=BEFORE, filed_by="x", worksheet={}))
        session.commit()
        found = calendar(session, date(2026, 10, 29))
    assert [(quarter_name(d.quarter), d.due_on, d.state) for d in found] == [
        ("Q4 2025", date(2026, 1, 30), "Overdue by 272 days"),
        ("Q1 2026", date(2026, 4, 30), "Filed, version 2"),
        ("Q2 2026", date(2026, 7, 30), "Filed"),
        ("Q3 2026", date(2026, 10, 30), "Due in 1 day"),
        ("Q4 2026", date(2027, 1, 30), "Not over yet"),
        ("Q1 2027", date(2027, 4, 30), "Not over yet"),
    ]


@pytest.mark.parametrize(
    ("today", "state"),
    [
        (date(2026, 9, 30), "Not over yet"),
        (date(2026, 10, 1), "Due in 29 days"),
        (date(2026, 10, 30), "Due today"),
        (date(2026, 10, 31), "Overdue by 1 day"),
    ],
)
def test_how_a_quarter_stands(one: Engine, today: date, state: str) -> None:
    with aggregate_session(one) as session:
        assert next(d for d in calendar(session, today) if d.quarter == Q3).state == state


def test_due_thirty_days_after_the_end() -> None:
    assert due_on(Q3) - date(2026, 9, 30) == timedelta(days=30)


@pytest.mark.parametrize("text", ["2026Q3", "2026q3", "2026-Q3", "Q3 2026", " q3-2026 "])
def test_a_quarter_is_read(text: str) -> None:
    assert read_quarter(text) == Q3
    assert quarter_code(Q3) == "2026Q3"


@pytest.mark.parametrize("text", ["", "2026", "2026Q5", "26Q3", "Q3", "2026Q", "third", "20266Q3", "1066Q1"])
def test_what_is_no_quarter_is_refused(text: str) -> None:
    with pytest.raises(Unreadable) as refusal:
        read_quarter(text)
    assert str(refusal.value) == f"“{text}” is not a quarter. Write the year and the quarter, like 2026Q3."
