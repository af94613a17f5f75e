"""Open data: one tidy CSV for each measure, a data dictionary, the headline figures and a README, in one zip.

Machine names for columns, ISO dates, plain numbers; a hidden cell is empty and its row says so. The same document
gives the same bytes.
"""

import csv
import io
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from dashboard import words
from dashboard.document import Document
from dashboard.export.tables import Blank, Column, columns
from dashboard.measures import MEASURES
from dashboard.model import Audience, Result
from db.cells import harmless
from db.vocab import LANGUAGES, Lang, text

MADE = (1980, 1, 1, 0, 0, 0)
"""The moment that stands at every file of the zip: the earliest it can hold, so that it says nothing."""
FIGURES = {
    "measure": "text",
    "value": "number",
    "low": "number",
    "high": "number",
    "n": "integer",
    "unit": "text",
    "first": "date",
    "last": "date",
    "as_of": "date",
    "provisional": "boolean",
    "hidden": "boolean",
    "sentence_en": "text",
    "sentence_es": "text",
}
"""The columns of ``figures.csv`` and their types."""
DICTIONARY = (
    "file",
    "column",
    "label_en",
    "label_es",
    "type",
    "unit_en",
    "unit_es",
    "definition_en",
    "definition_es",
    "source",
)
Cell = str | int | float | date | bool | None


def write(document: Document, lang: Lang) -> bytes:
    """The zip. It holds both languages; ``lang`` says in which one the words in cells stand where there is a choice."""
    results = document.results.get(lang) or next(iter(document.results.values()), {})
    files = {f"data/{key}.csv": _table(document, result) for key, result in results.items()}
    files["dictionary.csv"] = _csv(DICTIONARY, _dictionary(document, results))
    files["figures.csv"] = _csv(tuple(FIGURES), (_figure(document, result) for result in results.values()))
    files["README.txt"] = _readme(document, results)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, MADE)
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, files[name], zipfile.ZIP_DEFLATED)
    return packed.getvalue()


def _csv(head: Sequence[str], rows: Iterable[Sequence[Cell]]) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(head)
    writer.writerows([_written(cell) for cell in row] for row in rows)
    return out.getvalue().encode()


def _written(cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, date):
        return cell.isoformat()
    return str(harmless(cell)) if isinstance(cell, str) else repr(cell)


# --- tables ----------------------------------------------------------------------------------------------


def _table(document: Document, result: Result) -> bytes:
    found = [*columns(result, MEASURES[result.key]), *_translated(document, result)]
    gone = _hidden_rows(result, found)
    cells = [[None if isinstance(cell, Blank) else cell for cell in column.cells] for column in found]
    return _csv([*(column.name for column in found), "hidden"], zip(*cells, gone, strict=True))


def _hidden_rows(result: Result, table: Sequence[Column]) -> list[bool]:
    marked = result.table["hidden"] if "hidden" in result.table else [False] * len(result.table)
    cells = zip(*(column.cells for column in table), strict=True) if table else [()] * len(result.table)
    return [bool(mark) or Blank.hidden in row for mark, row in zip(marked, cells, strict=True)]


def _translated(document: Document, result: Result) -> list[Column]:
    """Columns of words once more in the other language, where its rows are the same ones."""
    other = "en" if result.filters.lang == "es" else "es"
    twin = document.results.get(other, {}).get(result.key)
    if twin is None:
        return []
    mine, theirs = (columns(each, MEASURES[result.key]) for each in (result, twin))
    if [(c.name, c.kind, len(c.cells)) for c in mine] != [(c.name, c.kind, len(c.cells)) for c in theirs]:
        return []
    pairs = list(zip(mine, theirs, strict=True))
    if any(a.cells != b.cells for a, b in pairs if a.kind != "text"):
        return []
    return [
        Column(f"{b.name}_{other}", b.label, "text", b.cells)
        for a, b in pairs
        if a.kind == "text" and a.cells != b.cells
    ]


