"""Sending one e-mail: where the server is comes from the environment, and without it nothing is ever sent.

``TANDEM_SMTP``: ``smtps://user:password@mail.example.gov`` (TLS from the start, port 465) or
``smtp://user:password@mail.example.gov`` (STARTTLS is insisted on, port 587; not on this machine's own
loopback address). ``TANDEM_MAIL_FROM``: the sender. ``TANDEM_URL``: where staff open Tandem.
"""

import os
import smtplib
import ssl
from contextlib import closing
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from urllib.parse import unquote, urlsplit

from db.errors import Setup, TandemError

SECONDS = 15
_OWN = ("localhost", "127.0.0.1", "::1")


class Unsent(TandemError):
    """A message that did not go out; the sentence says why, without address or content."""


@dataclass(frozen=True, slots=True)
class Server:
    """A mail server. ``str()`` never shows the password."""

    host: str
    port: int
    user: str
    password: str
    sender: str
    tls: bool
    """TLS from the first byte; otherwise STARTTLS, except on the loopback address."""

    def __str__(self) -> str:
        way = "TLS" if self.tls else "plain, this machine only" if self.host in _OWN else "STARTTLS"
        return f"{self.host}:{self.port} ({way}), from {self.sender}"


def server() -> Server | None:
    """The configured server; None where notices are off. Raises Setup for an address that cannot be used."""
    address = os.environ.get("TANDEM_SMTP", "").strip()
    if not address:
        return None
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
        raise Setup("TANDEM_SMTP is not the address of a mail server. Write smtps://user:password@mail.example.gov")
    sender = os.environ.get("TANDEM_MAIL_FROM", "").strip()
    if "@" not in sender or any(c in sender for c in "\r\n"):
        raise Setup("TANDEM_MAIL_FROM is missing: the address that notices come from, like tandem@example.gov")
    tls = parts.scheme == "smtps"
    return Server(
        parts.hostname,
        port or (465 if tls else 587),
        unquote(parts.username or ""),
        unquote(parts.password or ""),
        sender,
        tls,
    )


def address_of_tandem() -> str:
    """Where staff open Tandem, without a slash at its end; empty where nobody said it."""
    address = (os.environ.get("TANDEM_URL") or os.environ.get("TANDEM_PUBLIC_URL") or "").strip().rstrip("/")
    return address if address.startswith(("http://", "https://")) else ""


def send(to: Server, recipient: str, subject: str, text: str) -> None:
    """Hand one message over. Raises :class:`Unsent` after at most a quarter of a minute or so."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = to.sender, recipient, subject
    message["Date"], message["Message-ID"] = formatdate(), make_msgid(domain=to.sender.rpartition("@")[2])
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(text)
    try:
        with closing(_connection(to)) as connection:
            if not to.tls and to.host not in _OWN:
                connection.starttls(context=ssl.create_default_context())
            if to.user:
                connection.login(to.user, to.password)
            connection.send_message(message)
            connection.quit()
    except smtplib.SMTPAuthenticationError:
        raise Unsent(f"{to.host} does not accept the user name or password of TANDEM_SMTP.") from None
    except smtplib.SMTPRecipientsRefused:
        raise Unsent(f"{to.host} refuses the recipient's address. Check the e-mail address under Users.") from None
    except smtplib.SMTPNotSupportedError:
        raise Unsent(f"{to.host} offers no encryption (STARTTLS). Use smtps://, or another server.") from None
    except (smtplib.SMTPException, OSError) as error:
        raise Unsent(f"{to.host}:{to.port} did not take the message ({_why(error)}).") from None


def _connection(to: Server) -> smtplib.SMTP:
    if to.tls:
        return smtplib.SMTP_SSL(to.host, to.port, timeout=SECONDS, context=ssl.create_default_context())
    return smtplib.SMTP(to.host, to.port, timeout=SECONDS)


def _why(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        return f"answer {error.smtp_code}"
    if isinstance(error, TimeoutError | smtplib.SMTPServerDisconnected):
        return "it gave no answer, or broke off"
    return (getattr(error, "strerror", None) or type(error).__name__)[:80]
