"""What an edition publishes about people: declared, and no small count can be worked out from it, nor from two."""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import pytest
from sqlalchemy import Engine

from dashboard.charts import bare, draw
from dashboard.deck import SLIDES, leaves
from dashboard.deduction import Fact, Known, Part, Span, System
from dashboard.evaluation import SECTIONS, shown_to
from dashboard.export.tables import readable
from dashboard.frozen import Frozen
from dashboard.holding import WITHHELD, footnote, hold, leaking, moved_little, withheld
from dashboard.leaf import Material
from dashboard.measures import MEASURES
from dashboard.measures.compute import compute
from dashboard.model import Audience, Estimate, Filters, Result
from dashboard.published import DECLARED, PUBLISHED, facts
from db.access import Viewer
from db.engine import aggregate_session
from db.models import Episode
from db.pilot import the_pilot
from db.vocab import Language, Mode, Role, Source, Step, text
from tests.conftest import add_small_pilot, create_engine_at, fresh_sqlite
from tests.dashboard.measures.city import add_small_counts, at, connection, intervention, person, referral
from tests.dashboard.publishing import PEOPLE, Day, edition_of, shell

T = 11
DEMO_DAYS = (date(2026, 10, 14), date(2026, 11, 14))
MEAN_DAYS = (date(2026, 8, 31), date(2026, 9, 30))
"""A city of forty people, to whom six come in September."""


@pytest.fixture(scope="module")
def demo(demo_database: Path) -> list[Day]:
    """Two editions of the demo city, a month apart."""
    city = create_engine_at(demo_database)
    found = in_a_row(city, DEMO_DAYS)
    city.dispose()
    return found


