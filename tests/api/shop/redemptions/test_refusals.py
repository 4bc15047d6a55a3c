"""What a redemption can be refused for: the word, the sentence, the figures, and nothing changed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from api.platform import accounts
from api.wire.card_token import new_token
from ledger.transactions import Account
from tests.api.asking import a_redemption, order, problem, standing
from tests.conftest import LiveTown, enrol

SOAP = ("soap", 1, 5)


@asynccontextmanager
async def nothing_changes(town: LiveTown, shift: str | None = None) -> AsyncIterator[httpx.AsyncClient]:
    opened = shift if shift is not None else await town.shift()
    before = await standing(town)
    async with town.device(opened) as http:
        yield http
    assert await standing(town) == before


async def test_a_card_nobody_issued(town: LiveTown) -> None:
    async with nothing_changes(town) as http:
        problem(await http.put(a_redemption(), json=order(new_token(), SOAP)), 404, "card-unknown")


async def test_a_revoked_card(town: LiveTown) -> None:
    async with nothing_changes(town) as http:
        problem(await http.put(a_redemption(), json=order(town.revoked_card, SOAP)), 410, "card-revoked")


NO_CARDS = ["", "0", "6901234567892", "HTTPS://EXAMPLE/OTHER", "ABCDE" * 4, "卡" * 20, "\x00", "A" * 100_000]


async def test_what_is_no_card(town: LiveTown) -> None:
    async with nothing_changes(town) as http:
        for card in NO_CARDS:
            problem(await http.put(a_redemption(), json=order(card, SOAP)), 400, "card-malformed")


async def test_too_few_points_says_how_many_are_missing(town: LiveTown) -> None:
    async with nothing_changes(town) as http:
        answer = await http.put(a_redemption(), json=order(town.poor_card, ("soap", 2, 5)))
        assert problem(answer, 409, "insufficient-points") == {"missing": 7}
        assert "7" in answer.json()["detail"]


async def test_too_little_on_the_shelf_says_how_much_is_left(town: LiveTown) -> None:
    async with nothing_changes(town) as http:
        answer = await http.put(a_redemption(), json=order(town.card, ("soap", 11, 5)))
        assert problem(answer, 409, "out-of-stock") == {"product": "soap", "left": 10}
        answer = await http.put(a_redemption(), json=order(town.card, SOAP, ("brush", 1, 10)))
        assert problem(answer, 409, "out-of-stock") == {"product": "brush", "left": 0}


async def test_another_price_than_the_attendant_saw(town: LiveTown) -> None:
    async with nothing_changes(town) as http:
        for price in (4, 6, 0):
            answer = await http.put(a_redemption(), json=order(town.card, ("soap", 1, price)))
            assert problem(answer, 409, "price-changed") == {"product": "soap", "price": 5}
        mixed = order(town.card, SOAP, ("soap", 1, 4))
        problem(await http.put(a_redemption(), json=mixed), 409, "price-changed")


async def test_a_product_this_supermarket_does_not_carry(town: LiveTown) -> None:
    async with nothing_changes(town) as http:
        problem(await http.put(a_redemption(), json=order(town.card, ("gold", 1, 5))), 404, "unknown")


async def test_a_shift_that_is_not_open(town: LiveTown) -> None:
    closed = await town.shift()
    await town.shift()
    for shift in (closed, "", "nonsense"):
        async with nothing_changes(town, shift) as http:
            problem(await http.put(a_redemption(), json=order(town.card, SOAP)), 401, "shift-closed")


async def test_a_shift_of_another_kiosk(town: LiveTown) -> None:
    async with town.staff("office") as http:
        token = (await enrol(http, "hp", "后台")).token
    async with nothing_changes(town) as http:
        http.headers["Authorization"] = f"Bearer {token}"
        problem(await http.put(a_redemption(), json=order(town.card, SOAP)), 401, "shift-closed")


async def test_a_device_nobody_enrolled(town: LiveTown) -> None:
    async with nothing_changes(town) as http:
        device, staff = f"Basic {town.device_token}", f"Bearer {town.tokens['wang']}"
        for credentials in ("", "Bearer", "Bearer nonsense", device, staff):
            http.headers["Authorization"] = credentials
            problem(await http.put(a_redemption(), json=order(town.card, SOAP)), 401, "device-unknown")


@pytest.mark.parametrize(
    "account", [accounts.household("hp-1"), accounts.till("hp"), accounts.shelf("hp", "soap")]
)
async def test_a_closed_account(town: LiveTown, account: Account) -> None:
    async with town.town.unit_of_work() as uow:
        assert await uow.books.close_account(account.id, uow.now, person="li", reason="迁出")
    async with nothing_changes(town) as http:
        answer = await http.put(a_redemption(), json=order(town.card, SOAP))
        problem(answer, 409, "account-closed")
        # Only the household itself is sent to the village committee.
        assert ("这户" in answer.json()["detail"]) == (account == accounts.household("hp-1"))


LINE = {"product": "soap", "quantity": 1, "price": 5}
SENSELESS: list[dict[str, Any]] = [
    *({"lines": [LINE | {"quantity": quantity}]} for quantity in (0, -1, 1000, 10**30, 1.5, True, None, "many")),
    {"lines": [LINE | {"price": -5}]},
    {"lines": [LINE | {"discount": 5}]},
    {"lines": [LINE | {"product": "\x00"}]},
    {"lines": [LINE | {"product": None}]},
    {"lines": []},
    {"lines": [LINE] * 51},
    {"lines": {}},
    {"card": None},
    {"household": "hp-1"},
]
NO_JSON = [b"", b"{", b"null", b"[]", b"\xff\xfe", b'{"card": "\\ud800", "lines": []}']


async def test_a_body_that_makes_no_sense(town: LiveTown) -> None:
    async with nothing_changes(town) as http:
        for change in SENSELESS:
            answer = await http.put(a_redemption(), json={"card": town.card, "lines": [LINE]} | change)
            problem(answer, 400, "malformed")
        headers = {"Content-Type": "application/json"}
        for content in NO_JSON:
            problem(await http.put(a_redemption(), content=content, headers=headers), 400, "malformed")


async def test_an_id_that_is_no_uuid(town: LiveTown) -> None:
    async with nothing_changes(town) as http:
        for id in ("1", "not-a-uuid", "0190", "%00", "00000000-0000-0000-0000-00000000000g"):
            answer = await http.put(a_redemption(id), json=order(town.card, SOAP))
            problem(answer, 404, "unknown")
