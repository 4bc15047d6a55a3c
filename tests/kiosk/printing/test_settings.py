"""Valid and invalid settings of the printer."""

from __future__ import annotations

import pytest

from kiosk.printing.devices import Device, FileDevice, NetworkDevice, UsbDevice
from kiosk.printing.settings import Encoding, Mode, PrinterSettings, read_settings


@pytest.mark.parametrize(
    ("setting", "device"),
    [
        ("network:192.168.1.50:9100", NetworkDevice("192.168.1.50", 9100)),
        ("network:192.168.1.50", NetworkDevice("192.168.1.50", 9100)),
        ("network:printer.local:9101", NetworkDevice("printer.local", 9101)),
        ("network:[fe80::1]:9100", NetworkDevice("fe80::1", 9100)),
        ("usb:04b8:0202", UsbDevice(0x04B8, 0x0202)),
        ("usb:1FC9:2016", UsbDevice(0x1FC9, 0x2016)),
        (" file:/dev/usb/lp0 ", FileDevice("/dev/usb/lp0")),
        ("file:/dev/打印机", FileDevice("/dev/打印机")),
    ],
)
def test_valid_printers(setting: str, device: Device) -> None:
    assert read_settings(setting, "58", "gb18030", "text") == PrinterSettings(device)
    settings = read_settings(setting, "80", "gbk", "image")
    assert settings == PrinterSettings(device, 48, Encoding.GBK, Mode.IMAGE)


@pytest.mark.parametrize("setting", ["network:h:9100", "usb:04b8:0202", "file:/dev/usb/lp0"])
def test_a_printers_name_is_its_setting(setting: str) -> None:
    settings = read_settings(setting, "58", "gb18030", "text")
    assert settings is not None
    assert str(settings.device) == setting


def test_no_printer() -> None:
    assert read_settings("", "58", "gb18030", "text") is None


@pytest.mark.parametrize(
    ("setting", "told"),
    [
        ("lp0", "network:192.168.1.50:9100、usb:04b8:0202 或 file:/dev/usb/lp0"),
        ("serial:/dev/ttyS0", "network:192.168.1.50:9100、usb:04b8:0202 或 file:/dev/usb/lp0"),
        ("network:", "network:192.168.1.50:9100"),
        ("network::9100", "network:192.168.1.50:9100"),
        ("network:h:0", "network:192.168.1.50:9100"),
        ("network:h:70000", "network:192.168.1.50:9100"),
        ("network:h:九", "network:192.168.1.50:9100"),
        ("network:someone@h:1", "network:192.168.1.50:9100"),
        ("network:[1:2]:9100", "network:192.168.1.50:9100"),
        ("usb:4b8:202", "lsusb"),
        ("usb:04b8", "lsusb"),
        ("usb:04b8:0202:1", "lsusb"),
        ("file:lp0", "完整路径"),
        ("file:", "完整路径"),
        ("file:/dev/\0", "完整路径"),
    ],
)
def test_invalid_printers(setting: str, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        read_settings(setting, "58", "gb18030", "text")


@pytest.mark.parametrize(
    ("width", "encoding", "mode", "told"),
    [
        ("57", "gbk", "text", "58 或 80"),
        ("80", "gb2312x", "text", "gb18030、gbk 或 utf-8"),
        ("80", "gbk", "picture", "text（文字）或 image（图片）"),
    ],
)
def test_other_settings_are_checked_without_a_printer_too(width: str, encoding: str, mode: str, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        read_settings("", width, encoding, mode)
