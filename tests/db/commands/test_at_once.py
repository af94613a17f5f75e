"""Two people, or two clicks, at the very same moment, on both databases."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from decimal import Decimal
from threading import Barrier

from sqlalchemy import Engine, func, select

from db.commands.amend import amend_tally
from db.commands.desk import Saved
from db.commands.merge import merge_people
from db.commands.tally import certify_tally
from db.commands.weeks import accept_weeks
from db.commands.work import record_intervention
from db.engine import aggregate_session, record_session
from db.errors import Conflict
from db.forms.tally import AmendmentForm, TallyCell, TallyForm
from db.models import AmendmentRequest, AuditEntry, Episode, Intervention, Tally, TallyAmendment
from db.vocab import Role, TallyItem, TallyStatus
from tests.db.desk_world import intervention, who


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


def test_a_merge_and_a_contact_at_once_lose_nothing(desk: Engine) -> None:
    """Whoever comes first, the contact ends under a code that is in use, or its author is told which one is."""
    viewer = who(Role.clinician)

    def merge() -> Saved:
        with record_session(desk, viewer) as session:
            return merge_people(session, viewer, 2, 1)

    def contact() -> Saved:
        with record_session(desk, viewer) as session:
            return record_intervention(session, viewer, intervention())

    merged, logged = at_once(merge, contact)
    assert isinstance(merged, Saved), merged
    with aggregate_session(desk) as session:
        told = session.scalars(select(Intervention.person_id)).all()
        opened = session.scalars(select(Episode.person_id)).all()
    if isinstance(logged, Saved):
        assert (told, opened) == ([2], [2])
    else:
        assert isinstance(logged, Conflict)
        assert "merged into P-0002" in str(logged)
        assert (told, opened) == ([], [])


def test_an_amendment_and_an_acceptance_at_once_agree(desk: Engine) -> None:
    """What the chief accepts is what was shown: the second is told, and no accepted week was changed unasked."""
    clinician, chief, week = who(Role.clinician), who(Role.chief), date(2026, 11, 2)
    cells = {item: TallyCell(reported=Decimal(0)) for item in TallyItem}
    with record_session(desk, clinician) as session:
        form = TallyForm(staff_id=1, week=week, values=cells, weekend_confirmed=True)
        certify_tally(session, clinician, form)
        seen = session.scalars(select(Tally)).one().revision

    def amend() -> Saved:
        values: dict[TallyItem, Decimal | None] = {TallyItem.family_contacts: Decimal(3)}
        with record_session(desk, clinician) as session:
            form = AmendmentForm(staff_id=1, week=week, values=values, revision=seen, why="Found in the notebook")
            return amend_tally(session, clinician, form)

    def accept() -> Saved:
        with record_session(desk, chief) as session:
            return accept_weeks(session, chief, [(1, week, seen)])

    amended, accepted = at_once(amend, accept)
    with aggregate_session(desk) as session:
        row = session.scalars(select(Tally)).one()
        changed = session.scalar(select(func.count(TallyAmendment.id)))
        asked = session.scalar(select(func.count(AmendmentRequest.id)))
    assert isinstance(amended, Saved | Conflict), amended
    if isinstance(accepted, Saved):
        assert (row.status, changed) == (TallyStatus.accepted, 0)
        assert bool(asked) == isinstance(amended, Saved)
    else:
        assert "was amended since you opened it" in str(accepted)
        assert (row.status, changed, asked) == (TallyStatus.certified, 1, 0)
