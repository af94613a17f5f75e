"""The referral slip: a page to print, for the desk only. GET shows what it will say, POST makes it.

Making a slip is a disclosure: it needs a consent, adds a line to the accounting list and, where outside
access is on, a one-use link. The link's secret part is on the printed page alone, the database has its hash.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable
from functools import cache
from html import escape
from pathlib import Path
from string import Template
from uuid import uuid4

import segno
from sqlalchemy import Engine
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from dashboard import words
from dashboard.export.html import digest, fonts
from dashboard.export.routes import signed_in
from dashboard.provider_page import link_address, phone_words
from db import settings
from db.access import Permission, Viewer
from db.commands.base import audit
from db.commands.signin import Seat
from db.commands.tokens import NoConsent, Slip, make_slip, preview_slip
from db.engine import record_session
from db.errors import TandemError
from db.forms.connections import SlipForm
from db.models import Pilot
from db.vocab import LANGUAGES, Lang, label, text

PATH = "/slip/"
TEMPLATES = Path(__file__).resolve().parent / "templates"
KEPT_FOR = 600.0
"""Seconds for which a slip that was just made is shown again to a reload, instead of being made twice."""
_made: "OrderedDict[tuple[int | None, str], tuple[float, str]]" = OrderedDict()


def routes(seat_of: Callable[[Request], Seat | None], same_origin: Callable[[Request], bool]) -> list[BaseRoute]:
    """``/slip/<connection>``: the preview and, by POST from our own page, the slip."""

    async def slip(request: Request) -> Response:
        if request.method == "POST" and not same_origin(request):
            return _answer(_message("This was not sent from Tandem's own page. Nothing was made."), 403)
        fields: dict[str, str] = {}
        if request.method == "POST":
            form = await request.form(max_files=0, max_fields=8)
            fields = {key: str(value) for key, value in form.items()}
        return await asyncio.to_thread(_serve, request, fields, seat_of)

    return [Route(PATH + "{connection}", slip, methods=["GET", "POST"])]


def _serve(request: Request, fields: dict[str, str], seat_of: Callable[[Request], Seat | None]) -> Response:
    found = signed_in(request, seat_of)
    if found is None:
        return RedirectResponse("/connections", status_code=303)
    bind, pilot, viewer = found
    asked = str(request.path_params["connection"])
    number = int(asked) if asked.isdecimal() and len(asked) <= 9 else 0  # no connection has that number
    if not viewer.may(Permission.log_work):
        with record_session(bind, viewer) as session:
            audit(session, viewer, "open slip", f"connection {number}", "refused")
        return _answer(_message("Referral slips are not part of your role."), 403)
    lang: Lang = "es" if (fields.get("lang") or request.query_params.get("lang")) == "es" else "en"
    form = SlipForm(connection_id=number, lang=lang)
    try:
        if request.method == "POST":
            return _answer(_make(bind, viewer, pilot, form, fields.get("once", "")))
        with record_session(bind, viewer) as session:
            slip = preview_slip(session, viewer, form)
        return _answer(_preview(slip, pilot))
    except NoConsent as error:
        more = f'<a class="button first" href="/connections?connection={number}">Record the consent</a>'
        return _answer(_message(str(error), more), 409)
    except TandemError as error:
        return _answer(_message(str(error)), 409)


def _make(bind: Engine, viewer: Viewer, pilot: Pilot, form: SlipForm, once: str) -> str:
    """The slip's page. Sent again with the same ``once``, the same page: nothing is made twice."""
    key, now = (viewer.user_id, f"{form.connection_id}/{once}"), time.monotonic()
    for old in [k for k, (at, _) in _made.items() if now - at > KEPT_FOR]:
        _made.pop(old, None)
    if once and key in _made:
        return _made[key][1]
    with record_session(bind, viewer) as session:
        slip = make_slip(session, viewer, form, with_link=settings.load().public_url is not None)
    page = page_of(slip, pilot)
    if once:
        _made[key] = (now, page)
        while len(_made) > 50:
            _made.popitem(last=False)
    return page


def page_of(slip: Slip, pilot: Pilot) -> str:
    """The slip as one page to print, in the language of ``slip``."""
    bar = (
        '<div class="bar"><p>The accounting list has a line for this slip. The name is written by hand.</p>'
        '<button class="first" id="print" type="button">Print</button>'
        f'<a class="button" href="/connections?connection={slip.connection_id}">Back to the connection</a></div>'
    )
    return _whole(bar + _sheet(slip, pilot), f"{text('slip.title', _lang(slip))} {slip.code}", _lang(slip))


