"""`jimei kiosk`: the terminal of a points supermarket, here or in a browser."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from api.cli.command_line import listen, print_refusals
from api.cli.faults import tell_faults
from api.cli.printer import printer_options, test_print
from api.platform.errors import ErrorCode, Refused
from api.platform.settings import Settings

if TYPE_CHECKING:
    from kiosk.appearance import ThemeName
    from kiosk.language import Language
    from kiosk.printing.printer import EscposPrinter


@click.command(epilog="例 example: jimei kiosk --server http://192.168.1.10:8000 --code 7K3M9QXR2TDV")
@click.option(
    "--server", envvar="JIMEI_SERVER", show_envvar=True, help="its address, if it isn't the one of the enrolment"
)
@click.option(
    "--data",
    envvar="JIMEI_KIOSK_DATA",
    show_envvar=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="folder for all that this kiosk keeps  [default: JIMEI_DATA/kiosk]",
)
@click.option(
    "--code",
    envvar="JIMEI_KIOSK_CODE",
    show_envvar=True,
    default="",
    help="one-time code from the desk, to enrol this machine",
)
@click.option(
    "--scanner-prefix",
    envvar="JIMEI_SCANNER_PREFIX",
    show_envvar=True,
    default="",
    metavar="TEXT",
    help="what the scanner is programmed to send before each code; then it may be slow",
)
@click.option(
    "--scanner-suffix",
    envvar="JIMEI_SCANNER_SUFFIX",
    show_envvar=True,
    default="",
    metavar="TEXT",
    help="what it sends after each code, before its Enter",
)
@click.option(
    "--language",
    envvar="JIMEI_LANGUAGE",
    show_envvar=True,
    default="zh",
    show_default=True,
    type=click.Choice(["zh", "en"]),
    help="of the terminal: Chinese or English",
)
@click.option(
    "--theme",
    envvar="JIMEI_THEME",
    show_envvar=True,
    default="jimei",
    show_default=True,
    type=click.Choice(["jimei", "contrast"]),
    help="contrast: black, white and yellow alone",
)
@click.option(
    "--large/--no-large",
    envvar="JIMEI_LARGE",
    show_envvar=True,
    default=None,
    help="one thing at a time; when left out, where the screen is small",
)
@click.option(
    "--sound",
    envvar="JIMEI_SOUND",
    show_envvar=True,
    default="on",
    show_default=True,
    type=click.Choice(["on", "off"]),
    help="one bell for a refusal, two for something done",
)
@click.option(
    "--demo-hints",
    envvar="JIMEI_DEMO_HINTS",
    hidden=True,
    # The demo's own words, of any length.
    type=click.UNPROCESSED,
    help="what the demo's till shows, as JSON",
)
@click.option("--serve", is_flag=True, help="offer the terminal in a browser, as for a tablet, until Ctrl-C")
@click.option("--serve-host", default="127.0.0.1", show_default=True, help="address to listen on, with --serve")
@click.option("--serve-port", default=8001, show_default=True, type=click.IntRange(0, 65535))
@click.option("--test-print", "only_test_print", is_flag=True, help="send a sample slip to the printer and end")
@print_refusals
@printer_options
def kiosk(
    server: str | None,
    data: Path | None,
    code: str,
    scanner_prefix: str,
    scanner_suffix: str,
    language: Language,
    theme: ThemeName,
    large: bool | None,
    sound: str,
    demo_hints: str | None,
    serve: bool,
    serve_host: str,
    serve_port: int,
    only_test_print: bool,
    printer: EscposPrinter | None,
) -> None:
    """Open the terminal of a points supermarket. It works without the network too, from what its folder keeps."""
    if only_test_print:
        test_print(printer)
        return

    import msgspec

    from kiosk.app import run
    from kiosk.appearance import Appearance
    from kiosk.demo_hints import DemoHints
    from kiosk.http_client import require_address
    from kiosk.language import choose_language
    from kiosk.scanner import Scanner
    from kiosk.store.folder import StoreError, require_own_folder

    choose_language(language)
    folder = data or Settings.read().data / "kiosk"
    try:
        if server is not None:
            require_address(server)
        require_own_folder(folder)
        scanner = Scanner(scanner_prefix, scanner_suffix)
    except (ValueError, StoreError) as error:
        raise Refused(ErrorCode.MALFORMED, str(error)) from None
    if serve:
        _serve_kiosk(serve_host, serve_port)
        return
    try:
        with tell_faults(folder, StoreError):
            demo = msgspec.json.decode(demo_hints, type=DemoHints) if demo_hints else None
            run(server, folder, code, scanner, Appearance(theme, large, sound == "on"), printer, demo)
    except StoreError as error:
        raise Refused(ErrorCode.IN_USE, str(error)) from None


def _serve_kiosk(host: str, port: int) -> None:
    from kiosk.serving.server import run

    with listen(host, port, "--serve-port") as listener:
        run(listener, [sys.executable, "-m", "api.cli", "kiosk"], _settings_as_environment())


def _settings_as_environment() -> dict[str, str]:
    """The running command's options as environment variables, so that the enrolment code isn't in the process
    list."""
    context = click.get_current_context()
    return {
        parameter.envvar: str(value)
        for parameter in context.command.params
        if isinstance(parameter.envvar, str) and (value := context.params[str(parameter.name)]) is not None
    }
