"""``tandem init``: set up a real pilot, by flags or by questions. No demo data."""

import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated, Any

import typer

from dashboard.shell.setup import prepared, shell_user
from db.commands.setup import create_pilot, first_administrator, refuse_second
from db.engine import aggregate_session
from db.errors import Invalid, Setup
from db.forms import Now, checked
from db.forms.money import read_amount
from db.forms.setup import HISTORY_MONTHS, PilotForm, known_zone, months_before, records_kept_until, years_after
from db.models import User

LINES = (
    "Full-time bilingual social worker",
    "Part-time social worker",
    "Benefits",
    "Equipment",
    "Administrative costs",
)
"""What the questions offer as budget lines; each may be skipped."""

Answers = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Question:
    """One field of the set-up: its flag, its words, how an answer is read, and the default that answers before give."""

    field: str
    flag: str
    words: str
    read: Callable[[str], Any]
    default: Callable[[Answers], Any] = lambda answers: None
    optional: bool = False


def read_text(text: str) -> str:
    if not text.strip():
        raise ValueError("Write something here.")
    return text.strip()


def read_day(text: str) -> date:
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise ValueError(f"“{text}” is not a date. Write it like 2026-01-12.") from None


def read_people(text: str) -> int | None:
    if not text.strip():
        return None
    if not text.replace(",", "").strip().isdigit():
        raise ValueError(f"“{text}” is not a number of people. Write it like 91,000.")
    return int(text.replace(",", ""))


def shifts(text: str | None) -> int | None:
    """Raises Invalid for what is no number of shifts."""
    if text is not None and not text.replace(",", "").strip().isdigit():
        raise Invalid({"officer_shifts_per_week": f"--officer-shifts: “{text}” is not a number. Write it like 420."})
    return None if text is None else int(text.replace(",", ""))


QUESTIONS = (
    Question("name", "--name", "Name of the pilot", read_text),
    Question("city", "--city", "City", read_text),
    Question("population", "--population", "People who live there (empty: not said)", read_people, optional=True),
    Question("starts_on", "--first-day", "First day of the pilot", read_day),
    Question(
        "ends_on", "--last-day", "Last day", read_day, lambda a: years_after(a["starts_on"], 1) - timedelta(days=1)
    ),
    Question("time_zone", "--time-zone", "Time zone", known_zone, lambda a: "America/New_York"),
    Question(
        "baseline_starts_on",
        "--baseline-start",
        f"Call history begins on ({HISTORY_MONTHS} months before the first day, or earlier)",
        read_day,
        lambda a: months_before(a["starts_on"], HISTORY_MONTHS + 3),
    ),
    Question(
        "grant_name", "--grant-name", "Name of the grant", read_text, lambda a: "American Rescue Plan Act (SLFRF)"
    ),
    Question("amount", "--grant", "Dollars of the grant", read_amount),
    Question("awarded_on", "--awarded", "Day of the award", read_day),
    Question("obligate_by", "--obligate-by", "Last day to obligate", read_day, lambda a: date(2024, 12, 31)),
    Question("expend_by", "--expend-by", "Last day to spend", read_day, lambda a: date(2026, 12, 31)),
    Question(
        "retain_until",
        "--retain-until",
        "Keep records until",
        read_day,
        lambda a: records_kept_until(a["expend_by"]),
    ),
)

Text = Annotated[str | None, typer.Option()]
Day = Annotated[str | None, typer.Option(metavar="YYYY-MM-DD")]


def init(
    name: Text = None,
    city: Text = None,
    population: Annotated[str | None, typer.Option(help="Of the city; may be left out.")] = None,
    first_day: Day = None,
    last_day: Day = None,
    time_zone: Annotated[str | None, typer.Option(help="Default: America/New_York.")] = None,
    baseline_start: Annotated[
        str | None, typer.Option(metavar="YYYY-MM-DD", help=f"Default: {HISTORY_MONTHS + 3} months before.")
    ] = None,
    grant_name: Text = None,
    grant: Annotated[str | None, typer.Option(metavar="DOLLARS", help="The award, like 216,000.")] = None,
    awarded: Day = None,
    obligate_by: Annotated[str | None, typer.Option(metavar="YYYY-MM-DD", help="Default: 2024-12-31.")] = None,
    expend_by: Annotated[str | None, typer.Option(metavar="YYYY-MM-DD", help="Default: 2026-12-31.")] = None,
    retain_until: Annotated[
        str | None, typer.Option(metavar="YYYY-MM-DD", help="Default: 5 years after expend-by, 2031-12-31 at least.")
    ] = None,
    line: Annotated[list[str] | None, typer.Option(metavar="NAME=DOLLARS", help="A budget line; repeat it.")] = None,
    target: Annotated[list[str] | None, typer.Option(metavar="MEASURE=NUMBER", help="A target; repeat it.")] = None,
    officer_shifts: Annotated[
        str | None, typer.Option(metavar="NUMBER", help="Officer shifts in a week: referrals per 100 shifts.")
    ] = None,
    fall: Annotated[str, typer.Option(metavar="PERCENT", help="Fall of repeat calls aimed at.")] = "20",
    admin: Annotated[str | None, typer.Option(metavar="USERNAME", help="The first administrator.")] = None,
    admin_name: Text = None,
    password_stdin: Annotated[bool, typer.Option("--password-stdin", help="Read the password from stdin.")] = False,
) -> None:
    """Set up a real pilot in an empty database. What no flag says is asked, if somebody is there to ask.

    Examples:

    tandem init

    tandem init --name "Norwalk pilot" --city Norwalk --first-day 2026-01-12 --grant 216,000 --awarded 2025-06-01
    --obligate-by 2026-06-30 --expend-by 2027-06-30 --line "Social worker=150,000" --line "Benefits=66,000"
    --target people_served=300 --admin jdoe --admin-name "J. Doe" --password-stdin < password.txt
    """
    bind = prepared()
    with aggregate_session(bind) as session:
        refuse_second(session)
    given = {
        "name": name, "city": city, "population": population, "starts_on": first_day, "ends_on": last_day,
        "time_zone": time_zone, "baseline_starts_on": baseline_start, "grant_name": grant_name, "amount": grant,
        "awarded_on": awarded, "obligate_by": obligate_by, "expend_by": expend_by, "retain_until": retain_until,
    }  # fmt: skip
    asking = sys.stdin.isatty() and not password_stdin
    answers = collect(given, asking) | {"fall_percent": fall, "officer_shifts_per_week": shifts(officer_shifts)}
    answers["lines"] = ask_lines() if asking and not line else tuple(line or ())
    answers["targets"] = tuple(target or ())
    form = completed(answers, asking)
    account = administrator(admin, admin_name, password_stdin, asking, form.city)
    viewer = shell_user(form.time_zone)
    with aggregate_session(bind) as session:
        doubts = create_pilot(session, viewer, form, account)
    for doubt in doubts:
        print(f"Note: {doubt}")
    print(
        f"{form.name} is set up. Start it with “tandem run”, sign in as {account.username}, and add the others there."
    )


