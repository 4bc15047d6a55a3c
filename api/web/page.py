"""HTML pages: a template, the flash message, and the headers of every page."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from datetime import date, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import jinja2
from litestar import MediaType, Request, Response, Router, get
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.plugins.jinja import JinjaTemplateEngine
from litestar.response import Template
from markupsafe import Markup, escape

from api.platform.clock import local_date, local_time
from api.web import csrf, flash
from api.wire.text import make_visible

STYLE = Path(__file__).with_name("style.css").read_bytes()
# In the URL of the stylesheet, so that browsers may cache it for a year and still load a new one at once.
STYLE_VERSION = hashlib.sha256(STYLE).hexdigest()[:12]
YEAR_SECONDS = 365 * 24 * 3600

# Our own scripts, by file name; their URLs have a version like the stylesheet's.
_SCRIPTS = {file.name: file.read_bytes() for file in Path(__file__).with_name("static").glob("*.js")}

# Pages have personal data: no caching, no indexing, no referrer, and no content from elsewhere.
PAGE_HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    ),
}
# For the `headers` of a page with a script: only our own files, which may connect only to us.
SCRIPT_HEADERS = {
    "Content-Security-Policy": f"{PAGE_HEADERS['Content-Security-Policy']}; script-src 'self'; connect-src 'self'"
}


class _FormToken:
    """The hidden field of a page's forms, made where a template writes it: pages without forms need no token."""

    def __init__(self, request: Request[Any, Any, Any]) -> None:
        self._request = request

    def __html__(self) -> str:
        return self._field

    @cached_property
    def _field(self) -> Markup:
        field = Markup('<input type="hidden" name="{}" value="{}">')
        return field.format(csrf.FIELD, csrf.issue_token(self._request))


class Page(Template):
    """A template that is a page of its own."""

    def create_template_context(self, request: Request[Any, Any, Any]) -> dict[str, Any]:
        return super().create_template_context(request) | {"csrf_input": _FormToken(request)}


def render_page(
    request: Request[Any, Any, Any],
    template: str,
    *,
    status: int = 200,
    headers: Mapping[str, str] = {},
    **context: Any,
) -> Template:
    """`template` is looked up under `api/`. Besides `context` it gets `today`, `flash`, `script`, which makes the
    URL of a script, and `FILTERS`."""
    today = local_date(request.app.state["services"].clock.now())
    message = flash.read_flash(request)
    response = Page(
        template,
        context={
            **context,
            "today": today,
            "flash": message,
            "style_version": STYLE_VERSION,
            "script": _script_url,
        },
        media_type=MediaType.HTML,
        status_code=status,
        headers={**PAGE_HEADERS, **headers},
    )
    if message is not None:
        response.delete_cookie(flash.COOKIE)
    return response


def get_template(request: Request[Any, Any, Any], name: str) -> jinja2.Template:
    """A template, looked up under `api/`, to be rendered as a part of a page."""
    engine = request.app.template_engine
    assert isinstance(engine, JinjaTemplateEngine)
    return engine.get_template(name)


def _format_month(when: date | datetime, today: date) -> str:
    """6月, with the year unless it is this year."""
    on = local_date(when) if isinstance(when, datetime) else when
    year = "" if on.year == today.year else f"{on.year}年"
    return f"{year}{on.month}月"


def _format_day(when: date | datetime, today: date) -> str:
    """6月15日, with the year unless it is this year."""
    on = local_date(when) if isinstance(when, datetime) else when
    return f"{_format_month(on, today)}{on.day}日"


def _format_minute(when: datetime, today: date) -> str:
    return f"{_format_day(when, today)} {local_time(when):%H:%M}"


def format_signed(points: int) -> str:
    """With a minus sign instead of a hyphen; nothing before 0."""
    return f"{'−' if points < 0 else '+' if points else ''}{abs(points)}"


def show(value: Any) -> Any:
    """What a template writes for `value`: a text without anything that commands a reader's screen, whatever was
    stored before texts were checked. Markup is ours."""
    return make_visible(value) if type(value) is str else value


# Browsers would break a line at the hyphens of `v01-01-001`.
_CODE = re.compile(r"[0-9A-Za-z]+(?:-[0-9A-Za-z]+)+")


def _keep_whole(text: str) -> Markup:
    """`text` with each code in it kept on one line."""
    return Markup(_CODE.sub(r'<span class="whole">\g<0></span>', str(escape(show(text)))))


FILTERS = {
    "month": _format_month,
    "day": _format_day,
    "minute": _format_minute,
    "signed": format_signed,
    "whole": _keep_whole,
}
"""How templates format days, points and codes: `{{ line.at | day(today) }}`, `{{ line.points | signed }}`. They
raise for no moment, day or number that can be stored: one entry must never cost everybody the page that lists
it."""


def _script_url(name: str) -> str:
    return f"/static/{name}?v={hashlib.sha256(_SCRIPTS[name]).hexdigest()[:12]}"


@get("/static/style.css", media_type="text/css", sync_to_thread=False)
def serve_style() -> Response[bytes]:
    return Response(STYLE, headers={"Cache-Control": f"public, max-age={YEAR_SECONDS}, immutable"})


@get("/static/{name:str}", media_type="text/javascript", sync_to_thread=False)
def serve_script(name: FromPath[str]) -> Response[bytes]:
    if name not in _SCRIPTS:
        raise NotFoundException
    return Response(_SCRIPTS[name], headers={"Cache-Control": f"public, max-age={YEAR_SECONDS}, immutable"})


router = Router("/", route_handlers=[serve_style, serve_script], include_in_schema=False)
