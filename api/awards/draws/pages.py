"""`/desk/draws`: supervisors open the month's draw, type in the dice, and tell what their visits found."""

from __future__ import annotations

from datetime import date
from uuid import UUID

import msgspec
from litestar import Response, Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect, Template
from uuid_utils.compat import uuid7

from api import wire
from api.awards.draws.opening import open_draw, type_in_dice
from api.awards.draws.queries import list_draws, load_draw, read_month
from api.awards.draws.sample import MIN_DICE
from api.awards.draws.visiting import OUTCOMES, record_visit
from api.platform.access import Role, StaffRequest, require, require_serves, staff_only
from api.platform.clock import local_date
from api.platform.errors import ErrorCode, Refused
from api.platform.services import Services
from api.registry.people.queries import name_villages
from api.web.error_pages import ERROR_PAGES
from api.web.flash import see_other
from api.web.form import read_code, read_field
from api.web.page import render_page

PATH = "/desk/draws"
_DICE_WRONG = f"请照骰子的点数填，至少 {MIN_DICE} 个，每个 1 到 6；并写明是哪次会。"
_VISIT_WRONG = "请选核实的结果，填上门的日期，用自己的话写明看到了什么，最多 200 字。"


@get(PATH)
async def overview(request: StaffRequest, services: NamedDependency[Services]) -> Template:
    require(request.user, Role.SUPERVISOR)
    async with services.unit_of_work() as uow:
        villages = {code: name for code, name in (await name_villages(uow)).items() if request.user.serves(code)}
        draws = [each for each in await list_draws(uow) if each.village in villages]
        month = local_date(uow.now).replace(day=1)
    opened = {each.village for each in draws if each.month == month}
    return render_page(
        request,
        "awards/draws/overview.html",
        staff=request.user,
        draws=draws,
        month=month,
        unopened={code: name for code, name in villages.items() if code not in opened},
    )


@post(PATH)
async def open_for_village(request: StaffRequest, services: NamedDependency[Services]) -> Redirect:
    village = read_code(await request.form(), "village")
    try:
        month = await open_draw(services, request.user, village)
    except Refused as error:
        if error.code not in (ErrorCode.NOT_SEALED, ErrorCode.WRONG_STATE):
            raise
        return see_other(PATH, error.detail, "refused")
    return see_other(_path(village, month), "已开。名单和封印不能再变，请在会上掷骰子。")


@get(f"{PATH}/{{village:str}}/{{month:str}}")
async def show(
    village: FromPath[str], month: FromPath[str], request: StaffRequest, services: NamedDependency[Services]
) -> Template:
    require(request.user, Role.SUPERVISOR)
    require_serves(request.user, village)
    async with services.unit_of_work() as uow:
        details = await load_draw(uow, request.user, village, read_month(month))
    return render_page(
        request,
        "awards/draws/draw.html",
        staff=request.user,
        details=details,
        outcomes=OUTCOMES,
        new_id=uuid7,
        min_dice=MIN_DICE,
        path=_path(village, details.draw.month),
    )


@post(f"{PATH}/{{village:str}}/{{month:str}}/dice")
async def enter_dice(
    village: FromPath[str], month: FromPath[str], request: StaffRequest, services: NamedDependency[Services]
) -> Response[object]:
    form, day = await request.form(), read_month(month)
    thrown = {
        "dice": "".join(read_code(form, "dice").split()),
        "meeting": read_field(form, "meeting"),
        "witnesses": read_field(form, "witnesses"),
    }
    try:
        await type_in_dice(services, request.user, village, day, msgspec.convert(thrown, wire.NewDice))
    except msgspec.ValidationError:
        return see_other(_path(village, day), _DICE_WRONG, "refused")
    except Refused as error:
        if error.code != ErrorCode.CONFLICT:
            raise
        return see_other(_path(village, day), error.detail, "refused")
    return see_other(_path(village, day), "骰子已录，抽中的在下面，已经公布。")


@post(f"{PATH}/{{village:str}}/{{month:str}}/visits")
async def enter_visit(
    village: FromPath[str], month: FromPath[str], request: StaffRequest, services: NamedDependency[Services]
) -> Response[object]:
    form, path = await request.form(), _path(village, read_month(month))
    told = {name: read_code(form, name) for name in ("id", "claim", "outcome", "visited_on")}
    try:
        claim = msgspec.convert(told.pop("claim"), UUID)
        new = msgspec.convert({**told, "reason": read_field(form, "reason")}, wire.NewVisit)
    except msgspec.ValidationError:
        return see_other(path, _VISIT_WRONG, "refused")
    try:
        await record_visit(services, request.user, claim, new)
    except Refused as error:
        if error.code == ErrorCode.UNKNOWN:
            raise
        return see_other(path, error.detail, "refused")
    return see_other(path, f"已记下：{OUTCOMES[new.outcome]}。")


def _path(village: str, month: date) -> str:
    return f"{PATH}/{village}/{month:%Y-%m}"


router = Router(
    "/",
    route_handlers=[overview, open_for_village, show, enter_dice, enter_visit],
    guards=[staff_only],
    exception_handlers=ERROR_PAGES,
    include_in_schema=False,
)
