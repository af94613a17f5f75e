"""What a person needs, and how far each need has come."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from db.models import Connection, Intervention, InterventionNeed, PersonNeed, Provider, Referral, ReferralNeed
from db.vocab import Need, Step, label


@dataclass(frozen=True, slots=True)
class Needed:
    """One need of one person. ``met``: attended or retained; ``open``: nobody is on it."""

    need: Need
    words: str
    since: date | None
    open: bool
    met: bool


def needs_of(session: Session, person_id: int) -> list[Needed]:
    """Every need somebody noted, named in a referral or an intervention, or connected; open ones first."""
    named = set(session.scalars(select(PersonNeed.need).where(PersonNeed.person_id == person_id)))
    named |= set(
        session.scalars(
            select(ReferralNeed.need)
            .join(Referral, Referral.id == ReferralNeed.referral_id)
            .where(Referral.person_id == person_id)
        )
    )
    named |= set(
        session.scalars(
            select(InterventionNeed.need)
            .join(Intervention, Intervention.id == InterventionNeed.intervention_id)
            .where(Intervention.person_id == person_id, Intervention.voided_at.is_(None))
        )
    )
    rows = session.execute(
        select(Connection, Provider.name)
        .outerjoin(Provider, Provider.id == Connection.provider_id)
        .where(Connection.person_id == person_id, Connection.voided_at.is_(None))
        .order_by(Connection.opened_on, Connection.id)
        .options(selectinload(Connection.steps))
    )
    found = {need: Needed(need, "not connected yet", None, True, False) for need in named}
    for row, provider in rows:  # the latest one speaks
        found[row.need] = _state(row, provider)
    return sorted(found.values(), key=lambda n: (n.met, not n.open, list(Need).index(n.need)))


def _state(row: Connection, provider: str | None) -> Needed:
    if row.ended_on is not None and row.end_reason is not None:
        what = "service gap" if provider is None else provider
        return Needed(row.need, f"{what}: {label(row.end_reason).lower()}", row.ended_on, True, False)
    step = max(row.steps, key=lambda s: list(Step).index(s.step), default=None)
    words = f"{provider}: {label(step.step).lower()}" if step else str(provider)
    met = step is not None and step.step in (Step.attended, Step.retained)
    return Needed(row.need, words, step.on_date if step else row.opened_on, False, met)
