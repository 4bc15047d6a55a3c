"""`/desk/card-pins`: reset a forgotten PIN."""

from __future__ import annotations

from litestar import Router, get, post
from litestar.di import NamedDependency
from litestar.response import Redirect, Template

from api.platform.access import StaffRequest, staff_only
from api.platform.errors import ErrorCode, Refused
from api.platform.services import Services
from api.registry.cards import history, pins
from api.web.error_pages import ERROR_PAGES
from api.web.flash import see_other
from api.web.form import read_code, read_field
from api.web.page import render_page

RESETS_PATH = "/desk/card-pins"


@get(RESETS_PATH, guards=[staff_only])
async def show_resets(request: StaffRequest, services: NamedDependency[Services]) -> Template:
    return render_page(
        request,
        "registry/cards/pin_resets.html",
        staff=request.user,
        resets=await pins.list_resets(services, request.user),
        may_reset=request.user.may(*pins.RESETTERS),
        cards=await history.list_recent(services, request.user),
    )


@post(RESETS_PATH, guards=[staff_only])
async def reset_pin(request: StaffRequest, services: NamedDependency[Services]) -> Redirect:
    form = await request.form()
    code, reason = read_code(form, "household"), read_field(form, "reason")
    if not code or not 1 <= len(reason) <= 200:
        return see_other(RESETS_PATH, "请填户号，写明谁来说的、怎样核对的，最多 200 字。", "refused")
    try:
        await pins.reset_pin(services, request.user, code, reason)
    except Refused as error:
        if error.code not in (ErrorCode.UNKNOWN, ErrorCode.NO_PIN):
            raise
        return see_other(RESETS_PATH, error.detail, "refused")
    return see_other(RESETS_PATH, f"{code} 户的积分卡密码已取消，请户主再设一个。")


router = Router(
    "/", route_handlers=[show_resets, reset_pin], exception_handlers=ERROR_PAGES, include_in_schema=False
)
