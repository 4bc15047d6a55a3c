"""Which printer there is and how it is to be spoken to, as settings write it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit

from kiosk.language import _
from kiosk.printing.devices import Device, DeviceFile, Network, Usb

RAW_PORT = 9100
"""Where network printers listen."""
COLUMNS = {"58": 32, "80": 48}
"""Of paper so many millimetres wide, at the size that all receipt printers begin with."""


class Encoding(StrEnum):
    """What the printer takes Chinese in. In `UTF8` there is no Chinese mode."""

    GB18030 = "gb18030"
    GBK = "gbk"
    UTF8 = "utf-8"


class Mode(StrEnum):
    """Whether slips go out as characters, or drawn, for printers that have no Chinese ones."""

    TEXT = "text"
    IMAGE = "image"


@dataclass(frozen=True, slots=True)
class Settings:
    """`width` is in columns."""

    device: Device
    width: int = COLUMNS["58"]
    encoding: Encoding = Encoding.GB18030
    mode: Mode = Mode.TEXT


def read_settings(printer: str, width: str, encoding: str, mode: str) -> Settings | None:
    """None where `printer` is empty: there is none. `width` is in millimetres.

    Raises ValueError with one Chinese sentence for what can't be meant."""
    if width not in COLUMNS:
        raise ValueError(_("纸宽只能是 58 或 80（毫米）：{width}").format(width=width))
    if encoding not in list(Encoding):
        raise ValueError(_("打印机编码只能是 gb18030、gbk 或 utf-8：{encoding}").format(encoding=encoding))
    if mode not in list(Mode):
        raise ValueError(_("打印方式只能是 text（文字）或 image（图片）：{mode}").format(mode=mode))
    if not printer.strip():
        return None
    return Settings(_device(printer.strip()), COLUMNS[width], Encoding(encoding), Mode(mode))


def _device(printer: str) -> Device:
    kind, _colon, place = printer.partition(":")
    match kind:
        case "network":
            return _network(place)
        case "usb":
            return _usb(place)
        case "file":
            return _file(place)
        case _:
            raise ValueError(
                _("打印机要写成 network:192.168.1.50:9100、usb:04b8:0202 或 file:/dev/usb/lp0 这样：") + printer
            )


def _network(place: str) -> Network:
    wrong = ValueError(_("网络打印机要写成 network:192.168.1.50:9100 这样：network:{place}").format(place=place))
    if not re.fullmatch(r"[\w.-]+(:\d+)?|\[[0-9A-Fa-f:.]+\](:\d+)?", place, re.ASCII):
        raise wrong
    try:
        address = urlsplit(f"//{place}")
        port = RAW_PORT if address.port is None else address.port
    except ValueError:
        raise wrong from None
    if not address.hostname or port == 0:
        raise wrong
    return Network(address.hostname, port)


def _usb(place: str) -> Usb:
    numbers = re.fullmatch(r"([0-9A-Fa-f]{4}):([0-9A-Fa-f]{4})", place)
    if numbers is None:
        raise ValueError(
            _("USB 打印机要写成 usb:04b8:0202 这样（用 lsusb 查看）：usb:{place}").format(place=place)
        )
    return Usb(int(numbers[1], 16), int(numbers[2], 16))


def _file(place: str) -> DeviceFile:
    if not place.startswith("/") or "\0" in place:
        raise ValueError(_("打印机设备要写成 file:/dev/usb/lp0 这样的完整路径：file:{place}").format(place=place))
    return DeviceFile(place)
