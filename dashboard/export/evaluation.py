"""The evaluation report: question, data, definitions, methods, results, limits, software; one page, or a PDF of it.

Made of the public form of every Result: it may be handed to an outside evaluator or stand in an appendix.
"""

import platform
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property
from html import escape
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from string import Template

import plotly.graph_objects as go
from sqlalchemy import Engine

from dashboard import words
from dashboard.charts import bare, draw
from dashboard.charts.svg import svg
from dashboard.evaluation import EFFECT, SECTIONS, checked, checked_table
from dashboard.export.html import fonts
from dashboard.export.tables import readable, source_line
from dashboard.measures import MEASURES
from dashboard.measures.compute import several
from dashboard.model import Audience, Filters, Result
from db.access import Permission, Viewer
from db.cad import current
from db.engine import record_session
from db.errors import Setup
from db.models import Pilot
from db.vocab import Lang, text

TEMPLATE = Path(__file__).resolve().parent / "templates" / "evaluation.html"
WIDTH = 680
"""Pixels of a figure: what a page between its margins holds."""
PROGRAMS = ("tandem", "statsmodels", "scipy", "numpy", "pandas", "sqlalchemy")
LIMITS = ("one_city", "trend", "calls", "people", "proof")
LONG = 12
"""Rows after which a table stands at the end."""
Rows = Sequence[Sequence[str]]


@dataclass(frozen=True)
class Report:
    """Everything the report says, of one moment and in one language."""

    pilot: Pilot
    filters: Filters
    results: dict[str, Result]
    covered: tuple[str, str] | None
    """First and last day with calls, as they are written; None without calls."""
    gaps: tuple[str, ...]

    @property
    def lang(self) -> Lang:
        return "es" if self.filters.lang == "es" else "en"

    def say(self, key: str, /, **values: object) -> str:
        return text(f"evaluation.{key}", self.lang, **values)

    @cached_property
    def title(self) -> str:
        return self.say("report.title", pilot=self.pilot.name)


def build(bind: Engine, viewer: Viewer, pilot: Pilot, filters: Filters) -> Report:
    """Compute all of it. Raises Forbidden for who may not see the Overview or public figures."""
    viewer.must(Permission.see_overview)
    keys = [key for section in SECTIONS for key in section.measures]
    results = several(bind, viewer, keys, filters, Audience.public)
    lang = filters.lang
    with record_session(bind, viewer) as session:
        found = current.coverage(session, filters.as_of)
    covered, gaps = None, ()
    if found is not None:
        covered = words.day(found.first, lang), words.day(found.last, lang)
        gaps = tuple(f"{words.day(a, lang)}–{words.day(b, lang)}" for a, b in found.gaps)
    return Report(pilot, replace(filters, staff_id=None), results, covered, gaps)


def html(report: Report) -> bytes:
    """One self-contained page in UTF-8: its own type, pictures in the page, no script, no request to anywhere."""
    made = report.say(
        "report.made",
        city=report.pilot.city,
        day=words.day(report.filters.as_of, report.lang),
        version=_version("tandem"),
    )
    page = Template(TEMPLATE.read_text("utf-8")).substitute(
        lang=report.lang,
        fonts=fonts(),
        title=escape(report.title),
        made=escape(made),
        demo=_paragraphs([report.say("report.demo")], "notice") if report.pilot.is_demo else "",
        body="\n".join(_body(report)),
    )
    return page.encode()


def pdf(report: Report) -> bytes:
    """The same page on paper. Raises Setup where pango is missing."""
    if missing := no_paper():
        raise Setup(missing)
    from weasyprint import HTML, URLFetcher

    here = URLFetcher(allowed_protocols=("data",))  # nothing is read but what stands in the page itself
    return HTML(string=html(report).decode(), url_fetcher=here).write_pdf() or b""


@cache
def no_paper() -> str:
    """Why no PDF can be made here, and the way out; empty where one can."""
    try:
        import weasyprint  # noqa: F401  # it loads pango, or says that it cannot
    except OSError:
        return (
            "PDF files cannot be made here: the system lacks pango. Take the HTML file, or install it "
            "(Debian: apt install libpango-1.0-0 libpangoft2-1.0-0)."
        )
    return ""


# --- the parts, in order ---------------------------------------------------------------------------------


def _body(report: Report) -> Iterator[str]:
    effect = report.results[EFFECT]
    yield f'<p class="verdict">{escape(effect.sentence)}</p>'
    yield _part(report.say("report.question"), _paragraphs(_question(report)))
    yield _part(report.say("report.data"), _paragraphs(_data(report)))
    steps = report.results["effect_axis"].marks.get("method") or ()
    items = "".join(f"<li>{escape(step)}</li>" for step in steps)
    yield _part(report.say("method"), f"<ol>{items}</ol>" + "".join(_caveats(effect)))
    yield f"<h2>{escape(report.say('report.results'))}</h2>"
    for section in SECTIONS:
        yield f"<h3>{escape(report.say(section.key))}</h3>"
        yield from (_result(report, report.results[key]) for key in section.measures)
    yield _part(report.say("report.limits"), _listed([report.say(f"limit.{key}") for key in LIMITS]))
    heads, rows = checked_table(report.lang)
    said = [report.say("checked_how")]
    said += [] if all(row.met for row in checked(report.lang)) else [report.say("checked_missed")]
    yield _part(report.say("checked"), _paragraphs(said) + _table(heads, rows))
    yield _part(report.say("report.definitions"), "".join(_definition(report, key) for key in report.results))
    yield _part(report.say("report.software"), _software(report))
    yield _part(report.say("report.tables"), _long_tables(report))


