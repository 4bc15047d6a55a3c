"""Collecting a promise: a redemption like any other, at the promised price, once."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

import httpx
import msgspec
import pytest
from uuid_utils.compat import uuid7

from api.shop.offline.reports import build_shift_report
from api.wire import ReceiptLine
from api.wire.card_token import digest
from api.wire.till_journal import ZERO_HASH, AnyEntry, SaleEntry, VoidEntry, sign
from tests.api.asking import problem, rows, standing
from tests.api.shop.promises.conftest import (
    assert_arrived,
    books_balance,
    collect,
    count_open_holds,
    make_promise,
    promise_path,
    read_arrived,
    restock,
    view_card,
)
from tests.api.shop.redemptions.test_redemptions import second_kiosk
from tests.api.shop.stock.conftest import read_balances, read_stock
from tests.conftest import LiveTown, enrol


async def test_points_and_goods_move_together_and_count_as_a_redemption(town: LiveTown) -> None:
    [before, *_] = await standing(town)
    shift = await _opened(town)
    async with town.device(shift["token"]) as http:
        path = await make_promise(http, town.card, 2)
        await restock(town, 5)
        receipt = await collect(http, path, town.card)
    assert receipt["lines"] == [{"product": "brush", "name": "牙刷", "quantity": 2, "price": 10, "points": 20}]
    assert (receipt["points"], receipt["balance"], receipt["name"], receipt["collector"]) == (20, 80, "王**", "")
    [report, *_] = await standing(town)
    for figure, more in (("redemptions", 1), ("points_redeemed", 20), ("goods_handed_out", 2)):
        assert report[figure] == before[figure] + more
    assert report["in_balance"]
    assert (await read_stock(town))["brush"] == 3
    assert await count_open_holds(town) == 0
    async with town.town.unit_of_work() as uow:
        of_shift = await build_shift_report(uow, UUID(shift["id"]))
    assert (of_shift.redemptions, of_shift.points) == (1, 20)
    assert [(p.product, p.quantity) for p in of_shift.goods] == [("brush", 2)]
    # In the books it is one transaction of both, under the receipt's id.
    moved = await rows(
        town,
        """select x.kind, x.phase, array_agg(t.amount order by t.ordinal) from ledger.transaction x
             join ledger.transfer t on t.township = x.township and t.transaction = x.id
            where x.id = :id group by 1, 2""",
        id=receipt["id"],
    )
    assert moved == [("redemption", "posted", [20, 2])]


async def test_a_retry_gives_the_first_receipt_and_counts_once(town: LiveTown) -> None:
    async with town.device(await town.shift()) as http:
        path = await make_promise(http, town.card)
        await restock(town, 1)
        await assert_arrived(town, town.card, True)
        body = {"card": town.card}
        answers = await asyncio.gather(*(http.put(f"{path}/collection", json=body) for _ in range(10)))
        assert {a.status_code for a in answers} == {200}, [a.text for a in answers]
        assert len({a.content for a in answers}) == 1
        await town.shift()
        assert (await http.put(f"{path}/collection", json=body)).content == answers[0].content
        other = body | {"collector": town.poor_card}
        problem(await http.put(f"{path}/collection", json=other), 409, "conflict")
    async with await second_kiosk(town) as http:
        problem(await http.put(f"{path}/collection", json=body), 409, "conflict")
    assert (await view_card(town, town.card))["balance"] == 90
    assert await books_balance(town)


async def test_somebody_else_may_collect_it(town: LiveTown) -> None:
    async with town.device(await town.shift()) as http:
        path = await make_promise(http, town.card)
        await restock(town, 1)
        own = {"card": town.card, "collector": town.card}
        problem(await http.put(f"{path}/collection", json=own), 400, "own-card")
        assert (await collect(http, path, town.card, collector=town.poor_card))["collector"] == "李**"
    taken = "select h.code from redemption r join household h on h.id = r.collector"
    assert await rows(town, taken) == [("hp-2",)]


async def test_any_kiosk_of_the_supermarket_hands_it_over(town: LiveTown) -> None:
    async with town.device(await town.shift()) as http:
        path = await make_promise(http, town.card)
    await restock(town, 1)
    async with await second_kiosk(town) as http:
        await collect(http, path, town.card)


@pytest.mark.parametrize("verb", ["collection", "cancel"])
async def test_only_the_household_itself_and_at_its_own_supermarket(town: LiveTown, verb: str) -> None:
    async def ask(http: httpx.AsyncClient, path: str, card: str) -> httpx.Response:
        if verb == "collection":
            return await http.put(f"{path}/collection", json={"card": card})
        return await http.post(f"{path}/cancel", json={"card": card, "reason": "不要了"})

    async with town.device(await town.shift()) as http:
        path = await make_promise(http, town.card)
        await restock(town, 1)
        await assert_arrived(town, town.card, True)
        problem(await ask(http, path, town.poor_card), 404, "unknown")
        problem(await ask(http, path, town.revoked_card), 410, "card-revoked")
        problem(await ask(http, promise_path(), town.card), 404, "unknown")
    async with town.device() as http:
        problem(await ask(http, path, town.card), 401, "shift-closed")
    async with await _elsewhere(town) as http:
        problem(await ask(http, path, town.card), 404, "unknown")
        # A supermarket doesn't show the promises of another.
        assert (await http.get(f"/v1/cards/{town.card}")).json()["promises"] == []
        assert (await http.get("/v1/till")).json()["notices"] == []
    assert await read_arrived(town, town.card) == [True]


async def _elsewhere(town: LiveTown) -> httpx.AsyncClient:
    async with town.staff("office") as office:
        supermarket = [{"code": "hp2", "village": "hp", "name": "桥头超市"}]
        (await office.post("/v1/supermarkets", json=supermarket)).raise_for_status()
        attendant = {"supermarket": "hp2", "name": "周管理员", "pin": "1357"}
        (await office.post("/v1/attendants", json=attendant)).raise_for_status()
        machine = await enrol(office, "hp2", "前台")
    headers = {"Authorization": f"Bearer {machine.token}"}
    async with httpx.AsyncClient(base_url=town.url, headers=headers, verify=False) as http:
        shift = (await http.post("/v1/till/shifts", json={"pin": "1357"})).json()["token"]
    return httpx.AsyncClient(base_url=town.url, headers=headers | {"X-Shift": shift}, timeout=30, verify=False)


async def test_two_households_and_one_piece(town: LiveTown) -> None:
    await town.award("hp-3", 100)
    async with town.device(await town.shift()) as one, await second_kiosk(town) as other:
        first, second = await make_promise(one, town.card), await make_promise(other, town.empty_card)
        wanted = ((one, first, town.card), (other, second, town.empty_card)) * 4
        answers = await asyncio.gather(
            restock(town, 1),
            *(http.put(f"{path}/collection", json={"card": card}) for http, path, card in wanted),
        )
        for refused in (a for a in answers[1:] if a.status_code != 200):
            problem(refused, 409, "not-arrived")
        assert {a.json()["name"] for a in answers[1:] if a.status_code == 200} <= {"王**"}
        await collect(one, first, town.card)
        problem(await other.put(f"{second}/collection", json={"card": town.empty_card}), 409, "not-arrived")
    assert (await read_stock(town))["brush"] == 0
    assert await books_balance(town)


async def test_what_was_cancelled_is_not_handed_over(town: LiveTown) -> None:
    async with town.device(await town.shift()) as http:
        path = await make_promise(http, town.card)
        await restock(town, 1)
        await assert_arrived(town, town.card, True)
        cancelled = {"card": town.card, "reason": "不要了"}
        answers = await asyncio.gather(
            *(
                call
                for _ in range(4)
                for call in (
                    http.put(f"{path}/collection", json={"card": town.card}),
                    http.post(f"{path}/cancel", json=cancelled),
                )
            )
        )
        for refused in (a for a in answers if not a.is_success):
            problem(refused, 409, "wrong-state")
    done = {a.status_code for a in answers if a.is_success}
    balance, left = (await view_card(town, town.card))["balance"], (await read_stock(town))["brush"]
    # One of the two happened, as often as it was asked for.
    assert (done, balance, left) in (({200}, 90, 0), ({204}, 100, 1))
    assert await count_open_holds(town) == 0
    assert await books_balance(town)


async def test_a_kiosks_journal_may_report_it_like_any_redemption(town: LiveTown) -> None:
    shift, receipt = await _in_a_shift(town)
    lines = [ReceiptLine(product="brush", name="牙刷", quantity=2, price=10, points=20)]
    entry = await _sold(town, shift, town.card, lines, id=UUID(receipt["id"]), answered=True)
    assert await _sent(town, entry) == "known"
    assert (await view_card(town, town.card))["balance"] == 80


async def test_it_can_be_voided_within_the_shift(town: LiveTown) -> None:
    shift, receipt = await _in_a_shift(town)
    voided = VoidEntry(
        at=town.clock.now(),
        id=UUID(receipt["id"]),
        shift=UUID(shift["id"]),
        attendant=UUID(shift["attendant_id"]),
        reason="拿错了",
    )
    assert await _sent(town, voided) == "settled"
    assert (await view_card(town, town.card))["balance"] == 100
    assert (await read_stock(town))["brush"] == 5
    assert await books_balance(town)


async def test_pieces_sold_offline_are_no_longer_reserved(town: LiveTown) -> None:
    """The kiosk couldn't know that the only piece was reserved, and handed it over."""
    await town.award("hp-3", 100)
    shift = await _opened(town)
    async with town.device(shift["token"]) as http:
        path = await make_promise(http, town.card)
        await restock(town, 1)
        await assert_arrived(town, town.card, True)
        (await http.post("/v1/till/leases")).raise_for_status()
        lines = [ReceiptLine(product="brush", name="牙刷", quantity=1, price=10, points=10)]
        entry = await _sold(town, shift, town.empty_card, lines, id=uuid7(), answered=False, leased=10)
        assert await _sent(town, entry) == "settled"
        assert await read_arrived(town, town.card) == [False]
        problem(await http.put(f"{path}/collection", json={"card": town.card}), 409, "not-arrived")
        # No piece was made up for it, and the next one is theirs.
        assert await read_balances(town, "goods:brush:difference") == [0]
        await restock(town, 1)
        await collect(http, path, town.card)
    assert await books_balance(town)


