"""HEAD and OPTIONS for every route that there is, without a handler of their own."""

from __future__ import annotations

from typing import cast

from litestar import Litestar
from litestar.exceptions import MethodNotAllowedException, NotFoundException
from litestar.types import Message, Receive, Scope, Send
from litestar.utils import normalize_path

_NO_METHOD = "*"


class EveryMethod:
    """Around all of the application: routing would know neither."""

    def __init__(self, app: Litestar) -> None:
        self._router = app.asgi_router
        self._next = app.asgi_handler

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        match scope.get("method"):
            case "HEAD":
                scope, send = cast(Scope, {**scope, "method": "GET"}), _without_body(send)
            case "OPTIONS" if allow := self._find_allowed(scope["path"]):
                # Asked before anybody signs in; it says nothing that the OpenAPI document doesn't.
                headers = [(b"allow", allow.encode())]
                await send({"type": "http.response.start", "status": 204, "headers": headers})
                await send({"type": "http.response.body", "body": b"", "more_body": False})
                return
        await self._next(scope, receive, send)

    def _find_allowed(self, path: str) -> str:
        """Of an `Allow` header; empty for what leads nowhere."""
        try:
            self._router.handle_routing(path=normalize_path(path), method=_NO_METHOD)
        except MethodNotAllowedException as error:
            return list_allowed(error)
        except NotFoundException:
            pass
        return ""


def list_allowed(error: MethodNotAllowedException) -> str:
    """The methods of the address, for its `Allow` header."""
    methods = set((error.headers or {})["allow"].split(", ")) | {"OPTIONS"}
    return ", ".join(sorted(methods | {"HEAD"} if "GET" in methods else methods))


def _without_body(send: Send) -> Send:
    async def send_headers(message: Message) -> None:
        if message["type"] == "http.response.body":
            message = {**message, "body": b""}
        await send(message)

    return send_headers