def _figure(document: Document, result: Result) -> list[Cell]:
    estimate, said = result.estimate, {}
    for name in LANGUAGES:
        there = document.results.get(name, {}).get(result.key)
        said[name] = there.sentence if there else ""
    return [
        result.key,
        estimate.value,
        estimate.low,
        estimate.high,
        estimate.n,
        text(f"measure.{result.key}.unit"),
        result.filters.first,
        min(result.filters.last, result.filters.as_of),
        result.filters.as_of,
        result.provisional,
        estimate.value is None and result.display in {text("measures.hidden", name) for name in LANGUAGES},
        said["en"],
        said["es"],
    ]


# --- what it all means -----------------------------------------------------------------------------------


def _dictionary(document: Document, results: Mapping[str, Result]) -> Iterable[list[Cell]]:
    for name, kind in FIGURES.items():
        said = [text(f"opendata.figure.{name}", lang) for lang in LANGUAGES]
        yield ["figures.csv", name, *said, kind, "", "", *said, ""]
    for key, result in results.items():
        measure = MEASURES[key]
        definition = [text(f"measure.{key}.definition", lang) for lang in LANGUAGES]
        source = text(f"measure.{key}.source")
        for column in [*columns(result, measure), *_translated(document, result)]:
            unit = _units(key, column)
            labels = [_label(document, key, column, lang) for lang in LANGUAGES]
            yield [f"data/{key}.csv", column.name, *labels, _type(column), *unit, *definition, source]
        hidden = [text("opendata.hidden", lang) for lang in LANGUAGES]
        yield [f"data/{key}.csv", "hidden", *hidden, "boolean", "", "", *definition, source]


def _units(key: str, column: Column) -> tuple[str, str]:
    """In English and Spanish, where the column is stated in the measure's unit or in its money; shares are ratios."""
    if column.kind == "percent":
        return "0–1", "0–1"
    own = column.kind == "money" or (column.name == "value" and column.kind != "text")
    return (text(f"measure.{key}.unit"), text(f"measure.{key}.unit", "es")) if own else ("", "")


def _label(document: Document, key: str, column: Column, lang: Lang) -> str:
    there = document.results.get(lang, {}).get(key)
    name = column.name if there is None or column.name in there.columns else column.name[:-3]
    return column.label if there is None else str(there.columns[name])


def _type(column: Column) -> str:
    if column.kind in ("date", "text"):
        return column.kind
    there = [cell for cell in column.cells if not isinstance(cell, Blank)]
    return "integer" if there and all(isinstance(cell, int) for cell in there) else "number"


def _readme(document: Document, results: Mapping[str, Result]) -> bytes:
    """In both languages: the stamp, what is in the zip, what is hidden, the license to be stated, where it is from."""
    parts = [_readme_in(document, results, lang) for lang in LANGUAGES]
    return ("\r\n\r\n".join(parts) + "\r\n").replace("\n", "\r\n").replace("\r\r", "\r").encode()


def _readme_in(document: Document, results: Mapping[str, Result], lang: Lang) -> str:
    tables = {key: columns(result, MEASURES[key]) for key, result in results.items()}
    gone = [key for key, table in tables.items() if any(_hidden_rows(results[key], table))]
    public = document.audience is Audience.public
    lines = [
        f"{document.place}: {document.title}",
        document.stamp(lang),
        *([text("demo.banner", lang)] if document.is_demo else []),
        *([] if public else [text("opendata.readme.internal", lang)]),
        "",
        text("opendata.readme.what", lang).upper(),
        *(f"- {text(f'opendata.readme.{part}', lang)}" for part in ("figures", "tables", "dictionary", "text")),
        "",
        text("book.hidden", lang).upper(),
        text("book.hidden_public" if public else "book.hidden_internal", lang),
    ]
    if public:
        where = ", ".join(gone) or text("opendata.readme.nothing_hidden", lang)
        lines.append(f"{text('opendata.readme.hidden', lang)}: {where}.")
    lines += [
        "",
        text("opendata.readme.license", lang).upper(),
        text("opendata.readme.license_hint", lang),
        "",
        text("opendata.readme.provenance", lang).upper(),
        text("opendata.readme.made", lang, day=words.day(document.made_at.date(), lang)),
    ]
    return "\n".join(lines)
