"""Where the database, the secret and the clock come from: environment first, safe defaults after.

Variables: ``DATABASE_URL``, ``TANDEM_HOME`` (folder of the embedded database and the secret),
``TANDEM_SECRET`` (instead of the secret file), ``TANDEM_TODAY`` (an ISO date, for demos and tests),
``TANDEM_PUBLIC_URL`` (where providers reach the links on referral slips; unset: outside access is off),
``TANDEM_DESK_PHONE`` (the desk's number, printed on slips and shown behind links).
"""

import os
import secrets
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from db.errors import Setup

PROJECT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True)
class Settings:
    """What a process needs to know before it opens anything."""

    home: Path
    database_url: str
    pretended_today: date | None = None
    public_url: str | None = None
    """Without a slash at its end; None: outside access is off."""
    desk_phone: str | None = None

    def now(self) -> datetime:
        """The moment, UTC and aware. With ``TANDEM_TODAY`` the date is that one, the time of day real.

        Sessions, lock-outs and audit entries use :func:`wall_clock` instead: security never pretends.
        """
        moment = wall_clock()
        if self.pretended_today is None:
            return moment
        return datetime.combine(self.pretended_today, moment.timetz())

    def today(self, zone: str = "UTC") -> date:
        """The calendar day in ``zone`` (an IANA name)."""
        return self.pretended_today or self.now().astimezone(ZoneInfo(zone)).date()

    @property
    def secret(self) -> bytes:
        """At least 32 random bytes. Made once (mode 0600) when there is neither variable nor file."""
        return _secret(self.home, os.environ.get("TANDEM_SECRET", ""))


def wall_clock() -> datetime:
    """The real moment, UTC and aware, whatever ``TANDEM_TODAY`` says."""
    return datetime.now(UTC)


def load() -> Settings:
    """Read the environment. Raises :class:`Setup` for a date that is none."""
    home = Path(os.environ.get("TANDEM_HOME") or PROJECT / ".tandem").expanduser()
    text = os.environ.get("TANDEM_TODAY", "").strip()
    try:
        pretended = date.fromisoformat(text) if text else None
    except ValueError:
        raise Setup(f"TANDEM_TODAY is “{text}”, which is not a date. Write it like 2026-11-14.") from None
    if pretended is not None and not 1990 <= pretended.year <= 2100:
        raise Setup(f"TANDEM_TODAY is {text}. Choose a day from 1990 to 2100.")
    url = os.environ.get("DATABASE_URL", "").strip() or f"sqlite:///{home / 'tandem.db'}"
    return Settings(
        home=home,
        database_url=url.replace("postgres://", "postgresql://", 1),
        pretended_today=pretended,
        public_url=_public_url(os.environ.get("TANDEM_PUBLIC_URL", "").strip()),
        desk_phone=os.environ.get("TANDEM_DESK_PHONE", "").strip()[:40] or None,
    )


def _public_url(text: str) -> str | None:
    if not text:
        return None
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise Setup(f"TANDEM_PUBLIC_URL is “{text}”. Write it like https://tandem.example.gov, or unset it.")
    return text.rstrip("/")


@cache
def _secret(home: Path, given: str) -> bytes:
    if given:
        if len(given) < 32:
            raise Setup("TANDEM_SECRET is shorter than 32 characters. Use a long random text, or unset it.")
        return given.encode()
    path = home / "secret.key"
    if not path.exists():
        home.mkdir(parents=True, exist_ok=True)
        try:
            with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(secrets.token_urlsafe(48))
        except FileExistsError:
            pass
    return path.read_bytes().strip()
