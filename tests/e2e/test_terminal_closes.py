"""A kiosk whose terminal closes, or which is told to end, quits in order, and its folder is free again."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import IO, cast

import pytest
from textual.drivers._writer_thread import MAX_QUEUED_WRITES, WriterThread

from kiosk.store.facade import Store
from kiosk.terminal import STUCK, ForgivingOutput
from tests.e2e.terminal import Terminal

NO_SERVER = "http://127.0.0.1:9"

BLOCKED = """
import asyncio, queue
from kiosk import terminal

class App:
    def exit(self):
        raise AssertionError("the event loop is blocked")

async def main():
    with terminal.quit_on_signals(App()):
        print("ready", flush=True)
        queue.Queue().get()

terminal.QUIT_TIMEOUT = 0.1
asyncio.run(main())
"""


async def start(folder: Path, *, controlling: bool = True) -> Terminal:
    terminal = await Terminal.run(
        *(sys.executable, "-m", "api.cli", "kiosk", "--server", NO_SERVER, "--data", str(folder)),
        environment={**os.environ, "TERM": "xterm-256color", "LC_ALL": "C.UTF-8"},
        controlling=controlling,
    )
    await terminal.sees("登 记 终 端")
    return terminal


@pytest.mark.parametrize("controlling", [True, False], ids=["hangup", "no-signal"])
async def test_the_terminal_closes(tmp_path: Path, controlling: bool) -> None:
    terminal = await start(tmp_path, controlling=controlling)
    assert await terminal.close() == 0
    with Store(tmp_path):
        pass


async def test_the_process_is_told_to_end(tmp_path: Path) -> None:
    terminal = await start(tmp_path)
    assert await terminal.terminate() == 0
    with Store(tmp_path):
        pass


def test_a_blocked_app_is_ended() -> None:
    with subprocess.Popen([sys.executable, "-c", BLOCKED], stdout=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stdout.readline() == b"ready\n"
        process.terminate()
        assert process.wait(30) == STUCK


def test_output_to_a_closed_terminal_is_dropped() -> None:
    master, slave = os.openpty()
    file = os.fdopen(slave, "w")
    writer = WriterThread(cast(IO[str], ForgivingOutput(file)))
    writer.start()
    os.close(master)
    texts = ["x"] * 2 * MAX_QUEUED_WRITES
    writing = threading.Thread(target=lambda: list(map(writer.write, texts)), daemon=True)
    writing.start()
    writing.join(30)
    assert not writing.is_alive()
    writer.stop()
    # What is still buffered can't be written either.
    with pytest.raises(OSError, match="Input/output error"):
        file.close()
