"""Draws for programs: everybody reads and does them over; supervisors open, throw and visit."""

from __future__ import annotations

import httpx
from uuid_utils.compat import uuid7

from api.awards.draws.sample import draw
from tests.api.asking import problem, rows, sign_in
from tests.api.awards.claims.conftest import hire
from tests.api.awards.draws.conftest import draw_all, reach_july
from tests.api.bookkeeping.general_ledger.conftest import neighbours
from tests.conftest import LiveTown

PATH = "/v1/draws/hp/2026-07"
THROWN = {"dice": "3164251346", "meeting": "七月监委会", "witnesses": "周大爷"}


async def test_supervisors_draw_and_everybody_does_it_over(town: LiveTown) -> None:
    for household in ("hp-1", "hp-2", "hp-3"):
        await town.award(household, 30)
    await reach_july(town)
    async with town.staff("qian") as qian:
        opened = await qian.post("/v1/draws", json={"village": "hp"})
        assert opened.status_code == 200, opened.text
        assert (opened.json()["month"], opened.json()["dice"]) == ("2026-07", "")
        assert (await qian.post("/v1/draws", json={"village": "hp"})).json() == opened.json()
        thrown = await qian.put(f"{PATH}/dice", json=THROWN)
        assert thrown.json()["witnesses"] == "周大爷"
        assert (await qian.put(f"{PATH}/dice", json=THROWN)).json() == thrown.json()
        problem(await qian.put(f"{PATH}/dice", json=THROWN | {"dice": "1111111111"}), 409, "conflict")
    async with httpx.AsyncClient(base_url=town.url) as anybody:
        [listed] = (await anybody.get("/v1/draws", params={"village": "hp"})).raise_for_status().json()
        told = (await anybody.get(PATH)).raise_for_status().json()
        assert (await anybody.get("/v1/draws")).json() == [listed]
        problem(await anybody.get("/v1/draws", params={"village": "nowhere"}), 404, "unknown")
        problem(await anybody.get("/v1/draws/hp/2026-13"), 404, "unknown")
    turns = {each["id"]: each["turn"] for each in told["candidates"]}
    drawn = draw(told["root"], told["dice"], turns, told["percent"])
    assert {each["id"] for each in told["candidates"] if each["drawn"]} == set(drawn)
    assert (listed["candidates"], listed["drawn"], listed["open"]) == (len(turns), len(drawn), len(drawn))
    assert told["witnesses"] == ""
    assert all(each["head"].endswith("*") for each in told["candidates"])
    assert {each["blocked_reason"] for each in told["candidates"]} == {""}


async def test_a_visit_by_a_program_is_told_to_everybody(town: LiveTown) -> None:
    await town.award("hp-3", 30)
    await reach_july(town)
    async with town.staff("qian") as qian:
        (await qian.post("/v1/draws", json={"village": "hp"})).raise_for_status()
        (await qian.put(f"{PATH}/dice", json=THROWN)).raise_for_status()
        await draw_all(town)
        [(claim,)] = await rows(
            town,
            "select c.id from claim c join household h on h.id = c.household where h.code = 'hp-3'"
            " and exists (select from drawn_claim d where d.claim = c.id)",
        )
        found = {"outcome": "not-as-declared", "reason": "地里没有树", "visited_on": "2026-07-02"}
        visit = found | {"id": str(uuid7())}
        for _ in range(2):
            assert (await qian.post(f"/v1/claims/{claim}/visits", json=visit)).status_code == 204
        again = found | {"id": str(uuid7())}
        problem(await qian.post(f"/v1/claims/{claim}/visits", json=again), 409, "wrong-state")
    async with httpx.AsyncClient(base_url=town.url) as anybody:
        told = (await anybody.get(PATH)).json()
    [visited] = [each for each in told["candidates"] if each["visits"]]
    [told_visit] = visited["visits"]
    assert "更正" in told_visit.pop("correction")
    assert told_visit == found | {"visited_by": "钱监委"}


async def test_another_villages_supervisor_reads_what_everybody_reads(town: LiveTown) -> None:
    await town.award("hp-3", 30)
    await neighbours(town)
    await hire(town, "watching", "supervisor", village="ss")
    await reach_july(town)
    await sign_in(town, "watching")
    async with town.staff("qian") as qian, town.staff("watching") as other:
        problem(await other.post("/v1/draws", json={"village": "hp"}), 403, "not-allowed")
        (await qian.post("/v1/draws", json={"village": "hp"})).raise_for_status()
        problem(await other.put(f"{PATH}/dice", json=THROWN), 403, "not-allowed")
        (await qian.put(f"{PATH}/dice", json=THROWN)).raise_for_status()
        heads = {each["head"] for each in (await qian.get(PATH)).json()["candidates"]}
        masked = (await other.get(PATH)).json()
        assert masked["witnesses"] == ""
        assert heads.isdisjoint({each["head"] for each in masked["candidates"]})
