"""Found a township: all that it begins with, in one transaction or not at all."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import rules
from api import wire
from api.awards.rulebooks.adoptions import propose_text
from api.awards.rulebooks.gallery import list_gallery
from api.awards.rulebooks.use_cases import parse_proposal
from api.bookkeeping.expiry.use_cases import adopt_at_founding
from api.platform.access import Role, Staff
from api.platform.clock import local_date
from api.platform.errors import ErrorCode, Refused
from api.platform.services import Services, UnitOfWork
from api.registry.founding import defaults
from api.registry.people.clients import TERMINAL, Client
from api.registry.people.invitations import create_invitation
from api.registry.people.passwords import require_strong_password
from api.registry.people.queries import find_staff_by_login
from api.registry.people.sessions import begin_session
from api.registry.people.use_cases import insert_people
from api.registry.proposals import bounds
from api.registry.register.queries import is_initialized
from api.registry.register.use_cases import create_township
from api.registry.tries.use_cases import hash_secret

ROLES = [Role.OFFICE.value, Role.PARTY_BRANCH.value]
"""Of both: two people of the office can register everybody, two of the party branch decide the rules."""


@dataclass(frozen=True, slots=True)
class Founded:
    """The first person's session. `invitation`: of the second, unless they have a password. `rulebook`: the title
    of the one that waits for the second person's word."""

    session: wire.SignInResult
    invitation: wire.Invitation | None
    rulebook: str


async def is_founded(services: Services) -> bool:
    async with services.unit_of_work() as uow:
        return await is_initialized(uow)


async def found(services: Services, wanted: wire.Founding, client: Client = TERMINAL) -> Founded:
    """Raises Refused: already-there, malformed, password-weak, and as a rulebook's proposal."""
    require_two_people(wanted.first.login, wanted.second.login)
    for person in (wanted.first, wanted.second):
        if person.password is not None:
            require_strong_password(person.password, person.login, person.name)
    text = ""
    if (book := wanted.rulebook) is not None:
        require_decided(book.decision.decided_on, book.effective_from, local_date(services.clock.now()))
        text = adapt(book, wanted.township)
        # Before the transaction: the first check waits for its process to begin.
        await parse_proposal(text)
    hashes = [
        await hash_secret(person.password) if person.password is not None else None
        for person in (wanted.first, wanted.second)
    ]
    async with services.unit_of_work() as uow:
        await create_township(uow, wanted.township)
        first = await _register(uow, wanted.first, hashes[0])
        second = await _register(uow, wanted.second, hashes[1], first)
        await defaults.adopt(uow, wanted.defaults, first.id)
        await bounds.adopt(uow, wanted.bounds)
        await adopt_at_founding(uow, wanted.expiry, person=str(first.id))
        rulebook = ""
        if book is not None:
            adoption = await propose_text(uow, first, text, book.decision, book.effective_from)
            rulebook = adoption.title
        invitation = None
        if wanted.second.password is None:
            invitation = await create_invitation(uow, first, second.id)
        return Founded(begin_session(uow, first, client), invitation, rulebook)


def require_two_people(first: str, second: str) -> None:
    """Raises Refused: malformed."""
    if first == second:
        raise Refused(ErrorCode.MALFORMED, "两个人的用户名不能一样，请给第二个人换一个。")


def require_decided(decided_on: date, effective_from: date, today: date) -> None:
    """Raises Refused: date-wrong, for a decision of a day that is still to come, or after what it decides."""
    if decided_on > min(today, effective_from):
        raise Refused(ErrorCode.DATE_WRONG, "决定的日期不能晚于今天，也不能晚于开始执行的日期。")


def require_in_gallery(name: str) -> None:
    """Raises Refused: unknown."""
    if name not in {book.name for book in list_gallery()}:
        raise Refused(ErrorCode.UNKNOWN, "软件里没有这份积分办法，请从列出的里面选。")


def adapt(wanted: wire.FirstRulebook, township: str) -> str:
    """The text of the book as this township adopts it. Raises Refused: unknown."""
    require_in_gallery(wanted.name)
    decision = rules.Decision(wanted.decision.body, wanted.decision.meeting, wanted.decision.decided_on)
    return rules.adapt_builtin(wanted.name, township, decision, wanted.effective_from)


async def _register(
    uow: UnitOfWork,
    person: wire.FirstPerson | wire.SecondPerson,
    hashed: str | None,
    registered_by: Staff | None = None,
) -> Staff:
    new = wire.NewPerson(login=person.login, name=person.name, roles=ROLES, township=True)
    await insert_people(uow, [new], registered_by.id if registered_by is not None else None, [hashed])
    staff = await find_staff_by_login(uow, person.login)
    assert staff is not None
    return staff
