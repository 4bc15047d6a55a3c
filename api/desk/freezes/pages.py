"""`/desk/freezes`: what is frozen, the form to freeze, and lifting."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect, Template
from uuid_utils.compat import uuid7

from api import wire
from api.awards.rulebooks.use_cases import book_in_force
from api.desk.freezes import use_cases
from api.platform.access import Role, Staff, StaffRequest, require, staff_only
from api.platform.clock import local_date
from api.platform.errors import ErrorCode, Refused
from api.platform.services import Services
from api.registry.freezes.use_cases import PERSON_DAYS
from api.registry.people.queries import name_villages
from api.registry.people.service import list_people
from api.shop.kiosks.queries import list_kiosks
from api.web.error_pages import ERROR_PAGES
from api.web.flash import see_other
from api.web.form import read_code, read_field
from api.web.page import render_page

FREEZES = "/desk/freezes"
KINDS = {"rule": "积分办法的一项", "card": "积分卡", "kiosk": "终端", "person": "人员"}
_INCOMPLETE = "请选好冻结什么，并用自己的话写明原因，最多 200 字。"


@get(FREEZES)
async def overview(request: StaffRequest, services: NamedDependency[Services]) -> Template:
    async with services.unit_of_work() as uow:
        villages = await name_villages(uow)
    return render_page(
        request,
        "desk/freezes/overview.html",
        staff=request.user,
        frozen=await use_cases.list_all(services, request.user),
        past=await use_cases.list_all(services, request.user, past=True),
        may_freeze=request.user.may(Role.SUPERVISOR),
        kinds=KINDS,
        villages=villages,
    )


@get(f"{FREEZES}/new")
async def fill_in(
    request: StaffRequest,
    services: NamedDependency[Services],
    kind: FromQuery[str] = "rule",
    thing: FromQuery[str] = "",
) -> Template:
    """The form for one kind; `thing`: what was met where one comes from."""
    return await _form_page(request, services, {"kind": kind if kind in KINDS else "rule", "thing": thing})


@post(FREEZES, status_code=200)
async def freeze(request: StaffRequest, services: NamedDependency[Services]) -> Response[Any]:
    form = await request.form()
    entered = {name: read_code(form, name) for name in ("id", "kind", "thing", "village", "ends_on")}
    entered["reason"] = read_field(form, "reason")
    if entered["kind"] not in KINDS:
        raise Refused(ErrorCode.MALFORMED, "提交的内容不对，请返回上一页刷新后再试。")
    try:
        new = msgspec.convert({name: value for name, value in entered.items() if value}, wire.NewFreeze)
        await use_cases.freeze(services, request.user, new)
    except msgspec.ValidationError:
        return await _form_page(request, services, entered, _INCOMPLETE)
    except Refused as error:
        return await _form_page(request, services, entered, error.detail)
    return see_other(FREEZES, "已冻结，碰到的人都看得到原因。")


@post(FREEZES + "/{id:uuid}/lift")
async def lift(id: FromPath[UUID], request: StaffRequest, services: NamedDependency[Services]) -> Redirect:
    reason = read_field(await request.form(), "reason")
    if not 1 <= len(reason) <= 200:
        return see_other(FREEZES, "请用自己的话写明为什么解除，最多 200 字。", "refused")
    try:
        await use_cases.lift(services, request.user, id, reason)
    except Refused as error:
        if error.code is ErrorCode.UNKNOWN:
            raise
        return see_other(FREEZES, error.detail, "refused")
    return see_other(FREEZES, "已解除。")


async def _form_page(
    request: StaffRequest, services: Services, filled: dict[str, str], problem: str = ""
) -> Template:
    require(request.user, Role.SUPERVISOR)
    today = local_date(services.clock.now())
    async with services.unit_of_work() as uow:
        villages = await name_villages(uow)
    return render_page(
        request,
        "desk/freezes/form.html",
        status=422 if problem else 200,
        staff=request.user,
        filled={"id": str(uuid7())} | filled,
        problem=problem,
        kinds=KINDS,
        choices=await _list_choices(services, request.user, filled["kind"]),
        villages={code: name for code, name in villages.items() if request.user.serves(code)},
        last_day=today + timedelta(days=PERSON_DAYS) if filled["kind"] == "person" else None,
    )


async def _list_choices(services: Services, staff: Staff, kind: str) -> dict[str, str]:
    """What can be chosen, by what the form sends; none for cards, whose household is typed."""
    async with services.unit_of_work() as uow:
        if kind == "rule":
            book = await book_in_force(uow, local_date(uow.now), staff.village or "")
            return {rule.id: rule.title for rule in book.rules.values()} if book is not None else {}
        if kind == "kiosk":
            kiosks = [each for each in await list_kiosks(uow) if staff.serves(each.village)]
            return {str(each.id): f"{each.supermarket} · {each.name}" for each in kiosks}
        if kind == "person":
            people = await list_people(uow, ended=False, village=staff.village)
            return {each.login: f"{each.duties.name}（{each.login}）" for each in people if each.id != staff.id}
        return {}


router = Router(
    "/",
    route_handlers=[overview, fill_in, freeze, lift],
    guards=[staff_only],
    exception_handlers=ERROR_PAGES,
    include_in_schema=False,
)
