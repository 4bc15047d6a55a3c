"""Points of an earlier scheme over HTTP: each row counts once, however often and in whatever batch it comes."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.api.asking import confirmed, problem, standing
from tests.api.awards.claims.conftest import hire
from tests.api.bookkeeping.general_ledger.conftest import (
    HP3,
    ask,
    available,
    bring_in,
    correct,
    correction,
    hold,
    row,
    send,
    statement,
)
from tests.api.web.browser import browsing
from tests.conftest import LiveTown


async def test_earned_and_spent_points_come_in_and_say_where_from(town: LiveTown) -> None:
    outcomes = await bring_in(town, [row(-4, on="2025-06-30", what="换肥皂"), row(10), row(3, household="hp-2")])
    assert [(o["line"], o["status"]) for o in outcomes] == [(1, "ok"), (2, "ok"), (3, "ok")]
    assert await available(town, HP3) == 6
    spent = next(e for e in await statement(town, HP3) if e["amount"] < 0)
    assert (spent["kind"], spent["source"], spent["reason"]) == ("import", "2025年纸质台账", "换肥皂")
    assert spent["effective_at"] == "2025-06-30T04:00:00Z"
    whole = await ask(town, f"/v1/transactions/{spent['transaction']}")
    assert (whole["source"], whole["person"]) == ("2025年纸质台账", "乡镇办公室")
    assert (await ask(town, "/v1/accounts/township:imported/balance"))["posted"] == -9
    async with browsing(town) as browser:
        mine = await browser.open(f"/c/{town.empty_card}")
    assert "导入：换肥皂 2025年6月30日 −4" in mine
    assert "导入：修路 2025年3月1日 +10" in mine
    assert "荣誉分 历年共得 10 分" in mine
    [report, *_] = await standing(town)
    assert (report["points_imported"], report["points_awarded"], report["in_balance"]) == (9, 203, True)
    assert report["points_outstanding"] == 203 + 9 - report["points_redeemed"]


async def test_a_batch_sent_again_or_overlapping_counts_each_row_once(town: LiveTown) -> None:
    await hire(town, "chen", "office")
    alike = [row(2), row(2), row(5)]
    first = await bring_in(town, alike)
    assert len({o["id"] for o in first}) == 3
    again = await bring_in(town, [*alike, row(2), row(7, on="2025-03-02")], by="chen")
    assert [o["status"] for o in again] == ["exists", "exists", "exists", "ok", "ok"]
    assert [o["id"] for o in again[:3]] == [o["id"] for o in first]
    assert await available(town, HP3) == 2 + 2 + 5 + 2 + 7
    other = await bring_in(town, alike, source="2024年台账")
    assert [o["status"] for o in other] == ["ok"] * 3
    await asyncio.gather(*(bring_in(town, [row(1, what="同时"), row(1, what="同时")]) for _ in range(4)))
    assert await available(town, HP3) == 18 + 9 + 2
    assert (await standing(town))[0]["in_balance"]


async def test_a_bad_row_leaves_its_neighbours_alone(town: LiveTown) -> None:
    outcomes = await bring_in(
        town,
        [
            row(1, household="hp-9"),
            row(0),
            row(1, on="2026-06-16"),
            row(1, on="1926-01-01"),
            row(-8, on="2025-04-01"),
            row(6),
            row(-6, on="2025-05-01"),
        ],
    )
    assert [(o["status"], o["type"], o["missing"]) for o in outcomes] == [
        ("refused", "unknown", 0),
        ("refused", "malformed", 0),
        ("refused", "future-date", 0),
        ("refused", "malformed", 0),
        ("refused", "insufficient", 2),
        ("ok", "", 0),
        ("ok", "", 0),
    ]
    assert outcomes[4]["reason"] == "hp-3 户的积分会低于零，还差 2 分。"
    assert await available(town, HP3) == 0


async def test_what_was_earned_on_a_day_comes_before_what_was_spent_on_it(town: LiveTown) -> None:
    outcomes = await bring_in(town, [row(-5), row(5)])
    assert [o["status"] for o in outcomes] == ["ok", "ok"]


async def test_the_day_itself_can_be_imported_from_noon(town: LiveTown) -> None:
    """The clock stands at ten in the morning of 15 June."""
    today = [row(1, on="2026-06-15")]
    [early] = await bring_in(town, today)
    assert (early["type"], "中午" in early["reason"]) == ("future-date", True)
    town.clock.travel(town.clock.now().replace(hour=4))
    assert (await bring_in(town, today))[0]["status"] == "ok"


async def test_a_row_into_a_closed_month_goes_to_the_open_one_once(town: LiveTown) -> None:
    await bring_in(town, [row(1)])
    await send(town, "/v1/periods", {"month": "2026-05", "reason": "月结"})
    assert [o["status"] for o in await bring_in(town, [row(1), row(2)])] == ["exists", "ok"]
    assert [o["status"] for o in await bring_in(town, [row(1), row(2)])] == ["exists", "exists"]
    late = next(e for e in await statement(town, HP3) if e["amount"] == 2)
    assert (late["deferred_from"], late["effective_at"]) == ("2025-03-01T04:00:00Z", "2026-05-31T16:00:00Z")
    async with browsing(town) as browser:
        mine = await browser.open(f"/c/{town.empty_card}")
    assert "导入：修路 2025年3月1日 补记：事情发生在2025年3月 +2" in mine
    assert (await standing(town))[0]["in_balance"]


async def test_an_import_is_corrected_like_anything_else(town: LiveTown) -> None:
    earned, spent = await bring_in(town, [row(9), row(-4, on="2025-04-01")])
    assert [o["status"] for o in await correct(town, correction(spent["id"]))] == ["ok"]
    part = correction(earned["id"], (HP3, "township:imported", 2))
    assert [o["status"] for o in await correct(town, part)] == ["ok"]
    async with browsing(town) as browser:
        mine = await browser.open(f"/c/{town.empty_card}")
    assert "部分更正：导入：修路（记错了） 6月15日 −2" in mine
    assert "更正：导入：修路（记错了） 6月15日 +4" in mine
    assert "荣誉分 历年共得 7 分" in mine


async def test_an_id_that_is_taken_by_something_else_is_refused(town: LiveTown) -> None:
    # The id of a row, given to a hold before the row can come.
    [later] = await bring_in(town, [row(3, household="hp-9")], source="别处")
    held = hold(1, id=later["id"])
    assert (await send(town, "/v1/holds", [held]))[0]["status"] == "ok"
    async with town.staff("office") as http:
        household = {"code": "hp-9", "village": "hp", "grid": "hp-1", "head": "新户"}
        (await http.post("/v1/households", json=[household])).raise_for_status()
    [taken] = await bring_in(town, [row(3, household="hp-9")], source="别处")
    assert (taken["status"], taken["type"]) == ("refused", "conflict")


async def test_a_row_that_looks_like_a_changed_one_waits_for_a_word(town: LiveTown) -> None:
    await bring_in(town, [row(5), row(8, on="2025-03-02", what="修渠")])
    mended = {
        "source": "2025年纸质台账",
        "rows": [row(5), row(8, on="2025-03-02", what="参加修渠"), row(2, on="2025-03-03")],
    }
    told = await send(town, "/v1/imports", mended)
    assert [o["status"] for o in told] == ["exists", "changed", "ok"]
    assert "以前导入的是 hp-3 户 2025-03-02 8 分“修渠”" in told[1]["reason"]
    assert await available(town, HP3) == 15
    replaced = await send(town, "/v1/imports", mended | {"changes": "replace"})
    assert [o["status"] for o in replaced] == ["exists", "replaced", "exists"]
    assert [o["status"] for o in await send(town, "/v1/imports", mended)] == ["exists"] * 3
    assert await available(town, HP3) == 15
    both = {"source": "2025年纸质台账", "rows": [row(8, on="2025-03-02", what="修渠")], "changes": "add"}
    assert [o["status"] for o in await send(town, "/v1/imports", both)] == ["ok"]
    assert await available(town, HP3) == 23
    assert (await standing(town))[0]["in_balance"]


async def test_two_files_that_wait_together_don_t_both_count(town: LiveTown) -> None:
    batches = [{"source": "x", "rows": [row(8, what=what)]} for what in ("修渠", "参加修渠")]
    async with town.staff("office") as http:
        first, second = [await http.post("/v1/imports", json=batch) for batch in batches]
    assert (await confirmed(town, first, "fu")).json()[0]["status"] == "ok"
    problem(await confirmed(town, second, "fu"), 409, "wrong-state")
    assert await available(town, HP3) == 8


async def test_a_row_that_somebody_corrected_in_part_is_not_replaced(town: LiveTown) -> None:
    [outcome] = await bring_in(town, [row(9)])
    await correct(town, correction(outcome["id"], (HP3, "township:imported", 2)))
    changed = {"source": "2025年纸质台账", "rows": [row(9, what="修大路")], "changes": "replace"}
    [refused] = await send(town, "/v1/imports", changed)
    assert (refused["status"], refused["type"]) == ("refused", "already-reversed")
    assert await available(town, HP3) == 7


@pytest.mark.parametrize(
    "wrong",
    [
        {"source": " "},
        {"rows": []},
        {"rows": [row(1)] * 1001},
        {"rows": [row(1, on="2025-02-30")]},
        {"rows": [row(1, what=" ")]},
        {"rows": [row(1) | {"points": 1.5}]},
    ],
)
async def test_what_is_no_import(town: LiveTown, wrong: dict[str, Any]) -> None:
    async with town.staff("office") as http:
        body = {"source": "x", "rows": [row(1)]} | wrong
        problem(await http.post("/v1/imports", json=body), 400, "malformed")
    assert await available(town, HP3) == 0


async def test_a_thousand_rows_at_once(town: LiveTown) -> None:
    outcomes = await bring_in(town, [row(1)] * 1000)
    assert {o["status"] for o in outcomes} == {"ok"}
    assert [o["line"] for o in outcomes] == list(range(1, 1001))
    assert await available(town, HP3) == 1000
