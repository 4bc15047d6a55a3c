"""Sign staff in and out; register staff."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlalchemy import insert, select, update
from uuid_utils.compat import uuid7

from api import wire
from api.platform.access import Role, Staff, digest_secret, generate_secret, require_township
from api.platform.errors import ErrorCode, Refused
from api.platform.services import Services, UnitOfWork
from api.registry.people.tables import Person, SignInToken
from api.wire.lockout import Attempts, LockoutPolicy

SESSION_LIFETIME = timedelta(hours=12)
LOCKOUT = LockoutPolicy(max_failures=5, duration=timedelta(minutes=5))

# OWASP's smallest argon2id setting (19 MiB, two passes, one lane): fast enough on a Raspberry Pi.
passwords = PasswordHash((Argon2Hasher(time_cost=2, memory_cost=19 * 1024, parallelism=1),))
# Verified for an unknown login, so that the response takes as long as for a known one.
_DUMMY_HASH = passwords.hash(generate_secret())


async def sign_in(services: Services, wanted: wire.SignIn) -> wire.SignInResult:
    """A token for this person. Raises Refused: as `authenticate`."""
    staff = await authenticate(services, wanted.login, wanted.password)
    token = generate_secret()
    async with services.unit_of_work() as uow:
        uow.session.add(
            SignInToken(
                township=uow.township,
                digest=digest_secret(token),
                person=staff.id,
                expires_at=uow.now + SESSION_LIFETIME,
            )
        )
    return wire.SignInResult(token=token, name=staff.name, roles=sorted(staff.roles))


async def authenticate(services: Services, login: str, password: str) -> Staff:
    """Who has this login and password; five wrong passwords lock the login for five minutes.

    Raises Refused: wrong-password, password-locked.
    """
    async with services.unit_of_work() as uow:
        person = await uow.session.scalar(
            select(Person).where(Person.township == uow.township, Person.login == login)
        )
        now = uow.now
    if person is not None and Attempts(person.failures, person.locked_until).is_locked(now):
        raise Refused(ErrorCode.PASSWORD_LOCKED, "密码连续输错，请五分钟后再试。")
    known = person.password_hash if person is not None else None
    right = await asyncio.to_thread(passwords.verify, password, known or _DUMMY_HASH)
    if person is None or known is None or not right:
        if person is not None:
            await _count_failure(services, person.id)
        raise Refused(ErrorCode.WRONG_PASSWORD, "用户名或密码不对，请再试一次。")
    async with services.unit_of_work() as uow:
        await uow.session.execute(
            update(Person)
            .where(Person.township == uow.township, Person.id == person.id)
            .values(failures=0, locked_until=None)
        )
    return _to_staff(person)


async def _count_failure(services: Services, person: UUID) -> None:
    async with services.unit_of_work() as uow:
        row = await uow.session.get_one(Person, (uow.township, person), with_for_update={"key_share": True})
        attempts = LOCKOUT.count_failure(Attempts(row.failures, row.locked_until), uow.now)
        row.failures, row.locked_until = attempts.failures, attempts.locked_until


async def find_signed_in(uow: UnitOfWork, digest: bytes) -> Staff | None:
    """The staff member whose sign-in token has this digest."""
    person = await uow.session.scalar(
        select(Person)
        .join(SignInToken, (SignInToken.township == Person.township) & (SignInToken.person == Person.id))
        .where(
            SignInToken.township == uow.township,
            SignInToken.digest == digest,
            SignInToken.expires_at > uow.now,
        )
    )
    return _to_staff(person) if person is not None else None


async def find_by_login(services: Services, login: str) -> Staff:
    """The staff member with this login. Raises Refused: unknown."""
    async with services.unit_of_work() as uow:
        person = await uow.session.scalar(
            select(Person).where(Person.township == uow.township, Person.login == login)
        )
    if person is None:
        raise Refused(ErrorCode.UNKNOWN, f"没有用户名为 {login} 的人。")
    return _to_staff(person)


def _to_staff(person: Person) -> Staff:
    return Staff(person.id, person.name, frozenset(person.roles), person.village, person.household)


async def sign_out(services: Services, token: str) -> None:
    async with services.unit_of_work() as uow:
        await uow.session.execute(
            update(SignInToken)
            .where(SignInToken.township == uow.township, SignInToken.digest == digest_secret(token))
            .values(expires_at=uow.now)
        )


async def add_people(services: Services, staff: Staff, people: Sequence[wire.NewPerson]) -> int:
    """Register staff with their roles. Raises Refused: not-allowed, role-unknown, scope-missing, malformed."""
    require_township(staff, Role.OFFICE)
    return await create_people(services, people, registered_by=staff.id)


async def create_people(
    services: Services, people: Sequence[wire.NewPerson], registered_by: UUID | None = None
) -> int:
    """As `add_people`, without a check: for a new township, which has no staff yet."""
    for person in people:
        unknown = set(person.roles) - set(Role)
        if unknown:
            raise Refused(ErrorCode.ROLE_UNKNOWN, f"没有“{unknown.pop()}”这项职责。")
        _require_scope(person)
    hashes = await asyncio.to_thread(lambda: [passwords.hash(p.password) if p.password else None for p in people])
    async with services.unit_of_work() as uow:
        await uow.session.execute(
            insert(Person),
            [
                {
                    "township": uow.township,
                    "id": uuid7(),
                    "login": p.login,
                    "name": p.name,
                    "roles": p.roles,
                    "village": p.village,
                    "township_wide": p.township,
                    "grid": p.grid,
                    "household": p.household,
                    "password_hash": hashed,
                    "registered_by": registered_by,
                }
                for p, hashed in zip(people, hashes, strict=True)
            ],
        )
    return len(people)


def _require_scope(person: wire.NewPerson) -> None:
    """Raises Refused: scope-missing, malformed."""
    if person.village is None and not person.township:
        raise Refused(
            ErrorCode.SCOPE_MISSING,
            f"请写明{person.name}服务哪个村（village）；服务全乡的，写明 township: true。",
        )
    if person.village is not None and person.township:
        raise Refused(ErrorCode.MALFORMED, f"{person.name}要么服务一个村，要么服务全乡，请只写一样。")
