"""People: adding one under the next public code, finding one in spite of a typo, noticing one twice."""

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date

from rapidfuzz import fuzz
from rapidfuzz.distance import OSA
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db.access import Permission, Viewer
from db.commands.base import write
from db.commands.desk import Saved, hold, now_of
from db.errors import Invalid
from db.forms import Now, day
from db.forms.work import PersonForm
from db.models import Identity, Person, Pilot
from db.vocab import AgeBand, Scope

LIKELY, SAME_BIRTHDAY, FOUND = 90, 70, 72
"""Name likeness in percent: probably the same, enough with an equal birth date, worth listing."""


@dataclass(frozen=True, slots=True)
class Known:
    """A person as the desk may see one."""

    id: int
    code: str
    name: str
    alias: str | None
    born_on: date | None
    likeness: float = 100.0
    former: str = ""
    """The code under which the search found them, where it was merged into theirs."""

    @property
    def title(self) -> str:
        """“P-0132 · Maria López (Mari)”: what a picker shows."""
        return f"{self.code} · {self.name}" + (f" ({self.alias})" if self.alias else "")


class LikelyTwice(Invalid):
    """The person seems to be known already. ``known`` is who."""

    def __init__(self, name: str, known: Known, field: str = "name") -> None:
        born = f", born {day(known.born_on)}" if known.born_on else ""
        super().__init__(
            {
                field: f"“{name}” is probably {known.code} ({known.name}{born}). "
                f"Choose {known.code}, or confirm that this is another person."
            }
        )
        self.known = known


def everyone(session: Session) -> list[Known]:
    """All people the viewer may see, by name, without merged codes. Empty for anybody but the desk."""
    return [known for known, into in _names(session) if into is None]


def _names(session: Session) -> list[tuple[Known, int | None]]:
    """Everybody by name, and the id of the person a merged code belongs to now."""
    rows = session.execute(
        select(Person.id, Person.code, Identity.name, Identity.alias, Identity.born_on, Person.merged_into_id).join(
            Identity, Identity.person_id == Person.id
        )
    )
    people = [
        (Known(i, code, name, alias, date.fromisoformat(b) if b else None), into)
        for i, code, name, alias, b, into in rows
    ]
    return sorted(people, key=lambda p: (fold(p[0].name), p[0].code))


def _now(session: Session) -> Iterator[tuple[Known, Known]]:
    """Every name that stands or stood somewhere, and who that is now."""
    names = _names(session)
    now, up = {k.id: k for k, into in names if into is None}, {k.id: into for k, into in names}
    for known, into in names:
        while into is not None and into not in now:
            into = up.get(into)
        yield known, known if into is None else replace(now[into], former=known.code)


def search(session: Session, text: str, limit: int = 8) -> list[Known]:
    """People whose code, name, alias or birth date is like ``text``, likest first.

    A birth date is typed as 2026-11-14 or 11/14/2026; one wrong digit, or two swapped, are forgiven.
    A merged code, and the name that stood there, find the person it was merged into.
    """
    wanted = fold(text)
    if not wanted:
        return []
    best: dict[int, Known] = {}
    for known, found in _now(session):
        score = _likeness(text, wanted, known)
        if score >= FOUND and (found.id not in best or best[found.id].likeness < score):
            best[found.id] = replace(found, likeness=score)
    return sorted(best.values(), key=lambda k: (-k.likeness, fold(k.name), k.code))[:limit]


def likely_twice(session: Session, name: str, alias: str | None, born_on: date | None) -> Known | None:
    """The known person this probably is: an alike name, and no different birth date."""
    best: Known | None = None
    for known, found in _now(session):
        score = alike((name, alias, born_on), (known.name, known.alias, known.born_on))
        if score and (best is None or score > best.likeness):
            best = replace(found, likeness=score)
    return best


Who = tuple[str, str | None, date | None]
"""Name, alias, birth date."""


def alike(one: Who, other: Who) -> float:
    """How alike two descriptions are in percent, 0 where they are not enough to be the same person."""
    (name, alias, born), (its_name, its_alias, its_born) = one, other
    both = born and its_born
    if both and born != its_born:
        return 0.0
    # Two aliases alone say little: half a city is called Junior.
    texts = [(name, its_name), (name, its_alias), (alias, its_name)]
    score = max(fuzz.token_sort_ratio(fold(a), fold(b)) for a, b in texts if a and b)
    return score if score >= (SAME_BIRTHDAY if both else LIKELY) else 0.0


