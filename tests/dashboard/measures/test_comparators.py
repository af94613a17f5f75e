"""What other places reported: each figure has a source and a date, and says that it is not like for like."""

from sqlalchemy import Engine

from dashboard.measures import MEASURES
from dashboard.measures.comparators import reported
from dashboard.measures.compute import compute
from dashboard.model import Audience
from tests.dashboard.measures.city import SHELL, WHOLE


def test_every_figure_has_its_source_in_both_languages() -> None:
    english, spanish = reported("en"), reported("es")
    assert [one.beside for one in english] == [one.beside for one in spanish]
    for one in (*english, *spanish):
        assert one.beside in MEASURES
        assert all(one), one


def test_they_are_shown_to_everybody_with_the_footnote(small_pilot: Engine) -> None:
    for audience in Audience:
        found = compute(small_pilot, SHELL, "comparators", WHOLE, audience)
        assert len(found.table) == len(reported("en"))
        assert found.caveats[0].startswith("Not like for like")
        assert found.estimate.value is None
        beside = set(found.table["beside"])
        assert {"cost_per_call_averted", "cost_per_intervention", "repeat_call_effect", "people_before_after"} <= beside
