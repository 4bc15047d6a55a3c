"""The whole way of a claim through the pages: declared, reviewed, approved, on notice, on the household's page."""

from __future__ import annotations

import re
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
        async with browsing(town) as neighbour:
            board = await neighbour.open("/notices/hp")
            assert "提异议" in board
            await neighbour.open(f"/objections/new?claim={claim}")
            assert "20 位" in await neighbour.send("/objections/new", card="1234")
            assert "哪里不对" in await neighbour.send("/objections/new", card=town.poor_card.lower())
            assert "2 到 500 个字" in await neighbour.send(f"/c/{town.poor_card}/objections", text="不")
            told = await neighbour.send(f"/c/{town.poor_card}/objections", text="当天他不在村里")
            assert "异议已收到" in told
            assert "正在核实，停止计时，最晚 6月23日 答复" in told
        assert "等答复的异议" not in await li.open("/desk"), "the committee doesn't judge itself"
        async with browsing(town, "qian") as qian:
            assert "等答复的异议 1 件" in qian.text
            [objection] = re.findall(r'href="(/desk/objections/[0-9a-f-]{36})"', qian.page.text)
            told = await qian.open(objection)
            assert "李秀英 hp-2" in told
            assert "当天他不在村里" in told
            assert "请用自己的话写明理由" in await qian.send(f"{objection}/uphold", reason="  ")
            assert "异议成立，已记下" in await qian.send(f"{objection}/uphold", reason="当天不在村里")
            assert "答复" in await qian.open(f"{objection}/slip")
        assert "当天不在村里" in await wang.open("/desk")
    async with browsing(town) as villager:
        board = await villager.open("/notices/hp")
        assert "参加村庄清扫" not in board.split("异议 ")[0]
        assert "异议成立，不予入账。当天不在村里" in board
        assert "hp-2" not in board.partition("近期入账")[0], "who objected is told to nobody"
        assert "异议成立。当天不在村里" in await villager.open(f"/c/{town.poor_card}")
        assert "100 分 现在可以用" in await villager.open(f"/c/{town.card}")
