"""Where a sign-in comes from, and what its tries are counted by.

Strangers' tries are counted by login and origin together, by login and by origin. That slows down who guesses,
from one place or from many, but it would also let anybody lock anybody out: so a browser from which a person has
signed in before is known by a cookie, and has a count of its own (OWASP calls it a device cookie)."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import IPv6Address, ip_address
from typing import Any, TypeVar

from litestar.connection import ASGIConnection
from sqlalchemy import delete, exists, select

from api.platform.access import digest_secret, generate_secret
from api.platform.errors import ErrorCode, Refused
from api.platform.services import Services, UnitOfWork
from api.registry.people.origins import describe_browser, describe_place
from api.registry.people.tables import KnownBrowser, Person
from api.registry.tries.use_cases import LockedOut, Lockout, look_up
from api.wire.lockout import WindowPolicy

T = TypeVar("T")

KNOWN_FOR = timedelta(days=180)

_HOUR, _MINUTES = timedelta(hours=1), timedelta(minutes=5)
_BROWSER = WindowPolicy(max_failures=10, window=_HOUR, duration=_MINUTES, forgiving=True)
_LOGIN_FROM_ORIGIN = WindowPolicy(max_failures=5, window=_HOUR, duration=_MINUTES, forgiving=True)
_LOGIN = WindowPolicy(max_failures=20, window=_HOUR, duration=_MINUTES)
_ORIGIN = WindowPolicy(max_failures=30, window=_HOUR, duration=_MINUTES)


@dataclass(frozen=True, slots=True)
class Client:
    """`origin`: the network address that it comes from, or the server's own terminal. `browser`: the token by
    which it may be known; empty without one. `place`, `program`: what its person is told of it."""

    origin: str
    browser: str = ""
    place: str = ""
    program: str = ""


TERMINAL = Client("terminal")


def read_client(connection: ASGIConnection[Any, Any, Any, Any], login: str) -> Client:
    """The address is a trusted proxy's word where there is one."""
    host = connection.client.host if connection.client is not None else ""
    return Client(
        _network(host),
        connection.cookies.get(cookie_name(login), ""),
        describe_place(host),
        describe_browser(connection.headers.get("User-Agent", "")),
    )


def _network(host: str) -> str:
    """Who has one IPv6 address has all of its /64."""
    try:
        address = ip_address(host)
    except ValueError:
        return host
    if not isinstance(address, IPv6Address):
        return str(address)
    return str(address.ipv4_mapped or int(address) >> 64)


def cookie_name(login: str) -> str:
    """One for each login: several people may use a browser."""
    return f"jimei-browser-{hashlib.sha256(login.encode()).hexdigest()[:12]}"


def list_lockouts(login: str, client: Client, *, known: bool) -> list[Lockout]:
    if known:
        return [Lockout(_BROWSER, ("sign-in", "browser", client.browser))]
    by_both = Lockout(_LOGIN_FROM_ORIGIN, ("sign-in", "both", login, client.origin))
    if client == TERMINAL:
        return [by_both]
    by_login = Lockout(_LOGIN, ("sign-in", "login", login))
    return [by_both, by_login, Lockout(_ORIGIN, ("sign-in", "origin", client.origin))]


async def look_up_code(
    services: Services, find: Callable[[UnitOfWork], Awaitable[T | None]], client: Client
) -> T | None:
    """What a one-time code leads to, if anything: too long to be guessed, but tries are counted all the same.

    Raises Refused: too-many.
    """
    try:
        return await look_up(services, find, Lockout(_ORIGIN, ("code", "origin", client.origin)))
    except LockedOut as locked:
        raise Refused(
            ErrorCode.TOO_MANY,
            f"从这里试错的码太多了，请 {locked.minutes} 分钟后再试。",
            retry_after=locked.seconds,
        ) from None


async def is_known(uow: UnitOfWork, person: Person | None, token: str) -> bool:
    """Whether this person has signed in from the browser with this token."""
    if not token:
        return False
    # A login that doesn't exist asks too, so that it takes as long.
    digest = _digest(token, person.password_hash if person is not None else None)
    found = await uow.session.scalar(
        select(exists().where(KnownBrowser.township == uow.township, KnownBrowser.digest == digest))
    )
    return bool(found)


async def remember(services: Services, login: str, client: Client) -> str:
    """The token by which this browser is known from now on, in place of the one that it had."""
    token = generate_secret()
    async with services.unit_of_work() as uow:
        person = await uow.session.scalar(
            select(Person).where(Person.township == uow.township, Person.login == login)
        )
        if person is not None:
            await uow.session.execute(
                delete(KnownBrowser).where(
                    KnownBrowser.township == uow.township,
                    KnownBrowser.digest == _digest(client.browser, person.password_hash),
                )
            )
            uow.session.add(
                KnownBrowser(
                    township=uow.township,
                    digest=_digest(token, person.password_hash),
                    person=person.id,
                    seen_at=uow.now,
                )
            )
    return token


async def forget_browsers(services: Services) -> int:
    """Those that haven't been seen for long. A job."""
    async with services.unit_of_work() as uow:
        await uow.session.execute(
            delete(KnownBrowser).where(
                KnownBrowser.township == uow.township, KnownBrowser.seen_at < uow.now - KNOWN_FOR
            )
        )
    return 0


def _digest(token: str, password_hash: str | None) -> bytes:
    return digest_secret(f"{token} {password_hash}")
