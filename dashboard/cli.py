"""The ``tandem`` command."""

import sys

import typer

from dashboard.shell import calls, doctor, init, measures, setup, users
from db.errors import TandemError

app = typer.Typer(
    name="tandem",
    help="Is the co-response pilot working, and what did it cost?",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.command("init")(init.init)
app.command("demo")(setup.demo)
app.command("run")(setup.run)
app.command("doctor")(doctor.doctor)
app.command("measures")(measures.measures)
app.add_typer(users.app, name="user")
app.add_typer(calls.app, name="calls")


def main() -> None:
    """Run the command; what the product refuses knowingly is one line on standard error and exit code 1."""
    try:
        app(prog_name="tandem")
    except TandemError as error:
        print(f"tandem: {error}", file=sys.stderr)
        raise SystemExit(1) from None


if __name__ == "__main__":
    main()
