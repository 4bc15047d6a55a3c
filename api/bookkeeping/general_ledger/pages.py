"""`/desk/months`: close the books of a month."""

from __future__ import annotations

import msgspec
from litestar import Router, get, post
from litestar.di import NamedDependency
from litestar.response import Redirect, Template

from api import wire
from api.bookkeeping.general_ledger import periods
from api.platform.access import StaffRequest, staff_only
from api.platform.errors import ErrorCode, Refused
from api.platform.services import Services
from api.web.error_pages import ERROR_PAGES
from api.web.flash import see_other
from api.web.form import read_code, read_field
from api.web.page import render_page

MONTHS_PATH = "/desk/months"


@get(MONTHS_PATH)
async def show_months(request: StaffRequest, services: NamedDependency[Services]) -> Template:
    closed = await periods.list_closings(services, request.user)
    return render_page(
        request,
        "bookkeeping/general_ledger/months.html",
        staff=request.user,
        closed=closed,
        closes=request.user.serves_township and request.user.may(*periods.CLOSERS),
        open=periods.list_open_months(closed, services.clock.now()),
    )


@post(MONTHS_PATH)
async def close_month(request: StaffRequest, services: NamedDependency[Services]) -> Redirect:
    form = await request.form()
    try:
        wanted = msgspec.convert(
            {"month": read_code(form, "month"), "reason": read_field(form, "reason")}, wire.NewPeriodClosing
        )
    except msgspec.ValidationError:
        return see_other(MONTHS_PATH, "请选好月份，写明理由，最多 200 字。", "refused")
    try:
        period = await periods.close_period(services, request.user, wanted)
        if isinstance(period, wire.ProposalView):
            return see_other(MONTHS_PATH, "已提议结账，等另一方（乡镇办公室或监委）在“两人办理”里确认。")
    except Refused as error:
        if error.code != ErrorCode.NOT_OVER:
            raise
        return see_other(MONTHS_PATH, error.detail, "refused")
    year, month = period.month.split("-")
    return see_other(MONTHS_PATH, f"已结账：{year}年{int(month)}月和以前各月的账不再改动。")


router = Router(
    "/",
    route_handlers=[show_months, close_month],
    guards=[staff_only],
    exception_handlers=ERROR_PAGES,
    include_in_schema=False,
)
