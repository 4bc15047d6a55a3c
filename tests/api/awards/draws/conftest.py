"""A month that has awards, a head and a draw."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, date, datetime

from api import wire
from api.awards.draws.opening import open_draw, type_in_dice
from api.registry.people.queries import find_staff_by_login
from tests.api.asking import sign_in
from tests.conftest import LiveTown, run_jobs
from tests.databases import owner_engine

JULY = date(2026, 7, 1)
DICE = wire.NewDice(dice="3164251346", meeting="七月监委会", witnesses="周大爷")


async def reach_july(town: LiveTown) -> None:
    """With what was on notice in June posted, and the books sealed before it ended."""
    await run_jobs(town.town)
    town.clock.travel(datetime(2026, 6, 30, 2, tzinfo=UTC))
    await run_jobs(town.town)
    town.clock.travel(datetime(2026, 7, 2, 2, tzinfo=UTC))
    await sign_in(town, *town.tokens)


async def open_july(town: LiveTown, by: str = "qian") -> None:
    async with town.town.unit_of_work() as uow:
        staff = await find_staff_by_login(uow, by)
    assert staff is not None
    assert await open_draw(town.town, staff, "hp") == JULY


async def throw(town: LiveTown, new: wire.NewDice = DICE, by: str = "qian") -> None:
    async with town.town.unit_of_work() as uow:
        staff = await find_staff_by_login(uow, by)
    assert staff is not None
    await type_in_dice(town.town, staff, "hp", JULY, new)


async def draw_all(town: LiveTown) -> None:
    """As dice might have it."""
    async with owner_engine(town.clone).begin() as owner:
        await owner.exec_driver_sql(
            "insert into drawn_claim (township, village, month, claim) "
            "select township, village, month, claim from draw_candidate on conflict do nothing"
        )


async def put_draws(town: LiveTown) -> None:
    """Of earlier months: one that waits for dice, one that waits for visits."""
    statements = (
        "insert into draw (township, village, month, percent, head, root, candidates, opened_by, opened_at)"
        " select 1, 'hp', month, 5, note, repeat('0a', 32), 1, (select id from person where login = 'qian'), month"
        " from (select note from ledger.tree_head limit 1) as head, unnest(array[date '2026-04-01', '2026-05-01'])"
        " as month",
        "insert into draw_candidate (township, village, month, place, candidates, claim, turn)"
        " select 1, 'hp', draw.month, 1, 1, claim.id, 1"
        " from (select id, row_number() over (order by id) from claim where status = 'posted' limit 2) as claim"
        " join (select month, row_number() over (order by month) from draw) as draw using (row_number)",
    )
    async with owner_engine(town.clone).begin() as owner:
        for statement in statements:
            await owner.exec_driver_sql(statement)
    async with town.town.unit_of_work() as uow:
        staff = await find_staff_by_login(uow, "qian")
    assert staff is not None
    await type_in_dice(town.town, staff, "hp", date(2026, 5, 1), DICE)


def run_recipe(program: str, listed: str) -> list[str]:
    """What the printed program prints."""
    command = [sys.executable, "-c", program]
    return subprocess.run(command, input=listed, capture_output=True, text=True, check=True).stdout.split()
