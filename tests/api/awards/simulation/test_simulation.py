"""A draft over the recorded claims of the small township: hp-1 and hp-4 have 100 points, hp-2 has 3."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from api.awards.simulation.use_cases import SimulationRequest, simulate
from api.platform.errors import Refused
from tests.api.asking import confirmed, problem, standing
from tests.api.awards.claims.conftest import claim, declare
from tests.api.awards.claims.conftest import on_notice as claimed
from tests.api.awards.simulation.conftest import DOUBLED, OVERLAY, draft, post_simulation
from tests.api.bookkeeping.general_ledger.conftest import HP1, awarded, correct, correction
from tests.conftest import LiveTown

ISSUING = "township:issuing"
A01 = 'points = 1\nlimits = [{ period = "year", points = 3 }]\nevidence = ["签到表或扫码签到"]'


def points(result: dict[str, Any]) -> tuple[int, int, int]:
    total = result["total"]
    return total["claims"], total["recorded"], total["simulated"]


async def test_the_book_in_force_gives_the_same_points(town: LiveTown) -> None:
    await claimed(town)
    result = await post_simulation(town, draft())
    assert points(result) == (4, 204, 204)
    households = result["households"]
    assert (households["number"], households["unchanged"]) == (4, 4)
    assert (result["first"], result["last"], result["refusals"]) == ("2025-06-16", "2026-06-15", [])
    assert result["budget"] is None


async def test_a_raised_rule_and_nothing_is_written(town: LiveTown) -> None:
    before = await standing(town)
    result = await post_simulation(town, DOUBLED)
    assert points(result) == (3, 203, 406)
    assert [(c["household"], c["difference"]) for c in result["households"]["largest_gains"]] == [
        ("hp-1", 100),
        ("hp-4", 100),
        ("hp-2", 3),
    ]
    assert [(line["id"], line["title"]) for line in result["villages"]] == [("hp", "河畔村")]
    assert await standing(town) == before


async def test_a_removed_rule_has_its_recorded_title(town: LiveTown) -> None:
    result = await post_simulation(town, draft().partition('\n[[rule]]\nid = "T1"')[0])
    assert points(result) == (3, 203, 0)
    [refused] = result["refusals"]
    assert (refused["code"], refused["title"], refused["claims"]) == ("no_such_rule", "测试积分", 3)


async def test_refused_claims_do_not_count_and_pending_ones_do(town: LiveTown) -> None:
    pending, refused = claim(household="hp-2"), claim()
    await declare(town, pending, refused)
    async with town.staff("zhao") as http:
        answer = await http.post(f"/v1/claims/{refused['id']}/refuse", json={"reason": "没有这回事"})
        assert answer.status_code == 204
    assert points(await post_simulation(town, draft())) == (4, 204, 204)


async def test_corrections_also_reduce_the_simulated_points(town: LiveTown) -> None:
    await correct(town, correction(await awarded(town), (HP1, ISSUING, 30)))
    assert points(await post_simulation(town, draft())) == (3, 173, 173)
    assert points(await post_simulation(town, DOUBLED)) == (3, 173, 406 - 30)
    await correct(town, correction(await awarded(town)))
    assert points(await post_simulation(town, DOUBLED)) == (2, 103, 206)


async def test_the_period_goes_by_the_day_of_the_deed(town: LiveTown) -> None:
    for period, claims in (
        ({"from": "2026-06-01", "to": "2026-06-01"}, 3),
        ({"from": "2026-06-02"}, 0),
        ({"to": "2026-05-31"}, 0),
    ):
        assert points(await post_simulation(town, DOUBLED, **period))[0] == claims


async def test_earlier_awards_count_towards_limits(town: LiveTown) -> None:
    await declare(town, *(claim(day=f"2026-0{month}-01") for month in (1, 2, 3)))
    march = {"from": "2026-03-01", "to": "2026-03-31"}
    assert points(await post_simulation(town, draft(), **march)) == (1, 1, 1)
    twice = draft((A01, A01.replace("points = 3", "points = 2")))
    result = await post_simulation(town, twice, **march)
    assert points(result) == (1, 1, 0)


async def test_the_cost_in_goods(town: LiveTown) -> None:
    async with town.staff("office") as http:
        id = claim()["id"]
        restock = {"supermarket": "hp", "lines": [{"product": "soap", "quantity": 10, "cost": 4000}]}
        (await confirmed(town, await http.put(f"/v1/restocks/{id}", json=restock))).raise_for_status()
        rate = (await http.get("/v1/reports/liability")).json()["fen_per_point"]
    budget = (await post_simulation(town, DOUBLED))["budget"]
    assert (budget["fen_per_point"], budget["difference"]) == (rate, 203 * rate)


async def test_an_overlay_is_simulated_on_its_base_for_its_own_village(town: LiveTown) -> None:
    async with town.staff("office") as http:
        villages = [{"code": "ly", "name": "柳园村", "notice_days": 0}]
        (await http.post("/v1/villages", json=villages)).raise_for_status()
    await declare(town, claim())
    result = await post_simulation(town, OVERLAY)
    assert (result["version"], points(result)) == ("河畔 2026.1", (4, 204, 203))
    async with town.staff("office") as http:
        answer = await http.post("/v1/rulebooks/simulations", json={"text": OVERLAY, "village": "ly"})
        problem(answer, 400, "malformed")
        elsewhere = OVERLAY.replace("河畔村", "王庄村")
        problem(await http.post("/v1/rulebooks/simulations", json={"text": elsewhere}), 404, "unknown")
        baseless = OVERLAY.replace('base = "2025.1"', 'base = "1999.1"')
        problem(await http.post("/v1/rulebooks/simulations", json={"text": baseless}), 400, "rulebook-wrong")


@pytest.mark.parametrize(
    ("more", "status", "word"),
    [
        ({"text": "[book"}, 400, "rulebook-wrong"),
        ({"village": "xx"}, 404, "unknown"),
        ({"from": "2026-02-01", "to": "2026-01-01"}, 400, "malformed"),
        ({"from": "0001-01-01"}, 400, "malformed"),
        ({"first": "2026-01-01"}, 400, "malformed"),
    ],
)
async def test_refused_requests(town: LiveTown, more: dict[str, str], status: int, word: str) -> None:
    async with town.staff("office") as http:
        problem(await http.post("/v1/rulebooks/simulations", json={"text": draft(), **more}), status, word)


async def test_only_one_simulation_at_a_time(town: LiveTown) -> None:
    engine = create_async_engine(town.clone.app)
    async with engine.begin() as connection:
        await connection.execute(text("select pg_advisory_xact_lock(7403001, 1)"))
        async with town.staff("office") as http:
            problem(await http.post("/v1/rulebooks/simulations", json={"text": draft()}), 503, "busy")
    await engine.dispose()
    assert points(await post_simulation(town, draft()))[0] == 3


async def test_too_many_claims_for_a_page(town: LiveTown) -> None:
    with pytest.raises(Refused, match="jimei rules simulate"):
        await simulate(town.town, SimulationRequest(draft()), max_claims=2)
    assert (await simulate(town.town, SimulationRequest(draft()), max_claims=3)).total.claims == 3


async def test_one_and_two_processes_give_the_same_result(town: LiveTown) -> None:
    async with town.staff("office") as http:
        await http.post("/v1/villages", json=[{"code": "ly", "name": "柳园村", "notice_days": 0}])
    calls: list[tuple[int, int]] = []
    one = await simulate(town.town, SimulationRequest(DOUBLED), processes=1)
    two = await simulate(
        town.town, SimulationRequest(DOUBLED), processes=2, on_progress=lambda *each: calls.append(each)
    )
    assert one == two
    assert calls[-1] == (3, 3)


async def test_workers_end_with_their_request(town: LiveTown) -> None:
    task = asyncio.create_task(simulate(town.town, SimulationRequest(DOUBLED), processes=1))
    async with asyncio.timeout(20):
        while not (running := _workers()):
            await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not running & _workers()


def _workers() -> set[str]:
    """The worker processes of this one."""
    children = {child for file in Path("/proc/self/task").glob("*/children") for child in file.read_text().split()}
    return {child for child in children if b"api.awards.simulation.worker" in _words(child)}


def _words(process: str) -> bytes:
    try:
        return Path(f"/proc/{process}/cmdline").read_bytes()
    except OSError:
        return b""
