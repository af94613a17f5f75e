"""``tandem notices …``: e-mail to the desk, off until a mail server is set. Counts and a link, never a name."""

from typing import Annotated

import typer

from dashboard.shell import opened
from db import mail, settings
from db.commands import notices
from db.engine import aggregate_session

app = typer.Typer(help="E-mail notices to the desk: the daily digest, and urgent referrals.", no_args_is_help=True)


@app.command()
def send(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Count who would get a digest; send nothing.")] = False,
) -> None:
    """Send today's digests, and try again what did not go out. Run it once each morning, by cron:

    tandem notices send --dry-run

    0 7 * * 1-5  TANDEM_HOME=/srv/tandem TANDEM_SMTP=smtps://user:password@mail.example.gov
    TANDEM_MAIL_FROM=tandem@example.gov TANDEM_URL=https://tandem.example.gov tandem notices send

    A second run on the same day sends no second digest. Exit code 1 when a notice did not go out.
    """
    bind, _, viewer = opened()
    done = notices.send_due(bind, viewer.now, viewer.today, dry_run=dry_run)
    verb = "Would send" if dry_run else "Sent"
    print(f"{verb} {done.sent}, failed {done.failed}; nothing waits on {done.nothing} more desks.")
    if done.failed:
        print("Why: tandem notices status")
        raise typer.Exit(1)


@app.command()
def status() -> None:
    """Show the mail server (never its password), who gets notices, and what did not go out."""
    bind, _, _ = opened()
    to = mail.server()
    print(f"server      {to or 'none: notices are off. Set TANDEM_SMTP and TANDEM_MAIL_FROM.'}")
    print(f"link        {mail.address_of_tandem() or 'none: set TANDEM_URL to where staff open Tandem'}")
    with aggregate_session(bind) as session:
        for kind in (notices.NoticeKind.digest, notices.NoticeKind.urgent):
            names = ", ".join(user.username for user in notices.recipients(session, kind)) or "nobody"
            print(f"{kind.value:<12}{names}")
        last = notices.last_sent(session)
        print(f"last sent   {f'{last:%Y-%m-%d %H:%M} UTC' if last else 'never'}")
        for why, count in notices.troubles(session, settings.wall_clock()):
            print(f"not sent    {count} × {why}")


@app.command()
def test(address: Annotated[str, typer.Argument(help="Where to send the test message.")]) -> None:
    """Send one test message, to see that the mail server takes it.

    tandem notices test jrivera@example.gov
    """
    opened()  # or refuses, where Tandem is not set up yet
    notices.send_trial(address)
    print(f"The mail server took a message to {address}.")
