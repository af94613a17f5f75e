"""Four saved scenarios of the year after the pilot, each made of what the pilot itself costs by its closed months."""

from collections.abc import Sequence
from decimal import Decimal

from sqlalchemy import Connection
from sqlalchemy.orm import Session

from db import hours
from db.forms.scenarios import Assumptions, Post, Source
from db.models import Scenario
from db.pilot import the_pilot
from db.run_rate import as_is, no_funding
from db.vocab.money import FundingKind
from seed.awards import FINANCE_ACCOUNT
from seed.bulk import Rows
from seed.story import Clock

EVENING = "Mon–Fri 17–22"
ZERO = Decimal("0.00")
RISE = Decimal(3)
_OPERATING = (ZERO, Decimal("150000.00"), Decimal("155000.00"), Decimal("160000.00"))
_STATE = (ZERO, Decimal("40000.00"), Decimal("40000.00"), ZERO)


def scenario_rows(connection: Connection, clock: Clock) -> Rows:
    """Continue as is, add an evening shift, part-time only, end: in this order, all on the slide."""
    with Session(connection, info={"all_rows": True}, join_transaction_mode="rollback_only") as session:
        base = as_is(session, the_pilot(session), clock.today)
    saved_at = clock.at(clock.cut - 2, 840)
    return {
        Scenario: [
            {
                "id": number,
                "name": name,
                "assumptions": made.model_dump(mode="json"),
                "saved_at": saved_at,
                "saved_by": FINANCE_ACCOUNT,
                "on_slide": True,
            }
            for number, (name, made) in enumerate(_scenarios(base), start=1)
        ]
    }


def _scenarios(base: Assumptions) -> Sequence[tuple[str, Assumptions]]:
    kept = base.model_copy(update={"rise_percent": RISE})
    part_time = base.posts[-1:]
    evening = Post(name="Evening social worker", fte=Decimal("0.75"), yearly=part_time[0].yearly)
    return (
        ("Continue as is", _paid(kept, _OPERATING)),
        ("Add evening shift", _paid(_with_evening(kept, evening), _OPERATING, _STATE)),
        (
            "Part-time only",
            _paid(
                kept.model_copy(update={"posts": part_time, "hours": "Tue–Thu 14–20"}),
                (ZERO, *[Decimal("60000.00")] * 3),
            ),
        ),
        ("End", Assumptions(funding=no_funding())),
    )


def _with_evening(kept: Assumptions, post: Post) -> Assumptions:
    both = hours.joined((hours.read(kept.hours) or ()) + (hours.read(EVENING) or ()))
    return kept.model_copy(update={"posts": (*kept.posts, post), "hours": hours.written(both)})


def _paid(made: Assumptions, *amounts: Sequence[Decimal]) -> Assumptions:
    """With what the operating budget and the state might give; no grant is counted."""
    given = dict(zip((FundingKind.operating, FundingKind.state), amounts, strict=False))
    sources = tuple(
        Source(kind=source.kind, amounts=given[source.kind], counted=True) if source.kind in given else source  # pyright: ignore[reportArgumentType]
        for source in no_funding()
    )
    return made.model_copy(update={"funding": sources})
