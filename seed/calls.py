"""The city's calls for service: who calls how often, what the pilot changed, what the dispatch system lost.

Calls come in *spells*: a first call of a subject, then perhaps repeats a few weeks apart; and a few
subjects call for years. A repeat follows the call before it within 85 days, a new spell of a known
subject begins after more than 97, so that no call lies near the 90 days of measures.md.
"""

import math
from collections import deque
from dataclasses import dataclass
from random import Random

from seed import reference
from seed.story import BASELINE_WEEKS, TRUTHS, WEEKS_IN, monday_of, stream

FIRST_DAY = -7 * BASELINE_WEEKS
LAST_DAY = 7 * WEEKS_IN
YEAR = 365.25
MONTH = YEAR / 12


@dataclass(slots=True)
class Happening:
    """One call for service. ``day`` is relative to launch, ``minute`` counts from local midnight."""

    day: int
    minute: int
    kind: str
    subject: int | None
    place: str | None
    health: bool = False
    """Behavioural-health, and not at an institution."""
    repeat: bool = False
    incident: str = ""


@dataclass(frozen=True, slots=True)
class Series:
    """How one group of call types behaves, per month where not said otherwise."""

    spells: float
    repeated: float
    """Share of spells that have repeats."""
    mean_repeats: float
    regulars: tuple[float, ...]
    """Calls per year of each subject who calls for years."""
    ratio: float
    """Repeats after launch ÷ before, the planted effect."""
    kinds: dict[str, float]
    prefix: int
    health: bool


def all_calls(seed: int) -> list[Happening]:
    """Every call from the first day of the baseline to the end of the 44th week, in order of time."""
    rules = reference.table("call_rules")
    kinds = {
        category: {r["value"]: float(r["weight"]) for r in rules if r["category"] == category}
        for category in ("behavioural_health", "control", "excluded")
    }
    loose = kinds["excluded"] | {r["value"]: float(r["weight"]) / 2 for r in reference.table("open_types")}
    health = Series(132, 0.335, 1.95, _REGULARS, TRUTHS.repeat_ratio, kinds["behavioural_health"], 0, True)
    control = Series(166, 0.30, 1.7, (30, 22, 18, 15, 12), TRUTHS.control_ratio, kinds["control"], 100_000, False)
    calls = _series(health, stream(seed, "health")) + _series(control, stream(seed, "control"))
    calls += _institutions(stream(seed, "institutions"), kinds["behavioural_health"])
    calls += _loose(stream(seed, "loose"), loose)
    calls = _damaged(calls, set(kinds["behavioural_health"]))
    calls.sort(key=lambda c: (c.day, c.minute, c.kind, c.subject or 0))
    for number, call in enumerate(calls, start=100_001):
        call.incident = f"HB-{number}"
    return calls


_REGULARS = (52, 45, 28, 26, 24, 22, 21, 16, 15, 14, 13, 12, 11, 11, 10, 10)


def _season(day: float) -> float:
    return 1 + 0.07 * math.cos(2 * math.pi * (day - 190) / YEAR) + 0.03 * day / 1000


def _evenly(per_month: float, random: Random) -> list[int]:
    """Days at a seasonal rate with quiet and busy weeks; what is left to chance is little, the spells add theirs."""
    days: list[int] = []
    total, week = 0.0, 1.0
    for day in range(FIRST_DAY, LAST_DAY):
        if day % 7 == 0:
            week = random.lognormvariate(-0.01, 0.13)
        total += per_month / MONTH * _season(day) * week
        while total > len(days):
            days.append(min(max(day + random.randint(-3, 3), FIRST_DAY), LAST_DAY - 1))
    return sorted(days)


def _series(series: Series, random: Random) -> list[Happening]:
    subjects = Subjects(series.prefix, random)
    first: list[Happening] = []
    repeats: list[Happening] = []

    def call(day: int, subject: int, repeat: bool) -> None:
        kind, place = _pick(series.kinds, random), subjects.place(subject)
        found = Happening(day, _minute(random), kind, subject, place, series.health, repeat)
        (repeats if repeat else first).append(found)

    for start in _evenly(series.spells, random):
        subject = subjects.next(start)
        day = start
        call(day, subject, False)
        for _ in range(_count(series, random)):
            day += min(max(round(random.gammavariate(1.5, 14)), 1), 85)
            call(day, subject, True)
        subjects.rest(subject, day)
    for rate in series.regulars:
        for day, subject, repeat in _regular(rate, subjects, random):
            call(day, subject, repeat)
    _unkeyed(first)
    kept = first + _fewer(repeats, series.ratio, random)
    doubled = [_again(c, random) for c in kept if random.random() < 0.02]
    return [c for c in kept + doubled if FIRST_DAY <= c.day < LAST_DAY]


