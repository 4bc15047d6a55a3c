"""Sign staff in and out; register staff."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from itertools import zip_longest
from uuid import UUID

from sqlalchemy import bindparam, insert, select, update
from uuid_utils.compat import uuid7

from api import wire
from api.platform.access import Role, Staff, require_unfrozen
from api.platform.errors import ErrorCode, Refused
from api.platform.services import Services, UnitOfWork
from api.registry.people.clients import TERMINAL, Client, is_known, list_lockouts
from api.registry.people.duties import Duties
from api.registry.people.passwords import require_strong_password
from api.registry.people.queries import (
    STAFF,
    bind_staff,
    find_staff,
    find_staff_by_login,
    name_villages,
    to_staff,
)
from api.registry.people.records import ChangeKind, record_change
from api.registry.people.second_step import is_on, require_code
from api.registry.people.sessions import (
    SEEN_EVERY,
    begin_session,
    begin_waiting,
    end_sessions,
    end_token,
    find_waiting,
    note_seen,
)
from api.registry.people.tables import Person, SignInToken
from api.registry.tries.use_cases import LockedOut, Lockout, hash_secret, judge, taking_turns
from api.wire.lockout import WindowPolicy

PASSWORD_CHANGES = WindowPolicy(
    max_failures=5, window=timedelta(hours=1), duration=timedelta(minutes=5), forgiving=True
)

_SIGNED_IN = (
    STAFF.add_columns(SignInToken.seen_at)
    .join(SignInToken, (SignInToken.township == Person.township) & (SignInToken.person == Person.id))
    .where(
        SignInToken.digest == bindparam("digest"),
        SignInToken.expires_at > bindparam("now"),
        SignInToken.waiting.is_(False),
        Person.ended_at.is_(None),
    )
)


async def sign_in(services: Services, wanted: wire.SignIn, client: Client) -> wire.SignInResult:
    """A token for this person. Raises Refused: as `authenticate`, and code-needed, code-wrong, too-many."""
    staff = await authenticate(services, wanted.login, wanted.password, client)
    await require_second_step(services, staff, wanted.code)
    async with services.unit_of_work() as uow:
        return begin_session(uow, staff, client)


async def authenticate_all(
    services: Services, signers: Sequence[tuple[str, str]], ask_code: Callable[[str], str]
) -> list[Staff]:
    """Those with these logins and passwords, at the server's own terminal. `ask_code`: asks for the second step of
    the person with a login.

    Raises Refused: as `sign_in`, and person-suspended.
    """
    people = []
    for login, password in signers:
        staff = await authenticate(services, login, password, TERMINAL)
        require_unfrozen(staff)
        async with services.unit_of_work() as uow:
            needed = await is_on(uow, staff.id)
        if needed:
            await require_code(services, staff.id, ask_code(login))
        people.append(staff)
    return people


async def begin_second_step(services: Services, login: str, client: Client) -> str:
    """For whoever gave the right password: a token that waits for the second step."""
    async with services.unit_of_work() as uow:
        person = await uow.session.scalar(
            select(Person.id).where(Person.township == uow.township, Person.login == login)
        )
        assert person is not None
        return begin_waiting(uow, person, client)


async def take_second_step(
    services: Services, token: str, code: str, client: Client
) -> tuple[str, wire.SignInResult]:
    """The login of whose session it is, and the session. Raises Refused: not-signed-in, code-wrong, too-many."""
    async with services.unit_of_work() as uow:
        person = await find_waiting(uow, token)
    if person is None:
        raise Refused(ErrorCode.NOT_SIGNED_IN, "等得太久了，请从头登录。")
    await require_code(services, person, code)
    async with services.unit_of_work() as uow:
        await end_token(uow, token)
        found = await uow.session.get_one(Person, (uow.township, person))
        if found.ended_at is not None:
            raise Refused(ErrorCode.NOT_SIGNED_IN, "请从头登录。")
        return found.login, begin_session(uow, await find_staff(uow, person), client)


async def require_second_step(services: Services, staff: Staff, code: str) -> None:
    """Of whoever wants a second step. Raises Refused: code-needed, code-wrong, too-many."""
    async with services.unit_of_work() as uow:
        needed = await is_on(uow, staff.id)
    if needed and not code:
        raise Refused(ErrorCode.CODE_NEEDED, "请再输入手机上的验证码。")
    if needed:
        await require_code(services, staff.id, code)


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
    serving = person is not None and person.ended_at is None
    hashed = person.password_hash if person is not None and serving else None
    lockouts = list_lockouts(login, client, known=known)
    if not await _judge(services, password, hashed, lockouts, stranger=not known) or person is None:
        raise Refused(ErrorCode.WRONG_PASSWORD, "用户名或密码不对，请再试一次。")
    async with services.unit_of_work() as uow:
        return await find_staff(uow, person.id)


async def _judge(
    services: Services, password: str, hashed: str | None, lockouts: Sequence[Lockout], *, stranger: bool
) -> bool:
    """Whether it is the password. Raises Refused: password-locked."""
    try:
        verdict = await judge(services, password, [hashed], *lockouts, stranger=stranger)
    except LockedOut as locked:
        raise Refused(
            ErrorCode.PASSWORD_LOCKED,
            f"密码输错太多次，请 {locked.minutes} 分钟后再试。",
            retry_after=locked.seconds,
        ) from None
    return verdict.right is not None


async def find_signed_in(uow: UnitOfWork, digest: bytes) -> Staff | None:
    """The staff member whose sign-in token has this digest."""
    rows = await uow.session.execute(_SIGNED_IN, bind_staff(uow, digest=digest, now=uow.now))
    found = rows.first()
    if found is None:
        return None
    *staff, seen_at = found
    if seen_at is None or seen_at <= uow.now - SEEN_EVERY:
        await note_seen(uow, digest)
    return to_staff(uow, staff)


async def find_by_login(services: Services, login: str) -> Staff:
    """The staff member with this login. Raises Refused: unknown, person-suspended."""
    async with services.unit_of_work() as uow:
        found = await find_staff_by_login(uow, login)
    if found is None:
        raise Refused(ErrorCode.UNKNOWN, f"没有用户名为 {login} 的人，或已不再任职。")
    require_unfrozen(found)
    return found


async def change_password(services: Services, staff: Staff, wanted: wire.PasswordChange, token: str) -> None:
    """This person's own; their sessions end, except the one with this token.

    Raises Refused: wrong-password, password-locked, password-weak.
    """
    async with services.unit_of_work() as uow:
        person = await uow.session.get_one(Person, (uow.township, staff.id))
    require_strong_password(wanted.new, person.login, person.name)
    lockout = Lockout(PASSWORD_CHANGES, ("password", str(person.id)))
    verdict = await _judge(services, wanted.old, person.password_hash, [lockout], stranger=False)
    if not verdict:
        raise Refused(ErrorCode.WRONG_PASSWORD, "原来的密码不对，请再试一次。")
    hashed = await hash_secret(wanted.new)
    async with services.unit_of_work() as uow:
        await uow.session.execute(
            update(Person)
            .where(
                Person.township == uow.township,
                Person.id == staff.id,
                Person.ended_at.is_(None),
                # What was asked for is what there is: not one that was set meanwhile.
                Person.password_hash == person.password_hash,
            )
            .values(password_hash=hashed)
        )
        await end_sessions(uow, staff.id, but=token)
        record_change(uow, staff.id, ChangeKind.PASSWORD, staff.id)


async def create_people(
    services: Services, people: Sequence[wire.NewPerson], registered_by: UUID | None = None
) -> int:
    """Register people, whoever asks: for a new township, which has no staff yet.

    Raises Refused: role-unknown, scope-missing, malformed, password-weak.
    """
    hashes = [await hash_secret(p.password) if p.password else None for p in people]
    async with services.unit_of_work() as uow:
        await insert_people(uow, people, registered_by, hashes)
    return len(people)


async def insert_people(
    uow: UnitOfWork,
    people: Sequence[wire.NewPerson],
    registered_by: UUID | None,
    hashes: Sequence[str | None] = (),
    confirmed_by: UUID | None = None,
) -> None:
    """As `create_people`, as a part of a larger change. `hashes`: of their passwords; without them they have none
    yet."""
    for person in people:
        require_known_roles(person.roles)
        require_scope(person.name, person.village, township=person.township)
        if person.password is not None:
            require_strong_password(person.password, person.login, person.name)
    ids = [uuid7() for _ in people]
    await uow.session.execute(
        insert(Person),
        [
            {
                "township": uow.township,
                "id": id,
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
            for id, p, hashed in zip_longest(ids, people, hashes)
        ],
    )
    villages = await name_villages(uow)
    for id, person in zip(ids, people, strict=True):
        duties = Duties(person.name, frozenset(person.roles), person.village, person.grid, person.household)
        after = duties.tell(villages)
        record_change(uow, id, ChangeKind.ADDED, registered_by, after=after, confirmed_by=confirmed_by)


def require_known_roles(roles: Sequence[str]) -> None:
    """Raises Refused: role-unknown."""
    unknown = set(roles) - set(Role)
    if unknown:
        raise Refused(ErrorCode.ROLE_UNKNOWN, f"没有“{unknown.pop()}”这项职责。")


def require_scope(name: str, village: str | None, *, township: bool) -> None:
    """Raises Refused: scope-missing, malformed."""
    if village is None and not township:
        raise Refused(
            ErrorCode.SCOPE_MISSING,
            f"请写明{name}服务哪个村（village）；服务全乡的，写明 township: true。",
        )
    if village is not None and township:
        raise Refused(ErrorCode.MALFORMED, f"{name}要么服务一个村，要么服务全乡，请只写一样。")
