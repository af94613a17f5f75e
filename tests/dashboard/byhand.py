"""Figures counted from the book of the year with loops and fingers: no SQL, no pandas, no code of the measures."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from zoneinfo import ZoneInfo

from db.vocab import ConnectionEnd, Mode, Need, Outcome, Purpose, Source, Step, TallyItem
from tests.dashboard.book import DIRECT, Bond, Book, Sent, Work

ZONE = ZoneInfo("America/New_York")
BEGAN, HIRED = date(2026, 1, 12), {1: date(2026, 1, 12), 2: date(2026, 6, 1)}
ITEM = {mode: TallyItem(mode.value) for mode in Mode if mode is not Mode.family} | {
    Mode.family: TallyItem.family_contacts
}
Cell = tuple[date, int, TallyItem]


def local(moment: datetime) -> date:
    return moment.astimezone(ZONE).date()


def monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


@dataclass(frozen=True)
class Slice:
    """From ``first`` to ``last``, one member of staff or all; seen on ``as_of``."""

    first: date
    last: date
    as_of: date
    staff: int | None = None

    def weeks(self) -> list[date]:
        """Weeks by their Thursday; of the period that lasts until today the running one as well."""
        days = [BEGAN + timedelta(days=7 * k) for k in range(60)]
        end = self.as_of + timedelta(days=6) if self.last >= self.as_of else self.last
        return [w for w in days if w <= self.as_of and self.first <= w + timedelta(days=3) <= end]

    def holds(self, day: date) -> bool:
        return self.first <= day <= self.last

    def theirs(self, staff: int | None) -> bool:
        return self.staff in (None, staff)

    @property
    def judged(self) -> datetime:
        """The start of the day on which waits that still last are cut off."""
        return datetime.combine(self.as_of, time(), ZONE).astimezone(UTC)


# --- the log -------------------------------------------------------------------------------------


def hours_item(work: Work) -> TallyItem:
    if work.said["purpose"] is Purpose.navigation:
        return TallyItem.hours_finding_resources
    if work.said["mode"] in (*DIRECT, Mode.family):
        return TallyItem.hours_direct
    return TallyItem.hours_outreach if work.said["mode"] is Mode.outreach else TallyItem.hours_other


def logged(book: Book) -> dict[Cell, Decimal]:
    """What the log says now of each week × member of staff × item."""
    cells: Counter[Cell] = Counter()
    minutes: Counter[Cell] = Counter()
    seen: dict[tuple[date, int], set[int]] = defaultdict(set)
    met: set[int] = set()
    for work in sorted(live(book), key=lambda w: (w.at, w.id)):
        week = monday(local(work.at))
        mode, reached = work.said["mode"], work.said["outcome"] is not Outcome.no_contact
        if mode is not Mode.family or reached:
            cells[week, work.staff, ITEM[mode]] += 1
        minutes[week, work.staff, hours_item(work)] += work.said["minutes"]
        if work.direct:
            person = work.said["person_id"]
            seen[week, work.staff].add(person)
            cells[week, work.staff, TallyItem.people_first_seen] += person not in met
            met.add(person)
    for (week, staff), people in seen.items():
        cells[week, staff, TallyItem.people_seen] = len(people)
    for sent in book.sent:
        cells[monday(local(sent.at)), sent.staff or 1, TallyItem.referrals_received] += 1
        if sent.decided and not sent.declined:
            cells[monday(local(sent.decided)), sent.staff or 1, TallyItem.referrals_accepted] += 1
    for bond in bonds(book):
        for step, item in (
            (Step.accepted, TallyItem.connections_made),
            (Step.attended, TallyItem.connections_attended),
        ):
            if step in bond.steps:
                cells[monday(bond.steps[step]), bond.staff, item] += 1
    hours = {cell: (Decimal(m) / 60).quantize(Decimal("0.01"), ROUND_HALF_UP) for cell, m in minutes.items()}
    return {cell: Decimal(n) for cell, n in cells.items() if n} | hours


def live(book: Book) -> list[Work]:
    return [work for work in book.work if not work.voided]


def bonds(book: Book) -> list[Bond]:
    return [bond for bond in book.bonds if not bond.voided and bond.provider is not None]


def counted(book: Book, part: Slice, *items: TallyItem) -> dict[tuple[date, TallyItem], Decimal]:
    """Week and item → the figure that counts: certified where filled in, else logged."""
    log = logged(book)
    sheets = {(s.week, s.staff): s.reported for s in book.sheets}
    figures: dict[tuple[date, TallyItem], Decimal] = {}
    for week in part.weeks():
        for item in items:
            total = Decimal(0)
            for staff in (1, 2):
                if not part.theirs(staff):
                    continue
                certified = sheets.get((week, staff), {}).get(item)
                total += log.get((week, staff, item), Decimal(0)) if certified is None else certified
            figures[week, item] = total
    return figures


def total(book: Book, part: Slice, *items: TallyItem) -> Decimal:
    return sum(counted(book, part, *items).values(), Decimal(0))


# --- people --------------------------------------------------------------------------------------


def contacts(book: Book, part: Slice) -> Iterator[tuple[int, date, bool]]:
    """(person, day, by whom it is asked) of every direct contact up to the end, oldest first."""
    for work in sorted(live(book), key=lambda w: (w.at, w.id)):
        if work.direct and local(work.at) <= part.last:
            yield work.said["person_id"], local(work.at), part.theirs(work.staff)


def served(book: Book, part: Slice) -> set[int]:
    return {person for person, day, theirs in contacts(book, part) if theirs and day >= part.first}


def new(book: Book, part: Slice) -> set[int]:
    firsts: dict[int, tuple[date, bool]] = {}
    for person, day, theirs in contacts(book, part):
        firsts.setdefault(person, (day, theirs))
    return {person for person, (day, theirs) in firsts.items() if theirs and day >= part.first}


def caseload(book: Book, part: Slice, week: date) -> tuple[int, int]:
    """(in care, of them without contact for more than 60 days) at the week's end."""
    end = min(week + timedelta(days=6), part.last)
    there = [c for c in book.care if part.theirs(c.staff) and c.opened <= end and (c.closed is None or c.closed > end)]
    quiet = 0
    for care in there:
        days = [day for person, day, _ in contacts(book, part) if person == care.person and day <= end]
        quiet += (end - max([*days, care.opened])).days > 60
    return len(there), quiet


