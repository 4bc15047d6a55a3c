"""Answers that can't be acted on: the till goes on as without the network, and says what is wrong."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import pytest
from uuid_utils.compat import uuid7

from api.wire import Redemption, RedemptionLine
from api.wire.promises import Cancellation, Collection, NewPromise
from kiosk.client import Client
from kiosk.errors import Outage, Refused, ServerUnavailable
from kiosk.http_client import MAX_ANSWER
from tests.kiosk.conftest import IMPATIENT, Network, OpenTill
from tests.kiosk.test_broken_line import SOAP_BARCODE, fill_cart

BUSY, FAULT, NETWORK = Outage.BUSY, Outage.FAULT, Outage.NETWORK
ID = UUID("01890a5d-ac96-774b-bcce-b302099a8057")


def http(status: str, body: bytes = b"", *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers]
    return "\r\n".join([*lines, "", ""]).encode() + body


def problem(status: int, type: str) -> bytes:
    told = {"type": type, "title": type, "status": status, "detail": "请稍候", "extra": {}}
    return http(f"{status} Problem", json.dumps(told).encode())


@asynccontextmanager
async def answering(answer: bytes) -> AsyncIterator[Client]:
    """A client whose server answers everything with these bytes, and closes."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(65536)
        writer.write(answer)
        try:
            await writer.drain()
        except ConnectionError:
            # Nobody reads on.
            pass
        finally:
            writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        async with Client(f"http://127.0.0.1:{port}", "token") as client:
            yield client


PORTAL = "<title>上网认证</title>".encode()


