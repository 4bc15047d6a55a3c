"""The fast path answers a redemption exactly as the application does."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import pytest
from uuid_utils.compat import uuid7

from api import wire
from api.shop.redemptions.facts import RedemptionRequest
from api.shop.redemptions.queue import RedemptionQueue
from tests.api.asking import a_redemption, order
from tests.conftest import LiveTown

DIFFERING = {"id", "balance", "recorded_at", "instance"}
"""What differs from one redemption to the next."""


async def in_pieces(body: bytes) -> AsyncIterator[bytes]:
    """As over a bad network, in two chunks; such a body is left to the application."""
    yield body[: len(body) // 2]
    await asyncio.sleep(0.05)
    yield body[len(body) // 2 :]


@pytest.fixture
def queued(monkeypatch: pytest.MonkeyPatch) -> list[UUID]:
    """The ids of requests that the fast path put into the queue."""
    ids: list[UUID] = []
    redeem = RedemptionQueue.redeem

    async def recorded(queue: RedemptionQueue, request: RedemptionRequest) -> wire.Receipt | None:
        ids.append(request.id)
        return await redeem(queue, request)

    monkeypatch.setattr(RedemptionQueue, "redeem", recorded)
    return ids


ODDITIES: list[tuple[str, Any, dict[str, str | bytes], int]] = [
    ("usual", {}, {}, 200),
    ("with a PIN that the card doesn't ask for", {}, {"X-Card-Pin": "1234"}, 200),
    ("a card that can't be", {"card": "ABC"}, {}, 400),
    ("goods that aren't there", {"lines": [{"product": "gold", "quantity": 1, "price": 5}]}, {}, 404),
    ("an old price", {"lines": [{"product": "soap", "quantity": 1, "price": 4}]}, {}, 409),
    ("nothing wanted", {"lines": []}, {}, 400),
    ("more than there are points for", {"lines": [{"product": "soap", "quantity": 30, "price": 5}]}, {}, 409),
    ("no shift", {}, {"X-Shift": ""}, 401),
    ("a shift with strange signs", {}, {"X-Shift": b"\xff"}, 401),
    ("a shift too long to be one", {}, {"X-Shift": "x" * 101}, 400),
    ("no device", {}, {"Authorization": ""}, 401),
    ("another scheme", {}, {"Authorization": "Basic abc"}, 401),
]


@pytest.mark.parametrize(("name", "other", "headers", "status"), ODDITIES, ids=[name for name, *_ in ODDITIES])
async def test_both_paths_answer_alike(
    town: LiveTown, name: str, other: Any, headers: dict[str, str | bytes], status: int
) -> None:
    body = json.dumps(order(town.card, ("soap", 1, 5)) | other).encode()
    headers = {"Content-Type": "application/json", **headers}
    async with town.device(await town.shift()) as http:
        whole = await http.put(a_redemption(), content=body, headers=headers)
        pieces = await http.put(a_redemption(), content=in_pieces(body), headers=headers)
    assert whole.status_code == pieces.status_code == status, (whole.text, pieces.text)
    assert {*whole.headers} == {*pieces.headers}
    assert whole.headers["Content-Type"] == pieces.headers["Content-Type"]
    one, two = ({k: v for k, v in answer.json().items() if k not in DIFFERING} for answer in (whole, pieces))
    assert one == two
    if status == 200:
        assert (whole.json()["balance"], pieces.json()["balance"]) == (95, 90)


async def test_a_complete_body_takes_the_fast_path(town: LiveTown, queued: list[UUID]) -> None:
    body = json.dumps(order(town.card, ("soap", 1, 5))).encode()
    fast, general = uuid7(), uuid7()
    async with town.device(await town.shift()) as http:
        for id, content in ((fast, body), (general, in_pieces(body))):
            answer = await http.put(
                a_redemption(id), content=content, headers={"Content-Type": "application/json"}
            )
            assert answer.status_code == 200, answer.text
    assert queued == [fast]


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"card": 1}', b"\xff"])
async def test_both_paths_refuse_a_malformed_body(town: LiveTown, body: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    async with town.device(await town.shift()) as http:
        whole = await http.put(a_redemption(), content=body, headers=headers)
        pieces = await http.put(a_redemption(), content=in_pieces(body), headers=headers)
    assert whole.status_code == pieces.status_code == 400
    assert whole.json()["detail"] == pieces.json()["detail"]
