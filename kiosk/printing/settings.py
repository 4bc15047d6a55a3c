"""The printer's settings."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit

from kiosk.language import _
from kiosk.printing.devices import Device, FileDevice, NetworkDevice, UsbDevice

RAW_PORT = 9100
"""The port of network printers."""
COLUMNS = {"58": 32, "80": 48}
"""By the width of the paper in millimetres, at the default font size of receipt printers."""


class Encoding(StrEnum):
    """The printer's encoding for Chinese. In `UTF8` there is no Chinese mode."""

    GB18030 = "gb18030"
    GBK = "gbk"
    UTF8 = "utf-8"


class Mode(StrEnum):
    """Slips are sent as text, or as images for printers without Chinese characters."""

    TEXT = "text"
    IMAGE = "image"


@dataclass(frozen=True, slots=True)
class PrinterSettings:
    """`width` is in columns."""

    device: Device
    width: int = COLUMNS["58"]
    encoding: Encoding = Encoding.GB18030
    mode: Mode = Mode.TEXT


def read_settings(printer: str, width: str, encoding: str, mode: str) -> PrinterSettings | None:
    """None if `printer` is empty. `width` is in millimetres.

    Raises ValueError with one sentence for an invalid setting."""
    if width not in COLUMNS:
        raise ValueError(_("纸宽只能是 58 或 80（毫米）：{width}").format(width=width))
    if encoding not in list(Encoding):
        raise ValueError(_("打印机编码只能是 gb18030、gbk 或 utf-8：{encoding}").format(encoding=encoding))
    if mode not in list(Mode):
        raise ValueError(_("打印方式只能是 text（文字）或 image（图片）：{mode}").format(mode=mode))
    if not printer.strip():
        return None
    return PrinterSettings(_parse_device(printer.strip()), COLUMNS[width], Encoding(encoding), Mode(mode))


def _parse_device(printer: str) -> Device:
    kind, _colon, place = printer.partition(":")
    match kind:
        case "network":
            return _parse_network(place)
        case "usb":
            return _parse_usb(place)
        case "file":
            return _parse_file(place)
        case _:
            raise ValueError(
                _("打印机要写成 network:192.168.1.50:9100、usb:04b8:0202 或 file:/dev/usb/lp0 这样：") + printer
            )


def _parse_network(place: str) -> NetworkDevice:
    error = ValueError(_("网络打印机要写成 network:192.168.1.50:9100 这样：network:{place}").format(place=place))
    if not re.fullmatch(r"[\w.-]+(:\d+)?|\[[0-9A-Fa-f:.]+\](:\d+)?", place, re.ASCII):
        raise error
    try:
        address = urlsplit(f"//{place}")
        port = RAW_PORT if address.port is None else address.port
    except ValueError:
        raise error from None
    if not address.hostname or port == 0:
        raise error
    return NetworkDevice(address.hostname, port)


def _parse_usb(place: str) -> UsbDevice:
    numbers = re.fullmatch(r"([0-9A-Fa-f]{4}):([0-9A-Fa-f]{4})", place)
    if numbers is None:
        raise ValueError(
            _("USB 打印机要写成 usb:04b8:0202 这样（用 lsusb 查看）：usb:{place}").format(place=place)
        )
    return UsbDevice(int(numbers[1], 16), int(numbers[2], 16))


def _parse_file(place: str) -> FileDevice:
    if not place.startswith("/") or "\0" in place:
        raise ValueError(_("打印机设备要写成 file:/dev/usb/lp0 这样的完整路径：file:{place}").format(place=place))
    return FileDevice(place)
