"""One base error and a few children. Each says what failed, with which value, and the way out.

The text of an error is meant for the person in front of the screen or the shell.
"""


class TandemError(Exception):
    """Anything the product refuses knowingly. ``str(error)`` is one or two plain sentences."""

    def __init__(self, message: str, *, field: str | None = None) -> None:
        super().__init__(message)
        self.field = field


class Forbidden(TandemError):
    """The viewer lacks a permission. Audited where it is raised by a command."""


class NotFound(TandemError):
    """A record that is not there, or not for this viewer: the two cannot be told apart."""


class Invalid(TandemError):
    """A value that cannot be stored. ``errors`` maps field name → sentence."""

    def __init__(self, errors: dict[str, str]) -> None:
        super().__init__(" ".join(errors.values()), field=next(iter(errors), None))
        self.errors = errors


class Conflict(TandemError):
    """The record changed, or was locked, since it was read."""


class Unreadable(TandemError):
    """A file, mapping or date that cannot be read; nothing of it was stored."""


class Setup(TandemError):
    """Something about this installation is missing or wrong; ``tandem doctor`` tells more."""
