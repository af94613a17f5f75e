"""The one page outside the sign-in: a provider with a link says what became of a referral.

GET shows, POST changes. Works without JavaScript and without a cookie; never a name. Whatever is wrong with
a link (unknown, used, expired, revoked, outside access off) reads the same.
"""

import asyncio
import base64
import hashlib
import time
from collections import deque
from collections.abc import Callable, Mapping
from datetime import date
from functools import cache
from html import escape
from pathlib import Path
from string import Template
from urllib.parse import parse_qs

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from dashboard import words
from db import engine, settings
from db.commands.tokens import Page, answer_link, link_viewer, look
from db.engine import aggregate_session
from db.errors import Conflict, Invalid, TandemError
from db.forms import checked
from db.forms.connections import AnswerForm
from db.models import Pilot
from db.vocab import Lang, Step, label, text
from db.vocab.links import LinkAnswer

PATH = "/c/"
TEMPLATES = Path(__file__).resolve().parent / "export" / "templates"
LARGEST_BODY = 2_000
LONGEST_TOKEN = 64


class Limiter:
    """At most ``visits`` a minute, and ``misses`` wrong links in ten minutes, per address. In memory."""

    def __init__(self, visits: int = 40, misses: int = 12, clock: Callable[[], float] = time.monotonic) -> None:
        self.visits, self.misses, self.clock = visits, misses, clock
        self._seen: dict[str, tuple[deque[float], deque[float]]] = {}

    def lets(self, address: str) -> bool:
        """Count one visit; whether it may go on."""
        visits, misses = self._of(address)
        if len(visits) >= self.visits or len(misses) >= self.misses:
            return False
        visits.append(self.clock())
        return True

    def missed(self, address: str) -> None:
        self._of(address)[1].append(self.clock())

    def _of(self, address: str) -> tuple[deque[float], deque[float]]:
        if address not in self._seen and len(self._seen) >= 5_000:
            self._seen.pop(next(iter(self._seen)))
        visits, misses = self._seen.setdefault(address, (deque(), deque()))
        now = self.clock()
        while visits and now - visits[0] > 60:
            visits.popleft()
        while misses and now - misses[0] > 600:
            misses.popleft()
        return visits, misses


def routes(limiter: Limiter | None = None) -> list[BaseRoute]:
    """``/c/<token>``: GET and POST."""
    guard = limiter or Limiter()

    async def page(request: Request) -> Response:
        address = request.client.host if request.client else ""
        lang = language(request)
        if not guard.lets(address):
            return answer(_told(lang, "slow"), lang, 429, {"retry-after": "300"})
        body: Mapping[str, str] | None = {}
        if request.method == "POST":
            body = await _form(request)
        token = str(request.path_params["token"])
        shown = None
        if body is not None and len(token) <= LONGEST_TOKEN and settings.load().public_url is not None:
            asked = body if request.method == "POST" else None
            shown = await asyncio.to_thread(_turn, token, asked, address, lang)
        if shown is None:
            guard.missed(address)
            return answer(_told(lang, "gone"), lang, 404)
        html, status = shown
        return answer(html, lang, status)

    return [Route(PATH + "{token:path}", page, methods=["GET", "POST"])]


def link_address(token: str) -> str | None:
    """The whole address of a link; None where outside access is off."""
    base = settings.load().public_url
    return None if base is None else f"{base}{PATH}{token}"


def _turn(token: str, body: Mapping[str, str] | None, address: str, lang: Lang) -> tuple[str, int] | None:
    """One visit: the page's HTML and status, or None for a link that does not work."""
    with aggregate_session(engine.engine()) as session:
        pilot, clock = session.get(Pilot, 1), settings.load()
        if pilot is None:
            return None
        viewer = link_viewer(address, clock.now(), clock.today(pilot.time_zone))
        page = look(session, viewer, token)
        if page is None:
            return None
        if body is None:
            return _document(pilot, page, viewer.today, lang), 200
        try:
            form = checked(AnswerForm, {k: v for k, v in body.items() if k in AnswerForm.model_fields})
            after = answer_link(session, viewer, token, form)
        except Invalid as error:
            return _document(pilot, page, viewer.today, lang, refused=_reason(error, lang)), 422
        except Conflict as error:
            return _document(pilot, page, viewer.today, lang, refused=_reason(error, lang)), 409
        if after is None:
            return None
        return _document(pilot, after, viewer.today, lang, stored=form.answer), 200


def _reason(error: TandemError, lang: Lang) -> str:
    return str(error) if lang == "en" else text("link.check", lang)


def _document(
    pilot: Pilot, page: Page, today: date, lang: Lang, *, stored: LinkAnswer | None = None, refused: str = ""
) -> str:
    need = label(page.need, lang).lower()
    about = text("link.about", lang, provider=page.provider, day=words.day(page.opened_on, lang), need=need)
    question = escape(text("link.question", lang, code=page.code))
    code = escape(page.code)
    parts = [f"<h1>{question.replace(code, f'<span>{code}</span>')}</h1>", f"<p>{escape(about)}</p>"]
    if refused:
        parts.append(f'<p class="said refused" role="alert">{escape(text("link.refused", lang, reason=refused))}</p>')
    if stored is not None:
        parts.append(_thanks(page, stored, lang))
    parts += [_known(page, lang), _forms(page, today, lang)]
    if page.offers:
        parts.append(f'<p class="small">{escape(text("link.once", lang, day=words.day(page.expires_on, lang)))}</p>')
    notice = escape(text("slip.notice_words", lang))
    parts.append(f'<p class="small"><strong>{escape(text("link.notice", lang))}</strong> {notice}</p>')
    return whole("".join(parts), text("link.title", lang, code=page.code), lang, pilot.name)


