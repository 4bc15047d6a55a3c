"""`/desk/sign-in`, `/desk/sign-out`."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Request, Response, Router, get, post
from litestar.di import NamedDependency

from api import wire
from api.platform.access import SESSION_COOKIE, Role, Staff
from api.platform.errors import Refused
from api.platform.problem_details import problem_of
from api.platform.services import Services
from api.registry.people import use_cases
from api.registry.people.clients import KNOWN_FOR, cookie_name, read_client, remember
from api.registry.people.routes import MAX_SIGN_IN
from api.web import csrf
from api.web.error_pages import ERROR_PAGES, SIGN_IN
from api.web.flash import see_other
from api.web.form import read_code, read_unchecked
from api.web.page import render_page

DESK = "/desk"

ROLE_TITLES = {
    Role.GRID_MEMBER: "网格员",
    Role.GRID_LEADER: "网格长",
    Role.GRID_GUIDE: "网格指导员",
    Role.CHIEF_GRID_LEADER: "总网格长",
    Role.COUNCIL: "道德评议会",
    Role.COMMITTEE: "村委会",
    Role.PARTY_BRANCH: "支委",
    Role.SUPERVISOR: "监委",
    Role.OFFICE: "乡镇办公室",
}


@get(SIGN_IN, sync_to_thread=False)
def show_sign_in(request: Request[Any, Any, Any]) -> Response[Any]:
    if isinstance(request.user, Staff):
        return see_other(DESK)
    return render_page(request, "registry/people/sign_in.html", login="", problem="")


@post(SIGN_IN, status_code=200, request_max_body_size=MAX_SIGN_IN)
async def sign_in(request: Request[Any, Any, Any], services: NamedDependency[Services]) -> Response[Any]:
    form = await request.form()
    login = read_code(form, "login")
    try:
        wanted = msgspec.convert({"login": login, "password": read_unchecked(form, "password")}, wire.SignIn)
        client = read_client(request, wanted.login)
        signed_in = await use_cases.sign_in(services, wanted, client)
    except Refused as error:
        return render_page(
            request,
            "registry/people/sign_in.html",
            status=error.code.status,
            headers=problem_of(error).headers or {},
            login=login,
            problem=error.detail,
        )
    except msgspec.ValidationError:
        return render_page(
            request, "registry/people/sign_in.html", status=400, login=login, problem="请填写用户名和密码。"
        )
    return await enter_desk(services, request, wanted.login, signed_in)


async def enter_desk(
    services: Services,
    request: Request[Any, Any, Any],
    login: str,
    signed_in: wire.SignInResult,
    welcome: str = "",
) -> Response[Any]:
    """To the desk, in a session of theirs."""
    return await enter_session(services, request, see_other(DESK, welcome), login, signed_in)


async def enter_session(
    services: Services,
    request: Request[Any, Any, Any],
    response: Response[Any],
    login: str,
    signed_in: wire.SignInResult,
) -> Response[Any]:
    """The response with the cookies of a session that begins; from now on their browser is known."""
    response.set_cookie(
        SESSION_COOKIE,
        signed_in.token,
        max_age=int(use_cases.SESSION_LIFETIME.total_seconds()),
        httponly=True,
        samesite="lax",
    )
    response.set_cookie(
        cookie_name(login),
        await remember(services, login, read_client(request, login)),
        max_age=int(KNOWN_FOR.total_seconds()),
        httponly=True,
        samesite="strict",
    )
    response.delete_cookie(csrf.COOKIE)
    return response


@post("/desk/sign-out", status_code=303)
async def sign_out(request: Request[Any, Any, Any], services: NamedDependency[Services]) -> Response[Any]:
    if isinstance(request.user, Staff):
        await use_cases.sign_out(services, request.cookies[SESSION_COOKIE])
    response = see_other(SIGN_IN, "已退出。")
    response.delete_cookie(SESSION_COOKIE)
    return response


router = Router(
    "/", route_handlers=[show_sign_in, sign_in, sign_out], exception_handlers=ERROR_PAGES, include_in_schema=False
)
