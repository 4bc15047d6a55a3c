"""`/`: links to all that is public, and to the desk."""

from __future__ import annotations

from typing import Any

from litestar import Request, Router, get
from litestar.response import Template

from api.web.error_pages import ERROR_PAGES
from api.web.page import render_page


@get("/", sync_to_thread=False)
def show_landing(request: Request[Any, Any, Any]) -> Template:
    return render_page(request, "web/landing.html")


router = Router("/", route_handlers=[show_landing], exception_handlers=ERROR_PAGES, include_in_schema=False)
