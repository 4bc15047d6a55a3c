"""A short path for redemptions: from the request's body straight to the queue.

Routing, middleware, dependency injection and validated parameters would make up half of what a redemption costs.
Only complete and usual requests are answered here, before the application sees them. Any other, malformed or
unusual, goes to the application, which reads the same message again and has an error for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeGuard
from uuid import UUID

import msgspec
from litestar import Litestar
from litestar.serialization import encode_json
from litestar.types import HTTPScope, LifeSpanScope, Receive, Scope, Send
from litestar.types.asgi_types import ReceiveMessage

from api import wire
from api.platform.access import parse_bearer
from api.shop.redemptions.facts import RedemptionRequest

PATH_PREFIX = "/v1/redemptions/"

_DECODER = msgspec.json.Decoder(wire.Redemption)


class FastPath:
    """The application, with the short path before it."""

    def __init__(self, app: Litestar) -> None:
        self._app = app

    async def __call__(self, scope: Scope | LifeSpanScope, receive: Receive, send: Send) -> None:
        if _is_redemption(scope):
            message = await receive()
            receipt = await self._redeem(scope, message)
            if receipt is not None:
                body = encode_json(receipt)
                headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
                await send({"type": "http.response.start", "status": 200, "headers": headers})
                await send({"type": "http.response.body", "body": body, "more_body": False})
                return
            receive = _replay(message, receive)
        await self._app(scope, receive, send)

    async def _redeem(self, scope: HTTPScope, message: ReceiveMessage) -> wire.Receipt | None:
        if message["type"] != "http.request" or message["more_body"]:
            return None
        headers = dict(scope["headers"])
        if b"x-card-pin" in headers or headers.get(b"content-type") != b"application/json":
            return None
        if self._app.state["books_age"].may_be_older(headers.get(b"x-restored-at", b"").decode("latin-1")):
            return None
        try:
            id = UUID(scope["path"].removeprefix(PATH_PREFIX))
            device = parse_bearer(headers.get(b"authorization", b"").decode("latin-1"))
            shift = headers.get(b"x-shift", b"").decode("latin-1")
            request = RedemptionRequest.from_wire(device, shift, id, _DECODER.decode(message["body"]))
        except ValueError:
            return None
        receipt: wire.Receipt | None = await self._app.state.redemptions.redeem(request)
        return receipt


def _is_redemption(scope: Mapping[str, Any]) -> TypeGuard[HTTPScope]:
    path: str = scope.get("path", "")
    return scope["type"] == "http" and scope["method"] == "PUT" and path.startswith(PATH_PREFIX)


def _replay(message: ReceiveMessage, receive: Receive) -> Receive:
    """Receives `message` first, then what follows it."""
    read = False

    async def replayed() -> ReceiveMessage:
        nonlocal read
        if read:
            return await receive()
        read = True
        return message

    return replayed
