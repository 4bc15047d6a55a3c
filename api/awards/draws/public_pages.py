"""`/notices/{village}/draws`: the draws of a village, so that anybody can do them over."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, Router, get
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Template

from api.awards.draws.opening import read_candidates
from api.awards.draws.queries import list_draws, load_draw, read_month
from api.awards.draws.sample import count_share, find_chance, write_check, write_list, write_recipe
from api.awards.draws.visiting import OUTCOMES
from api.bookkeeping.general_ledger.disclosure import Outsider
from api.platform.errors import ErrorCode, Refused
from api.platform.services import Services
from api.registry.founding.defaults import read_defaults
from api.registry.people.queries import name_villages
from api.web.error_pages import ERROR_PAGES
from api.web.page import render_page

_FALSE_CLAIMS = (1, 5, 12, 24, 60)
"""Of one declarer within a year, for which their chance is told."""


@get("/notices/{village:str}/draws")
async def list_of_village(
    village: FromPath[str], request: Request[Any, Any, Any], services: NamedDependency[Services]
) -> Template:
    async with services.unit_of_work() as uow:
        names = await name_villages(uow)
        if village not in names:
            raise Refused(ErrorCode.UNKNOWN, "没有这个村的公示。")
        draws = await list_draws(uow, village)
        percent = (await read_defaults(uow)).revisit_percent
    return render_page(
        request,
        "awards/draws/village.html",
        code=village,
        village=names[village],
        draws=draws,
        percent=percent,
        chances=[(number, find_chance(percent, number)) for number in _FALSE_CLAIMS],
    )


@get("/notices/{village:str}/draws/{month:str}")
async def show_draw(
    village: FromPath[str],
    month: FromPath[str],
    request: Request[Any, Any, Any],
    services: NamedDependency[Services],
) -> Template:
    async with services.unit_of_work() as uow:
        details = await load_draw(uow, Outsider.PUBLIC, village, read_month(month))
    draw, dice = details.draw, details.dice
    return render_page(
        request,
        "awards/draws/public_draw.html",
        code=village,
        details=details,
        outcomes=OUTCOMES,
        share=count_share(draw.candidates, draw.percent),
        recipe=None if dice is None else write_recipe(draw.root, dice.dice, draw.percent),
        check=None if dice is None else write_check(draw.root, dice.dice, str(details.drawn[0].id)),
    )


@get("/notices/{village:str}/draws/{month:str}/candidates.txt", media_type="text/plain; charset=utf-8")
async def download_candidates(
    village: FromPath[str], month: FromPath[str], services: NamedDependency[Services]
) -> Response[str]:
    """What the recipe reads."""
    day = read_month(month)
    async with services.unit_of_work() as uow:
        candidates = await read_candidates(uow, village, day)
    if not candidates:
        raise Refused(ErrorCode.UNKNOWN, "没有这个月的抽查。")
    return Response(
        write_list(candidates), headers={"Content-Disposition": 'attachment; filename="candidates.txt"'}
    )


router = Router(
    "/",
    route_handlers=[list_of_village, show_draw, download_candidates],
    exception_handlers=ERROR_PAGES,
    include_in_schema=False,
)
