"""A card that the server has refused sells nothing at this till any more, with the network or without it."""

from __future__ import annotations

from typing import Any

import httpx

from kiosk.store.redemptions import hash_card
from tests.conftest import LiveTown
from tests.kiosk.conftest import IMPATIENT, Network, OpenTill, Till, card_url

SOAP = "6901234567892"
FROZEN = "这张卡已挂失"


async def freeze(town: LiveTown) -> None:
    async with town.staff("li") as http:
        reason = {"reason": "路上丢了"}
        (await http.post("/v1/households/hp-1/card/freeze", json=reason)).raise_for_status()


async def fill_cart(town: LiveTown, till: Till) -> None:
    await till.show_card(town.card)
    await till.scan(SOAP)
    await till.until(lambda: till.app.session.cart)


async def cut(till: Till, network: Network) -> None:
    await network.cut()
    await till.wait_until_offline()


async def test_a_refused_card_is_refused_offline_too(town: Any, network: Network, open_till: OpenTill) -> None:
    async with open_till(network.url, timing=IMPATIENT) as till:
        await till.wait_until_uploaded()
        # It asks for no new leases until this is over.
        async with till.app.counter.sync._lock:
            await freeze(town)
            await till.scan(card_url(town.card))
            await till.sees_refusal(FROZEN)
            await network.cut()
            till.app.counter.sync.mark_offline(TimeoutError())
            await till.press("escape")
            await till.scan_later(card_url(town.card))
            await till.sees_refusal(FROZEN)
            assert till.app.session.card is None
            # Nor does its household collect for another one.
            await till.show_card(town.poor_card)
            await till.press("f7")
            await till.scan_later(card_url(town.card))
            await till.sees_refusal(FROZEN)
            assert till.app.session.collector is None
    async with open_till(network.url, timing=IMPATIENT) as till:
        await till.wait_until_offline()
        await till.scan(card_url(town.card))
        await till.sees_refusal(FROZEN)


async def test_an_answer_on_its_way_does_not_bring_it_back(town: Any, open_till: OpenTill) -> None:
    async with open_till() as till:
        await till.wait_until_uploaded()
        sync, leases = till.app.counter.sync, till.store.leases
        hooks = sync._client._http.event_hooks["response"]

        async def overtake(response: httpx.Response) -> None:
            hooks.clear()
            sync.refuse_card(hash_card(town.card), FROZEN)

        async with sync._lock:
            hooks.append(overtake)
            await sync._renew_leases()
            lease = leases.find_by_card(hash_card(town.card))
            assert lease is not None
            assert lease.refused == FROZEN
        # They are asked for again at once: this server takes it after all.
        await till.until(lambda: (lease := leases.find_by_card(hash_card(town.card))) and not lease.refused)


async def test_what_the_leases_say_counts_for_a_card_on_the_screen(
    town: Any, network: Network, open_till: OpenTill, balance: Any
) -> None:
    async with open_till(network.url, timing=IMPATIENT) as till:
        await fill_cart(town, till)
        async with town.staff("office") as http:
            [new] = (await http.post("/v1/cards", json={"households": ["hp-1"]})).raise_for_status().json()
        await till.app.counter.sync.catch_up()
        await cut(till, network)
        await till.press("f2")
        await till.sees_refusal("要扫这户现在用的卡")
        await till.press("escape")
        await till.show_card(new["token"])
        await till.scan_later(SOAP)
        await till.until(lambda: till.app.session.cart)
        await till.press("f2")
        await till.until(lambda: till.screen == "ReceiptScreen")
        await network.restore()
        await till.wait_until_uploaded()
        assert await balance(new["token"]) == 95
