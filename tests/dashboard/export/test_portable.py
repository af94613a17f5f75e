"""The edition that leaves for another city: what was disclosed, what it means, nobody, and after its schema."""

import json
from dataclasses import replace
from typing import Any

import pandas as pd
import pytest

from dashboard import peers
from dashboard.document import Document
from dashboard.export import portable
from dashboard.model import Audience, Estimate, Guard, Result
from db.commands.peers import read
from db.errors import Conflict
from db.forms.peers import Definition, How
from db.models import PeerEdition
from tests.dashboard.export.paper import AS_OF, EVIL, FIRST, a_document, served, sources


def repeats(lang: str = "en", window: int = 90) -> Result:
    of = served()
    filters = replace(of.filters, lang=lang, window_days=window)
    marks = {"basis": "person", "window_days": window}
    return replace(of, key="repeat_calls", estimate=Estimate(772.0, 718.5, 828.5, 2120), filters=filters, marks=marks)


def edition(**changes: Any) -> Document:
    results = {"en": {made.key: made for made in (sources(), served(), repeats())}}
    return a_document(**{"results": results, **changes})


def file(**changes: Any) -> dict[str, Any]:
    return json.loads(portable.write(edition(**changes), "en"))


def test_it_holds_disclosed_figures_to_the_digit_and_what_they_mean() -> None:
    made = file()
    assert (made["schema"], made["city"], made["number"]) == ("tandem-portable-edition/1", "Harbor", "2026-11-19")
    assert (made["as_of"], made["population"], made["approved"]) == ("2026-11-14", 91_000, True)
    figures = {told["measure"]: told for told in made["figures"]}
    assert set(figures) == {"eligible_served", "repeat_calls"}  # groups of one city are nobody else's
    own = served().estimate
    assert [figures["eligible_served"][k] for k in ("value", "low", "high", "n")] == [
        own.value,
        own.low,
        own.high,
        own.n,
    ]
    meant = figures["repeat_calls"]["definition"]
    assert (meant["window_days"], meant["basis"], meant["how"]) == (90, "person", "events")
    assert figures["eligible_served"]["definition"]["window_days"] is None
    assert not any(evil in json.dumps(made) for evil in EVIL)


def test_a_hidden_figure_is_named_and_not_told() -> None:
    gone = replace(repeats(), estimate=Estimate(None), display="hidden")
    made = file(results={"en": {gone.key: gone, "eligible_served": served()}})
    assert made["hidden"] == ["repeat_calls"]
    assert [told["measure"] for told in made["figures"]] == ["eligible_served"]


@pytest.mark.parametrize("change", [{"audience": Audience.internal}, {"guard": Guard()}])
def test_what_has_not_passed_disclosure_never_leaves(change: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="has not passed disclosure"):
        file(results={"en": {"repeat_calls": replace(repeats(), **change)}})


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"number": ""}, "Only an edition of a meeting"),
        ({"audience": Audience.internal}, "Only an edition of a meeting"),
        ({"facts": {"city": "Harbor", "starts_on": FIRST}}, "number of residents is not set"),
        ({"results": {"en": {}}}, "None of the figures"),
    ],
)
def test_no_other_document_leaves(changes: dict[str, Any], why: str) -> None:
    assert why in portable.refuses(edition(**changes))
    with pytest.raises(Conflict, match=why):
        file(**changes)


def test_the_schema_that_is_handed_out_is_the_one_that_is_checked() -> None:
    assert json.loads(portable.SCHEMA_FILE.read_text("utf-8")) == portable.schema()


def test_what_is_written_is_read_back() -> None:
    assert portable.write(edition(), "en") == portable.write(edition(), "en")
    assert read(portable.write(edition(), "en")).model_dump(mode="json", by_alias=True) == file()


# --- two cities ------------------------------------------------------------------------------------------


HOME = peers.Home("Harbor", 91_000, FIRST)


