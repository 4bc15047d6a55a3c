"""`/desk/supermarkets`: each supermarket with all that belongs to it, and its attendants."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any
from uuid import UUID

import msgspec
from litestar import Router, get, post
from litestar.datastructures import FormMultiDict
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect, Template

from api import wire
from api.platform.access import Role, Staff, StaffRequest, staff_only
from api.platform.errors import ErrorCode, Refused
from api.platform.services import Services
from api.registry.register.queries import list_villages
from api.shop.kiosks import attendants
from api.shop.offline import till_status
from api.shop.supermarkets import use_cases
from api.shop.supermarkets.hours import WEEKDAYS, describe_week, read_hours, write_day
from api.web.error_pages import ERROR_PAGES
from api.web.flash import see_other
from api.web.form import read_code, read_field, read_lines, read_unchecked
from api.web.page import render_page
from api.wire.supermarkets import SupermarketChange, SupermarketView

SUPERMARKETS = "/desk/supermarkets"
ATTENDANTS = "/desk/attendants"
_KINDS = {"added": "添加", "pin": "换 PIN", "household": "改自家的户", "ended": "停用"}


@get(SUPERMARKETS)
async def overview(request: StaffRequest, services: NamedDependency[Services]) -> Template:
    supermarkets = await use_cases.view_supermarkets(services, request.user)
    async with services.unit_of_work() as uow:
        villages = await list_villages(uow)
    office = _is_township_office(request.user)
    return render_page(
        request,
        "desk/supermarkets/overview.html",
        staff=request.user,
        supermarkets=supermarkets,
        villages=villages,
        village_names={village.code: village.name for village in villages},
        office=office,
        describe_week=describe_week,
    )


@post(SUPERMARKETS)
async def add(request: StaffRequest, services: NamedDependency[Services]) -> Redirect:
    form = await request.form()
    village = read_code(form, "village")
    code = read_code(form, "code") or await use_cases.propose_code(services, village)
    try:
        data = msgspec.convert(
            {"code": code, "village": village, "name": read_field(form, "name")}, wire.NewSupermarket
        )
    except msgspec.ValidationError:
        sentence = "请选好村，写好名称；编号只能有小写字母、数字和短横，也可以不填。"
        return see_other(SUPERMARKETS, sentence, "refused")
    action = use_cases.add_supermarkets(services, request.user, [data])
    return await _redirect(
        f"{SUPERMARKETS}/{data.code}", action, "超市已添加。接着写营业时间、添管理员和终端。", SUPERMARKETS
    )


@get(SUPERMARKETS + "/{supermarket:str}")
async def show(supermarket: FromPath[str], request: StaffRequest, services: NamedDependency[Services]) -> Template:
    view = await _find(services, request.user, supermarket)
    hours = view.hours
    days = [write_day(spans) for spans in hours.week] if hours is not None else [""] * len(WEEKDAYS)
    return render_page(
        request,
        "desk/supermarkets/supermarket.html",
        staff=request.user,
        supermarket=view,
        office=_is_township_office(request.user),
        may_edit=request.user.may(*attendants.EDITORS),
        week=dict(zip(WEEKDAYS, days, strict=True)),
        closed="\n".join(map(str, hours.closed)) if hours is not None else "",
        told=describe_week(hours) if hours is not None else "",
        attendants=await attendants.list_attendants(services, request.user, supermarket),
        tills=[
            till
            for till in await till_status.list_tills(services, request.user)
            if till.kiosk.supermarket == supermarket
        ],
        changes=await use_cases.list_changes(services, request.user, supermarket),
    )


@post(SUPERMARKETS + "/{supermarket:str}")
async def rename(
    supermarket: FromPath[str], request: StaffRequest, services: NamedDependency[Services]
) -> Redirect:
    here = f"{SUPERMARKETS}/{supermarket}"
    name = read_field(await request.form(), "name")
    if not 1 <= len(name) <= 80:
        return see_other(here, "请写名称，最多 80 字，没有改动。", "refused")
    change = SupermarketChange(name=name)
    return await _redirect(
        here, use_cases.change_supermarket(services, request.user, supermarket, change), "名称已改。"
    )


@post(SUPERMARKETS + "/{supermarket:str}/hours")
async def set_hours(
    supermarket: FromPath[str], request: StaffRequest, services: NamedDependency[Services]
) -> Redirect:
    here = f"{SUPERMARKETS}/{supermarket}"
    form = await request.form()
    try:
        hours = read_hours([read_code(form, f"day.{n}") for n in range(7)], read_lines(form, "closed"))
    except ValueError as error:
        return see_other(here, f"{error}没有改动。", "refused")
    action = use_cases.change_supermarket(services, request.user, supermarket, SupermarketChange(hours=hours))
    return await _redirect(here, action, "营业时间已保存，公示栏、户的页面和终端上都能看到。")


@post(SUPERMARKETS + "/{supermarket:str}/attendants")
async def add_attendant(
    supermarket: FromPath[str], request: StaffRequest, services: NamedDependency[Services]
) -> Redirect:
    here = f"{SUPERMARKETS}/{supermarket}"
    form = await request.form()
    try:
        data = msgspec.convert(
            {
                "supermarket": supermarket,
                "name": read_field(form, "name"),
                "pin": _read_pin(form),
                "household": read_code(form, "household").lower(),
            },
            wire.NewAttendant,
        )
    except msgspec.ValidationError:
        return see_other(here, "请写姓名；PIN 是 4 到 8 位数字；户编号可以不填。没有添加。", "refused")
    except Refused as error:
        return see_other(here, error.detail, "refused")
    action = attendants.add_attendant(services, request.user, data)
    return await _redirect(here, action, f"{data.name}已添加，马上可以在本店的终端登录。")


@get(ATTENDANTS + "/{attendant:uuid}")
async def show_attendant(
    attendant: FromPath[UUID], request: StaffRequest, services: NamedDependency[Services]
) -> Template:
    view = await attendants.show_attendant(services, request.user, attendant)
    return render_page(
        request,
        "desk/supermarkets/attendant.html",
        staff=request.user,
        attendant=view,
        supermarket=await _find(services, request.user, view.supermarket),
        may_edit=request.user.may(*attendants.EDITORS) and view.ended_at is None,
        offline_days=max(
            (
                till.kiosk.lease_days
                for till in await till_status.list_tills(services, request.user)
                if till.kiosk.supermarket == view.supermarket and till.in_use
            ),
            default=0,
        ),
        kinds=_KINDS,
    )


@post(ATTENDANTS + "/{attendant:uuid}/pin")
async def set_pin(
    attendant: FromPath[UUID], request: StaffRequest, services: NamedDependency[Services]
) -> Redirect:
    here = f"{ATTENDANTS}/{attendant}"
    form = await request.form()
    try:
        data = msgspec.convert({"pin": _read_pin(form), "reason": read_field(form, "reason")}, wire.NewPin)
    except msgspec.ValidationError:
        return see_other(here, "PIN 是 4 到 8 位数字，理由也要写。没有改动。", "refused")
    except Refused as error:
        return see_other(here, error.detail, "refused")
    action = attendants.set_pin(services, request.user, attendant, data)
    return await _redirect(here, action, "PIN 已换，终端下次联网时旧的就不能用了。")


@post(ATTENDANTS + "/{attendant:uuid}/household")
async def link_household(
    attendant: FromPath[UUID], request: StaffRequest, services: NamedDependency[Services]
) -> Redirect:
    here = f"{ATTENDANTS}/{attendant}"
    code = read_code(await request.form(), "household").lower()
    return await _redirect(here, attendants.link_household(services, request.user, attendant, code), "已保存。")


@post(ATTENDANTS + "/{attendant:uuid}/end")
async def end(attendant: FromPath[UUID], request: StaffRequest, services: NamedDependency[Services]) -> Redirect:
    here = f"{ATTENDANTS}/{attendant}"
    try:
        data = msgspec.convert({"reason": read_field(await request.form(), "reason")}, wire.AttendantEnding)
    except msgspec.ValidationError:
        return see_other(here, "请写明为什么停用，最多 200 字。", "refused")
    return await _redirect(here, attendants.end_attendant(services, request.user, attendant, data), "已停用。")


def _read_pin(form: FormMultiDict) -> str:
    """As it was typed twice. Raises Refused: pins-differ."""
    pin = read_unchecked(form, "pin")
    if pin != read_unchecked(form, "again"):
        raise Refused(ErrorCode.PINS_DIFFER, "两次输入的 PIN 不一样，没有改动。")
    return pin


async def _find(services: Services, staff: Staff, code: str) -> SupermarketView:
    found = next((each for each in await use_cases.view_supermarkets(services, staff) if each.code == code), None)
    if found is None:
        raise Refused(ErrorCode.UNKNOWN, f"没有编号为 {code} 的超市。")
    return found


def _is_township_office(staff: Staff) -> bool:
    return staff.serves_township and staff.may(Role.OFFICE)


async def _redirect(path: str, action: Awaitable[Any], message: str, on_refusal: str = "") -> Redirect:
    """To `path` saying what was done, or to `on_refusal` saying why it was refused."""
    try:
        await action
    except Refused as error:
        return see_other(on_refusal or path, error.detail, "refused")
    return see_other(path, message)


router = Router(
    "/",
    route_handlers=[
        overview,
        add,
        show,
        rename,
        set_hours,
        add_attendant,
        show_attendant,
        set_pin,
        link_household,
        end,
    ],
    guards=[staff_only],
    exception_handlers=ERROR_PAGES,
    include_in_schema=False,
)