def add_person(session: Session, viewer: Viewer, form: PersonForm) -> Saved:
    """Add somebody under the next code. Raises :class:`LikelyTwice` unless ``form.confirmed_other``."""
    with write(session, viewer, Permission.log_work, "add person", Scope.work) as note:
        now = now_of(session, viewer)
        form.check(now)
        person = insert_person(session, viewer, form, now)
        note.subject = f"person {person.code}"
    return Saved(person.id)


def insert_person(session: Session, viewer: Viewer, form: PersonForm, now: Now, field: str = "name") -> Person:
    """The same inside another command's transaction. ``field`` names the form field that is at fault."""
    # The pilot's row is the queue at the counter: whoever holds it gives out the next code.
    hold(session, Pilot, 1, "pilot")
    if not form.confirmed_other and (known := likely_twice(session, form.name, form.alias, form.born_on)):
        raise LikelyTwice(form.name, known, field)
    band = age_band(form.born_on, now.today) if form.born_on else form.age_band
    person = Person(
        code=next_code(session),
        age_band=band,
        sex=form.sex,
        race_ethnicity=form.race_ethnicity,
        language=form.language,
        language_met=form.language_met,
        created_at=viewer.now,
        created_by=viewer.user_id,
        identity=Identity(
            name=form.name,
            alias=form.alias,
            born_on=form.born_on.isoformat() if form.born_on else None,
            phone=form.phone,
            address=form.address,
        ),
    )
    session.add(person)
    session.flush()
    return person


def next_code(session: Session) -> str:
    """P-0001, P-0002 …; codes are never given twice. Call it with the pilot's row held."""
    longest_first = (func.length(Person.code).desc(), Person.code.desc())
    last = session.scalar(select(Person.code).order_by(*longest_first).limit(1)) or "P-0000"
    return f"P-{int(last.removeprefix('P-')) + 1:04d}"


def age_band(born_on: date, today: date) -> AgeBand:
    """The band of somebody born on ``born_on``, on ``today``."""
    years = age(born_on, today)
    for band, below in ((AgeBand.under_18, 18), (AgeBand.a18_25, 26), (AgeBand.a26_44, 45), (AgeBand.a45_64, 65)):
        if years < below:
            return band
    return AgeBand.a65_over


def age(born_on: date, today: date) -> int:
    """Completed years."""
    return today.year - born_on.year - ((today.month, today.day) < (born_on.month, born_on.day))


def fold(text: str) -> str:
    """Case, accents and punctuation away: “Ana-María O’Neil” → “ana maria oneil”."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c) and c not in "'’")
    return " ".join("".join(c if c.isalnum() else " " for c in plain).casefold().split())


def _likeness(text: str, wanted: str, known: Known) -> float:
    digits = "".join(c for c in text if c.isdigit())
    if digits and not any(c.isalpha() for c in wanted.removeprefix("p")):
        same_code = int(known.code.removeprefix("P-")) == int(digits) and len(digits) <= len(known.code)
        return 100.0 if same_code else _born(wanted, digits, known.born_on)
    names = [fold(n) for n in (known.name, known.alias) if n]
    return max(max(fuzz.token_sort_ratio(wanted, name), _by_words(wanted, name)) for name in names)


def _born(wanted: str, digits: str, born_on: date | None) -> float:
    """A birth date as it is written, or with one digit wrong or two swapped."""
    if born_on is None or not 6 <= len(digits) <= 8:
        return 0.0
    parts = wanted.split()
    if len(parts) == 3 and all(part.isdigit() for part in parts):  # 5/3/1987 is 05/03/1987
        digits = "".join(part.zfill(2) for part in parts)
    slips = min(OSA.distance(digits, f"{born_on:{form}}") for form in ("%Y%m%d", "%m%d%Y"))
    return {0: 100.0, 1: 85.0}.get(slips, 0.0)


def _by_words(wanted: str, name: str) -> float:
    """Each word typed against its likest word of the name, beginnings included; the worst one counts."""
    words = name.split()
    return min(max(_one_word(typed, word) for word in words) for typed in wanted.split()) - 1.0


def _one_word(typed: str, word: str) -> float:
    if word.startswith(typed):
        return 99.0
    return fuzz.ratio(typed, word)
