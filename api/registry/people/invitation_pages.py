"""`/join`: a person sets their password by their invitation. `/desk/people/…/invitation`: another issues it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec
from litestar import Request, Response, Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect, Template

from api import wire
from api.platform.access import Staff, StaffRequest, staff_only
from api.platform.errors import ErrorCode, Refused
from api.platform.services import Services
from api.registry.people import invitations
from api.registry.people.clients import read_client
from api.registry.people.pages import enter_desk
from api.registry.people.routes import MAX_SIGN_IN
from api.web.error_pages import ERROR_PAGES
from api.web.flash import see_other
from api.web.form import read_code, read_unchecked
from api.web.page import render_page
from api.web.qr import render_qr
from api.wire.card_token import normalize

JOIN = "/join"

TOO_SHORT = "密码至少 8 位，最多 200 位。"
DIFFERENT = "两次输入的密码不一样，请再输一次。"


@get(JOIN, sync_to_thread=False)
def ask_for_code(request: Request[Any, Any, Any]) -> Template:
    return render_page(request, "registry/people/join_code.html")


@post(JOIN, request_max_body_size=MAX_SIGN_IN)
async def read_invitation(request: Request[Any, Any, Any]) -> Redirect:
    code = normalize(read_code(await request.form(), "code"))
    if not code.isascii() or not code.isalnum():
        return see_other(JOIN, "请照着邀请单，输入上面的码。", "refused")
    return see_other(f"{JOIN}/{code}")


# Printed in capitals; a typed address may be in either case.
@get([f"{JOIN}/{{code:str}}", f"{invitations.PATH}{{code:str}}"])
async def show_invited(
    code: FromPath[str], request: Request[Any, Any, Any], services: NamedDependency[Services]
) -> Template:
    invited = await invitations.find_invited(services, code, read_client(request, ""))
    return _join_page(request, code, invited)


@post(f"{JOIN}/{{code:str}}", status_code=200, request_max_body_size=MAX_SIGN_IN)
async def join(
    code: FromPath[str], request: Request[Any, Any, Any], services: NamedDependency[Services]
) -> Response[Any]:
    form = await request.form()
    client = read_client(request, "")
    invited = await invitations.find_invited(services, code, client)
    password = read_unchecked(form, "password")
    try:
        wanted = msgspec.convert({"code": code, "password": password}, wire.NewPassword)
    except msgspec.ValidationError:
        return _join_page(request, code, invited, TOO_SHORT)
    if password != read_unchecked(form, "again"):
        return _join_page(request, code, invited, DIFFERENT)
    try:
        signed_in = await invitations.join(services, wanted, client)
    except Refused as error:
        if error.code != ErrorCode.PASSWORD_WEAK:
            raise
        return _join_page(request, code, invited, error.detail)
    welcome = f"{invited.name}，您的密码设好了。以后用 {invited.login} 登录。"
    return await enter_desk(services, request, invited.login, signed_in, welcome)


def _join_page(
    request: Request[Any, Any, Any], code: str, invited: invitations.Invited, problem: str = ""
) -> Template:
    return render_page(
        request,
        "registry/people/join.html",
        status=400 if problem else 200,
        code=normalize(code),
        invited=invited,
        problem=problem,
    )


@post("/desk/people/{person:uuid}/invitation", status_code=200, guards=[staff_only])
async def invite(person: FromPath[UUID], request: StaffRequest, services: NamedDependency[Services]) -> Template:
    return show_invitation(request, request.user, await invitations.invite(services, request.user, person))


def show_invitation(
    request: Request[Any, Any, Any], staff: Staff | None, invitation: wire.Invitation, back: str = "/desk/people"
) -> Template:
    """The code is shown in this response only: it is in no URL of ours and can't be shown again. `staff`: None
    where who issued it is only about to be signed in."""
    address = f"{str(request.base_url).rstrip('/')}{invitation.path}"
    code = invitation.code
    return render_page(
        request,
        "registry/people/invitation.html",
        staff=staff,
        invitation=invitation,
        code=[code[start : start + 4] for start in range(0, len(code), 4)],
        address=address,
        qr=render_qr(address.upper(), "邀请码的二维码"),
        back=back,
    )


router = Router(
    "/",
    route_handlers=[ask_for_code, read_invitation, show_invited, join, invite],
    exception_handlers=ERROR_PAGES,
    include_in_schema=False,
)
