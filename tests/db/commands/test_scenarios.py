"""Scenarios of the next year on both databases: saved under a name, asked before one is replaced, never lost."""

from collections.abc import Callable
from datetime import date, time, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import Engine, select

from db.access import Viewer
from db.commands.scenarios import (
    NameTaken,
    delete_scenario,
    form_of,
    save_scenario,
    scenarios,
    set_on_slide,
)
from db.engine import aggregate_session, data_version, record_session
from db.errors import Forbidden, Invalid, NotFound
from db.forms import checked
from db.forms.scenarios import Assumptions, ScenarioForm
from db.models import AuditEntry, BudgetLine, LedgerEntry, Pilot, Shift
from db.run_rate import as_is, run_rate
from db.vocab import EntryKind, Role, Scope
from tests.conftest import NOW
from tests.dashboard.measures.ledger import add_budget

Who = Callable[..., Viewer]
POST = {"name": "Clinician", "fte": "1", "yearly": "95,400"}


def scenario(name: str = "As is", *, on_slide: bool = False, **change: Any) -> ScenarioForm:
    plan = checked(Assumptions, {"posts": [POST], "hours": "Mon–Fri 9–17"} | change)
    return checked(ScenarioForm, {"name": name, "assumptions": plan, "on_slide": on_slide})


def save(bind: Engine, viewer: Viewer, form: ScenarioForm, **answer: Any) -> int:
    with record_session(bind, viewer) as session:
        return save_scenario(session, viewer, form, **answer).id


def stored(bind: Engine) -> list[ScenarioForm]:
    with aggregate_session(bind) as session:
        return [form_of(row) for row in scenarios(session)]


def audited(bind: Engine, action: str) -> list[Any]:
    with aggregate_session(bind) as session:
        found = select(AuditEntry).where(AuditEntry.action == action, AuditEntry.outcome == "done")
        return [entry.detail for entry in session.scalars(found.order_by(AuditEntry.id))]


@pytest.mark.parametrize("role", [Role.chief, Role.finance])
def test_what_is_saved_is_read_again_to_the_cent(small_pilot: Engine, viewer: Who, role: Role) -> None:
    form = scenario(other_monthly="1,612.33", benefits_percent="29.6042", on_slide=True)
    before = data_version(small_pilot)[Scope.money]
    save(small_pilot, viewer(role), form)
    assert stored(small_pilot) == [form]
    assert data_version(small_pilot)[Scope.money] == before + 1


@pytest.mark.parametrize("role", [Role.clinician, Role.council, Role.analyst, Role.admin, Role.officer])
def test_nobody_else_saves_one(small_pilot: Engine, viewer: Who, role: Role) -> None:
    with pytest.raises(Forbidden):
        save(small_pilot, viewer(role), scenario())
    assert stored(small_pilot) == []


def test_over_an_existing_name_it_asks(small_pilot: Engine, viewer: Who) -> None:
    finance, chief = viewer(Role.finance), viewer(Role.chief, now=NOW + timedelta(hours=1))
    save(small_pilot, finance, scenario("As is"))
    changed = scenario(" as  IS ", other_monthly="5")
    with pytest.raises(NameTaken, match=r"“As is” is saved already \(14 Nov 2026, 10:00\)") as asked:
        save(small_pilot, chief, changed)
    assert stored(small_pilot) == [scenario("As is")], "nothing was replaced"
    save(small_pilot, chief, changed, replaces=asked.value.saved_at)
    assert [(form.name, form.assumptions.other_monthly) for form in stored(small_pilot)] == [("as  IS", Decimal(5))]
    detail = audited(small_pilot, "save scenario")[-1]
    assert detail["before"] == {
        "name": "As is",
        "assumptions": scenario().assumptions.model_dump(mode="json"),
        "on_slide": False,
    }
    with pytest.raises(NameTaken):  # somebody else's newer one is asked about again
        save(small_pilot, finance, scenario("As is"), replaces=asked.value.saved_at)


def test_a_deleted_one_can_be_brought_back(small_pilot: Engine, viewer: Who) -> None:
    chief, form = viewer(Role.chief), scenario("Evening", hours="Mon–Fri 9–22", on_slide=True)
    number = save(small_pilot, chief, form)
    with record_session(small_pilot, chief) as session:
        gone = delete_scenario(session, chief, number)
    assert (gone, stored(small_pilot)) == (form, [])
    kept = audited(small_pilot, "delete scenario")[0]
    assert checked(ScenarioForm, kept) == form, "the audit alone is enough"
    save(small_pilot, chief, gone)
    assert stored(small_pilot) == [form]
    with record_session(small_pilot, chief) as session, pytest.raises(NotFound):
        delete_scenario(session, chief, number + 99)


def test_a_fifth_option_has_no_room_on_the_slide(small_pilot: Engine, viewer: Who) -> None:
    chief = viewer(Role.chief)
    numbers = [save(small_pilot, chief, scenario(f"Option {k}", on_slide=k < 4)) for k in range(5)]
    full = "The slide has room for 4 options and shows 4. Take one off it first."
    with record_session(small_pilot, chief) as session, pytest.raises(Invalid, match=full):
        set_on_slide(session, chief, numbers[4], True)
    with pytest.raises(Invalid, match=full):
        save(small_pilot, chief, scenario("Option 5", on_slide=True))
    with record_session(small_pilot, chief) as session:
        set_on_slide(session, chief, numbers[0], False)
        set_on_slide(session, chief, numbers[4], True)
        assert [row.name for row in scenarios(session, on_slide=True)] == [f"Option {k}" for k in (1, 2, 3, 4)]


