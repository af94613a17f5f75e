"""The checks of the weekly tally: every rule of the table broken once, and kept once."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from db.tally_rules import Figures, check, must_fix, rules
from db.vocab import TallyItem
from db.vocab import TallyItem as I
from db.vocab.tally import Level

DAY = date(2026, 11, 12)
QUIET = {
    I.referrals_received: 4, I.referrals_accepted: 3, I.on_scene: 2, I.in_person: 5, I.phone_video: 7, I.office: 1,
    I.consultation: 2, I.outreach: 3, I.family_contacts: 2, I.connections_made: 4, I.connections_attended: 2,
    I.hours_direct: 20, I.hours_finding_resources: 8, I.hours_outreach: 4, I.hours_other: 5,
    I.people_seen: 11, I.people_first_seen: 3,
}  # fmt: skip
"""A week of 37 hours that breaks no rule."""


def week(changes: Mapping[TallyItem, Any] | None = None, **more: Any) -> Figures:
    """The quiet week with other figures reported; the log says the same unless ``log`` is given."""
    reported = {i: None if v is None else Decimal(str(v)) for i, v in (QUIET | dict(changes or {})).items()}
    log = {i: v or Decimal(0) for i, v in reported.items()} | {i: Decimal(v) for i, v in more.pop("log", {}).items()}
    return Figures(reported=reported, log=log, **more)


def told(figures: Figures) -> list[tuple[str, str]]:
    return [(finding.rule, finding.sentence) for finding in check(figures)]


def history(item: TallyItem, *values: int | None) -> Mapping[TallyItem, tuple[Decimal | None, ...]]:
    return {item: tuple(None if v is None else Decimal(v) for v in values)}


def test_a_quiet_week_is_left_alone() -> None:
    assert check(week(busiest_day=(DAY, Decimal("8.5")))) == []


BROKEN: list[tuple[str, Figures, str]] = [
    ("unexplained", week(log={I.office: 3}), "“Office visits”: log 3, reported 1. Say why it differs."),
    ("unexplained", week({I.outreach: None, I.hours_outreach: 0}, log={I.outreach: 2}),
     "“Outreach to providers”: log 2, reported blank. Say why it is not recorded, or report 2."),
    ("hours_in_a_week", week({I.hours_direct: 152}), "The hours add up to 169; a week has 168. Check them."),
    ("hours_in_a_day", week(busiest_day=(DAY, Decimal(26))),
     "The log has 26 hours on 12 Nov 2026; a day has 24. Correct the entries of that day on the log."),
    ("first_of_seen", week({I.people_first_seen: 12}),
     "12 people seen for the first time is more than 11 people seen. Check both."),
    ("seen_by_contact", week({I.people_seen: 16}),
     "16 people seen is more than 15 direct contacts, and each of them had one. Check both."),
    ("long_day", week(busiest_day=(DAY, Decimal("14.25"))),
     "The log has 14.25 hours on 12 Nov 2026. Check the minutes of that day."),
    ("long_week", week({I.hours_other: 30}), "The hours add up to 62; the contract has 40 a week. Check them."),
    ("contacts_take_time", week({I.hours_direct: 0, I.hours_other: 25}),
     "17 contacts and no direct hours. Check the hours."),
    ("time_has_contacts",
     week({I.on_scene: 0, I.in_person: 0, I.phone_video: 0, I.office: 0, I.family_contacts: 0, I.people_seen: 0,
           I.people_first_seen: 0}),
     "20 direct hours and no contact. Check both."),
    ("outreach_takes_time", week({I.hours_outreach: 0, I.hours_finding_resources: 0}),
     "3 outreach to providers and no hours for it."),
    ("many", week({I.phone_video: 76}), "“Phone or video contacts” is 76: more than 75 in one week. Check it."),
    ("unusual", week({I.office: 9}, history=history(I.office, 1, 2, 1, 0, 3, 2)),
     "“Office visits” is 9; in the 6 weeks before it was 0 to 3. Check it."),
    ("sudden_zero", week({I.office: 0}, history=history(I.office, 1, 2, 1, 1, 3, 2, 1, 1)),
     "“Office visits” is 0 for the first time in 8 weeks. Check it."),
    ("accepted_of_received", week({I.referrals_accepted: 6}),
     "6 referrals accepted, 4 received. Right if some came in earlier weeks."),
    ("short_week", week({I.hours_direct: 2}),
     "The hours add up to 19 of 40 in the contract. Right in a week of leave or holidays."),
    ("blank", week({I.office: None, I.consultation: None}, log={I.office: 0, I.consultation: 0}),
     "Blank: “Office visits”, “Consultations to officers”. Certifying asks whether it was zero or not recorded."),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "figures", "sentence"), BROKEN, ids=[f"{k}-{b[0]}" for k, b in enumerate(BROKEN)])
def test_a_broken_rule_says_so_once_and_no_other_does(rule: str, figures: Figures, sentence: str) -> None:
    found = told(figures)
    assert [one for one in found if one[0] == rule] == [(rule, sentence)]
    assert {one for one, _ in found} <= {rule, "blank"}


def test_every_rule_of_the_table_is_broken_above() -> None:
    assert [rule.rule for rule in rules()] == list(dict.fromkeys(b[0] for b in BROKEN))


def test_the_serious_ones_come_first_and_only_they_refuse() -> None:
    figures = week({I.phone_video: 76, I.people_first_seen: 90, I.office: None}, log={I.office: 0, I.outreach: 9})
    found = check(figures)
    assert [f.level for f in found] == sorted((f.level for f in found), key=list(Level).index)
    assert must_fix(found) == {
        "outreach": "“Outreach to providers”: log 9, reported 3. Say why it differs.",
        "people_first_seen": "90 people seen for the first time is more than 11 people seen. Check both.",
    }


def test_a_reason_explains_a_difference() -> None:
    assert check(week(log={I.office: 3}, reasons={I.office: "One was entered twice"})) == []


def test_a_blank_makes_a_sum_a_lower_limit_only() -> None:
    over = week({I.hours_direct: 160, I.hours_other: None}, log={I.hours_other: 0})
    assert "hours_in_a_week" in dict(told(over))
    unknown = week({I.people_seen: 16, I.office: None}, log={I.office: 0})
    assert "seen_by_contact" not in dict(told(unknown))
    short = week({I.hours_direct: 1, I.hours_other: None}, log={I.hours_other: 0})
    assert "short_week" not in dict(told(short))


@pytest.mark.parametrize(
    ("before", "value", "unusual"),
    [
        ((1, 2, 1, 0, 3), 9, False),  # five weeks are too few
        ((1, 2, 1, 0, 3, None), 9, False),  # a blank is no week
        ((1, 2, 1, 0, 3, 9), 9, False),  # it happened before
        ((5, 5, 5, 5, 5, 5), 8, False),  # three steps of at least one
        ((5, 5, 5, 5, 5, 5), 9, True),
        ((5, 5, 5, 5, 5, 5), 1, True),
    ],
)
def test_far_from_the_weeks_before(before: tuple[int | None, ...], value: int, unusual: bool) -> None:
    figures = week({I.office: value}, history=history(I.office, *before))
    assert ("unusual" in dict(told(figures))) is unusual


def test_half_a_contract_is_compared_with_half_the_hours() -> None:
    half = week({I.hours_direct: 2, I.hours_finding_resources: 2}, contract_hours=Decimal(20))
    assert told(half) == []
    assert dict(told(week(contract_hours=Decimal(20))))["long_week"].startswith("The hours add up to 37")
