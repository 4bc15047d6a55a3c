"""The printer: whatever the device does, the app goes on."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from kiosk.printing.commands import build_text_commands
from kiosk.printing.devices import Device, FileDevice, NetworkDevice
from kiosk.printing.errors import PrinterError
from kiosk.printing.printer import EscposPrinter, print_report, print_slip
from kiosk.printing.report import lay_out_report
from kiosk.printing.settings import Encoding, Mode, PrinterSettings
from kiosk.printing.slip import lay_out_slip
from tests.kiosk.printing.slips import REPORT, SLIP
from tests.kiosk.printing.test_image import needs_font


class Stuck:
    """A device that blocks until it is freed, ignoring the timeout."""

    def __init__(self) -> None:
        self.free = threading.Event()
        self.got: list[bytes] = []

    def send(self, data: bytes, timeout: float) -> None:
        assert self.free.wait(60)
        self.got.append(data)


def receipt(width: int = 32, *, reprint: bool = False) -> bytes:
    return build_text_commands(lay_out_slip(SLIP, width, reprint=reprint), Encoding.GB18030)


@pytest.mark.parametrize("reprint", [False, True])
async def test_a_receipt_and_a_report_are_sent(tmp_path: Path, reprint: bool) -> None:
    file = tmp_path / "lp0"
    file.touch()
    printer = EscposPrinter(PrinterSettings(FileDevice(str(file)), width=48))
    await print_slip(printer, SLIP, reprint=reprint)
    await print_report(printer, REPORT, reprint=reprint)
    report = build_text_commands(lay_out_report(REPORT, 48, reprint=reprint), Encoding.GB18030)
    assert file.read_bytes() == receipt(48, reprint=reprint) + report


@needs_font
async def test_a_receipt_is_sent_as_an_image(tmp_path: Path) -> None:
    file = tmp_path / "lp0"
    file.touch()
    await print_slip(EscposPrinter(PrinterSettings(FileDevice(str(file)), mode=Mode.IMAGE)), SLIP, reprint=False)
    assert file.read_bytes().startswith(b"\x1b@\x1dv0\0\x30\0")


async def test_receipts_are_sent_one_by_one() -> None:
    got = []

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        got.append(await reader.read())
        writer.close()

    async with await asyncio.start_server(take, "127.0.0.1", 0) as server:
        printer = EscposPrinter(PrinterSettings(NetworkDevice("127.0.0.1", server.sockets[0].getsockname()[1])))
        await asyncio.gather(*(print_slip(printer, SLIP, reprint=each) for each in (False, True)))
    assert got == [receipt(), receipt(reprint=True)]


async def test_a_hanging_device_does_not_block_the_app() -> None:
    device = Stuck()
    printer = EscposPrinter(PrinterSettings(device), timeout=0.2)
    first = await refused(printer)
    assert "没有反应" in first.sentence
    assert first.maybe_printed
    # The next slips are refused, without a second thread that hangs.
    for _ in range(3):
        away = await refused(printer)
        assert "还没有收完上一张" in away.sentence
        assert not away.maybe_printed
    device.free.set()
    while device.got != [receipt()]:
        await asyncio.sleep(0.001)
    await print_slip(printer, SLIP, reprint=True)
    assert device.got == [receipt(), receipt(reprint=True)]


async def test_slips_behind_a_hanging_one_fail_in_time() -> None:
    device = Stuck()
    printer = EscposPrinter(PrinterSettings(device), timeout=0.2)
    slips = [print_slip(printer, SLIP, reprint=False) for _ in range(500)]
    # One after another they would take a hundred seconds.
    async with asyncio.timeout(50):
        answers = await asyncio.gather(*slips, return_exceptions=True)
    assert [isinstance(each, PrinterError) and each.maybe_printed for each in answers] == [True] + [False] * 499
    device.free.set()


async def test_a_receipt_that_timed_out_does_not_break_the_next() -> None:
    device = Stuck()
    printer = EscposPrinter(PrinterSettings(device))
    sending = asyncio.create_task(print_slip(printer, SLIP, reprint=False))
    await asyncio.sleep(0)
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending
    device.free.set()
    while len(device.got) < 1:
        await asyncio.sleep(0.001)
    await print_slip(printer, SLIP, reprint=True)
    assert device.got == [receipt(), receipt(reprint=True)]


async def refused(printer: EscposPrinter) -> PrinterError:
    with pytest.raises(PrinterError) as away:
        await print_slip(printer, SLIP, reprint=False)
    return away.value


async def test_a_printer_that_is_switched_off(tmp_path: Path) -> None:
    missing: Device = FileDevice(str(tmp_path / "lp0"))
    assert "找不到打印机" in (await refused(EscposPrinter(PrinterSettings(missing)))).sentence


HANGING = """
import asyncio, threading
from kiosk.printing.errors import PrinterError
from kiosk.printing.printer import EscposPrinter
from kiosk.printing.settings import PrinterSettings

class Stuck:
    def send(self, data, timeout):
        threading.Event().wait()

async def main():
    try:
        await EscposPrinter(PrinterSettings(Stuck()), timeout=0.1).send([])
    except PrinterError:
        print("away")

asyncio.run(main())
"""


def test_the_program_ends_while_a_device_hangs() -> None:
    done = subprocess.run([sys.executable, "-c", HANGING], capture_output=True, text=True, timeout=30, check=True)
    assert done.stdout == "away\n"


def test_the_kiosk_starts_without_importing_printing() -> None:
    late = "{'PIL', 'escpos', 'usb'}"
    code = f"import sys, kiosk.app, kiosk.printing.settings; print({late} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=True)
    assert done.stdout == "set()\n"
