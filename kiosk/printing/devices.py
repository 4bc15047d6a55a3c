"""Sending bytes to a printer within a timeout: over the network, to a device file, or over USB.

The drivers of python-escpos aren't used. They take half a second to import, leave a folder behind each time and
write to the terminal that the kiosk is drawn on. The network driver's timeout is for each step, not for the whole;
the file driver creates a file if the device is missing, and waits for paper forever; the USB driver drops what
doesn't fit into one write.
"""

from __future__ import annotations

import errno
import os
import select
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from time import monotonic
from typing import Any, Protocol

from kiosk.language import N_, _
from kiosk.printing.errors import PrinterError

CLOSE_TIMEOUT = 1.0
"""Seconds for a network printer to close the connection from its side."""
CHUNK = 4096
PRINTER_CLASS = 7
BULK = 2

_NO_RESPONSE = N_("打印机没有反应：请检查电源、纸和数据线")
_INTERRUPTED = N_("打印机中途断开，可能只打了一部分：请看看纸条，需要时补打")


class Device(Protocol):
    def send(self, data: bytes, timeout: float) -> None:
        """Send all of `data` within about `timeout` seconds. Blocks. Raises PrinterError."""


class Deadline:
    def __init__(self, timeout: float) -> None:
        self._at = monotonic() + timeout

    @property
    def remaining(self) -> float:
        """Seconds, never zero, which means something else to a socket and to USB."""
        return max(self._at - monotonic(), 0.001)

    @property
    def passed(self) -> bool:
        return monotonic() >= self._at


@dataclass(frozen=True, slots=True)
class NetworkDevice:
    host: str
    port: int

    def __str__(self) -> str:
        return f"network:{self.host}:{self.port}"

    def send(self, data: bytes, timeout: float) -> None:
        deadline = Deadline(timeout)
        try:
            connection = socket.create_connection((self.host, self.port), timeout=deadline.remaining)
        except (OSError, UnicodeError) as error:
            raise PrinterError(
                _("连不上打印机 {host}:{port}：请检查电源和网线").format(host=self.host, port=self.port)
            ) from error
        with connection:
            try:
                connection.settimeout(deadline.remaining)
                connection.sendall(data)
                connection.shutdown(socket.SHUT_WR)
                self._await_close(connection, deadline)
            except TimeoutError as error:
                raise PrinterError(_(_NO_RESPONSE), maybe_printed=True) from error
            except OSError as error:
                raise PrinterError(_(_INTERRUPTED), maybe_printed=True) from error

    def _await_close(self, connection: socket.socket, deadline: Deadline) -> None:
        """Read until the printer closes: closing with unread data is a reset, which discards what isn't
        printed."""
        close_deadline = Deadline(min(CLOSE_TIMEOUT, deadline.remaining))
        with suppress(TimeoutError):
            while not close_deadline.passed:
                connection.settimeout(close_deadline.remaining)
                if not connection.recv(CHUNK):
                    return


@dataclass(frozen=True, slots=True)
class FileDevice:
    path: str

    def __str__(self) -> str:
        return f"file:{self.path}"

    def send(self, data: bytes, timeout: float) -> None:
        deadline = Deadline(timeout)
        with self._printer_errors(maybe_printed=False):
            # Not created if it is missing, and no blocking writes.
            file = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_NONBLOCK | os.O_NOCTTY)
        try:
            with self._printer_errors(maybe_printed=True):
                self._write(file, data, deadline)
        finally:
            os.close(file)

    def _write(self, file: int, data: bytes, deadline: Deadline) -> None:
        rest = memoryview(data)
        while rest:
            self._await_writable(file, deadline, maybe_printed=len(rest) < len(data))
            with suppress(BlockingIOError):
                rest = rest[os.write(file, rest) :]
        # usblp discards what hasn't been sent when the file is closed.
        self._await_writable(file, deadline, maybe_printed=True)

    def _await_writable(self, file: int, deadline: Deadline, *, maybe_printed: bool) -> None:
        waiting = select.poll()
        waiting.register(file, select.POLLOUT)
        ready = waiting.poll(deadline.remaining * 1000)
        if not ready or deadline.passed:
            raise PrinterError(_(_NO_RESPONSE), maybe_printed=maybe_printed)
        if not ready[0][1] & select.POLLOUT:
            raise PrinterError(_(_INTERRUPTED), maybe_printed=maybe_printed)

    @contextmanager
    def _printer_errors(self, *, maybe_printed: bool) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise PrinterError(self._describe(error), maybe_printed=maybe_printed) from error

    def _describe(self, error: OSError) -> str:
        match error.errno:
            case errno.ENOENT | errno.ENXIO | errno.ENODEV:
                return _("找不到打印机 {path}：请检查电源和数据线").format(path=self.path)
            case errno.EACCES | errno.EPERM:
                return _("没有使用打印机 {path} 的权限：请把本用户加入 lp 组，再重新登录").format(path=self.path)
            case errno.EBUSY:
                return _("打印机 {path} 正被别的程序占用").format(path=self.path)
            case errno.ENOSPC:
                return _("打印机没有纸了：请装好纸，再补打")
            case errno.EISDIR:
                return _("{path} 是文件夹，不是打印机").format(path=self.path)
            case _:
                return _(_INTERRUPTED)


