"""The city's data files (CSV), read by name."""

import csv
from importlib.resources import files


def table(name: str) -> list[dict[str, str]]:
    """The rows of ``seed/reference/<name>.csv``."""
    text = files("seed.reference").joinpath(f"{name}.csv").read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


def names(kind: str) -> list[str]:
    """The made-up names of one kind: given, family, street, institution, public."""
    return [row["value"] for row in table("fictional_names") if row["kind"] == kind]


def default_rules() -> list[dict[str, str]]:
    """The call-type rules that every installation begins with (``db/cad/default_rules.csv``)."""
    text = files("db.cad").joinpath("default_rules.csv").read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))
