"""One HTML page: a template, the sentence the last form left for it, and the headers every page carries."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

import jinja2
from litestar import MediaType, Request, Response, Router, get
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.plugins.jinja import JinjaTemplateEngine
from litestar.response import Template

from api.platform.clock import SHANGHAI, local_date
from api.web import flash

STYLE = Path(__file__).with_name("style.css").read_bytes()
# In the address of the stylesheet, so that browsers may keep it for a year and still see the next one at once.
_STYLE_VERSION = hashlib.sha256(STYLE).hexdigest()[:12]
A_YEAR = 365 * 24 * 3600

# Our own scripts, by the name of their file; their addresses carry a version like the stylesheet's.
_SCRIPTS = {file.name: file.read_bytes() for file in Path(__file__).with_name("static").glob("*.js")}

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
# For the `headers` of a page with a script: files of ours alone, which may ask nobody but us.
SCRIPTED = {
    "Content-Security-Policy": f"{_HEADERS['Content-Security-Policy']}; script-src 'self'; connect-src 'self'"
}


def page(
    request: Request[Any, Any, Any],
    template: str,
    *,
    status: int = 200,
    headers: Mapping[str, str] = {},
    **context: Any,
) -> Template:
    """`template` is looked up under `api/`. Beside `context` it has `today`, `flash`, `script`, the address of a
    script of ours, and `FILTERS`."""
    today = local_date(request.app.state["services"].clock.now())
    message = flash.waiting(request)
    shown = Template(
        template,
        context={
            **context,
            "today": today,
            "flash": message,
            "style_version": _STYLE_VERSION,
            "script": _script_address,
        },
        media_type=MediaType.HTML,
        status_code=status,
        headers={**_HEADERS, **headers},
    )
    if message is not None:
        shown.delete_cookie(flash.COOKIE)
    return shown


def template(request: Request[Any, Any, Any], name: str) -> jinja2.Template:
    """A part of a page, looked up under `api/`, that is shown on its own."""
    engine = request.app.template_engine
    assert isinstance(engine, JinjaTemplateEngine)
    return engine.get_template(name)


def _month(when: date | datetime, today: date) -> str:
    """6月, with the year where it is another."""
    on = local_date(when) if isinstance(when, datetime) else when
    year = "" if on.year == today.year else f"{on.year}年"
    return f"{year}{on.month}月"


def _day(when: date | datetime, today: date) -> str:
    """6月15日, with the year where it is another."""
    on = local_date(when) if isinstance(when, datetime) else when
    return f"{_month(on, today)}{on.day}日"


def _minute(when: datetime, today: date) -> str:
    return f"{_day(when, today)} {when.astimezone(SHANGHAI):%H:%M}"


def _signed(points: int) -> str:
    return f"{'−' if points < 0 else '+'}{abs(points)}"


FILTERS = {"month": _month, "day": _day, "minute": _minute, "signed": _signed}
"""How templates tell days and points: `{{ line.at | day(today) }}`, `{{ line.points | signed }}`."""


def _script_address(name: str) -> str:
    return f"/static/{name}?v={hashlib.sha256(_SCRIPTS[name]).hexdigest()[:12]}"


@get("/static/style.css", media_type="text/css", sync_to_thread=False)
def style() -> Response[bytes]:
    return Response(STYLE, headers={"Cache-Control": f"public, max-age={A_YEAR}, immutable"})


@get("/static/{name:str}", media_type="text/javascript", sync_to_thread=False)
def script(name: FromPath[str]) -> Response[bytes]:
    if name not in _SCRIPTS:
        raise NotFoundException
    return Response(_SCRIPTS[name], headers={"Cache-Control": f"public, max-age={A_YEAR}, immutable"})


router = Router("/", route_handlers=[style, script], include_in_schema=False)
