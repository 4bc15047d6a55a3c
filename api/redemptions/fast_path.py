"""The short way of a redemption: from the wire to the queue, with as little between as can be.

The general way of a request, with its signatures, dependencies and validated parameters, would be half of what a
redemption costs. Only what is whole and plain is answered here; anything else, malformed or unusual, goes the
general way, which reads the same message again and has a sentence for everything.
"""

from __future__ import annotations

from uuid import UUID

import msgspec
from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.serialization import encode_json
from litestar.types import ASGIApp, Receive, Scope, Send
from litestar.types.asgi_types import ReceiveMessage

from api import wire
from api.access import bearer_secret
from api.redemptions.together import RedemptionQueue

_WANTED = msgspec.json.Decoder(wire.Redemption)


class FastPath(ASGIMiddleware):
    scopes = (ScopeType.HTTP,)

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        message = await receive()
        receipt = await _receipt(scope, message)
        if receipt is None:
            await next_app(scope, _again(message, receive), send)
            return
        body = encode_json(receipt)
        headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body, "more_body": False})


async def _receipt(scope: Scope, message: ReceiveMessage) -> wire.Receipt | None:
    """Raises Refused: busy."""
    if message["type"] != "http.request" or message["more_body"]:
        return None
    headers = dict(scope["headers"])
    if b"x-card-pin" in headers:
        return None
    try:
        wanted = _WANTED.decode(message["body"])
    except msgspec.DecodeError:
        return None
    queue: RedemptionQueue = scope["litestar_app"].state.redemptions
    device = bearer_secret(headers.get(b"authorization", b"").decode("latin-1"))
    shift = headers.get(b"x-shift", b"").decode("latin-1")
    id = scope["path_params"]["id"]
    assert isinstance(id, UUID)
    return await queue.redeem(device, shift, id, wanted)


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
