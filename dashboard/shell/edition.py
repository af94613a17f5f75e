"""``tandem edition …``: the figures of a meeting frozen under a number, compared, approved, written to files."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from dashboard import edition, words
from dashboard.compare import Comparison, Why, in_words
from dashboard.export import formats
from dashboard.shell import Format, Language, edition_peers, opened
from db.commands import editions
from db.engine import record_session
from db.errors import Setup, Unreadable
from db.forms import checked
from db.forms.meetings import EditionForm, SignForm, WithdrawForm
from db.models import Edition
from db.vocab import Lang

app = typer.Typer(help="The council's meetings: freeze the figures, compare, approve, export.", no_args_is_help=True)

app.command()(edition_peers.load)
NUMBER = typer.Argument(metavar="ID", help="Its number, like 2026-11-19; “tandem edition list” shows them.")
SHOWN = 20
"""Changes printed of one kind; the rest is counted, and complete with ``--format json``."""
Number = Annotated[str, NUMBER]
Output = Annotated[Format, typer.Option("--format", help="table to read, json for scripts.")]
Spoken = Annotated[Language, typer.Option("--lang", help="Language of sentences.")]


@app.command()
def create(
    meeting: Annotated[str, typer.Option(help="Day of the meeting, like 2026-11-19.", show_default=False)],
    title: Annotated[str, typer.Option(help="On the first slide; the pilot's name without.", show_default=False)] = "",
    as_of: Annotated[str, typer.Option(help="The day up to which things are known; today without.")] = "",
    with_provisional: Annotated[
        bool, typer.Option("--with-provisional", help="Take weeks that are not certified as well, marked.")
    ] = False,
) -> None:
    """Prepare a meeting: freeze every public figure under a number, as a draft.

    The figures end with the newest week that everybody certified, unless --with-provisional takes all.
    What is missing or uncertified is printed first. Nothing is shown to the council before it is approved.

    tandem edition create --meeting 2026-11-19
    tandem edition create --meeting 2026-11-19 --as-of 2026-11-13 --with-provisional --title "After ten months"
    """
    values: dict[str, Any] = {
        "meeting_on": _day(meeting, "--meeting"),
        "as_of": _day(as_of, "--as-of") if as_of else None,
        "with_provisional": with_provisional,
    }
    bind, pilot, viewer = opened()
    form = checked(EditionForm, {**values, "title": title.strip() or pilot.name})
    with _bar() as progress:
        saved = edition.prepare(bind, viewer, form, progress)
    with record_session(bind, viewer) as session:
        row = session.get_one(Edition, saved.id)
        content = edition.content(row)
        before = row.previous.number if row.previous else ""
    for gap in content.gaps:
        print(f"! {gap.said['en']}")
    if content.corrections:
        print(f"{len(content.corrections)} figures differ from what edition {before} told.")
    print(f"Edition {row.number} is prepared: a draft, {words.day(row.first)} to {words.day(row.last)}.")
    print(f"Look at it, then: tandem edition approve {row.number}")


@app.command("list")
def list_(output: Output = Format.table) -> None:
    """List the editions, the newest meeting first.

    tandem edition list
    tandem edition list --format json
    """
    bind, _, viewer = opened()
    with record_session(bind, viewer) as session:
        rows = [_as_dict(row) for row in editions.editions(session)]
    if output is Format.json:
        print(json.dumps(rows, indent=2, ensure_ascii=False))
        return
    if not rows:
        print("No meeting was prepared yet. Start with: tandem edition create --help")
        return
    print(f"{'id':<13}{'state':<11}{'as of':<12}{'figures from':<14}{'to':<12}{'certified':<11}title")
    for row in rows:
        certified = "with gaps" if row["with_provisional"] else "yes"
        print(
            f"{row['id']:<13}{row['state']:<11}{row['as_of']:<12}{row['first']:<14}{row['last']:<12}"
            f"{certified:<11}{row['title']}"
        )


@app.command()
def compare(
    a: Annotated[str, typer.Argument(metavar="A", help="Number of the older edition.", show_default=False)],
    b: Annotated[str, typer.Argument(metavar="B", help="Number of the newer edition.", show_default=False)],
    output: Output = Format.table,
    lang: Spoken = Language.en,
) -> None:
    """Say which figures differ between two editions, and why: new data, a correction, or another definition.

    tandem edition compare 2026-10-15 2026-11-19
    tandem edition compare 2026-10-15 2026-11-19 --format json
    """
    bind, _, viewer = opened()
    with record_session(bind, viewer) as session:
        found = edition.compared(editions.by_number(session, a), editions.by_number(session, b))
    print(json.dumps(_compared(found), indent=2, ensure_ascii=False) if output is Format.json else _told(found, lang))


@app.command()
def approve(number: Number) -> None:
    """Approve a draft: from then on nothing in it changes, and the council may open it.

    tandem edition approve 2026-11-19
    """
    bind, _, viewer = opened()
    with record_session(bind, viewer) as session:
        row = editions.by_number(session, number)
        editions.approve(session, viewer, row.id)
    print(f"Edition {number} is approved. It does not change any more.")


@app.command()
def withdraw(
    number: Number,
    reason: Annotated[str, typer.Option(help="Why; it is shown wherever the edition was.", show_default=False)],
) -> None:
    """Withdraw an approved edition: it stays, with the reason on it, and is not what the council sees any more.

    tandem edition withdraw 2026-11-19 --reason "Counted one provider twice"
    """
    form = checked(WithdrawForm, {"reason": reason})
    bind, _, viewer = opened()
    with record_session(bind, viewer) as session:
        row = editions.by_number(session, number)
        editions.withdraw_edition(session, viewer, row.id, form)
    print(f"Edition {number} is withdrawn: {form.reason}")


@app.command()
def discard(number: Number) -> None:
    """Discard a draft that is not wanted. Its number and digest stay in the audit.

    tandem edition discard 2026-11-19
    """
    bind, _, viewer = opened()
    with record_session(bind, viewer) as session:
        row = editions.by_number(session, number)
        editions.discard_draft(session, viewer, row.id)
    print(f"The draft {number} is discarded.")


@app.command("sign-spanish")
def sign_spanish(
    number: Number,
    name: Annotated[str, typer.Option(help="Who read the Spanish words and vouches for them.", show_default=False)],
) -> None:
    """Record who read the Spanish, before or after the approval: until then it is marked as not reviewed.

    tandem edition sign-spanish 2026-11-19 --name "Ana Prieto, city translator"
    """
    form = checked(SignForm, {"name": name})
    bind, _, viewer = opened()
    with record_session(bind, viewer) as session:
        row = editions.by_number(session, number)
        editions.sign_spanish(session, viewer, row.id, form)
    print(f"The Spanish of edition {number} is signed by {form.name}.")


@app.command()
def export(
    number: Number,
    out: Annotated[Path, typer.Option(help="The file to write.", show_default=False)],
    format: Annotated[
        str, typer.Option(metavar="FORMAT", help=f"{', '.join(formats.FORMATS)}; by the file's ending without.")
    ] = "",
    lang: Spoken = Language.en,
) -> None:
    """Write an edition to a file. Every page of it carries the edition's number and day; a draft says that it is one.

    tandem edition export 2026-11-19 --format html --out meeting.html
    tandem edition export 2026-11-19 --lang es --out reunion.html
    """
    kind = formats.of(format or _ending(out))
    if missing := kind.missing():
        raise Setup(missing)
    spoken: Lang = "es" if lang is Language.es else "en"
    bind, _, viewer = opened()
    with _bar() as progress:
        progress(0.0, "Reading the edition")
        with record_session(bind, viewer) as session:
            document = edition.document(editions.by_number(session, number))
        progress(0.2, f"Writing {kind.label}")
        content = kind.write(document, spoken)
    try:
        out.write_bytes(content)
    except OSError as error:
        raise Unreadable(f"{out} cannot be written ({error.strerror}). Choose another place for --out.") from None
    print(f"{document.stamp(spoken)}: {len(content):,} bytes written to {out}.")


def _ending(out: Path) -> str:
    """The format that a file's name asks for."""
    ending = out.suffix.removeprefix(".").lower()
    for kind in formats.FORMATS.values():
        if ending and ending in (kind.key, kind.ending):
            return kind.key
    raise Unreadable(f"“{out.name}” does not say what to write. Add --format: {', '.join(formats.FORMATS)}.")


