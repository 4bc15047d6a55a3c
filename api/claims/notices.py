"""`/notices`: the villages' public notice boards, for everybody."""

from __future__ import annotations

from typing import Any

from litestar import Request, Router, get
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Template

from api.claims import board
from api.pages.page import page
from api.pages.refusals import AS_PAGES
from api.town import Town


@get("/notices")
async def villages(request: Request[Any, Any, Any], town: NamedDependency[Town]) -> Template:
    return page(request, "claims/villages.html", villages=await board.villages(town))


@get("/notices/{village:str}")
async def village(
    village: FromPath[str], request: Request[Any, Any, Any], town: NamedDependency[Town]
) -> Template:
    return page(request, "claims/board.html", board=await board.board(town, village), code=village)


router = Router("/", route_handlers=[villages, village], exception_handlers=AS_PAGES, include_in_schema=False)
