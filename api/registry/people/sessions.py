"""Sessions: each sign-in is one, with where it began; its person ends each, and the office all of a person's."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, select, update

from api import wire
from api.platform.access import Staff, digest_secret, generate_secret
from api.platform.errors import ErrorCode, Refused
from api.platform.services import Services, UnitOfWork
from api.registry.people.clients import Client
from api.registry.people.tables import SignInToken

SESSION_LIFETIME = timedelta(hours=12)
SECOND_STEP_LIFETIME = timedelta(minutes=5)
SEEN_EVERY = timedelta(minutes=10)
"""How often at most it is written down that a session was used."""


@dataclass(frozen=True, slots=True)
class SessionView:
    """`id`: names it to its person; nobody signs in by it. `current`: the one that asks."""

    id: str
    began_at: datetime | None
    seen_at: datetime | None
    origin: str
    browser: str
    current: bool


def begin_session(uow: UnitOfWork, staff: Staff, client: Client) -> wire.SignInResult:
    token = _add(uow, staff.id, client, SESSION_LIFETIME, waiting=False)
    return wire.SignInResult(token=token, name=staff.name, roles=sorted(staff.roles))


def begin_waiting(uow: UnitOfWork, person: UUID, client: Client) -> str:
    """The token of a session that waits for its second step."""
    return _add(uow, person, client, SECOND_STEP_LIFETIME, waiting=True)


def _add(uow: UnitOfWork, person: UUID, client: Client, lifetime: timedelta, *, waiting: bool) -> str:
    token = generate_secret()
    uow.session.add(
        SignInToken(
            township=uow.township,
            digest=digest_secret(token),
            person=person,
            expires_at=uow.now + lifetime,
            began_at=uow.now,
            seen_at=uow.now,
            origin=client.place,
            browser=client.program,
            waiting=waiting,
        )
    )
    return token


async def find_waiting(uow: UnitOfWork, token: str) -> UUID | None:
    """Whose session it is that waits for its second step."""
    person: UUID | None = await uow.session.scalar(
        select(SignInToken.person).where(*_is_open(uow, waiting=True), SignInToken.digest == digest_secret(token))
    )
    return person


async def note_seen(uow: UnitOfWork, digest: bytes) -> None:
    await uow.session.execute(
        update(SignInToken)
        .where(SignInToken.township == uow.township, SignInToken.digest == digest)
        .values(seen_at=uow.now)
    )


async def list_sessions(services: Services, staff: Staff, token: str) -> list[SessionView]:
    """This person's own, the last used first."""
    async with services.unit_of_work() as uow:
        found = await uow.session.scalars(
            select(SignInToken)
            .where(*_is_open(uow, waiting=False), SignInToken.person == staff.id)
            .order_by(SignInToken.seen_at.desc().nulls_last(), SignInToken.digest)
        )
        current = digest_secret(token)
        return [
            SessionView(s.digest.hex(), s.began_at, s.seen_at, s.origin, s.browser, s.digest == current)
            for s in found
        ]


async def end_session(services: Services, staff: Staff, id: str) -> None:
    """One of this person's own. Raises Refused: unknown."""
    try:
        digest = bytes.fromhex(id)
    except ValueError:
        raise _unknown_session() from None
    async with services.unit_of_work() as uow:
        ended = await uow.session.execute(
            update(SignInToken)
            .where(*_is_open(uow, waiting=False), SignInToken.person == staff.id, SignInToken.digest == digest)
            .values(expires_at=uow.now)
            .returning(SignInToken.digest)
        )
        if ended.first() is None:
            raise _unknown_session()


async def sign_out(services: Services, token: str) -> None:
    async with services.unit_of_work() as uow:
        await end_token(uow, token)


async def end_token(uow: UnitOfWork, token: str) -> None:
    await uow.session.execute(
        update(SignInToken)
        .where(SignInToken.township == uow.township, SignInToken.digest == digest_secret(token))
        .values(expires_at=uow.now)
    )


async def end_sessions(uow: UnitOfWork, person: UUID, *, but: str = "") -> None:
    """Whoever is signed in as this person is no more, except with the token `but`."""
    await uow.session.execute(
        update(SignInToken)
        .where(
            SignInToken.township == uow.township,
            SignInToken.person == person,
            SignInToken.expires_at > uow.now,
            SignInToken.digest != digest_secret(but),
        )
        .values(expires_at=uow.now)
    )


def _is_open(uow: UnitOfWork, *, waiting: bool) -> list[ColumnElement[bool]]:
    return [
        SignInToken.township == uow.township,
        SignInToken.expires_at > uow.now,
        SignInToken.waiting.is_(waiting),
    ]


def _unknown_session() -> Refused:
    return Refused(ErrorCode.UNKNOWN, "没有这次登录，或已经退出了。")
