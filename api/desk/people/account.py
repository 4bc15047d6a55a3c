"""`/desk/account`: one's own sessions, password, second step, and relatives."""

from __future__ import annotations

import msgspec
from litestar import Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect, Template

from api import wire
from api.platform.access import StaffRequest, staff_only
from api.platform.errors import Refused
from api.platform.services import Services
from api.registry.people import second_step, sessions, use_cases
from api.registry.people.duties import name_roles
from api.registry.people.invitation_pages import DIFFERENT, TOO_SHORT
from api.registry.staffing import use_cases as staffing
from api.web.error_pages import ERROR_PAGES, SIGN_IN
from api.web.flash import see_other
from api.web.form import read_code, read_unchecked
from api.web.page import render_page
from api.web.qr import render_qr

ACCOUNT = "/desk/account"
SECOND_STEP = f"{ACCOUNT}/second-step"


@get(ACCOUNT)
async def show_account(request: StaffRequest, services: NamedDependency[Services]) -> Template:
    return render_page(
        request,
        "desk/people/account.html",
        staff=request.user,
        roles=name_roles(request.user.roles),
        sessions=await sessions.list_sessions(services, request.user, str(request.auth)),
        second_step=await second_step.show_second_step(services, request.user),
    )


@post(ACCOUNT + "/sessions/{session:str}/end")
async def end_session(
    session: FromPath[str], request: StaffRequest, services: NamedDependency[Services]
) -> Redirect:
    await sessions.end_session(services, request.user, session)
    return see_other(ACCOUNT, "那一处已经退出。")


@post(ACCOUNT + "/sessions/end")
async def end_all(request: StaffRequest, services: NamedDependency[Services]) -> Redirect:
    async with services.unit_of_work() as uow:
        await sessions.end_sessions(uow, request.user.id)
    return see_other(SIGN_IN, "所有地方都退出了，请重新登录。")


@post(ACCOUNT + "/password")
async def change_password(request: StaffRequest, services: NamedDependency[Services]) -> Redirect:
    form = await request.form()
    old, new = read_unchecked(form, "old"), read_unchecked(form, "new")
    if new != read_unchecked(form, "again"):
        return see_other(ACCOUNT, DIFFERENT, "refused")
    try:
        wanted = msgspec.convert({"old": old, "new": new}, wire.PasswordChange)
        await use_cases.change_password(services, request.user, wanted, str(request.auth))
    except msgspec.ValidationError:
        return see_other(ACCOUNT, TOO_SHORT, "refused")
    except Refused as error:
        return see_other(ACCOUNT, error.detail, "refused")
    return see_other(ACCOUNT, "密码已改，别处的登录都退出了。")


@post(SECOND_STEP)
async def begin_second_step(request: StaffRequest, services: NamedDependency[Services]) -> Redirect:
    try:
        await second_step.begin(services, request.user)
    except Refused as error:
        return see_other(ACCOUNT, error.detail, "refused")
    return see_other(SECOND_STEP)


@get(SECOND_STEP)
async def show_secret(request: StaffRequest, services: NamedDependency[Services]) -> Template | Redirect:
    begun = await second_step.find_begun(services, request.user)
    if begun is None:
        return see_other(ACCOUNT)
    secret = begun.secret
    return render_page(
        request,
        "desk/people/second_step.html",
        staff=request.user,
        qr=render_qr(begun.uri, "两步登录的二维码"),
        secret=[secret[start : start + 4] for start in range(0, len(secret), 4)],
        codes=[],
    )


@post(SECOND_STEP + "/confirm", status_code=200)
async def confirm_second_step(request: StaffRequest, services: NamedDependency[Services]) -> Template | Redirect:
    """The codes on paper are in this response only."""
    code = read_code(await request.form(), "code").replace(" ", "")[:40]
    try:
        codes = await second_step.confirm(services, request.user, code)
    except Refused as error:
        return see_other(SECOND_STEP, error.detail, "refused")
    halves = [f"{each[:5]} {each[5:]}" for each in codes]
    return render_page(request, "desk/people/second_step.html", staff=request.user, codes=halves)


@post(SECOND_STEP + "/off")
async def turn_off_second_step(request: StaffRequest, services: NamedDependency[Services]) -> Redirect:
    code = read_code(await request.form(), "code").replace(" ", "")[:40]
    try:
        await second_step.turn_off(services, request.user, code)
    except Refused as error:
        return see_other(ACCOUNT, error.detail, "refused")
    return see_other(ACCOUNT, "两步登录已关。")


@post(ACCOUNT + "/relatives")
async def declare_relative(request: StaffRequest, services: NamedDependency[Services]) -> Redirect:
    household = read_code(await request.form(), "household").lower()
    try:
        await staffing.declare_relative(services, request.user, request.user.id, household)
    except Refused as error:
        return see_other(ACCOUNT, error.detail, "refused")
    return see_other(ACCOUNT, f"已申报：{household} 户的事，您从现在起回避。")


router = Router(
    "/",
    route_handlers=[
        show_account,
        end_session,
        end_all,
        change_password,
        begin_second_step,
        show_secret,
        confirm_second_step,
        turn_off_second_step,
        declare_relative,
    ],
    guards=[staff_only],
    exception_handlers=ERROR_PAGES,
    include_in_schema=False,
)
