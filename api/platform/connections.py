"""What a client may keep a connection waiting for, and how many connections there are.

A request whose head or body doesn't come in time is answered 408, an answer that nobody reads is cut off, and
where there are too many connections, those give way that wait for their client. A request that is being worked on,
as a long poll, has no deadline here. Nothing of it costs a task or a timer for each request: a connection looks at
its clock once a second."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto
from ipaddress import IPv6Address
from typing import Any

import msgspec
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol
from uvicorn.server import ServerState

from api.platform.errors import ErrorCode
from api.platform.problem_details import RETRY_AFTER


@dataclass(frozen=True, slots=True)
class Limits:
    """Times in seconds, sizes in bytes.

    `head`: for a request's head, from its first byte, and for the first one of a connection. `body`: for a body,
    and the time that it takes at `slowest` bytes a second, up to `longest`: a photo over a village's 2G takes
    minutes. `unread`: how long a client may read nothing of an answer. `look`: between looks at the clock."""

    head: float = 10
    body: float = 20
    slowest: int = 500
    longest: float = 600
    unread: float = 60
    look: float = 1
    head_size: int = 64 * 1024
    pipelined: int = 16
    connections: int = 2000


class _Awaited(Enum):
    """What a client has begun to send."""

    NOTHING = auto()
    HEAD = auto()
    BODY = auto()


class Connection(HttpToolsProtocol):
    """uvicorn's, with limits. Its own rules stay: an idle connection is closed after `timeout_keep_alive`."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
        *,
        limits: Limits,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._limits = limits
        self._awaited = _Awaited.NOTHING
        # Of what is awaited.
        self._deadline = self._latest = 0.0
        # Bytes of a head; of a body, those around it without as many as it has itself.
        self._received = 0
        # Of an answer that isn't read, or of the end of a connection that is being closed.
        self._unread_until: float | None = None
        self._waiting_since = 0.0
        self._look: asyncio.TimerHandle | None = None

    # --- What uvicorn and its parser tell ----------------------------------------------------------------

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._begin_head()
        self._look = self.loop.call_later(self._limits.look, self._look_at_clock)
        if len(self.connections) > self._limits.connections:
            self._make_room()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._look is not None:
            self._look.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._awaited is _Awaited.NOTHING:
            self._begin_head()
        self._received += len(data)
        super().data_received(data)
        # After a body, or between its chunks, there may be headers without end.
        if self._awaited is not _Awaited.NOTHING and self._received > self._limits.head_size:
            self._refuse(431, ErrorCode.TOO_LARGE, "请求的开头太大。")

    def on_message_begin(self) -> None:
        # Another request may begin in the midst of what was received.
        if self._awaited is _Awaited.NOTHING:
            self._begin_head()
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        if not is_sound(self.headers, self.parser.get_http_version()):
            raise ValueError
        self._awaited, self._received = _Awaited.BODY, 0
        now = self.loop.time()
        self._deadline, self._latest = now + self._limits.body, now + self._limits.longest
        if len(self.pipeline) < self._limits.pipelined:
            super().on_headers_complete()
        else:
            self.transport.abort()

    def on_body(self, body: bytes) -> None:
        self._deadline = min(self._deadline + len(body) / self._limits.slowest, self._latest)
        self._received -= 2 * len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._awaited = _Awaited.NOTHING
        super().on_message_complete()

    def on_response_complete(self) -> None:
        self._waiting_since = self.loop.time()
        super().on_response_complete()

    def send_400_response(self, msg: str) -> None:
        """For whatever its parser, or a callback here, can't take."""
        self._refuse(400, ErrorCode.MALFORMED, "请求的内容或格式不对，请核对。")

    def pause_writing(self) -> None:
        self._unread_until = self.loop.time() + self._limits.unread
        super().pause_writing()

    def resume_writing(self) -> None:
        self._unread_until = None
        super().resume_writing()

    def shutdown(self) -> None:
        super().shutdown()
        if self._awaited is not _Awaited.NOTHING:
            self.transport.close()

    # --- Limits -----------------------------------------------------------------------------------------

    def _begin_head(self) -> None:
        self._awaited, self._received = _Awaited.HEAD, 0
        self._waiting_since = self.loop.time()
        self._deadline = self._waiting_since + self._limits.head

    def _look_at_clock(self) -> None:
        self._look = self.loop.call_later(self._limits.look, self._look_at_clock)
        now = self.loop.time()
        if self._unread_until is None and self.transport.is_closing():
            self._unread_until = now + self._limits.unread
        if self._unread_until is not None and now > self._unread_until:
            self.transport.abort()
        elif self.flow.read_paused:
            # Then it is we who keep the client waiting.
            self._deadline = max(self._deadline, now + self._limits.head)
        elif self._awaited is not _Awaited.NOTHING and now > self._deadline:
            self._refuse(408, ErrorCode.TIMED_OUT, "请求没有在时限内发完，请再试一次。")

    def _make_room(self) -> None:
        """The origin that has most connections gives way: of those that wait for their client, the one that has
        waited longest. Where all are being worked on, this one itself."""
        held = Counter(each.origin for each in self.connections if isinstance(each, Connection))
        waiting = [each for each in self.connections if isinstance(each, Connection) and each.is_waiting]
        victim = max(waiting, key=lambda each: (held[each.origin], -each._waiting_since))
        victim._refuse(503, ErrorCode.BUSY, "现在连接太多，请稍候再试。")

    @property
    def origin(self) -> str:
        return self.client[0] if self.client is not None else ""

    @property
    def is_waiting(self) -> bool:
        """For its client: nothing is being worked on, or only what isn't there yet."""
        if self.transport.is_closing():
            return False
        return self._awaited is not _Awaited.NOTHING or self._is_answered

    @property
    def _is_answered(self) -> bool:
        return self.cycle is None or self.cycle.response_complete

    def _refuse(self, status: int, code: ErrorCode, detail: str) -> None:
        """Close the connection, with an answer where one can't be taken for that of another request."""
        awaits_body = self._awaited is _Awaited.BODY
        unanswered = awaits_body and not self.pipeline and not self.cycle.response_started
        if unanswered or (self._awaited is _Awaited.HEAD and self._is_answered):
            self.transport.write(_encode_problem(status, code, detail))
        self.transport.close()


