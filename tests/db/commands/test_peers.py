"""Another city's edition: loaded once, refused in one sentence that says where and why, removed and brought back."""

import json
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

import pytest
from sqlalchemy import Engine, select

from db.access import Viewer
from db.commands.peers import LARGEST, Loaded, load_peer, peers, remove_peer, restore_peer
from db.engine import aggregate_session, record_session
from db.errors import Conflict, Forbidden, TandemError, Unreadable
from db.forms.peers import Definition, Figure, How, PortableEdition
from db.models import AuditEntry
from db.vocab import Role
from tests.db.desk_world import who

Change = Callable[[dict[str, Any]], object]
FIRST, LAST = date(2026, 1, 12), date(2026, 11, 14)


def meant(window: int = 90, **parts: Any) -> Definition:
    given = {"definition": "D", "counts": "C", "leaves_out": "L", "unit": "calls", "how": How.events, "basis": "person"}
    return Definition.of(**{**given, "window_days": window, **parts})


OURS = {"repeat_calls": meant(), "within_48h": meant(window_days=None, unit="%", how=How.as_it_is)}


def edition(change: Change = lambda made: None, ours: Mapping[str, Definition] = OURS) -> bytes:
    figures = [
        Figure(measure=key, title=key.title(), value=12.5, first=FIRST, last=LAST, definition=each)
        for key, each in ours.items()
    ]
    made = PortableEdition(
        schema="tandem-portable-edition/1",
        city="Kelp Bay",
        number="2026-11-19",
        approved=True,
        as_of=LAST,
        started_on=FIRST,
        population=45_500,
        threshold=11,
        figures=figures,
    ).model_dump(mode="json", by_alias=True)
    change(made)
    return json.dumps(made).encode()


def load(bind: Engine, data: bytes, viewer: Viewer | None = None, **asked: Any) -> Loaded:
    viewer = viewer or who(Role.chief)
    with record_session(bind, viewer) as session:
        return load_peer(session, viewer, data, OURS, **asked)


def there(bind: Engine, role: Role = Role.chief) -> list[str]:
    with record_session(bind, who(role)) as session:
        return [row.city for row in peers(session)]


def test_it_is_loaded_once_removed_and_brought_back(small_pilot: Engine) -> None:
    tried = load(small_pilot, edition(), dry_run=True)
    assert (tried.id, tried.comparable, there(small_pilot)) == (0, ("repeat_calls", "within_48h"), [])
    first = load(small_pilot, edition())
    again = load(small_pilot, edition())
    assert (first.again, again.again, first.id) == (False, True, again.id)
    assert there(small_pilot) == there(small_pilot, Role.council) == ["Kelp Bay"]
    assert there(small_pilot, Role.officer) == []
    chief = who(Role.chief)
    with record_session(small_pilot, chief) as session:
        remove_peer(session, chief, first.id)
        assert peers(session) == ()
        with pytest.raises(Conflict, match="removed already"):
            remove_peer(session, chief, first.id)
        restore_peer(session, chief, first.id)
        remove_peer(session, chief, first.id)
    assert load(small_pilot, edition()).id == first.id
    assert there(small_pilot) == ["Kelp Bay"]
    with aggregate_session(small_pilot) as session:
        said = [row.action for row in session.scalars(select(AuditEntry).order_by(AuditEntry.id))]
    assert said.count("load peer edition") == 3
    assert said.count("remove peer edition") == 2
    assert said.count("restore peer edition") == 1


def test_who_does_not_prepare_meetings_tries_nothing(one: Engine) -> None:
    for asked in ({}, {"dry_run": True}):
        with pytest.raises(Forbidden):
            load(one, edition(), who(Role.council), **asked)


def test_what_differs_is_named_with_the_reason_and_the_rest_is_kept(one: Engine) -> None:
    theirs = {"repeat_calls": meant(30), "within_48h": OURS["within_48h"], "spent": meant()}
    loaded = load(one, edition(ours=theirs))
    assert loaded.comparable == ("within_48h",)
    assert loaded.refused == {
        "Repeat_Calls": "counts a repeat call within 30 days there and within 90 here",
        "Spent": "is not a measure that is compared here",
    }


@pytest.mark.parametrize(
    ("theirs", "why"),
    [
        (meant(30), "counts a repeat call within 30 days there and within 90 here"),
        (meant(basis="location"), "follows the same place there and the same person here"),
        (meant(unit="events"), "is stated in events there and in calls here"),
        (meant(definition="Other"), "is defined otherwise there: “Other”"),
        (meant(counts="Other"), "counts something else there: “Other”"),
        (meant(leaves_out="Other"), "leaves out something else there: “Other”"),
        (meant(how=How.people), "is a figure of another kind there"),
    ],
)
def test_an_edition_with_nothing_to_compare_is_refused(one: Engine, theirs: Definition, why: str) -> None:
    with pytest.raises(Conflict, match="Nothing in the edition of Kelp Bay can be compared") as refused:
        load(one, edition(ours={"repeat_calls": theirs}))
    assert why in str(refused.value)
    assert there(one) == []


def _set(**values: Any) -> Change:
    return lambda made: made.update(values)


def _figure(**values: Any) -> Change:
    return lambda made: made["figures"][0].update(values)


def _meaning(**values: Any) -> Change:
    return lambda made: made["figures"][0]["definition"].update(values)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_set(schema="tandem-portable-edition/9"), "says it is “tandem-portable-edition/9”; this version reads"),
        (_set(city=""), "“city” of the file cannot be read"),
        (_set(population=0), "“population” of the file cannot be read"),
        (_set(as_of="soon"), "“as_of” of the file cannot be read"),
        (_set(figures=[]), "“figures” of the file cannot be read"),
        (_set(people=["P-0001"]), "“people” of the file cannot be read"),
        (_set(approved=False), "is a draft"),
        (_set(city=" harbor "), "an edition of Harbor itself"),
        (_figure(value="much"), "“figures” → 1 → “value” of the file cannot be read"),
        (_figure(last="2025-01-01"), "it ends on 2025-01-01, before it begins"),
        (_figure(low=3, high=1), "the lower end 3.0 of its interval is above"),
        (_figure(measure="within_48h"), "the measure “within_48h” stands twice"),
        (_figure(measure="DROP TABLE"), "“measure” of the file cannot be read"),
        (_figure(person_id=7), "“person_id” of the file cannot be read"),
        (_meaning(window_days=30), "its fingerprint is not that of its parts"),
    ],
)
def test_a_wrong_file_is_refused_where_it_is_wrong(one: Engine, change: Change, said: str) -> None:
    with pytest.raises(TandemError) as refused:
        load(one, edition(change))
    assert said in str(refused.value)
    assert there(one) == []


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "Line 1, column 1 of the file is not JSON"),
        (b'{"schema": 1,', "Line 1, column 14 of the file is not JSON"),
        (b"\xff\xfe", "Byte 1 of the file is not UTF-8"),
        (b"[1]", "does not say what it is"),
        (b"[" * 200_000, "nested deeper"),
        (b'{"value": NaN}', "“NaN”, which is no number"),
        (b'{"a": 1, "a": 2}', "says “a” twice"),
        (b" " * (LARGEST + 1), "2,000,000 fit"),
    ],
)
def test_what_is_no_edition_at_all_is_refused(one: Engine, data: bytes, said: str) -> None:
    with pytest.raises(Unreadable) as refused:
        load(one, data)
    assert said in str(refused.value)
