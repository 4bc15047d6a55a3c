"""Authentication: staff by a sign-in token, kiosks by a device token.

Under `/v1` the token is sent as `Authorization: Bearer …`; for pages, which have CSRF protection, in a cookie. A
cookie is not accepted under `/v1`, nor a bearer token for pages. Tokens are 256 random bits, stored as SHA-256.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeAlias
from uuid import UUID

from litestar import Request
from litestar.connection import ASGIConnection
from litestar.enums import ScopeType
from litestar.handlers.base import BaseRouteHandler
from litestar.middleware import AbstractAuthenticationMiddleware, AuthenticationResult
from litestar.types import ASGIApp

from api.platform.errors import ErrorCode, Refused
from api.platform.services import Services, UnitOfWork

SESSION_COOKIE = "jimei-session"
RESTORED_AT = "X-Restored-At"
"""The header in which a kiosk says when the newest books that it has seen went back to a backup: Unix seconds."""


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


# The members of the bodies that sign claims, by the rulebook's names of them.
BODY_ROLES: Mapping[str, tuple[Role, ...]] = {
    "reviewer": (Role.GRID_LEADER, Role.CHIEF_GRID_LEADER, Role.COUNCIL),
    "grid": (Role.GRID_LEADER, Role.CHIEF_GRID_LEADER),
    "council": (Role.COUNCIL,),
    "committee": (Role.COMMITTEE,),
    "supervisors": (Role.SUPERVISOR,),
}

DECLARERS = (
    Role.GRID_MEMBER,
    Role.GRID_LEADER,
    Role.GRID_GUIDE,
    Role.CHIEF_GRID_LEADER,
    Role.COUNCIL,
    Role.COMMITTEE,
)

RESET_LATELY = "你们中的一个人在七天内给另一个人重设过密码，还不能互相确认，请由别人办理。"
_READING = frozenset({"GET", "HEAD"})

OF_RELATIVE = "这是您申报过的亲属家，请由别人办理。"


@dataclass(frozen=True, slots=True)
class Staff:
    """A signed-in member of staff; `village` is None for those registered as serving the whole township. `own` and
    `relatives`: codes of the household where they live and of those that they declared to be a relative's.
    `doubles`: people with whom they aren't two people now, since one gave the other a new password lately.
    `frozen`: why they change nothing, one sentence, as long as supervisors have frozen them."""

    id: UUID
    name: str
    roles: frozenset[str]
    village: str | None
    own: frozenset[str] = frozenset()
    relatives: frozenset[str] = frozenset()
    doubles: frozenset[UUID] = frozenset()
    frozen: str = ""

    @property
    def serves_township(self) -> bool:
        return self.village is None

    def may(self, *roles: Role) -> bool:
        return not self.roles.isdisjoint(roles)

    def serves(self, village: str) -> bool:
        return self.village is None or self.village == village

    def is_same(self, person: UUID) -> bool:
        """Whether what this person did can't be confirmed by this member of staff."""
        return person == self.id or person in self.doubles

    def find_recusal(self, households: Collection[str], own: str) -> str:
        """Why this person keeps out of what concerns these households, by their codes; empty if they needn't.
        `own`: the sentence where one of them is their own."""
        if not self.own.isdisjoint(households):
            return own
        return "" if self.relatives.isdisjoint(households) else OF_RELATIVE


@dataclass(frozen=True, slots=True)
class Device:
    """An enrolled kiosk, its present epoch, and the digest of its token. `frozen`: why nothing is sold at it, one
    sentence, as long as supervisors have frozen it."""

    id: UUID
    supermarket: str
    epoch: int
    digest: bytes
    frozen: str = ""


# For handlers guarded by `staff_only` and `device_only`.
StaffRequest = Request[Staff, str, Any]
DeviceRequest = Request[Device, str, Any]


def generate_secret() -> str:
    return secrets.token_urlsafe(32)


