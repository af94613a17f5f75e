"""Two editions of the same measure: what is a correction, what new data, what another definition; nothing else is."""

from dataclasses import replace
from datetime import date
from typing import Any

import pandas as pd
import pytest

from dashboard.compare import Change, Comparison, Why, compare
from dashboard.frozen import Frozen
from dashboard.model import Audience, Estimate, Filters, Result
from db.vocab import LANGUAGES, text

OLD = Filters(date(2026, 1, 12), date(2026, 10, 9), date(2026, 10, 9))
NEW = Filters(date(2026, 1, 12), date(2026, 11, 14), date(2026, 11, 14))
MONTHS = [date(2026, 8, 1), date(2026, 9, 1), date(2026, 10, 1)]
LABELS = {"period": "Month", "value": "Calls", "low": "From", "high": "To", "status": "Status"}


def told(
    filters: Filters, values: list[Any], key: str = "bh_calls", display: str = "245", **more: Any
) -> dict[str, dict[str, Result]]:
    """One measure by month in both languages; the last of three months is not over."""
    status = ["final", "final", "unfinished"][: len(values)]
    table = pd.DataFrame({"period": MONTHS[: len(values)], "value": values, "status": status})
    made = Result(key, filters, Audience.public, table, LABELS, Estimate(None), display, "", "Said.", **more)
    return {lang: {key: replace(made, filters=replace(filters, lang=lang))} for lang in LANGUAGES}


def one(old: dict[str, Any], new: dict[str, Any], **definitions: Any) -> Comparison:
    was = Frozen(old, definitions={"bh_calls": {"window": 90}})
    now = Frozen(new, definitions={"bh_calls": {"window": 90} | definitions})
    return compare(was, now, "2026-10-15", "2026-11-19")


def only(found: Comparison) -> Change:
    (change,) = found.changes
    return change


def test_what_is_shown_alike_is_the_same() -> None:
    found = one(told(OLD, [30.0, 40.0, 5.0]), told(OLD, [30.0 + 1e-12, 40.0, 5.0]))
    assert (found.changes, found.same) == ((), 4)


def test_a_month_that_was_over_is_corrected() -> None:
    change = only(one(told(OLD, [30.0, 40.0, 5.0]), told(NEW, [31.0, 40.0, 5.0])))
    assert (change.cell, change.was, change.now, change.why) == ("Aug 2026, Calls", "30", "31", Why.correction)
    assert change.said == {
        "en": "Behavioral-health calls, Aug 2026, Calls: edition 2026-10-15 said 30. "
        "It is 31; what was recorded of that time was corrected.",
        "es": "Llamadas de salud mental, ago 2026, Calls: la edición 2026-10-15 decía 30. "
        "Es 31; se corrigió lo registrado de esas fechas.",
    }


def test_a_month_that_was_not_over_and_one_that_had_not_begun_are_new_data() -> None:
    found = one(told(OLD, [30.0, 40.0]), told(NEW, [30.0, 40.0, 25.0]))
    assert [(change.kind, change.why) for change in found.changes] == [("new", Why.new_data)]
    assert one(told(OLD, [30.0, 40.0, 5.0]), told(NEW, [30.0, 40.0, 25.0])).corrections == ()


@pytest.mark.parametrize(
    ("filters", "provisional", "why"),
    [(OLD, False, Why.correction), (OLD, True, Why.new_data), (NEW, False, Why.new_data)],
)
def test_a_headline_of_the_same_period_is_a_correction(filters: Filters, provisional: bool, why: Why) -> None:
    old = told(OLD, [30.0], provisional=provisional)
    change = only(one(old, told(filters, [30.0], display="250")))
    assert (change.cell, change.was, change.now, change.why) == ("", "245", "250", why)


def test_another_definition_explains_every_figure_that_differs() -> None:
    found = one(told(OLD, [30.0, 40.0]), told(OLD, [31.0, 44.0], display="250"), window=180)
    assert found.definitions == {"bh_calls": ("window",)}
    assert [change.why for change in found.changes] == [Why.definition] * 3
    assert "It is counted in another way than then." in found.changes[0].said["en"]
    assert len(found.corrections) == 3, "the slide of corrections tells of definitions as well"


def test_the_line_of_a_model_is_drawn_anew_and_nothing_is_corrected() -> None:
    """``repeat_call_effect`` has an expected line through the past: only what was observed can be corrected."""
    tables = []
    for filters, observed, expected in ((OLD, 30.0, 41.5), (NEW, 33.0, 42.5)):
        table = pd.DataFrame({"month": MONTHS[:1], "observed": [observed], "expected": [expected], "phase": ["after"]})
        labels = {"month": "Month", "observed": "Observed", "expected": "Expected", "phase": "Phase"}
        base = told(filters, [1.0])["en"]["bh_calls"]
        made = replace(base, key="repeat_call_effect", table=table, columns=labels)
        tables.append({lang: {made.key: made} for lang in LANGUAGES})
    found = compare(Frozen(tables[0]), Frozen(tables[1]), "a", "b")
    assert [(change.cell, change.why) for change in found.changes] == [
        ("Aug 2026, Observed", Why.correction),
        ("Aug 2026, Expected", Why.new_data),
    ]


def test_hidden_and_shown_again_is_no_correction() -> None:
    shown = told(OLD, [30.0, 40.0])
    hidden = {
        lang: {"bh_calls": replace(result["bh_calls"], table=hide(result["bh_calls"].table))}
        for lang, result in shown.items()
    }
    now, before = only(one(hidden, shown)), only(one(shown, hidden))
    assert (now.was, now.now, now.why) == ("hidden", "30", Why.new_data)
    assert "Edition 2026-10-15 hid it" in now.said["en"]
    assert (before.now, before.why) == (text("chart.hidden", "en"), Why.new_data)
    assert "Ahora se oculta" in before.said["es"]


def hide(table: pd.DataFrame) -> pd.DataFrame:
    gone = table["period"] == MONTHS[0]
    return table.assign(value=table["value"].astype("Float64").mask(gone), hidden=gone)


def test_a_share_that_had_not_settled_is_new_data() -> None:
    """September ended nine days before: who made a connection in it had 30 days to go."""
    rates = told(OLD, [0.5, 0.5], "connection_rate"), told(NEW, [0.5, 0.6], "connection_rate")
    assert only(compare(Frozen(rates[0]), Frozen(rates[1]), "a", "b")).why is Why.new_data
    rates = told(OLD, [0.5, 0.5], "connection_rate"), told(NEW, [0.6, 0.5], "connection_rate")
    assert only(compare(Frozen(rates[0]), Frozen(rates[1]), "a", "b")).why is Why.correction


def test_measures_that_only_one_has_and_other_periods_are_said() -> None:
    old, new = told(OLD, [30.0]), told(OLD, [30.0], "officer_hours", display="9 h")
    found = one(old, new)
    assert [(change.measure, change.kind) for change in found.changes] == [
        ("officer_hours", "new"),
        ("bh_calls", "gone"),
    ]
    change = only(one(told(OLD, [30.0], marks={"grain": "month"}), told(NEW, [9.0], marks={"grain": "quarter"})))
    assert (change.was, change.now, change.why) == ("by month", "by quarter", Why.new_data)


def test_certified_figures_after_provisional_ones_end_earlier_and_say_so() -> None:
    change = only(one(told(NEW, [30.0]), told(OLD, [30.0], display="200")))
    assert change.why is Why.new_data
    assert change.said["en"].endswith("200 here. The figures end earlier here.")
