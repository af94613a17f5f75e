"""Charts and Records as each role sees them: the way from a count to its records, and what no list may tell."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import Engine, select
from streamlit.testing.v1 import AppTest

from dashboard.measures.compute import compute, pilot_to_date, records
from dashboard.model import Filters
from dashboard.nav import VIEWS
from dashboard.ui.review import THEMES
from db.access import shell_viewer
from db.engine import aggregate_session
from db.models import Identity, Provider
from db.pilot import the_pilot
from tests.conftest import NOW, TODAY
from tests.dashboard.views.asking import said, widget

SHELL = shell_viewer("tester", now=NOW, today=TODAY)


def opened(app: AppTest, **address: str) -> AppTest:
    """The page again, under another address."""
    for name, value in address.items():
        app.query_params[name] = value
    return app.run()


def whole(bind: Engine) -> Filters:
    with aggregate_session(bind) as session:
        return pilot_to_date(the_pilot(session), TODAY)


def everything(app: AppTest) -> str:
    """All words of the page, tables and links included."""
    tables = " ".join(table.value.to_csv() for table in app.dataframe)
    links = " ".join(str(link.proto) for link in app.get("page_link"))
    return " ".join([said(app), tables, links, *(str(c.value) for c in app.caption)])


def links(app: AppTest) -> list[Any]:
    return [link.proto for link in app.get("page_link")]


def test_the_desk_goes_from_a_chart_to_the_records_and_on_to_the_person(
    signed_in: Callable[..., AppTest], demo_city: Engine
) -> None:
    app = signed_in("clinician", "review.py")
    assert not app.exception
    ways = [link.query_string for link in links(app)]
    assert "measure=people_served" in ways
    assert "measure=interventions" in ways
    assert len(ways) >= len([m for m in THEMES["Reach"] if m.records and m.chart])
    app = opened(app.switch_page(str(VIEWS / "records.py")), measure="connection_rate", part="counted.no")
    assert not app.exception
    found = records(demo_city, SHELL, "connection_rate", whole(demo_city)).table
    late = int((found["counted"] == "no").sum())
    assert compute(demo_city, SHELL, "connection_rate", whole(demo_city)).sentence in said(app).replace("\\", "")
    assert f"**{late}** records" in said(app)
    ways = [link.query_string for link in links(app)]
    assert len(ways) == min(late, 20)
    assert all(way.startswith("connection=") for way in ways)
    app = opened(app, measure="unheard_of", week="last", part="no.where", for_staff="Nobody")
    assert not app.exception
    assert widget(app, "records-measure-unheard_of").value == "people_served"


def test_the_desk_sees_who_it_was_and_a_week_at_a_time(signed_in: Callable[..., AppTest], demo_city: Engine) -> None:
    app = signed_in("socialworker", "records.py")
    found = records(demo_city, SHELL, "interventions", whole(demo_city))
    week = max(found.table["week"])
    app = opened(app, measure="interventions", week=week.isoformat())
    rows = found.table[found.table["week"] == week]
    assert f"**{len(rows)}** records" in said(app)
    with aggregate_session(demo_city) as session:
        known = {i.person_id: i.name for i in session.scalars(select(Identity))}
    person = rows[rows["code"].notna()].iloc[-1]
    assert f"{person['code']} · {known[person['person_id']]}" in everything(app)


def test_outside_the_desk_no_list_names_a_person_a_need_or_a_provider(
    signed_in: Callable[..., AppTest], demo_city: Engine
) -> None:
    app = signed_in("chief", "records.py")
    with aggregate_session(demo_city) as session:
        names = [*session.scalars(select(Identity.name)), *session.scalars(select(Provider.name))]
    for key in ("connections_by_provider", "service_gaps", "interventions"):
        app = opened(app, measure=key, part="need.housing")
        assert not app.exception
        assert set(app.dataframe[0].value.columns) <= {"Code", "Week", "Mode"}, key
        assert len(app.dataframe[0].value) == len(records(demo_city, SHELL, key, whole(demo_city)).table), key
        assert not links(app), key
        words = " ".join([*(table.value.to_csv() for table in app.dataframe), *(str(c.value) for c in app.caption)])
        assert not [name for name in names if name in words], key
        assert "records-part" not in " ".join(str(s.key) for s in app.selectbox), key
