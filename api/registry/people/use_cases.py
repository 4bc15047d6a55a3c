"""Sign staff in and out; register staff."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from itertools import zip_longest
from uuid import UUID

from sqlalchemy import insert, select, update
from uuid_utils.compat import uuid7

from api import wire
from api.platform.access import Role, Staff, digest_secret, generate_secret, require_township
from api.platform.errors import ErrorCode, Refused
from api.platform.services import Services, UnitOfWork
from api.registry.people.clients import Client, is_known, list_lockouts
from api.registry.people.passwords import require_strong_password
from api.registry.people.queries import SELECT_STAFF, find_staff, find_staff_by_login, to_staff
from api.registry.people.tables import Person, SignInToken
from api.registry.tries.use_cases import LockedOut, hash_secret, judge, taking_turns

SESSION_LIFETIME = timedelta(hours=12)


async def sign_in(services: Services, wanted: wire.SignIn, client: Client) -> wire.SignInResult:
    """A token for this person. Raises Refused: as `authenticate`."""
    staff = await authenticate(services, wanted.login, wanted.password, client)
    async with services.unit_of_work() as uow:
        return begin_session(uow, staff)


def begin_session(uow: UnitOfWork, staff: Staff) -> wire.SignInResult:
    token = generate_secret()
    uow.session.add(
        SignInToken(
            township=uow.township,
            digest=digest_secret(token),
            person=staff.id,
            expires_at=uow.now + SESSION_LIFETIME,
        )
    )
    return wire.SignInResult(token=token, name=staff.name, roles=sorted(staff.roles))


async def authenticate(services: Services, login: str, password: str, client: Client) -> Staff:
    """Who has this login and password. Whoever asks can't tell a login that exists from one that doesn't, neither
    by the answer nor by its time, nor by the lockouts.

    Raises Refused: wrong-password, password-locked.
    """
    async with taking_turns(services) as uow:
        person = await uow.session.scalar(
            select(Person).where(Person.township == uow.township, Person.login == login)
        )
        known = await is_known(uow, person, client.browser)
    hashes = [person.password_hash if person is not None else None]
    try:
        lockouts = list_lockouts(login, client, known=known)
        verdict = await judge(services, password, hashes, *lockouts, stranger=not known)
    except LockedOut as locked:
        raise Refused(
            ErrorCode.PASSWORD_LOCKED,
            f"密码输错太多次，请 {locked.minutes} 分钟后再试。",
            retry_after=locked.seconds,
        ) from None
    if person is None or verdict.right is None:
        raise Refused(ErrorCode.WRONG_PASSWORD, "用户名或密码不对，请再试一次。")
    async with services.unit_of_work() as uow:
        return await find_staff(uow, person.id)


async def find_signed_in(uow: UnitOfWork, digest: bytes) -> Staff | None:
    """The staff member whose sign-in token has this digest."""
    rows = await uow.session.execute(
        SELECT_STAFF.join(
            SignInToken, (SignInToken.township == Person.township) & (SignInToken.person == Person.id)
        ).where(
            SignInToken.township == uow.township,
            SignInToken.digest == digest,
            SignInToken.expires_at > uow.now,
        )
    )
    found = rows.first()
    return None if found is None else to_staff(found)


async def find_by_login(services: Services, login: str) -> Staff:
    """The staff member with this login. Raises Refused: unknown."""
    async with services.unit_of_work() as uow:
        found = await find_staff_by_login(uow, login)
    if found is None:
        raise Refused(ErrorCode.UNKNOWN, f"没有用户名为 {login} 的人。")
    return found


async def sign_out(services: Services, token: str) -> None:
    async with services.unit_of_work() as uow:
        await uow.session.execute(
            update(SignInToken)
            .where(SignInToken.township == uow.township, SignInToken.digest == digest_secret(token))
            .values(expires_at=uow.now)
        )


async def end_sessions(uow: UnitOfWork, person: UUID) -> None:
    """Whoever is signed in as this person is no more."""
    await uow.session.execute(
        update(SignInToken)
        .where(
            SignInToken.township == uow.township,
            SignInToken.person == person,
            SignInToken.expires_at > uow.now,
        )
        .values(expires_at=uow.now)
    )


async def add_people(services: Services, staff: Staff, people: Sequence[wire.NewPerson]) -> int:
    """Register staff with their roles. Raises Refused: not-allowed, role-unknown, scope-missing, malformed,
    password-weak."""
    require_township(staff, Role.OFFICE)
    return await create_people(services, people, registered_by=staff.id)


async def create_people(
    services: Services, people: Sequence[wire.NewPerson], registered_by: UUID | None = None
) -> int:
    """As `add_people`, without a check: for a new township, which has no staff yet."""
    hashes = [await hash_secret(p.password) if p.password else None for p in people]
    async with services.unit_of_work() as uow:
        await insert_people(uow, people, registered_by, hashes)
    return len(people)


async def insert_people(
    uow: UnitOfWork,
    people: Sequence[wire.NewPerson],
    registered_by: UUID | None,
    hashes: Sequence[str | None] = (),
) -> None:
    """As `create_people`, as a part of a larger change. `hashes`: of their passwords; without them they have none
    yet."""
    for person in people:
        unknown = set(person.roles) - set(Role)
        if unknown:
            raise Refused(ErrorCode.ROLE_UNKNOWN, f"没有“{unknown.pop()}”这项职责。")
        _require_scope(person)
        if person.password is not None:
            require_strong_password(person.password, person.login, person.name)
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
            for p, hashed in zip_longest(people, hashes)
        ],
    )


def _require_scope(person: wire.NewPerson) -> None:
    """Raises Refused: scope-missing, malformed."""
    if person.village is None and not person.township:
        raise Refused(
            ErrorCode.SCOPE_MISSING,
            f"请写明{person.name}服务哪个村（village）；服务全乡的，写明 township: true。",
        )
    if person.village is not None and person.township:
        raise Refused(ErrorCode.MALFORMED, f"{person.name}要么服务一个村，要么服务全乡，请只写一样。")
