"""Entries that were put right later: what they said first, who changed them, when and why. The rows say the newest."""

import json
from datetime import timedelta
from random import Random
from typing import Any

from db.models import Intervention, InterventionNeed, InterventionRevision
from db.vocab import Mode, Need, Outcome, Purpose
from seed.bulk import Row, Rows
from seed.story import Clock, stream

ONE_IN = 32
_WHY = {
    "minutes": ("Travel was not counted", "It took longer than I wrote", "Typed one digit too many"),
    "purpose": ("It turned into finding a resource", "Wrong button"),
    "outcome": ("Accepted help after all, on the way out", "Wrong button"),
    "needs": ("Told me about it at the end", "Forgot to tick it"),
}


def revision_rows(rows: Rows, clock: Clock, seed: int) -> Rows:
    """About one entry in thirty was changed, some twice; the last ones by the other member of the desk."""
    random = stream(seed, "revisions")
    needs: dict[int, list[Need]] = {}
    for row in rows[InterventionNeed]:
        needs.setdefault(row["intervention_id"], []).append(row["need"])
    last = clock.at(clock.cut - 1, 1050)
    revisions: list[Row] = []
    for row in rows[Intervention]:
        if random.randrange(ONE_IN) or row.get("voided_at") is not None:
            continue
        fields = random.sample(_possible(row, needs.get(row["id"], [])), 2 if random.random() < 0.2 else 1)
        for number, name in enumerate(fields, start=1):
            revisions.append(
                {
                    "id": len(revisions) + 1,
                    "intervention_id": row["id"],
                    "number": number,
                    "at": min(row["created_at"] + timedelta(hours=random.choice((1, 3, 20, 46)) + number), last),
                    "by": row["created_by"],
                    "reason": random.choice(_WHY[name]),
                    "changes": json.dumps({name: _change(name, row, needs.get(row["id"], []), random)}),
                }
            )
    return {InterventionRevision: revisions}


def _possible(row: Row, needs: list[Need]) -> list[str]:
    names = ["minutes", "purpose"]
    if row["outcome"] is Outcome.engaged and row["mode"] is not Mode.on_scene:
        names.append("outcome")
    return [*names, "needs"] if len(needs) > 1 else names


def _change(name: str, row: Row, needs: list[Need], random: Random) -> list[Any]:
    """[what it said first, what it says now]."""
    if name == "minutes":
        now = row["minutes"]
        return [now - 5 * random.randint(1, 2) if now > 20 else now + 10, now]
    if name == "purpose":
        first = random.choice(
            [p for p in (Purpose.follow_up, Purpose.assessment, Purpose.other) if p != row["purpose"]]
        )
        return [first.value, row["purpose"].value]
    if name == "outcome":
        return [Outcome.reached.value, row["outcome"].value]
    said = sorted(need.value for need in dict.fromkeys(needs))
    return [[need for need in said if need != needs[-1].value], said]
