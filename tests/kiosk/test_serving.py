"""The kiosk behind a web socket: its process, one browser at a time, and disconnects."""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp.test_utils import TestServer

from api.cli.kiosk import _settings_as_environment, kiosk
from kiosk.serving.process import CRASHED, TERMINAL_SETUP
from kiosk.serving.server import ENDED, IN_USE, OTHER_DEVICE, OTHER_WINDOW, UNSETTLED, KioskServer
from kiosk.store.facade import Store
from tests.kiosk.conftest import Network, card_url, enrol_store

PATIENCE = 20.0
F2, CTRL_Q = "\x1b[12~", "\x11"
JIMEI = [sys.executable, "-m", "api.cli", "kiosk"]
SOAP = "6901234567892"


@dataclass
class Browser:
    """What a browser window received."""

    websocket: aiohttp.ClientWebSocketResponse
    written: bytes = b""
    said: list[str] = field(default_factory=list)
    bells: list[float] = field(default_factory=list)

    async def read(self) -> None:
        async for message in self.websocket:
            if message.type is aiohttp.WSMsgType.BINARY:
                self.written += message.data
                if message.data == b"\a":
                    self.bells.append(time.monotonic())
            else:
                kind, value = json.loads(message.data)
                assert kind == "said"
                self.said.append(value)

    @property
    def text(self) -> str:
        return re.sub(r"\x1b\[[0-9;?<>=]*[a-zA-Z]", "", self.written.decode(errors="replace"))

    async def until(self, condition: Callable[[], object]) -> None:
        async with asyncio.timeout(PATIENCE):
            while not condition():
                await asyncio.sleep(0.01)

    async def sees(self, text: str) -> None:
        try:
            await self.until(lambda: text in self.text)
        except TimeoutError:
            pytest.fail(f"never saw {text}: {self.text[-1500:]} {self.said}")

    async def types(self, keys: str) -> None:
        await self.websocket.send_json(["stdin", keys])

    async def wait_until_closed(self) -> tuple[int | None, list[str]]:
        await self.until(lambda: self.websocket.closed)
        return self.websocket.close_code, self.said

    async def sign_in(self, pin: str) -> None:
        await self.sees("请输入值班 PIN")
        await self.types(pin)
        await self.types(F2)
        await self.sees("请扫户卡")


@dataclass
class RunningServer:
    """A server, and browsers to open its page."""

    server: KioskServer
    url: str

    @asynccontextmanager
    async def device(self) -> AsyncIterator[aiohttp.ClientSession]:
        """A browser with its cookies, which has opened the page."""
        async with aiohttp.ClientSession(self.url, cookie_jar=aiohttp.CookieJar(unsafe=True)) as device:
            async with device.get("/") as page:
                assert page.status == 200
            yield device

    @asynccontextmanager
    async def window(self, device: aiohttp.ClientSession, name: str = "w1") -> AsyncIterator[Browser]:
        origin = {"Origin": self.url}
        async with device.ws_connect(f"/till/{name}?width=80&height=24", headers=origin) as websocket:
            browser = Browser(websocket)
            reading = asyncio.create_task(browser.read())
            yield browser
            await websocket.close()
            await reading

    async def wait_until_left(self) -> None:
        """Wait until the server has noticed that no window is attached."""
        async with asyncio.timeout(PATIENCE):
            while self.server._occupancy and self.server._occupancy.websocket:
                await asyncio.sleep(0.01)


@asynccontextmanager
async def serving(command: list[str], settings: dict[str, str]) -> AsyncIterator[RunningServer]:
    server = KioskServer(command, settings)
    async with TestServer(server.application()) as live:
        yield RunningServer(server, str(live.make_url("")).rstrip("/"))


@pytest.fixture
def settings(town: Any, tmp_path: Path) -> dict[str, str]:
    folder = tmp_path / "kiosk"
    with Store(folder) as store:
        enrol_store(store, town.url, town.kiosk)
    return {"JIMEI_SERVER": town.url, "JIMEI_KIOSK_DATA": str(folder)}


# --- the page ---------------------------------------------------------------------------------------------


async def test_the_page_is_chinese_and_loads_nothing_from_elsewhere(settings: dict[str, str]) -> None:
    async with serving(JIMEI, settings) as served, served.device() as device:
        async with device.get("/") as page:
            text = await page.text()
            policy = page.headers["Content-Security-Policy"]
            assert "set-cookie" not in {name.lower() for name in page.headers}
        assert '<html lang="zh-CN">' in text
        assert "<title>积美</title>" in text
        addresses = re.findall(r'(?:src|href)="([^"]+)"', text)
        assert len(addresses) == 5
        for address in addresses:
            assert address == "data:," or address.startswith(("/page/", "/terminal/"))
            if address.startswith("/"):
                async with device.get(address) as part:
                    assert part.status == 200
        assert "default-src 'none'" in policy
        assert "http" not in policy


