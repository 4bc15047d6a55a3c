"""How long a phone on a slow line waits until it sees something: Chromium, 400 kbit/s, 400 ms latency."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from statistics import median

from playwright.async_api import Browser, ViewportSize, async_playwright

from bench.environment import Environment
from bench.measurement import Measurement, make_measurement
from bench.shop import start_server

SLOW = {
    "offline": False,
    "latency": 400,
    "downloadThroughput": 400_000 / 8,
    "uploadThroughput": 400_000 / 8,
    "connectionType": "cellular2g",
}
PHONE: ViewportSize = {"width": 360, "height": 740}
PAGES = {"household page": "/c/{card}", "notice board": "/", "sign-in": "/desk/sign-in"}
VISITS = 3
_FIRST_CONTENT = "() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime"


async def measure(environment: Environment) -> AsyncIterator[Measurement]:
    shop = await environment.get_shop()
    async with start_server(shop) as server, async_playwright() as playwright:
        program = shutil.which("chromium")
        chromium = await playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        for name, path in PAGES.items():
            url = server.url + path.format(card=shop.cards[0])
            first = [await _wait(chromium, url) for _ in range(VISITS)]
            yield make_measurement(f"first content, {name}", median(first), "ms", target=1_000.0)
        await chromium.close()


async def _wait(chromium: Browser, url: str) -> float:
    """Milliseconds until something is painted, with nothing kept from an earlier visit."""
    context = await chromium.new_context(viewport=PHONE)
    page = await context.new_page()
    session = await context.new_cdp_session(page)
    await session.send("Network.emulateNetworkConditions", SLOW)
    await page.goto(url)
    await page.wait_for_function(_FIRST_CONTENT)
    painted: float = await page.evaluate(_FIRST_CONTENT)
    await context.close()
    return painted
