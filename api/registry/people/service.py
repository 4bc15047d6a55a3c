"""A person's service: its duties change, it ends, and it begins again. Each change is recorded; there is always
somebody left in the office."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ColumnElement, any_, exists, func, or_, select

from api import wire
from api.platform.access import Role, Staff
from api.platform.errors import ErrorCode, Refused
from api.platform.services import UnitOfWork
from api.registry.people.duties import CONFIRMING, Duties
from api.registry.people.invitations import end_invitations
from api.registry.people.queries import name_villages
from api.registry.people.records import ChangeKind, record_change
from api.registry.people.second_step import is_on
from api.registry.people.sessions import end_sessions
from api.registry.people.tables import Person, Relative, SignInToken
from api.registry.people.use_cases import require_known_roles, require_scope


@dataclass(frozen=True, slots=True)
class PersonView:
    """`can_sign_in`: they have set a password. `sessions`: how many are open."""

    id: UUID
    login: str
    duties: Duties
    ended_at: datetime | None
    can_sign_in: bool
    second_step: bool = False
    sessions: int = 0
    relatives: Sequence[str] = ()


async def list_people(
    uow: UnitOfWork, *, ended: bool, text: str = "", village: str | None = None, grid: str = "", role: str = ""
) -> list[PersonView]:
    """Those who serve, or whose service ended; by login. `text`: a part of name or login. `village`: "" for the
    whole township's."""
    wanted: list[ColumnElement[bool]] = [Person.ended_at.is_not(None) if ended else Person.ended_at.is_(None)]
    if text:
        found = (column.icontains(text, autoescape=True) for column in (Person.name, Person.login))
        wanted.append(or_(*found))
    if village is not None:
        wanted.append(Person.village.is_(None) if village == "" else Person.village == village)
    if grid:
        wanted.append(Person.grid == grid)
    if role:
        wanted.append(any_(Person.roles) == role)
    people = await uow.session.scalars(
        select(Person)
        .where(Person.township == uow.township, *wanted)
        # The township's first, as they are looked for most.
        .order_by(Person.village.is_not(None), Person.village, Person.grid.is_not(None), Person.grid, Person.login)
    )
    return [_view(person) for person in people]


async def show_person(uow: UnitOfWork, id: UUID) -> PersonView:
    """Raises Refused: unknown."""
    person = await uow.session.get(Person, (uow.township, id), populate_existing=True)
    if person is None:
        raise unknown_person()
    sessions = await uow.session.scalar(
        select(func.count())
        .select_from(SignInToken)
        .where(
            SignInToken.township == uow.township,
            SignInToken.person == id,
            SignInToken.expires_at > uow.now,
            SignInToken.waiting.is_(False),
        )
    )
    relatives = await uow.session.scalars(
        select(Relative.household)
        .where(Relative.township == uow.township, Relative.person == id, Relative.withdrawn_at.is_(None))
        .order_by(Relative.household)
    )
    return PersonView(
        person.id,
        person.login,
        duties_of(person),
        person.ended_at,
        person.password_hash is not None,
        await is_on(uow, id),
        sessions or 0,
        relatives.all(),
    )


def _view(person: Person) -> PersonView:
    signs_in = person.password_hash is not None
    return PersonView(person.id, person.login, duties_of(person), person.ended_at, signs_in)


def duties_of(person: Person) -> Duties:
    return Duties(person.name, frozenset(person.roles), person.village, person.grid, person.household)


async def find_id(uow: UnitOfWork, login: str) -> UUID:
    """Raises Refused: unknown."""
    id: UUID | None = await uow.session.scalar(
        select(Person.id).where(Person.township == uow.township, Person.login == login)
    )
    if id is None:
        raise unknown_person()
    return id


async def lock_service(uow: UnitOfWork, staff: Staff, id: UUID) -> Person:
    """The person, locked with all of the office, so that no two of them end each other. Whoever asks still is of
    the office, and isn't the person.

    Raises Refused: unknown, same-person, not-signed-in.
    """
    if staff.id == id:
        raise Refused(ErrorCode.SAME_PERSON, "自己的职责和任职，请由办公室的另一个人办理。")
    locked = await _lock(uow, staff.id, id)
    if id not in locked:
        raise unknown_person()
    asking = locked[staff.id]
    if asking.ended_at is not None or Role.OFFICE not in asking.roles or asking.village is not None:
        raise Refused(ErrorCode.NOT_SIGNED_IN, "您的职责刚刚变了，请重新登录。")
    return locked[id]


