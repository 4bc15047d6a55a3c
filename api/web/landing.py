"""`/`: where to go from here."""

from __future__ import annotations

from typing import Any

from litestar import Request, Router, get
from litestar.response import Template

from api.web.page import page
from api.web.refusals import AS_PAGES


@get("/", sync_to_thread=False)
def landing(request: Request[Any, Any, Any]) -> Template:
    return page(request, "web/landing.html")


router = Router("/", route_handlers=[landing], exception_handlers=AS_PAGES, include_in_schema=False)
