"""Letting go: cancelled in presence of the card, or over by the calendar; points come back, pieces are free."""

from __future__ import annotations

from api.bookkeeping.general_ledger.holds import release_expired
from tests.api.asking import problem, rows
from tests.api.shop.promises.conftest import (
    arrived,
    arrives,
    collected,
    days_later,
    in_balance,
    open_holds,
    promised,
    restocked,
    viewed,
)
from tests.api.shop.stock.conftest import stock
from tests.conftest import LiveTown

CANCELLED = {"reason": "不要了"}


async def test_cancelled_before_it_came(town: LiveTown) -> None:
    async with town.device(await town.shift()) as http:
        path = await promised(http, town.card)
        for _ in range(2):
            answer = await http.post(f"{path}/cancel", json=CANCELLED | {"card": town.card})
            assert (answer.status_code, answer.content) == (204, b"")
        assert (await viewed(town, town.card))["balance"] == 100
        assert await arrived(town, town.card) == []
        # Goods that come now are anybody's.
        await restocked(town, 1)
        problem(await http.put(f"{path}/collection", json={"card": town.card}), 409, "wrong-state")
    assert (await stock(town))["brush"] == 1
    assert await rows(town, "select status, reason from promise") == [("cancelled", "不要了")]
    assert await open_holds(town) == 0
    assert await in_balance(town)


async def test_what_was_kept_for_one_goes_to_the_next(town: LiveTown) -> None:
    await town.award("hp-3", 100)
    async with town.device(await town.shift()) as http:
        path = await promised(http, town.card)
        await promised(http, town.empty_card)
        await restocked(town, 1)
        await arrives(town, town.card, True)
        assert await arrived(town, town.empty_card) == [False]
        answer = await http.post(f"{path}/cancel", json=CANCELLED | {"card": town.card})
        assert answer.status_code == 204, answer.text
        await arrives(town, town.empty_card, True)
    assert await in_balance(town)


async def test_a_reason_is_asked_for(town: LiveTown) -> None:
    async with town.device(await town.shift()) as http:
        path = await promised(http, town.card)
        for reason in ("", "  ", "x" * 201):
            refused = await http.post(f"{path}/cancel", json={"card": town.card, "reason": reason})
            problem(refused, 400, "malformed")
    assert await arrived(town, town.card) == [False]


async def test_after_ninety_days_it_is_over_and_all_comes_back(town: LiveTown) -> None:
    async with town.device(await town.shift()) as http:
        came = await promised(http, town.card, 2)
        await promised(http, town.card)
        await restocked(town, 2)
        await days_later(town, 89)
        late = await promised(http, town.card)
        await days_later(town, 1)
        # Also where nobody has looked at the books yet.
        problem(await http.put(f"{came}/collection", json={"card": town.card}), 409, "promise-over")
        answer = await http.post(f"{came}/cancel", json=CANCELLED | {"card": town.card})
        problem(answer, 409, "promise-over")
        # The points of both, and the pieces of the one that had come: they are the next one's now.
        assert await release_expired(town.town) == 3
        assert (await viewed(town, town.card))["balance"] == 90
        await collected(http, late, town.card)
    assert (await stock(town))["brush"] == 1
    assert await open_holds(town) == 0
    assert await in_balance(town)


async def test_pieces_set_aside_are_free_again_when_it_is_over(town: LiveTown) -> None:
    async with town.device(await town.shift()) as http:
        path = await promised(http, town.card, 2)
        await restocked(town, 2)
        await arrives(town, town.card, True)
        await days_later(town, 90)
        problem(await http.put(f"{path}/collection", json={"card": town.card}), 409, "promise-over")
        await arrives(town, town.card)
        assert await open_holds(town) == 0
        assert (await stock(town))["brush"] == 2
        assert (await viewed(town, town.card))["balance"] == 100
        assert (await http.get("/v1/till")).json()["notices"] == []
    assert await in_balance(town)


async def test_the_receipt_stays_when_the_time_is_over(town: LiveTown) -> None:
    async with town.device(await town.shift()) as http:
        path = await promised(http, town.card)
        await restocked(town, 1)
        receipt = await collected(http, path, town.card)
        await days_later(town, 91)
        assert await collected(http, path, town.card) == receipt
        answer = await http.post(f"{path}/cancel", json=CANCELLED | {"card": town.card})
        problem(answer, 409, "wrong-state")