NO_MINUS = "Write dollars and cents without a minus, such as 1,250.00."
TWO = "Write two decimals at most, such as 1,250.00."
LIKE = "Write them like Mon–Fri 9–17; Sat 10–14, or leave it empty."
TWICE = "Take out what is listed twice."
SHARE = "share of full time (FTE)"


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("posts", [POST | {"yearly": "-40"}], "-40 is below zero. " + NO_MINUS),
        ("posts", [POST | {"yearly": "95.125"}], "95.125 has a fraction of a cent. " + TWO),
        ("posts", [POST | {"fte": "21"}], f"21 is more than 20, the highest {SHARE} that is taken. Check the figure."),
        ("posts", [POST | {"fte": "0.125"}], f"0.125 has 3 decimals. Write the {SHARE} with 2 at most."),
        ("posts", [POST | {"fte": "half"}], f"“half” is not a number. Write the {SHARE} in figures, such as 0.5."),
        ("posts", [POST | {"name": " "}], "A post has no name. Write what the post is, or empty its row."),
        ("benefits_percent", "-1", "-1 is below zero. Write a share for benefits of zero or more."),
        ("rise_percent", "300", "300 is more than 50, the highest yearly increase that is taken. Check the figure."),
        ("other_monthly", "1.234", "1.234 has a fraction of a cent. " + TWO),
        ("hours", "Mon 9–25", "“Mon 9–25” cannot be read as hours. " + LIKE),
        ("hours", "24/7; Mon 9–17", "“24/7; Mon 9–17” adds up to 176 hours; a week has 168. " + TWICE),
        (
            "funding",
            [{"kind": "state", "amounts": ("0", "-5", "0", "0")}],
            "-5 is below zero. " + NO_MINUS,
        ),
        (
            "funding",
            [{"kind": "state", "amounts": ("0",) * 4}] * 2,
            "“State” stands twice among the sources. Add its amounts up in one row.",
        ),
    ],
)
def test_bad_input_is_one_sentence(field: str, value: Any, sentence: str) -> None:
    with pytest.raises(Invalid) as refused:
        scenario(**{field: value})
    assert refused.value.errors == {field: sentence}


@pytest.fixture
def books(small_pilot: Engine) -> Engine:
    """The small ledger, its pay line tied to the clinician; she is on shift Monday and Tuesday, 9 to 17."""
    add_budget(small_pilot)
    with aggregate_session(small_pilot) as session:
        session.get_one(BudgetLine, 1).post_id = 1
        session.add_all(
            Shift(staff_id=1, weekday=day, starts_at=time(9), ends_at=time(17), valid_from=date(2026, 1, 12))
            for day in (1, 2)
        )
        session.commit()
    return small_pilot


def test_as_is_starts_from_the_closed_whole_months(books: Engine) -> None:
    """January has days before the pilot; February 2,800.00 and March 3,099.90 (one-off equipment apart): 2,949.95."""
    with aggregate_session(books) as session:
        pilot = session.get_one(Pilot, 1)
        rate, made = run_rate(session, pilot), as_is(session, pilot, date(2026, 11, 14))
    assert rate.months == (date(2026, 2, 1), date(2026, 3, 1))
    assert {line.name: line.mean for line in rate.lines} == {"Clinician": Decimal("2949.95"), "Equipment": Decimal(0)}
    assert [(post.name, post.fte, post.yearly) for post in made.posts] == [("Clinician", 1, Decimal("35399.40"))]
    assert made.monthly == rate.monthly == Decimal("2949.95")
    assert made.hours == "Mon–Tue 9:00–17:00"


def test_benefits_and_rounding_still_add_up_to_the_ledger(books: Engine) -> None:
    """Benefits as a percentage cannot be exact: what rounding leaves stands under other costs."""
    with aggregate_session(books) as session:
        session.get_one(BudgetLine, 2).is_pay = True
        session.add(
            LedgerEntry(
                line_id=2,
                kind=EntryKind.expenditure,
                amount=Decimal("777.77"),
                on_date=date(2026, 3, 10),
                payee="Payee",
                created_at=NOW,
            )
        )
        session.commit()
        pilot = session.get_one(Pilot, 1)
        rate, made = run_rate(session, pilot), as_is(session, pilot, date(2026, 11, 14))
    assert made.benefits_percent == Decimal("13.1829")  # 388.89 ÷ 2,949.95
    assert made.monthly == rate.monthly == Decimal("3338.84")


def test_before_a_month_is_closed_there_is_nothing_to_start_from(small_pilot: Engine) -> None:
    with aggregate_session(small_pilot) as session:
        made = as_is(session, session.get_one(Pilot, 1), date(2026, 11, 14))
    assert made.monthly == 0
    assert [(post.name, post.fte) for post in made.posts] == [("Clinician", 1), ("Social worker", Decimal("0.5"))]


def test_finance_alone_with_the_chief_reads_them(small_pilot: Engine, viewer: Who) -> None:
    save(small_pilot, viewer(Role.chief), scenario())
    for role in Role:
        with record_session(small_pilot, viewer(role)) as session:
            assert len(scenarios(session)) == (role in (Role.chief, Role.finance)), role
