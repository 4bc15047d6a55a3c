"""The kiosk as it is started in a shop: `jimei kiosk` in a terminal of 80×24, against a live server."""

from __future__ import annotations

import asyncio
import os
import shlex
import shutil
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.command_line import end_with_parent

PATIENCE = 30.0
JIMEI = [sys.executable, "-m", "api.cli"]

pytestmark = pytest.mark.skipif(
    shutil.which("tmux") is None and os.environ.get("CI") != "true",
    reason="tmux is not installed; continuous integration always runs this",
)


@dataclass
class Terminal:
    """A tmux server of its own, with one window."""

    socket: Path

    @asynccontextmanager
    async def serve(self) -> AsyncIterator[None]:
        """Not as a daemon, which would go on when the tests are killed."""
        server = await self._start("-D", preexec_fn=end_with_parent)
        try:
            async with asyncio.timeout(PATIENCE):
                while not self.socket.exists():
                    await asyncio.sleep(0.01)
            yield
        finally:
            server.terminate()
            await server.wait()

    async def _start(self, *arguments: str, **options: Any) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            *("tmux", "-u", "-f", "/dev/null", "-S", str(self.socket), *arguments),
            env={**os.environ, "LC_ALL": "C.UTF-8", "TERM": "xterm-256color"},
            **options,
        )

    async def tmux(self, *arguments: str) -> str:
        process = await self._start(*arguments, stdout=asyncio.subprocess.PIPE)
        output, _ = await process.communicate()
        assert process.returncode == 0, arguments
        return output.decode()

    async def run(self, command: list[str]) -> None:
        # The window stays when the command ends, so that its last words can be read.
        await self.tmux("new-session", "-d", "-x", "80", "-y", "24", f"{shlex.join(command)}; read -r _")

    async def keys(self, *keys: str) -> None:
        await self.tmux("send-keys", *keys)

    async def burst(self, text: str) -> None:
        """All at once, as fast as any scanner."""
        await self.tmux("send-keys", "-l", text)

    async def screen(self) -> str:
        return await self.tmux("capture-pane", "-p")

    async def sees(self, *words: str) -> str:
        shown = ""
        try:
            async with asyncio.timeout(PATIENCE):
                while not all(word in shown for word in words):
                    await asyncio.sleep(0.05)
                    shown = await self.screen()
        except TimeoutError:
            pytest.fail(f"the screen never showed {words}:\n{shown}")
        return shown


@pytest.fixture
async def terminal(tmp_path: Path) -> AsyncIterator[Terminal]:
    terminal = Terminal(tmp_path / "tmux")
    async with terminal.serve():
        yield terminal


async def start_kiosk(terminal: Terminal, town: Any) -> None:
    """A new machine, made a kiosk by the code from the desk, typed as on a keyboard."""
    async with town.staff("office") as http:
        added = await http.post("/v1/kiosks", json={"supermarket": "hp", "name": "后门"})
        code = added.raise_for_status().json()["code"]
    folder = terminal.socket.with_name("kiosk")
    await terminal.run([*JIMEI, "kiosk", "--server", town.url, "--data", str(folder)])
    await terminal.sees("登 记 终 端")
    for symbol in code.lower():
        await terminal.keys(symbol)
    await terminal.keys("F2")
    await terminal.sees("请输入值班 PIN", "河畔村积美超市")
    await terminal.keys(*town.pin, "F2")
    await terminal.sees("请扫户卡", "陈管理员")


@pytest.mark.parametrize("end", ["Enter", "Tab", "C-j"])
async def test_scan_digit_f2_receipt(town: Any, terminal: Terminal, end: str) -> None:
    async with town.device() as http:
        shelf = (await http.get("/v1/till")).json()["shelf"]
    soap = next(str(item["number"]) for item in shelf if item["name"] == "肥皂")
    await start_kiosk(terminal, town)
    await terminal.burst(f"HTTPS://JIMEI.EXAMPLE/C/{town.card}")
    await terminal.keys(end)
    shown = await terminal.sees("王**", "现有 100 分")
    assert "王建国" not in shown
    await terminal.keys(soap)
    await terminal.sees("肥皂 x1", "按 F2 确认兑换")
    await terminal.keys("Enter")
    await terminal.keys("F2")
    shown = await terminal.sees("兑换成功", "肥皂 x1", "现有积分 95 分")
    assert max(len(line) for line in shown.splitlines()) <= 80
    async with town.device() as http:
        view = (await http.get(f"/v1/cards/{town.card}")).json()
    # The other till doesn't count what this one holds for the household.
    assert view["balance"] + view["elsewhere"] == 95


async def test_a_refusal_is_in_chinese_and_ctrl_q_leaves(town: Any, terminal: Terminal) -> None:
    await start_kiosk(terminal, town)
    await terminal.burst("6901234567890")
    await terminal.keys("Enter")
    await terminal.sees("条码没有读对")
    await terminal.keys("C-q")
    await until(terminal, lambda shown: "请扫户卡" not in shown)


async def test_one_folder_is_for_one_program(town: Any, terminal: Terminal) -> None:
    await start_kiosk(terminal, town)
    folder = terminal.socket.with_name("kiosk")
    second = await asyncio.create_subprocess_exec(
        *(*JIMEI, "kiosk", "--data", str(folder)),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    _, said = await second.communicate()
    assert second.returncode == 2
    assert "正被另一个终端程序使用" in said.decode()
    assert len(said.decode().splitlines()) == 1


async def until(terminal: Terminal, condition: Callable[[str], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not condition(await terminal.screen()):
            await asyncio.sleep(0.05)
