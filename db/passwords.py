"""Passwords: what is accepted, how it is kept, how it is checked.

Kept as bcrypt, the hash that the sign-in form's library verifies. Rules after NIST SP 800-63B: 12 to 64
characters of any kind, no composition rules, not guessable. Guessable is what zxcvbn scores under 3 of 4
("somewhat guessable" and worse): it knows 30,000 leaked passwords, English words, names, dates, keyboard
walks and their usual disguises, which a plain list of common passwords of 12 characters hardly would.
"""

import base64
import hashlib
import secrets
import unicodedata
from collections.abc import Iterable

import bcrypt

SHORTEST, LONGEST = 12, 64
ROUNDS = 12
"""bcrypt's cost: about a quarter of a second. ``NOBODY`` has the same, so that time tells nothing."""
NOBODY = "$2b$12$clRfBmusDmw8NiIKEPZwLOJCK5yISLTDGKDr.yBmKhA36TFKkgGeS"
"""The hash of a random password that was thrown away: what an unknown username is checked against."""
DEMO = "tandem-demo-2026"
"""The password of every demo account. A real pilot refuses it."""

_CODE_LETTERS = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"  # none that is read as another


def material(password: str) -> str:
    """What bcrypt is given: the password itself, normalised (NFKC), or its digest where bcrypt could not hold it.

    bcrypt takes 72 bytes; 64 characters outside ASCII can be 256.
    """
    text = unicodedata.normalize("NFKC", password)
    raw = text.encode(errors="surrogatepass")  # what a broken terminal sent is wrong, not a crash
    return text if len(raw) <= 72 and "\0" not in text else base64.b64encode(hashlib.sha256(raw).digest()).decode()


def hashed(password: str) -> str:
    """The bcrypt hash to store, 60 characters."""
    return bcrypt.hashpw(material(password).encode(), bcrypt.gensalt(ROUNDS)).decode()


def matches(password: str, kept: str) -> bool:
    """Whether ``password`` is the one that was hashed into ``kept``; takes as long when it is not."""
    return bcrypt.checkpw(material(password).encode(), kept.encode())


def objection(password: str, known: Iterable[str] = ()) -> str | None:
    """Why ``password`` is refused, in a sentence that does not repeat it; None when it is good.

    ``known`` are words a stranger would try: the username, the person's name, the city.
    """
    if len(password) < SHORTEST:
        return f"The password has {len(password)} characters. Use at least {SHORTEST}; a few words in a row are fine."
    if len(password) > LONGEST:
        return f"The password has {len(password)} characters. Use at most {LONGEST}."
    if any(unicodedata.category(c) in ("Cc", "Cs") for c in password):
        return "The password holds a control character, such as a tab. Use letters, digits, signs and spaces."
    from zxcvbn import zxcvbn  # its word lists cost 50 ms, which only a new password needs

    if zxcvbn(password, user_inputs=["tandem", *known])["score"] < 3:
        return "This password is too easy to guess: it is common, or built on one. Use a few unrelated words."
    return None


def one_time_code() -> str:
    """A random code to hand over, like ``K7QM-2XPD-9RTV-HB4N`` (about 79 bits)."""
    return "-".join("".join(secrets.choice(_CODE_LETTERS) for _ in range(4)) for _ in range(4))