async def _opened(town: LiveTown) -> dict[str, Any]:
    async with town.device() as http:
        shift: dict[str, Any] = (await http.post("/v1/till/shifts", json={"pin": town.pin})).json()
    return shift


async def _in_a_shift(town: LiveTown) -> tuple[dict[str, Any], dict[str, Any]]:
    """A shift, and the receipt of two brushes collected in it; three are left."""
    shift = await _opened(town)
    async with town.device(shift["token"]) as http:
        path = await make_promise(http, town.card, 2)
        await restock(town, 5)
        return shift, await collect(http, path, town.card)


async def _sold(
    town: LiveTown,
    shift: dict[str, Any],
    card: str,
    lines: list[ReceiptLine],
    *,
    id: UUID,
    answered: bool,
    leased: int = 0,
) -> SaleEntry:
    return SaleEntry(
        at=town.clock.now(),
        id=id,
        shift=UUID(shift["id"]),
        attendant=UUID(shift["attendant_id"]),
        household=UUID((await view_card(town, card))["household"]),
        card=digest(card).hex(),
        lines=lines,
        leased=leased,
        answered=answered,
    )


async def _sent(town: LiveTown, entry: AnyEntry) -> str:
    kiosk = town.kiosk
    assert kiosk.id is not None
    signed = sign(entry, kiosk.key, kiosk.id, kiosk.epoch, 1, ZERO_HASH)
    body = {"entries": [msgspec.to_builtins(signed)]}
    async with town.device() as http:
        answer = (await http.post(f"/v1/journals/{kiosk.id}/{kiosk.epoch}", json=body)).raise_for_status()
    return str(answer.json()["outcomes"][0]["status"])
