"""Months that are closed, and what comes late."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from uuid_utils.compat import uuid7

from tests.api.asking import problem, standing
from tests.api.awards.claims.conftest import approve, becomes, declare, review
from tests.api.bookkeeping.general_ledger.conftest import HP1, HP3, ask, bring_in, redeem, row, send, statement
from tests.api.web.browser import browsing
from tests.conftest import LiveTown

MAY = {"month": "2026-05", "reason": "月结"}


async def test_a_month_is_closed_once_and_told_again(town: LiveTown) -> None:
    closed = await send(town, "/v1/periods", MAY, "tan")
    assert closed == {
        "month": "2026-05",
        "until": "2026-05-31T16:00:00Z",
        "closed_at": "2026-06-15T02:00:00Z",
        "person": "谭监委",
        "reason": "月结",
    }
    assert await send(town, "/v1/periods", MAY | {"reason": "再结"}) == closed
    # A month before it is closed by the same closing.
    assert await send(town, "/v1/periods", MAY | {"month": "2026-04"}) == closed
    assert await ask(town, "/v1/periods", by="li") == [closed]
    assert (await standing(town))[0]["in_balance"]


async def test_a_month_that_goes_on_is_not_closed(town: LiveTown) -> None:
    async with town.staff("tan") as http:
        for month in ("2026-06", "2099-12"):
            answer = await http.post("/v1/periods", json=MAY | {"month": month})
            problem(answer, 409, "not-over")
        for wrong in ({"month": "2026-13"}, {"month": "2026-5"}, {"month": "May"}, {"reason": ""}):
            problem(await http.post("/v1/periods", json=MAY | wrong), 400, "malformed")
    assert await ask(town, "/v1/periods") == []


async def test_the_same_closing_at_once_from_many_hands_is_one_proposal(town: LiveTown) -> None:
    async with town.staff("office") as http:
        answers = await asyncio.gather(*(http.post("/v1/periods", json=MAY) for _ in range(5)))
        assert {answer.status_code for answer in answers} == {202}
        [proposal] = {answer.json()["id"] for answer in answers}
    async with town.staff("tan") as http:
        closings = await asyncio.gather(*(http.post(f"/v1/proposals/{proposal}/confirm") for _ in range(5)))
    assert all(closing.json() == closings[0].json() for closing in closings)
    assert len(await ask(town, "/v1/periods")) == 1


async def test_a_late_award_goes_to_the_open_month_and_says_so(town: LiveTown) -> None:
    await bring_in(town, [row(5, on="2026-05-20")])
    await send(town, "/v1/periods", MAY)
    await _late_award(town)
    entry = next(e for e in await statement(town, HP3) if (e["kind"], e["phase"]) == ("award", "post"))
    assert entry["deferred_from"] == "2026-05-09T16:00:00Z"
    assert entry["effective_at"] == "2026-05-31T16:00:00Z"
    async with browsing(town) as browser:
        mine = await browser.open(f"/c/{town.empty_card}")
    assert "测试积分 6月15日 补记：事情发生在5月 +8" in mine
    assert mine.count("补记") == 1
    may, june = [await ask(town, f"/v1/accounts/{HP3}/months/2026-{m}") for m in ("05", "06")]
    assert (may["closed"], may["opening"], may["closing"]) == (True, 0, 5)
    assert (june["closed"], june["opening"], june["closing"]) == (False, 5, 13)
    assert [e["deferred_from"] for e in june["entries"]] == [entry["deferred_from"]]
    assert (await standing(town))[0]["in_balance"]


async def _late_award(town: LiveTown) -> None:
    """Eight points to hp-3 for a deed of 10 May."""
    id = str(uuid7())
    late = {"id": id, "household": "hp-3", "rule": "T1", "deed_on": "2026-05-10", "inputs": {"points": 8}}
    assert (await declare(town, late))[0]["status"] == "declared"
    await review(town, id)
    await approve(town, id)
    await becomes(town, id, "posted")


async def test_months_carry_on_to_one_another(town: LiveTown) -> None:
    await bring_in(town, [row(n, on=f"2026-0{n}-15", household="hp-1") for n in (3, 4, 5)])
    await redeem(town, ("soap", 1, 5))
    carried, entries = 0, list[dict[str, Any]]()
    for n in range(1, 8):
        month = await ask(town, f"/v1/accounts/{HP1}/months/2026-0{n}")
        assert month["opening"] == carried
        for entry in month["entries"]:
            carried += entry["amount"]
            assert entry["balance"] == carried
        assert month["closing"] == carried
        entries += month["entries"]
    assert carried == 107
    posted = [e for e in await statement(town) if not e["pending"]]
    assert sorted(e["transaction"] for e in entries) == sorted(e["transaction"] for e in posted)


async def test_the_first_and_the_last_moment_of_a_month_in_the_township(town: LiveTown) -> None:
    """A deed of 1 June began at 16:00 UTC on 31 May."""
    june = await ask(town, f"/v1/accounts/{HP1}/months/2026-06")
    assert [e["amount"] for e in june["entries"]] == [100]
    assert june["entries"][0]["effective_at"] == "2026-05-31T16:00:00Z"
    assert (await ask(town, f"/v1/accounts/{HP1}/months/2026-05"))["entries"] == []


@pytest.mark.parametrize("month", ["2026-13", "2026", "1999-01", "2026-05x", "%00"])
async def test_a_month_that_is_none(town: LiveTown, month: str) -> None:
    async with town.staff("office") as http:
        problem(await http.get(f"/v1/accounts/{HP1}/months/{month}"), 400, "malformed")