def _part(heading: str, body: str) -> str:
    return f"<section><h2>{escape(heading)}</h2>{body}</section>"


def _question(report: Report) -> Iterator[str]:
    yield report.say("report.asked", launch=words.day(report.pilot.starts_on, report.lang))
    yield next(iter(report.results["effect_axis"].marks.get("method") or ("",)))


def _data(report: Report) -> Iterator[str]:
    if report.covered is None:
        yield report.say("report.no_calls")
    else:
        first, last = report.covered
        gaps = report.say("report.gaps", list="; ".join(report.gaps)) if report.gaps else report.say("report.no_gaps")
        yield report.say("report.calls", first=first, last=last, gaps=gaps)
    yield report.say("report.weeks")
    yield report.say("report.small", t=report.pilot.small_count_threshold)


def _result(report: Report, result: Result) -> str:
    """Question, answer, picture, caveats, table, source of one measure."""
    measure, lang = MEASURES[result.key], report.lang
    question = text(f"measure.{result.key}.question", lang)
    parts = [f'<div class="whole"><h4>{escape(question)}</h4>', f"<p><b>{escape(result.sentence)}</b></p>"]
    unit = text(f"measure.{result.key}.unit", lang)
    if measure.chart is not None and not bare(result, measure.chart):
        figure: go.Figure = draw(result, measure.chart, unit=unit, height=250)
        parts.append(f'<div class="figure">{svg(figure, width=WIDTH, alt=f"{question} {result.sentence}")}</div>')
    parts.append("</div>")
    parts += _caveats(result) if result.key != EFFECT else ()
    checks = result.marks.get("checks") or ()
    if checks:
        heads = [report.say(f"report.{name}") for name in ("check", "figure", "means")]
        parts.append(f"<h4>{escape(report.say('report.assumptions'))}</h4>" + _table(heads, checks))
    if len(result.table) > LONG:
        parts.append(f'<p class="source">{escape(report.say("report.see_table", n=len(result.table)))}</p>')
    elif len(result.table):
        parts.append(_figures(result))
    parts.append(f'<p class="source">{escape(source_line(result, measure))}</p>')
    return f'<article id="{result.key}">{"".join(parts)}</article>'


def _figures(result: Result) -> str:
    table = readable(result, MEASURES[result.key])
    return _table(list(table.columns), table.to_numpy().tolist(), small=True)


def _long_tables(report: Report) -> str:
    """The tables that would tear the results apart, each under its measure's name."""
    long = [result for result in report.results.values() if len(result.table) > LONG]
    titles = [text(f"measure.{result.key}.title", report.lang) for result in long]
    return "".join(f"<h3>{escape(t)}</h3>{_figures(result)}" for t, result in zip(titles, long, strict=True))


def _caveats(result: Result) -> list[str]:
    return [f'<p class="caveat">{escape(caveat)}</p>' for caveat in result.caveats]


def _definition(report: Report, key: str) -> str:
    def said(part: str) -> str:
        return escape(text(f"measure.{key}.{part}", report.lang))

    more = "".join(
        f"<dd><b>{escape(report.say(f'report.{part}'))}:</b> {said(part)}</dd>"
        for part in ("counts", "leaves_out", "unit", "source")
    )
    return f"<dl><dt>{said('title')} <code>{key}</code></dt><dd>{said('definition')}</dd>{more}</dl>"


def _software(report: Report) -> str:
    heads = [report.say("report.program"), report.say("report.version")]
    rows = [("Python", platform.python_version()), *((name, _version(name)) for name in PROGRAMS)]
    return _table(heads, rows)


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return words.NOTHING


def _paragraphs(said: Sequence[str] | Iterator[str], kind: str = "") -> str:
    mark = f' class="{kind}"' if kind else ""
    return "".join(f"<p{mark}>{escape(line)}</p>" for line in said if line)


def _listed(said: Sequence[str]) -> str:
    return "<ul>" + "".join(f"<li>{escape(line)}</li>" for line in said) + "</ul>"


def _table(heads: Sequence[str], rows: Rows, *, small: bool = False) -> str:
    head = "".join(f"<th>{escape(str(name))}</th>" for name in heads)
    body = "".join("<tr>" + "".join(f"<td>{escape(str(cell))}</td>" for cell in row) + "</tr>" for row in rows)
    kind = ' class="small"' if small else ""
    return f'<div class="wide"><table{kind}><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'
