"""The books kept by hand, in whole cents and plain lists: what any sequence of writes is compared with."""

from dataclasses import dataclass, field
from datetime import date, timedelta

from db.ledger import month_after, month_end, quarter_of

STARTS_ON, OBLIGATE_BY = date(2026, 1, 12), date(2026, 10, 31)
Parts = tuple[tuple[int, int], ...]
"""(line, cents) of each part."""


@dataclass
class Booked:
    """One row of the ledger; ``voids`` is the place of what it takes back."""

    obligation: bool
    line: int
    cents: int
    on: date
    invoice: int | None = None
    voids: int | None = None


@dataclass
class Sent:
    """One invoice, with its number of a payee."""

    number: int
    parts: Parts
    service_to: date
    accrued_on: date | None = None
    withdrawn: bool = False


@dataclass
class Asked:
    giving: int
    taking: int
    cents: int
    approved: bool | None = None


@dataclass
class Books:
    """Everything finance and the chief did. Each ``may_…`` says whether the product must accept it."""

    today: date
    adopted: dict[int, int]
    entries: list[Booked] = field(default_factory=list)
    invoices: list[Sent] = field(default_factory=list)
    transfers: list[Asked] = field(default_factory=list)
    closed: list[date] = field(default_factory=list)
    closings: int = 0

    # --- sums --------------------------------------------------------------------------------------------

    def obligated(self, line: int, until: date | None = None) -> int:
        return sum(e.cents for e in self._of(line, until) if e.obligation)

    def spent(self, line: int, until: date | None = None) -> int:
        return sum(e.cents for e in self._of(line, until) if not e.obligation)

    def _of(self, line: int, until: date | None) -> list[Booked]:
        return [e for e in self.entries if e.line == line and (until is None or e.on <= until)]

    def pending(self, line: int) -> int:
        waiting = [s for s in self.invoices if s.accrued_on is None and not s.withdrawn]
        return sum(cents for s in waiting for of, cents in s.parts if of == line)

    def budget(self, line: int) -> int:
        made = [t for t in self.transfers if t.approved]
        return (
            self.adopted[line]
            + sum(t.cents for t in made if t.taking == line)
            - sum(t.cents for t in made if t.giving == line)
        )

    def available(self, line: int) -> int:
        return self.budget(line) - max(self.obligated(line), self.spent(line) + self.pending(line))

    def by_quarter(self) -> dict[date, tuple[int, int]]:
        """First day of a quarter → cents obligated and spent in it."""
        found: dict[date, tuple[int, int]] = {}
        for e in self.entries:
            obligated, spent = found.get(quarter_of(e.on), (0, 0))
            found[quarter_of(e.on)] = (
                obligated + e.cents * e.obligation,
                spent + e.cents * (not e.obligation),
            )
        return found

    # --- months ------------------------------------------------------------------------------------------

    @property
    def through(self) -> date | None:
        return month_end(self.closed[-1]) if self.closed else None

    def is_open(self, day: date) -> bool:
        return self.through is None or day > self.through

    @property
    def turn(self) -> date:
        if self.closed:
            return month_after(self.closed[-1])
        return min([STARTS_ON, *(e.on for e in self.entries)]).replace(day=1)

    def may_close(self) -> bool:
        return month_end(self.turn) < self.today

    def close(self) -> None:
        self.closed.append(self.turn)
        self.closings += 1

    def may_reopen(self, month: date) -> bool:
        return month in self.closed

    def reopen(self, month: date) -> None:
        self.closed = [c for c in self.closed if c < month]

    # --- entries and invoices ----------------------------------------------------------------------------

    def may_book(self, on: date, *, obligation: bool) -> bool:
        return self.is_open(on) and not (obligation and on > OBLIGATE_BY)

    def may_void(self, place: int) -> bool:
        return self.entries[place].voids is None and self.stands(place)

    def stands(self, place: int) -> bool:
        return self.entries[place].voids is None and all(e.voids != place for e in self.entries)

    def void(self, place: int) -> None:
        entry = self.entries[place]
        on = entry.on if self.is_open(entry.on) else self.today
        self.entries.append(Booked(entry.obligation, entry.line, -entry.cents, on, entry.invoice, place))
        if entry.invoice is not None and not self.of_invoice(entry.invoice):
            self.invoices[entry.invoice].withdrawn = True

    def of_invoice(self, number: int) -> list[int]:
        """Places of the entries of an invoice that stand."""
        return [k for k, e in enumerate(self.entries) if e.invoice == number and self.stands(k)]

    def may_receive(self, number: int) -> bool:
        return all(s.number != number or s.withdrawn for s in self.invoices)

    def may_accept(self, place: int, on: date) -> bool:
        sent = self.invoices[place]
        if sent.withdrawn or sent.accrued_on is not None:
            return not sent.withdrawn and sent.accrued_on == on
        return sent.service_to <= on and self.is_open(on)

    def accept(self, place: int, on: date) -> None:
        sent = self.invoices[place]
        if sent.accrued_on is None:
            sent.accrued_on = on
            self.entries += [Booked(False, line, cents, on, place) for line, cents in sent.parts]

    def withdraw(self, place: int) -> None:
        for k in self.of_invoice(place):
            self.void(k)
        self.invoices[place].withdrawn = True

    # --- lines and transfers -----------------------------------------------------------------------------

    def may_adopt(self, line: int, cents: int) -> bool:
        return cents >= self.adopted[line] or self.available(line) - self.adopted[line] + cents >= 0


def days_before(today: date, days: int) -> date:
    return today - timedelta(days=days)
