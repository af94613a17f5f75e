"""A year of work replayed through the commands gives the same figures as counting by hand."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import Engine

from dashboard.measures import lists
from dashboard.measures.compute import compute, records
from dashboard.model import Filters, Result
from db import access
from db.vocab import ConnectionEnd, Disposition, Mode, Need, Source, Step, TallyItem, WorkKind, label
from tests.conftest import NOW, add_small_pilot, fresh_sqlite
from tests.dashboard import byhand
from tests.dashboard.book import Book
from tests.dashboard.byhand import Slice
from tests.dashboard.yearbook import FIRST, play

TODAY = date(2026, 11, 14)
SHELL = access.shell_viewer("tester", now=NOW, today=TODAY)
SLICES = {
    "whole": Slice(FIRST, TODAY, TODAY),
    "spring": Slice(date(2026, 4, 1), date(2026, 6, 30), TODAY),
    "clinician": Slice(FIRST, TODAY, TODAY, 1),
    "social worker": Slice(FIRST, TODAY, TODAY, 2),
    "first weeks": Slice(FIRST, date(2026, 3, 1), date(2026, 11, 14)),
}


@pytest.fixture(scope="module")
def year(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Engine, Book]]:
    for bind in fresh_sqlite(sqlite_template, tmp_path_factory.mktemp("year")):
        add_small_pilot(bind)
        yield bind, play(bind)


@pytest.fixture(params=SLICES.values(), ids=list(SLICES))
def part(request: pytest.FixtureRequest) -> Slice:
    return request.param


def ask(bind: Engine, part: Slice, key: str) -> Result:
    return compute(bind, SHELL, key, filters(part))


def filters(part: Slice) -> Filters:
    return Filters(part.first, part.last, part.as_of, part.staff)


def value(bind: Engine, part: Slice, key: str) -> float:
    return ask(bind, part, key).estimate.value or 0


def bars(result: Result) -> dict[str, float]:
    return {group: n for group, n in result.table[["group", "value"]].itertuples(index=False) if n}


def share(bind: Engine, part: Slice, key: str) -> tuple[float | None, int | None]:
    estimate = ask(bind, part, key).estimate
    return estimate.value, estimate.n


def test_the_year_holds_what_it_has_to(year: tuple[Engine, Book]) -> None:
    """Else agreement would prove little: voids, declines, gaps, differing and missing sheets, both staff."""
    _, book = year
    whole = SLICES["whole"]
    assert len(book.work) > 250
    assert len(book.sent) > 60
    assert sum(w.voided for w in book.work) > 3
    assert sum(s.declined for s in book.sent) > 3
    assert sum(s.closed is not None for s in book.sent) > 10
    assert min(byhand.sheets(book, whole)) > 2
    assert byhand.differences(book, whole)[0] > 10
    assert sum(byhand.gaps(book, whole)[0].values()) > 5
    assert any(None in s.reported.values() for s in book.sheets)
    assert sum(c.closed is not None for c in book.care) > 10
    assert {w.staff for w in book.work} == {1, 2}


def test_reach(year: tuple[Engine, Book], part: Slice) -> None:
    bind, book = year
    assert value(bind, part, "people_served") == len(byhand.served(book, part))
    assert value(bind, part, "new_people") == len(byhand.new(book, part))
    by_mode = {label(mode): byhand.total(book, part, item) for mode, item in byhand.ITEM.items()}
    table = ask(bind, part, "interventions").table
    assert bars_of(table, "How") == {mode: n for mode, n in by_mode.items() if n}
    assert value(bind, part, "interventions") == sum(by_mode.values())
    assert value(bind, part, "family_contacts") == byhand.total(book, part, TallyItem.family_contacts)
    hours = {label(kind): byhand.total(book, part, TallyItem(f"hours_{kind.value}")) for kind in WorkKind}
    assert bars(ask(bind, part, "work_hours")) == pytest.approx({k: float(n) for k, n in hours.items() if n})
    weekly = ask(bind, part, "interventions_by_week").table
    by_week = byhand.counted(book, part, *byhand.ITEM.values())
    assert dict(zip(weekly["period"], weekly["value"], strict=True)) == {
        week: sum(n for (w, _), n in by_week.items() if w == week) for week in part.weeks()
    }


def bars_of(table, by: str) -> dict[str, float]:
    rows = table[table["by"] == by]
    return {group: n for group, n in zip(rows["group"], rows["value"], strict=True) if n}


def test_purposes_come_from_the_log(year: tuple[Engine, Book]) -> None:
    bind, book = year
    whole = SLICES["whole"]
    found: dict[str, float] = {}
    for work in byhand.live(book):
        if work.said["mode"] is not Mode.family or work.said["outcome"].value != "no_contact":
            name = label(work.said["purpose"])
            found[name] = found.get(name, 0) + 1
    assert bars_of(ask(bind, whole, "interventions").table, "Purpose") == found


def test_groups_and_what_is_not_known(year: tuple[Engine, Book], part: Slice) -> None:
    bind, book = year
    people = [book.people[number] for number in byhand.served(book, part)]
    table = ask(bind, part, "people_by_group").table
    sexes: dict[str, float] = {}
    for person in people:
        sexes[label(person.sex)] = sexes.get(label(person.sex), 0) + 1
    assert bars_of(table, "Sex") == sexes
    blank = sum("unknown" in (p.age_band, p.sex, p.race_ethnicity, p.language) for p in people)
    assert share(bind, part, "unknown_share") == (pytest.approx(blank / len(people)) if people else None, len(people))


def test_caseload_at_each_weeks_end(year: tuple[Engine, Book], part: Slice) -> None:
    bind, book = year
    table = ask(bind, part, "caseload").table
    assert list(zip(table["week"], table["open"], table["inactive"], strict=True)) == [
        (week, *byhand.caseload(book, part, week)) for week in part.weeks()
    ]


def test_referrals(year: tuple[Engine, Book], part: Slice) -> None:
    bind, book = year
    assert value(bind, part, "referrals_received") == byhand.total(book, part, TallyItem.referrals_received)
    sources = {label(source): n for source, n in byhand.by_source(book, part).items()}
    assert bars(ask(bind, part, "referrals_by_source")) == sources
    for key, (yes, n) in (("within_48h", byhand.in_time(book, part)), ("reach_rate", byhand.reach(book, part))):
        assert share(bind, part, key) == (pytest.approx(yes / n) if n else None, n), key
    never = len(byhand.received(book, part)) - byhand.reach(book, part)[1]
    beside = ask(bind, part, "reach_rate").caveats
    assert beside == ((f"Never tried, and not in the rate: {never}.",) if never else ())
    assert list(ask(bind, part, "referral_backlog").table["value"]) == byhand.waiting(book, part)


def test_waits(year: tuple[Engine, Book], part: Slice) -> None:
    bind, book = year
    for key, cases in (
        ("time_to_first_attempt", byhand.waits(book, part, reached=False)),
        ("time_to_first_contact", byhand.waits(book, part, reached=True)),
        ("days_to_connect", byhand.days_to_connect(book, part)),
    ):
        found = [None if v != v else v for v in ask(bind, part, key).table["value"]]
        assert found == [pytest.approx(byhand.quantile(cases, q)) for q in (0.5, 0.9)], key


def test_connections(year: tuple[Engine, Book], part: Slice) -> None:
    bind, book = year
    assert value(bind, part, "connections_made") == byhand.total(book, part, TallyItem.connections_made)
    needs: dict[str, float] = {}
    for bond in byhand.made(book, part):
        needs[label(bond.need)] = needs.get(label(bond.need), 0) + 1
    assert bars(ask(bind, part, "connections_by_need")) == needs
    assert list(ask(bind, part, "connection_ladder").table["value"]) == byhand.rungs(book, part)
    yes, n = byhand.kept(book, part)
    assert share(bind, part, "connection_rate") == (pytest.approx(yes / n) if n else None, n)
    needs_unmet, reasons, elsewhere = byhand.gaps(book, part)
    table = ask(bind, part, "service_gaps").table
    assert bars_of(table, "Need") == {label(Need(need)): n for need, n in needs_unmet.items()}
    assert bars_of(table, "Reason") == {label(ConnectionEnd(r)): n for r, n in reasons.items() if r}
    assert bars_of(table, "Where").get("Met elsewhere", 0) == elsewhere


def test_outcomes(year: tuple[Engine, Book], part: Slice) -> None:
    bind, book = year
    events = byhand.attested(book, part)
    scenes: dict[str, float] = {}
    for work in events:
        if (kind := work.said.get("disposition")) is not None:
            scenes[label(Disposition(kind))] = scenes.get(label(Disposition(kind)), 0) + 1
    assert bars(ask(bind, part, "dispositions")) == scenes
    eligible = [w for w in events if w.said.get("arrest_eligible")]
    intended = [w for w in events if w.said.get("transport_intended")]
    for key, cases, averted in (
        ("arrest_diversion", eligible, sum(w.said["arrested"] is False for w in eligible)),
        ("ed_diversion", intended, sum(w.said["transport_avoided"] is True for w in intended)),
    ):
        n = len(cases)
        assert share(bind, part, key) == (pytest.approx(averted / n) if n else None, n), key


def test_quality(year: tuple[Engine, Book], part: Slice) -> None:
    bind, book = year
    assert list(ask(bind, part, "tally_completeness").table["value"]) == byhand.sheets(book, part)
    result = ask(bind, part, "log_vs_tally")
    assert (result.estimate.value, result.estimate.n) == byhand.differences(book, part)


def test_every_list_is_as_long_as_its_count(year: tuple[Engine, Book], part: Slice) -> None:
    bind, book = year
    found = records(bind, SHELL, "referrals_received", filters(part))
    assert len(found.table) == sum(
        n
        for (week, staff, item), n in byhand.logged(book).items()
        if item is TallyItem.referrals_received and week in part.weeks() and part.theirs(staff)
    )
    more, fewer = lists.differences(found)
    assert len(found.table) + more - fewer == byhand.total(book, part, TallyItem.referrals_received)
    gaps = records(bind, SHELL, "service_gaps", filters(part)).table
    assert len(gaps) == sum(byhand.gaps(book, part)[0].values())
    assert {Source(s) for s in records(bind, SHELL, "referrals_by_source", filters(part)).table["source"]} == set(
        byhand.by_source(book, part)
    )
    ladder = records(bind, SHELL, "connection_ladder", filters(part))
    assert sum(lists.figure(ladder, highest=step) for step in Step) == byhand.rungs(book, part)[0]
