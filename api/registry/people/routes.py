"""`/v1/sign-in`, `/v1/join`, `/v1/password`, `/v1/people/{login}/invitation`."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from litestar import Request, Router, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from api import wire
from api.platform.access import StaffRequest, staff_only
from api.platform.services import Services
from api.registry.people import invitations, use_cases
from api.registry.people.clients import Client, read_client

MAX_SIGN_IN = 10_000
"""Bytes: anybody may send it."""


@post("/sign-in", status_code=200, request_max_body_size=MAX_SIGN_IN)
async def sign_in(
    data: JSONBody[wire.SignIn], services: NamedDependency[Services], request: Request[Any, Any, Any]
) -> wire.SignInResult:
    """Exchange login and password for a token. Too many wrong ones are answered with 423 and `Retry-After`."""
    return await use_cases.sign_in(services, data, _as_program(read_client(request, data.login)))


@post("/people/{login:str}/invitation", guards=[staff_only])
async def invite(
    login: FromPath[str], services: NamedDependency[Services], request: StaffRequest
) -> wire.Invitation:
    """A one-time code by which this person sets their password (another person of the office)."""
    return await invitations.invite_by_login(services, request.user, login)


@post("/join", status_code=200, request_max_body_size=MAX_SIGN_IN)
async def join(
    data: JSONBody[wire.NewPassword], services: NamedDependency[Services], request: Request[Any, Any, Any]
) -> wire.SignInResult:
    """Set the password of who was invited, and sign in."""
    return await invitations.join(services, data, _as_program(read_client(request, "")))


@post("/password", status_code=204, guards=[staff_only])
async def change_password(
    data: JSONBody[wire.PasswordChange], services: NamedDependency[Services], request: StaffRequest
) -> None:
    """Change one's own password; one's other sessions end."""
    await use_cases.change_password(services, request.user, data, str(request.auth))


def _as_program(client: Client) -> Client:
    """No cookie counts under `/v1`."""
    return replace(client, browser="")


router = Router("/v1", route_handlers=[sign_in, invite, join, change_password], tags=["people"])
