"""The page behind a link: shows by GET, changes by POST, says the same of every link that does not work."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import Engine
from starlette.routing import BaseRoute

from dashboard import provider_page
from dashboard.provider_page import Limiter
from db import settings
from db.engine import aggregate_session
from db.errors import Setup
from db.models import Connection, Identity
from db.vocab import Step
from tests.conftest import TODAY, add_small_pilot
from tests.dashboard.asgi import Answer, ask
from tests.db.commands.test_loop import agree, connect, linked, slip
from tests.db.desk_world import settle


@pytest.fixture
def city(sqlite: Engine, monkeypatch: pytest.MonkeyPatch) -> Engine:
    add_small_pilot(sqlite)
    settle(sqlite)
    monkeypatch.setenv("DATABASE_URL", str(sqlite.url))
    monkeypatch.setenv("TANDEM_TODAY", str(TODAY))
    monkeypatch.setenv("TANDEM_PUBLIC_URL", "https://tandem.example.gov/")
    monkeypatch.setenv("TANDEM_DESK_PHONE", "203 555 0100")
    return sqlite


@pytest.fixture
def routes() -> list[BaseRoute]:
    return provider_page.routes(Limiter())


def page(routes: list[BaseRoute], token: str, form: dict[str, str] | None = None, query: str = "") -> Answer:
    return ask(routes, f"/c/{token}{query}", form)


def test_a_provider_closes_the_loop_without_an_account_a_cookie_or_a_script(
    city: Engine, routes: list[BaseRoute]
) -> None:
    number, token = linked(city)
    seen = page(routes, token)
    assert seen.status == 200
    assert "What happened with" in seen.text
    assert "P-0001" in seen.text
    assert "Harbor House" in seen.text
    assert "42 CFR part 2" in seen.text
    assert "<script" not in seen.text
    assert "set-cookie" not in seen.headers
    day = (TODAY + timedelta(days=3)).isoformat()
    made = page(routes, token, {"answer": "appointment", "on_date": str(TODAY), "appointment_on": day})
    assert "Thank you. Recorded: appointment made." in made.text
    assert "Appointment made, for 17 Nov 2026" in made.text
    came = page(routes, token, {"answer": "attended", "on_date": str(TODAY)})
    assert "this link has done its work" in came.text
    assert "<button" not in came.text
    assert page(routes, token).status == 404
    with aggregate_session(city) as session:
        steps = {s.step for s in session.get_one(Connection, number).steps}
    assert steps == {Step.offered, Step.accepted, Step.appointment, Step.attended}


def test_never_a_name_and_a_policy_of_its_own(city: Engine, routes: list[BaseRoute]) -> None:
    _, token = linked(city)
    with aggregate_session(city) as session:
        known = session.get_one(Identity, 1)
        secret = [known.name, known.alias or "", known.born_on or ""]
    for answer in (
        page(routes, token),
        page(routes, token, query="?lang=es"),
        page(routes, token, {"answer": "missed", "on_date": str(TODAY)}),
        page(routes, "wrong"),
    ):
        assert not any(part in answer.text for part in secret)
        policy = answer.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; style-src 'sha256-")
        assert "form-action 'self'; base-uri 'none'; frame-ancestors 'none'" in policy
        assert "script-src" not in policy
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-robots-tag"] == "noindex, nofollow"


def test_every_link_that_does_not_work_reads_the_same(
    city: Engine, routes: list[BaseRoute], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, used = linked(city)
    page(routes, used, {"answer": "declined", "on_date": str(TODAY)})
    legal = connect(city, need="legal")
    replaced, living = slip(city, legal).token or "", slip(city, legal).token or ""
    assert page(routes, living).status == 200
    answers = [page(routes, token) for token in (used, replaced, "never-was", "x" * 4_000, "%00", "a/b")]
    answers += [page(routes, "never-was", {"answer": "attended"}), page(routes, used, {"answer": "attended"})]
    monkeypatch.delenv("TANDEM_PUBLIC_URL")
    answers.append(page(routes, living))
    assert {(a.status, a.text) for a in answers} == {(404, answers[0].text)}
    assert "Please call the person who gave you the slip: 203 555 0100." in answers[0].text


def test_a_wrong_date_is_said_and_nothing_is_burnt(city: Engine, routes: list[BaseRoute]) -> None:
    _, token = linked(city)
    late = page(routes, token, {"answer": "attended", "on_date": "2027-01-01"})
    assert (late.status, "1 Jan 2027 is in the future" in late.text) == (422, True)
    assert page(routes, token, {"answer": "attended", "on_date": "soon"}).status == 422
    assert page(routes, token, {"on_date": str(TODAY)}).status == 422
    assert page(routes, token, {"answer": "appointment", "on_date": str(TODAY), "appointment_on": ""}).status == 200
    again = page(routes, token, {"answer": "appointment", "on_date": str(TODAY)})
    assert (again.status, "was recorded already" in again.text) == (409, True)
    spanish = page(routes, token, {"answer": "attended", "on_date": "2027-01-01"}, "?lang=es")
    assert "No se registró: Revise la respuesta y las fechas." in spanish.text


def test_what_no_form_of_ours_sends_is_no_answer(city: Engine, routes: list[BaseRoute]) -> None:
    _, token = linked(city)
    good = {"answer": "attended", "on_date": str(TODAY)}
    json = {"content-type": "application/json"}
    assert ask(routes, f"/c/{token}", good, headers=json).status == 404
    assert page(routes, token, good | {"more": "x" * 3_000}).status == 404
    assert page(routes, token).status == 200


def test_spanish_by_the_browser_or_by_the_switch(city: Engine, routes: list[BaseRoute]) -> None:
    _, token = linked(city)
    for answer in (
        page(routes, token, query="?lang=es"),
        ask(routes, f"/c/{token}", headers={"accept-language": "es-US"}),
    ):
        assert '<html lang="es">' in answer.text
        assert "¿Qué pasó con" in answer.text
        assert "vivienda o albergue" in answer.text
    assert re.search(r'<html lang="en">', ask(routes, f"/c/{token}?lang=en", headers={"accept-language": "es"}).text)


def test_one_address_is_slowed_down_and_another_is_not(city: Engine) -> None:
    time = [0.0]
    routes = provider_page.routes(Limiter(visits=5, misses=3, clock=lambda: time[0]))
    _, token = linked(city)
    assert [page(routes, "guess").status for _ in range(4)] == [404, 404, 404, 429]
    slow = page(routes, token)
    assert (slow.status, slow.headers["retry-after"]) == (429, "300")
    assert ask(routes, f"/c/{token}", address="198.51.100.9").status == 200
    time[0] = 601.0
    assert [page(routes, token).status for _ in range(6)] == [200] * 5 + [429]
    time[0] = 662.0
    assert page(routes, token).status == 200


@pytest.mark.parametrize("text", ["tandem.example.gov", "ftp://x", "https://", "https://x.example/?a=1"])
def test_a_public_address_that_is_none_is_said_at_once(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TANDEM_PUBLIC_URL", text)
    with pytest.raises(Setup, match=r"Write it like https://tandem\.example\.gov, or unset it"):
        settings.load()


def test_the_address_on_the_slip(city: Engine) -> None:
    number = connect(city)
    agree(city)
    token = slip(city, number).token or ""
    assert provider_page.link_address(token) == f"https://tandem.example.gov/c/{token}"
