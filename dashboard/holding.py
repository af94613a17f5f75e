"""What an edition may publish beside the one before it, and what of its own tables together.

``disclose`` makes one Result safe by itself. Two more ways to a small count are closed here, before anything is
frozen: a number that moved by 1 to t − 1 since the edition before tells how few came to it, and two tables that are
each harmless may tell a third number between them. What fails stands as it stood in the edition before, to the
digit, and says so; where there was none it is not published.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from dashboard.deduction import Fact, Known, System
from dashboard.frozen import Frozen
from dashboard.measures.disclosure import PUBLIC_MARKS
from dashboard.model import Estimate, Result
from dashboard.published import DECLARED, PUBLISHED, Declared, Ladder, Periods, about_people, facts, numbers
from db.vocab import Lang, text

Results = Mapping[str, Mapping[str, Result]]
"""Language → key of the measure → Result."""
WITHHELD = "withheld"
"""The mark of a Result that is not published at all."""


def hold(
    previous: Frozen | None, results: Results, threshold: int, *, number: str = ""
) -> tuple[dict[str, dict[str, Result]], dict[str, str]]:
    """``results`` as they may be published after ``previous``, and key → number of the edition that stands still.

    ``number`` is that of the previous edition, the last approved one in force. All languages are treated alike:
    what English Results tell decides for all. Results that are not about people pass.
    """
    before = previous.results.get("en", {}) if previous else {}
    ours = {key: result for key, result in results["en"].items() if about_people(key)}
    still = {key for key, result in ours.items() if key in before and moved_little(before[key], result, threshold)}
    gone = _yielding(ours, before, still, threshold)
    held = {key: previous.held.get(key, number) for key in still if previous}
    settled: dict[str, dict[str, Result]] = {}
    for lang, found in results.items():
        settled[lang] = {}
        for key, result in found.items():
            if key in still and previous is not None:
                result = previous.results[lang][key]
            elif key in gone:
                result = withheld(result, threshold)
            settled[lang][key] = result
    return settled, dict(sorted(held.items()))


def moved_little(was: Result, now: Result, threshold: int) -> bool:
    """Whether a cumulative count that both show differs by 1 to ``threshold`` − 1: the headline, a cell, a sum."""
    declared = DECLARED.get(now.key)
    if declared is None or not (declared.only_moves_up or isinstance(declared, Ladder)):
        return False
    return any(0 < abs(b - a) < threshold for a, b in _pairs(was, now, declared))


def _pairs(was: Result, now: Result, declared: Declared) -> Iterator[tuple[float, float]]:
    """What was shown then and is shown now of the same: where the grain is another one, the whole."""
    if was.estimate.n is not None and now.estimate.n is not None:
        yield was.estimate.n, now.estimate.n
    same_grain = was.marks.get("grain") == now.marks.get("grain")
    for name in declared.counts:
        if not {name} <= set(was.table) & set(now.table):
            continue
        first, second = _labelled(was, name), _labelled(now, name)
        for label in first.keys() & second.keys() if same_grain else ():
            yield first[label], second[label]
        whole = not (was.table[name].isna().any() or now.table[name].isna().any())
        if whole and isinstance(declared, Periods) and name in declared.streams:
            yield sum(first.values()), sum(second.values())
    if isinstance(declared, Periods) and declared.said:
        yield from zip(numbers(was.context), numbers(now.context), strict=False)


def _labelled(result: Result, column: str) -> dict[tuple[object, ...], float]:
    """The shown cells of a column by the words and days of their row."""
    table = result.table
    names = [name for name in ("by", "group", "scenario", "step", "period", "week") if name in table]
    shown = table[table[column].notna()]
    return {tuple(row[name] for name in names): float(row[column]) for row in shown.to_dict("records")}


def _yielding(ours: Mapping[str, Result], before: Mapping[str, Result], still: set[str], threshold: int) -> set[str]:
    """The keys not to publish; adds to ``still`` those whose Result of the edition before stands instead.

    The least important of the tables that together give something away yields, until nothing is left to give away.
    """
    then = [fact for key, result in before.items() if about_people(key) for fact in facts(result)]
    known_already = {known.what for known in leaking((), then, threshold)}
    told = {key: facts(result) for key, result in ours.items() if key not in still}
    gone: set[str] = set()
    while leaks := [
        known
        for known in leaking([fact for each in told.values() for fact in each], then, threshold)
        if known.what not in known_already and known.measures & told.keys()
    ]:
        fewer: set[str] = set()
        for leak in leaks:
            if not leak.measures & fewer:  # else it may be mended by what yielded already
                fewer.add(_who_yields(leak, told, then, threshold))
        for key in fewer:
            del told[key]
            (still if key in before and not before[key].marks.get(WITHHELD) else gone).add(key)
    return gone


def _who_yields(leak: Known, told: Mapping[str, list[Fact]], then: list[Fact], threshold: int) -> str:
    """The least important table without which the count stays unknown; else the least important one."""
    candidates = sorted(leak.measures & told.keys(), key=_importance, reverse=True)
    then = [fact for fact in then if fact.measure in leak.measures]
    for key in candidates:
        others = [fact for other in candidates if other != key for fact in told[other]]
        if not any(known.leaks(threshold) for known in System(others, then).known(only=leak.what)):
            return key
    return candidates[0]


def _importance(key: str) -> int:
    return PUBLISHED.index(key) if key in PUBLISHED else len(PUBLISHED)


def leaking(now: Iterable[Fact], before: Iterable[Fact], threshold: int) -> list[Known]:
    """What can be worked out to within ``threshold`` from the facts of an edition and of the one before it."""
    return [known for known in System(now, before).known() if known.leaks(threshold)]


def withheld(result: Result, threshold: int) -> Result:
    """The Result without any figure, and the sentence that says why."""
    lang: Lang = "es" if result.filters.lang == "es" else "en"
    return replace(
        result,
        table=result.table.iloc[0:0],
        estimate=Estimate(None),
        display=text("measures.hidden", lang),
        context="",
        sentence=text("holding.withheld", lang, t=threshold),
        caveats=(),
        spark=(),
        marks={key: value for key, value in result.marks.items() if key in PUBLIC_MARKS} | {WITHHELD: True},
    )


def footnote(held: Mapping[str, str], key: str, lang: Lang) -> str:
    """What stands at the foot of a slide whose figures are those of an earlier edition; empty for others."""
    return text("holding.foot", lang, number=held[key]) if key in held else ""
