"""The whole way of a claim through the pages: declared, reviewed, approved, on notice, on the household's page."""

from __future__ import annotations

from datetime import timedelta

from tests.api.web.browser import browsing, declare
from tests.conftest import NOW, LiveTown, run_jobs


async def test_from_the_lane_to_the_household_page(town: LiveTown) -> None:
    async with browsing(town, "wang") as wang:
        said = await declare(wang, "王建国")
        assert "已申报：王**家「参加村庄清扫」5 分" in said
        assert "待评议" in said
        await wang.open("/desk")
        assert "已申报" not in wang.text, "a flash is shown once"
    async with browsing(town, "zhao") as zhao:
        [claim] = zhao.claims()
        assert "评议通过 1 件" in await zhao.send("/desk/claims/review", claims=[claim])
    async with browsing(town, "li") as li:
        assert li.claims() == [claim]
        assert "审定并公示 1 件" in await li.send("/desk/claims/approve", claims=[claim])
    async with browsing(town) as villager:
        assert "公示中 1 件" in await villager.open("/notices")
        board = await villager.open("/notices/hp")
        assert "王** hp-1 参加村庄清扫 6月14日 +5" in board
        assert "6月18日 10:00" in board
        assert "王建国" not in board
        assert "钱监委" in board, "whom to turn to with an objection"
        mine = await villager.open(f"/c/{town.card}")
        assert "100 分 现在可以用" in mine
        assert "参加村庄清扫 公示到 6月18日 10:00 +5" in mine

        town.clock.travel(NOW + timedelta(days=3, minutes=1))
        await run_jobs(town.town)
        mine = await villager.open(f"/c/{town.card}")
        assert "105 分 现在可以用" in mine
        assert "参加村庄清扫 6月18日 +5" in mine
        assert "荣誉分 历年共得 105 分" in mine
        board = await villager.open("/notices/hp")
        assert "现在没有正在公示的积分" in board
        assert "近期入账" in board
        assert "参加村庄清扫" in board


async def test_an_objection_upheld_takes_the_award_off_the_notice(town: LiveTown) -> None:
    async with browsing(town, "wang") as wang, browsing(town, "zhao") as zhao, browsing(town, "li") as li:
        await declare(wang, "hp-1")
        await zhao.open("/desk")
        [claim] = zhao.claims()
        await zhao.send("/desk/claims/review", claims=[claim])
        await li.open("/desk")
        await li.send("/desk/claims/approve", claims=[claim])
        assert "撤下" not in await li.open(f"/desk/claims/{claim}"), "the committee doesn't judge itself"
        async with browsing(town, "qian") as qian:
            assert "公示中 1 件" in qian.text
            await qian.open(f"/desk/claims/{claim}")
            refuse = f"/desk/claims/{claim}/refuse"
            assert "请写明理由" in await qian.send(refuse, reason="  ")
            assert "已退回" in await qian.send(refuse, reason="当天不在村里")
        assert "当天不在村里" in await wang.open("/desk")
    async with browsing(town) as villager:
        assert "参加村庄清扫" not in await villager.open("/notices/hp")
        assert "100 分 现在可以用" in await villager.open(f"/c/{town.card}")