def another(**changes: Any) -> PeerEdition:
    """Kelp Bay's edition: half as many residents, otherwise as ours; ``changes`` by measure."""
    made: dict[str, Any] = file(place="Kelp Bay") | {"population": 45_500}
    for told in made["figures"]:
        told.update(changes.get(told["measure"], {}))
    return PeerEdition(id=1, city="Kelp Bay", number="2026-11-19", as_of=AS_OF, content=made)


def ours() -> dict[str, Result]:
    return {made.key: made for made in (served(), repeats())}


def test_counts_are_set_beside_each_other_for_each_thousand_residents_and_month() -> None:
    found, apart = peers.compare(ours(), HOME, [another()])
    assert apart == ()
    by_key = {each.key: each for each in found}
    here, there = by_key["repeat_calls"].lines
    assert there.value == pytest.approx(2 * here.value)
    assert here.value == pytest.approx(772 / 91 / (307 / (365.25 / 12)))
    assert here.low == pytest.approx(718.5 / 772 * here.value)
    assert by_key["repeat_calls"].unit("en") == "calls per 1,000 residents a month"
    here, there = by_key["eligible_served"].lines
    assert here.value == there.value == served().estimate.value


def test_a_line_says_whose_it_is_which_months_and_what_is_counted() -> None:
    each = next(each for each in peers.compare(ours(), HOME, [another()])[0] if each.key == "repeat_calls")
    row = each.row("en")
    assert row.head == "Repeat calls (calls per 1,000 residents a month)"
    assert "Harbor, months 1–11: " in row.body
    assert "Kelp Bay, months 1–11: " in row.body
    assert each.definition.definition in row.body
    drawn = each.result("es")
    assert list(drawn.table["group"]) == ["Harbor, meses 1–11", "Kelp Bay, meses 1–11"]
    assert list(drawn.table["value"]) == [line.value for line in each.lines]


def test_another_definition_is_left_aside_with_the_reason() -> None:
    theirs = peers.definition(repeats(window=30)).model_dump(mode="json")
    found, apart = peers.compare(ours(), HOME, [another(repeat_calls={"definition": theirs})])
    assert [each.key for each in found] == ["eligible_served"]
    assert [(one.title, one.why) for one in apart] == [
        ("Repeat calls", "counts a repeat call within 30 days there and within 90 here")
    ]


def test_different_people_are_compared_over_periods_of_one_length_only() -> None:
    people = replace(served(), key="people_served", estimate=Estimate(262.0))
    row = another()
    told = peers.figure(people)
    assert told is not None
    content = row.content | {"figures": [told.model_copy(update={"first": AS_OF}).model_dump(mode="json")]}
    found, apart = peers.compare(
        {people.key: people}, HOME, [PeerEdition(id=1, city="K", as_of=AS_OF, content=content)]
    )
    assert found == ()
    assert apart[0].why == "counts people over 0 months there and over 10 here"


def test_of_one_city_the_newest_edition_counts() -> None:
    old = another(eligible_served={"value": 0.99, "high": None})
    old.id, old.as_of = 2, FIRST
    found = peers.compare(ours(), HOME, [old, another()])[0]
    assert all(len(each.lines) == 2 for each in found)
    assert all(line.value < 0.9 for each in found for line in each.lines if each.how is How.as_it_is)


def test_every_part_of_a_definition_is_in_its_fingerprint() -> None:
    whole = peers.definition(repeats())
    other: dict[str, Any] = {"window_days": 30, "basis": "location", "how": How.people}
    for part in Definition.PARTS:
        parts = {name: getattr(whole, name) for name in Definition.PARTS} | {part: other.get(part, "other")}
        assert Definition.of(**parts).fingerprint != whole.fingerprint, part


def test_every_compared_measure_has_words_for_its_definition() -> None:
    blank = replace(served(), table=pd.DataFrame(), marks={"basis": "person"})
    made = {key: peers.definition(replace(blank, key=key)) for key in peers.COMPARED}
    assert len({each.fingerprint for each in made.values()}) == len(peers.COMPARED)
