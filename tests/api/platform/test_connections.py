"""Clients that keep the server waiting: each kind is cut off, and nobody else waits for them."""

from __future__ import annotations

import asyncio
import resource
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from urllib.parse import urlsplit
from uuid import UUID

import httpx
import pytest

from api.platform.connections import Limits
from api.platform.services import Services
from api.serving import OWN_FILES, allow_open_files
from tests.api.asking import a_redemption, order
from tests.conftest import LiveTown, serving

QUICK = Limits(head=0.2, body=0.2, longest=60, unread=0.2, look=0.02)
PATIENT = Limits(head=60, body=60, look=0.02)
HALF_HEAD = b"GET /healthz HTTP/1.1\r\nHost: jimei\r\n"
HALF_BODY = b"POST /v1/sign-in HTTP/1.1\r\nHost: jimei\r\nContent-Length: 2000\r\n\r\n"
CHUNKED = b"POST /v1/sign-in HTTP/1.1\r\nHost: jimei\r\nTransfer-Encoding: chunked\r\n\r\n"
WHOLE = b"GET /healthz HTTP/1.1\r\nHost: jimei\r\n\r\n"
PATIENCE = 60  # seconds, against hanging


@asynccontextmanager
async def connected(
    url: str, sent: bytes = b"", origin: str = "127.0.0.1"
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port, local_addr=(origin, 0))
    try:
        writer.write(sent)
        await writer.drain()
        yield reader, writer
    finally:
        writer.transport.abort()


async def read_to_end(reader: asyncio.StreamReader) -> bytes:
    """All that is answered before the server closes."""
    try:
        return await asyncio.wait_for(reader.read(), PATIENCE)
    except ConnectionResetError:
        return b""


async def send(url: str, sent: bytes) -> bytes:
    async with connected(url, sent) as (reader, _):
        return await read_to_end(reader)


async def read_tag(till: httpx.AsyncClient) -> str:
    """Of the recalls, for a poll that waits for others."""
    return str((await till.get("/v1/till/recalls")).headers["ETag"])


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"\r\n\r\n",
        b"GET /heal",
        HALF_HEAD,
        HALF_BODY,
        HALF_BODY + b"{" * 100,
        CHUNKED,
        CHUNKED + b"5\r\n{{{{{\r\n",
        f"PUT {a_redemption(UUID(int=7))} HTTP/1.1\r\nHost: jimei\r\nContent-Length: 9\r\n\r\n{{".encode(),
    ],
)
async def test_what_is_not_sent_in_time_is_answered_408(base: Services, sent: bytes) -> None:
    async with serving(base, limits=QUICK) as url:
        answer = await send(url, sent)
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 408 Request Timeout\r\ncontent-type: application/problem+json")
    assert b"connection: close" in head
    assert "没有在时限内发完" in body.decode()


async def test_a_second_request_that_stays_half_ends_the_connection_too(base: Services) -> None:
    async with serving(base, limits=QUICK) as url:
        answer = await send(url, WHOLE + HALF_HEAD)
    assert answer.startswith(b"HTTP/1.1 200")
    assert b"HTTP/1.1 408" in answer


async def test_a_body_that_nobody_asked_for_holds_no_connection(base: Services) -> None:
    """It is answered before it is there."""
    async with serving(base, limits=QUICK) as url:
        answer = await send(url, HALF_BODY.replace(b"/v1/sign-in", b"/nowhere"))
    assert answer.startswith(b"HTTP/1.1 404")
    assert b"HTTP/1.1 408" not in answer


async def test_a_slow_line_that_goes_on_has_its_time(base: Services) -> None:
    body = b'{"login": "nobody", "password": "' + b"x" * 100 + b'"}' + b" " * 2000
    async with (
        serving(base, limits=replace(QUICK, slowest=100)) as url,
        connected(url, HALF_BODY) as (reader, writer),
    ):
        writer.write(body[:1900])
        await writer.drain()
        # A silent one that began later is over before it.
        assert b" 408 " in await send(url, HALF_BODY)
        writer.write(body[1900:2000])
        await writer.drain()
        assert (await asyncio.wait_for(reader.readline(), PATIENCE)).startswith(b"HTTP/1.1 401")