def _preview(slip: Slip, pilot: Pilot) -> str:
    consent = slip.consent
    until = f" until {words.day(consent.until)}" if consent.until else ""
    link = (
        "It will carry a QR code with a link that works once per answer."
        if settings.load().public_url
        else "Outside access is off, so it has no QR code: the provider is asked to call."
    )
    other = "".join(
        f'<a class="button" href="?lang={code}">{escape(name)}</a>'
        for code, name in LANGUAGES.items()
        if code != slip.lang
    )
    bar = (
        f'<div class="bar"><p><b>Preview.</b> Covered by the {escape(label(consent.form).lower())} consent of '
        f"{escape(words.day(consent.starts_on) + until)}. {escape(link)} "
        "Making it adds a line to the accounting list.</p>"
        f'{other}<form method="post"><input type="hidden" name="lang" value="{slip.lang}">'
        f'<input type="hidden" name="once" value="{uuid4()}">'
        '<button class="first">Make the slip</button></form></div>'
    )
    sheet = _sheet(slip, pilot, preview=True)
    return _whole(bar + sheet, f"{text('slip.title', _lang(slip))} {slip.code}", _lang(slip))


def _sheet(slip: Slip, pilot: Pilot, *, preview: bool = False) -> str:
    lang, provider = _lang(slip), slip.provider
    to = [
        ("slip.to", provider.name),
        ("slip.address", provider.address),
        ("slip.phone", provider.phone),
        ("slip.hours", provider.hours),
        ("slip.eligibility", provider.eligibility),
        ("slip.fees", provider.fees or ""),
        ("slip.appointment", words.day(slip.appointment_on, lang) if slip.appointment_on else "________________"),
    ]
    about = [
        ("slip.need", label(slip.need, lang)),
        ("slip.from", f"{pilot.name}, {pilot.city}"),
        ("slip.phone", settings.load().desk_phone or ""),
        ("slip.made", words.day(slip.made_on, lang)),
    ]
    consent = text(
        "slip.consent",
        lang,
        form=label(slip.consent.form, lang).lower(),
        day=words.day(slip.consent.starts_on, lang),
    )
    return (
        f'<div class="sheet" lang="{lang}"><div class="top"><h1>{_t("slip.title", lang)}</h1>'
        f'<span class="code" aria-label="{_t("slip.code", lang)}">{escape(slip.code)}</span></div>'
        f'<div class="grid"><div>{_list(about, lang)}</div><div>{_list(to, lang)}</div></div>'
        f'<div class="hand"><span class="small">{_t("slip.name", lang)}</span><div class="line"></div></div>'
        f"{_for_provider(slip, lang, preview)}"
        f'<div class="notice"><b>{_t("slip.notice", lang)}</b>{_t("slip.notice_words", lang)}'
        f'<p class="small">{escape(consent)}</p></div></div>'
    )


def _for_provider(slip: Slip, lang: Lang, preview: bool) -> str:
    address = link_address(slip.token) if slip.token else None
    if preview and settings.load().public_url:
        return f'<div class="provider"><p class="small">{_t("slip.here", lang)}</p></div>'
    heading = f"<h2>{_t('slip.for_provider', lang)}</h2>"
    if address is None:
        call = escape(text("slip.call", lang, phone=phone_words()))
        return f'<div class="provider"><div>{heading}<p>{call}</p></div></div>'
    scan = escape(text("slip.scan", lang, day=words.day(slip.expires_on, lang)))
    return (
        f'<div class="provider"><div class="qr">{qr(address)}</div><div>{heading}<p>{scan}</p>'
        f'<p class="address">{escape(address)}</p></div></div>'
    )


def qr(address: str) -> str:
    """The address as an inline SVG, its modules black on white."""
    return segno.make(address, error="m", micro=False).svg_inline(border=2, omitsize=True, light="#fff")


def _list(rows: list[tuple[str, str]], lang: Lang) -> str:
    items = "".join(f"<dt>{_t(key, lang)}</dt><dd>{escape(value)}</dd>" for key, value in rows if value)
    return f"<dl>{items}</dl>"


def _message(sentence: str, more: str = "") -> str:
    back = '<a class="button" href="/connections">Back to Connections</a>'
    return _whole(
        f'<div class="sheet"><p class="warn">{escape(sentence)}</p><p>{more} {back}</p></div>', "Referral slip", "en"
    )


def _t(key: str, lang: Lang) -> str:
    return escape(text(key, lang))


def _lang(slip: Slip) -> Lang:
    return "es" if slip.lang == "es" else "en"


def _whole(body: str, title: str, lang: Lang) -> str:
    return Template(_file("slip.html")).substitute(
        lang=lang,
        title=escape(title),
        fonts=fonts(),
        style=_file("slip.css"),
        body=f"<main>{body}</main>",
        script=_file("slip.js"),
    )


def _answer(html: str, status: int = 200) -> Response:
    style, script = digest(fonts() + _file("slip.css")), digest(_file("slip.js"))
    policy = (
        f"default-src 'none'; style-src 'sha256-{style}'; script-src 'sha256-{script}'; font-src data:; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
    headers = {"content-security-policy": policy, "cache-control": "no-store", "x-frame-options": "DENY"}
    return Response(html, status, headers=headers, media_type="text/html; charset=utf-8")


@cache
def _file(name: str) -> str:
    return (TEMPLATES / name).read_text("utf-8")
