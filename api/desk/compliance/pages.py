"""`/compliance`: what this program doesn't do, to be read and printed by anybody."""

from __future__ import annotations

from typing import Any

from litestar import Request, Router, get
from litestar.response import Template

from api.desk.compliance.statements import list_sections
from api.web.error_pages import ERROR_PAGES
from api.web.page import render_page


@get("/compliance", sync_to_thread=False)
def show_sheet(request: Request[Any, Any, Any]) -> Template:
    return render_page(request, "desk/compliance/sheet.html", sections=list_sections())


router = Router("/", route_handlers=[show_sheet], exception_handlers=ERROR_PAGES, include_in_schema=False)
