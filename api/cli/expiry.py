"""`jimei expire`: preview, confirm, then expire, each with a progress bar."""

from __future__ import annotations

from datetime import date
from uuid import UUID

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from api import wire
from api.bookkeeping.expiry import use_cases
from api.bookkeeping.expiry.policies import format_chinese_date
from api.cli.command_line import echo
from api.platform.access import Staff
from api.platform.services import Services
from api.registry.people.use_cases import find_by_login
from api.registry.register.queries import count_register


async def run(services: Services, on: date | None, by: str | None, *, ask: bool) -> None:
    """Print what would expire at a boundary, by default the last one reached; with `by`, the login of somebody of
    the office, expire it. Raises Refused: unknown, and as the use cases do."""
    staff = await find_by_login(services, by) if by is not None else None
    boundary = await use_cases.choose_boundary(services, on, staff)
    with _progress_bar() as bars:
        households, points = await _preview(services, boundary, bars)
    echo(f"{format_chinese_date(boundary)}到期：{households} 户，共 {points} 分。")
    if staff is None or not households:
        return
    if ask:
        click.confirm("这些积分将作废，继续吗", abort=True)
    with _progress_bar() as bars:
        households, points = await _expire(services, staff, boundary, bars)
    echo(f"已扣 {households} 户，共 {points} 分，经办人 {staff.name}。")


async def _preview(services: Services, boundary: date, bars: Progress) -> tuple[int, int]:
    bar = bars.add_task("查看 looking", total=await _count_households(services))
    households = points = 0
    after: UUID | None = None
    while True:
        batch = await use_cases.preview_batch(services, boundary, after)
        households += len(batch.amounts)
        points += sum(batch.amounts.values())
        bars.advance(bar, batch.examined)
        after = batch.next_after
        if after is None:
            return households, points


async def _expire(services: Services, staff: Staff, boundary: date, bars: Progress) -> tuple[int, int]:
    bar = bars.add_task("扣除 expiring", total=await _count_households(services))
    households = points = 0
    after: UUID | None = None
    while True:
        batch = await use_cases.expire(services, staff, wire.NewExpiry(boundary=boundary, after=after))
        households += batch.households
        points += batch.expired
        bars.advance(bar, batch.done)
        after = batch.next
        if after is None:
            return households, points


def _progress_bar() -> Progress:
    """On standard error, so that the figures can be piped."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=Console(stderr=True),
    )


async def _count_households(services: Services) -> int:
    async with services.unit_of_work() as uow:
        return (await count_register(uow)).households
