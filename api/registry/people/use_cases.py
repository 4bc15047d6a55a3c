"""Sign people in and out; give them their duties."""

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
from api.platform.access import Role, Staff, new_secret, require, secret_digest
from api.platform.problems import Refused
from api.platform.town import Town, Work
from api.registry.people.tables import Person, SignInToken

SESSION = timedelta(hours=12)
TRIES = 5
LOCK = timedelta(minutes=5)

# OWASP's smallest argon2id setting (19 MiB, two passes, one lane): bearable on a Raspberry Pi.
passwords = PasswordHash((Argon2Hasher(time_cost=2, memory_cost=19 * 1024, parallelism=1),))
# Verified when the login is unknown, so that the answer takes as long as for a known one.
_NOBODY = passwords.hash(new_secret())


async def sign_in(town: Town, wanted: wire.SignIn) -> wire.SignedIn:
    """A token for this person; five wrong passwords lock the login for five minutes.

    Raises Refused: wrong-password, password-locked.
    """
    async with town.work() as work:
        person = await work.session.scalar(
            select(Person).where(Person.township == work.township, Person.login == wanted.login)
        )
        now = work.now
    if person is not None and person.locked_until is not None and person.locked_until > now:
        raise Refused("password-locked", "密码连续输错，请五分钟后再试。")
    known = person.password_hash if person is not None else None
    right = await asyncio.to_thread(passwords.verify, wanted.password, known or _NOBODY)
    if person is None or known is None or not right:
        if person is not None:
            await _count_failure(town, person.id)
        raise Refused("wrong-password", "用户名或密码不对，请再试一次。")
    token = new_secret()
    async with town.work() as work:
        await work.session.execute(
            update(Person)
            .where(Person.township == work.township, Person.id == person.id)
            .values(failures=0, locked_until=None)
        )
        work.session.add(
            SignInToken(
                township=work.township,
                digest=secret_digest(token),
                person=person.id,
                expires_at=work.now + SESSION,
            )
        )
    return wire.SignedIn(token=token, name=person.name, roles=sorted(person.roles))


async def _count_failure(town: Town, person: UUID) -> None:
    async with town.work() as work:
        of_person = (Person.township == work.township, Person.id == person)
        failures = await work.session.scalar(
            update(Person).where(*of_person).values(failures=Person.failures + 1).returning(Person.failures)
        )
        if failures is not None and failures >= TRIES:
            await work.session.execute(
                update(Person).where(*of_person).values(failures=0, locked_until=work.now + LOCK)
            )


async def signed_in(work: Work, digest: bytes) -> Staff | None:
    """Whose sign-in token has this digest."""
    person = await work.session.scalar(
        select(Person)
        .join(SignInToken, (SignInToken.township == Person.township) & (SignInToken.person == Person.id))
        .where(
            SignInToken.township == work.township,
            SignInToken.digest == digest,
            SignInToken.expires_at > work.now,
        )
    )
    return _staff(person) if person is not None else None


async def with_login(town: Town, login: str) -> Staff:
    """Whoever has this login. Raises Refused: unknown."""
    async with town.work() as work:
        person = await work.session.scalar(
            select(Person).where(Person.township == work.township, Person.login == login)
        )
    if person is None:
        raise Refused("unknown", f"没有用户名为 {login} 的人。")
    return _staff(person)


def _staff(person: Person) -> Staff:
    return Staff(person.id, person.name, frozenset(person.roles), person.village, person.household)


async def sign_out(town: Town, token: str) -> None:
    async with town.work() as work:
        await work.session.execute(
            update(SignInToken)
            .where(SignInToken.township == work.township, SignInToken.digest == secret_digest(token))
            .values(expires_at=work.now)
        )


async def add_people(town: Town, staff: Staff, people: Sequence[wire.NewPerson]) -> int:
    """Register people with their duties. Raises Refused: not-allowed, role-unknown."""
    require(staff, Role.OFFICE)
    return await register(town, people)


async def register(town: Town, people: Sequence[wire.NewPerson]) -> int:
    """As `add_people`, for the founding of a township, when there is nobody yet who could allow it."""
    for person in people:
        unknown = set(person.roles) - set(Role)
        if unknown:
            raise Refused("role-unknown", f"没有“{unknown.pop()}”这项职责。")
    hashes = await asyncio.to_thread(lambda: [passwords.hash(p.password) if p.password else None for p in people])
    async with town.work() as work:
        await work.session.execute(
            insert(Person),
            [
                {
                    "township": work.township,
                    "id": uuid7(),
                    "login": p.login,
                    "name": p.name,
                    "roles": p.roles,
                    "village": p.village,
                    "grid": p.grid,
                    "household": p.household,
                    "password_hash": hashed,
                }
                for p, hashed in zip(people, hashes, strict=True)
            ],
        )
    return len(people)
