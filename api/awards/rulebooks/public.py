"""`/rules`: the rules in force, for everybody; and the same as a poster for the notice board."""

from __future__ import annotations

from typing import Any

from litestar import Request, Router, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Template

from api.awards.rulebooks import sections
from api.awards.rulebooks.published import Published, published
from api.platform.services import Services
from api.web.error_pages import ERROR_PAGES
from api.web.page import render_page
from api.web.qr import drawn
from rules import format_day, format_decision


@get("/rules")
async def township(
    request: Request[Any, Any, Any], services: NamedDependency[Services], version: FromQuery[str] = ""
) -> Template:
    return _rules(request, await published(services, version=version))


@get("/rules/{village:str}")
async def village(
    village: FromPath[str],
    request: Request[Any, Any, Any],
    services: NamedDependency[Services],
    version: FromQuery[str] = "",
) -> Template:
    return _rules(request, await published(services, village, version))


@get("/rules/poster")
async def township_poster(
    request: Request[Any, Any, Any], services: NamedDependency[Services], version: FromQuery[str] = ""
) -> Template:
    return _poster(request, await published(services, version=version))


@get("/rules/{village:str}/poster")
async def village_poster(
    village: FromPath[str],
    request: Request[Any, Any, Any],
    services: NamedDependency[Services],
    version: FromQuery[str] = "",
) -> Template:
    return _poster(request, await published(services, village, version))


def _rules(request: Request[Any, Any, Any], seen: Published) -> Template:
    shelf = seen.shelf
    book, coming = shelf.wanted, shelf.coming
    return render_page(
        request,
        "awards/rulebooks/rules.html",
        **_common(seen),
        left_out=sections.left_out(book, shelf.base),
        coming=sections.of_substance(book, coming) if coming and seen.standing == "in-force" else [],
        changed=sections.of_substance(shelf.before, book) if shelf.before else [],
    )


def _poster(request: Request[Any, Any, Any], seen: Published) -> Template:
    address = f"{str(request.base_url).rstrip('/')}{_path(seen)}"
    return render_page(
        request, "awards/rulebooks/poster.html", **_common(seen), address=address, code=drawn(address)
    )


def _common(seen: Published) -> dict[str, Any]:
    book, base = seen.shelf.wanted, seen.shelf.base
    return {
        "seen": seen,
        "book": book,
        "path": _path(seen),
        "date": format_day,
        "decision": format_decision(book.adopted_by),
        "sections": sections.sections(book, base, seen.notice_days),
        "limits": sections.total_limits(book),
        "campaigns": list(sections.campaigns(book, base)),
    }


def _path(seen: Published) -> str:
    return f"/rules/{seen.code}" if seen.code else "/rules"


router = Router(
    "/",
    route_handlers=[township, village, township_poster, village_poster],
    exception_handlers=ERROR_PAGES,
    include_in_schema=False,
)
