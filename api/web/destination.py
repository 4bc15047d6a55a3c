"""Where somebody wanted to go who has to sign in first: in a cookie, until they have.

In a cookie and not in the URL, so that no link can send anybody anywhere after signing in.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote

from litestar import Request, Response

COOKIE = "jimei-destination"
_KEPT_FOR = 15 * 60
# A cookie holds about 4 KB.
_LONGEST = 2_000
# Of our own desk, and nothing that a browser could take for another host.
_OWN = re.compile(r"/desk(?:[/?][!-\[\]-~]*)?")


def keep_destination(request: Request[Any, Any, Any], response: Response[Any]) -> None:
    """Of a page that was asked for; a form that was sent is none to come back to."""
    wanted = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    if request.method == "GET" and len(wanted) <= _LONGEST:
        response.set_cookie(COOKIE, quote(wanted), max_age=_KEPT_FOR, httponly=True, samesite="lax")


def read_destination(request: Request[Any, Any, Any]) -> str | None:
    wanted = request.cookies.get(COOKIE, "")
    return wanted if _OWN.fullmatch(wanted) and "//" not in wanted else None


def forget_destination(response: Response[Any]) -> None:
    response.delete_cookie(COOKIE)
