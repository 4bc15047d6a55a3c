"""`/notices`: the villages' public notice boards."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from litestar import Request, Router, get
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Template

from api.awards.notices import board
from api.platform.access import Staff
from api.platform.services import Services
from api.web.error_pages import ERROR_PAGES
from api.web.page import render_page
from api.web.qr import render_qr


@get("/notices")
async def villages(request: Request[Any, Any, Any], services: NamedDependency[Services]) -> Template:
    return render_page(request, "awards/notices/villages.html", villages=await board.list_villages(services))


@get("/notices/{village:str}")
async def village(
    village: FromPath[str], request: Request[Any, Any, Any], services: NamedDependency[Services]
) -> Template:
    address = f"{str(request.base_url).rstrip('/')}/notices/{quote(village)}"
    return render_page(
        request,
        "awards/notices/board.html",
        board=await board.load_board(services, village),
        code=village,
        scan=render_qr(address, f"二维码：{address}"),
        printed_at=services.clock.now(),
        printed_by=request.user.name if isinstance(request.user, Staff) else "",
    )


router = Router("/", route_handlers=[villages, village], exception_handlers=ERROR_PAGES, include_in_schema=False)
