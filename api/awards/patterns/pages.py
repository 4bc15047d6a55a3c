"""`/desk/patterns`: unusual patterns as plots with tables, for supervisors alone."""

from __future__ import annotations

from urllib.parse import urlencode

from litestar import Router, get
from litestar.di import NamedDependency
from litestar.response import Template

from api.awards.patterns import charts, thresholds
from api.awards.patterns.periods import OfferedPeriod, Period, offer_periods, read_period
from api.awards.patterns.routes import PeriodKey, VillageCode
from api.awards.patterns.use_cases import find_patterns
from api.platform.access import StaffRequest, staff_only
from api.platform.clock import local_date
from api.platform.services import Services
from api.registry.people.queries import name_villages
from api.web.error_pages import ERROR_PAGES
from api.web.page import render_page
from rules import BODY_TITLES

PATH = "/desk/patterns"
MAX_ROWS = 50
"""Of a table on the page: with more of them the page would be slow to come over a poor line."""
PAIR_SIGNS = {
    "household": "这户的分多半由他报",
    "declarer": "他报的分多半给了这户",
    "both-ways": "两家互相报",
}


@get(PATH)
async def show(
    request: StaffRequest,
    services: NamedDependency[Services],
    village: VillageCode = None,
    period: PeriodKey = None,
) -> Template:
    """At first of this month."""
    staff, offered = request.user, offer_periods(local_date(services.clock.now()))
    chosen = read_period(period) if period else offered[0].period
    found = await find_patterns(services, staff, village, chosen)
    async with services.unit_of_work() as uow:
        villages = {code: name for code, name in sorted((await name_villages(uow)).items()) if staff.serves(code)}
    return render_page(
        request,
        "awards/patterns/patterns.html",
        staff=staff,
        found=found,
        period=chosen,
        offered=_list_offered(offered, chosen),
        villages=villages,
        bodies=BODY_TITLES,
        signs=PAIR_SIGNS,
        thresholds=thresholds,
        charts=charts.draw_all(found, villages),
        max_rows=MAX_ROWS,
        address=_address,
    )


def _list_offered(offered: list[OfferedPeriod], chosen: Period) -> list[OfferedPeriod]:
    """With the chosen one, where a link leads to another."""
    if any(each.period == chosen for each in offered):
        return offered
    return [*offered, OfferedPeriod(chosen.title, chosen)]


def _address(village: str | None, period: str) -> str:
    asked = {"village": village, "period": period}
    return f"{PATH}?{urlencode({name: value for name, value in asked.items() if value})}"


router = Router(
    "/", route_handlers=[show], guards=[staff_only], exception_handlers=ERROR_PAGES, include_in_schema=False
)
