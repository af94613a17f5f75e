"""What the page "Is it working?" and the evaluation report are made of, in the order in which they are read."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from dashboard.measures import MEASURES
from dashboard.model import Audience
from db.access import Permission, Viewer
from db.vocab import Lang, text

ANSWER, EFFECT = "answer", "repeat_call_effect"
CHECKED = Path(__file__).resolve().parent.parent / "db" / "checked.csv"


@dataclass(frozen=True, slots=True)
class Section:
    """A heading (``evaluation.<key>`` of the vocabulary) and the measures under it."""

    key: str
    measures: tuple[str, ...]


SECTIONS: tuple[Section, ...] = (
    Section(ANSWER, (EFFECT, "effect_axis")),
    Section("sure", ("effect_detectable", "effect_robustness", "effect_residuals", "effect_plan")),
    Section("people", ("people_before_after", "repeat_calls_before_after")),
    Section("worth", ("officer_hours_returned", "cost_per_call_averted")),
    Section("cost", ("cost_per_person", "cost_per_intervention", "cost_per_connection", "comparators")),
    Section("modes", ("connection_rate_by_mode", "days_to_connect_by_mode", "later_calls_by_mode")),
)


def audience_of(viewer: Viewer) -> Audience:
    """Who may see the Overview sees internal figures; anybody else what may be read out in public."""
    return Audience.internal if viewer.may(Permission.see_overview) else Audience.public


def shown_to(viewer: Viewer, section: Section) -> tuple[str, ...]:
    """The section's measures that this viewer may see on a page that is always of today.

    Figures about people reach the public with an edition only, frozen: two pages a day apart could be
    subtracted from each other.
    """
    known = [MEASURES[key] for key in section.measures]
    if audience_of(viewer) is Audience.public:
        return tuple(measure.key for measure in known if not measure.about_people)
    return tuple(measure.key for measure in known if viewer.may(Permission(measure.permission)))


@dataclass(frozen=True, slots=True)
class Checked:
    """One figure that the engine was held against: what was published or meant to be, and what it gave."""

    what: str
    expected: str
    ours: str
    met: bool
    source: str


@cache
def checked(lang: Lang) -> Sequence[Checked]:
    """The rows of ``db/checked.csv`` in one language. Their figures are held by tests."""
    rows = csv.DictReader(CHECKED.read_text(encoding="utf-8").splitlines())
    return tuple(
        Checked(row[f"what_{lang}"], row["expected"], row["ours"], row["met"] == "yes", row[f"source_{lang}"])
        for row in rows
    )


def checked_table(lang: Lang) -> tuple[list[str], list[tuple[str, str, str, str, str]]]:
    """(headings, rows) of "How we checked", as page and report show them: a target that is missed says so."""
    heads = [text(f"evaluation.report.{name}", lang) for name in ("against", "expected", "ours", "met", "source")]
    said = {yes: text(f"evaluation.report.{'met_yes' if yes else 'met_no'}", lang) for yes in (True, False)}
    return heads, [(row.what, row.expected, row.ours, said[row.met], row.source) for row in checked(lang)]
