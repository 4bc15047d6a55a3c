"""The office's home: what waits for whom since when, silent tills, and whether there is enough for the points."""

from __future__ import annotations

from datetime import timedelta

from api.desk.cards.lists import CardList
from api.desk.overview import Overview, read_overview
from api.registry.people.use_cases import find_by_login
from tests.api.asking import sign_in
from tests.api.awards.claims.conftest import claim, declare, review
from tests.api.shop.stock.conftest import draft_body, purchase, put, write_draft
from tests.api.web.browser import browsing
from tests.conftest import NOW, LiveTown


async def overview_of(town: LiveTown, login: str = "office") -> Overview:
    found = await read_overview(town.town, await find_by_login(town.town, login))
    assert found is not None
    return found


async def test_what_waits_is_told_with_whom_it_waits_for(town: LiveTown) -> None:
    assert (await overview_of(town)).waiting == []
    first, second = claim(), claim(household="hp-3")
    await declare(town, first)
    await declare(town, second)
    town.clock.travel(NOW + timedelta(days=2))
    await sign_in(town, "office", "wang", "zhao")
    await review(town, first["id"])
    async with town.staff("office") as office:
        await office.put(
            "/v1/funds/018f0000-0000-7000-8000-000000000001", json={"amount": 5, "source": "appropriation"}
        )
    await write_draft(town, draft_body(("soap", 4)))
    waiting = (await overview_of(town)).waiting
    assert [(each.whom, each.what, each.number) for each in waiting[:1]] == [("河畔村网格长", "申报等签认", 1)]
    assert {(each.whom, each.what, each.since) for each in waiting[1:]} == {
        ("河畔村村委会", "申报等签认", town.town.clock.now()),
        ("乡镇", "经费等确认", town.town.clock.now()),
        ("河畔村积美超市", "收货单等点数", town.town.clock.now()),
    }


async def test_a_till_that_may_sell_no_more_offline_is_told(town: LiveTown) -> None:
    assert (await overview_of(town)).silent == []
    town.clock.travel(NOW + timedelta(days=30))
    [silent] = (await overview_of(town)).silent
    assert silent.kiosk.supermarket == "hp"


async def test_cover_is_told_where_it_can_be(town: LiveTown) -> None:
    async with browsing(town, "office") as office:
        assert "保障率 —" in office.text
        await put(town, "restocks", purchase(("rice", 10, 10 * 4_000)))
        await office.open("/desk")
        # 20 sacks on the shelf at 40 yuan, for 103 points of 0.8 yuan each; the fund is overdrawn by 400.
        assert "保障率 485%" in office.text


async def test_only_who_looks_after_the_township_sees_it(town: LiveTown) -> None:
    assert await read_overview(town.town, await find_by_login(town.town, "li")) is None
    async with browsing(town, "li") as li:
        assert "各户手里的积分" not in li.text


async def test_who_has_no_card_is_counted_and_listed(town: LiveTown) -> None:
    async with town.staff("office") as http:
        new = {"code": "hp-9", "village": "hp", "grid": "hp-1", "head": "丁无卡", "people": 2}
        before = (await overview_of(town)).cards[CardList.WITHOUT]
        (await http.post("/v1/households", json=[new])).raise_for_status()
    assert (await overview_of(town)).cards[CardList.WITHOUT] == before + 1
    async with browsing(town, "office") as office:
        assert "验证过的备份 还没有" in office.text
        assert "丁无卡" in await office.open("/desk/card-lists/without")
