"""Words that follow a number agree with it, in both languages."""

import re

import pytest

from db import vocab


@pytest.mark.parametrize(
    ("n", "lang", "said"),
    [
        ("1", "en", "1 call is not judged: the time before it is not wholly in the data."),
        ("0", "en", "0 calls are not judged: the time before them is not wholly in the data."),
        ("1,001", "en", "1,001 calls are not judged: the time before them is not wholly in the data."),
        ("1", "es", "1 llamada no se juzga: el tiempo anterior no está completo en los datos."),
        ("12", "es", "12 llamadas no se juzgan: el tiempo anterior no está completo en los datos."),
    ],
)
def test_one_and_many(n: str, lang: vocab.Lang, said: str) -> None:
    assert vocab.text("measure.repeat_calls.unjudged", lang, n=n) == said


def test_no_template_about_calls_says_one_of_many() -> None:
    """Each number of a sentence about calls may be one; the word behind it is then another."""
    fixed = {"step", "window"}  # never one
    plural = re.compile(r"\{(\w+)\} (?:[a-z-]+ )?(calls|times|days|units|records|months|subjects|events|encounters)\b")
    keys = [key for key in KEYS if re.match(r"(measure\.|calls\.|chart\.|effect\.caution)", key)]
    found = {key: names for key in keys if (names := {n for n, _ in plural.findall(vocab.text(key))} - fixed)}
    assert {key: names for key, names in found.items() if key not in MANY} == {}


KEYS = vocab.keys()
MANY = {
    "effect.caution.overdispersed": "said from one and a half on",
    "measure.caseload.caveat_inactive": "a fixed number",
    "measure.familiar_faces.sentence": "subjects of three calls or more",
    "chart.calls_covered": "a share",
    "calls.missing_more": "told only of several stretches",
    "measure.familiar_faces.step": "three or more",
}
