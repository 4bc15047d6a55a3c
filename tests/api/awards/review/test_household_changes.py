"""A household that moves, is merged or would end between a declaration and its signatures: nothing is lost."""

from __future__ import annotations

from tests.api.asking import confirmed, problem, sign_in
from tests.api.awards.claims.conftest import approve, review, status
from tests.api.awards.review.conftest import act, for_council, statuses
from tests.api.web.browser import browsing
from tests.conftest import LiveTown

WHY = {"effective_on": "2026-06-10", "reason": "村里的决定"}


async def test_one_that_moved_is_decided_where_it_was_declared(town: LiveTown) -> None:
    id = await for_council(town)
    async with town.staff("office") as http:
        (await http.post("/v1/villages", json=[{"code": "ss", "name": "山上村"}])).raise_for_status()
        grid = {"code": "ss-1", "village": "ss", "name": "第一网格"}
        (await http.post("/v1/grids", json=[grid])).raise_for_status()
        (await http.patch("/v1/households/hp-3", json=WHY | {"village": "ss", "grid": "ss-1"})).raise_for_status()
    async with browsing(town, "zhao") as zhao:
        told = await zhao.open(f"/desk/claims/{id}")
    assert "这户后来迁到山上村，这一件仍由申报时的村办理和公示。" in told
    await review(town, id)
    assert statuses(await approve(town, id)) == ["approved"]


async def test_one_that_was_merged_is_decided_and_goes_to_the_remaining_one(town: LiveTown) -> None:
    id = await for_council(town, "hp-2")
    async with town.staff("office") as http:
        merging = await http.post("/v1/households/hp-2/merge", json=WHY | {"into": "hp-1"})
    (await confirmed(town, merging)).raise_for_status()
    async with browsing(town, "zhao") as zhao:
        told = await zhao.open(f"/desk/claims/{id}")
    assert "这户已并入 hp-1 户（王建国），积分入账后转到那一户。" in told
    await review(town, id)
    assert statuses(await approve(town, id)) == ["approved"]


async def test_none_ends_with_a_claim_under_way_but_with_a_returned_one(town: LiveTown) -> None:
    id = await for_council(town)
    await sign_in(town, "office")
    async with town.staff("office") as http:
        problem(await http.post("/v1/households/hp-3/end", json=WHY), 409, "wrong-state")
        await act(town, "zhao", id, "return", "不是这户")
        assert (await http.post("/v1/households/hp-3/end", json=WHY)).status_code in (200, 202)
    assert await status(town, id) == "returned"