def collect(given: Mapping[str, str | None], asking: bool, questions: Iterable[Question] = QUESTIONS) -> Answers:
    """Each question's answer: the flag's, else the person's, else the default. Invalid names all that is wrong."""
    answers: Answers = {}
    wrong: dict[str, str] = {}
    for question in questions:
        text = given.get(question.field)
        try:
            if text is not None:
                answers[question.field] = question.read(text)
            elif asking:
                answers[question.field] = ask(question, question.default(answers))
            elif (default := question.default(answers)) is not None or question.optional:
                answers[question.field] = default
            else:
                wrong[question.field] = f"{question.flag} is missing."
        except ValueError as error:
            wrong[question.field] = f"{question.flag}: {error}"
        except KeyError:
            pass  # its default rests on an answer that is itself wrong, and said to be
    if wrong:
        raise Invalid(wrong)
    return answers


def ask(question: Question, default: Any) -> Any:
    """Ask until the answer can be read."""
    while True:
        shown = "" if default is None and question.optional else default
        text = typer.prompt(question.words, default=shown, show_default=default is not None)
        try:
            return question.read(str(text))
        except ValueError as error:
            print(f"  {error}")


def ask_lines() -> tuple[tuple[str, str], ...]:
    """The budget, line by line; an empty answer skips one."""
    print("The budget, in dollars. Leave a line empty that you do not have.")
    lines = [(name, typer.prompt(f"  {name}", default="", show_default=False)) for name in LINES]
    while name := typer.prompt("  Another line's name (empty: none)", default="", show_default=False):
        lines.append((name, typer.prompt(f"  {name}")))
    return tuple((name, amount) for name, amount in lines if amount.strip())


def completed(answers: Answers, asking: bool) -> PilotForm:
    """The checked form. A person is asked again for what contradicts itself; nothing else typed is lost."""
    while True:
        try:
            form = checked(PilotForm, answers)
            viewer = shell_user(form.time_zone)
            form.check(Now(viewer.now, form.time_zone, form.starts_on))
            known_measures(form)
            return form
        except Invalid as error:
            if not asking:
                raise
            for sentence in error.errors.values():
                print(f"  {sentence}")
            again = [q for q in QUESTIONS if q.field in error.errors]
            if not again and "lines" not in error.errors:
                raise
            answers |= {q.field: ask(q, answers[q.field]) for q in again}
            if "lines" in error.errors:
                answers["lines"] = ask_lines()


def known_measures(form: PilotForm) -> None:
    """Raise Invalid for a target of a measure that does not exist."""
    from dashboard.measures import MEASURES  # pandas and statsmodels, which --help need not wait for

    for key, _ in form.targets:
        if key not in MEASURES:
            raise Invalid({"targets": f"“{key}” is no measure. “tandem measures” lists them all."})


def administrator(username: str | None, name: str | None, from_stdin: bool, asking: bool, city: str) -> User:
    """The first account, its password typed twice or read from standard input; never from a flag."""
    if not asking:
        missing = [flag for flag, value in (("--admin", username), ("--admin-name", name)) if not value]
        if missing or not from_stdin:
            flags = " and ".join([*missing, *([] if from_stdin else ["--password-stdin"])])
            raise Setup(f"{flags}: missing. Say who the first administrator is; the password comes by standard input.")
        return first_administrator(username or "", name or "", sys.stdin.readline().rstrip("\r\n"), city)
    while True:
        username = username or str(typer.prompt("Username of the first administrator"))
        name = name or str(typer.prompt("Their name"))
        password = typer.prompt("Password (12 characters or more)", hide_input=True, confirmation_prompt=True)
        try:
            return first_administrator(username, name, password, city)
        except Invalid as error:
            for sentence in error.errors.values():
                print(f"  {sentence}")
            username = None if "username" in error.errors else username
            name = None if "name" in error.errors else name
