"""`jimei rules simulate`."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from pathlib import Path
from typing import IO, TYPE_CHECKING

import click

from api.cli.command_line import echo, print_refusals, run_async, show_progress
from api.platform import os_errors
from api.platform.errors import ErrorCode, Refused
from api.platform.settings import Settings

if TYPE_CHECKING:
    from rules import Simulation

_MAX_BYTES = 4_000_000
"""Bytes of a draft: the maximal number of characters, all of them Chinese, and some more."""


@click.command(
    epilog="例 example: jimei rules simulate 草案.toml --from 2026-01-01 --format html --output 试算.html"
)
@click.argument("draft", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--from", "start", metavar="DATE", help="first day, as 2026-01-01; left out, a year before the last")
@click.option("--to", "end", metavar="DATE", help="last day, as 2026-12-31; left out, today")
@click.option("--village", help="code of the only village to simulate")
@click.option("--format", "format", type=click.Choice(["text", "json", "html"]), default="text", show_default=True)
@click.option("--output", type=click.Path(path_type=Path), help="file to write instead of the terminal")
@print_refusals
def simulate(
    draft: Path, start: str | None, end: str | None, village: str | None, format: str, output: Path | None
) -> None:
    """Tell what a DRAFT rulebook would have given for the recorded claims of a period, before it is adopted.

    A village's overlay is simulated on the book it was written for, for its own village.
    """
    from api.awards.simulation import use_cases
    from api.awards.simulation.rendering import render
    from api.bookkeeping.exports.atomic_file import write_atomically
    from api.bookkeeping.exports.use_cases import parse_period
    from api.opening import open_services, require_township
    from api.platform.clock import WallClock
    from api.platform.database.engine import reach

    first, last = parse_period(start, end)
    request = use_cases.SimulationRequest(_read_draft(draft), first, last, village, draft.name)
    simulations: list[Simulation] = []

    async def run() -> None:
        async with open_services(access, WallClock()) as services:
            await require_township(services)
            with show_progress("试算 simulate") as on_progress:
                simulations.append(await use_cases.simulate(services, request, on_progress=on_progress))

    with ExitStack() as stack:
        # Before the long simulation, so that an unwritable file is reported at once.
        file: IO[bytes] = sys.stdout.buffer
        if output is not None:
            file = stack.enter_context(write_atomically(output))
        access = stack.enter_context(reach(Settings.read()))
        run_async(run())
        for simulation in simulations:
            file.write(render(simulation, format).encode())
    if output is not None:
        echo(f"已写好试算：{output}")


def _read_draft(draft: Path) -> str:
    try:
        with draft.open("rb") as file:
            raw = file.read(_MAX_BYTES + 1)
    except OSError as error:
        raise Refused(ErrorCode.UNREADABLE, f"读不了 {draft}：{os_errors.describe(error)}。") from None
    if len(raw) > _MAX_BYTES:
        raise Refused(ErrorCode.TOO_LARGE, f"{draft} 太大，不像一份积分办法。")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Refused(ErrorCode.MALFORMED, f"{draft} 不是 UTF-8 编码的文字。") from None
