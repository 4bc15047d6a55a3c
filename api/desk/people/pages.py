"""`/desk/people`: who serves with which duties; the office registers and changes them, supervisors look on."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any
from uuid import UUID

import msgspec
from litestar import Router, get, post
from litestar.datastructures import FormMultiDict
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect, Template

from api import wire
from api.desk.people.waiting import count_waiting
from api.platform.access import Role, Staff, StaffRequest, require_township, staff_only
from api.platform.errors import Refused
from api.platform.services import Services
from api.registry.freezes.queries import read_person_freeze
from api.registry.people.duties import DECIDING, ROLE_TITLES, name_roles
from api.registry.people.queries import list_people as list_registered
from api.registry.people.records import ChangeKind
from api.registry.register.queries import list_grids, list_villages
from api.registry.register.staff_plan import propose_login
from api.registry.staffing import use_cases
from api.web.error_pages import ERROR_PAGES
from api.web.flash import see_other
from api.web.form import read_choices, read_code, read_field
from api.web.page import render_page

PEOPLE = "/desk/people"
TOWNSHIP = "-"
"""In forms: the whole township, in place of a village."""
_WAITS = "已提议：这项职责能审定或确认，要由服务全乡的另一个人（办公室、支委或监委）在“两人办理”里确认。"
_INCOMPLETE = "请填姓名，选职责，选服务哪个村或全乡，并写明为什么。"

CHANGE_TITLES = {
    ChangeKind.ADDED: "登记",
    ChangeKind.CHANGED: "改职责",
    ChangeKind.ENDED: "结束任职",
    ChangeKind.RESUMED: "重新任职",
    ChangeKind.INVITED: "出邀请单",
    ChangeKind.PASSWORD: "本人设了密码",
    ChangeKind.SIGNED_OUT: "退出所有登录",
    ChangeKind.SECOND_STEP_ON: "开两步登录",
    ChangeKind.SECOND_STEP_OFF: "关两步登录",
    ChangeKind.RELATIVE: "申报亲属家",
    ChangeKind.RELATIVE_WITHDRAWN: "撤下亲属家",
}


async def _read_places(services: Services) -> dict[str, Any]:
    async with services.unit_of_work() as uow:
        return {
            "villages": await list_villages(uow),
            "grids": [(grid.code, grid.village, grid.name) for grid in await list_grids(uow)],
            "titles": ROLE_TITLES,
            "deciding": DECIDING,
            "township": TOWNSHIP,
            "name_roles": name_roles,
        }


def _may_change(staff: Staff) -> bool:
    return staff.may(Role.OFFICE) and staff.serves_township


@get(PEOPLE)
async def show_people(
    request: StaffRequest,
    services: NamedDependency[Services],
    text: FromQuery[str] = "",
    village: FromQuery[str] = "",
    grid: FromQuery[str] = "",
    role: FromQuery[str] = "",
    ended: FromQuery[bool] = False,
) -> Template:
    wanted = None if not village else "" if village == TOWNSHIP else village
    people = await use_cases.list_people(
        services, request.user, ended=ended, text=text.strip(), village=wanted, grid=grid, role=role
    )
    return render_page(
        request,
        "desk/people/overview.html",
        staff=request.user,
        people=people,
        may_change=_may_change(request.user),
        chosen={"text": text, "village": village, "grid": grid, "role": role, "ended": ended},
        **await _read_places(services),
    )


@get(PEOPLE + "/new")
async def show_new(request: StaffRequest, services: NamedDependency[Services]) -> Template:
    require_township(request.user, Role.OFFICE)
    return render_page(request, "desk/people/new.html", staff=request.user, **await _read_places(services))


@post(PEOPLE)
async def add_person(request: StaffRequest, services: NamedDependency[Services]) -> Redirect:
    require_township(request.user, Role.OFFICE)
    form = await request.form()
    fields = _read_duties(form)
    async with services.unit_of_work() as uow:
        taken = [each.login for each in await list_registered(uow)]
    login = read_code(form, "login").strip().lower() or propose_login(str(fields["name"]), taken)
    try:
        person = msgspec.convert(fields | {"login": login}, wire.NewPerson)
        if login in taken:
            return see_other(f"{PEOPLE}/new", f"用户名 {login} 已经有人用了，请换一个，或空着。", "refused")
        result = await use_cases.add_people(services, request.user, [person])
    except msgspec.ValidationError:
        return see_other(f"{PEOPLE}/new", _INCOMPLETE, "refused")
    except Refused as error:
        return see_other(f"{PEOPLE}/new", error.detail, "refused")
    if isinstance(result, wire.ProposalView):
        return see_other(PEOPLE, _WAITS)
    id = await use_cases.find_id(services, request.user, login)
    return see_other(f"{PEOPLE}/{id}", f"已登记，用户名 {login}。下一步：出邀请单，请本人设密码。")


def _read_duties(form: FormMultiDict) -> dict[str, object]:
    village = read_code(form, "village")
    return {
        "name": read_field(form, "name"),
        "roles": read_choices(form, "roles"),
        "village": None if village in ("", TOWNSHIP) else village,
        "township": village == TOWNSHIP,
        "grid": read_code(form, "grid") or None,
        "household": read_code(form, "household").lower() or None,
    }


@get(PEOPLE + "/{person:uuid}")
async def show_person(
    person: FromPath[UUID], request: StaffRequest, services: NamedDependency[Services]
) -> Template:
    found, changes, alone = await use_cases.show_person(services, request.user, person)
    async with services.unit_of_work() as uow:
        freeze = await read_person_freeze(uow, person)
    return render_page(
        request,
        "desk/people/person.html",
        staff=request.user,
        person=found,
        freeze=freeze,
        may_freeze=request.user.may(Role.SUPERVISOR) and person != request.user.id,
        changes=changes,
        change_titles=CHANGE_TITLES,
        alone=name_roles(alone),
        waiting=await count_waiting(services, person) if found.ended_at is None else [],
        may_change=_may_change(request.user) and person != request.user.id,
        **await _read_places(services),
    )


@post(PEOPLE + "/{person:uuid}/duties")
async def change_duties(
    person: FromPath[UUID], request: StaffRequest, services: NamedDependency[Services]
) -> Redirect:
    form = await request.form()
    try:
        wanted = msgspec.convert(_read_duties(form) | {"reason": read_field(form, "reason")}, wire.PersonDuties)
        proposal = await use_cases.change_duties(services, request.user, person, wanted)
    except msgspec.ValidationError:
        return see_other(f"{PEOPLE}/{person}", _INCOMPLETE, "refused")
    except Refused as error:
        return see_other(f"{PEOPLE}/{person}", error.detail, "refused")
    return see_other(f"{PEOPLE}/{person}", "已改好，下一次点开页面就生效。" if proposal is None else _WAITS)


@post(PEOPLE + "/{person:uuid}/end")
async def end_service(
    person: FromPath[UUID], request: StaffRequest, services: NamedDependency[Services]
) -> Redirect:
    form = await request.form()
    fields = {"on": read_code(form, "on"), "reason": read_field(form, "reason")}
    try:
        wanted = msgspec.convert(fields, wire.ServiceEnd)
    except msgspec.ValidationError:
        return see_other(f"{PEOPLE}/{person}", "请填从哪一天起，并写明为什么。", "refused")
    done = use_cases.end_service(services, request.user, person, wanted)
    return await _answer(person, done, "任职已结束：这个人立即退出登录，不能再签、再确认；以前办的都还在。")


@post(PEOPLE + "/{person:uuid}/sign-out")
async def sign_out(person: FromPath[UUID], request: StaffRequest, services: NamedDependency[Services]) -> Redirect:
    reason = read_field(await request.form(), "reason")
    if not 1 <= len(reason) <= 200:
        return see_other(f"{PEOPLE}/{person}", "请写明为什么，最多 200 字。", "refused")
    done = use_cases.end_sessions_of(services, request.user, person, reason)
    return await _answer(person, done, "已让这个人退出所有登录。")


@post(PEOPLE + "/{person:uuid}/second-step")
async def turn_off_second_step(
    person: FromPath[UUID], request: StaffRequest, services: NamedDependency[Services]
) -> Redirect:
    reason = read_field(await request.form(), "reason")
    if not 1 <= len(reason) <= 200:
        return see_other(f"{PEOPLE}/{person}", "请写明为什么，怎样核对是本人，最多 200 字。", "refused")
    done = use_cases.turn_off_second_step(services, request.user, person, reason)
    return await _answer(person, done, "两步登录已关，这个人只用密码就能登录。")


@post(PEOPLE + "/{person:uuid}/relatives")
async def declare_relative(
    person: FromPath[UUID], request: StaffRequest, services: NamedDependency[Services]
) -> Redirect:
    household = read_code(await request.form(), "household").lower()
    done = use_cases.declare_relative(services, request.user, person, household)
    return await _answer(person, done, f"已申报：{household} 户的事，这个人从现在起回避。")


@post(PEOPLE + "/{person:uuid}/relatives/withdraw")
async def withdraw_relative(
    person: FromPath[UUID], request: StaffRequest, services: NamedDependency[Services]
) -> Redirect:
    form = await request.form()
    household, reason = read_code(form, "household"), read_field(form, "reason")
    if not 1 <= len(reason) <= 200:
        return see_other(f"{PEOPLE}/{person}", "请写明为什么撤下，最多 200 字。", "refused")
    done = use_cases.withdraw_relative(services, request.user, person, household, reason)
    return await _answer(person, done, f"{household} 户不再算这个人的亲属家。")


async def _answer(person: UUID, done: Awaitable[None], told: str) -> Redirect:
    try:
        await done
    except Refused as error:
        return see_other(f"{PEOPLE}/{person}", error.detail, "refused")
    return see_other(f"{PEOPLE}/{person}", told)


router = Router(
    "/",
    route_handlers=[
        show_people,
        show_new,
        add_person,
        show_person,
        change_duties,
        end_service,
        sign_out,
        turn_off_second_step,
        declare_relative,
        withdraw_relative,
    ],
    guards=[staff_only],
    exception_handlers=ERROR_PAGES,
    include_in_schema=False,
)
