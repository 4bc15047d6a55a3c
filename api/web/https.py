"""What is different over HTTPS: HSTS, and cookies that are of this very host.

Their names begin with `__Host-` there, and they are `Secure`. Browsers take such a name only over TLS and from the
host itself, so neither a neighbouring sub-domain nor somebody on an unencrypted line can slip one in. The rule
stands here alone: whoever sets or reads a cookie uses its plain name, and the path `/`.

The scheme is the connection's own, or what a trusted proxy says of it. Plain HTTP, as in a village's own network,
is left as it is.
"""

from __future__ import annotations

from typing import cast

from litestar.types import ASGIApp, Message, Receive, Scope, Send

HSTS = "max-age=31536000"
_PREFIX = b"__Host-"


class OverHttps:
    """Around all of the application."""

    def __init__(self, app: ASGIApp) -> None:
        self._next = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope.get("scheme") == "https":
            scope = cast(Scope, {**scope, "headers": [_read(*header) for header in scope["headers"]]})
            send = _secure(send)
        await self._next(scope, receive, send)


def _read(name: bytes, value: bytes) -> tuple[bytes, bytes]:
    """Only cookies of this host, by their plain names."""
    if name != b"cookie":
        return name, value
    cookies = (cookie.strip() for cookie in value.split(b";"))
    return name, b"; ".join(cookie.removeprefix(_PREFIX) for cookie in cookies if cookie.startswith(_PREFIX))


def _secure(send: Send) -> Send:
    async def send_secure(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = [
                (name, _PREFIX + value + b"; Secure") if name.lower() == b"set-cookie" else (name, value)
                for name, value in message["headers"]
            ]
            message = {**message, "headers": [*headers, (b"strict-transport-security", HSTS.encode())]}
        await send(message)

    return send_secure
