"""HTTP to the server: every answer is the one that was asked for, a refusal, or none to act on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from types import MappingProxyType, TracebackType
from typing import Any, NamedTuple, Self, TypeVar

import httpx
import msgspec

from api.wire import Problem
from api.wire.server_address import SCHEMES, parse_server_address
from api.wire.text import make_all_visible
from kiosk.errors import Outage, Refused, ServerUnavailable
from kiosk.language import _

Answer = TypeVar("Answer")

TIMEOUT = httpx.Timeout(10.0, connect=3.0)
NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
NOTHING_CAME = "Server disconnected without sending a response."
"""How httpx tells an end without an answer from one that broke the protocol."""
BUSY_STATUSES = frozenset({408, 425, 502, 503, 504})
"""The server, or what stands before it, can't serve just now."""
UNAVAILABLE_CODES = {"too-many": Outage.BUSY, "busy": Outage.BUSY, "server-fault": Outage.FAULT}
"""Error codes that don't answer the request: it may be sent again."""
MAX_ANSWER = 8_000_000
"""Bytes; the leases of a whole township have some hundred thousand."""


def require_address(text: str) -> str:
    """The base URL. Raises ValueError, with a sentence."""
    if not text.startswith(SCHEMES):
        raise ValueError(_("服务器地址要以 http:// 或 https:// 开头：{url}").format(url=text))
    try:
        return parse_server_address(text)
    except ValueError:
        sentence = _("服务器地址不对：{url}；只写主机和端口，例如 http://192.168.1.10:8000")
        raise ValueError(sentence.format(url=text)) from None


class Response(NamedTuple):
    status: int
    etag: str
    content: bytes
    headers: httpx.Headers


class HttpClient:
    """Every request raises `Refused` when the server refuses, and `ServerUnavailable` when no valid answer came:
    connection error, time-out, the page of a proxy or captive portal, an answer to something else."""

    def __init__(
        self, base_url: str, device_token: str = "", transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        self.base_url = require_address(base_url)
        self._transport = transport
        self._http = self._open()
        self._device_token = device_token
        self._shift_token = ""
        self._restored_at: datetime | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._http.aclose()

    def _open(self) -> httpx.AsyncClient:
        # Reading the machine's certificates takes 30 ms at the start: not needed without TLS.
        secure = self.base_url.startswith("https:")
        return httpx.AsyncClient(base_url=self.base_url, timeout=TIMEOUT, transport=self._transport, verify=secure)

    async def use_server(self, base_url: str) -> None:
        """Ask this server from now on. Raises ValueError, with a sentence."""
        base_url = require_address(base_url)
        if base_url != self.base_url:
            self.base_url, former = base_url, self._http
            self._http = self._open()
            await former.aclose()

    def use_device(self, token: str) -> None:
        """Authenticate as this kiosk from now on."""
        self._device_token, self._restored_at = token, None

    def use_shift(self, token: str) -> None:
        """Redemptions from now on belong to this shift; empty: to none."""
        self._shift_token = token

    def use_books(self, restored_at: datetime | None) -> None:
        """The newest books that were seen last went back to a backup then: older ones refuse from now on."""
        self._restored_at = restored_at

    async def request(
        self,
        method: str,
        path: str,
        answer: type[Answer],
        body: msgspec.Struct | None = None,
        on_send: Callable[[], None] = lambda: None,
        more_headers: Mapping[str, str] = MappingProxyType({}),
    ) -> Answer:
        return decode(await self.send(method, path, body, on_send, more_headers), answer)

    async def send(
        self,
        method: str,
        path: str,
        body: msgspec.Struct | None = None,
        on_send: Callable[[], None] = lambda: None,
        more_headers: Mapping[str, str] = MappingProxyType({}),
        http_timeout: httpx.Timeout = TIMEOUT,
        condition: str = "",
    ) -> Response:
        """Return the response to a request that succeeded. `condition`: the ETag of the last answer; only with one
        is 304 a success."""

        async def trace(event: str, details: Any) -> None:
            if event.endswith("send_request_headers.started"):
                on_send()

        headers = dict(more_headers)
        if condition:
            headers["If-None-Match"] = condition
        if self._shift_token:
            headers["X-Shift"] = self._shift_token
        if self._restored_at is not None:
            headers["X-Restored-At"] = str(int(self._restored_at.timestamp()))
        if self._device_token:
            headers["Authorization"] = f"Bearer {self._device_token}"
        if body is not None:
            headers["Content-Type"] = "application/json"
        content = None if body is None else msgspec.json.encode(body)
        request = self._http.build_request(
            method, path, content=content, headers=headers, timeout=http_timeout, extensions={"trace": trace}
        )
        try:
            response = await self._receive(request)
        except NEVER_SENT as error:
            raise ServerUnavailable(sent=False) from error
        except httpx.HTTPError as error:
            raise ServerUnavailable(_tell_outage(error), sent=True) from error
        if httpx.codes.is_success(response.status) or (condition and response.status == httpx.codes.NOT_MODIFIED):
            return response
        raise _explain(response)

    async def _receive(self, request: httpx.Request) -> Response:
        """Read no more than an answer may have."""
        response = await self._http.send(request, stream=True)
        content = bytearray()
        try:
            async for part in response.aiter_bytes():
                content += part
                if len(content) > MAX_ANSWER:
                    raise ServerUnavailable(Outage.FAULT, sent=True)
        finally:
            await response.aclose()
        return Response(response.status_code, response.headers.get("ETag", ""), bytes(content), response.headers)


def _tell_outage(error: httpx.HTTPError) -> Outage:
    """What came isn't HTTP, or isn't all that it said it was; or nothing came at all."""
    unreadable = isinstance(error, httpx.RemoteProtocolError | httpx.DecodingError)
    return Outage.FAULT if unreadable and str(error) != NOTHING_CAME else Outage.NETWORK


def _explain(response: Response) -> Refused | ServerUnavailable:
    """An answer that isn't what was asked for."""
    if response.status in BUSY_STATUSES:
        return ServerUnavailable(Outage.BUSY, sent=True)
    if not httpx.codes.is_client_error(response.status):
        return ServerUnavailable(Outage.FAULT, sent=True)
    try:
        problem = decode(response, Problem)
    except ServerUnavailable as unreadable:
        too_many = response.status == httpx.codes.TOO_MANY_REQUESTS
        return ServerUnavailable(Outage.BUSY, sent=True) if too_many else unreadable
    if problem.type in UNAVAILABLE_CODES:
        return ServerUnavailable(UNAVAILABLE_CODES[problem.type], sent=True, problem=problem)
    return Refused(problem)


def decode(response: Response, answer: type[Answer]) -> Answer:
    """Raises ServerUnavailable, for what isn't one."""
    # Only nothing is answered with nothing: a portal says 200 to everything.
    nothing = response.status == httpx.codes.NO_CONTENT
    require(response, nothing == (answer is type(None)))
    try:
        return make_all_visible(msgspec.json.decode(b"null" if nothing else response.content, type=answer))
    except (msgspec.MsgspecError, RecursionError, UnicodeError) as error:
        raise ServerUnavailable(Outage.FAULT, sent=True) from error


def require(answer: Answer, belongs: bool) -> Answer:
    """`answer`, if it belongs to what was asked. Raises ServerUnavailable."""
    if not belongs:
        raise ServerUnavailable(Outage.FAULT, sent=True)
    return answer
