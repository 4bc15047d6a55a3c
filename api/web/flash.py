"""A message that a form leaves for the next page: in a cookie, shown once.

In a cookie and not in the URL, so that no link can make a page show a message of its own.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any, Literal

import msgspec
from litestar import Request
from litestar.datastructures import Cookie
from litestar.response import Redirect

COOKIE = "jimei-flash"
# A cookie holds about 4 KB.
_LONGEST = 600


class Flash(msgspec.Struct, frozen=True):
    tone: Literal["done", "refused"]
    text: str


def see_other(path: str, text: str = "", tone: Literal["done", "refused"] = "done") -> Redirect:
    """Answer a form by redirecting, so that reloading sends nothing again."""
    cookies = []
    if text:
        value = urlsafe_b64encode(msgspec.json.encode(Flash(tone, text[:_LONGEST]))).decode()
        cookies.append(Cookie(COOKIE, value=value, httponly=True, samesite="lax", max_age=60))
    return Redirect(path, status_code=303, cookies=cookies, headers={"Cache-Control": "no-store"})


def read_flash(request: Request[Any, Any, Any]) -> Flash | None:
    value = request.cookies.get(COOKIE)
    if value is None:
        return None
    try:
        return msgspec.json.decode(urlsafe_b64decode(value), type=Flash)
    except (ValueError, msgspec.DecodeError):
        return None
