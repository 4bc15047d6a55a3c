"""The pictures of README and docs, made from the demo itself and from a township's first day: `make pictures`
after `make demo`, with chromium. `python docs/pictures.py guides` makes those of the first day alone."""

from __future__ import annotations

import asyncio
import shutil
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
from first_day import Counter, play
from playwright.async_api import Browser, Page, ViewportSize, async_playwright

from api.cli.demo.demo import KEYS_FILE, KIOSK_FOLDER
from api.cli.demo.story import DemoKeys
from api.opening import open_services
from api.platform.clock import WallClock
from api.platform.database.engine import reach
from api.platform.settings import Settings
from api.serving import run_server
from api.wire.names import mask_name
from kiosk.store.facade import Store

PICTURES = Path(__file__).parent / "pictures"
TABLET: ViewportSize = {"width": 1024, "height": 600}
SMALL: ViewportSize = {"width": 640, "height": 400}
PHONE: ViewportSize = {"width": 360, "height": 740}
DESK: ViewportSize = {"width": 1280, "height": 860}
DRAWN = 300
"""Milliseconds until what a key does is on the screen."""


@asynccontextmanager
async def chromium_open() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(
            executable_path=shutil.which("chromium"),
            args=["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"],
        )
        yield chromium
        await chromium.close()


async def first_day() -> None:
    async with chromium_open() as chromium:
        await play(chromium, PICTURES)


async def demo(settings: Settings) -> None:
    keys = msgspec.json.decode((settings.data / KEYS_FILE).read_bytes(), type=DemoKeys)
    with reach(settings) as access, socket.create_server(("127.0.0.1", 0)) as listener:
        async with (
            open_services(access, WallClock()) as services,
            run_server(services, listener, "for the pictures") as url,
            chromium_open() as chromium,
        ):
            await photograph(chromium, f"{url}/c/{keys.cards[0].token}", "household", 360, 740)
            await photograph(chromium, f"{url}/notices/v01", "notices", 800, 1000)
            await desks(chromium, url, keys.password)
            async with till_in_browser(settings.data / KIOSK_FOLDER, url) as address:
                await till(chromium, address, keys, f"{url}/C/{keys.cards[0].token}".upper())


async def photograph(chromium: Browser, address: str, name: str, width: int, height: int) -> None:
    page = await chromium.new_page(viewport={"width": width, "height": height})
    await page.goto(address)
    await page.screenshot(path=PICTURES / f"{name}.png")
    await page.close()


async def desks(chromium: Browser, url: str, password: str) -> None:
    """What a grid member, the council and a supervisor have before them; the month's draw is made for it."""
    async with signed_in(chromium, url, "v01-01-member1", password, PHONE) as page:
        await page.goto("/desk/declare/mine")
        await page.get_by_role("link", name="同样的再报一户").first.click()
        await page.screenshot(path=PICTURES / "guide-round.png")
    async with signed_in(chromium, url, "v01-council", password, DESK) as page:
        await page.locator("#review li a").first.click()
        await page.screenshot(path=PICTURES / "guide-claim.png")
    async with signed_in(chromium, url, "v01-supervisor", password, PHONE) as page:
        await page.goto("/desk/draws")
        if await (opens := page.get_by_role("button", name="开这个月的抽查")).count():
            await opens.click()
            await page.get_by_label("点数").fill("3 5 1 4 6 2 2 6 5 1")
            await page.get_by_label("哪次会").fill("12月村务会")
            await page.get_by_role("button", name="录入，定下抽中的").click()
        else:
            await page.locator("ul.lines a").first.click()
        await page.screenshot(path=PICTURES / "guide-draw.png")


@asynccontextmanager
async def signed_in(
    chromium: Browser, url: str, login: str, password: str, screen: ViewportSize
) -> AsyncIterator[Page]:
    context = await chromium.new_context(base_url=url, viewport=screen, locale="zh-CN")
    page = await context.new_page()
    await page.goto("/desk")
    await page.get_by_label("用户名").fill(login)
    await page.get_by_label("密码").fill(password)
    await page.get_by_role("button", name="登录").click()
    await page.get_by_role("button", name="退出").wait_for()
    yield page
    await context.close()


@asynccontextmanager
async def till_in_browser(folder: Path, server: str) -> AsyncIterator[str]:
    """The demo's till as a tablet has it; gives its address."""
    with Store(folder) as store:
        store.enrolments.change_server(server)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "api.cli", "kiosk", "--data", str(folder), "--serve", "--serve-port", "0"),
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        assert process.stdout is not None
        yield (await process.stdout.readline()).decode().split()[-1]
    finally:
        process.terminate()
        await process.wait()


async def till(chromium: Browser, address: str, keys: DemoKeys, card: str) -> None:
    """A household with two things in its cart, a stocktake, and a small screen in high contrast."""
    page = await chromium.new_page(viewport=TABLET)
    counter = Counter(page)

    async def press(*names: str) -> None:
        for name in names:
            await page.keyboard.press(name)
            await page.wait_for_timeout(DRAWN)

    async def serve() -> None:
        await counter.scan(card)
        await counter.sees(mask_name(keys.cards[0].head))

    async def picture(name: str) -> None:
        await page.wait_for_timeout(DRAWN)
        await page.screenshot(path=PICTURES / f"{name}.png")

    await page.goto(address)
    await counter.sees("请输入值班 PIN")
    await press(*keys.pin, "F2")
    await counter.sees("请扫户卡")
    await serve()
    await press("1", "3")
    await picture("kiosk")
    await press("Escape", "F5", "3", "ArrowUp", "5", "ArrowDown", "1", "2", "Enter")
    await picture("kiosk-count")
    await press("F8", "F2")
    await page.set_viewport_size(SMALL)
    await serve()
    await press("3", "F9", "ArrowUp", "ArrowUp", "ArrowUp", "ArrowUp", " ")
    await picture("kiosk-small")
    await page.close()


if __name__ == "__main__":
    if sys.argv[1:] != ["guides"]:
        asyncio.run(demo(Settings.read()))
    asyncio.run(first_day())
