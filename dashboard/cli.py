"""The ``tandem`` command. Only the asked-for part is loaded: the server starts without waiting for pandas."""

import sys
from importlib import import_module

import typer

from db.errors import TandemError

COMMANDS = {
    "init": "init", "demo": "setup", "run": "setup", "doctor": "doctor", "measures": "measures", "effect": "effect",
    "plan": "plan", "arpa-report": "arpa",
}  # fmt: skip
"""Command → the module of ``dashboard.shell`` that holds the function of that name, “_” for “-”."""
GROUPS = {
    "user": "users", "contacts": "contacts", "notices": "notices", "calls": "calls", "directory": "directory",
    "ledger": "ledger", "edition": "edition",
}  # fmt: skip
"""Group of commands → the module of ``dashboard.shell`` that holds it as ``app``."""


def build(word: str = "") -> typer.Typer:
    """The command with the one part named ``word``; with every part when there is none of that name."""
    app = typer.Typer(
        name="tandem",
        help="Is the co-response pilot working, and what did it cost?",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        add_completion=False,
    )
    app.callback()(_nothing)  # else a single command would swallow its own name
    everything = word not in {*COMMANDS, *GROUPS}
    for name, module in COMMANDS.items():
        if everything or name == word:
            app.command(name)(getattr(import_module(f"dashboard.shell.{module}"), name.replace("-", "_")))
    for name, module in GROUPS.items():
        if everything or name == word:
            app.add_typer(import_module(f"dashboard.shell.{module}").app, name=name)
    return app


def _nothing() -> None:
    """Is the co-response pilot working, and what did it cost?"""


def main() -> None:
    """Run the command; what the product refuses knowingly is one line on standard error and exit code 1."""
    try:
        build(next(iter(sys.argv[1:]), ""))(prog_name="tandem")
    except TandemError as error:
        print(f"tandem: {error}", file=sys.stderr)
        raise SystemExit(1) from None


if __name__ == "__main__":
    main()
