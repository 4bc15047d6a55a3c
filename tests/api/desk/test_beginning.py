"""The first steps on the office's home: each with its state, gone once they are done or put away."""

from __future__ import annotations

from api.desk.beginning import list_first_steps
from api.desk.founding.use_cases import found
from api.platform.backup.catalogue import read_catalogue
from api.platform.services import Services
from api.registry.people.queries import find_staff_by_login
from tests.api.asking import rows
from tests.api.desk.founding.conftest import SECOND, founding
from tests.api.web.browser import browsing
from tests.conftest import LiveTown


async def test_a_township_that_was_just_founded_has_all_before_it(base: Services) -> None:
    await found(base, founding())
    async with base.unit_of_work() as uow:
        office = await find_staff_by_login(uow, "wangfang")
    assert office is not None
    steps = await list_first_steps(base, office)
    assert len(steps) == 11
    assert not any(step.done for step in steps)


async def test_the_second_person_counts_once_they_have_a_password(base: Services) -> None:
    await found(base, founding(SECOND))
    async with base.unit_of_work() as uow:
        office = await find_staff_by_login(uow, "wangfang")
    assert office is not None
    assert [step.done for step in await list_first_steps(base, office)][:2] == [True, False]


async def test_what_is_done_is_told_and_the_list_is_put_away_by_the_office_alone(town: LiveTown) -> None:
    assert not read_catalogue(town.town.data).backups
    async with browsing(town, "office") as office, browsing(town, "li") as committee:
        assert "开头几步" not in committee.text
        assert "开头几步 还有 1 步" in office.text
        assert office.text.count("已办") == 10
        token = committee.page.text.partition('name="_csrf_token" value="')[2].partition('"')[0]
        answer = await committee.http.post("/desk/beginning/dismiss", data={"_csrf_token": token})
        assert answer.status_code == 403
        assert "开头几步" in await office.open("/desk")
        assert "开头几步收起来了" in await office.send("/desk/beginning/dismiss")
        assert "开头几步" not in await office.open("/desk")
    assert await rows(town, "select count(*) from beginning_dismissal") == [(1,)]
