"""What the points will cost, computed by hand beside the report."""

from __future__ import annotations

from typing import Any

from uuid_utils.compat import uuid7

from api.bookkeeping.reports.liability import calculate_liability as reported
from api.bookkeeping.reports.text import format_liability
from api.wire import Liability
from ledger.transactions import Phase, Status, Transaction, TransactionId
from tests.api.asking import a_redemption, confirmed, order
from tests.api.awards.claims.conftest import on_notice
from tests.api.shop.stock.conftest import count, donation, purchase, put
from tests.conftest import LiveTown


async def liability(town: LiveTown, by: str = "office") -> dict[str, Any]:
    async with town.staff(by) as http:
        found: dict[str, Any] = (await http.get("/v1/reports/liability")).raise_for_status().json()
        return found


async def bought(town: LiveTown, *lines: tuple[str, int, int]) -> TransactionId:
    """The id of a procurement."""
    id = uuid7()
    async with town.staff("office") as http:
        (await confirmed(town, await http.put(f"/v1/restocks/{id}", json=purchase(*lines)))).raise_for_status()
    return TransactionId(id)


def costs(found: dict[str, Any]) -> dict[str, tuple[int, float | None, float | None]]:
    return {p["product"]: (p["stock"], p["average_cost"], p["fen_per_point"]) for p in found["products"]}


async def test_the_worked_example(town: LiveTown) -> None:
    await put(town, "funds", {"amount": 100_000, "source": "appropriation"})
    await put(town, "funds", {"amount": 5_000, "source": "donation", "donor": "刘老师"})
    await bought(town, ("rice", 20, 80_000), ("soap", 10, 3_000))
    await bought(town, ("soap", 20, 6_300))
    await put(town, "donations", donation(("rice", 4), ("laundry", 5)))
    await put(town, "stocktakes", count(("rice", 33), ("soap", 40)))
    async with town.device(await town.shift()) as http:
        body = order(town.card, ("soap", 2, 5), ("rice", 1, 50))
        (await http.put(a_redemption(), json=body)).raise_for_status()
    await on_notice(town)
    found = await liability(town, by="qian")
    # Rice: 10 as built + 20 bought + 4 given - 1 missing - 1 redeemed, 80,000 fen for 20; soap: 10 + 30 - 2,
    # 9,300 fen for 30. Nobody ever bought laundry at a known cost, and there is no brush.
    assert costs(found) == {
        "soap": (38, 310.0, 62.0),
        "rice": (32, 4_000.0, 80.0),
        "laundry": (15, None, None),
        "brush": (0, None, None),
    }
    # (38 × 310 + 32 × 4,000) / (38 × 5 + 32 × 50) = 139,780 / 1,790 = 78.089… fen a point
    assert found["fen_per_point"] == 78.09
    # 203 awarded, 100 spent before and 60 now: 43 points are 3,357.8… fen, one more is on notice: 3,435.9…
    assert (found["points_outstanding"], found["points_on_notice"]) == (43, 1)
    assert (found["liability"], found["liability_with_notice"]) == (3_358, 3_436)
    assert found["unknown_because"] is None
    assert found["fund"] == 100_000 + 5_000 - 80_000 - 3_000 - 6_300
    assert [p["price"] for p in found["products"]] == [5, 50, 20, 10]


async def test_no_cost_known_is_no_liability_of_nothing(town: LiveTown) -> None:
    await put(town, "donations", donation(("rice", 4)))
    found = await liability(town)
    assert (found["fen_per_point"], found["liability"], found["liability_with_notice"]) == (None, None, None)
    assert (found["unknown_because"], found["fund"]) == ("no-cost-known", 0)


async def test_what_was_bought_for_nothing_has_a_known_cost(town: LiveTown) -> None:
    await bought(town, ("soap", 10, 0))
    found = await liability(town)
    assert costs(found)["soap"] == (20, 0.0, 0.0)
    assert (found["fen_per_point"], found["liability"], found["unknown_because"]) == (0.0, 0, None)


async def test_empty_shelves_price_no_point(town: LiveTown) -> None:
    await bought(town, ("soap", 10, 3_000))
    await put(town, "stocktakes", count(("soap", 0)))
    found = await liability(town)
    assert costs(found)["soap"] == (0, 300.0, 60.0)
    assert (found["liability"], found["unknown_because"]) == (None, "shelves-empty")


async def test_a_reversed_procurement_was_never_bought(town: LiveTown) -> None:
    await bought(town, ("soap", 10, 3_000))
    before = await liability(town)
    wrong = await bought(town, ("soap", 30, 90_000), ("rice", 1, 1))
    assert costs(await liability(town))["soap"] == (50, 2_325.0, 465.0)
    reversal = Transaction.settle(wrong, Phase.REVERSAL, kind="correction", person="zhao", reason="录错了")
    async with town.town.unit_of_work() as uow:
        [posting] = await uow.books.post([reversal], uow.now)
    assert posting.status is Status.OK
    assert await liability(town) == before


async def test_an_average_that_is_no_whole_fen_is_rounded_at_the_edge_alone(town: LiveTown) -> None:
    await bought(town, ("soap", 3, 1_000))
    found = await liability(town)
    # 1,000 / 3 fen a piece, 1,000 / 15 a point; 103 points are 6,866.67 and not 103 × 66.67 = 6,867.01.
    assert costs(found)["soap"] == (13, 333.33, 66.67)
    assert found["liability"] == 6_867


def test_the_lines_are_in_yuan() -> None:
    told = Liability(
        points_outstanding=43,
        points_on_notice=1,
        products=[],
        fen_per_point=78.09,
        liability=3_358,
        liability_with_notice=3_436,
        unknown_because=None,
        fund=-123_456,
    )
    assert list(format_liability(told)) == [
        "每分成本 cost of a point: 0.78 元 yuan",
        "积分负债 liability: 33.58 元 yuan",
        "含公示中积分 liability with points on notice: 34.36 元 yuan",
        "资金余额 fund: -1,234.56 元 yuan",
    ]


async def test_the_lines_say_why_nothing_is_known(town: LiveTown) -> None:
    lines = list(format_liability(await reported(town.town)))
    assert lines[0] == "  肥皂: 5 分 points, 10 件 on shelves, - 元 yuan each"
    assert [line.partition(": ")[2] for line in lines[4:7]] == [
        "未知，还没有登记采购金额 unknown, no purchase has a cost"
    ] * 3
    assert lines[7] == "资金余额 fund: 0.00 元 yuan"
