"""Who is calling: people by a sign-in token, kiosks by a device token.

Programs send the token as `Authorization: Bearer …` to `/v1`; browsers send it in a cookie to the pages,
where the CSRF guard stands. Neither way opens the other's door. Tokens are 256 random bits, stored as SHA-256.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeAlias
from uuid import UUID

from litestar import Request
from litestar.connection import ASGIConnection
from litestar.handlers.base import BaseRouteHandler
from litestar.middleware import AbstractAuthenticationMiddleware, AuthenticationResult
from litestar.types import ASGIApp

from api.platform.errors import ErrorCode, Refused
from api.platform.services import Services, UnitOfWork

COOKIE = "jimei-session"


class Role(StrEnum):
    GRID_MEMBER = "grid-member"
    GRID_LEADER = "grid-leader"
    GRID_GUIDE = "grid-guide"
    CHIEF_GRID_LEADER = "chief-grid-leader"
    COUNCIL = "council"
    COMMITTEE = "committee"
    PARTY_BRANCH = "party-branch"
    SUPERVISOR = "supervisor"
    OFFICE = "office"


@dataclass(frozen=True, slots=True)
class Staff:
    """A signed-in person; `village` is None for those who serve the whole township."""

    id: UUID
    name: str
    roles: frozenset[str]
    village: str | None
    household: str | None

    def may(self, *roles: Role) -> bool:
        return not self.roles.isdisjoint(roles)

    def serves(self, village: str) -> bool:
        return self.village is None or self.village == village


@dataclass(frozen=True, slots=True)
class Device:
    """An enrolled kiosk: the machine at a place of a supermarket's counter, in its present epoch, and the digest
    of its token."""

    id: UUID
    supermarket: str
    epoch: int
    digest: bytes


# Behind `staff_only` and `device_only`.
StaffRequest = Request[Staff, str, Any]
DeviceRequest = Request[Device, str, Any]


def new_secret() -> str:
    return secrets.token_urlsafe(32)


def secret_digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()


# Whose token has this digest, among the callers of one kind.
Lookup: TypeAlias = Callable[[UnitOfWork, bytes], Awaitable[Staff | Device | None]]


class Authentication(AbstractAuthenticationMiddleware):
    """Puts a `Staff`, a `Device` or None into `request.user`; the guards decide who may pass. `lookups` are asked
    in turn, in one unit of work."""

    def __init__(self, app: ASGIApp, *, lookups: Sequence[Lookup], exclude: list[str]) -> None:
        super().__init__(app, exclude)
        self._lookups = lookups

    async def authenticate_request(self, connection: ASGIConnection[Any, Any, Any, Any]) -> AuthenticationResult:
        if connection.url.path.startswith("/v1/"):
            secret = bearer(connection)
        else:
            secret = connection.cookies.get(COOKIE, "")
        user = await self._caller(connection.app.state["services"], secret) if secret else None
        return AuthenticationResult(user=user, auth=secret or None)

    async def _caller(self, services: Services, secret: str) -> Staff | Device | None:
        digest = secret_digest(secret)
        async with services.unit_of_work() as uow:
            for lookup in self._lookups:
                user = await lookup(uow, digest)
                if user is not None:
                    return user
        return None


def bearer(connection: ASGIConnection[Any, Any, Any, Any]) -> str:
    """The token in the header; nothing where there is none."""
    return bearer_secret(connection.headers.get("Authorization", ""))


def bearer_secret(authorization: str) -> str:
    scheme, _, secret = authorization.partition(" ")
    return secret if scheme.lower() == "bearer" else ""


def staff_only(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
    if not isinstance(connection.user, Staff):
        raise Refused(ErrorCode.NOT_SIGNED_IN, "请先登录。")


def device_only(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
    require_device(connection.user)


def require_device(user: Staff | Device | None) -> Device:
    if not isinstance(user, Device):
        raise device_unknown()
    return user


def device_unknown() -> Refused:
    return Refused(ErrorCode.DEVICE_UNKNOWN, "这台终端没有登记或已停用，请联系乡镇办公室。")


def require(staff: Staff, *roles: Role) -> None:
    """Refuse a person without one of these duties."""
    if not staff.may(*roles):
        raise Refused(ErrorCode.NOT_ALLOWED, "您的职责里没有这项操作。")
