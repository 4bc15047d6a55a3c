"""Who serves, with which duties: registered and changed by the office, those that decide by two people.

Whoever could alone give somebody the duty to sign last or to confirm would be the second person whenever they
like. So such duties are proposed, and confirmed by another person of the township; taking duties away and ending
a service is done by one person, at once. Nobody changes their own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from uuid import UUID

import msgspec

from api import wire
from api.platform.access import Role, Staff, require_township
from api.platform.clock import local_date
from api.platform.errors import ErrorCode, Refused
from api.platform.services import Services, UnitOfWork
from api.registry.people import relatives, second_step, service
from api.registry.people.duties import CONFIRMING, Duties, name_roles, need_two
from api.registry.people.queries import name_villages
from api.registry.people.records import ChangeKind, ChangeView, read_changes, record_change
from api.registry.people.sessions import end_sessions
from api.registry.people.use_cases import insert_people
from api.registry.proposals.decision import Confirmers
from api.registry.proposals.use_cases import (
    NewProposal,
    ProposalKind,
    Proposed,
    Signer,
    propose,
    to_view,
    trial,
)
from api.registry.tries.use_cases import hash_secret

READERS = (Role.OFFICE, Role.SUPERVISOR)
_CONFIRMERS = Confirmers(CONFIRMING)


class ProposedPeople(msgspec.Struct):
    """`hashes`: of the passwords that were given, which aren't kept themselves."""

    people: list[wire.NewPerson]
    hashes: list[str | None]


class ProposedDuties(msgspec.Struct):
    """`before`: what they were when it was proposed, in words; something else meanwhile is another change."""

    person: UUID
    before: str
    wanted: wire.PersonDuties


async def list_people(
    services: Services,
    staff: Staff,
    *,
    ended: bool = False,
    text: str = "",
    village: str | None = None,
    grid: str = "",
    role: str = "",
) -> list[service.PersonView]:
    """As `service.list_people`. Raises Refused: not-allowed."""
    require_township(staff, *READERS)
    async with services.unit_of_work() as uow:
        return await service.list_people(uow, ended=ended, text=text, village=village, grid=grid, role=role)


async def show_person(
    services: Services, staff: Staff, id: UUID
) -> tuple[service.PersonView, list[ChangeView], list[str]]:
    """With all changes, and the duties that nobody else has where they serve.

    Raises Refused: not-allowed, unknown.
    """
    require_township(staff, *READERS)
    async with services.unit_of_work() as uow:
        person = await service.show_person(uow, id)
        changes = await read_changes(uow, id)
        return person, changes, await service.find_irreplaceable(uow, person)


async def find_id(services: Services, staff: Staff, login: str) -> UUID:
    """Raises Refused: not-allowed, unknown."""
    require_township(staff, Role.OFFICE)
    async with services.unit_of_work() as uow:
        return await service.find_id(uow, login)


async def add_people(
    services: Services, staff: Staff, people: Sequence[wire.NewPerson]
) -> wire.ProposalView | wire.CreatedCount:
    """Register people; all of them wait for a second person where one comes to decide.

    Raises Refused: not-allowed, role-unknown, scope-missing, malformed, password-weak.
    """
    require_township(staff, Role.OFFICE)
    hashes = [await hash_secret(person.password) if person.password else None for person in people]
    async with services.unit_of_work() as uow:
        proposal = await register_people(uow, staff, people, hashes)
        return proposal or wire.CreatedCount(created=len(people))


async def register_people(
    uow: UnitOfWork, staff: Staff, people: Sequence[wire.NewPerson], hashes: Sequence[str | None] = ()
) -> wire.ProposalView | None:
    """As `add_people`, as a part of a larger change; `hashes`: of their passwords. None: they are registered."""
    if await service.decides_alone(uow, staff) or not any(need_two(None, _duties(each)) for each in people):
        await insert_people(uow, people, staff.id, hashes)
        return None
    # Refused at once, what couldn't be executed.
    async with trial(uow):
        await insert_people(uow, people, staff.id, hashes)
    kept = [msgspec.structs.replace(person, password=None) for person in people]
    new = NewProposal(
        request=ProposedPeople(kept, list(hashes)),
        identity=kept,
        what=f"登记 {len(people)} 人：{_tell_people(people, await name_villages(uow))}",
        village=None,
        preview=kept,
    )
    return await to_view(uow, PEOPLE, await propose(uow, PEOPLE, Signer.of(staff), new), staff)


def _duties(person: wire.NewPerson) -> Duties:
    return Duties(person.name, frozenset(person.roles), person.village, person.grid, person.household)


def _tell_people(people: Sequence[wire.NewPerson], villages: Mapping[str, str], most: int = 5) -> str:
    places = [villages[each.village] if each.village else "全乡" for each in people[:most]]
    told = [f"{each.name}（{name_roles(each.roles)}，{at}）" for each, at in zip(people, places, strict=False)]
    return "、".join(told) + ("……" if len(people) > most else "")


async def _register(uow: UnitOfWork, proposed: Proposed, confirmer: Signer) -> wire.CreatedCount:
    request = msgspec.convert(proposed.request, ProposedPeople)
    await insert_people(uow, request.people, proposed.proposer.id, request.hashes, confirmer.id)
    return wire.CreatedCount(created=len(request.people))


PEOPLE = ProposalKind("people", "登记人员", _CONFIRMERS, _register)


