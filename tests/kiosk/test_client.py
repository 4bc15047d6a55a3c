"""Answers of the server, and responses that are none."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from uuid_utils.compat import uuid7

from api.wire import Redemption, RedemptionLine
from kiosk.client import Client
from kiosk.errors import Refused, ServerUnavailable

LINE = RedemptionLine(product="soap", quantity=1, price=5)
PROBLEM = {"type": "busy", "title": "busy", "status": 429, "detail": "请稍候", "extra": {}}


@pytest.mark.parametrize(
    "response",
    [
        httpx.Response(200, html="<title>上网认证</title>"),
        httpx.Response(200, json={"supermarket": "别处"}),
        httpx.Response(302, headers={"Location": "http://portal.example/"}),
        httpx.Response(403, html="<title>禁止访问</title>"),
        httpx.Response(502, html="<title>Bad Gateway</title>"),
        httpx.Response(503, json={**PROBLEM, "status": 503}),
        httpx.Response(429, json={**PROBLEM, "type": "too-many"}),
        httpx.Response(408),
    ],
    ids=lambda response: str(response.status_code),
)
async def test_the_page_of_a_portal_or_proxy_is_no_answer(response: httpx.Response) -> None:
    async with Client("http://till.example", "token", httpx.MockTransport(lambda _: response)) as client:
        with pytest.raises(ServerUnavailable) as away:
            await client.get_till()
    assert away.value.sent


async def test_a_refused_connection_means_nothing_was_sent() -> None:
    async with Client("http://127.0.0.1:9", "token") as client:
        with pytest.raises(ServerUnavailable) as away:
            await client.get_till()
    assert not away.value.sent


def test_an_invalid_address_is_refused_at_once() -> None:
    with pytest.raises(ValueError, match="http"):
        Client("jimei.example", "token")


async def test_a_locked_pin_is_a_refusal_though_it_says_429(town: Any) -> None:
    async with Client(town.url, town.device_token) as client:
        for _ in range(20):
            with pytest.raises(Refused) as refused:
                await client.open_shift("0000")
            if refused.value.problem.type == "pin-locked":
                break
    assert refused.value.problem.type == "pin-locked"
    assert refused.value.sentence == refused.value.problem.detail


async def test_an_unknown_device_is_refused(town: Any) -> None:
    async with Client(town.url, "nonsense") as client:
        with pytest.raises(Refused) as refused:
            await client.get_till()
    assert refused.value.problem.type == "device-unknown"


@pytest.mark.parametrize(("listening", "sent"), [(True, True), (False, False)])
async def test_on_send_is_called_when_the_request_goes_out(town: Any, listening: bool, sent: bool) -> None:
    calls = []
    async with Client(town.url if listening else "http://127.0.0.1:9", town.device_token) as client:
        with pytest.raises(Refused if listening else ServerUnavailable):
            await client.redeem(uuid7(), Redemption(card=town.card, lines=[LINE]), lambda: calls.append(1))
    assert bool(calls) == sent


async def test_an_unchanged_shelf_is_not_sent_again(town: Any) -> None:
    answers: list[int] = []

    async def note(response: httpx.Response) -> None:
        answers.append(response.status_code)

    async with Client(town.url, town.device_token) as client:
        client._http.event_hooks["response"].append(note)
        first = await client.get_till()
        assert await client.get_till() == first
        async with town.staff("office") as http:
            (await http.patch("/v1/products/soap", json={"price": 6})).raise_for_status()
        changed = await client.get_till()
        assert answers == [200, 304, 200]
        assert {item.product: item.price for item in changed.shelf}["soap"] == 6