_HOST = re.compile(rb"(?:[\w.-]+|\[([\da-fA-F:.]+)\])(?::(\d{0,5}))?")


def is_sound(headers: Sequence[tuple[bytes, bytes]], version: str) -> bool:
    """Whether it says once for which host it is, and sends its body in a way that we read (RFC 9112, 3.2 and 6.1).
    A proxy before us might take anything else for another request than we do."""
    hosts = [value for name, value in headers if name == b"host"]
    encodings = [value.strip().lower() for name, value in headers if name == b"transfer-encoding"]
    if len(hosts) > 1 or (not hosts and version == "1.1"):
        return False
    return all(map(_is_host, hosts)) and encodings in ([], [b"chunked"])


def _is_host(value: bytes) -> bool:
    found = _HOST.fullmatch(value.strip())
    if found is None:
        return False
    address, port = found.groups()
    try:
        if address is not None:
            IPv6Address(address.decode())
    except ValueError:
        return False
    return int(port or 0) < 65_536


def _encode_problem(status: int, code: ErrorCode, detail: str) -> bytes:
    title = code.replace("-", " ")
    body = msgspec.json.encode({"type": code, "title": title, "status": status, "detail": detail, "extra": {}})
    lines = [
        b"content-type: application/problem+json",
        b"content-length: %d" % len(body),
        b"connection: close",
        *([b"retry-after: %d" % RETRY_AFTER] if status == 503 else []),
    ]
    return STATUS_LINE[status] + b"".join(line + b"\r\n" for line in lines) + b"\r\n" + body
