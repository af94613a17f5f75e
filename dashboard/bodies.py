"""Slides that rest on no measure of their own: the title, and what stands around the figures."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from dashboard import words
from dashboard.frozen import Asked
from dashboard.leaf import Card, Leaf, Material, Row
from dashboard.model import Result, Slide
from dashboard.verdict import Verdict
from db.vocab import Lang, text

CARDS = ("people_served", "referrals_received", "connection_rate", "caseload", "repeat_calls", "spent")
"""The measures of the pilot in one page."""
MAY_BE_FEW = ("arrest_diversion", "ed_diversion", "force_and_injury")
"""Asked for at every meeting, and often too few to show: the slide of what is not known names those that are."""
DEFINED: Mapping[str, tuple[str, ...]] = {
    "definitions": ("people_served", "referrals_received", "first_weeks", "interventions", "caseload"),
    "definitions_care": ("time_to_first_contact", "connection_ladder", "connection_rate", "service_gaps"),
    "definitions_calls": ("repeat_calls", "repeat_call_effect", "call_coverage", "familiar_faces"),
    "definitions_money": ("spent", "burn", "what_it_bought", "after_pilot"),
}
"""Slide → the measures it explains."""
USED = tuple(dict.fromkeys((*CARDS, *MAY_BE_FEW, *(key for keys in DEFINED.values() for key in keys))))
"""Every measure that a slide of this file speaks of."""
ROWS = 7
"""Rows that a slide holds at a size that can be read at eight metres."""
LETTERS = 460
"""Of one row: the longest definition takes four lines."""
SENTENCE_END = re.compile(r"(?<=\.)\s+(?=[A-ZÁÉÍÓÚ¿\d])")


def hidden(result: Result, lang: Lang) -> bool:
    """Whether the answer itself may not be shown."""
    return result.display == text("measures.hidden", lang)


def title(slide: Slide, material: Material, lang: Lang) -> Leaf:
    """Which pilot, which week of it, figures to which day."""
    facts = material.content.facts
    values = {
        "pilot": facts["pilot"],
        "city": facts["city"],
        "week": facts["week"],
        "weeks": facts["weeks"],
        "day": words.day(facts["as_of"], lang),
        "t": facts["threshold"],
    }
    unread = [text("slide.not_reviewed", lang)] if material.unread(lang) else []
    demo = [text("demo.banner", lang)] if facts["is_demo"] else []
    return Leaf(
        key=slide.key,
        title=text("slide.title.over", lang, **values),
        sentence=material.title or text("slide.title", lang, **values),
        more=" · ".join([*([text("slide.title", lang, **values)] if material.title else []), *demo, *unread]),
        source=text("slide.title.source", lang, **values),
        note=text(slide.notes, lang, **values),
        lang=lang,
    )


def answers(slide: Slide, material: Material, lang: Lang) -> Leaf:
    """What members asked last time, each with its answer, or with who looks after it and by when."""
    asked = material.content.questions
    rows = tuple(_question(each, lang) for each in sorted(asked, key=lambda each: not each.answer))
    done = sum(bool(each.answer) for each in asked)
    which = "none" if not asked else "all" if done == len(asked) else "some"
    said = text(f"slide.answers.{which}", lang, n=len(asked), answered=done)
    return _listed(slide, material, lang, said, rows)


def _question(asked: Asked, lang: Lang) -> Row:
    head = f"{asked.asked} ({asked.asked_by})" if asked.asked_by else asked.asked
    if asked.answer:
        return Row(head, asked.answer, text("slide.answers.answered", lang))
    if not asked.owner:
        body = text("slide.answers.nobody", lang)
    else:
        due = [text("slide.answers.due", lang, day=words.day(asked.due_on, lang))] if asked.due_on else []
        body = ", ".join([text("slide.answers.owner", lang, owner=asked.owner), *due]) + "."
    return Row(head, body, text("slide.answers.open", lang))


def corrections(slide: Slide, material: Material, lang: Lang) -> Leaf:
    """Published figures that are others than in the edition before, and why."""
    found = material.content.corrections
    which = {"correction": "correction", "definition": "definition"}
    rows = tuple(
        Row(each.said[lang], "", text(f"slide.corrections.{which.get(each.why, 'new')}", lang)) for each in found
    )
    said = text(f"slide.corrections.{'sentence' if found else 'none'}", lang, n=len(found))
    return _listed(slide, material, lang, said, rows)


def pilot(slide: Slide, material: Material, lang: Lang) -> Leaf:
    """Six numbers, each with what it is to be held against."""
    found = [result for key in CARDS if (result := material.result(key, lang))]
    cards = tuple(Card(text(f"measure.{r.key}.card", lang), r.display, r.context) for r in found)
    people, money = (material.result(key, lang) for key in ("people_served", "spent"))
    effect = material.result("repeat_call_effect", lang)
    leaf = Leaf(slide.key, text(slide.title, lang), "", "", source(material, lang), "", lang, cards=cards)
    if people is None or money is None:
        return absent(leaf)
    facts = material.content.facts
    which = "hidden" if hidden(people, lang) else "sentence" if people.estimate.value else "nobody"
    said = text(
        f"slide.pilot.{which}",
        lang,
        week=facts["week"],
        weeks=facts["weeks"],
        people=people.display,
        money=money.display,
        of=money.context,
    )
    more = "" if effect is None else claim(effect)[0]
    note = "\n".join([said, *(r.sentence for r in found), text(slide.notes, lang)])
    return replace(leaf, sentence=said, more=more, note=note)


def unknown(slide: Slide, material: Material, lang: Lang) -> Leaf:
    """What cannot be said today, each with its reason."""
    rows = [_effect_unknown(material.result("repeat_call_effect", lang), lang)]
    rows.append(Row(text("slide.unknown.people", lang), text("slide.unknown.people.why", lang)))
    few = [text(f"measure.{key}.title", lang) for key in _too_few(material, lang)]
    if few:
        rows.append(Row(text("slide.unknown.hidden", lang), ", ".join(few) + "."))
    rate = material.result("connection_rate", lang)
    rule = text("measures.hidden_note", lang, t=material.content.facts["threshold"])
    young = [caveat for caveat in (rate.caveats if rate is not None else ()) if caveat != rule]
    if young:
        rows.append(Row(text("slide.unknown.judged", lang), young[0]))
    if any(result.provisional for result in material.content.results[lang].values()):
        rows.append(Row(text("slide.unknown.provisional", lang), text("slide.unknown.provisional.why", lang)))
    missing = [gap.said[lang] for gap in material.content.gaps]
    if missing:
        more = [text("slide.unknown.more", lang, n=len(missing) - 1)] if len(missing) > 1 else []
        rows.append(Row(text("slide.unknown.gap", lang), " ".join([missing[0], *more])))
    said = text("slide.unknown.sentence", lang, n=len(rows))
    leaf = _listed(slide, material, lang, said, tuple(rows))
    return replace(leaf, note="\n".join([leaf.note, *missing]))


def _too_few(material: Material, lang: Lang) -> list[str]:
    return [key for key, result in material.content.results[lang].items() if hidden(result, lang)]


def _effect_unknown(effect: Result | None, lang: Lang) -> Row:
    """What the verdict leaves open: whether calls fell, or else what made them."""
    state = Verdict(effect.marks["verdict"]) if effect is not None and "verdict" in effect.marks else None
    head = text("slide.unknown.effect", lang)
    if effect is None or state is None:
        return Row(head, text("slide.withheld.absent", lang))
    if state is Verdict.too_early:
        return Row(head, effect.sentence)
    if state not in (Verdict.inconclusive, Verdict.no_sign):
        return Row(text("slide.unknown.cause", lang), text("slide.unknown.cause.why", lang))
    overruled = state is Verdict.inconclusive and effect.estimate.high is not None and effect.estimate.high < 1
    which = "small" if state is Verdict.no_sign else "control" if overruled else "open"
    return Row(head, text(f"slide.unknown.effect.{which}", lang))


def definitions(slide: Slide, material: Material, lang: Lang) -> Leaf:
    """Each measure of some slides with its rule and its source; with the money the rule on small counts."""
    keys = DEFINED[slide.key]
    rows = [Row(text(f"measure.{key}.title", lang), _defined(key, lang)) for key in keys]
    if slide.key == "definitions_money":
        rule = text("slide.definitions.rule", lang, last=int(material.content.facts["threshold"]) - 1)
        rows.append(Row(text("slide.definitions.hidden", lang), rule))
    said = text("slide.definitions.sentence", lang, n=len(keys))
    return _listed(slide, material, lang, said, tuple(rows))


def _defined(key: str, lang: Lang) -> str:
    definition, origin = (text(f"measure.{key}.{part}", lang) for part in ("definition", "source"))
    return text("slide.definitions.row", lang, definition=definition, source=origin)


def source(material: Material, lang: Lang) -> str:
    """The foot of a slide without a measure: period, as-of day, what is hidden."""
    facts = material.content.facts
    first, last, as_of = (words.day(facts[name], lang) for name in ("first", "last", "as_of"))
    return text("slide.source", lang, first=first, last=last, as_of=as_of, t=facts["threshold"])


def absent(leaf: Leaf) -> Leaf:
    """A slide whose figures the edition does not hold."""
    said = text("slide.withheld.absent", leaf.lang)
    return replace(leaf, sentence=said, note=said, withheld=True)


def claim(result: Result) -> tuple[str, str]:
    """(the first sentence, the rest) of what a Result says."""
    first, *more = SENTENCE_END.split(result.sentence)
    return first, " ".join(more)


def _listed(slide: Slide, material: Material, lang: Lang, said: str, rows: Sequence[Row]) -> Leaf:
    """A slide of ``rows``: no more and no longer ones than can be read from afar, and all of it in the notes."""
    spoken = [f"{row.mark + ': ' if row.mark else ''}{row.head} {row.body}".strip() for row in rows]
    note = "\n".join([said, *spoken, text(slide.notes, lang)])
    shown = [replace(row, head=_short(row.head), body=_short(row.body)) for row in rows]
    if len(shown) > ROWS:
        shown = [*shown[: ROWS - 1], Row(text("slide.answers.more", lang, n=len(rows) - ROWS + 1))]
    return Leaf(slide.key, text(slide.title, lang), said, "", source(material, lang), note, lang, rows=tuple(shown))


def _short(said: str) -> str:
    if len(said) <= LETTERS:
        return said
    space = said.rfind(" ", 0, LETTERS)
    return said[: space if space > 0 else LETTERS].rstrip() + " …"


BODIES: Mapping[str, Callable[[Slide, Material, Lang], Leaf]] = {
    "title": title,
    "answers": answers,
    "corrections": corrections,
    "pilot": pilot,
    "unknown": unknown,
    "definitions": definitions,
}
