"""`/desk/objections`: what waits for an answer, taking one down, deciding, and the answer on paper."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect, Template
from uuid_utils.compat import uuid7

from api import wire
from api.awards.objections import deciding, figures, queries, raising
from api.awards.objections.deciding import OUTCOMES
from api.awards.objections.routes import Year
from api.awards.objections.working_days import HOW_RECKONED
from api.platform.access import Role, Staff, StaffRequest, staff_only
from api.platform.errors import ErrorCode, Refused
from api.platform.services import Services
from api.registry.people.queries import name_villages
from api.web.error_pages import ERROR_PAGES
from api.web.flash import see_other
from api.web.form import read_code, read_field, read_lines
from api.web.page import render_page

PATH = "/desk/objections"
WAYS = {"card": "用户卡提的", "person": "当面说的", "phone": "电话说的", "finding": "监委自己发现的"}
_NEW_WRONG = "请写明谁提的（姓名或户号）和哪里不对，2 到 500 个字。"


@get(PATH)
async def overview(request: StaffRequest, services: NamedDependency[Services], year: Year = None) -> Template:
    async with services.unit_of_work() as uow:
        villages, years = await name_villages(uow), await figures.list_years(uow)
    counted = await figures.list_figures(services, year)
    return render_page(
        request,
        "awards/objections/overview.html",
        staff=request.user,
        all=request.user.may(Role.SUPERVISOR),
        waiting=await queries.list_objections(services, request.user),
        ended=await queries.list_objections(services, request.user, ended=True),
        figures=[each for each in counted if request.user.serves(each.village)],
        villages=villages,
        years=years,
        ways=WAYS,
        outcomes=OUTCOMES,
        how_reckoned=HOW_RECKONED,
    )


@get(f"{PATH}/new")
async def write_down(
    request: StaffRequest, services: NamedDependency[Services], claim: FromQuery[UUID]
) -> Template:
    """The objections to an entry, and the form for another."""
    return await _render_form(request, services, claim, {})


@post(PATH)
async def take_down(request: StaffRequest, services: NamedDependency[Services]) -> Response[Any]:
    form = await request.form()
    entered = {
        "id": read_code(form, "id"),
        "claim": read_code(form, "claim"),
        "way": read_code(form, "way"),
        "household": read_code(form, "household"),
        "objector": read_field(form, "objector"),
        "text": read_lines(form, "text"),
    }
    try:
        claim = UUID(entered["claim"])
    except ValueError:
        raise Refused(ErrorCode.MALFORMED, "提交的内容不对，请返回上一页刷新后再试。") from None
    try:
        new = msgspec.convert({k: v for k, v in entered.items() if v or k == "text"}, wire.NewObjection)
        await raising.take_down(services, request.user, new)
    except msgspec.ValidationError:
        return await _render_form(request, services, claim, entered, _NEW_WRONG)
    except Refused as error:
        if error.code == ErrorCode.NOT_ALLOWED:
            raise
        return await _render_form(request, services, claim, entered, error.detail)
    return see_other(f"{PATH}/{new.id}", "已记下。回执可以打印给提异议的人。")


@get(f"{PATH}/{{id:uuid}}")
async def show(id: FromPath[UUID], request: StaffRequest, services: NamedDependency[Services]) -> Template:
    objection = await queries.show_objection(services, request.user, id)
    return render_page(
        request,
        "awards/objections/objection.html",
        staff=request.user,
        objection=objection,
        withdrawable=_may_withdraw(request.user, objection),
        ways=WAYS,
        outcomes=OUTCOMES,
    )


@get(f"{PATH}/{{id:uuid}}/slip")
async def print_slip(id: FromPath[UUID], request: StaffRequest, services: NamedDependency[Services]) -> Template:
    """For who has no phone: that it was taken down, or how it ended."""
    async with services.unit_of_work() as uow:
        villages = await name_villages(uow)
    objection = await queries.show_objection(services, request.user, id)
    return render_page(
        request,
        "awards/objections/slip.html",
        objection=objection,
        village=villages[objection.village],
        ways=WAYS,
        outcomes=OUTCOMES,
        how_reckoned=HOW_RECKONED,
    )


@post(f"{PATH}/{{id:uuid}}/uphold")
async def uphold(id: FromPath[UUID], request: StaffRequest, services: NamedDependency[Services]) -> Redirect:
    return await _end(request, services, id, deciding.uphold, "异议成立，已记下并公布。")


@post(f"{PATH}/{{id:uuid}}/dismiss")
async def dismiss(id: FromPath[UUID], request: StaffRequest, services: NamedDependency[Services]) -> Redirect:
    return await _end(request, services, id, deciding.dismiss, "异议不成立，已记下并公布；公示接着算。")


@post(f"{PATH}/{{id:uuid}}/withdraw")
async def withdraw(id: FromPath[UUID], request: StaffRequest, services: NamedDependency[Services]) -> Redirect:
    return await _end(request, services, id, deciding.withdraw_at_desk, "已记下：异议撤回。")


async def _end(
    request: StaffRequest,
    services: Services,
    id: UUID,
    act: Callable[[Services, Staff, UUID, str], Awaitable[None]],
    done: str,
) -> Redirect:
    reason = read_field(await request.form(), "reason")
    if not 1 <= len(reason) <= 200:
        return see_other(f"{PATH}/{id}", "请用自己的话写明理由，最多 200 字。", "refused")
    try:
        await act(services, request.user, id, reason)
    except Refused as error:
        if error.code == ErrorCode.UNKNOWN:
            raise
        return see_other(f"{PATH}/{id}", error.detail, "refused")
    return see_other(f"{PATH}/{id}", done)


def _may_withdraw(staff: Staff, objection: wire.ObjectionView) -> bool:
    return objection.status == "open" and objection.way != "card" and staff.may(Role.SUPERVISOR)


async def _render_form(
    request: StaffRequest, services: Services, claim: UUID, filled: dict[str, str], problem: str = ""
) -> Template:
    return render_page(
        request,
        "awards/objections/take_down.html",
        status=422 if problem else 200,
        staff=request.user,
        entry=await queries.show_entry(services, request.user, claim),
        may_find=request.user.may(Role.SUPERVISOR),
        filled={"id": str(uuid7()), "way": "person"} | filled,
        problem=problem,
        ways={way: title for way, title in WAYS.items() if way in ("person", "phone")},
        all_ways=WAYS,
        outcomes=OUTCOMES,
    )


router = Router(
    "/",
    route_handlers=[overview, write_down, take_down, show, print_slip, uphold, dismiss, withdraw],
    guards=[staff_only],
    exception_handlers=ERROR_PAGES,
    include_in_schema=False,
)
