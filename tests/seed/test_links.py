"""The loop in the demo city: nothing was told without a consent, and what links answered stands on the ladder."""

from datetime import timedelta
from pathlib import Path

from sqlalchemy import select

from db.commands import directory, waiting
from db.commands.tokens import LINK_LASTS
from db.engine import aggregate_session
from db.models import Connection, Consent, Disclosure, Provider, ProviderReport, ProviderToken
from db.pilot import local_day, the_pilot
from db.vocab import Step
from db.vocab.care import DisclosureKind
from db.vocab.links import ANSWERED_STEP
from tests.conftest import TODAY, create_engine_at

LOOP = (DisclosureKind.slip, DisclosureKind.call_or_visit)


def test_the_loop_of_the_city(demo_database: Path) -> None:
    with aggregate_session(create_engine_at(demo_database)) as session:
        zone = the_pilot(session).time_zone
        consents = {row.id: row for row in session.scalars(select(Consent))}
        told = session.scalars(select(Disclosure).where(Disclosure.kind.in_(LOOP))).all()
        for line in told:
            on, consent = local_day(line.at, zone), consents[line.consent_id]
            assert consent.person_id == line.person_id
            assert consent.starts_on <= on
            assert consent.until is None or on <= consent.until
        assert {line.kind for line in told} == set(LOOP)
        links = {row.id: row for row in session.scalars(select(ProviderToken))}
        reports = session.scalars(select(ProviderReport)).all()
        for report in reports:
            row = session.get_one(Connection, report.connection_id)
            assert {s.step: s.on_date for s in row.steps}[ANSWERED_STEP[report.answer]] == report.on_date
            assert links[report.token_id].spent_at == report.at
        assert len(links) > len(reports) > 20
        assert any(link.spent_at is None and local_day(link.expires_at, zone) > TODAY for link in links.values())
        assert all(link.expires_at - link.created_at <= LINK_LASTS + timedelta(days=1) for link in links.values())
        assert [r.answer.value for r in waiting.unseen_reports(session)].count("attended") >= 1
        due = [w for w in waiting.waiting_on_provider(session) if w.overdue(TODAY)]
        assert 3 <= len(due) <= 40
        made = session.scalars(select(Connection).where(Connection.appointment_on.is_not(None))).all()
        assert all(Step.appointment in {s.step for s in row.steps} for row in made)
        old = [p for p in session.scalars(select(Provider)) if directory.stale(p, TODAY)]
        assert 5 <= len(old) <= 12
