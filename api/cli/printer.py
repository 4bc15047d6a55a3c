"""The printer options of `jimei kiosk`, and the test print."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any

import click

from api.cli.command_line import echo
from api.platform.errors import ErrorCode, Refused

if TYPE_CHECKING:
    from kiosk.printing.printer import EscposPrinter

_PRINTER_OPTIONS = (
    click.option(
        "--printer",
        envvar="JIMEI_PRINTER",
        show_envvar=True,
        default="",
        metavar="WHERE",
        help="receipt printer: network:192.168.1.50:9100, usb:04b8:0202 or file:/dev/usb/lp0; none when left out",
    ),
    click.option(
        "--printer-width",
        envvar="JIMEI_PRINTER_WIDTH",
        show_envvar=True,
        default="58",
        show_default=True,
        metavar="MM",
        help="of its paper: 58 or 80",
    ),
    click.option(
        "--printer-encoding",
        envvar="JIMEI_PRINTER_ENCODING",
        show_envvar=True,
        default="gb18030",
        show_default=True,
        metavar="NAME",
        help="what it takes Chinese in: gb18030, gbk or utf-8",
    ),
    click.option(
        "--printer-mode",
        envvar="JIMEI_PRINTER_MODE",
        show_envvar=True,
        default="text",
        show_default=True,
        metavar="MODE",
        help="text, or image for printers without Chinese characters",
    ),
)


def printer_options(command: Callable[..., None]) -> Callable[..., None]:
    """Pass the configured printer to `command` as `printer`, None without one."""

    @wraps(command)
    def run(*, printer: str, printer_width: str, printer_encoding: str, printer_mode: str, **others: Any) -> None:
        from kiosk.printing.printer import EscposPrinter
        from kiosk.printing.settings import read_settings

        try:
            settings = read_settings(printer, printer_width, printer_encoding, printer_mode)
        except ValueError as error:
            raise Refused(ErrorCode.MALFORMED, str(error)) from None
        command(printer=settings and EscposPrinter(settings), **others)

    for option in reversed(_PRINTER_OPTIONS):
        run = option(run)
    return run


def test_print(printer: EscposPrinter | None) -> None:
    from api.platform.clock import WallClock
    from kiosk.printing.errors import PrinterError
    from kiosk.printing.printer import print_slip
    from kiosk.printing.sample import build_sample_slip

    if printer is None:
        raise Refused(ErrorCode.MALFORMED, "还缺 --printer，用法见 jimei kiosk --help。")
    try:
        asyncio.run(print_slip(printer, build_sample_slip(WallClock().now()), reprint=False))
    except PrinterError as away:
        raise Refused(ErrorCode.PRINTER_AWAY, away.sentence) from None
    echo(f"已发送到 {printer}。请看纸条：汉字不乱码、分数靠右对齐，打印机就设好了。")
    missing = printer.list_missing_scripts()
    if missing:
        echo(f"本机没有{'、'.join(missing)}的字体，这些名字会印成编码：请安装 fonts-noto-core。")
