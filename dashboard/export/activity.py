"""The activity sheet of a quarter: every performance measure in one workbook, for the grant application that follows.

Made as the Bureau of Justice Assistance asks of its Justice and Mental Health Collaboration Program: counts and
shares of one calendar quarter. ``db/arpa/activity.csv`` names the measures and, where a published question of that
program is near, the question. Every figure comes from ``compute`` and has passed the disclosure rule of its audience.
"""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files

from sqlalchemy import Engine

from dashboard.export import workbook
from dashboard.export.tables import readable, source_line
from dashboard.measures import MEASURES
from dashboard.measures.compute import several
from dashboard.model import Audience, Filters, Measure, Result
from db.access import Permission, Viewer
from db.arpa.calendar import quarter_code, quarter_name
from db.errors import Conflict, Forbidden
from db.ledger import quarter_end
from db.models import Pilot

HEAD = (
    "Theme",
    "Measure",
    "Figure",
    "Value",
    "Low (95 %)",
    "High (95 %)",
    "n",
    "Unit",
    "Context",
    "Provisional",
    "From",
    "To",
    "Known on",
    "In words",
    "Definition",
    "Counts",
    "Leaves out",
    "Caveats",
    "Nearest JMHCP question",
    "Where that is published",
    "Key",
)
NOT_FOR_YOU = (
    "The activity sheet holds figures of the desk's work, which your role may not see. "
    "The chief can download it here, and whoever administers the server with “tandem arpa-report --activity”."
)


@dataclass(frozen=True, slots=True)
class Asked:
    """One line of ``activity.csv``: a measure, and the published question nearest to it, if any."""

    theme: str
    measure: str
    question: str
    source: str


@dataclass(frozen=True, slots=True)
class Activity:
    """The figures of one quarter for one audience, by measure, in the file's order."""

    pilot: str
    quarter: date
    audience: Audience
    results: Mapping[str, Result]

    @property
    def name(self) -> str:
        """The file's name without its ending."""
        return f"activity-{quarter_code(self.quarter)}-{self.audience.value}"


@cache
def asked() -> tuple[Asked, ...]:
    """The measures of the sheet, in order."""
    rows = csv.DictReader(files("db").joinpath("arpa/activity.csv").read_text("utf-8").splitlines())
    return tuple(Asked(row["theme"], row["measure"], row["asked"], row["source"]) for row in rows)


def audience_of(viewer: Viewer) -> Audience | None:
    """Internal for who may see every measure of the sheet, public for who may see public ones; None for nobody else."""
    if all(viewer.may(Permission(MEASURES[line.measure].permission)) for line in asked()):
        return Audience.internal
    return Audience.public if viewer.may(Permission.see_public) else None


def activity(
    bind: Engine, viewer: Viewer, pilot: Pilot, quarter: date, audience: Audience = Audience.internal
) -> Activity:
    """Every measure of the sheet for the part of the quarter that lies in the pilot, up to today.

    Raises Forbidden for who may not see all of them in that audience, Conflict for a quarter outside the pilot.
    """
    first, last = max(quarter, pilot.starts_on), min(quarter_end(quarter), pilot.ends_on, viewer.today)
    if last < first:
        raise Conflict(
            f"{quarter_name(quarter)} holds no day of the pilot that has passed. "
            "Choose a quarter between its first day and today."
        )
    best = audience_of(viewer)
    if best is None or (audience is Audience.internal and best is not audience):
        raise Forbidden(NOT_FOR_YOU)
    filters = Filters(first=first, last=last, as_of=viewer.today)
    found = several(bind, viewer, [line.measure for line in asked()], filters, audience)
    return Activity(pilot.name, quarter, audience, found)


def as_xlsx(made: Activity) -> bytes:
    """Three sheets: what this is, one line a measure, and the table behind each that has one."""
    book = workbook.book()
    mark = f"{quarter_name(made.quarter)} · {made.pilot} · {made.audience.value} figures"
    workbook.sheet(book, "About", [mark], ("", ""), _about(made))
    workbook.sheet(book, "Measures", [mark], HEAD, [_line(line, made.results[line.measure]) for line in asked()])
    workbook.sheet(book, "Tables", [mark], ("Measure", "Row", "Column", "Value"), _tables(made))
    return workbook.packed(book)


def _about(made: Activity) -> list[tuple[str, workbook.Value]]:
    some = next(iter(made.results.values())).filters
    return [
        ("Pilot", made.pilot),
        ("Quarter", quarter_name(made.quarter)),
        ("From", some.first),
        ("To", some.last),
        ("Known on", some.as_of),
        ("Audience", made.audience.value),
        (
            "What this is",
            "A quarterly activity sheet as the Bureau of Justice Assistance asks of its Justice and Mental Health "
            "Collaboration Program (JMHCP). The measures and their definitions are the pilot's own; where a published "
            "question of the program is near, it stands beside them. It is not the program's own form.",
        ),
        ("Provisional", "Yes: rests on weeks that are not certified or months that are not closed yet."),
        (
            "Small counts",
            "“hidden”: under the threshold, or hidden to protect one that is."
            if made.audience is Audience.public
            else "Internal figures: small counts are shown. Not for publication; write --audience public for that.",
        ),
    ]


def _line(line: Asked, result: Result) -> list[workbook.Value]:
    measure, estimate, period = MEASURES[line.measure], result.estimate, result.filters
    return [
        line.theme,
        measure.title,
        result.display,
        estimate.value,
        estimate.low,
        estimate.high,
        estimate.n,
        measure.unit,
        result.context,
        "Yes" if result.provisional else "No",
        period.first,
        period.last,
        period.as_of,
        result.sentence,
        measure.definition,
        measure.counts,
        measure.leaves_out,
        " ".join(result.caveats),
        line.question,
        line.source,
        measure.key,
    ]


def _tables(made: Activity) -> list[list[workbook.Value]]:
    found: list[list[workbook.Value]] = []
    for line in asked():
        result, measure = made.results[line.measure], MEASURES[line.measure]
        found += _cells(result, measure)
    return found


def _cells(result: Result, measure: Measure) -> list[list[workbook.Value]]:
    """A table of any width as lines of four: its first column names the row."""
    table = readable(result, measure)
    if table.empty or table.shape[1] < 2:
        return []
    first = table.columns[0]
    cells: list[list[workbook.Value]] = [
        [measure.title, str(row[first]), str(name), str(row[name])]
        for _, row in table.iterrows()
        for name in table.columns[1:]
    ]
    return [*cells, [measure.title, "Source", "", source_line(result, measure)]]
