"""How a server without a township lets one be founded in a browser: by whoever has the code that `jimei serve` has
printed, and by nobody else. While the door is open it leads to nothing but the founding."""

from __future__ import annotations

import asyncio
import hmac
from typing import Any

from litestar import Request, Response

from api.desk.founding.use_cases import is_founded
from api.platform.access import digest_secret, generate_secret
from api.platform.errors import ErrorCode, Refused
from api.platform.services import UnitOfWork
from api.registry.people.clients import Client, look_up_code
from api.web.flash import see_other
from api.wire.card_token import normalize, random_symbols

BEGIN = "/begin"
COOKIE = "jimei-begin"
CODE_LENGTH = 12
"""60 random bits: too many to guess one while a server waits."""
_OPEN = (BEGIN, "/static/", "/healthz", "/readyz", "/schema")


class Door:
    """Of one server's life: another start has another code. `code` is known here and on the terminal alone."""

    def __init__(self) -> None:
        self.code = random_symbols(CODE_LENGTH)
        self._key = generate_secret()
        self._founded = asyncio.Event()

    @property
    def is_open(self) -> bool:
        return not self._founded.is_set()

    async def admit(self, request: Request[Any, Any, Any], code: str, client: Client) -> str:
        """The key of this door, for a cookie. Raises Refused: code-wrong, too-many."""
        given = digest_secret(normalize(code))

        async def find(_: UnitOfWork) -> str | None:
            right = self.is_open and hmac.compare_digest(given, digest_secret(self.code))
            return self._key if right else None

        key = await look_up_code(request.app.state.services, find, client)
        if key is None:
            raise Refused(ErrorCode.CODE_WRONG, "这个码不对，请照着服务器终端上最后显示的那一个输入。")
        return key

    def knows(self, request: Request[Any, Any, Any]) -> bool:
        """Whether this browser has shown the code."""
        key = request.cookies.get(COOKIE, "")
        return self.is_open and hmac.compare_digest(key.encode(), self._key.encode())

    def close(self) -> None:
        """There is a township: the code and its key are worth nothing any more."""
        self._founded.set()

    async def wait(self) -> None:
        """Until there is a township."""
        await self._founded.wait()


def get_door(request: Request[Any, Any, Any]) -> Door | None:
    """None: the door isn't open."""
    door: Door | None = request.app.state.door
    return door if door is not None and door.is_open else None


async def lead_to_founding(request: Request[Any, Any, Any]) -> Response[Any] | None:
    """Before each request. Raises Refused: no-township, to programs."""
    door = get_door(request)
    if door is None:
        return None
    if await is_founded(request.app.state.services):
        # By another process.
        door.close()
        return None
    path = request.url.path
    if path.startswith(_OPEN):
        return None
    if path.startswith("/v1/"):
        raise Refused(ErrorCode.NO_TOWNSHIP, "这台服务器上还没有建立乡镇，请先在浏览器里建立。")
    return see_other(BEGIN)
