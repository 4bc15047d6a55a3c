"""The page behind a card."""

from __future__ import annotations

from uuid import UUID

import pytest
from uuid_utils.compat import uuid7

from api.platform import accounts
from ledger.transactions import Phase, Transaction, TransactionId
from tests.api.web.browser import browsing
from tests.conftest import LiveTown


async def test_printed_capitals_open_the_same_page(town: LiveTown) -> None:
    async with browsing(town) as browser:
        for path in (f"/C/{town.card}", f"/c/{town.card.lower()}", f"/C/{town.card[:10]}-{town.card[10:]}"):
            assert "100 分 现在可以用" in await browser.open(path)
        assert "王**家" in browser.text
        assert "王建国" not in browser.page.text
        assert "hp-1" not in browser.page.text


async def test_the_page_is_kept_nowhere_and_told_to_nobody(town: LiveTown) -> None:
    async with browsing(town) as browser:
        await browser.open(f"/c/{town.card}")
        headers = browser.page.headers
        assert headers["cache-control"] == "no-store"
        assert headers["referrer-policy"] == "no-referrer"
        assert "noindex" in headers["x-robots-tag"]
        assert "<script" not in browser.page.text


@pytest.mark.parametrize(
    ("card", "status", "sentence"),
    [
        ("revoked", 410, "这张卡已挂失作废，请使用新卡。"),
        ("00000000000000000000", 404, "没有这张卡"),
        ("123", 400, "卡号应为 20 位，收到 3 位"),
        ("王建国", 400, "卡号应为 20 位"),
        ("%00", 400, "卡号应为 20 位"),
    ],
)
async def test_a_card_that_opens_nothing_gets_a_sentence(
    town: LiveTown, card: str, status: int, sentence: str
) -> None:
    async with browsing(town) as browser:
        assert sentence in await browser.open(f"/c/{town.revoked_card if card == 'revoked' else card}")
        assert browser.page.status_code == status
        assert browser.page.headers["content-type"].startswith("text/html")


async def test_a_redemption_lists_its_goods_and_a_correction_says_so(town: LiveTown) -> None:
    id = uuid7()
    lines = [
        {"product": "soap", "quantity": 2, "price": 5},
        {"product": "laundry", "quantity": 1, "price": 20},
    ]
    async with town.device(await town.shift()) as http:
        answer = await http.put(f"/v1/redemptions/{id}", json={"card": town.card, "lines": lines})
        answer.raise_for_status()
    async with browsing(town) as browser:
        mine = await browser.open(f"/c/{town.card}")
        assert "兑换 肥皂 2 件、洗衣液 1 件 6月15日 −30" in mine
        assert "70 分 现在可以用" in mine
        assert "荣誉分 历年共得 100 分" in mine

        await _reverse(town, id, "拿错了")
        mine = await browser.open(f"/c/{town.card}")
        assert "更正：兑换 肥皂 2 件、洗衣液 1 件（拿错了） 6月15日 +30" in mine
        assert "荣誉分 历年共得 100 分" in mine


async def test_a_corrected_award_lowers_the_lifetime_points_too(town: LiveTown) -> None:
    async with town.town.unit_of_work() as uow:
        [entry] = [
            e for e in await uow.books.read_statement(accounts.household("hp-1").id, limit=10) if not e.pending
        ]
    await _reverse(town, entry.transaction, "报重了")
    async with browsing(town) as browser:
        mine = await browser.open(f"/c/{town.card}")
        assert "更正：测试积分（报重了） 6月15日 −100" in mine
        assert "荣誉分 历年共得 0 分" in mine


async def _reverse(town: LiveTown, target: UUID, reason: str) -> None:
    async with town.town.unit_of_work() as uow:
        reversal = Transaction.settle(
            TransactionId(target), Phase.REVERSAL, kind="reversal", person="test", reason=reason
        )
        [posting] = await uow.books.post([reversal], uow.now)
        assert posting.accepted


async def test_ways_to_earn_come_from_the_book_in_force(town: LiveTown) -> None:
    async with browsing(town) as browser:
        mine = await browser.open(f"/c/{town.empty_card}")
        assert "还没有记录" in mine
        assert "参加村民会议、议事 5 分 这一项每户每月最多 1 次。要有会议签到。" in mine