def _day(text: str, option: str) -> date:
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise Unreadable(f"“{text}” after {option} is not a date. Write it like 2026-11-19.") from None


def _as_dict(row: Edition) -> dict[str, Any]:
    state = "withdrawn" if row.withdrawn_at else "approved" if row.approved_at else "draft"
    return {
        "id": row.number,
        "title": row.title,
        "state": state,
        "meeting": row.meeting_on.isoformat(),
        "as_of": row.as_of.isoformat(),
        "first": row.first.isoformat(),
        "last": row.last.isoformat(),
        "with_provisional": row.with_provisional,
        "approved_by": row.approved_by,
        "withdrawn": row.withdraw_reason,
        "spanish_signed_by": row.spanish_signed_by,
        "digest": row.digest,
    }


def _compared(found: Comparison) -> dict[str, Any]:
    changes = [
        {
            "measure": each.measure,
            "cell": each.cell,
            "kind": each.kind.value,
            "was": each.was,
            "now": each.now,
            "why": each.why.value,
            "said": dict(each.said),
        }
        for each in found.changes
    ]
    definitions = {key: list(parts) for key, parts in found.definitions.items()}
    return {"old": found.old, "new": found.new, "same": found.same, "definitions": definitions, "changes": changes}


def _told(found: Comparison, lang: Language) -> str:
    spoken: Lang = "es" if lang is Language.es else "en"
    lines = [f"{found.old} → {found.new}: {found.same:,} figures are the same, {len(found.changes):,} differ."]
    for key, parts in found.definitions.items():
        lines.append(f"  {key} is defined in another way: {', '.join(parts)}")
    for why in (Why.correction, Why.definition, Why.new_data):
        these = found.because(why)
        # Of new data the headlines tell enough; single weeks are many.
        told = [change for change in these if why is not Why.new_data or not change.cell][:SHOWN]
        lines.append(f"{why.value.capitalize()}: {len(these):,}")
        lines += [f"  {said}" for said in in_words(told, spoken)]
        if len(told) < len(these):
            lines.append(f"  … and {len(these) - len(told):,} more (--format json lists all)")
    return "\n".join(lines)


@contextmanager
def _bar() -> Iterator[edition.Progress]:
    """A progress bar on standard error, where that is a terminal: standard output stays clean for scripts."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("Beginning", total=1.0)
        yield lambda share, said: bar.update(task, completed=share, description=said)