@dataclass(frozen=True, slots=True)
class UsbDevice:
    """A printer by its vendor and product numbers, for machines whose system has no driver for it. `backend` is
    pyusb's, its default if None."""

    vendor: int
    product: int
    backend: Any = None

    def __str__(self) -> str:
        return f"usb:{self.vendor:04x}:{self.product:04x}"

    def send(self, data: bytes, timeout: float) -> None:
        import usb.core
        import usb.util

        deadline = Deadline(timeout)
        maybe_printed = False
        try:
            device = usb.core.find(idVendor=self.vendor, idProduct=self.product, backend=self.backend)
            if device is None:
                raise PrinterError(_("找不到打印机 {device}：请检查电源和数据线").format(device=self))
            try:
                with self._claim(device) as endpoint:
                    rest = memoryview(data)
                    while rest:
                        milliseconds = int(deadline.remaining * 1000) + 1
                        written = endpoint.write(rest[:CHUNK].tobytes(), timeout=milliseconds)
                        rest, maybe_printed = rest[written:], True
                        if rest and deadline.passed:
                            raise PrinterError(_(_NO_RESPONSE), maybe_printed=True)
            finally:
                usb.util.dispose_resources(device)
        except usb.core.NoBackendError as error:
            raise PrinterError(_("这台机器没有 libusb：请安装 libusb-1.0-0，或改用 file:/dev/usb/lp0")) from error
        except usb.core.USBTimeoutError as error:
            raise PrinterError(_(_NO_RESPONSE), maybe_printed=maybe_printed) from error
        except usb.core.USBError as error:
            sentence = self._describe(error, maybe_printed=maybe_printed)
            raise PrinterError(sentence, maybe_printed=maybe_printed) from error

    @contextmanager
    def _claim(self, device: Any) -> Iterator[Any]:
        """Claim the endpoint to write to, and give it back to the system's driver afterwards."""
        import usb.core
        import usb.util

        interface, endpoint = _find_endpoint(device.get_active_configuration())
        if endpoint is None:
            raise PrinterError(_("{device} 不是打印机：请检查设置里的编号").format(device=self))
        number = interface.bInterfaceNumber
        has_driver = False
        with suppress(NotImplementedError):
            has_driver = device.is_kernel_driver_active(number)
        if has_driver:
            device.detach_kernel_driver(number)
        try:
            usb.util.claim_interface(device, number)
            yield endpoint
        finally:
            # An unplugged printer can't be given back.
            with suppress(usb.core.USBError):
                usb.util.release_interface(device, number)
                if has_driver:
                    device.attach_kernel_driver(number)

    def _describe(self, error: OSError, *, maybe_printed: bool) -> str:
        match error.errno:
            case errno.EACCES | errno.EPERM:
                return _("没有使用打印机 {device} 的权限：请按说明加 udev 规则，或把本用户加入 lp 组").format(
                    device=self
                )
            case errno.EBUSY:
                return _("打印机 {device} 正被别的程序占用").format(device=self)
            case _:
                return _(_INTERRUPTED) if maybe_printed else _(_NO_RESPONSE)


def _find_endpoint(configuration: Any) -> tuple[Any, Any]:
    """The first printer interface, with its outgoing bulk endpoint."""
    for interface in configuration:
        if interface.bInterfaceClass == PRINTER_CLASS:
            for endpoint in interface:
                if endpoint.bEndpointAddress < 0x80 and endpoint.bmAttributes & 0x03 == BULK:
                    return interface, endpoint
    return None, None