async def change_duties(
    services: Services, staff: Staff, person: UUID, wanted: wire.PersonDuties
) -> wire.ProposalView | None:
    """What somebody does from now on; for whoever's service ended it begins again. None: it is done.

    Raises Refused: not-allowed, unknown, same-person, role-unknown, scope-missing, malformed, wrong-state.
    """
    require_township(staff, Role.OFFICE)
    after = service.read_duties(wanted)
    async with services.unit_of_work() as uow:
        found = await service.lock_service(uow, staff, person)
        before = service.duties_of(found)
        if before == after and found.ended_at is None:
            raise Refused(ErrorCode.WRONG_STATE, "没有改动。")
        served = before if found.ended_at is None else None
        if not need_two(served, after) or await service.decides_alone(uow, staff):
            await service.change_duties(uow, found, after, staff.id, wanted.reason)
            await service.require_office(uow)
            return None
        async with trial(uow):
            await service.change_duties(uow, found, after, staff.id, wanted.reason)
            await service.require_office(uow)
        await uow.session.refresh(found)
        villages = await name_villages(uow)
        told = _tell_served(served, villages)
        again = "" if served is not None else "重新任职："
        new = NewProposal(
            request=ProposedDuties(person, told, wanted),
            what=f"{again}{before.name}，从“{told}”改为“{after.tell(villages)}”（{wanted.reason}）",
            village=None,
        )
        return await to_view(uow, DUTIES, await propose(uow, DUTIES, Signer.of(staff), new), staff)


async def _change(uow: UnitOfWork, proposed: Proposed, confirmer: Signer) -> None:
    request = msgspec.convert(proposed.request, ProposedDuties)
    if request.person == confirmer.id:
        raise Refused(ErrorCode.SAME_PERSON, "这是您自己的职责，请由另一个人确认。")
    found = await service.lock_confirmed(uow, request.person)
    served = service.duties_of(found) if found.ended_at is None else None
    if _tell_served(served, await name_villages(uow)) != request.before:
        raise Refused(ErrorCode.WRONG_STATE, "这个人的职责在这期间又改过，请退回这份，重新提一次。")
    after = service.read_duties(request.wanted)
    await service.change_duties(uow, found, after, proposed.proposer.id, request.wanted.reason, confirmer.id)
    await service.require_office(uow)


def _tell_served(served: Duties | None, villages: Mapping[str, str]) -> str:
    return "不再任职" if served is None else served.tell(villages)


DUTIES = ProposalKind("duties", "人员职责", _CONFIRMERS, _change)


async def end_service(services: Services, staff: Staff, person: UUID, wanted: wire.ServiceEnd) -> None:
    """At once: the person is signed out everywhere, and signs and confirms nothing any more.

    Raises Refused: not-allowed, unknown, same-person, wrong-state, date-wrong.
    """
    require_township(staff, Role.OFFICE)
    async with services.unit_of_work() as uow:
        _require_come(wanted.on, local_date(uow.now))
        found = await service.lock_service(uow, staff, person)
        await service.end_service(uow, found, wanted.on, staff.id, wanted.reason)
        await service.require_office(uow)


def _require_come(on: date, today: date) -> None:
    if on > today:
        raise Refused(ErrorCode.DATE_WRONG, "这一天还没有到：结束任职立即生效，请到那一天再办。")


async def end_sessions_of(services: Services, staff: Staff, person: UUID, reason: str) -> None:
    """Sign somebody out everywhere. Raises Refused: not-allowed, unknown, same-person."""
    require_township(staff, Role.OFFICE)
    async with services.unit_of_work() as uow:
        found = await service.lock_service(uow, staff, person)
        await end_sessions(uow, found.id)
        record_change(uow, found.id, ChangeKind.SIGNED_OUT, staff.id, reason=reason)


async def turn_off_second_step(services: Services, staff: Staff, person: UUID, reason: str) -> None:
    """For whoever lost their phone and the codes on paper.

    Raises Refused: not-allowed, unknown, same-person, wrong-state.
    """
    require_township(staff, Role.OFFICE)
    async with services.unit_of_work() as uow:
        found = await service.lock_service(uow, staff, person)
        await second_step.remove(uow, found.id, staff.id, reason)


async def declare_relative(services: Services, staff: Staff, person: UUID, household: str) -> None:
    """By the person, or by the office for them. Raises Refused: not-allowed, unknown, wrong-state."""
    if person != staff.id:
        require_township(staff, Role.OFFICE)
    async with services.unit_of_work() as uow:
        await service.show_person(uow, person)
        if household in staff.own and person == staff.id:
            raise Refused(ErrorCode.WRONG_STATE, "这是您自己家，本来就要回避，不用再申报。")
        if not await relatives.declare_relative(uow, staff, person, household):
            raise Refused(ErrorCode.WRONG_STATE, "这户亲属已经申报过了。")
        record_change(uow, person, ChangeKind.RELATIVE, staff.id, after=household)


async def withdraw_relative(services: Services, staff: Staff, person: UUID, household: str, reason: str) -> None:
    """Raises Refused: not-allowed, same-person, unknown."""
    require_township(staff, Role.OFFICE)
    async with services.unit_of_work() as uow:
        await relatives.withdraw_relative(uow, staff, person, household)
        record_change(uow, person, ChangeKind.RELATIVE_WITHDRAWN, staff.id, before=household, reason=reason)


def to_info(person: service.PersonView) -> wire.PersonInfo:
    return wire.PersonInfo(
        login=person.login,
        name=person.duties.name,
        roles=sorted(person.duties.roles),
        village=person.duties.village,
        grid=person.duties.grid,
        household=person.duties.household,
        can_sign_in=person.can_sign_in,
        ended_at=person.ended_at,
    )