@pytest.mark.parametrize(
    ("answer", "outage"),
    [
        pytest.param(b"", NETWORK, id="nothing"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Le", NETWORK, id="the beginning of a head"),
        pytest.param(b"SSH-2.0-OpenSSH_9.2\r\n\r\n", FAULT, id="not HTTP"),
        pytest.param(http("200 OK", b"{}")[:-1], FAULT, id="truncated"),
        pytest.param(http("200 OK"), FAULT, id="empty"),
        pytest.param(http("204 No Content"), FAULT, id="no content"),
        pytest.param(http("200 OK", PORTAL), FAULT, id="portal"),
        pytest.param(http("200 OK", b'{"supermarket": "\xff"}'), FAULT, id="not UTF-8"),
        pytest.param(http("200 OK", b"[" * 100_000), FAULT, id="nested"),
        pytest.param(http("200 OK", b'{"supermarket": 5}'), FAULT, id="another type"),
        pytest.param(http("200 OK", b"no gzip", "Content-Encoding: gzip"), FAULT, id="not compressed"),
        pytest.param(
            http("200 OK", gzip.compress(b" " * (MAX_ANSWER + 1)), "Content-Encoding: gzip"), FAULT, id="bomb"
        ),
        pytest.param(http("302 Found", b"", "Location: http://portal.example/"), FAULT, id="redirect"),
        pytest.param(http("304 Not Modified"), FAULT, id="unasked 304"),
        pytest.param(http("403 Forbidden", PORTAL), FAULT, id="403"),
        pytest.param(http("404 Not Found"), FAULT, id="404"),
        pytest.param(http("429 Too Many", PORTAL), BUSY, id="429"),
        pytest.param(problem(429, "too-many"), BUSY, id="too-many"),
        pytest.param(problem(500, "server-fault"), FAULT, id="500"),
        pytest.param(http("500 Internal", PORTAL), FAULT, id="500 of a proxy"),
        pytest.param(http("502 Bad Gateway", PORTAL), BUSY, id="502"),
        pytest.param(problem(503, "busy"), BUSY, id="503"),
        pytest.param(http("504 Gateway Timeout"), BUSY, id="504"),
        pytest.param(problem(507, "disk-full"), FAULT, id="507"),
    ],
)
async def test_what_is_wrong_is_told_apart(answer: bytes, outage: Outage) -> None:
    async with answering(answer) as client:
        with pytest.raises(ServerUnavailable) as away:
            await client.get_till()
    assert (away.value.outage, away.value.sent) == (outage, True)


async def test_a_hundred_megabytes_are_not_read() -> None:
    received = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal received
        await reader.read(65536)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n")
        try:
            for _ in range(100):
                writer.write(b" " * 1_000_000)
                await writer.drain()
                received += 1
        except ConnectionError:
            pass
        finally:
            writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        async with Client(f"http://127.0.0.1:{port}", "token") as client:
            with pytest.raises(ServerUnavailable) as away:
                await client.get_till()
    assert away.value.outage is FAULT
    assert received < 50


async def test_a_refusal_is_none_of_these() -> None:
    async with answering(problem(409, "out-of-stock")) as client:
        with pytest.raises(Refused):
            await client.get_till()


LINE = {"product": "soap", "name": "肥皂", "quantity": 2, "price": 5, "points": 10}
RECEIPT = {
    "id": str(ID),
    "supermarket": "河畔村积美超市",
    "attendant": "陈",
    "name": "王**",
    "lines": [LINE],
    "points": 10,
    "balance": 90,
    "recorded_at": "2026-06-15T02:00:00Z",
}
SLIP = {key: RECEIPT[key] for key in ("id", "supermarket", "attendant", "name", "balance")} | {
    "line": LINE,
    "leased": 0,
    "promised_at": "2026-06-15T02:00:00Z",
    "expires_at": "2026-07-15T02:00:00Z",
}
SHIFT = {"id": str(ID), "token": "t", "attendant": "陈", "attendant_id": str(uuid7())}
ORDER = Redemption(card="c", lines=[RedemptionLine(product="soap", quantity=2, price=5)])


async def redeem(client: Client) -> object:
    return await client.redeem(ID, ORDER)


async def promise(client: Client) -> object:
    return await client.promise(ID, NewPromise(card="c", product="soap", quantity=2, price=5))


async def collect(client: Client) -> object:
    return await client.collect(ID, Collection(card="c"))


async def sign_in(client: Client) -> object:
    return await client.open_shift("2468", ID)


async def cancel(client: Client) -> object:
    return await client.cancel_promise(ID, Cancellation(card="c", reason="不要了"))


@pytest.mark.parametrize(
    ("ask", "content"),
    [
        (redeem, RECEIPT | {"id": str(uuid7())}),
        (redeem, RECEIPT | {"points": 9}),
        (redeem, RECEIPT | {"lines": [LINE | {"quantity": 3, "points": 15}], "points": 15}),
        (redeem, RECEIPT | {"lines": [LINE | {"points": 1}], "points": 1}),
        (redeem, RECEIPT | {"lines": [LINE | {"product": "rice"}]}),
        (redeem, RECEIPT | {"lines": [], "points": 0}),
        (collect, RECEIPT),
        (promise, SLIP | {"id": str(uuid7())}),
        (promise, SLIP | {"line": LINE | {"quantity": 1}}),
        (sign_in, SHIFT),
        (cancel, None),
    ],
)
async def test_an_answer_to_something_else_is_none(
    ask: Callable[[Client], Awaitable[object]], content: dict[str, Any] | None
) -> None:
    async with answering(http("200 OK", json.dumps(content).encode())) as client:
        with pytest.raises(ServerUnavailable) as away:
            await ask(client)
    assert away.value.outage is FAULT


@pytest.mark.parametrize(("ask", "content"), [(redeem, RECEIPT), (promise, SLIP)])
async def test_the_answer_to_what_was_asked_is_one(ask: Any, content: dict[str, Any]) -> None:
    async with answering(http("200 OK", json.dumps(content).encode())) as client:
        assert (await ask(client)).id == ID


@pytest.mark.parametrize(
    ("answer", "bar", "sentence"),
    [
        (problem(500, "server-fault"), "服务器出错", "服务器出错了（请告诉乡镇办公室）"),
        (http("200 OK", PORTAL), "服务器出错", "服务器出错了（请告诉乡镇办公室）"),
        (http("503 Service Unavailable", PORTAL), "服务器忙", "服务器正忙"),
    ],
    ids=["500", "portal", "503"],
)
async def test_the_till_goes_on_and_says_the_truth(
    town: Any, network: Network, open_till: OpenTill, balance: Any, answer: bytes, bar: str, sentence: str
) -> None:
    async with open_till(network.url, timing=IMPATIENT) as till:
        await till.until(lambda: till.store.leases.expires_at is not None)
        network.answer = answer
        await till.wait_until_offline()
        await till.sees(f"{bar} 可兑到")
        await till.show_card(town.card)
        await till.scan(SOAP_BARCODE)
        await till.press("f2")
        await till.until(lambda: till.screen == "ReceiptScreen")
        await till.press("escape")
        await till.sees(sentence)
        assert "网络断了" not in till.shows
        network.answer = b""
        await till.sees("在线")
        await till.until(lambda: till.store.journal.unsettled_count == 0)
    assert await balance(town.card) == 95


async def test_a_redemption_that_is_answered_badly_counts_once(
    town: Any, network: Network, open_till: OpenTill, balance: Any
) -> None:
    """The server booked it, and something between spoilt the answer."""
    async with open_till(network.url, timing=IMPATIENT) as till:
        await fill_cart(till, town.card)
        network.answer = http("500 Internal Server Error", PORTAL)
        await till.press("f2")
        await till.until(lambda: till.screen == "ReceiptScreen")
        network.answer = b""
        await till.until(lambda: till.store.journal.unsettled_count == 0)
    assert await balance(town.card) == 95


async def test_what_is_wrong_may_change(town: Any, network: Network, open_till: OpenTill) -> None:
    async with open_till(network.url, timing=IMPATIENT) as till:
        network.answer = problem(500, "server-fault")
        await till.wait_until_offline()
        await till.sees("服务器出错 可兑到")
        await network.cut()
        await till.sees("断网 可兑到")
        network.answer = problem(503, "busy")
        await network.restore()
        await till.sees("服务器忙 可兑到")


async def test_signing_in_says_what_is_wrong(network: Network, open_till: OpenTill) -> None:
    network.answer = problem(500, "server-fault")
    async with open_till(network.url, signed_in=False) as till:
        await till.sees_refusal("请告诉乡镇办公室")
        await till.press(*"2468", "f2")
        await till.sees_refusal("请告诉乡镇办公室")
        network.answer = b""
        await till.sees("河畔村积美超市")
        await till.sign_in()
