"""A promise reserves points at today's price, once, and only for goods that are out of stock."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import update
from uuid_utils.compat import uuid7

from api.shop.stock.tables import Product
from tests.api.asking import a_redemption, order, problem, standing
from tests.api.shop.promises.conftest import (
    books_balance,
    count_open_holds,
    make_promise,
    promise_body,
    promise_path,
    read_arrived,
    restock,
    view_card,
)
from tests.api.shop.redemptions.test_redemptions import second_kiosk
from tests.conftest import NOW, LiveTown


async def test_the_points_are_reserved_and_the_slip_has_the_expiry(town: LiveTown) -> None:
    path = promise_path()
    async with town.device(await town.shift()) as http:
        slip = (await http.put(path, json=promise_body(town.card, quantity=3))).raise_for_status().json()
        assert slip["line"] == {"product": "brush", "name": "牙刷", "quantity": 3, "price": 10, "points": 30}
        assert (slip["name"], slip["attendant"], slip["supermarket"]) == ("王**", "陈管理员", "河畔村积美超市")
        assert (slip["balance"], slip["leased"]) == (70, 0)
        assert datetime.fromisoformat(slip["expires_at"]) == NOW + timedelta(days=90)
        # Those thirty points can't be spent otherwise.
        refused = await http.put(a_redemption(), json=order(town.card, ("laundry", 4, 20)))
        assert problem(refused, 409, "insufficient-points") == {"missing": 10}
    view = await view_card(town, town.card)
    assert view["balance"] == 70
    assert view["promises"] == [
        {"id": slip["id"], "line": slip["line"], "arrived": False, "expires_at": slip["expires_at"]}
    ]
    [report, *_] = await standing(town)
    assert (report["points_redeemed"], report["points_outstanding"], report["in_balance"]) == (100, 103, True)


async def test_a_retry_gives_the_first_slip_and_counts_once(town: LiveTown) -> None:
    path, body = promise_path(), promise_body(town.card)
    async with town.device(await town.shift()) as http:
        answers = await asyncio.gather(*(http.put(path, json=body) for _ in range(10)))
        assert {a.status_code for a in answers} == {200}, [a.text for a in answers]
        assert len({a.content for a in answers}) == 1
        # Also once the goods have arrived, in another shift, and with other leased points, which aren't part of
        # the request.
        await restock(town, 5)
        await town.shift()
        again = await http.put(path, json=body | {"leased": 7})
        assert again.content == answers[0].content
    assert (await view_card(town, town.card))["balance"] == 90
    assert len(await read_arrived(town, town.card)) == 1
    assert await books_balance(town)


async def test_the_same_id_with_other_content_is_a_conflict(town: LiveTown) -> None:
    path = promise_path()
    async with town.device(await town.shift()) as http:
        (await http.put(path, json=promise_body(town.card))).raise_for_status()
        before = await standing(town)
        for other in (
            promise_body(town.card, quantity=2),
            promise_body(town.poor_card),
            promise_body(town.card, "rice", price=50),
        ):
            problem(await http.put(path, json=other), 409, "conflict")
        id = path.rpartition("/")[2]
        problem(await http.put(a_redemption(id), json=order(town.card, ("soap", 1, 5))), 409, "conflict")
    async with await second_kiosk(town) as http:
        problem(await http.put(path, json=promise_body(town.card)), 409, "conflict")
    assert await standing(town) == before


async def test_the_id_of_a_redemption_is_no_id_for_a_promise(town: LiveTown) -> None:
    id = uuid7()
    async with town.device(await town.shift()) as http:
        (await http.put(a_redemption(id), json=order(town.card, ("soap", 1, 5)))).raise_for_status()
        problem(await http.put(promise_path(id), json=promise_body(town.card)), 409, "conflict")
    assert await count_open_holds(town) == 0


async def test_what_is_in_stock_is_redeemed_and_not_promised(town: LiveTown) -> None:
    before = await standing(town)
    async with town.device(await town.shift()) as http:
        refused = await http.put(promise_path(), json=promise_body(town.card, "soap", price=5))
        assert problem(refused, 409, "in-stock") == {"product": "soap", "left": 10}
        assert await standing(town) == before
        # More than there are of it can be promised.
        assert (await http.put(promise_path(), json=promise_body(town.card, "soap", 11, 5))).is_success


async def test_pieces_that_arrived_for_earlier_promises_are_not_in_stock(town: LiveTown) -> None:
    """The job has not run since the goods arrived, yet they are not offered to whoever asks next."""
    await town.award("hp-3", 100)
    async with town.device(await town.shift()) as http:
        await make_promise(http, town.card, 2)
        await restock(town, 2)
        assert (await http.put(promise_path(), json=promise_body(town.empty_card))).is_success
    assert await read_arrived(town, town.card) == [True]
    assert await read_arrived(town, town.empty_card) == [False]


@pytest.mark.parametrize(
    ("change", "status", "word", "extra"),
    [
        ({"quantity": 11}, 409, "insufficient-points", {"missing": 10}),
        ({"price": 9}, 409, "price-changed", {"product": "brush", "price": 10}),
        ({"product": "gold"}, 404, "unknown", {}),
        ({"card": "0" * 20}, 404, "card-unknown", {}),
        ({"card": "123"}, 400, "card-malformed", {}),
    ],
)
async def test_what_cannot_be_promised_changes_nothing(
    town: LiveTown, change: dict[str, Any], status: int, word: str, extra: dict[str, Any]
) -> None:
    before = await standing(town)
    async with town.device(await town.shift()) as http:
        assert (
            problem(await http.put(promise_path(), json=promise_body(town.card) | change), status, word) == extra
        )
        problem(await http.put(promise_path(), json=promise_body(town.revoked_card)), 410, "card-revoked")
        for wrong in ({"quantity": 0}, {"quantity": 1000}, {"price": -1}, {"leased": -1}, {"more": 1}):
            problem(await http.put(promise_path(), json=promise_body(town.card) | wrong), 400, "malformed")
    async with town.device() as http:
        problem(await http.put(promise_path(), json=promise_body(town.card)), 401, "shift-closed")
    assert await standing(town) == before
    assert await count_open_holds(town) == 0


async def test_a_household_has_five_open_promises_at_most(town: LiveTown) -> None:
    async with town.device(await town.shift()) as one, await second_kiosk(town) as other:
        answers = await asyncio.gather(
            *(http.put(promise_path(), json=promise_body(town.card)) for _ in range(4) for http in (one, other))
        )
        assert sorted(a.status_code for a in answers) == [200] * 5 + [409] * 3
        for refused in (a for a in answers if a.status_code == 409):
            assert problem(refused, 409, "promises-full") == {"most": 5}
        # Any of them is one less.
        mine = (await view_card(town, town.card))["promises"][0]["id"]
        cancelled = await one.post(f"{promise_path(mine)}/cancel", json={"card": town.card, "reason": "不要了"})
        assert cancelled.status_code == 204, cancelled.text
        assert (await one.put(promise_path(), json=promise_body(town.card))).is_success
    assert (await view_card(town, town.card))["balance"] == 50


async def test_leased_points_pay_as_far_as_the_kiosk_allows(town: LiveTown) -> None:
    path = promise_path()
    async with town.device(await town.shift()) as http:
        [held] = [h for h in (await http.post("/v1/till/leases")).json()["households"] if h["points"] == 100]
        assert held["name"] == "王**"
        refused = await http.put(path, json=promise_body(town.card, quantity=2, leased=15))
        assert problem(refused, 409, "insufficient-points") == {"missing": 5}
        body = promise_body(town.card, quantity=2, leased=50)
        answers = await asyncio.gather(*(http.put(path, json=body) for _ in range(5)))
        assert {a.status_code for a in answers} == {200}, [a.text for a in answers]
        slip = answers[0].json()
        assert (slip["leased"], slip["balance"]) == (20, 80)
    assert (await view_card(town, town.card))["balance"] == 80
    async with town.device() as http:
        [held] = [h for h in (await http.post("/v1/till/leases")).json()["households"] if h["name"] == "王**"]
    # Points reserved for the promise can't be leased again.
    assert held["points"] == 80
    assert await books_balance(town)


async def test_a_later_price_rise_does_not_affect_a_promise(town: LiveTown) -> None:
    async with town.device(await town.shift()) as http:
        path = await make_promise(http, town.card, 2)
        async with town.town.unit_of_work() as uow:
            await uow.session.execute(update(Product).where(Product.code == "brush").values(price=45))
        problem(await http.put(promise_path(), json=promise_body(town.card)), 409, "price-changed")
        await restock(town, 5)
        receipt = (await http.put(f"{path}/collection", json={"card": town.card})).raise_for_status().json()
        assert (receipt["points"], receipt["lines"][0]["price"], receipt["balance"]) == (20, 10, 80)