def _thanks(page: Page, stored: LinkAnswer, lang: Lang) -> str:
    said = [text("link.thanks", lang, answer=label(stored, lang).lower())]
    if not page.offers:
        said.append(text("link.thanks_done", lang))
    wrong = text("link.wrong", lang, phone=phone_words())
    return f'<p class="said" role="status">{escape(" ".join(said))}</p><p class="small">{escape(wrong)}</p>'


def _known(page: Page, lang: Lang) -> str:
    told = []
    for step, on in page.steps:
        words_of_step = label(step, lang)
        if step is Step.appointment and page.appointment_on:
            words_of_step = text("link.appointment_on", lang, day=words.day(page.appointment_on, lang))
        told.append(f"{words_of_step} ({words.day(on, lang)})")
    told += [f"{label(a, lang)} ({words.day(on, lang)})" for a, on in page.answered if a is LinkAnswer.missed]
    items = "".join(f"<li>{escape(line)}</li>" for line in told)
    return f"<h2>{escape(text('link.known', lang))}</h2><ul>{items}</ul>" if items else ""


def _forms(page: Page, today: date, lang: Lang) -> str:
    html = ""
    if LinkAnswer.appointment in page.offers:
        html += (
            f'<form method="post"><h2>{escape(text("link.step_appointment", lang))}</h2>'
            + _day(text("link.which_day", lang), "appointment_on", today, None)
            + f'<input type="hidden" name="on_date" value="{today.isoformat()}">'
            + _button(LinkAnswer.appointment, lang, first=True)
            + "</form>"
        )
    rest = [answer for answer in page.offers if answer is not LinkAnswer.appointment]
    if rest:
        html += (
            f'<form method="post"><h2>{escape(text("link.step_outcome", lang))}</h2>'
            + _day(text("link.when_happened", lang), "on_date", page.opened_on, today, value=today)
            + "".join(_button(answer, lang, first=answer is LinkAnswer.attended) for answer in rest)
            + "</form>"
        )
    return html


def _day(title: str, name: str, first: date, last: date | None, *, value: date | None = None) -> str:
    upto = f' max="{last.isoformat()}"' if last else ""
    chosen = f' value="{value.isoformat()}" required' if value else ""
    return f'<label>{escape(title)}<input type="date" name="{name}" min="{first.isoformat()}"{upto}{chosen}></label>'


def _button(answer: LinkAnswer, lang: Lang, *, first: bool) -> str:
    kind = ' class="first"' if first else ""
    return f'<button name="answer" value="{answer.value}"{kind}>{escape(label(answer, lang))}</button>'


def _told(lang: Lang, key: str) -> str:
    values = {"phone": phone_words()} if key == "gone" else {}
    title, said = text(f"link.{key}_title", lang), text(f"link.{key}", lang, **values)
    return whole(f"<h1>{escape(title)}</h1><p>{escape(said)}</p>", title, lang, "")


def phone_words() -> str:
    """“: 203 555 0100” where the desk's number is a setting, else nothing."""
    number = settings.load().desk_phone
    return f": {number}" if number else ""


def whole(body: str, title: str, lang: Lang, sender: str) -> str:
    other: Lang = "en" if lang == "es" else "es"
    switch = f'<a href="?lang={other}" lang="{other}" rel="nofollow">{escape(text("link.other_language", lang))}</a>'
    return _template().substitute(
        lang=lang, title=escape(title), style=_style(), body=body, switch=switch, **{"from": escape(sender)}
    )


def answer(html: str, lang: Lang, status: int, more: Mapping[str, str] | None = None) -> Response:
    digest = base64.b64encode(hashlib.sha256(_style().encode()).digest()).decode()
    headers = {
        "content-security-policy": (
            f"default-src 'none'; style-src 'sha256-{digest}'; form-action 'self'; base-uri 'none'; "
            "frame-ancestors 'none'"
        ),
        "x-frame-options": "DENY",
        "referrer-policy": "no-referrer",
        "cache-control": "no-store",
        "x-robots-tag": "noindex, nofollow",
        "content-language": lang,
        **(more or {}),
    }
    return Response(html, status, headers=headers, media_type="text/html; charset=utf-8")


def language(request: Request) -> Lang:
    asked = request.query_params.get("lang") or request.headers.get("accept-language", "")[:2].lower()
    return "es" if asked == "es" else "en"


async def _form(request: Request) -> Mapping[str, str] | None:
    """The fields that were sent; None for anything that our own page would not send."""
    if not request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        return None
    body = b""
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > LARGEST_BODY:
                return None
    except ClientDisconnect:
        return None
    return {key: values[-1] for key, values in parse_qs(body.decode("utf-8", "replace")).items()}


@cache
def _style() -> str:
    return (TEMPLATES / "provider.css").read_text("utf-8")


@cache
def _template() -> Template:
    return Template((TEMPLATES / "provider.html").read_text("utf-8"))
