"""A promise is cancelled with its card, or expires: points come back, pieces become available."""

from __future__ import annotations

from api.bookkeeping.general_ledger.holds import release_expired
from tests.api.asking import problem, rows
from tests.api.shop.promises.conftest import (
    assert_arrived,
    books_balance,
    collect,
    count_open_holds,
    make_promise,
    pass_days,
    read_arrived,
    restock,
    view_card,
)
from tests.api.shop.stock.conftest import read_stock
from tests.conftest import LiveTown

CANCELLED = {"reason": "不要了"}


async def test_cancelled_before_it_arrived(town: LiveTown) -> None:
    async with town.device(await town.shift()) as http:
        path = await make_promise(http, town.card)
        for _ in range(2):
            answer = await http.post(f"{path}/cancel", json=CANCELLED | {"card": town.card})
            assert (answer.status_code, answer.content) == (204, b"")
        assert (await view_card(town, town.card))["balance"] == 100
        assert await read_arrived(town, town.card) == []
        # Goods that arrive now are available to all.
        await restock(town, 1)
        problem(await http.put(f"{path}/collection", json={"card": town.card}), 409, "wrong-state")
    assert (await read_stock(town))["brush"] == 1
    assert await rows(town, "select status, reason from promise") == [("cancelled", "不要了")]
    assert await count_open_holds(town) == 0
    assert await books_balance(town)


async def test_reserved_pieces_go_to_the_next_in_line(town: LiveTown) -> None:
    await town.award("hp-3", 100)
    async with town.device(await town.shift()) as http:
        path = await make_promise(http, town.card)
        await make_promise(http, town.empty_card)
        await restock(town, 1)
        await assert_arrived(town, town.card, True)
        assert await read_arrived(town, town.empty_card) == [False]
        answer = await http.post(f"{path}/cancel", json=CANCELLED | {"card": town.card})
        assert answer.status_code == 204, answer.text
        await assert_arrived(town, town.empty_card, True)
    assert await books_balance(town)


async def test_a_reason_is_required(town: LiveTown) -> None:
    async with town.device(await town.shift()) as http:
        path = await make_promise(http, town.card)
        for reason in ("", "  ", "x" * 201):
            refused = await http.post(f"{path}/cancel", json={"card": town.card, "reason": reason})
            problem(refused, 400, "malformed")
    assert await read_arrived(town, town.card) == [False]


async def test_after_ninety_days_it_expires_and_all_comes_back(town: LiveTown) -> None:
    async with town.device(await town.shift()) as http:
        came = await make_promise(http, town.card, 2)
        await make_promise(http, town.card)
        await restock(town, 2)
        await pass_days(town, 89)
        late = await make_promise(http, town.card)
        await pass_days(town, 1)
        # Also before the job that releases expired holds has run.
        problem(await http.put(f"{came}/collection", json={"card": town.card}), 409, "promise-over")
        answer = await http.post(f"{came}/cancel", json=CANCELLED | {"card": town.card})
        problem(answer, 409, "promise-over")
        # The points of both, and the pieces of the one that had arrived, which the next in line gets.
        assert await release_expired(town.town) == 3
        assert (await view_card(town, town.card))["balance"] == 90
        await collect(http, late, town.card)
    assert (await read_stock(town))["brush"] == 1
    assert await count_open_holds(town) == 0
    assert await books_balance(town)


async def test_reserved_pieces_are_available_again_when_it_expires(town: LiveTown) -> None:
    async with town.device(await town.shift()) as http:
        path = await make_promise(http, town.card, 2)
        await restock(town, 2)
        await assert_arrived(town, town.card, True)
        await pass_days(town, 90)
        problem(await http.put(f"{path}/collection", json={"card": town.card}), 409, "promise-over")
        await assert_arrived(town, town.card)
        assert await count_open_holds(town) == 0
        assert (await read_stock(town))["brush"] == 2
        assert (await view_card(town, town.card))["balance"] == 100
        assert (await http.get("/v1/till")).json()["notices"] == []
    assert await books_balance(town)


async def test_the_receipt_stays_after_the_expiry(town: LiveTown) -> None:
    async with town.device(await town.shift()) as http:
        path = await make_promise(http, town.card)
        await restock(town, 1)
        receipt = await collect(http, path, town.card)
        await pass_days(town, 91)
        assert await collect(http, path, town.card) == receipt
        answer = await http.post(f"{path}/cancel", json=CANCELLED | {"card": town.card})
        problem(answer, 409, "wrong-state")
