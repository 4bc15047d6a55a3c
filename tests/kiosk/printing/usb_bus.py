"""A fake USB bus with one device, as a backend of pyusb."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

from usb.backend import IBackend
from usb.core import USBError, USBTimeoutError

PACKET = 64
PRINTER, DISK = 7, 8
IN, OUT = 0x82, 0x03


class Bus(IBackend):
    """`got` is what the device was sent, a packet at most each time. After `room` bytes it fails with `failure`;
    `closed` is why it can't be opened at all."""

    def __init__(
        self, kind: int = PRINTER, *, room: int = 1_000_000, failure: int = errno.ETIMEDOUT, closed: int = 0
    ) -> None:
        self._kind = kind
        self._room = room
        self._failure = failure
        self._closed = closed
        self.got = b""
        self.driven = True
        self.claimed = False
        self.opened = False

    def enumerate_devices(self) -> Iterator[str]:
        yield "printer"

    def get_device_descriptor(self, dev: str) -> SimpleNamespace:
        numbers = {"idVendor": 0x04B8, "idProduct": 0x0202, "bNumConfigurations": 1}
        return _descriptor(
            "bLength bDescriptorType bcdUSB bDeviceClass bDeviceSubClass bDeviceProtocol bMaxPacketSize0 bcdDevice"
            " iManufacturer iProduct iSerialNumber address bus port_number port_numbers speed",
            **numbers,
        )

    def get_configuration_descriptor(self, dev: str, config: int) -> SimpleNamespace:
        if config > 0:
            raise IndexError
        return _descriptor(
            "bLength bDescriptorType wTotalLength iConfiguration bmAttributes bMaxPower extra_descriptors",
            bNumInterfaces=1,
            bConfigurationValue=1,
        )

    def get_interface_descriptor(self, dev: str, intf: int, alt: int, config: int) -> SimpleNamespace:
        if intf > 0 or alt > 0:
            raise IndexError
        return _descriptor(
            "bLength bDescriptorType bInterfaceNumber bAlternateSetting bInterfaceSubClass bInterfaceProtocol"
            " iInterface extra_descriptors",
            bNumEndpoints=2,
            bInterfaceClass=self._kind,
        )

    def get_endpoint_descriptor(self, dev: str, ep: int, intf: int, alt: int, config: int) -> SimpleNamespace:
        return _descriptor(
            "bLength bDescriptorType bInterval bRefresh bSynchAddress extra_descriptors",
            bEndpointAddress=(IN, OUT)[ep],
            bmAttributes=2,
            wMaxPacketSize=PACKET,
        )

    def open_device(self, dev: str) -> str:
        if self._closed:
            raise USBError("not for you", -3, self._closed)
        self.opened = True
        return "handle"

    def close_device(self, dev_handle: str) -> None:
        self.opened = False

    def get_configuration(self, dev_handle: str) -> int:
        return 1

    def is_kernel_driver_active(self, dev_handle: str, intf: int) -> bool:
        return self.driven

    def detach_kernel_driver(self, dev_handle: str, intf: int) -> None:
        self.driven = False

    def attach_kernel_driver(self, dev_handle: str, intf: int) -> None:
        assert not self.claimed
        self.driven = True

    def claim_interface(self, dev_handle: str, intf: int) -> None:
        if self.driven:
            raise USBError("busy", -6, errno.EBUSY)
        self.claimed = True

    def release_interface(self, dev_handle: str, intf: int) -> None:
        self.claimed = False

    def bulk_write(self, dev_handle: str, ep: int, intf: int, data: Any, timeout: int) -> int:
        assert ep == OUT
        assert timeout > 0
        if len(self.got) >= self._room:
            if self._failure == errno.ETIMEDOUT:
                raise USBTimeoutError("timed out", -7, self._failure)
            raise USBError("gone", -4, self._failure)
        packet = bytes(data[:PACKET])
        self.got += packet
        return len(packet)


def _descriptor(zeros: str, **numbers: int) -> SimpleNamespace:
    return SimpleNamespace(**dict.fromkeys(zeros.split(), 0), **numbers)
