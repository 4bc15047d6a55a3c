"""A card that is reported lost: frozen at once, known everywhere, unfrozen or replaced."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest
from uuid_utils.compat import uuid7

from tests.api.asking import a_redemption, order, problem, rows
from tests.api.bookkeeping.general_ledger.conftest import neighbours
from tests.conftest import LiveTown

SOAP = ("soap", 1, 5)
WHY = {"reason": "赶集时丢了，户主本人来说"}


async def ask(live: LiveTown, by: str, household: str, what: str) -> httpx.Response:
    async with live.staff(by) as http:
        return await http.post(f"/v1/households/{household}/card/{what}", json=WHY)


@pytest.fixture
async def frozen(town: LiveTown) -> LiveTown:
    """`card` of hp-1 is frozen."""
    assert (await ask(town, "li", "hp-1", "freeze")).status_code == 204
    return town


async def redeem(live: LiveTown, card: str, **more: Any) -> httpx.Response:
    async with live.device(await live.shift()) as http:
        return await http.put(a_redemption(), json=order(card, SOAP) | more)


async def test_nobody_gets_anything_with_a_frozen_card(frozen: LiveTown) -> None:
    before = await rows(frozen, "select count(*) from redemption")
    problem(await redeem(frozen, frozen.card), 423, "card-frozen")
    problem(await redeem(frozen, frozen.poor_card, collector=frozen.card), 423, "card-frozen")
    async with frozen.device(await frozen.shift()) as http:
        problem(await http.get(f"/v1/cards/{frozen.card}"), 423, "card-frozen")
        promise = {"card": frozen.card, "product": "brush", "quantity": 1, "price": 10}
        problem(await http.put(f"/v1/promises/{uuid7()}", json=promise), 423, "card-frozen")
        # For a till without the network there is no such card from its next contact on.
        leased = (await http.post("/v1/till/leases")).json()["households"]
    assert [one["name"] for one in leased] == ["李**", "张*", "刘*"]
    async with httpx.AsyncClient(base_url=frozen.url, verify=False) as http:
        page = await http.get(f"/c/{frozen.card}")
    assert page.status_code == 423
    assert "这张卡已挂失，暂时不能用。卡找到了，请到村委会解除挂失。" in page.text
    assert await rows(frozen, "select count(*) from redemption") == before


async def test_a_batch_books_its_neighbours_alone(frozen: LiveTown) -> None:
    async with frozen.device(await frozen.shift()) as http:
        answers = await asyncio.gather(
            *(
                http.put(a_redemption(), json=order(card, ("soap", 1, 5)))
                for card in (frozen.card, frozen.card, frozen.empty_card, frozen.card)
            )
        )
    assert [answer.json()["type"] for answer in answers] == [
        "card-frozen",
        "card-frozen",
        "insufficient-points",
        "card-frozen",
    ]


async def test_a_found_card_works_again(frozen: LiveTown) -> None:
    assert (await ask(frozen, "office", "hp-1", "unfreeze")).status_code == 204
    assert (await redeem(frozen, frozen.card)).status_code == 200
    problem(await ask(frozen, "office", "hp-1", "unfreeze"), 409, "wrong-state")


async def test_a_replaced_card_is_never_unfrozen(frozen: LiveTown) -> None:
    async with frozen.staff("li") as http:
        [new] = (await http.post("/v1/cards", json={"households": ["hp-1"]})).json()
    problem(await redeem(frozen, frozen.card), 410, "card-revoked")
    assert (await redeem(frozen, new["token"])).status_code == 200
    problem(await ask(frozen, "li", "hp-1", "unfreeze"), 409, "wrong-state")


async def test_frozen_twice_is_frozen_once(frozen: LiveTown) -> None:
    answers = await asyncio.gather(*(ask(frozen, by, "hp-1", "freeze") for by in ("li", "office", "li")))
    assert [answer.status_code for answer in answers] == [204] * 3
    assert await rows(frozen, "select kind, recorded_by from card_event") == [("frozen", "李村委")]


async def test_a_household_without_a_card_has_none_to_freeze(town: LiveTown) -> None:
    async with town.staff("li") as http:
        assert (await http.delete("/v1/households/hp-3/card")).status_code == 204
    for what in ("freeze", "unfreeze"):
        problem(await ask(town, "li", "hp-3", what), 409, "wrong-state")


async def test_another_village_freezes_and_unfreezes_nothing(frozen: LiveTown) -> None:
    await neighbours(frozen)
    for what in ("freeze", "unfreeze"):
        problem(await ask(frozen, "far", "hp-1", what), 404, "unknown")
    problem(await redeem(frozen, frozen.card), 423, "card-frozen")


async def test_the_history_says_what_happened_when_by_whom_and_why(frozen: LiveTown) -> None:
    await ask(frozen, "office", "hp-1", "unfreeze")
    await ask(frozen, "li", "hp-1", "freeze")
    async with frozen.staff("li") as http:
        (await http.post("/v1/cards", json={"households": ["hp-1"]})).raise_for_status()
        new, old = (await http.get("/v1/households/hp-1/cards")).json()
    assert [(event["kind"], event["by"], event["reason"]) for event in old["events"]] == [
        ("frozen", "李村委", WHY["reason"]),
        ("unfrozen", "乡镇办公室", WHY["reason"]),
        ("frozen", "李村委", WHY["reason"]),
    ]
    assert (old["revoked_by"], old["revoked_reason"]) == ("李村委", "replaced")
    assert (new["events"], new["revoked_at"], new["frozen_at"]) == ([], None, None)


async def test_frozen_in_the_midst_of_redemptions(town: LiveTown) -> None:
    """What is answered after the card was frozen is refused; what came before is booked, and never half."""
    async with town.device(await town.shift()) as http, town.staff("li") as li:

        async def redeem_until_refused() -> list[int]:
            answers: list[httpx.Response] = []
            while not answers or answers[-1].status_code == 200:
                answers.append(await http.put(a_redemption(), json=order(town.card, ("soap", 1, 5))))
                assert len(answers) <= 10
            problem(answers[-1], 423, "card-frozen")
            return [answer.json()["balance"] for answer in answers[:-1]]

        selling = asyncio.create_task(redeem_until_refused())
        (await li.post("/v1/households/hp-1/card/freeze", json=WHY)).raise_for_status()
        balances = await selling
    assert balances == [100 - 5 * n for n in range(1, len(balances) + 1)]
