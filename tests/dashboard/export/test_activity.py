"""The activity sheet: every measure of the file through ``compute``, and who may make it."""

import io
from collections.abc import Callable
from datetime import date

import pytest
from openpyxl import load_workbook
from sqlalchemy import Engine

from dashboard.export import activity
from dashboard.measures import MEASURES
from dashboard.measures.compute import compute
from dashboard.model import Audience, Filters
from db.access import Permission, Viewer, shell_viewer
from db.engine import aggregate_session
from db.errors import Conflict, Forbidden
from db.pilot import the_pilot
from db.vocab import Role
from tests.conftest import NOW, TODAY

Q3 = date(2026, 7, 1)


def made(bind: Engine, viewer: Viewer, quarter: date = Q3, audience: Audience = Audience.internal) -> activity.Activity:
    with aggregate_session(bind) as session:
        pilot = the_pilot(session)
    return activity.activity(bind, viewer, pilot, quarter, audience)


def test_the_file_names_measures_that_there_are_each_once() -> None:
    keys = [line.measure for line in activity.asked()]
    assert set(keys) <= set(MEASURES)
    assert len(set(keys)) == len(keys)
    assert all(bool(line.question) == bool(line.source) for line in activity.asked())


def test_every_figure_is_the_measures_own(demo_city: Engine) -> None:
    shell = shell_viewer("somebody", now=NOW, today=TODAY)
    sheet = made(demo_city, shell)
    assert list(sheet.results) == [line.measure for line in activity.asked()]
    content = activity.as_xlsx(sheet)
    assert content == activity.as_xlsx(sheet)
    page = load_workbook(io.BytesIO(content))["Measures"]
    head = [cell.value for cell in page[2]]
    lines = {
        str(line[head.index("Key")]): dict(zip(head, line, strict=True))
        for line in page.iter_rows(min_row=3, values_only=True)
    }
    filters = Filters(first=Q3, last=date(2026, 9, 30), as_of=TODAY)
    for key in ("people_served", "connection_rate", "spent"):
        own = compute(demo_city, shell, key, filters)
        line = lines[key]
        assert line["Figure"] == own.display
        assert line["Value"] == (None if own.estimate.value is None else pytest.approx(own.estimate.value))
        assert (line["n"], line["Definition"]) == (own.estimate.n, MEASURES[key].definition)
        assert line["Provisional"] == ("Yes" if own.provisional else "No")
        assert (f"{line['From']:%F}", f"{line['To']:%F}", f"{line['Known on']:%F}") == (
            "2026-07-01",
            "2026-09-30",
            "2026-11-14",
        )
    assert lines["new_people"]["Nearest JMHCP question"] == "New participants served"


def test_who_may_make_it(viewer: Callable[..., Viewer]) -> None:
    can = {role: activity.audience_of(viewer(role)) for role in Role}
    assert {role for role, audience in can.items() if audience is Audience.internal} == {Role.chief}
    assert can[Role.finance] is can[Role.officer] is can[Role.admin] is None
    assert can[Role.council] is can[Role.clinician] is can[Role.analyst] is Audience.public


@pytest.mark.parametrize(
    ("role", "audience"),
    [(Role.finance, Audience.internal), (Role.finance, Audience.public), (Role.council, Audience.internal)],
)
def test_who_may_not_is_refused(
    demo_city: Engine, viewer: Callable[..., Viewer], role: Role, audience: Audience
) -> None:
    with pytest.raises(Forbidden, match=r"^The activity sheet holds figures of the desk's work, which your role may"):
        made(demo_city, viewer(role), audience=audience)


def test_a_public_one_hides_small_counts(demo_city: Engine, viewer: Callable[..., Viewer]) -> None:
    council = viewer(Role.council)
    assert council.may(Permission.see_public)
    sheet = made(demo_city, council, audience=Audience.public)
    assert {result.audience for result in sheet.results.values()} == {Audience.public}
    book = load_workbook(io.BytesIO(activity.as_xlsx(sheet)))
    told = {str(row[3]) for row in book["Tables"].iter_rows(min_row=3, values_only=True)}
    assert "hidden" in told
    assert str(book["About"]["A1"].value).endswith("public figures")


def test_a_quarter_without_a_day_of_the_pilot_is_refused(demo_city: Engine, viewer: Callable[..., Viewer]) -> None:
    with pytest.raises(Conflict, match=r"^Q1 2027 holds no day of the pilot that has passed\."):
        made(demo_city, viewer(Role.chief), date(2027, 1, 1))
