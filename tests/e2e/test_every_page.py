"""Every page as everybody who comes to it, on a small phone: read, hit and told by a screen reader, in normal and
in the largest type."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path

import axe_playwright_python  # type: ignore[import-untyped]
import pytest
from playwright.async_api import Page
from uuid_utils.compat import uuid7

from api.platform import accounts
from ledger.transactions import Phase, Transaction, TransactionId, Transfer
from tests.api.web.pages import find_different_pages, furnish
from tests.chromium import chromium, needs_chromium
from tests.conftest import LiveTown
from tests.e2e.chromium import NOTHING_WRONG, measured, phone, set_type, sign_in

pytestmark = [needs_chromium, pytest.mark.slow]

_AXE = Path(axe_playwright_python.__file__).with_name("axe.min.js").read_text(encoding="utf-8")
_FAULTS = """async options => (await axe.run(document, {
    resultTypes: ["violations"],
    ...options,
})).violations.flatMap(rule => rule.nodes.map(node => `${rule.id}: ${node.html.slice(0, 99)}`))"""

# On one line, and within its card.
_IS_WHOLE = """number => {
    const [line, ...more] = number.getClientRects(), card = number.closest(".card").getBoundingClientRect();
    return more.length === 0 && line.left >= card.left && line.right <= card.right;
}"""


# To find them and something to show on each takes a third of all: they are looked at in one go.
@pytest.mark.timeout(900)
async def test_every_page(town: LiveTown) -> None:
    await furnish(town)
    faults: dict[tuple[str, str, int], object] = {}
    async with chromium() as browser:
        found = sorted(await find_different_pages(town), key=lambda page: page.login)
        for login, pages in groupby(found, key=lambda page: page.login):
            async with phone(browser, town, scripts=True) as page:
                if login:
                    await sign_in(page, login)
                for each in pages:
                    await page.goto(each.path)
                    for times in (1, 2):
                        await set_type(page, times)
                        faults[login, each.path, times] = (await measured(page), await find_faults(page, times))
    assert {where: found for where, found in faults.items() if found != (NOTHING_WRONG, [])} == {}


async def test_a_balance_is_never_broken(town: LiveTown) -> None:
    screens = [(320, 1), (320, 3), (360, 2), (1280, 1), (1280, 3)]
    async with chromium() as browser, phone(browser, town, scripts=True) as page:
        async with town.town.unit_of_work() as uow:
            await uow.books.open_accounts([accounts.IMPORTED], uow.now)
        for digits in range(3, 14):
            await page.goto(f"/c/{town.card}")
            for width, times in screens:
                await page.set_viewport_size({"width": width, "height": 740})
                await set_type(page, times)
                assert await page.locator(".figure b").evaluate(_IS_WHOLE), (digits, width, times)
            shown = await page.locator(".figure b").inner_text()
            assert len(shown) == digits
            await _bring_in(town, 10**digits)


async def _bring_in(town: LiveTown, points: int) -> None:
    """Of an earlier scheme."""
    moved = Transfer(accounts.IMPORTED.id, accounts.household("hp-1").id, accounts.POINTS, points)
    async with town.town.unit_of_work() as uow:
        [posting] = await uow.books.post(
            [Transaction(TransactionId(uuid7()), "import", Phase.POSTED, (moved,))], uow.now
        )
        assert posting.accepted


async def find_faults(page: Page, times: int) -> object:
    """What axe-core has to say against the page. Larger type needs no more contrast, and whatever else is wrong
    with smaller type is wrong with it, too: each takes so long that it is asked once."""
    if not await page.evaluate("'axe' in window"):
        await page.evaluate(_AXE)
    contrast = "color-contrast"
    return await page.evaluate(
        _FAULTS, {"runOnly": [contrast]} if times == 1 else {"rules": {contrast: {"enabled": False}}}
    )
