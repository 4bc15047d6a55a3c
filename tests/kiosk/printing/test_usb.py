"""USB printers on a fake bus: the data sent, and the errors."""

from __future__ import annotations

import errno

import pytest

from kiosk.printing.devices import UsbDevice
from kiosk.printing.errors import PrinterError
from tests.kiosk.printing.usb_bus import DISK, Bus

SLIP = bytes(range(256)) * 40


def refused(bus: Bus, *, product: int = 0x0202) -> PrinterError:
    with pytest.raises(PrinterError) as away:
        UsbDevice(0x04B8, product, bus).send(SLIP, 5.0)
    # The system's driver has its printer back, or never lost it.
    assert bus.driven
    assert not bus.opened
    return away.value


def test_a_usb_printer_gets_the_whole_slip() -> None:
    """In small packets too."""
    bus = Bus()
    for slip in (SLIP, b"second"):
        UsbDevice(0x04B8, 0x0202, bus).send(slip, 5.0)
    assert bus.got == SLIP + b"second"
    assert bus.driven
    assert not bus.opened


def test_a_usb_printer_that_is_missing() -> None:
    assert "找不到打印机 usb:04b8:0203" in refused(Bus(), product=0x0203).sentence


def test_a_device_that_is_no_printer() -> None:
    assert "不是打印机" in refused(Bus(DISK)).sentence


@pytest.mark.parametrize(
    ("room", "failure", "told"),
    [
        (0, errno.ETIMEDOUT, "没有反应"),
        (640, errno.ETIMEDOUT, "没有反应"),
        (0, errno.ENODEV, "没有反应"),
        (640, errno.ENODEV, "可能只打了一部分"),
    ],
)
def test_a_usb_printer_that_stops(room: int, failure: int, told: str) -> None:
    away = refused(Bus(room=room, failure=failure))
    assert told in away.sentence
    assert away.maybe_printed == (room > 0)


@pytest.mark.parametrize(("closed", "told"), [(errno.EACCES, "权限"), (errno.EBUSY, "占用")])
def test_a_usb_printer_that_is_not_permitted(closed: int, told: str) -> None:
    away = refused(Bus(closed=closed))
    assert told in away.sentence
    assert not away.maybe_printed
