"""Invitations: a person sets their own password by a one-time code, so that nobody else ever knows it.

Whoever was registered without a password gets one, and whoever has forgotten theirs. The old password goes on
working until then: a code that is lost locks nobody out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, case, select, update

from api import wire
from api.platform.access import Role, Staff, digest_secret, require_township
from api.platform.errors import ErrorCode, Refused
from api.platform.services import Services, UnitOfWork
from api.registry.people.clients import Client, look_up_code
from api.registry.people.passwords import require_strong_password
from api.registry.people.queries import find_staff, lock_person
from api.registry.people.records import ChangeKind, record_change
from api.registry.people.sessions import begin_session, end_sessions
from api.registry.people.tables import Invitation, Person
from api.registry.tries.use_cases import hash_secret
from api.wire.card_token import normalize, random_symbols

CODE_LENGTH = 12
"""60 random bits: too many to guess one within its lifetime."""
LIFETIME = timedelta(days=7)
PATH = "/JOIN/"
"""In capitals: a QR code of an address that is all capitals is smaller."""


@dataclass(frozen=True, slots=True)
class Invited:
    """Whom a code greets."""

    login: str
    name: str


async def invite(services: Services, staff: Staff, person: UUID) -> wire.Invitation:
    """A code for another person. An older one of theirs is worth nothing any more.

    Raises Refused: not-allowed, same-person, unknown, wrong-state.
    """
    async with services.unit_of_work() as uow:
        return await create_invitation(uow, staff, person)


async def invite_by_login(services: Services, staff: Staff, login: str) -> wire.Invitation:
    """As `invite`."""
    require_township(staff, Role.OFFICE)
    async with services.unit_of_work() as uow:
        person = await uow.session.scalar(
            select(Person.id).where(Person.township == uow.township, Person.login == login)
        )
        if person is None:
            raise _unknown_person()
        return await create_invitation(uow, staff, person)


async def create_invitation(uow: UnitOfWork, staff: Staff, person: UUID) -> wire.Invitation:
    """As `invite`, as a part of a larger change."""
    require_township(staff, Role.OFFICE)
    if person == staff.id:
        raise Refused(ErrorCode.SAME_PERSON, "自己的邀请码，请由办公室的另一个人出。")
    # Two at once: the later one replaces the earlier.
    await lock_person(uow, person)
    invited = await uow.session.get(Person, (uow.township, person))
    if invited is None:
        raise _unknown_person()
    if invited.ended_at is not None:
        raise Refused(ErrorCode.WRONG_STATE, f"{invited.name}已经不再任职，不能邀请。")
    await end_invitations(uow, person)
    record_change(uow, person, ChangeKind.INVITED, staff.id)
    code, until = random_symbols(CODE_LENGTH), uow.now + LIFETIME
    uow.session.add(
        Invitation(
            township=uow.township,
            digest=digest_secret(code),
            person=person,
            issued_by=staff.id,
            issued_at=uow.now,
            until=until,
        )
    )
    await uow.session.flush()
    return wire.Invitation(login=invited.login, name=invited.name, code=code, path=PATH + code, until=until)


async def end_invitations(uow: UnitOfWork, person: UUID) -> None:
    """The code of this person that is still open lets nobody in any more."""
    await uow.session.execute(
        update(Invitation)
        .where(
            Invitation.township == uow.township,
            Invitation.person == person,
            Invitation.used_at.is_(None),
            Invitation.ended_at.is_(None),
        )
        .values(ended_at=uow.now)
    )


async def find_invited(services: Services, code: str, client: Client) -> Invited:
    """Raises Refused: code-wrong, too-many."""
    person = await _require_invited(services, code, client)
    return Invited(person.login, person.name)


async def join(services: Services, wanted: wire.NewPassword, client: Client) -> wire.SignInResult:
    """The person sets their password and is signed in; their other sessions end.

    Raises Refused: code-wrong, too-many, password-weak.
    """
    person = await _require_invited(services, wanted.code, client)
    require_strong_password(wanted.password, person.login, person.name)
    hashed = await hash_secret(wanted.password)
    async with services.unit_of_work() as uow:
        used = await uow.session.execute(
            update(Invitation)
            .where(*_is_open(uow, wanted.code))
            .values(used_at=uow.now)
            .returning(Invitation.person, Invitation.issued_by)
        )
        invitation = used.first()
        if invitation is None:
            raise _wrong_code()
        invited, issued_by = invitation
        await uow.session.execute(
            update(Person)
            .where(Person.township == uow.township, Person.id == invited)
            .values(
                password_hash=hashed,
                # Of a first password whoever gave the duties has made sure that there are two people.
                reset_by=case((Person.password_hash.is_not(None), issued_by), else_=Person.reset_by),
                reset_at=case((Person.password_hash.is_not(None), uow.now), else_=Person.reset_at),
            )
        )
        await end_sessions(uow, invited)
        record_change(uow, invited, ChangeKind.PASSWORD, invited)
        return begin_session(uow, await find_staff(uow, invited), client)


async def _require_invited(services: Services, code: str, client: Client) -> Person:
    async def find(uow: UnitOfWork) -> Person | None:
        person: Person | None = await uow.session.scalar(
            select(Person)
            .join(Invitation, (Invitation.township == Person.township) & (Invitation.person == Person.id))
            .where(*_is_open(uow, code))
        )
        return person

    person = await look_up_code(services, find, client)
    if person is None:
        raise _wrong_code()
    return person


def _is_open(uow: UnitOfWork, code: str) -> list[ColumnElement[bool]]:
    return [
        Invitation.township == uow.township,
        Invitation.digest == digest_secret(normalize(code)),
        Invitation.until > uow.now,
        Invitation.used_at.is_(None),
        Invitation.ended_at.is_(None),
    ]


def _wrong_code() -> Refused:
    return Refused(ErrorCode.CODE_WRONG, "邀请码不对、用过了或已过期，请核对，或请乡镇办公室再出一个。")


def _unknown_person() -> Refused:
    return Refused(ErrorCode.UNKNOWN, "没有这个人。")