async def lock_confirmed(uow: UnitOfWork, id: UUID) -> Person:
    """As `lock_service`, for what a second person confirms: whoever asked for it may have ended meanwhile."""
    return (await _lock(uow, id))[id]


async def _lock(uow: UnitOfWork, *ids: UUID) -> dict[UUID, Person]:
    people = await uow.session.scalars(
        select(Person)
        .where(Person.township == uow.township, or_(Person.id.in_(ids), _is_office()))
        .order_by(Person.id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    return {person.id: person for person in people}


async def find_irreplaceable(uow: UnitOfWork, person: PersonView) -> list[str]:
    """The duties that nobody else has where this person serves: what waits for them waits for nobody else."""
    others = await uow.session.scalars(
        select(func.unnest(Person.roles))
        .where(
            Person.township == uow.township,
            Person.id != person.id,
            Person.ended_at.is_(None),
            Person.village.is_(None)
            if person.duties.village is None
            else or_(Person.village.is_(None), Person.village == person.duties.village),
        )
        .distinct()
    )
    return sorted(person.duties.roles - set(others))


async def decides_alone(uow: UnitOfWork, staff: Staff) -> bool:
    """Whether there never was anybody beside this person who could confirm what they do: a township begins with
    one person."""
    others = await uow.session.scalar(
        select(
            exists().where(
                Person.township == uow.township,
                Person.id != staff.id,
                Person.village.is_(None),
                or_(*(any_(Person.roles) == role for role in CONFIRMING)),
            )
        )
    )
    return not others


async def change_duties(
    uow: UnitOfWork, person: Person, after: Duties, by: UUID, reason: str, confirmed_by: UUID | None = None
) -> None:
    """Also of whoever's service had ended: it begins again."""
    kind = ChangeKind.CHANGED if person.ended_at is None else ChangeKind.RESUMED
    before, villages = duties_of(person), await name_villages(uow)
    person.name, person.roles = after.name, sorted(after.roles)
    person.village, person.township_wide = after.village, after.village is None
    person.grid, person.household, person.ended_at = after.grid, after.household, None
    record_change(
        uow,
        person.id,
        kind,
        by,
        before=before.tell(villages),
        after=after.tell(villages),
        reason=reason,
        confirmed_by=confirmed_by,
    )


async def end_service(uow: UnitOfWork, person: Person, on: date, by: UUID, reason: str) -> None:
    """At once: sessions and invitations end; what the person did stays. Raises Refused: wrong-state."""
    if person.ended_at is not None:
        raise Refused(ErrorCode.WRONG_STATE, f"{person.name}已经不再任职。")
    person.ended_at = uow.now
    await end_sessions(uow, person.id)
    await end_invitations(uow, person.id)
    before, told = duties_of(person).tell(await name_villages(uow)), f"{on} 起不再任职"
    record_change(uow, person.id, ChangeKind.ENDED, by, before=before, after=told, reason=reason)


async def require_office(uow: UnitOfWork) -> None:
    """Raises Refused: wrong-state, where nobody of the office could sign in any more."""
    await uow.session.flush()
    left = await uow.session.scalar(
        select(
            exists().where(
                Person.township == uow.township,
                _is_office(),
                Person.ended_at.is_(None),
                Person.password_hash.is_not(None),
            )
        )
    )
    if not left:
        raise Refused(ErrorCode.WRONG_STATE, "这是办公室最后一个能登录的人：请先登记接替的人，等他设好密码再办。")


def read_duties(wanted: wire.PersonDuties) -> Duties:
    """Raises Refused: role-unknown, scope-missing, malformed."""
    require_known_roles(wanted.roles)
    require_scope(wanted.name, wanted.village, township=wanted.township)
    return Duties(wanted.name, frozenset(wanted.roles), wanted.village, wanted.grid, wanted.household)


def unknown_person() -> Refused:
    return Refused(ErrorCode.UNKNOWN, "没有这个人。")


def _is_office() -> ColumnElement[bool]:
    return (any_(Person.roles) == Role.OFFICE) & Person.village.is_(None)
