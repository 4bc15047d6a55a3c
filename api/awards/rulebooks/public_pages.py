"""`/rules`: the rules in force, public; and as a poster for the notice board."""

from __future__ import annotations

from typing import Any

from litestar import Request, Router, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Template

from api.awards.rulebooks import sections
from api.awards.rulebooks.public_rules import PublicRules, load_public_rules
from api.platform.services import Services
from api.web.error_pages import ERROR_PAGES
from api.web.page import render_page
from api.web.qr import render_qr
from rules import format_day, format_decision


@get("/rules")
async def township(
    request: Request[Any, Any, Any], services: NamedDependency[Services], version: FromQuery[str] = ""
) -> Template:
    return _rules_page(request, await load_public_rules(services, version=version))


@get("/rules/{village:str}")
async def village(
    village: FromPath[str],
    request: Request[Any, Any, Any],
    services: NamedDependency[Services],
    version: FromQuery[str] = "",
) -> Template:
    return _rules_page(request, await load_public_rules(services, village, version))


@get("/rules/poster")
async def township_poster(
    request: Request[Any, Any, Any], services: NamedDependency[Services], version: FromQuery[str] = ""
) -> Template:
    return _poster_page(request, await load_public_rules(services, version=version))


@get("/rules/{village:str}/poster")
async def village_poster(
    village: FromPath[str],
    request: Request[Any, Any, Any],
    services: NamedDependency[Services],
    version: FromQuery[str] = "",
) -> Template:
    return _poster_page(request, await load_public_rules(services, village, version))


def _rules_page(request: Request[Any, Any, Any], view: PublicRules) -> Template:
    timeline = view.timeline
    book, upcoming = timeline.book, timeline.upcoming
    return render_page(
        request,
        "awards/rulebooks/rules.html",
        **_context(view),
        retired=sections.retired_titles(book, timeline.base),
        upcoming_changes=sections.compare_content(book, upcoming)
        if upcoming and view.status == "in-force"
        else [],
        changes=sections.compare_content(timeline.previous, book) if timeline.previous else [],
    )


def _poster_page(request: Request[Any, Any, Any], view: PublicRules) -> Template:
    address = f"{str(request.base_url).rstrip('/')}{_path(view)}"
    return render_page(
        request,
        "awards/rulebooks/poster.html",
        **_context(view),
        address=address,
        code=render_qr(address, f"二维码：{address}"),
    )


def _context(view: PublicRules) -> dict[str, Any]:
    book, base = view.timeline.book, view.timeline.base
    return {
        "view": view,
        "book": book,
        "path": _path(view),
        "date": format_day,
        "decision": format_decision(book.adopted_by),
        "sections": sections.build_sections(book, base, view.notice_days),
        "limits": sections.describe_total_limits(book),
        "campaigns": list(sections.describe_campaigns(book, base)),
    }


def _path(view: PublicRules) -> str:
    return f"/rules/{view.village_code}" if view.village_code else "/rules"


router = Router(
    "/",
    route_handlers=[township, village, township_poster, village_poster],
    exception_handlers=ERROR_PAGES,
    include_in_schema=False,
)