async def test_another_site_cannot_control_the_kiosk(settings: dict[str, str]) -> None:
    async with serving(JIMEI, settings) as served, served.device() as device:
        for origin in ("http://elsewhere.example", "null", ""):
            with pytest.raises(aiohttp.WSServerHandshakeError) as refusal:
                await device.ws_connect("/till/w1", headers={"Origin": origin})
            assert refusal.value.status == 403
        assert served.server._occupancy is None


# --- one browser at a time --------------------------------------------------------------------------------


async def test_a_redemption(town: Any, settings: dict[str, str], balance: Any) -> None:
    async with serving(JIMEI, settings) as served, served.device() as device, served.window(device) as browser:
        await browser.sign_in(town.pin)
        assert browser.written.startswith(TERMINAL_SETUP)
        await browser.types(card_url(town.card) + "\r")
        await browser.sees("王**")
        await browser.types(SOAP + "\r")
        await browser.sees("肥皂 x1")
        await browser.types(F2)
        await browser.sees("兑换成功")
        assert await balance(town.card) == 95


async def test_after_a_network_failure_the_same_session_is_there(town: Any, settings: dict[str, str]) -> None:
    async with serving(JIMEI, settings) as served, served.device() as device:
        async with served.window(device) as browser:
            await browser.sign_in(town.pin)
            await browser.types(card_url(town.card) + "\r")
            await browser.sees("王**")
            await browser.types(SOAP + "\r")
            await browser.sees("肥皂 x1")
        await served.wait_until_left()
        async with served.window(device, "w2") as browser:
            for drawn_anew in ("积美", "陈管理员", "王**", "肥皂 x1", "确认兑换"):
                await browser.sees(drawn_anew)
            assert browser.written.startswith(TERMINAL_SETUP)


async def test_a_reloaded_window_replaces_its_own_connection(town: Any, settings: dict[str, str]) -> None:
    async with serving(JIMEI, settings) as served, served.device() as device, served.window(device) as before:
        await before.sign_in(town.pin)
        async with served.window(device) as browser:
            await browser.sees("陈管理员")
            await before.until(lambda: before.websocket.closed)
            await browser.types("\x1bOP")
            await browser.sees("扫不出卡")


async def test_a_second_window_and_a_second_device_are_refused(town: Any, settings: dict[str, str]) -> None:
    async with serving(JIMEI, settings) as served, served.device() as device, served.device() as other:
        async with served.window(device) as browser:
            await browser.sign_in(town.pin)
            async with served.window(device, "w2") as second:
                assert await second.wait_until_closed() == (IN_USE, [OTHER_WINDOW])
            async with served.window(other, "w3") as third:
                assert await third.wait_until_closed() == (IN_USE, [OTHER_DEVICE])
            async with device.get("/free/w2") as free:
                assert (free.status, await free.text()) == (409, OTHER_WINDOW)
            await browser.types("\x1bOP")
            await browser.sees("扫不出卡")
        await served.wait_until_left()
        async with device.get("/free/w2") as free:
            assert free.status == 204


async def test_another_device_gets_a_new_process(town: Any, settings: dict[str, str]) -> None:
    async with serving(JIMEI, settings) as served, served.device() as device, served.device() as other:
        async with served.window(device) as browser:
            await browser.sign_in(town.pin)
        await served.wait_until_left()
        async with served.window(other) as browser:
            await browser.sees("请输入值班 PIN")
            assert "请扫户卡" not in browser.text


async def test_a_pending_redemption_keeps_other_devices_out(
    town: Any, settings: dict[str, str], network: Network, balance: Any
) -> None:
    settings["JIMEI_SERVER"] = network.url
    async with town.staff("office") as http:
        policy = {"most": 0, "days": 1}
        (await http.put(f"/v1/kiosks/{town.kiosk.id}/lease-policy", json=policy)).raise_for_status()
    async with serving(JIMEI, settings) as served, served.device() as device, served.device() as other:
        async with served.window(device) as browser:
            await browser.sign_in(town.pin)
            await browser.types(card_url(town.card) + "\r")
            await browser.sees("王**")
            await browser.types(SOAP + "\r")
            await browser.sees("肥皂 x1")
            network.lose_answers = 1_000
            await browser.types(F2)
            await browser.sees("还没有答复")
        await served.wait_until_left()
        async with served.window(other) as third:
            assert await third.wait_until_closed() == (IN_USE, [UNSETTLED])
        async with served.window(device) as browser:
            await browser.sees("还没有答复")
            network.lose_answers = 0
            await browser.sees("兑换成功")
        assert await balance(town.card) == 95


# --- the end of the process -------------------------------------------------------------------------------


async def test_quitting_ends_the_process_and_the_next_window_gets_a_new_one(
    town: Any, settings: dict[str, str]
) -> None:
    async with serving(JIMEI, settings) as served, served.device() as device:
        async with served.window(device) as browser:
            await browser.sign_in(town.pin)
            await browser.types(CTRL_Q)
            assert await browser.wait_until_closed() == (ENDED, [""])
        async with served.window(device) as browser:
            await browser.sees("请输入值班 PIN")


