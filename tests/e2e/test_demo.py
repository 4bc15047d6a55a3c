"""The whole story, as `make demo </dev/null` tells it on a fresh machine."""

from __future__ import annotations

import asyncio
import os
import sys
from itertools import product
from pathlib import Path

import pytest
from sqlalchemy import text

from api.awards.review.queries import load_desk
from api.opening import open_services
from api.platform.access import OF_RELATIVE
from api.platform.clock import WallClock
from api.platform.database.engine import Access, reach
from api.platform.settings import Settings
from api.registry.people.use_cases import find_by_login
from tests.command_line import Done, environment, jimei, jimei_process
from tests.e2e.terminal import Terminal

# A year takes its time on a busy machine.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


def figures(done: Done) -> dict[str, str]:
    assert done.returncode == 0, done.stdout + done.stderr
    lines = (line.partition(": ") for line in done.stdout.splitlines())
    return {label.strip(): value for label, _, value in lines}


def test_the_year_adds_up_and_a_second_run_reuses_it(data: Path) -> None:
    first = figures(jimei_process("demo", data=data, patience=600))
    assert first["积分超市 supermarkets"] == "10"
    assert first["兑换积分 points redeemed"] == "36,000"
    assert first["兑换人次 redemptions"] == "750"
    assert first["网格 grids"] == "68"
    assert first["网格员 grid members"] == "223"
    assert first["账目平衡 books in balance"].startswith("是")
    awarded, redeemed, outstanding = (
        int(first[label].replace(",", ""))
        for label in ("发放积分 points awarded", "兑换积分 points redeemed", "未兑换积分 points outstanding")
    )
    assert awarded - redeemed == outstanding
    # In yuan: the points outstanding at what a point costs, and what is left of the year's budget.
    point, liability, fund = (
        float(first[label].removesuffix(" 元 yuan").replace(",", ""))
        for label in ("每分成本 cost of a point", "积分负债 liability", "资金余额 fund")
    )
    assert liability == pytest.approx(outstanding * point, rel=0.01)
    assert fund == 400_000 - 353_400
    again = figures(jimei("demo", data=data))
    assert {label: value for label, value in again.items() if label in first} == {
        label: value for label, value in first.items() if label in again
    }
    assert again["兑换人次 redemptions"] == "750"
    asyncio.run(_open_on_a_terminal(data))
    with reach(Settings.read(environment(data))) as access:
        asyncio.run(_see_recusals(access))
    verified = jimei_process("verify", data=data)
    assert verified.returncode == 0, verified.stdout + verified.stderr
    assert jimei("clean", data=data).returncode == 0
    assert not data.exists()


async def _see_recusals(access: Access) -> None:
    """Everybody who serves a village lives there, and in some village the council meets what it keeps out of."""
    async with open_services(access, WallClock()) as services:
        async with services.unit_of_work() as uow:
            homeless = text("select login from person where village is not null and household is null")
            assert (await uow.session.scalars(homeless)).all() == []
        reasons: set[str] = set()
        for village, duty in product(range(1, 11), ("chief-grid-leader", "council", "committee")):
            staff = await find_by_login(services, f"v{village:02}-{duty}")
            assert staff.own
            assert bool(staff.relatives) == (duty != "chief-grid-leader")
            desk = await load_desk(services, staff)
            queues = [queue for queue in (desk.to_review, desk.to_approve) if queue is not None]
            reasons |= {claim.blocked_reason for queue in queues for claim in queue.claims}
    # Which of them depends on the day, as the rules' limits do.
    assert reasons & {"回避：您自己家的，请由别人办理。", f"回避：{OF_RELATIVE}"}


async def _open_on_a_terminal(data: Path) -> None:
    """The till covers what the demo printed, and tells a stranger itself what to type."""
    command = (sys.executable, "-m", "api.cli", "demo", "--port", "0")
    terminal = await Terminal.run(*command, environment=os.environ | {"JIMEI_DATA": str(data)})
    await terminal.sees("演示")
    await terminal.still()
    terminal.type("\x1bOP")
    await terminal.sees("committee desk")
    await terminal.close()
