"""Devices tested with real sockets, files and pipes: the data sent, and the errors."""

from __future__ import annotations

import asyncio
import os
import select
import socket
import struct
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import pytest

from kiosk.printing.devices import Device, FileDevice, NetworkDevice
from kiosk.printing.errors import PrinterError

SLIP = bytes(range(256)) * 40
# More than the buffers between two processes.
MUCH = bytes(64_000_000)

Behaviour = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def network_printer(behave: Behaviour) -> AsyncIterator[NetworkDevice]:
    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await behave(reader, writer)
        finally:
            writer.transport.abort()

    async with await asyncio.start_server(connected, "127.0.0.1", 0) as server:
        yield NetworkDevice("127.0.0.1", server.sockets[0].getsockname()[1])


async def send(device: Device, data: bytes, seconds: float = 5.0) -> None:
    await asyncio.to_thread(device.send, data, seconds)


async def refuse(device: Device, data: bytes, seconds: float = 5.0) -> PrinterError:
    with pytest.raises(PrinterError) as away:
        await send(device, data, seconds)
    return away.value


# --- network ---------------------------------------------------------------------------------------------


async def test_a_network_printer_gets_the_whole_slip() -> None:
    got = asyncio.get_running_loop().create_future()

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        got.set_result(await reader.read())

    async with network_printer(take) as printer:
        await send(printer, SLIP)
        assert await got == SLIP


async def test_a_printer_that_sends_status_loses_nothing() -> None:
    """Printers send their status unasked; a reset of the connection would discard what isn't printed."""

    def take(end: socket.socket) -> bytes:
        end.sendall(b"\x14\0\0\x0f")
        return b"".join(iter(lambda: end.recv(777), b""))

    with socket.create_server(("127.0.0.1", 0)) as listener:
        sending = asyncio.create_task(send(NetworkDevice("127.0.0.1", listener.getsockname()[1]), SLIP))
        end, _ = await asyncio.to_thread(listener.accept)
    with end:
        assert await asyncio.to_thread(take, end) == SLIP
        await sending
        assert end.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0


async def test_a_printer_that_is_switched_off() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        printer = NetworkDevice("127.0.0.1", free.getsockname()[1])
    away = await refuse(printer, SLIP)
    assert f"连不上打印机 127.0.0.1:{printer.port}" in away.sentence
    assert not away.maybe_printed


async def test_an_invalid_address() -> None:
    assert "连不上" in (await refuse(NetworkDevice("a" * 64 + ".invalid", 9100), SLIP)).sentence


async def test_a_printer_that_hangs() -> None:
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        away = await refuse(NetworkDevice("127.0.0.1", deaf.getsockname()[1]), MUCH, 0.5)
    assert "没有反应" in away.sentence
    assert away.maybe_printed


async def test_a_printer_that_disconnects_in_the_middle() -> None:
    async def go(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(1000)
        line = writer.get_extra_info("socket")
        line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    async with network_printer(go) as printer:
        away = await refuse(printer, MUCH)
    assert "可能只打了一部分" in away.sentence
    assert away.maybe_printed


# --- device files ----------------------------------------------------------------------------------------


async def test_a_file_gets_one_slip_after_the_other(tmp_path: Path) -> None:
    file = tmp_path / "lp0"
    file.touch()
    await send(FileDevice(str(file)), SLIP)
    await send(FileDevice(str(file)), b"second")
    assert file.read_bytes() == SLIP + b"second"


async def test_a_missing_device_is_not_created(tmp_path: Path) -> None:
    away = await refuse(FileDevice(str(tmp_path / "lp0")), SLIP)
    assert "找不到打印机" in away.sentence
    assert not away.maybe_printed
    assert os.listdir(tmp_path) == []
    assert "文件夹" in (await refuse(FileDevice(str(tmp_path)), SLIP)).sentence


async def test_a_printer_without_paper() -> None:
    away = await refuse(FileDevice("/dev/full"), SLIP)
    assert "没有纸" in away.sentence
    assert away.maybe_printed


@pytest.fixture
def pipe(tmp_path: Path) -> FileDevice:
    """A device without a reader."""
    os.mkfifo(tmp_path / "lp0")
    return FileDevice(str(tmp_path / "lp0"))


@contextmanager
def behind(pipe: FileDevice) -> Iterator[int]:
    """The printer's end."""
    end = os.open(pipe.path, os.O_RDONLY | os.O_NONBLOCK)
    try:
        yield end
    finally:
        os.close(end)


async def test_a_device_without_a_reader(pipe: FileDevice) -> None:
    assert "找不到打印机" in (await refuse(pipe, SLIP)).sentence


async def test_a_device_that_hangs(pipe: FileDevice) -> None:
    with behind(pipe):
        away = await refuse(pipe, MUCH, 0.3)
    assert "没有反应" in away.sentence
    assert away.maybe_printed


async def test_a_slow_device_gets_the_whole_slip(pipe: FileDevice) -> None:
    def read(end: int) -> bytes:
        select.select([end], [], [])
        os.set_blocking(end, True)
        return b"".join(iter(lambda: os.read(end, 777), b""))

    with behind(pipe) as end:
        got, _ = await asyncio.gather(asyncio.to_thread(read, end), send(pipe, SLIP * 30))
    assert got == SLIP * 30


async def test_a_device_that_disconnects_in_the_middle(pipe: FileDevice) -> None:
    def read() -> None:
        with behind(pipe) as end:
            ready.set()
            select.select([end], [], [])
            os.read(end, 1000)

    ready = threading.Event()
    reading = asyncio.create_task(asyncio.to_thread(read))
    await asyncio.to_thread(ready.wait)
    away = await refuse(pipe, MUCH)
    await reading
    assert "可能只打了一部分" in away.sentence
    assert away.maybe_printed
