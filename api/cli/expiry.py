"""Expiry at the command line: look first, ask, then take, with a bar for each."""

from __future__ import annotations

from datetime import date
from uuid import UUID

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from api import wire
from api.bookkeeping.expiry import use_cases
from api.bookkeeping.expiry.policies import in_chinese
from api.platform.access import Staff
from api.platform.services import Services
from api.registry.people.use_cases import with_login
from api.registry.register.queries import size


async def run(services: Services, on: date | None, by: str | None, *, ask: bool) -> None:
    """Tell what is up at a boundary, by default the last one reached; with `by`, the login of somebody of the
    office, take it. Raises Refused: unknown, and as the use cases do."""
    staff = await with_login(services, by) if by is not None else None
    boundary = await use_cases.chosen(services, on, staff)
    with _bars() as bars:
        households, points = await _look(services, boundary, bars)
    click.echo(f"{in_chinese(boundary)}到期：{households} 户，共 {points} 分。")
    if staff is None or not households:
        return
    if ask:
        click.confirm("这些积分将作废，继续吗", abort=True)
    with _bars() as bars:
        households, points = await _take(services, staff, boundary, bars)
    click.echo(f"已扣 {households} 户，共 {points} 分，经办人 {staff.name}。")


async def _look(services: Services, boundary: date, bars: Progress) -> tuple[int, int]:
    bar = bars.add_task("查看 looking", total=await _households(services))
    households = points = 0
    after: UUID | None = None
    while True:
        found = await use_cases.survey(services, boundary, after)
        households += len(found.up)
        points += sum(found.up.values())
        bars.advance(bar, found.examined)
        after = found.last
        if after is None:
            return households, points


async def _take(services: Services, staff: Staff, boundary: date, bars: Progress) -> tuple[int, int]:
    bar = bars.add_task("扣除 expiring", total=await _households(services))
    households = points = 0
    after: UUID | None = None
    while True:
        done = await use_cases.run(services, staff, wire.NewExpiry(boundary=boundary, after=after))
        households += done.households
        points += done.expired
        bars.advance(bar, done.done)
        after = done.next
        if after is None:
            return households, points


def _bars() -> Progress:
    """On standard error, so that the figures can be piped."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=Console(stderr=True),
    )


async def _households(services: Services) -> int:
    async with services.unit_of_work() as uow:
        return (await size(uow)).households