def _count(series: Series, random: Random) -> int:
    """Repeats of one spell: mostly none, else geometric."""
    if random.random() >= series.repeated:
        return 0
    return 1 + int(math.log(1 - random.random()) / math.log(1 - 1 / series.mean_repeats))


def _regular(rate: float, subjects: "Subjects", random: Random) -> list[tuple[int, int, bool]]:
    """One place in the line of those who call for years; who leaves it is followed by somebody else."""
    calls: list[tuple[int, int, bool]] = []
    day = FIRST_DAY + random.randint(-60, 20)
    while day < LAST_DAY:
        subject, until, repeat = subjects.new(), day + random.randint(420, 900), False
        while day < min(until, LAST_DAY):
            calls.append((day, subject, repeat))
            repeat = True
            day += min(max(round(random.gammavariate(2, YEAR / rate / 2)), 1), 85)
    return calls


def _fewer(repeats: list[Happening], ratio: float, random: Random) -> list[Happening]:
    """Of each twenty repeats after launch, in order of time, the planted share did not happen."""
    before = [c for c in repeats if c.day < 0]
    after = sorted((c for c in repeats if c.day >= 0), key=lambda c: (c.day, c.minute))
    for start in range(0, len(after), 20):
        block = after[start : start + 20]
        gone = set(random.sample(range(len(block)), round(len(block) * (1 - ratio))))
        before += [c for k, c in enumerate(block) if k not in gone]
    return before


def _unkeyed(first: list[Happening]) -> None:
    """Callers nobody could name, one in eighty: never a repeat, since without a key nobody can say so."""
    for call in sorted(first, key=lambda c: (c.day, c.minute))[::80]:
        call.subject = None


def _again(call: Happening, random: Random) -> Happening:
    """A second call about the same event, within two hours."""
    minute = min(call.minute + random.randint(8, 95), 1439)
    return Happening(call.day, minute, call.kind, call.subject, call.place, call.health)


class Subjects:
    """People who call, each with a home; after a rest of more than 97 days a known one may call again."""

    def __init__(self, prefix: int, random: Random) -> None:
        self._last = prefix
        self._random = random
        self._resting: deque[tuple[int, int]] = deque()
        self._homes: dict[int, str] = {}
        self._streets = reference.names("street")
        self._public = reference.names("public")

    def new(self) -> int:
        self._last += 1
        home = f"{self._random.randint(1, 240)} {self._random.choice(self._streets)}"
        self._homes[self._last] = home
        return self._last

    def next(self, day: int) -> int:
        if self._resting and self._resting[0][0] < day - 97 and self._random.random() < 0.2:
            return self._resting.popleft()[1]
        return self.new()

    def rest(self, subject: int, day: int) -> None:
        if self._random.random() < 0.3:
            self._resting.append((day, subject))

    def place(self, subject: int) -> str:
        if self._random.random() < 0.12:
            return self._random.choice(self._public)
        return self._homes[subject]


def _institutions(random: Random, kinds: dict[str, float]) -> list[Happening]:
    places = reference.names("institution")
    return [
        Happening(day, _minute(random), _pick(kinds, random), 200_000 + k, random.choice(places))
        for k, day in enumerate(_evenly(9, random))
    ]


def _loose(random: Random, kinds: dict[str, float]) -> list[Happening]:
    streets = reference.names("street")
    return [
        Happening(
            day, _minute(random), _pick(kinds, random), None, f"{random.randint(1, 240)} {random.choice(streets)}"
        )
        for day in _evenly(68, random)
    ]


def _damaged(calls: list[Happening], health: set[str]) -> list[Happening]:
    """The lost week taken out; the bad week spoiled."""
    gap, bad = monday_of(TRUTHS.gap_week), monday_of(TRUTHS.bad_week)
    kept = [c for c in calls if not gap <= c.day < gap + 7]
    for call in kept:
        if bad <= call.day < bad + 7 and call.kind not in health:
            call.day, call.minute, call.place, call.subject = bad + 2, 0, None, None
            call.kind = "CONV-UNKNOWN"
    return kept


_HOURS = (3, 3, 2, 2, 2, 2, 3, 4, 5, 6, 6, 6, 6, 6, 6, 6, 6, 7, 7, 7, 7, 6, 5, 4)


def _minute(random: Random) -> int:
    return random.choices(range(24), _HOURS)[0] * 60 + random.randrange(60)


def _pick(weights: dict[str, float], random: Random) -> str:
    return random.choices(list(weights), list(weights.values()))[0]
