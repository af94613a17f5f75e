"""The weekly tally on paper: one page to print, filled as it stands or blank with a column for each day."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta
from decimal import Decimal
from html import escape
from pathlib import Path
from string import Template

from sqlalchemy.exc import NoResultFound
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from dashboard.export.html import policy
from dashboard.export.routes import signed_in
from dashboard.words import day, number
from db import access
from db.commands.amend import Correction, ledger
from db.commands.base import audit
from db.commands.signin import Seat
from db.commands.tally import Line, Sheet, sheet, subject
from db.engine import record_session
from db.errors import TandemError
from db.models import Pilot, Staff
from db.vocab import HOUR_ITEMS, PEOPLE_ITEMS, TallyItem, label

PAPER = "/paper/tally"
_TEMPLATE = Path(__file__).resolve().parent / "templates" / "paper.html"
_WORK = tuple(i for i in TallyItem if i not in (*HOUR_ITEMS, *PEOPLE_ITEMS))
PARTS: tuple[tuple[str, tuple[TallyItem, ...]], ...] = (
    ("Referrals", tuple(i for i in _WORK if i.value.startswith("referrals"))),
    ("Interventions", tuple(i for i in _WORK if not i.value.startswith(("referrals", "connections")))),
    ("Connections", tuple(i for i in _WORK if i.value.startswith("connections"))),
    ("Hours", HOUR_ITEMS),
    ("People, a check on the log", PEOPLE_ITEMS),
)


def page(
    pilot: Pilot, staff: str, opened: Sheet, corrections: Sequence[Correction], today: date, *, blank: bool = False
) -> str:
    """The whole page. ``blank``: no figures, a column for each day and one for the week."""
    ends = opened.week + timedelta(days=6)
    state = "blank form" if blank else f"certified {opened.certified}" if opened.locked else "not certified yet"
    if opened.accepted and not blank:
        state += f"; accepted {opened.accepted}"
    return Template(_TEMPLATE.read_text("utf-8")).substitute(
        title=escape(f"Weekly tally, {staff}, {opened.week.isoformat()}"),
        pilot=escape(pilot.name),
        staff=escape(staff),
        week=escape(f"{day(opened.week)} to {day(ends)}"),
        state=escape(state),
        printed=escape(day(today)),
        heads="".join(_heads(opened.week, blank)),
        rows="\n".join(_rows(opened, blank)),
        corrections="" if blank or not corrections else _corrections(corrections),
    )


def _heads(week: date, blank: bool) -> Iterator[str]:
    yield "<th>Item</th>"
    if blank:
        for k in range(7):
            on = week + timedelta(days=k)
            yield f'<th class="d">{on:%a}<br>{on.day}</th>'
        yield '<th class="n">Week</th>'
        return
    yield '<th class="n">Log</th><th class="n">Reported</th><th>Why it differs</th>'


def _rows(opened: Sheet, blank: bool) -> Iterator[str]:
    lines = {line.item: line for line in opened.lines}
    width = 9 if blank else 4
    for heading, items in PARTS:
        yield f'<tr class="part"><td colspan="{width}">{escape(heading)}</td></tr>'
        for item in items:
            cells = '<td class="d"></td>' * 7 + '<td class="n"></td>' if blank else _figures(lines[item])
            yield f"<tr><th>{escape(label(item))}</th>{cells}</tr>"


def _figures(line: Line) -> str:
    why = escape(line.reason or "")
    return f'<td class="n">{_number(line.log)}</td><td class="n">{_number(line.reported)}</td><td>{why}</td>'


def _number(value: Decimal | None) -> str:
    return "" if value is None else escape(number(value, digits=2))


def _corrections(lines: Sequence[Correction]) -> str:
    told = "".join(
        f"<li>{escape(label(one.item))}: {_number(one.old) or 'blank'} → {_number(one.new) or 'blank'}. "
        f"{escape(one.why)} ({escape(one.by)})</li>"
        for one in lines
    )
    return f"<h2>Corrections since it was certified</h2><ul>{told}</ul>"


def routes(seat_of: Callable[[Request], Seat | None]) -> list[BaseRoute]:
    """``seat_of`` reads the session cookie of a request and asks the database whether it lives."""

    async def show_paper(request: Request) -> Response:
        """GET ?staff=1&week=2026-11-09[&blank=1]. Asks for sign-in where there is none; 403 for other roles."""
        return await asyncio.to_thread(_paper, request, seat_of)

    return [Route(PAPER, show_paper, methods=["GET"])]


def _paper(request: Request, seat_of: Callable[[Request], Seat | None]) -> Response:
    found = signed_in(request, seat_of)
    if found is None:
        return RedirectResponse("/weeks", status_code=303)
    bind, pilot, viewer = found
    permitted = viewer.may(access.Permission.see_tallies)
    with record_session(bind, viewer) as session:
        if not permitted:
            audit(session, viewer, "print tally", PAPER, "refused")
            return PlainTextResponse("Weekly tallies are not part of your role.", status_code=403)
        try:
            staff_id, week = _asked(request)
            staff = session.get_one(Staff, staff_id)
            opened = sheet(session, viewer, staff_id, week)
        except (ValueError, NoResultFound, TandemError):
            return PlainTextResponse("There is no such week. Choose one under Weeks.", status_code=404)
        corrections = ledger(session, viewer, staff_id, week)
        audit(session, viewer, "print tally", subject(staff_id, week))
    blank = request.query_params.get("blank") is not None
    html = page(pilot, staff.name, opened, corrections, viewer.today, blank=blank)
    allowed = policy(html).replace("font-src data:", "font-src 'self'")
    return Response(
        html,
        media_type="text/html; charset=utf-8",
        headers={"content-security-policy": allowed, "cache-control": "no-store"},
    )


def _asked(request: Request) -> tuple[int, date]:
    """Raises ValueError for an address that names no staff and week."""
    staff = request.query_params.get("staff", "")
    if not staff.isdecimal() or len(staff) > 9:
        raise ValueError(staff)
    week = date.fromisoformat(request.query_params.get("week", ""))
    if week.weekday():
        raise ValueError(week)
    return int(staff), week
