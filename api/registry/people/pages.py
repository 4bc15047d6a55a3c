"""`/desk/sign-in`, `/desk/sign-out`."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Request, Response, Router, get, post
from litestar.di import NamedDependency

from api import wire
from api.platform.access import COOKIE, Role, Staff
from api.platform.errors import Refused
from api.platform.services import Services
from api.registry.people import use_cases
from api.web.flash import see_other
from api.web.form import typed
from api.web.page import page
from api.web.refusals import AS_PAGES, SIGN_IN

DESK = "/desk"

TITLES = {
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
def ask(request: Request[Any, Any, Any]) -> Response[Any]:
    if isinstance(request.user, Staff):
        return see_other(DESK)
    return page(request, "registry/people/sign_in.html", login="", problem="")


@post(SIGN_IN, status_code=200)
async def sign_in(request: Request[Any, Any, Any], services: NamedDependency[Services]) -> Response[Any]:
    form = await request.form()
    login = typed(form, "login")
    try:
        wanted = msgspec.convert({"login": login, "password": form.get("password", "")}, wire.SignIn)
        signed_in = await use_cases.sign_in(services, wanted)
    except Refused as error:
        return page(
            request, "registry/people/sign_in.html", status=error.code.status, login=login, problem=error.detail
        )
    except msgspec.ValidationError:
        return page(
            request, "registry/people/sign_in.html", status=400, login=login, problem="请填写用户名和密码。"
        )
    answer = see_other(DESK)
    answer.set_cookie(
        COOKIE,
        signed_in.token,
        max_age=int(use_cases.SESSION.total_seconds()),
        httponly=True,
        samesite="lax",
        secure=request.url.scheme == "https",
    )
    return answer


@post("/desk/sign-out", status_code=303)
async def sign_out(request: Request[Any, Any, Any], services: NamedDependency[Services]) -> Response[Any]:
    if isinstance(request.user, Staff):
        await use_cases.sign_out(services, request.cookies[COOKIE])
    answer = see_other(SIGN_IN, "已退出。")
    answer.delete_cookie(COOKIE)
    return answer


router = Router("/", route_handlers=[ask, sign_in, sign_out], exception_handlers=AS_PAGES, include_in_schema=False)