def digest_secret(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()


# Finds the caller whose token has this digest, among callers of one kind.
Lookup: TypeAlias = Callable[[UnitOfWork, bytes], Awaitable[Staff | Device | None]]


class Authentication(AbstractAuthenticationMiddleware):
    """Sets `request.user` to a `Staff`, a `Device` or None; guards decide who may pass. `lookups` are tried in
    turn, in one unit of work."""

    def __init__(self, app: ASGIApp, *, lookups: Sequence[Lookup], exclude: list[str]) -> None:
        super().__init__(app, exclude)
        self._lookups = lookups

    async def authenticate_request(self, connection: ASGIConnection[Any, Any, Any, Any]) -> AuthenticationResult:
        if connection.url.path.startswith("/v1/"):
            secret = read_bearer_secret(connection)
        else:
            secret = connection.cookies.get(SESSION_COOKIE, "")
        user = await self._caller(connection.app.state["services"], secret) if secret else None
        return AuthenticationResult(user=user, auth=secret or None)

    async def _caller(self, services: Services, secret: str) -> Staff | Device | None:
        digest = digest_secret(secret)
        async with services.unit_of_work() as uow:
            for lookup in self._lookups:
                user = await lookup(uow, digest)
                if user is not None:
                    return user
        return None


def read_bearer_secret(connection: ASGIConnection[Any, Any, Any, Any]) -> str:
    """The token in the header; empty without one."""
    return parse_bearer(connection.headers.get("Authorization", ""))


def parse_bearer(authorization: str) -> str:
    scheme, _, secret = authorization.partition(" ")
    return secret if scheme.lower() == "bearer" else ""


def staff_only(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
    """Whoever is frozen reads on, and changes nothing, whatever the route."""
    if not isinstance(connection.user, Staff):
        raise Refused(ErrorCode.NOT_SIGNED_IN, "请先登录。")
    if connection.scope["type"] == ScopeType.HTTP and connection.scope["method"] not in _READING:
        require_unfrozen(connection.user)


def require_unfrozen(staff: Staff) -> None:
    """Before anything that isn't asked over HTTP, too. Raises Refused: person-suspended."""
    if staff.frozen:
        raise Refused(ErrorCode.PERSON_SUSPENDED, staff.frozen)


ALSO_FROZEN = "also_frozen"
"""The option of a handler for kiosks that answers one that is frozen, too, though it isn't reading: what moves
nothing, gives points back, or keeps a card from being used."""


async def device_only(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    device = require_device(connection.user)
    await newest_books_only(connection, handler)
    reads = connection.scope["type"] == ScopeType.HTTP and connection.scope["method"] in _READING
    if device.frozen and not reads and not handler.opt.get(ALSO_FROZEN):
        raise Refused(ErrorCode.KIOSK_SUSPENDED, device.frozen)


async def newest_books_only(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
    """Refuse a kiosk that has seen newer books than ours: we are the old server of a restore."""
    known = connection.headers.get(RESTORED_AT, "")
    if await connection.app.state["books_age"].are_older(known):
        raise Refused(
            ErrorCode.OLDER_BOOKS,
            "这台服务器的账比终端见过的旧：账已经从备份恢复到别的机器上。请关掉这台旧服务器，让终端连新的。",
        )


def require_device(user: Staff | Device | None) -> Device:
    if not isinstance(user, Device):
        raise unknown_device()
    return user


def unknown_device() -> Refused:
    return Refused(ErrorCode.DEVICE_UNKNOWN, "这台终端没有登记或已停用，请联系乡镇办公室。")


def require(staff: Staff, *roles: Role) -> None:
    """Refuse staff without one of these roles."""
    if not staff.may(*roles):
        raise Refused(ErrorCode.NOT_ALLOWED, "您的职责里没有这项操作。")


def require_township(staff: Staff, *roles: Role) -> None:
    """Refuse staff without one of these roles for the whole township: what concerns every village."""
    require(staff, *roles)
    if not staff.serves_township:
        raise Refused(ErrorCode.NOT_ALLOWED, "这是全乡的事，请由服务全乡的人员办理。")


def require_serves(staff: Staff, village: str) -> None:
    """Refuse staff of another village."""
    if not staff.serves(village):
        raise Refused(ErrorCode.NOT_ALLOWED, "这是别的村的事，请由那个村或服务全乡的人员办理。")
