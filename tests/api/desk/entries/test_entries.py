"""An entry of the books at the desk, and its correction by two people."""

from __future__ import annotations

import re

from uuid_utils.compat import uuid7

from tests.api.asking import rows, standing
from tests.api.bookkeeping.general_ledger.conftest import HP3, available, awarded, neighbours, redeem
from tests.api.web.browser import browsing
from tests.conftest import LiveTown


async def test_from_a_households_statement_to_a_correction_of_a_part(town: LiveTown) -> None:
    await town.award("hp-3", 30)
    entry = f"/desk/entries/{await awarded(town, HP3)}"
    before = await available(town, HP3)
    async with browsing(town, "qian") as qian:
        assert "看这一笔，更正" in await qian.open("/desk/households/hp-3/statement")
        assert f'href="{entry}"' in qian.page.text
        assert "最多 30" in await qian.open(entry)
        assert "退回多少，不能多过" in await qian.send(f"{entry}/correction", **{"back.0": "31"}, reason="多记了")
        assert "退回多少，不能多过" in await qian.send(f"{entry}/correction", **{"back.0": "0"}, reason="多记了")
        assert "多记了" in qian.page.text
        assert "已提议更正" in await qian.send(f"{entry}/correction", **{"back.0": "１０"}, reason="多记了十分")
    async with browsing(town, "tan") as tan:
        assert "多记了十分" in await tan.open("/desk/proposals")
    [(proposal,)] = await rows(town, "select id from proposal where kind = 'corrections'")
    async with town.staff("tan") as http:
        (await http.post(f"/v1/proposals/{proposal}/confirm")).raise_for_status()
    assert await available(town, HP3) == before - 10
    async with browsing(town, "qian") as qian:
        told = await qian.open(entry)
        assert "还能更正 20 分" in told
        assert "更正 更正" in told
        # All that is left.
        assert "已提议更正" in await qian.send(f"{entry}/correction", **{"back.0": "20"}, reason="都不对")
    assert (await standing(town))[0]["in_balance"]


async def test_goods_and_points_of_a_redemption_go_back_together(town: LiveTown) -> None:
    entry = f"/desk/entries/{await redeem(town, ('soap', 2, 5))}"
    async with browsing(town, "tan") as tan:
        told = await tan.open(entry)
        assert "退回多少分（最多 10）" in told
        assert "退回多少件（最多 2）" in told
        back = {f"back.{n}": re.findall(rf'name="back.{n}" value="([^"]+)"', tan.page.text)[0] for n in range(2)}
        assert "已提议更正" in await tan.send(f"{entry}/correction", **back, reason="没有拿走")


async def test_who_may_not_is_told_or_sees_no_form(town: LiveTown) -> None:
    await neighbours(town)
    entry = f"/desk/entries/{await awarded(town)}"
    async with browsing(town, "li") as li:
        assert "提议更正" not in await li.open(entry)
    async with browsing(town, "far") as far:
        assert (await far.http.get(entry)).status_code == 404
    async with browsing(town, "wang") as wang:
        assert (await wang.http.get(entry)).status_code == 403
        assert (await wang.http.get(f"/desk/entries/{uuid7()}")).status_code == 403
