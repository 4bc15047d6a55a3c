"""`/desk/own-declarations`: what households declared themselves and somebody has to confirm."""

from __future__ import annotations

from uuid import UUID

from litestar import Response, Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect, Template

from api.awards.declaring import confirming
from api.awards.evidence.answers import serve_photo
from api.platform.access import StaffRequest, staff_only
from api.platform.errors import ErrorCode, Refused
from api.platform.services import Services
from api.registry.people.pages import DESK
from api.web.error_pages import ERROR_PAGES
from api.web.flash import see_other
from api.web.form import read_field
from api.web.page import render_page

PATH = f"{DESK}/own-declarations"
_LONGEST = 200


@get(PATH)
async def show_waiting(request: StaffRequest, services: NamedDependency[Services]) -> Template:
    return render_page(
        request,
        "awards/declaring/own_declarations.html",
        staff=request.user,
        waiting=await confirming.list_waiting(services, request.user),
    )


@get(PATH + "/{id:uuid}/photos/{digest:str}")
async def photo(
    id: FromPath[UUID], digest: FromPath[str], request: StaffRequest, services: NamedDependency[Services]
) -> Response[bytes]:
    return serve_photo(await confirming.read_waiting_photo(services, request.user, id, digest))


@post(PATH + "/{id:uuid}/confirm")
async def confirm(id: FromPath[UUID], request: StaffRequest, services: NamedDependency[Services]) -> Redirect:
    again = read_field(await request.form(), "again")
    if len(again) > _LONGEST:
        return see_other(PATH, "理由最多 200 字，请写短一些。", "refused")
    try:
        outcome = await confirming.confirm(services, request.user, id, again)
    except Refused as error:
        return _back(error)
    return see_other(PATH, f"已确认申报：{outcome.points} 分，等待评议。")


@post(PATH + "/{id:uuid}/refuse")
async def refuse(id: FromPath[UUID], request: StaffRequest, services: NamedDependency[Services]) -> Redirect:
    reason = read_field(await request.form(), "reason")
    if not 1 <= len(reason) <= _LONGEST:
        return see_other(PATH, "请写明理由，最多 200 字，这一户看得到。", "refused")
    try:
        await confirming.refuse(services, request.user, id, reason)
    except Refused as error:
        return _back(error)
    return see_other(PATH, "没有确认，理由这一户看得到。")


def _back(error: Refused) -> Redirect:
    """To the list, where the rest is. Raises what isn't about this one."""
    if error.code is not ErrorCode.WRONG_STATE:
        raise error
    return see_other(PATH, error.detail, "refused")


router = Router(
    "/",
    route_handlers=[show_waiting, photo, confirm, refuse],
    guards=[staff_only],
    exception_handlers=ERROR_PAGES,
    include_in_schema=False,
)