async def test_a_kiosk_that_cannot_start_says_why(settings: dict[str, str]) -> None:
    settings["JIMEI_SERVER"] = "ftp://nowhere"
    async with serving(JIMEI, settings) as served, served.device() as device, served.window(device) as browser:
        assert await browser.wait_until_closed() == (
            ENDED,
            ["服务器地址要以 http:// 或 https:// 开头：ftp://nowhere"],
        )


async def test_a_crash_is_reported_in_a_sentence(caplog: pytest.LogCaptureFixture) -> None:
    command = [sys.executable, "-c", "raise SystemError('wires crossed')"]
    async with serving(command, {}) as served, served.device() as device, served.window(device) as browser:
        assert await browser.wait_until_closed() == (ENDED, [CRASHED])
    assert "wires crossed" in caplog.text


async def test_the_process_ends_with_the_server(settings: dict[str, str]) -> None:
    async with serving(JIMEI, settings) as served, served.device() as device:
        async with served.window(device) as browser:
            await browser.sees("请输入值班 PIN")
        await served.wait_until_left()
        assert served.server._occupancy
        process = served.server._occupancy.process
    assert process.ended.is_set()
    assert process.exit_sentence == ""


# --- settings and sound -----------------------------------------------------------------------------------


async def test_the_token_is_in_no_command_line(town: Any, settings: dict[str, str]) -> None:
    async with serving(JIMEI, settings) as served, served.device() as device, served.window(device) as browser:
        await browser.sees("请输入值班 PIN")
        assert served.server._occupancy
        running = served.server._occupancy.process._process
        assert running
        command = command_line(running.pid)
        assert command.split("\0")[1:-1] == JIMEI[1:]
        assert town.device_token not in command


def command_line(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_text()


def test_every_setting_reaches_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("JIMEI_")]:
        monkeypatch.delenv(name)
    own = {"serve", "serve_host", "serve_port", "only_test_print", "help"}
    for words in (
        ["--code", "T"],
        [
            *("--code", "T", "--server", "http://10.0.0.1", "--scanner-prefix", "~", "--scanner-suffix", "#"),
            *("--theme", "contrast", "--no-large", "--sound", "off"),
        ],
        ["--data", "T", "--large"],
    ):
        with kiosk.make_context("kiosk", list(words)) as given:
            environment = _settings_as_environment()
        with monkeypatch.context() as child:
            for name, value in environment.items():
                child.setenv(name, value)
            understood = kiosk.make_context("kiosk", [])
        unset = {name: given.params[name] for name in given.params if name not in own}
        assert {name: understood.params[name] for name in unset} == unset
        assert all(parameter.envvar for parameter in kiosk.params if parameter.name not in own)


async def test_one_bell_for_a_refusal_two_for_a_success(town: Any, settings: dict[str, str]) -> None:
    async with serving(JIMEI, settings) as served, served.device() as device, served.window(device) as browser:
        await browser.sign_in(town.pin)
        assert browser.bells == []
        await browser.types("6901234567890\r")
        await browser.sees("条码没有读对")
        await browser.until(lambda: len(browser.bells) == 1)
        await browser.types(card_url(town.card) + "\r")
        await browser.until(lambda: len(browser.bells) == 3)
        assert browser.bells[2] - browser.bells[1] > 0.1


async def test_sound_off(town: Any, settings: dict[str, str]) -> None:
    settings["JIMEI_SOUND"] = "off"
    async with serving(JIMEI, settings) as served, served.device() as device, served.window(device) as browser:
        await browser.sign_in(town.pin)
        await browser.types("6901234567890\r")
        await browser.sees("条码没有读对")
        await browser.types(card_url(town.card) + "\r")
        await browser.sees("现有 100 分")
        await browser.types("\x1bOP")
        await browser.sees("扫不出卡")
        assert browser.bells == []


def test_a_kiosk_in_a_terminal_imports_nothing_of_this() -> None:
    program = (
        "import sys, kiosk.app, api.cli\n"
        "print(sorted({name.partition('.')[0] for name in sys.modules} & {'aiohttp', 'textual_serve', 'jinja2'}))"
    )
    done = subprocess.run([sys.executable, "-P", "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    "sent", [b"", b"GET / HTTP/1.1\r\nHost: t", b"GET / HTTP/1.1\r\nHost: t\r\nContent-Length: 9\r\n\r\n{"]
)
async def test_a_request_that_stays_half_holds_no_connection(sent: bytes) -> None:
    server = TestServer(KioskServer([], {}).application())
    await server.start_server(keepalive_timeout=0.2, lingering_time=0.2)
    async with server:
        reader, writer = await asyncio.open_connection(server.host, server.port)
        writer.write(sent)
        async with asyncio.timeout(PATIENCE):
            await reader.read()
        writer.close()