# --- referrals -----------------------------------------------------------------------------------


def received(book: Book, part: Slice) -> list[Sent]:
    return [s for s in book.sent if part.holds(local(s.at)) and part.theirs(s.staff or 1)]


def first_try(sent: Sent, *, reached: bool = False) -> datetime | None:
    return min((at for at, met in sent.tries if met or not reached), default=None)


def in_time(book: Book, part: Slice) -> tuple[int, int]:
    """(tried within 48 hours, received at least 48 hours ago)."""
    promise = timedelta(hours=48)
    old = [s for s in received(book, part) if part.judged - s.at >= promise]
    return sum(1 for s in old if (first := first_try(s)) and first - s.at <= promise), len(old)


def reach(book: Book, part: Slice) -> tuple[int, int]:
    """(reached, tried)."""
    tried = [s for s in received(book, part) if s.tries]
    return sum(1 for s in tried if any(met for _, met in s.tries)), len(tried)


def waiting(book: Book, part: Slice) -> list[int]:
    """Received by the period's end, open and never tried: under 48 hours, up to 7 days, longer."""
    ages = [0, 0, 0]
    for s in book.sent:
        if (
            local(s.at) <= part.last
            and part.theirs(s.staff or 1)
            and not s.declined
            and s.closed is None
            and not s.tries
        ):
            age = part.judged - s.at
            ages[0 if age < timedelta(hours=48) else 1 if age <= timedelta(days=7) else 2] += 1
    return ages


