"""The demo's sheets after Friday: they pass their own checks, and ledger, acceptances and requests fit them."""

from collections.abc import Callable
from decimal import Decimal

from sqlalchemy import Engine, select

from db.access import ROLES, viewer_for
from db.commands.tally import findings, form_of, sheet
from db.engine import aggregate_session, record_session
from db.models import AmendmentRequest, Tally, TallyAcceptance, TallyAmendment, TallyComment, TallyValue
from db.vocab import Role, TallyStatus
from db.vocab.tally import AmendmentStatus, Level
from seed.weeks import CHIEF
from tests.conftest import NOW, TODAY


def test_every_certified_sheet_passes_the_checks_that_certifying_makes(harbor: Callable[..., Engine]) -> None:
    bind = harbor()
    viewer = viewer_for(Role.clinician, name="clinician", now=NOW, today=TODAY, user_id=1, staff_id=1)
    assert viewer.permissions == ROLES[Role.clinician]
    levels: list[Level] = []
    with record_session(bind, viewer) as session:
        certified = session.scalars(select(Tally).where(Tally.certified_at.is_not(None))).all()
        for row in certified[::7]:
            opened = sheet(session, viewer, row.staff_id, row.week)
            found = findings(session, viewer, form_of(opened, {}))
            assert [f for f in found if f.level is Level.must_fix] == [], (row.staff_id, row.week)
            levels += [f.level for f in found]
    assert Level.check in levels  # a year has its odd weeks, and not only odd ones
    assert levels.count(Level.check) < 3 * len(certified[::7])


def test_ledger_acceptances_and_requests_fit_the_sheets(harbor: Callable[..., Engine]) -> None:
    with aggregate_session(harbor()) as session:
        sheets = {t.id: t for t in session.scalars(select(Tally))}
        values = {(v.tally_id, v.item): v for v in session.scalars(select(TallyValue))}
        accepted = {a.tally_id: a for a in session.scalars(select(TallyAcceptance))}
        ledger = session.scalars(select(TallyAmendment)).all()
        requests = {r.id: r for r in session.scalars(select(AmendmentRequest))}
        assert set(accepted) == {key for key, t in sheets.items() if t.status is TallyStatus.accepted}
        assert {a.user_id for a in accepted.values()} == {CHIEF}
        for key, one in accepted.items():
            assert one.at > (sheets[key].certified_at or one.at), key
        assert len(ledger) >= 3
        for line in ledger:
            value = values[line.tally_id, line.item]
            assert (value.reported, value.reason) == (line.new_reported, line.why)
            assert line.old_reported == value.log
            assert line.at > (sheets[line.tally_id].certified_at or line.at)
        assert sorted(r.status for r in requests.values()) == sorted(
            (AmendmentStatus.approved, AmendmentStatus.asked, AmendmentStatus.refused)
        )
        for request in requests.values():
            assert accepted[request.tally_id].at < request.at
            for ask in request.lines:
                approved = request.status is AmendmentStatus.approved
                expected = ask.new_reported if approved else ask.old_reported
                assert values[request.tally_id, ask.item].reported == expected
                assert ask.new_reported != (ask.old_reported or Decimal(0))
        assert session.scalars(select(TallyComment)).first() is not None
