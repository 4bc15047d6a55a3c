"""A household freezes its lost card on its own page."""

from __future__ import annotations

from tests.api.asking import rows
from tests.api.web.browser import Browser, browsing
from tests.conftest import LiveTown

PIN = "246813"


async def freeze(browser: Browser, card: str, **fields: str) -> str:
    await browser.open(f"/c/{card}")
    return await browser.send(f"/c/{card}/freeze", **fields)


async def test_without_a_pin_it_asks_once_more(town: LiveTown) -> None:
    async with browsing(town) as browser:
        assert "没有挂失：请先勾选" in await freeze(browser, town.card)
        text = await freeze(browser, town.card, sure="yes")
        assert "已挂失，积分不会丢" in text
        assert "这张卡已挂失，暂时不能用" in text
    assert await rows(town, "select kind, person, attendant, recorded_by from card_event") == [
        ("frozen", None, None, "")
    ]
    async with browsing(town, "li") as li:
        assert "持卡人在自家页面上挂失" in await li.open("/desk/cards/hp-1")
        page = await li.send("/desk/cards/hp-1/unfreeze", reason="户主带卡来了")
        assert "已解除挂失" in page
        assert "：户主带卡来了" in page


async def test_with_a_pin_only_who_knows_it(town: LiveTown) -> None:
    """A wrong one counts as everywhere, so nobody guesses it here."""
    async with browsing(town) as browser:
        await browser.open(f"/c/{town.card}")
        await browser.send(f"/c/{town.card}/pin", pin=PIN, again=PIN, above="20")
        for left in (4, 3, 2, 1):
            assert f"还可以试 {left} 次" in await freeze(browser, town.card, sure="yes", pin="135790")
        assert "已锁定 15 分钟" in await freeze(browser, town.card, sure="yes", pin="135790")
        assert "请 15 分钟后再试" in await freeze(browser, town.card, sure="yes", pin=PIN)
        assert await rows(town, "select kind from card_event where kind = 'frozen'") == []
    async with browsing(town) as browser:
        await browser.open(f"/c/{town.poor_card}")
        await browser.send(f"/c/{town.poor_card}/pin", pin=PIN, again=PIN, above="20")
        assert "已挂失" in await freeze(browser, town.poor_card, sure="yes", pin=PIN)
