"""Head, grid, people and village of a household change with a day, a reason and a person, and nothing is lost."""

from __future__ import annotations

from datetime import timedelta

from tests.api.asking import problem
from tests.api.desk.households.conftest import change, changes
from tests.api.web.browser import browsing
from tests.conftest import LiveTown


async def test_head_grid_and_people(town: LiveTown) -> None:
    async with town.staff("office") as http:
        grid = [{"code": "hp-2", "village": "hp", "name": "第二网格"}]
        (await http.post("/v1/grids", json=grid)).raise_for_status()
        assert (await change(town, "hp-1", head="王小红", grid="hp-2", people=3)).status_code == 200
        found = (await http.get("/v1/households?q=wxh")).json()
        assert [each["code"] for each in found] == ["hp-1"]
        assert (await http.get("/v1/households?q=wjg")).json() == []
    assert {each["what"] for each in await changes(town, "hp-1")} == {
        "户主：王建国 → 王小红",
        "网格：第一网格 → 第二网格",
        "人口：4 → 3",
    }
    # The same again changes nothing.
    assert (await change(town, "hp-1", head="王小红", people=3)).status_code == 200
    assert len(await changes(town, "hp-1")) == 3


async def test_who_may_and_what_makes_no_sense(town: LiveTown) -> None:
    problem(await change(town, "hp-1", by="wang", head="李四"), 403, "not-allowed")
    problem(await change(town, "hp-1", by="zhao", head="李四"), 403, "not-allowed")
    problem(await change(town, "hp-99", head="李四"), 404, "unknown")
    problem(await change(town, "hp-1", grid="nowhere"), 404, "unknown")
    problem(await change(town, "hp-1", effective_on="2026-06-16", head="李四"), 400, "date-wrong")
    problem(await change(town, "hp-1", reason="", head="李四"), 400, "malformed")
    assert await changes(town, "hp-1") == []


async def test_what_was_said_on_a_notice_stays(town: LiveTown) -> None:
    await town.put_on_notice("hp-1", 7)
    async with browsing(town) as anybody:
        assert "王**" in await anybody.open("/notices/hp")
        town.clock.travel(town.clock.now() + timedelta(minutes=1))
        (await change(town, "hp-1", head="李红")).raise_for_status()
        assert "王**" in await anybody.open("/notices/hp")
        await town.put_on_notice("hp-1", 8)
        assert "李*" in await anybody.open("/notices/hp")
