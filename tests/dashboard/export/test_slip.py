"""The slip: only for the desk, only under a consent, made once, its QR code the very address beside it."""

import re
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
import segno
from sqlalchemy import Engine, func, select
from starlette.routing import BaseRoute

from dashboard.export import slip as slips
from db.engine import aggregate_session
from db.models import AuditEntry, Disclosure, Identity, ProviderToken, User
from db.vocab import Role
from tests.conftest import TODAY, add_small_pilot
from tests.dashboard.asgi import ask
from tests.db.commands.test_loop import agree, connect
from tests.db.desk_world import ACCOUNTS, settle

FORM = {"lang": "en", "once": "this-form"}


@pytest.fixture
def city(sqlite: Engine, monkeypatch: pytest.MonkeyPatch) -> Engine:
    add_small_pilot(sqlite)
    settle(sqlite)
    monkeypatch.setenv("DATABASE_URL", str(sqlite.url))
    monkeypatch.setenv("TANDEM_TODAY", str(TODAY))
    monkeypatch.setenv("TANDEM_PUBLIC_URL", "https://tandem.example.gov")
    slips._made.clear()
    return sqlite


@pytest.fixture
def routes_of(city: Engine) -> Callable[..., list[BaseRoute]]:
    """``routes_of(Role.clinician)``: the routes as that person's cookie opens them; None is nobody."""

    def make(role: Role | None, same_origin: bool = True) -> list[BaseRoute]:
        seat: Any = None
        if role is not None:
            with aggregate_session(city) as session:
                seat = SimpleNamespace(user=session.get_one(User, ACCOUNTS[role]), session_id=1)
        return slips.routes(lambda _: seat, lambda _: same_origin)

    return make


def counts(bind: Engine) -> tuple[int, int]:
    with aggregate_session(bind) as session:
        return session.scalar(select(func.count(Disclosure.id))) or 0, session.scalar(
            select(func.count(ProviderToken.id))
        ) or 0


def test_a_preview_changes_nothing_and_the_form_makes_the_slip_once(
    city: Engine, routes_of: Callable[..., list[BaseRoute]]
) -> None:
    number, routes = connect(city), routes_of(Role.social_worker)
    refused = ask(routes, f"/slip/{number}")
    assert (refused.status, "No consent in force covers telling Harbor House" in refused.text) == (409, True)
    agree(city)
    for address in (f"/slip/{'9' * 23}", "/slip/abc"):  # no number a database knows
        assert "There is no connection" in ask(routes, address).text
    preview = ask(routes, f"/slip/{number}")
    assert preview.status == 200
    assert "Covered by the signed consent of 10 Nov 2026" in preview.text
    assert counts(city) == (0, 0)
    made = ask(routes, f"/slip/{number}", FORM)
    assert (made.status, counts(city)) == (200, (1, 1))
    assert ask(routes, f"/slip/{number}", FORM).text == made.text
    assert counts(city) == (1, 1)
    with aggregate_session(city) as session:
        identity = session.get_one(Identity, 1)
    for part in (identity.name, identity.alias or "-", identity.born_on or "-"):
        assert part not in made.text
    for part in ("P-0001", "Housing or shelter", "Harbor House", "42 CFR part 2", "Name (written by hand)"):
        assert part in made.text


def test_the_qr_code_is_the_address_beside_it(city: Engine, routes_of: Callable[..., list[BaseRoute]]) -> None:
    number = connect(city)
    agree(city)
    page = ask(routes_of(Role.clinician), f"/slip/{number}", FORM).text
    found = re.search(r"https://tandem\.example\.gov/c/[\w-]{32}", page)
    assert found is not None
    assert slips.qr(found.group()) in page
    assert segno.make(found.group(), error="m", micro=False).designator.endswith("-M")
    style = ask(routes_of(Role.clinician), f"/slip/{number}").headers["content-security-policy"]
    assert style.startswith("default-src 'none'; style-src 'sha256-")


def test_without_outside_access_the_provider_is_asked_to_call_and_spanish_is_spanish(
    city: Engine, routes_of: Callable[..., list[BaseRoute]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TANDEM_PUBLIC_URL")
    monkeypatch.setenv("TANDEM_DESK_PHONE", "203 555 0100")
    number = connect(city)
    agree(city)
    routes = routes_of(Role.clinician)
    assert "Outside access is off" in ask(routes, f"/slip/{number}").text
    page = ask(routes, f"/slip/{number}", FORM | {"lang": "es"}).text
    assert counts(city) == (1, 0)
    assert "<svg" not in page
    for words in ("Hoja de referencia", "Llámenos cuando la persona haya venido: 203 555 0100", "Vivienda o albergue"):
        assert words in page


def test_nobody_else_sees_a_slip(city: Engine, routes_of: Callable[..., list[BaseRoute]]) -> None:
    number = connect(city)
    agree(city)
    others = set(Role) - {Role.clinician, Role.social_worker}
    for role in others:
        for form in (None, FORM):
            answer = ask(routes_of(role), f"/slip/{number}", form)
            assert (answer.status, "P-0001" in answer.text) == (403, False), role
    with aggregate_session(city) as session:
        refusals = select(func.count(AuditEntry.id)).where(AuditEntry.outcome == "refused")
        assert session.scalar(refusals) == 2 * len(others)


def test_nobody_signed_in_no_foreign_page_no_connection(
    city: Engine, routes_of: Callable[..., list[BaseRoute]]
) -> None:
    number = connect(city)
    agree(city)
    stranger = ask(routes_of(None), f"/slip/{number}", FORM)
    assert (stranger.status, stranger.headers["location"]) == (303, "/connections")
    assert ask(routes_of(Role.clinician, same_origin=False), f"/slip/{number}", FORM).status == 403
    nothing = ask(routes_of(Role.clinician), "/slip/99")
    assert (nothing.status, "There is no connection 99 here" in nothing.text) == (409, True)
    assert counts(city) == (0, 0)
