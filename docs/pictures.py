"""Make the README's pictures from the demo itself: `make pictures` after `make demo`, with chromium installed."""

from __future__ import annotations

import asyncio
import html
import re
import shutil
import socket
from collections.abc import Callable
from pathlib import Path

import msgspec
from playwright.async_api import Browser, async_playwright
from rich.cells import cell_len
from textual import events
from textual.pilot import Pilot

from api.clock import WallClock
from api.database.engine import reach
from api.demo.demo import KEYS, KIOSK
from api.demo.story import Keys
from api.serving import open_town, served
from api.settings import Settings
from kiosk.app import KioskApp
from kiosk.client import Client
from kiosk.keeping.store import Store

PICTURES = Path(__file__).parent / "pictures"
# The width of one cell in the SVG that Textual writes, which counts Chinese signs as one.
CELL = 12.2


async def main(settings: Settings) -> None:
    keys = msgspec.json.decode((settings.data / KEYS).read_bytes(), type=Keys)
    with reach(settings) as access, socket.create_server(("127.0.0.1", 0)) as listener:
        async with (
            open_town(access, WallClock()) as town,
            served(town, listener, "for the pictures") as url,
            async_playwright() as playwright,
        ):
            chromium = await playwright.chromium.launch(
                executable_path=shutil.which("chromium"),
                args=["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"],
            )
            await photograph(chromium, f"{url}/c/{keys.cards[0].token}", "household", 360, 740)
            await photograph(chromium, f"{url}/notices/v01", "notices", 800, 1000)
            with Store(settings.data / KIOSK) as store:
                async with Client(url) as client:
                    svg = await kiosk(store, client, keys, f"{url}/C/{keys.cards[0].token}".upper())
            (drawing := PICTURES / "kiosk.svg").write_text(svg, encoding="utf-8")
            await photograph(chromium, drawing.as_uri(), "kiosk", 1484, 928)
            drawing.unlink()
            await chromium.close()


async def photograph(chromium: Browser, address: str, name: str, width: int, height: int) -> None:
    page = await chromium.new_page(viewport={"width": width, "height": height})
    await page.goto(address)
    await page.screenshot(path=PICTURES / f"{name}.png")
    await page.close()


async def kiosk(store: Store, client: Client, keys: Keys, card: str) -> str:
    """The till with a card scanned and two things in the cart."""
    store.enrolments.moved(client.base_url)
    app = KioskApp(store, client)
    async with app.run_test(size=(120, 36)) as pilot:
        await until(pilot, lambda: app.session.contact.online is True)
        if app.session.attendant is None:
            await pilot.press(*keys.pin, "f2")
        await until(pilot, lambda: bool(app.counter.session.shelf))
        for key in card:
            app.post_message(events.Key(key, key))
        app.post_message(events.Key("enter", "\r"))
        await until(pilot, lambda: app.counter.session.card is not None)
        await pilot.press("1")
        await pilot.pause(1)
        await pilot.press("3")
        await pilot.pause(1)
        return re.sub(r'textLength="[0-9.]+"([^>]*)>([^<]*)</text>', _in_cells, app.export_screenshot())


def _in_cells(found: re.Match[str]) -> str:
    width = cell_len(html.unescape(found[2])) * CELL
    return f'textLength="{width:.1f}"{found[1]}>{found[2]}</text>'


async def until(pilot: Pilot[None], condition: Callable[[], bool]) -> None:
    for _ in range(200):
        await pilot.pause(0.05)
        if condition():
            return
    raise SystemExit("the kiosk did not get there")


if __name__ == "__main__":
    asyncio.run(main(Settings.read()))
