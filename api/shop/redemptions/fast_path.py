"""The short way of a redemption: from the wire to the queue, with as little between as can be.

The general way of a request, with its routes, middleware, dependencies and validated parameters, would be half of
what a redemption costs. Only what is whole and plain is answered here, before the application hears of it. All
else, malformed or unusual, goes the general way, which reads the same message again and has a sentence for it.
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
from api.platform.access import bearer_secret
from api.shop.redemptions.facts import RedemptionRequest

BEFORE_ID = "/v1/redemptions/"

_WANTED = msgspec.json.Decoder(wire.Redemption)


class FastPath:
    """The application, with the short way before it."""

    def __init__(self, app: Litestar) -> None:
        self._app = app

    async def __call__(self, scope: Scope | LifeSpanScope, receive: Receive, send: Send) -> None:
        if _of_redemption(scope):
            message = await receive()
            receipt = await self._receipt(scope, message)
            if receipt is not None:
                body = encode_json(receipt)
                headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
                await send({"type": "http.response.start", "status": 200, "headers": headers})
                await send({"type": "http.response.body", "body": body, "more_body": False})
                return
            receive = _again(message, receive)
        await self._app(scope, receive, send)

    async def _receipt(self, scope: HTTPScope, message: ReceiveMessage) -> wire.Receipt | None:
        if message["type"] != "http.request" or message["more_body"]:
            return None
        headers = dict(scope["headers"])
        if b"x-card-pin" in headers:
            return None
        try:
            id = UUID(scope["path"].removeprefix(BEFORE_ID))
            device = bearer_secret(headers.get(b"authorization", b"").decode("latin-1"))
            shift = headers.get(b"x-shift", b"").decode("latin-1")
            asked = RedemptionRequest.read(device, shift, id, _WANTED.decode(message["body"]))
        except ValueError:
            return None
        receipt: wire.Receipt | None = await self._app.state.redemptions.redeem(asked)
        return receipt


def _of_redemption(scope: Mapping[str, Any]) -> TypeGuard[HTTPScope]:
    path: str = scope.get("path", "")
    return scope["type"] == "http" and scope["method"] == "PUT" and path.startswith(BEFORE_ID)


def _again(message: ReceiveMessage, receive: Receive) -> Receive:
    """This message, and then what follows it."""
    read = False

    async def replayed() -> ReceiveMessage:
        nonlocal read
        if read:
            return await receive()
        read = True
        return message

    return replayed
