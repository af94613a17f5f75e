"""The city's providers, and how a connection climbs its ladder: the slow provider, the unmet need."""

from random import Random

from db.vocab import ConnectionEnd, Need, Step
from seed import reference
from seed.parts import Contact, Link, Somebody
from seed.story import TRUTHS, stream


class Directory:
    """Providers by need. Ids are 1, 2, … in the order of ``reference/providers.csv``."""

    def __init__(self, seed: int) -> None:
        self.rows = reference.table("providers")
        self.ids = range(1, len(self.rows) + 1)
        self.random: Random = stream(seed, "directory")
        self._by_need: dict[Need, list[int]] = {need: [] for need in Need}
        for number, row in zip(self.ids, self.rows, strict=True):
            for need in row["services"].split("|"):
                self._by_need[Need(need)].append(number)
        self.slow = next(n for n, row in zip(self.ids, self.rows, strict=True) if row["name"] == TRUTHS.slow_provider)

    def connect(self, person: Somebody, need: Need, contact: Contact) -> Link:
        """What became of one need on the day of ``contact``."""
        link = Link(person, need, None, contact.staff, contact, contact.at[0])
        able = self._by_need[need]
        if not able:
            return self._gap(link, ConnectionEnd.no_provider)
        if need is Need.housing and self.random.random() < 0.16:
            return self._gap(link, self.random.choice((ConnectionEnd.no_capacity, ConnectionEnd.waitlisted)))
        if self.random.random() < 0.01:
            return self._gap(link, ConnectionEnd.not_eligible)
        link.provider = self.random.choices(able, [4 if k == 0 else 1.3 for k in range(len(able))])[0]
        self._climb(link)
        return link

    def _gap(self, link: Link, reason: ConnectionEnd) -> Link:
        link.ended, link.end = link.opened, reason
        return link

    def _climb(self, link: Link) -> None:
        chance = self.random.random
        link.steps[Step.offered] = link.opened
        if chance() > 0.86:
            declined = chance() < 0.6
            lag = 0 if declined else self.random.randint(7, 25)
            self._end(link, link.opened + lag, ConnectionEnd.declined if declined else self.random.choice(_LOST_BEFORE))
            return
        made = link.opened + self.random.choice((0, 0, 0, 0, 1, 2, 4))
        link.steps[Step.accepted] = made
        wait = self._wait(link.provider == self.slow)
        if chance() > 0.93:
            self._end(link, made + self.random.randint(6, 30), self.random.choice(_LOST_AFTER))
            return
        link.steps[Step.appointment] = made + min(self.random.randint(0, 5), wait)
        if chance() > 0.71:
            self._end(link, made + wait + self.random.randint(1, 14), self.random.choice(_LOST_AFTER))
            return
        attended = made + wait
        link.steps[Step.attended] = attended
        if chance() < 0.68:
            link.steps[Step.retained] = attended + 30
        elif chance() < 0.5:
            self._end(link, attended + self.random.randint(8, 29), ConnectionEnd.could_not_reach)

    def _wait(self, slow: bool) -> int:
        """Days from made to attended: a gamma whose median is about the planted one."""
        median = TRUTHS.slow_days if slow else TRUTHS.usual_days
        return max(round(self.random.gammavariate(4, median / 3.67)), 0)

    def _end(self, link: Link, day: int, reason: ConnectionEnd) -> None:
        link.ended, link.end = day, reason


_LOST_BEFORE = (ConnectionEnd.waitlisted, ConnectionEnd.not_eligible, ConnectionEnd.no_capacity)
_LOST_AFTER = (ConnectionEnd.could_not_reach, ConnectionEnd.could_not_reach, ConnectionEnd.waitlisted)
