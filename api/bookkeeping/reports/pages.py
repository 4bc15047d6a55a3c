"""`/desk/report`: the year's report, to read, to print and as a workbook, and the entries behind each figure."""

from __future__ import annotations

from datetime import date
from functools import partial
from typing import Annotated
from urllib.parse import urlencode

from litestar import Response, Router, get
from litestar.di import NamedDependency
from litestar.params import FromQuery, QueryParameter
from litestar.response import Template

from api.bookkeeping.exports.titles import kind_title, read_titles
from api.bookkeeping.reports.flows import Figure, read_entries
from api.bookkeeping.reports.year import COLUMNS, MONEY, POINTS, read_year, require_reader
from api.bookkeeping.reports.year_charts import draw_cover, draw_held, draw_points
from api.bookkeeping.reports.year_workbook import write_year
from api.platform.access import StaffRequest, staff_only
from api.platform.clock import local_date
from api.platform.errors import ErrorCode, Refused
from api.platform.services import Services
from api.registry.register.queries import list_villages, read_township_name
from api.web.answers import XLSX, download
from api.web.error_pages import ERROR_PAGES
from api.web.page import render_page

REPORT_PATH = "/desk/report"
ENTRIES_PATH = f"{REPORT_PATH}/entries"
MAX_ENTRIES = 100

Year = Annotated[int | None, QueryParameter(ge=1900, le=9999)]
Page = Annotated[int, QueryParameter(ge=1, le=100_000)]


@get(REPORT_PATH)
async def show_report(request: StaffRequest, services: NamedDependency[Services], year: Year = None) -> Template:
    report = await read_year(services, request.user, year)
    return render_page(
        request,
        "bookkeeping/reports/year.html",
        staff=request.user,
        report=report,
        points=POINTS,
        money=MONEY,
        charts=(draw_points(report), draw_held(report)),
        cover=draw_cover(report),
        behind=partial(_link, report.year),
    )


def _link(year: int, key: str, month: date | None = None, category: str = "", village: str = "") -> str:
    """To the entries behind a figure."""
    wanted = {
        "year": year,
        "figure": key,
        "month": month.month if month else "",
        "category": category,
        "village": village,
    }
    return f"{ENTRIES_PATH}?{urlencode({name: value for name, value in wanted.items() if value})}"


@get(ENTRIES_PATH)
async def show_entries(
    request: StaffRequest,
    services: NamedDependency[Services],
    figure: FromQuery[str],
    year: Year = None,
    month: Annotated[int | None, QueryParameter(ge=1, le=12)] = None,
    category: FromQuery[str] = "",
    village: FromQuery[str] = "",
    page: Page = 1,
) -> Template:
    require_reader(request.user)
    if figure not in COLUMNS:
        raise Refused(ErrorCode.UNKNOWN, "报表里没有这个数。")
    column = COLUMNS[figure]
    year = year or local_date(services.clock.now()).year
    first, last = date(year, month or 1, 1), date(year, month or 12, 1)
    wanted = Figure(column.accounts, column.sign, first, last, category, village)
    async with services.snapshot() as uow:
        found = await read_entries(uow, wanted, (page - 1) * MAX_ENTRIES, MAX_ENTRIES)
        titles = await read_titles(uow)
        villages = {each.code: each.name for each in await list_villages(uow)}
    of = [f"{year}年", f"{month}月" if month else "", villages.get(village, ""), category, column.title]
    query = [(name, value) for name, value in request.query_params.multi_items() if name != "page"]
    return render_page(
        request,
        "bookkeeping/reports/entries.html",
        staff=request.user,
        heading="".join(of),
        year=year,
        found=found,
        page=page,
        pages=-(-found.number // MAX_ENTRIES),
        url=f"{ENTRIES_PATH}?{urlencode(query)}",
        money=column in MONEY,
        titles=titles,
        kind_title=kind_title,
    )


@get(f"{REPORT_PATH}/report.xlsx")
async def send_workbook(
    request: StaffRequest, services: NamedDependency[Services], year: Year = None
) -> Response[bytes | str]:
    report = await read_year(services, request.user, year)
    async with services.unit_of_work() as uow:
        township = await read_township_name(uow)
    return download(write_year(report, township), f"jimei-{report.year}.xlsx", XLSX)


router = Router(
    "/",
    route_handlers=[show_report, show_entries, send_workbook],
    guards=[staff_only],
    exception_handlers=ERROR_PAGES,
    include_in_schema=False,
)
