"""Two people, or two clicks, at the very same moment, on both databases."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from decimal import Decimal
from threading import Barrier

import pytest
from sqlalchemy import Engine, func, select

from db.commands.desk import Saved
from db.commands.tally import certify_tally
from db.commands.work import record_intervention
from db.engine import aggregate_session, record_session
from db.errors import Conflict
from db.forms.tally import TallyCell, TallyForm
from db.models import AuditEntry, Episode, Intervention, Tally
from db.vocab import Role, TallyItem
from tests.db.desk_world import intervention, settle, who


@pytest.fixture
def desk(small_pilot: Engine) -> Engine:
    settle(small_pilot)
    return small_pilot


def at_once(*acts: Callable[[], Saved]) -> list[Saved | Exception]:
    """Run all of them behind one barrier; what each returned or raised."""
    gate = Barrier(len(acts))

    def run(act: Callable[[], Saved]) -> Saved | Exception:
        gate.wait()
        try:
            return act()
        except Exception as error:
            return error

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


def test_the_second_of_two_certifying_at_once_is_told(desk: Engine) -> None:
    values = {item: TallyCell(reported=Decimal(0)) for item in TallyItem}
    form = TallyForm(staff_id=1, week=date(2026, 11, 9), values=values, weekend_confirmed=True)

    def certify(role: Role) -> Saved:
        viewer = who(role)
        with record_session(desk, viewer) as session:
            return certify_tally(session, viewer, form)

    ended = at_once(lambda: certify(Role.clinician), lambda: certify(Role.social_worker))
    told = [e for e in ended if isinstance(e, Conflict)]
    assert len(told) == 1, ended
    assert "is certified (by" in str(told[0])
    with aggregate_session(desk) as session:
        assert len(session.scalars(select(Tally)).all()) == 1


def test_four_clicks_at_once_are_one_entry(desk: Engine) -> None:
    form, viewer = intervention(), who(Role.clinician)

    def save() -> Saved:
        with record_session(desk, viewer) as session:
            return record_intervention(session, viewer, form)

    ended = at_once(*[save] * 4)
    assert all(isinstance(e, Saved) for e in ended), ended
    assert len({e.id for e in ended if isinstance(e, Saved)}) == 1
    with aggregate_session(desk) as session:
        assert session.scalar(select(func.count(Intervention.id))) == 1
        assert session.scalar(select(func.count(AuditEntry.id))) == 1


def test_two_first_contacts_at_once_open_one_episode(desk: Engine) -> None:
    def save(role: Role) -> Saved:
        viewer = who(role)
        with record_session(desk, viewer) as session:
            return record_intervention(session, viewer, intervention())

    ended = at_once(lambda: save(Role.clinician), lambda: save(Role.social_worker))
    assert all(isinstance(e, Saved) for e in ended), ended
    with aggregate_session(desk) as session:
        assert session.scalar(select(func.count(Episode.id))) == 1
        assert len(set(session.scalars(select(Intervention.episode_id)))) == 1
