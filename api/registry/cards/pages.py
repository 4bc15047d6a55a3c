"""`/desk/card-pins`, where a forgotten PIN is taken away."""

from __future__ import annotations

from litestar import Router, get, post
from litestar.di import NamedDependency
from litestar.response import Redirect, Template

from api.platform.access import StaffRequest, staff_only
from api.platform.errors import ErrorCode, Refused
from api.platform.services import Services
from api.registry.cards import pins
from api.web.flash import see_other
from api.web.form import typed
from api.web.page import page
from api.web.refusals import AS_PAGES

RESETS = "/desk/card-pins"


@get(RESETS, guards=[staff_only])
async def resets(request: StaffRequest, services: NamedDependency[Services]) -> Template:
    return page(
        request,
        "registry/cards/pin_resets.html",
        staff=request.user,
        resets=await pins.resets(services, request.user),
        may_reset=request.user.may(*pins.RESETTERS),
    )


@post(RESETS, guards=[staff_only])
async def reset(request: StaffRequest, services: NamedDependency[Services]) -> Redirect:
    form = await request.form()
    code, reason = typed(form, "household"), typed(form, "reason")
    if not code or not 1 <= len(reason) <= 200:
        return see_other(RESETS, "请填户号，写明谁来说的、怎样核对的，最多 200 字。", "refused")
    try:
        await pins.reset(services, request.user, code, reason)
    except Refused as error:
        if error.code not in (ErrorCode.UNKNOWN, ErrorCode.NO_PIN):
            raise
        return see_other(RESETS, error.detail, "refused")
    return see_other(RESETS, f"{code} 户的积分卡密码已取消，请户主再设一个。")


router = Router("/", route_handlers=[resets, reset], exception_handlers=AS_PAGES, include_in_schema=False)