@pytest.fixture(scope="module")
def mean_city(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """Tiny counts, losses of a few on the ladder, two groups; then six more people, all alike."""
    for city in fresh_sqlite(sqlite_template, tmp_path_factory.mktemp("mean")):
        add_small_pilot(city)
        add_small_counts(city)
        with aggregate_session(city) as session:
            for number in range(101, 107):
                day = date(2026, 9, 1) + timedelta(days=number % 5)
                person(session, number, language=Language.spanish)
                sent = referral(session, at(day), number, source=Source.hospital, staff_id=1)
                session.add(Episode(person_id=number, staff_id=1, opened_on=day))
                intervention(session, day, number, mode=Mode.office, referral_id=sent.id)
                connection(session, number, {Step.offered: day, Step.accepted: day})
            session.commit()
        yield city


@pytest.fixture(scope="module")
def mean(mean_city: Engine) -> list[Day]:
    """Two editions of the mean city, a month apart."""
    return in_a_row(mean_city, MEAN_DAYS)


def in_a_row(city: Engine, days: tuple[date, ...]) -> list[Day]:
    found: list[Day] = []
    for day in days:
        found.append(edition_of(city, day, found[-1].published if found else None, inside=day == days[-1]))
    return found


# --- the list -------------------------------------------------------------------------------------


def test_everything_an_edition_publishes_is_on_the_list_and_declared(viewer: Callable[..., Viewer]) -> None:
    assert {slide.measure for slide in SLIDES if slide.measure} <= set(PUBLISHED)
    council = viewer(Role.council)
    assert {key for section in SECTIONS for key in shown_to(council, section)} <= set(PUBLISHED)
    assert set(PUBLISHED) <= set(MEASURES)
    assert len(set(PUBLISHED)) == len(PUBLISHED)
    assert set(PEOPLE) == set(DECLARED)


def test_every_column_of_a_published_table_is_a_declared_count_or_tells_of_none(mean_city: Engine) -> None:
    filters = Filters(date(2026, 1, 12), MEAN_DAYS[1], MEAN_DAYS[1])
    with aggregate_session(mean_city) as session:
        pilot = the_pilot(session)
        for key in PEOPLE:
            result = MEASURES[key].run(session, pilot, filters, Audience.public)
            assert result.guard is not None
            numbers = set(result.table.select_dtypes("number").columns)
            apart = {*result.guard.derived, *result.guard.plain} - set(DECLARED[key].counts)
            assert numbers - apart <= set(DECLARED[key].counts), key


# --- what can be worked out ------------------------------------------------------------------------


def shown(cell: Part, number: float) -> Fact:
    return Fact(cell.table, ((1.0, cell),), number, number)


def secret(cell: Part) -> Fact:
    return Fact(cell.table, ((1.0, cell),), hidden=True)


A, B, C = (Part("x", "value", name) for name in "abc")
ALL = Fact("x", ((1.0, A), (1.0, B), (1.0, C)), 50, 50)


@pytest.mark.parametrize(
    ("told", "known"),
    [
        ([ALL, secret(A), secret(B), shown(C, 39)], [(0, 11), (0, 11)]),
        ([ALL, secret(A), shown(B, 10), shown(C, 37)], [(3, 3)]),
        ([ALL, secret(A), secret(B), shown(C, 39), Fact("y", ((1.0, B),), 6, 6)], [(5, 5), (6, 6)]),
        ([ALL, secret(A), secret(B), shown(C, 39), Fact("y", ((1.0, A), (-1.0, B)), 0)], [(5.5, 11), (0, 5.5)]),
    ],
)
def test_least_and_most_that_facts_leave_to_a_hidden_cell(told: list[Fact], known: list[tuple[float, float]]) -> None:
    found = System(told).known()
    assert [(each.low, each.high) for each in found] == [pytest.approx(pair) for pair in known]
    assert [each.leaks(T) for each in found] == [high - low < T for low, high in known]


def test_two_cuts_a_few_days_apart_tell_who_came_between() -> None:
    eve, sunday, tuesday = date(2026, 1, 11), date(2026, 3, 29), date(2026, 3, 31)
    told = [
        Fact("weeks", ((1.0, Span("met", eve, sunday)),), 36, 36),
        Fact("months", ((1.0, Span("met", eve, tuesday)),), 38, 38),
    ]
    assert [(each.low, each.high) for each in leaking(told, (), T)] == [(2, 2)]
    assert not leaking([told[0], replace(told[1], low=47, high=47)], (), T)
    assert not leaking([told[0], replace(told[1], low=36, high=36)], (), T)


def test_a_complement_shown_a_month_later_undoes_its_hiding() -> None:
    """5 and 40 were hidden, 45 together; now 12 and 42 are shown: so 40 was at least 33, and 5 at least 3."""
    both = Fact("x", ((1.0, A), (1.0, B)), 45, 45)
    then = [both, secret(A), secret(B)]
    assert not leaking(then, (), T)
    leaks = leaking([shown(A, 12), shown(B, 42)], then, T)
    assert {(each.low, each.high) for each in leaks} >= {(3, 12), (33, 42)}


def test_facts_that_contradict_each_other_are_taken_table_by_table() -> None:
    """A sheet says 30 and the log 29: nobody knows which to reason from, but the table itself still leaks."""
    apart = Fact("y", ((1.0, C), (-1.0, Part("y", "total"))), 0, 0, loose=True)
    log = Fact("y", ((1.0, Part("y", "total")),), 38, 38)
    told = [ALL, secret(A), shown(B, 8), shown(C, 39), apart, log]
    assert [(each.low, each.high) for each in leaking(told, (), T)] == [(3, 3)]


# --- the proof ------------------------------------------------------------------------------------


def told_by(day: Day) -> list[Fact]:
    return [fact for result in day.published.results["en"].values() for fact in facts(result)]


def assert_nothing_is_known(now: list[Fact], before: list[Fact]) -> list[Known]:
    found = System(now, before).known()
    assert not [known for known in found if known.leaks(T)]
    return found


@pytest.mark.parametrize("city", ["demo", "mean"])
def test_no_hidden_count_can_be_worked_out_from_one_edition_or_two(city: str, request: pytest.FixtureRequest) -> None:
    days: list[Day] = request.getfixturevalue(city)
    hidden = 0
    for before, now in zip([None, *days], days, strict=False):
        found = assert_nothing_is_known(told_by(now), told_by(before) if before else [])
        for known in found:
            if known.fact.hidden:
                assert known.high - known.low >= T or known.high == pytest.approx(0, abs=1e-6)
        hidden += sum(known.fact.hidden for known in found)
    assert hidden > 30


@pytest.mark.parametrize("city", ["demo", "mean"])
def test_the_true_value_of_a_hidden_cell_is_within_what_can_be_worked_out(
    city: str, request: pytest.FixtureRequest
) -> None:
    """Else the declared sums would not be those of the figures, and the proof be about something else."""
    last: Day = request.getfixturevalue(city)[-1]
    checked = 0
    for key, result in last.disclosed.items():
        if result.marks.get(WITHHELD) or result.table.empty:
            continue
        inside = last.inside[key]
        if "grain" in inside.marks and inside.marks["grain"] != result.marks["grain"]:
            continue  # the cells of a series are other cells once it is coarsened
        known = {each.fact.terms: (each.low, each.high) for each in System(facts(result)).known() if each.fact.hidden}
        for name in set(DECLARED[key].counts) & set(result.table):
            if len(inside.table) != len(result.table):
                continue
            for place, cell in enumerate(result.table[name]):
                terms = ((1.0, _part(result, name, place)),)
                if pd.isna(cell) and terms in known:
                    low, high = known[terms]
                    assert low - 1e-6 <= inside.table[name].iloc[place] <= high + 1e-6, (key, name, place)
                    checked += 1
    assert checked >= 10


def _part(result: Result, column: str, place: int) -> Part:
    row = result.table.iloc[place]
    label = next(name for name in ("group", "scenario", "week", "period", "step") if name in row)
    part = f"{row.get('by', '')}/" if DECLARED[result.key].__class__.__name__ == "Groups" else ""
    return Part(result.key, column, f"{part}{row[label]}")


def test_what_the_proof_would_find_without_holding(mean: list[Day]) -> None:
    raw = [[fact for result in day.disclosed.values() for fact in facts(result)] for day in mean]
    assert leaking(raw[1], raw[0], T)
    assert mean[1].published.held


# --- held back ------------------------------------------------------------------------------------


def counted(key: str, value: int, **cells: int) -> Result:
    table = pd.DataFrame({"by": "Need", "group": list(cells), "value": list(cells.values()), "hidden": False})
    filters = Filters(date(2026, 1, 12), date(2026, 6, 30), date(2026, 6, 30))
    estimate = Estimate(float(value), n=value)
    return Result(key, filters, Audience.public, table, {}, estimate, str(value), "", f"{value} in all.")


NEEDS = "connections_by_need"


@pytest.mark.parametrize(
    ("was", "now", "little"),
    [
        ((50, 20, 30), (50, 20, 30), False),
        ((50, 20, 30), (60, 30, 30), True),  # ten more
        ((50, 20, 30), (61, 31, 30), False),
        ((50, 20, 30), (72, 31, 41), False),
        ((50, 20, 30), (61, 25, 36), True),  # eleven more, five and six of them
        ((50, 20, 30), (45, 15, 30), True),  # a correction of five
    ],
)
def test_a_count_moves_by_nothing_or_by_as_many_as_may_be_told(
    was: tuple[int, int, int], now: tuple[int, int, int], little: bool
) -> None:
    before, after = (counted(NEEDS, n, a=a, b=b) for n, a, b in (was, now))
    assert moved_little(before, after, T) is little


def test_what_moved_a_little_stands_as_it_stood_in_every_language_and_says_so() -> None:
    was, now = counted(NEEDS, 50, a=20, b=30), counted(NEEDS, 55, a=20, b=35)
    previous = Frozen({"en": {NEEDS: was}, "es": {NEEDS: replace(was, display="cincuenta")}})
    results, held = hold(previous, {"en": {NEEDS: now}, "es": {NEEDS: now}}, T, number="2026-10-15")
    assert (results["en"][NEEDS].display, results["es"][NEEDS].display) == ("50", "cincuenta")
    assert results["en"][NEEDS].table.equals(was.table)
    assert held == {NEEDS: "2026-10-15"}
    assert footnote(held, NEEDS, "en") == "As it stood in edition 2026-10-15: too few have come since to show it anew."
    assert footnote(held, "burn", "en") == ""


def test_what_stands_longer_names_the_edition_it_is_from() -> None:
    was, now = counted(NEEDS, 50, a=20, b=30), counted(NEEDS, 55, a=20, b=35)
    previous = Frozen({"en": {NEEDS: was}}, held={NEEDS: "2026-09-17"})
    assert hold(previous, {"en": {NEEDS: now}}, T, number="2026-10-15")[1] == {NEEDS: "2026-09-17"}
    enough = counted(NEEDS, 75, a=31, b=44)
    results, held = hold(previous, {"en": {NEEDS: enough}}, T, number="2026-10-15")
    assert (results["en"][NEEDS].display, held) == ("75", {})


def test_money_and_the_citys_calls_are_not_subject_to_it() -> None:
    was, now = counted("bh_calls", 50, a=20, b=30), counted("bh_calls", 55, a=20, b=35)
    results, held = hold(Frozen({"en": {"bh_calls": was}}), {"en": {"bh_calls": now}}, T, number="2026-10-15")
    assert (results["en"]["bh_calls"].display, held) == ("55", {})


# --- no hidden value in words, hover texts, figures ------------------------------------------------

DATES_AND_THE_RULE = re.compile(
    r"95.%|\d{1,2} [A-Z][a-z]{2} \d{4}|[A-Z][a-z]{2} \d{4}|under \d+|\d+(\.\d+)?\s%|first \d+|\d+ (hours|days|months)"
    r"|\d+ calls or more|\$[\d,.]+|Q\d"
)
WHOLE = re.compile(r"(?<![\d.,])\d+(?:,\d{3})*(?![\d.,]*\d)")


def told_in(words: str) -> set[float]:
    return {float(found.replace(",", "")) for found in WHOLE.findall(DATES_AND_THE_RULE.sub(" ", words))}


def in_figure(result: Result) -> set[float]:
    """Numbers of a figure: data of its bars and lines, what a pointer reads, what is written on it."""
    figure = draw(result, str(MEASURES[result.key].chart), unit="", size="slide").to_plotly_json()
    found: set[float] = set()

    def walk(value: object) -> None:
        if isinstance(value, dict):
            for name, each in value.items():
                if name in DATA:
                    walk_data(each)
                else:
                    walk(each)
        elif isinstance(value, list | tuple):
            for each in value:
                walk(each)

    def walk_data(value: object) -> None:
        if isinstance(value, str):
            found.update(told_in(value))
        elif isinstance(value, int | float) and not isinstance(value, bool):
            found.add(float(value))
        elif hasattr(value, "__iter__"):
            for each in value:  # type: ignore[attr-defined]
                walk_data(each)

    walk(figure["data"])
    walk(figure["layout"].get("annotations", ()))
    return found


DATA = frozenset({"x", "y", "z", "text", "hovertext", "hovertemplate", "customdata"})


def hidden_values(day: Day, key: str) -> set[float]:
    """What stands in the cells that the public does not see, less what it sees elsewhere in the same table."""
    inside, public = day.inside[key].table, day.disclosed[key].table
    if len(inside) != len(public) or day.inside[key].marks.get("grain") != day.disclosed[key].marks.get("grain"):
        return set()
    names = [name for name in DECLARED[key].counts if name in public and name in inside]
    values = {float(v) for name in names for v in inside.loc[public[name].isna().to_numpy(), name].dropna()}
    seen = {float(v) for name in public.select_dtypes("number") for v in public[name].dropna()}
    places = {float(place) for place in range(len(public))}  # where a bar stands is no count
    return {value for value in values if value} - seen - places


@pytest.mark.parametrize("city", ["demo", "mean"])
def test_no_hidden_value_stands_in_words_figures_or_tables(city: str, request: pytest.FixtureRequest) -> None:
    day: Day = request.getfixturevalue(city)[-1]
    searched = 0
    for key, result in day.disclosed.items():
        secrets = hidden_values(day, key)
        if not secrets:
            continue
        searched += len(secrets)
        words = " ".join([result.display, result.context, result.sentence, *result.caveats])
        assert not secrets & told_in(words), key
        assert not secrets & set(result.spark), key
        assert not secrets & {result.estimate.value, result.estimate.n}, key
        table = readable(result, MEASURES[key])
        for row in table[result.table["hidden"].to_numpy(bool)].to_dict("records"):
            assert not secrets & {number for cell in list(row.values())[1:] for number in told_in(str(cell))}, key
        if MEASURES[key].chart:
            assert not secrets & in_figure(result), key
    assert searched >= 10


@pytest.mark.parametrize("city", ["demo", "mean"])
def test_no_slide_says_a_hidden_value(city: str, request: pytest.FixtureRequest) -> None:
    day: Day = request.getfixturevalue(city)[-1]
    order = tuple(slide.key for slide in SLIDES if slide.measure in PEOPLE)
    material = Material(Frozen({"en": day.disclosed}, day.published.facts), order=order)
    for leaf in leaves(material, "en"):
        assert leaf.result is not None
        definition = text(f"measure.{leaf.result.key}.definition", "en")
        said = " ".join([leaf.sentence, leaf.more, leaf.source, leaf.note.replace(definition, "")])
        assert not hidden_values(day, leaf.result.key) & told_in(said), leaf.key
    assert len(order) >= 3


def test_what_is_withheld_has_no_figure_at_all(mean_city: Engine) -> None:
    filters = Filters(date(2026, 1, 12), MEAN_DAYS[1], MEAN_DAYS[1], lang="es")
    for key in PEOPLE:
        result = withheld(compute(mean_city, shell(MEAN_DAYS[1]), key, filters, Audience.public), T)
        assert result.table.empty
        assert (result.spark, result.estimate, result.caveats) == ((), Estimate(None), ())
        assert result.sentence.startswith("Esto no se publica")
        assert not MEASURES[key].chart or bare(result, str(MEASURES[key].chart)), key