async def test_no_body_takes_longer_than_the_longest(base: Services) -> None:
    async with serving(base, limits=replace(QUICK, slowest=1, longest=0.3)) as url:
        assert b" 408 " in await send(url, HALF_BODY + b" " * 1000)


async def test_a_request_that_is_worked_on_has_no_deadline(town: LiveTown) -> None:
    async with serving(town.town, limits=QUICK) as url, replace(town, url=url).device() as http:
        known = {"If-None-Match": await read_tag(http)}
        poll = asyncio.create_task(http.get("/v1/till/recalls", params={"wait": 20}, headers=known))
        for _ in range(2):
            assert b" 408 " in await send(url, HALF_HEAD)
        assert not poll.done()
        poll.cancel()


async def test_an_answer_that_is_never_read_is_cut_off(base: Services) -> None:
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        # A server that ends waits until its answers are out.
        async with asyncio.timeout(PATIENCE), serving(base, limits=replace(QUICK, pipelined=1000)) as url:
            parts = urlsplit(url)
            client.connect((parts.hostname, parts.port))
            client.sendall(b"GET /static/style.css HTTP/1.1\r\nHost: jimei\r\n\r\n" * 1000)
            async with httpx.AsyncClient(verify=False) as http:
                assert (await http.get(f"{url}/healthz")).status_code == 200


@pytest.mark.parametrize(
    "head",
    [
        "",
        "Host: jimei\r\nHost: other",
        "Host: ji mei",
        "Host: jimei:http",
        "Host: jimei:65536",
        "Host: [::1",
        "Host: [1::2::3]",
        "Host: <jimei>",
        "Host: 积美",
        "Host: jimei\r\nContent-Length: 2\r\nContent-Length: 3",
        "Host: jimei\r\nContent-Length: 2\r\nTransfer-Encoding: chunked",
        "Host: jimei\r\nTransfer-Encoding: gzip, chunked",
        "Host: jimei\r\nTransfer-Encoding: identity",
        "Host: jimei\r\nContent-Length: +2",
        "Host: jimei\r\nX-Long: one\r\n two",
        "Host : jimei",
    ],
)
async def test_what_others_might_read_otherwise_is_malformed(base: Services, head: str) -> None:
    async with serving(base) as url:
        answer = await send(url, f"POST /desk HTTP/1.1\r\n{head}\r\n\r\n{{}}".encode())
    head, _, body = answer.decode().partition("\r\n\r\n")
    assert head.startswith("HTTP/1.1 400 Bad Request\r\ncontent-type: application/problem+json")
    assert "请求的内容或格式不对" in body


@pytest.mark.parametrize(
    "host", ["jimei", "jimei.example.cn:8000", "10.0.0.5:", "[::1]:8000", "[::ffff:10.0.0.5]", "vil_lage"]
)
async def test_a_host_is_a_name_or_an_address(base: Services, host: str) -> None:
    async with serving(base) as url:
        sent = f"GET /desk HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
        assert (await send(url, sent.encode())).startswith(b"HTTP/1.1 303 ")
        assert (await send(url, b"GET /desk HTTP/1.0\r\n\r\n")).startswith(b"HTTP/1.1 303 ")


@pytest.mark.parametrize(
    "more", [b"0\r\n" + b"X: y\r\n" * 100_000, b"1;" + b"x" * 400_000, (b"1;" + b"x" * 100 + b"\r\n{\r\n") * 4_000]
)
async def test_around_a_body_is_no_more_than_a_head_may_have(base: Services, more: bytes) -> None:
    async with serving(base, limits=PATIENT) as url, connected(url, CHUNKED) as (reader, writer):
        writer.write(more)
        assert (await asyncio.wait_for(reader.readline(), PATIENCE)).startswith(b"HTTP/1.1 431")