def waits(book: Book, part: Slice, *, reached: bool) -> list[tuple[float, bool]]:
    """(hours, over) of each referral: up to the try, or to what ended the wait otherwise."""
    found = []
    for s in received(book, part):
        first = first_try(s, reached=reached)
        given_up = (s.decided if s.declined else s.closed) or part.judged
        end = first or min(given_up, part.judged)
        found.append((max((end - s.at).total_seconds(), 0) / 3600, first is not None))
    return found


def by_source(book: Book, part: Slice) -> Counter[Source]:
    return Counter(s.source for s in received(book, part))


def quantile(cases: Iterable[tuple[float, bool]], q: float) -> float | None:
    """Kaplan and Meier's, step by step: the first time by which more than ``q`` have ended."""
    left = 1.0
    ordered = sorted(cases)
    for now in sorted({t for t, over in ordered if over}):
        at_risk = sum(t >= now for t, _ in ordered)
        left *= 1 - sum(over for t, over in ordered if t == now) / at_risk
        if 1 - left > q + 1e-12:
            return now
    return None


# --- connections ---------------------------------------------------------------------------------


def made(book: Book, part: Slice) -> list[Bond]:
    return [
        b
        for b in bonds(book)
        if part.theirs(b.staff) and Step.accepted in b.steps and part.holds(b.steps[Step.accepted])
    ]


def kept(book: Book, part: Slice) -> tuple[int, int]:
    """(attended within 30 days, made at least 30 days ago)."""
    month = timedelta(days=30)
    old = [b for b in made(book, part) if part.as_of - b.steps[Step.accepted] >= month]
    return sum(
        1 for b in old if Step.attended in b.steps and b.steps[Step.attended] - b.steps[Step.accepted] <= month
    ), len(old)


def days_to_connect(book: Book, part: Slice) -> list[tuple[float, bool]]:
    found = []
    for b in made(book, part):
        end = b.steps.get(Step.attended) or b.ended or part.as_of
        found.append((float((end - b.steps[Step.accepted]).days), Step.attended in b.steps))
    return found


def rungs(book: Book, part: Slice) -> list[int]:
    """How many of those opened in the period came to each rung, or beyond."""
    cohort = [b for b in bonds(book) if part.theirs(b.staff) and part.holds(b.opened)]
    return [sum(any(list(Step).index(s) >= k for s in b.steps) for b in cohort) for k in range(len(Step))]


def gaps(book: Book, part: Slice) -> tuple[Counter[Need], Counter[ConnectionEnd | None], int]:
    """Needs without a provider, by need and by reason; and how many others were met outside the city."""
    here = [b for b in book.bonds if not b.voided and part.theirs(b.staff) and part.holds(b.opened)]
    none = [b for b in here if b.provider is None]
    return Counter(b.need for b in none), Counter(b.reason for b in none), sum(b.provider == 4 for b in here)


# --- quality -------------------------------------------------------------------------------------


def sheets(book: Book, part: Slice) -> list[int]:
    """On time, late, missing, of every sheet due."""
    found = [0, 0, 0]
    certified = {(s.week, s.staff): s.certified for s in book.sheets}
    for week in part.weeks():
        for staff, hired in HIRED.items():
            if not part.theirs(staff) or hired > week + timedelta(days=6):
                continue
            due = week + timedelta(days=7)
            done = certified.get((week, staff))
            if done is not None:
                found[0 if local(done) <= due else 1] += 1
            elif due < part.as_of:
                found[2] += 1
    return found


def differences(book: Book, part: Slice) -> tuple[int, int]:
    """(by how much certified figures differ from the log, how much was reported), counts only."""
    log, off, told = logged(book), 0, 0
    for sheet in book.sheets:
        if sheet.week in part.weeks() and part.theirs(sheet.staff):
            for item, value in sheet.reported.items():
                if value is not None and not item.value.startswith(("hours_", "people_")):
                    off += abs(int(value - log.get((sheet.week, sheet.staff, item), Decimal(0))))
                    told += int(value)
    return off, told


def attested(book: Book, part: Slice) -> list[Work]:
    return [w for w in live(book) if part.holds(local(w.at)) and part.theirs(w.staff)]
