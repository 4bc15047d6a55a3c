"""`/desk/sign-in`, `/desk/sign-out`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import msgspec
from litestar import Request, Response, Router, get, post
from litestar.di import NamedDependency
from litestar.response import Template

from api import wire
from api.platform.access import SESSION_COOKIE, Staff
from api.platform.errors import ErrorCode, Refused
from api.platform.problem_details import problem_of
from api.platform.services import Services
from api.registry.people import sessions, use_cases
from api.registry.people.clients import KNOWN_FOR, Client, cookie_name, read_client, remember
from api.registry.people.routes import MAX_SIGN_IN
from api.web import csrf, kept_form
from api.web.destination import forget_destination, read_destination
from api.web.error_pages import ERROR_PAGES, SIGN_IN
from api.web.flash import see_other
from api.web.form import read_code, read_unchecked
from api.web.page import render_page

DESK = "/desk"
SECOND_STEP = f"{SIGN_IN}/code"
SECOND_STEP_COOKIE = "jimei-second-step"
# Longer than the session that it is of: a form that is sent after its end is known to be ours.
COOKIE_LIFETIME = sessions.SESSION_LIFETIME + timedelta(days=7)


@get(SIGN_IN, sync_to_thread=False)
def show_sign_in(request: Request[Any, Any, Any]) -> Response[Any]:
    if isinstance(request.user, Staff):
        return see_other(DESK)
    return render_page(request, "web/sign_in.html", login="", problem="", kept="")


@post(SIGN_IN, status_code=200, request_max_body_size=MAX_SIGN_IN + kept_form.LONGEST)
async def sign_in(request: Request[Any, Any, Any], services: NamedDependency[Services]) -> Response[Any]:
    form = await request.form()
    login, kept = read_code(form, "login"), read_unchecked(form, kept_form.FIELD)
    try:
        wanted = msgspec.convert({"login": login, "password": read_unchecked(form, "password")}, wire.SignIn)
        client = read_client(request, wanted.login)
        signed_in = await use_cases.sign_in(services, wanted, client)
    except Refused as error:
        if error.code == ErrorCode.CODE_NEEDED:
            return await _ask_for_code(services, request, wanted.login, client, kept)
        return render_page(
            request,
            "web/sign_in.html",
            status=error.code.status,
            headers=problem_of(error).headers or {},
            login=login,
            problem=error.detail,
            kept=kept,
        )
    except msgspec.ValidationError:
        problem = "请填写用户名和密码。"
        return render_page(request, "web/sign_in.html", status=400, login=login, problem=problem, kept=kept)
    return await enter_desk(services, request, wanted.login, signed_in, kept=kept)


async def _ask_for_code(
    services: Services, request: Request[Any, Any, Any], login: str, client: Client, kept: str
) -> Response[Any]:
    """To the second step, which whoever knows the password may try for some minutes."""
    response: Response[Any] = _second_step_page(request, kept=kept) if kept else see_other(SECOND_STEP)
    response.set_cookie(
        SECOND_STEP_COOKIE,
        await use_cases.begin_second_step(services, login, client),
        max_age=int(sessions.SECOND_STEP_LIFETIME.total_seconds()),
        httponly=True,
        samesite="strict",
    )
    return response


@get(SECOND_STEP, sync_to_thread=False)
def show_second_step(request: Request[Any, Any, Any]) -> Response[Any]:
    return _second_step_page(request)


def _second_step_page(
    request: Request[Any, Any, Any],
    problem: str = "",
    kept: str = "",
    status: int = 200,
    headers: Mapping[str, str] = {},
) -> Template:
    return render_page(
        request,
        "registry/people/second_step.html",
        status=status,
        headers=headers,
        problem=problem,
        kept=kept,
    )


@post(SECOND_STEP, status_code=200, request_max_body_size=MAX_SIGN_IN + kept_form.LONGEST)
async def take_second_step(request: Request[Any, Any, Any], services: NamedDependency[Services]) -> Response[Any]:
    form = await request.form()
    code, kept = read_code(form, "code").replace(" ", "")[:40], read_unchecked(form, kept_form.FIELD)
    token = request.cookies.get(SECOND_STEP_COOKIE, "")
    try:
        login, signed_in = await use_cases.take_second_step(services, token, code, read_client(request, ""))
    except Refused as error:
        if error.code == ErrorCode.NOT_SIGNED_IN:
            return see_other(SIGN_IN, error.detail, "refused")
        headers = problem_of(error).headers or {}
        return _second_step_page(request, error.detail, kept, error.code.status, headers)
    response = await enter_desk(services, request, login, signed_in, kept=kept)
    response.delete_cookie(SECOND_STEP_COOKIE)
    return response


async def enter_desk(
    services: Services,
    request: Request[Any, Any, Any],
    login: str,
    signed_in: wire.SignInResult,
    welcome: str = "",
    kept: str = "",
) -> Response[Any]:
    """To where they wanted to go, else to the desk, in a session of theirs; before a form that was `kept` to be
    sent."""
    form = kept_form.read_kept(request, kept)
    if form is not None:
        token = csrf.issue_token_for(request, signed_in.token)
        page = render_page(request, "web/kept_form.html", kept=form, token=token, token_field=csrf.FIELD)
        return await enter_session(services, request, page, login, signed_in)
    response = see_other(read_destination(request) or DESK, welcome)
    forget_destination(response)
    return await enter_session(services, request, response, login, signed_in)


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
        max_age=int(COOKIE_LIFETIME.total_seconds()),
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
        await sessions.sign_out(services, request.cookies[SESSION_COOKIE])
    response = see_other(SIGN_IN, "已退出。")
    response.delete_cookie(SESSION_COOKIE)
    return response


router = Router(
    "/",
    route_handlers=[show_sign_in, sign_in, show_second_step, take_second_step, sign_out],
    exception_handlers=ERROR_PAGES,
    include_in_schema=False,
)
