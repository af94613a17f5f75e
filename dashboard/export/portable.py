"""The portable edition: the figures that another city can set beside its own, each with what it means, and nobody."""

import json
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from dashboard.document import Document
from dashboard.model import Audience
from dashboard.peers import COMPARED, figure
from db.errors import Conflict
from db.forms.peers import SCHEMA, PortableEdition
from db.vocab import Lang

SCHEMA_FILE = Path(__file__).resolve().parent / "templates" / "portable-edition-1.schema.json"


def refuses(document: Document) -> str:
    """Why there is none of ``document``; empty where there is."""
    if not document.number or document.audience is not Audience.public:
        return "Only an edition of a meeting leaves for another city: a page's selection has no number of its own."
    if not document.facts.get("population"):
        return "The number of residents is not set: without it no count can be compared. Set it with “tandem init”."
    if not any(figure(result) for result in document.results.get("en", {}).values()):
        return "None of the figures of this edition can be compared with another city's."
    return ""


def write(document: Document, lang: Lang) -> bytes:
    """JSON after ``portable-edition-1.schema.json``; words in English. Raises Conflict where there is none."""
    if why := refuses(document):
        raise Conflict(why)
    return (json.dumps(portable(document), ensure_ascii=False, indent=1) + "\n").encode()


def portable(document: Document) -> dict[str, Any]:
    """The same as plain values."""
    facts: Mapping[str, Any] = document.facts
    results = document.results.get("en", {})
    found = {key: figure(results[key]) for key in COMPARED if key in results}
    starts_on: date = facts["starts_on"]
    made = PortableEdition(
        schema=SCHEMA,
        city=document.place,
        number=document.number,
        approved=document.approved,
        as_of=document.as_of,
        started_on=starts_on,
        population=int(facts["population"]),
        threshold=int(facts["threshold"]),
        fictional=document.is_demo,
        hidden=[key for key, told in found.items() if told is None],
        figures=[told for told in found.values() if told is not None],
    )
    return made.model_dump(mode="json", by_alias=True)


def schema() -> dict[str, Any]:
    """The JSON Schema of what :func:`write` gives, as it stands in ``SCHEMA_FILE``."""
    return PortableEdition.model_json_schema(by_alias=True)