async def test_a_body_in_small_chunks_is_read(base: Services) -> None:
    body = b'{"login": "nobody", "password": "' + b"x" * 100 + b'"}' + b" " * 9_000
    chunks = b"".join(b"8\r\n%b\r\n" % body[at : at + 8].ljust(8) for at in range(0, len(body), 8))
    async with serving(base) as url, connected(url, CHUNKED + chunks + b"0\r\n\r\n") as (reader, _):
        assert (await asyncio.wait_for(reader.readline(), PATIENCE)).startswith(b"HTTP/1.1 401")


async def test_a_head_has_a_size(base: Services) -> None:
    async with serving(base, limits=PATIENT) as url:
        for sent in (b"GET /" + b"x" * 400_000, HALF_HEAD + b"X-More: y\r\n" * 40_000):
            async with connected(url) as (reader, writer):
                writer.write(sent)
                assert (await asyncio.wait_for(reader.readline(), PATIENCE)).startswith(b"HTTP/1.1 431")


async def test_a_flood_of_requests_in_one_connection_ends_it(base: Services) -> None:
    async with serving(base, limits=PATIENT) as url:
        answers = await send(url, WHOLE * 5000)
        assert answers.count(b"HTTP/1.1 200") < 5000
        assert (await send(url, WHOLE.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))).endswith(b"ok")


async def test_half_sent_requests_keep_nobody_from_redeeming(town: LiveTown) -> None:
    limits = replace(PATIENT, connections=50)
    async with serving(town.town, limits=limits) as url, AsyncExitStack() as flood:
        halves = [HALF_HEAD, HALF_BODY] * 100
        opened = [await flood.enter_async_context(connected(url, half)) for half in halves]
        async with replace(town, url=url).device(await town.shift()) as http:
            answer = await http.put(a_redemption(), json=order(town.card, ("soap", 1, 5)))
        assert answer.status_code == 200, answer.text
        # Those that waited longest gave way.
        first = await read_to_end(opened[0][0])
        assert first.startswith(b"HTTP/1.1 503")
        assert b"retry-after" in first
        assert not any(reader.at_eof() for reader, _ in opened[-20:])


async def test_who_has_most_connections_gives_way_first(base: Services) -> None:
    async with (
        serving(base, limits=replace(PATIENT, connections=10)) as url,
        connected(url, WHOLE, origin="127.0.0.2") as (reader, writer),
        AsyncExitStack() as flood,
    ):
        await asyncio.wait_for(reader.readuntil(b"\r\n\r\nok"), PATIENCE)
        opened = [await flood.enter_async_context(connected(url, WHOLE)) for _ in range(30)]
        assert (await read_to_end(opened[0][0])).endswith(b"ok")
        writer.write(WHOLE)
        await asyncio.wait_for(reader.readuntil(b"\r\n\r\nok"), PATIENCE)


async def test_where_all_are_worked_on_the_newest_is_told_to_come_back(town: LiveTown) -> None:
    limits = replace(PATIENT, connections=3)
    async with serving(town.town, limits=limits) as url, AsyncExitStack() as polls:
        async with town.device() as http:
            headers = f"Authorization: Bearer {town.device_token}\r\nIf-None-Match: {await read_tag(http)}"
        poll = f"GET /v1/till/recalls?wait=20 HTTP/1.1\r\nHost: jimei\r\n{headers}\r\n\r\n".encode()
        opened = [await polls.enter_async_context(connected(url, poll)) for _ in range(3)]
        async with httpx.AsyncClient(base_url=url, verify=False) as http:
            answer = await http.get("/healthz")
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
        assert "连接太多" in answer.json()["detail"]
        assert not any(reader.at_eof() for reader, _ in opened)


async def test_a_server_that_ends_waits_for_no_half_sent_request(base: Services) -> None:
    async with AsyncExitStack() as half:
        async with serving(base, limits=PATIENT) as url:
            reader, _ = await half.enter_async_context(connected(url, HALF_BODY))
            # The half one has been read before this is answered.
            async with httpx.AsyncClient(verify=False) as http:
                assert (await http.get(f"{url}/healthz")).status_code == 200
        assert await read_to_end(reader) == b""


def test_no_more_connections_than_the_process_may_have_files() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (400, hard))
        assert allow_open_files(500) == 500
        assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] == 500 + OWN_FILES
        assert allow_open_files(hard) == hard - OWN_FILES
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
