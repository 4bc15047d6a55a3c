"""`jimei kiosk --serve` as a tablet has it: Chromium, a scanner's keys, a finger, a network that drops."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from aiohttp.test_utils import TestServer
from playwright.async_api import Browser, BrowserContext, Error, Page, Request, expect

from kiosk.serving.server import KioskServer
from kiosk.store.facade import Store
from tests.chromium import chromium, needs_chromium
from tests.command_line import end_with_parent
from tests.kiosk.conftest import card_url, enrol_store

pytestmark = [needs_chromium, pytest.mark.slow]

PATIENCE = 20.0
TABLET = {"width": 1024, "height": 600}
PHONE = {"width": 360, "height": 740}
SOAP = "6901234567892"

# What the terminal shows: xterm draws on a canvas, so its text is heard where it arrives.
LISTEN = """
const Plain = window.WebSocket;
window.heard = "";
window.sent = [];
window.WebSocket = class extends Plain {
  constructor(...address) {
    super(...address);
    window.line = this;
    const decoder = new TextDecoder();
    this.addEventListener("message", event => {
      if (typeof event.data !== "string") window.heard += decoder.decode(event.data, { stream: true });
    });
  }
  send(text) { window.sent.push(text); super.send(text); }
};
"""


@asynccontextmanager
async def serving(town: Any, folder: Path, *words: str) -> AsyncIterator[tuple[str, asyncio.subprocess.Process]]:
    """The command on a free port; gives its address and its process."""
    with Store(folder) as store:
        if store.enrolments.current is None:
            enrol_store(store, town.url, town.kiosk)
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("JIMEI_")},
        "JIMEI_KIOSK_DATA": str(folder),
        "JIMEI_SERVER": town.url,
    }
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "api.cli", "kiosk", "--serve", *(words or ("--serve-port", "0"))),
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        preexec_fn=end_with_parent,
    )
    try:
        assert process.stdout
        async with asyncio.timeout(PATIENCE):
            line = (await process.stdout.readline()).decode()
        yield line.split()[-1], process
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


@asynccontextmanager
async def tablet(browser: Browser, **options: Any) -> AsyncIterator[BrowserContext]:
    context = await browser.new_context(**{"viewport": TABLET, "locale": "zh-CN", **options})
    await context.add_init_script(LISTEN)
    try:
        yield context
    finally:
        await context.close()


async def shows(page: Page, text: str) -> None:
    async def shown() -> bool:
        try:
            return text in await page.evaluate("window.heard")
        except Error:
            # It is being loaded anew.
            return False

    try:
        async with asyncio.timeout(PATIENCE):
            while not await shown():
                await asyncio.sleep(0.05)
    except TimeoutError:
        pytest.fail(f"never saw {text}; sent {await page.evaluate('window.sent')}")


async def sign_in(page: Page, pin: str) -> None:
    await shows(page, "请输入值班 PIN")
    await page.keyboard.type(pin, delay=80)
    await page.keyboard.press("F2")
    await shows(page, "请扫户卡")


async def scan(page: Page, text: str) -> None:
    """In the page: between two keys that are typed from here a busy machine may pause, and no scanner does."""
    keys = [*text, "\r"]
    await page.evaluate("keys => keys.forEach(each => window.line.send(JSON.stringify(['stdin', each])))", keys)


async def test_a_redemption_with_nothing_from_elsewhere(town: Any, tmp_path: Path) -> None:
    requested: list[Request] = []
    errors: list[str] = []
    sockets: list[str] = []
    async with serving(town, tmp_path / "kiosk") as (url, _), chromium() as browser, tablet(browser) as context:
        page = await context.new_page()
        page.on("request", lambda request: requested.append(request))
        page.on("websocket", lambda socket: sockets.append(socket.url))
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
        await page.goto(url)
        assert await page.title() == "积美"
        assert await page.locator("html").get_attribute("lang") == "zh-CN"
        # Nobody clicked anywhere: the keys go to the till.
        await sign_in(page, town.pin)
        await expect(page.locator("#notice")).to_be_hidden()
        await scan(page, card_url(town.card))
        await shows(page, "王**")
        await scan(page, SOAP)
        await shows(page, "肥皂 x1")
        await page.keyboard.press("F2")
        await shows(page, "兑换成功")
        async with town.device() as http:
            assert (await http.get(f"/v1/cards/{town.card}")).json()["balance"] == 95
        here = urlsplit(url).netloc
        assert len(requested) >= 5
        assert {urlsplit(request.url).netloc for request in requested if request.url != "data:,"} == {here}
        assert {urlsplit(socket).netloc for socket in sockets} == {here}
        assert errors == []
        # Heard by the attendant: card, goods and redemption, two bells each.
        async with asyncio.timeout(PATIENCE):
            while await page.locator("html").get_attribute("data-bells") != "6":
                await asyncio.sleep(0.05)


async def test_the_keys_of_a_scan_leave_in_one_piece(town: Any, tmp_path: Path) -> None:
    async with serving(town, tmp_path / "kiosk") as (url, _), chromium() as browser, tablet(browser) as context:
        page = await context.new_page()
        await page.goto(url)
        await sign_in(page, town.pin)
        await page.evaluate("""() => {
          window.sent.length = 0;
          const press = (key, keyCode) => document.activeElement.dispatchEvent(
            new KeyboardEvent("keydown", {key, keyCode, bubbles: true, cancelable: true}));
          for (const key of "6901234567892") press(key, key.charCodeAt());
          press("Enter", 13);
        }""")
        await shows(page, "肥皂 x1")
        pieces = [piece for piece in await page.evaluate("window.sent") if "stdin" in piece]
        assert pieces == ['["stdin","6901234567892\\r"]']


async def test_a_tablet_that_is_busy_meanwhile_keeps_a_scan_in_one_piece(town: Any, tmp_path: Path) -> None:
    """A fast beginning says that it is a scanner; what comes late then still belongs to it."""
    async with serving(town, tmp_path / "kiosk") as (url, _), chromium() as browser, tablet(browser) as context:
        page = await context.new_page()
        await page.goto(url)
        await sign_in(page, town.pin)
        # In the page: timers of one thread go off in their order, however busy the machine.
        await page.evaluate("""async () => {
          window.sent.length = 0;
          for (const keys of ["6", "9", "0", "1", "2", "3"]) window.line.send(JSON.stringify(["stdin", keys]));
          await new Promise(later => setTimeout(later, 70));
          for (const keys of [..."4567892", "\\r"]) window.line.send(JSON.stringify(["stdin", keys]));
        }""")
        await shows(page, "肥皂 x1")
        assert [piece for piece in await page.evaluate("window.sent") if "stdin" in piece] == [
            '["stdin","6901234567892\\r"]'
        ]


async def test_a_finger_on_a_tablet(town: Any, tmp_path: Path) -> None:
    options = {"has_touch": True, "is_mobile": True}
    async with (
        serving(town, tmp_path / "kiosk") as (url, _),
        chromium() as browser,
        tablet(browser, **options) as context,
    ):
        page = await context.new_page()
        await page.goto(url)
        await shows(page, "陈管理员，请输入值班 PIN")
        keys = page.locator("textarea.xterm-helper-textarea")
        # No keyboard over half the screen until it is asked for.
        await expect(keys).to_be_focused()
        await expect(keys).to_have_attribute("inputmode", "none")
        await page.get_by_role("button", name="键盘").tap()
        await expect(keys).to_have_attribute("inputmode", "numeric")
        await expect(keys).to_be_focused()
        # The first key of the bar at the foot.
        terminal = await page.locator("#terminal .xterm-screen").bounding_box()
        assert terminal
        await page.touchscreen.tap(terminal["x"] + 30, terminal["y"] + terminal["height"] - 6)
        await shows(page, "PIN 是 4 到 8 位数字")


async def test_a_phone_gets_large_mode_and_all_of_it_fits(town: Any, tmp_path: Path) -> None:
    async with (
        serving(town, tmp_path / "kiosk") as (url, _),
        chromium() as browser,
        tablet(browser, viewport=PHONE) as context,
    ):
        page = await context.new_page()
        await page.goto(url)
        await sign_in(page, town.pin)
        await shows(page, "车里没有商品")
        assert await page.evaluate("document.documentElement.scrollWidth - innerWidth") == 0
        assert await page.evaluate("document.documentElement.scrollHeight - innerHeight") == 0


async def test_a_second_tab_is_told_and_opens_when_the_first_is_closed(town: Any, tmp_path: Path) -> None:
    async with serving(town, tmp_path / "kiosk") as (url, _), chromium() as browser, tablet(browser) as context:
        first, second = await context.new_page(), await context.new_page()
        await first.goto(url)
        await sign_in(first, town.pin)
        await second.goto(url)
        await expect(second.locator("#sentence")).to_contain_text("正在另一个窗口里使用")
        await expect(second.locator("#again")).to_be_hidden()
        await first.close()
        await shows(second, "陈管理员")
        await expect(second.locator("#notice")).to_be_hidden()


async def test_leaving_says_so_and_opens_again(town: Any, tmp_path: Path) -> None:
    async with serving(town, tmp_path / "kiosk") as (url, _), chromium() as browser, tablet(browser) as context:
        page = await context.new_page()
        await page.goto(url)
        await sign_in(page, town.pin)
        await page.keyboard.press("Control+q")
        await expect(page.locator("#sentence")).to_have_text("终端已退出")
        await page.get_by_role("button", name="重新打开").click()
        await shows(page, "请输入值班 PIN")


async def test_the_server_goes_and_comes_back(town: Any, tmp_path: Path) -> None:
    async with chromium() as browser, tablet(browser) as context:
        page = await context.new_page()
        async with serving(town, tmp_path / "kiosk") as (url, process):
            await page.goto(url)
            await sign_in(page, town.pin)
            child = await only_child(process.pid)
            process.send_signal(signal.SIGKILL)
            await expect(page.locator("#sentence")).to_contain_text("正在重新连接")
        # Nobody is left behind who would keep the till's data locked.
        async with asyncio.timeout(PATIENCE):
            while alive(child):
                await asyncio.sleep(0.1)
        async with serving(town, tmp_path / "kiosk", "--serve-port", str(urlsplit(url).port)):
            await shows(page, "请输入值班 PIN")
            await expect(page.locator("#notice")).to_be_hidden()


async def test_a_server_that_is_told_to_end_ends_in_order_before_a_tablet(town: Any, tmp_path: Path) -> None:
    async with chromium() as browser, tablet(browser) as context:
        page = await context.new_page()
        async with serving(town, tmp_path / "kiosk") as (url, process):
            await page.goto(url)
            await shows(page, "请输入值班 PIN")
            process.terminate()
            assert await process.wait() == 0


async def test_a_till_that_cannot_start_says_why() -> None:
    sentence = "这个文件夹正由另一台终端使用"
    refusing = [sys.executable, "-c", f"import sys; print({sentence!r}, file=sys.stderr); sys.exit(2)"]
    server = TestServer(KioskServer(refusing, {}).application())
    async with server, chromium() as browser, tablet(browser) as context:
        page = await context.new_page()
        await page.goto(str(server.make_url("/")))
        await expect(page.locator("#sentence")).to_have_text(sentence)
        await expect(page.get_by_role("button", name="重新打开")).to_be_visible()


async def only_child(pid: int) -> int:
    async with asyncio.timeout(PATIENCE):
        while not (children := children_of(pid)):
            await asyncio.sleep(0.05)
    [child] = children
    return child


def children_of(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def alive(pid: int) -> bool:
    """Dead ones that nobody has waited for don't count."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
