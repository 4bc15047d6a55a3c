"""`/desk/claims`: forms to review, approve, refuse, send back and withdraw claims."""

from __future__ import annotations

from uuid import UUID

from litestar import Router, post
from litestar.datastructures import FormMultiDict
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect

from api.awards.claims.outcomes import redirect_with_outcomes
from api.awards.review import returning, use_cases
from api.platform.access import StaffRequest, staff_only
from api.platform.errors import ErrorCode, Refused
from api.platform.services import Services
from api.registry.people.pages import DESK
from api.web.error_pages import ERROR_PAGES
from api.web.flash import see_other
from api.web.form import read_choices, read_field


@post("/desk/claims/review")
async def review(request: StaffRequest, services: NamedDependency[Services]) -> Redirect:
    ids = _selected_ids(await request.form())
    return redirect_with_outcomes("评议通过", await use_cases.review(services, request.user, ids) if ids else ())


@post("/desk/claims/approve")
async def approve(request: StaffRequest, services: NamedDependency[Services]) -> Redirect:
    ids = _selected_ids(await request.form())
    return redirect_with_outcomes(
        "审定并公示", await use_cases.approve(services, request.user, ids) if ids else ()
    )


@post("/desk/claims/{id:uuid}/refuse")
async def refuse(id: FromPath[UUID], request: StaffRequest, services: NamedDependency[Services]) -> Redirect:
    reason = read_field(await request.form(), "reason")
    if not 1 <= len(reason) <= 200:
        return see_other(f"{DESK}/claims/{id}", "请写明理由，最多 200 字。", "refused")
    await use_cases.refuse(services, request.user, id, reason)
    return see_other(DESK, "没有通过，理由已记下。")


@post("/desk/claims/{id:uuid}/return")
async def send_back(id: FromPath[UUID], request: StaffRequest, services: NamedDependency[Services]) -> Redirect:
    reason = read_field(await request.form(), "reason")
    if not 1 <= len(reason) <= 200:
        return see_other(f"{DESK}/claims/{id}", "请写明要更正什么，最多 200 字。", "refused")
    await returning.send_back(services, request.user, id, reason)
    return see_other(DESK, "已退回更正，申报人会先看到理由。")


@post("/desk/claims/{id:uuid}/withdraw")
async def withdraw(id: FromPath[UUID], request: StaffRequest, services: NamedDependency[Services]) -> Redirect:
    await returning.withdraw(services, request.user, id)
    return see_other(DESK, "已撤回。")


def _selected_ids(form: FormMultiDict) -> list[UUID]:
    try:
        return [UUID(id) for id in read_choices(form, "claims")]
    except ValueError:
        raise Refused(ErrorCode.MALFORMED, "提交的内容不对，请返回上一页刷新后再试。") from None


router = Router(
    "/",
    route_handlers=[review, approve, refuse, send_back, withdraw],
    guards=[staff_only],
    exception_handlers=ERROR_PAGES,
    include_in_schema=False,
)
