"""One HTML page: a template, the sentence the last form left for it, and the headers every page carries."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import Any

from litestar import Request, Response, Router, get
from litestar.response import Template

from api.clock import SHANGHAI, local_date
from api.pages import flash

STYLE = Path(__file__).with_name("style.css").read_bytes()
# In the address of the stylesheet, so that browsers may keep it for a year and still see the next one at once.
_STYLE_VERSION = hashlib.sha256(STYLE).hexdigest()[:12]
_A_YEAR = 365 * 24 * 3600

# A page holds a household's or a villager's affairs: it is kept nowhere, found by no search engine, told to no
# other site, and runs nothing but itself.
_HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    ),
}


def page(
    request: Request[Any, Any, Any],
    template: str,
    *,
    status: int = 200,
    headers: Mapping[str, str] = {},
    **context: Any,
) -> Template:
    """`template` is looked up under `api/`. Beside `context` it has `today`, `month`, `day`, `minute`, `flash`."""
    today = local_date(request.app.state["town"].clock.now())
    message = flash.waiting(request)
    shown = Template(
        template,
        context={
            **context,
            "today": today,
            "month": partial(_month, this_year=today.year),
            "day": partial(_day, this_year=today.year),
            "minute": partial(_minute, this_year=today.year),
            "flash": message,
            "style_version": _STYLE_VERSION,
        },
        status_code=status,
        headers={**_HEADERS, **headers},
    )
    if message is not None:
        shown.delete_cookie(flash.COOKIE)
    return shown


def _month(when: date | datetime, this_year: int) -> str:
    """6月, with the year where it is another."""
    on = local_date(when) if isinstance(when, datetime) else when
    year = "" if on.year == this_year else f"{on.year}年"
    return f"{year}{on.month}月"


def _day(when: date | datetime, this_year: int) -> str:
    """6月15日, with the year where it is another."""
    on = local_date(when) if isinstance(when, datetime) else when
    return f"{_month(on, this_year)}{on.day}日"


def _minute(when: datetime, this_year: int) -> str:
    return f"{_day(when, this_year)} {when.astimezone(SHANGHAI):%H:%M}"


@get("/static/style.css", media_type="text/css", sync_to_thread=False)
def style() -> Response[bytes]:
    return Response(STYLE, headers={"Cache-Control": f"public, max-age={_A_YEAR}, immutable"})


router = Router("/", route_handlers=[style], include_in_schema=False)
