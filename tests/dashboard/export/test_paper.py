"""The paper form of a week: filled as it stands or blank, for who may see tallies, with nothing that runs."""

import re
from decimal import Decimal
from urllib.parse import urlencode

import pytest
from sqlalchemy import Engine, select
from starlette.requests import Request

from dashboard.export.paper import PAPER, routes
from db import settings
from db.commands import signin
from db.commands.signin import Seat
from db.engine import aggregate_session
from db.models import AuditEntry, Tally, TallyComment, TallyValue
from db.vocab import TallyItem, label
from tests.dashboard.asgi import Answer, ask
from tests.dashboard.conftest import new_session

WEEK = "2026-07-06"


def get(bind: Engine, username: str | None, **query: str) -> Answer:
    """The route's answer to a signed-in browser (None: signed out)."""

    def seat_of(_: Request) -> Seat | None:
        if username is None:
            return None
        token = new_session(bind, username)
        with aggregate_session(bind) as session:
            return signin.resolve(session, token, settings.wall_clock(), active=False)

    return ask(routes(seat_of), f"{PAPER}?{urlencode(query)}")


def rows(html: str) -> list[list[str]]:
    found = re.findall(r"<tr><th>(.*?)</th>(.*?)</tr>", html.split("<tbody>")[1])
    return [[name, *re.findall(r"<td[^>]*>(.*?)</td>", cells)] for name, cells in found]


def test_it_shows_what_was_certified_and_says_nothing_twice(demo_city: Engine) -> None:
    with aggregate_session(demo_city) as session:
        sheet = session.scalars(select(Tally).where(Tally.staff_id == 1, Tally.week == WEEK)).one()
        for value in sheet.values:
            if value.item is TallyItem.office:
                value.reported, value.log, value.reason = Decimal("12.5"), Decimal(7), "<b>Five</b> & a half"
        session.commit()
    answer = get(demo_city, "clinician", staff="1", week=WEEK)
    html = answer.text
    assert answer.status == 200
    table = {name: cells for name, *cells in rows(html)}
    assert set(table) == {label(item) for item in TallyItem}
    assert table[label(TallyItem.office)] == ["7", "12.5", "&lt;b&gt;Five&lt;/b&gt; &amp; a half"]
    assert "certified by Maristel Quaymoor" in html
    assert html.count("<script>") == 1
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "'unsafe-inline'" not in policy.split("script-src")[1].split(";")[0]
    assert answer.headers["cache-control"] == "no-store"


def test_blank_has_a_cell_for_each_day_and_no_figure(demo_city: Engine) -> None:
    html = get(demo_city, "socialworker", staff="1", week=WEEK, blank="1").text
    assert [len(row) for row in rows(html)] == [1 + 7 + 1] * len(TallyItem)
    assert {cell for _, *cells in rows(html) for cell in cells} == {""}


def test_the_chief_prints_certified_weeks_and_nothing_of_a_draft(demo_city: Engine) -> None:
    with aggregate_session(demo_city) as session:
        drafts = select(TallyValue).join(Tally).where(Tally.certified_at.is_(None), TallyValue.reported > 0)
        assert session.scalars(drafts).first() is not None
        assert session.scalars(select(TallyComment)).first() is not None
    certified = get(demo_city, "chief", staff="1", week=WEEK).text
    assert any(cells[1] not in ("", "0") for _, *cells in rows(certified))
    draft = get(demo_city, "chief", staff="1", week="2026-11-09").text
    assert "not certified yet" in draft
    assert {cells[1] for _, *cells in rows(draft)} == {""}


def test_signed_out_other_roles_and_weeks_there_are_not(demo_city: Engine) -> None:
    answer = get(demo_city, None, staff="1", week=WEEK)
    assert (answer.status, answer.headers["location"]) == (303, "/weeks")
    for role in ("officer", "council", "finance", "admin"):
        answer = get(demo_city, role, staff="1", week=WEEK)
        assert (answer.status, answer.text) == (403, "Weekly tallies are not part of your role.")
    for query in (
        {"staff": "1", "week": "2026-07-07"},
        {"staff": "1", "week": "2027-07-05"},
        {"staff": "99", "week": WEEK},
        {"staff": "-1", "week": WEEK},
        {"staff": "1", "week": "' OR 1=1"},
        {},
    ):
        answer = get(demo_city, "clinician", **query)
        assert (answer.status, answer.text) == (404, "There is no such week. Choose one under Weeks."), query
    with aggregate_session(demo_city) as session:
        told = session.scalars(select(AuditEntry.outcome).where(AuditEntry.action == "print tally")).all()
    assert told == ["refused"] * 4


@pytest.mark.parametrize("username", ["clinician", "chief"])
def test_a_print_is_in_the_audit(demo_city: Engine, username: str) -> None:
    get(demo_city, username, staff="2", week=WEEK)
    with aggregate_session(demo_city) as session:
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "print tally")).one()
    assert (entry.actor, entry.subject, entry.outcome) == (username, f"tally 2 {WEEK}", "done")
