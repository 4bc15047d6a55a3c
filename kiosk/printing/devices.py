"""The three ways to a printer: a network address, a device file, USB itself. Each sends bytes, within a time.

They aren't the drivers of python-escpos. Those take half a second to import, leave a folder behind each time and
write to the terminal that the till is drawn on. Its network driver bounds each step and not the whole; its file
driver makes a file where the device is missing, and waits for paper without end; its USB driver drops what doesn't
fit into one write.
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

FAREWELL = 1.0
"""Seconds for a network printer to end the connection from its side."""
CHUNK = 4096
PRINTER_CLASS = 7
BULK = 2

_SILENT = N_("打印机没有反应：请检查电源、纸和数据线")
_CUT_OFF = N_("打印机中途断开，可能只打了一部分：请看看纸条，需要时补打")


class Device(Protocol):
    def deliver(self, data: bytes, patience: float) -> None:
        """Hand `data` over whole within about `patience` seconds, waiting as it must. Raises PrinterError."""


class Deadline:
    def __init__(self, patience: float) -> None:
        self._at = monotonic() + patience

    @property
    def left(self) -> float:
        """Seconds, never none: zero means something else to a socket and to USB."""
        return max(self._at - monotonic(), 0.001)

    @property
    def passed(self) -> bool:
        return monotonic() >= self._at


@dataclass(frozen=True, slots=True)
class Network:
    host: str
    port: int

    def __str__(self) -> str:
        return f"network:{self.host}:{self.port}"

    def deliver(self, data: bytes, patience: float) -> None:
        deadline = Deadline(patience)
        try:
            line = socket.create_connection((self.host, self.port), timeout=deadline.left)
        except (OSError, UnicodeError) as error:
            raise PrinterError(
                _("连不上打印机 {host}:{port}：请检查电源和网线").format(host=self.host, port=self.port)
            ) from error
        with line:
            try:
                line.settimeout(deadline.left)
                line.sendall(data)
                line.shutdown(socket.SHUT_WR)
                self._take_leave(line, deadline)
            except TimeoutError as error:
                raise PrinterError(_(_SILENT), maybe_printed=True) from error
            except OSError as error:
                raise PrinterError(_(_CUT_OFF), maybe_printed=True) from error

    def _take_leave(self, line: socket.socket, deadline: Deadline) -> None:
        """Closing over unread words of the printer is a reset, which throws away what it has yet to print."""
        farewell = Deadline(min(FAREWELL, deadline.left))
        with suppress(TimeoutError):
            while not farewell.passed:
                line.settimeout(farewell.left)
                if not line.recv(CHUNK):
                    return


@dataclass(frozen=True, slots=True)
class DeviceFile:
    path: str

    def __str__(self) -> str:
        return f"file:{self.path}"

    def deliver(self, data: bytes, patience: float) -> None:
        deadline = Deadline(patience)
        with self._told(begun=False):
            # Never made where it is missing, and never waited for without end.
            file = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_NONBLOCK | os.O_NOCTTY)
        try:
            with self._told(begun=True):
                self._write(file, data, deadline)
        finally:
            os.close(file)

    def _write(self, file: int, data: bytes, deadline: Deadline) -> None:
        rest = memoryview(data)
        while rest:
            self._await_room(file, deadline, begun=len(rest) < len(data))
            with suppress(BlockingIOError):
                rest = rest[os.write(file, rest) :]
        # usblp takes back what hasn't gone out by the time the file is closed.
        self._await_room(file, deadline, begun=True)

    def _await_room(self, file: int, deadline: Deadline, *, begun: bool) -> None:
        waiting = select.poll()
        waiting.register(file, select.POLLOUT)
        ready = waiting.poll(deadline.left * 1000)
        if not ready or deadline.passed:
            raise PrinterError(_(_SILENT), maybe_printed=begun)
        if not ready[0][1] & select.POLLOUT:
            raise PrinterError(_(_CUT_OFF), maybe_printed=begun)

    @contextmanager
    def _told(self, *, begun: bool) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise PrinterError(self._sentence(error), maybe_printed=begun) from error

    def _sentence(self, error: OSError) -> str:
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
                return _(_CUT_OFF)


@dataclass(frozen=True, slots=True)
class Usb:
    """A printer by its numbers, for machines without the driver that makes a device file of it. `backend` is the
    library behind pyusb, its own choice when None."""

    vendor: int
    product: int
    backend: Any = None

    def __str__(self) -> str:
        return f"usb:{self.vendor:04x}:{self.product:04x}"

    def deliver(self, data: bytes, patience: float) -> None:
        import usb.core
        import usb.util

        deadline = Deadline(patience)
        begun = False
        try:
            device = usb.core.find(idVendor=self.vendor, idProduct=self.product, backend=self.backend)
            if device is None:
                raise PrinterError(_("找不到打印机 {device}：请检查电源和数据线").format(device=self))
            try:
                with self._claimed(device) as endpoint:
                    rest = memoryview(data)
                    while rest:
                        written = endpoint.write(rest[:CHUNK].tobytes(), timeout=int(deadline.left * 1000) + 1)
                        rest, begun = rest[written:], True
                        if rest and deadline.passed:
                            raise PrinterError(_(_SILENT), maybe_printed=True)
            finally:
                usb.util.dispose_resources(device)
        except usb.core.NoBackendError as error:
            raise PrinterError(_("这台机器没有 libusb：请安装 libusb-1.0-0，或改用 file:/dev/usb/lp0")) from error
        except usb.core.USBTimeoutError as error:
            raise PrinterError(_(_SILENT), maybe_printed=begun) from error
        except usb.core.USBError as error:
            raise PrinterError(self._sentence(error, begun=begun), maybe_printed=begun) from error

    @contextmanager
    def _claimed(self, device: Any) -> Iterator[Any]:
        """The endpoint to write to, taken from the system's own driver and given back after."""
        import usb.core
        import usb.util

        interface, endpoint = _outlet(device.get_active_configuration())
        if endpoint is None:
            raise PrinterError(_("{device} 不是打印机：请检查设置里的编号").format(device=self))
        number = interface.bInterfaceNumber
        driven = False
        with suppress(NotImplementedError):
            driven = device.is_kernel_driver_active(number)
        if driven:
            device.detach_kernel_driver(number)
        try:
            usb.util.claim_interface(device, number)
            yield endpoint
        finally:
            # Of a printer that was unplugged there is nothing to give back.
            with suppress(usb.core.USBError):
                usb.util.release_interface(device, number)
                if driven:
                    device.attach_kernel_driver(number)

    def _sentence(self, error: OSError, *, begun: bool) -> str:
        match error.errno:
            case errno.EACCES | errno.EPERM:
                return _("没有使用打印机 {device} 的权限：请按说明加 udev 规则，或把本用户加入 lp 组").format(
                    device=self
                )
            case errno.EBUSY:
                return _("打印机 {device} 正被别的程序占用").format(device=self)
            case _:
                return _(_CUT_OFF) if begun else _(_SILENT)


def _outlet(configuration: Any) -> tuple[Any, Any]:
    """The first interface that is a printer's, with the endpoint that takes what is to be printed."""
    for interface in configuration:
        if interface.bInterfaceClass == PRINTER_CLASS:
            for endpoint in interface:
                if endpoint.bEndpointAddress < 0x80 and endpoint.bmAttributes & 0x03 == BULK:
                    return interface, endpoint
    return None, None
