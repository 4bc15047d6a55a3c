"""Adoptions: a version is proposed with its decision, confirmed by a second person or refused, withdrawn before it
takes effect, or adopted again. Only a township's first book may be retroactive."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date, timedelta
from uuid import UUID

from sqlalchemy import insert, select
from uuid_utils.compat import uuid7

from api import wire
from api.awards.rulebooks import concerns
from api.awards.rulebooks.adoption_views import (
    load_views,
    may_be_retroactive,
    require_decider,
    unknown_adoption,
    unknown_version,
)
from api.awards.rulebooks.tables import Adoption, RulebookText
from api.awards.rulebooks.use_cases import (
    adoptions_in_force,
    books_by_version,
    load_base_text,
    parse_proposal,
    resolve_village,
    version_taken,
)
from api.platform.access import RESET_LATELY, Role, Staff, require
from api.platform.clock import local_date
from api.platform.errors import ErrorCode, Refused
from api.platform.services import Services, UnitOfWork
from rules import Rulebook, read_header


async def propose(services: Services, staff: Staff, request: wire.NewRulebook) -> wire.AdoptionView:
    """Store a text and propose to adopt it. Proposing the same again returns the first proposal.

    Raises Refused: not-allowed, rulebook-wrong (problems), already-there, retroactive, date-wrong.
    """
    require(staff, Role.PARTY_BRANCH)
    async with services.unit_of_work() as uow:
        return await propose_text(uow, staff, request.text, request.decision, request.effective_from)


async def propose_text(
    uow: UnitOfWork, staff: Staff, text: str, decision: wire.Decision | None, effective_from: date | None
) -> wire.AdoptionView:
    """As `propose`, within a unit of work and without checking the role."""
    header = read_header(text)
    village = await resolve_village(uow, staff, header.village) if header.is_overlay else ""
    require_decider(staff, village)
    book = await parse_proposal(text, await load_base_text(uow, header))
    existing = await uow.session.get(RulebookText, (uow.township, book.version))
    if existing is None:
        await uow.session.execute(
            insert(RulebookText).values(
                township=uow.township,
                version=book.version,
                village=village,
                base=book.base_version,
                title=book.title,
                text=text,
                written_by=staff.id,
                written_at=uow.now,
            )
        )
    elif existing.text != text:
        raise version_taken(book.version)
    decision, day = decision or decision_of(book), effective_from or book.effective_from
    return await _propose(uow, staff, village, book, decision, day)


async def propose_readoption(services: Services, staff: Staff, request: wire.Readoption) -> wire.AdoptionView:
    """Propose to adopt an existing version again.

    Raises Refused: not-allowed, unknown, rulebook-wrong, already-there, retroactive, date-wrong.
    """
    require(staff, Role.PARTY_BRANCH)
    async with services.unit_of_work() as uow:
        book = (await books_by_version(uow, {request.version})).get(request.version)
        if book is None:
            raise unknown_version()
        text = await uow.session.get_one(RulebookText, (uow.township, request.version))
        require_decider(staff, text.village)
        await _check_again(uow, request.version)
        return await _propose(uow, staff, text.village, book, request.decision, request.effective_from)


def decision_of(book: Rulebook) -> wire.Decision:
    """The decision in the book's header."""
    decision = book.adopted_by
    return wire.Decision(body=decision.body, meeting=decision.meeting, decided_on=decision.date)


async def _propose(
    uow: UnitOfWork, staff: Staff, village: str, book: Rulebook, decision: wire.Decision, effective_from: date
) -> wire.AdoptionView:
    for view in await load_views(uow, Adoption.version == book.version, Adoption.village == village):
        if view.state != "proposed":
            continue
        if (view.effective_from, view.decision) != (effective_from, decision):
            raise Refused(
                ErrorCode.ALREADY_THERE, f"{book.version} 版已有一份提议等人确认，请先确认或退回那一份。"
            )
        return view
    await _check_dates(uow, village, book, decision, effective_from)
    in_force = {row.village: row.version for row in await adoptions_in_force(uow, effective_from)}
    if village and in_force.get("") != book.base_version:
        raise Refused(
            ErrorCode.DATE_WRONG,
            f"这份补充的是 {book.base_version} 版，"
            f"{format_date(effective_from)}乡镇不按这一版执行，补充办法不会生效。",
        )
    if in_force.get(village) == book.version:
        raise Refused(
            ErrorCode.ALREADY_THERE, f"{format_date(effective_from)}本来就按 {book.version} 版执行，不用再提议。"
        )
    id = uuid7()
    await uow.session.execute(
        insert(Adoption).values(
            township=uow.township,
            id=id,
            village=village,
            version=book.version,
            effective_from=effective_from,
            body=decision.body,
            meeting=decision.meeting,
            decided_on=decision.decided_on,
            present=decision.present,
            proposed_by=staff.id,
            proposed_at=uow.now,
        )
    )
    [view] = await load_views(uow, Adoption.id == id)
    return view


async def _check_dates(
    uow: UnitOfWork, village: str, book: Rulebook, decision: wire.Decision, effective_from: date
) -> None:
    today = local_date(uow.now)
    if effective_from <= today and not await may_be_retroactive(uow, village):
        raise Refused(
            ErrorCode.RETROACTIVE,
            f"新办法不能管以前的事：生效日期最早填明天（{format_date(today + timedelta(days=1))}）。",
        )
    if decision.decided_on > min(today, effective_from):
        raise Refused(ErrorCode.DATE_WRONG, "决定的日期不能晚于今天，也不能晚于生效日期。")
    if not book.is_in_force(effective_from):
        until = f"到{format_date(book.effective_until)}" if book.effective_until else "起"
        raise Refused(
            ErrorCode.DATE_WRONG,
            f"{book.version} 版的书头写的有效期是{format_date(book.effective_from)}{until}，"
            "生效日期要在这个期间。",
        )


async def confirm(
    services: Services, staff: Staff, id: UUID, not_concerned: Mapping[str, Collection[str]]
) -> wire.AdoptionView:
    """Confirm a proposal as the second person: the version is in force from its day on. `not_concerned`: the ticks
    of its delicate rules. Safe to repeat.

    Raises Refused: not-allowed, unknown, wrong-state, same-person, too-late, rulebook-wrong, concerns-missing.
    """
    require(staff, Role.PARTY_BRANCH)
    async with services.unit_of_work() as uow:
        adoption = await _lock_adoption(uow, id)
        if adoption.confirmed_by != staff.id:
            if adoption.confirmed_at is not None or adoption.refused_at is not None:
                raise Refused(ErrorCode.WRONG_STATE, "这份提议已经确认或退回过了，请刷新页面。")
            require_decider(staff, adoption.village)
            if adoption.proposed_by == staff.id:
                raise Refused(ErrorCode.SAME_PERSON, "提议和确认须由两个人分别办理，请由另一位支委确认。")
            if staff.is_same(adoption.proposed_by):
                raise Refused(ErrorCode.SAME_PERSON, RESET_LATELY)
            late = adoption.effective_from <= local_date(uow.now)
            if late and not await may_be_retroactive(uow, adoption.village):
                raise Refused(
                    ErrorCode.TOO_LATE,
                    f"提议的生效日期是{format_date(adoption.effective_from)}，到期前没有确认，不能再按这个日期生效。请重新提议。",
                )
            await _check_again(uow, adoption.version)
            await concerns.keep_ticks(uow, adoption, not_concerned, staff.id)
            adoption.confirmed_by, adoption.confirmed_at = staff.id, uow.now
            await uow.session.flush()
        [view] = await load_views(uow, Adoption.id == id)
        return view


async def refuse(services: Services, staff: Staff, id: UUID, reason: str) -> wire.AdoptionView:
    """Refuse a proposal, or withdraw one's own.

    Raises Refused: not-allowed, unknown, wrong-state.
    """
    require(staff, Role.PARTY_BRANCH)
    async with services.unit_of_work() as uow:
        adoption = await _lock_adoption(uow, id)
        require_decider(staff, adoption.village)
        if adoption.confirmed_at is not None or adoption.refused_at is not None:
            raise Refused(ErrorCode.WRONG_STATE, "这份提议已经确认或退回过了，请刷新页面。")
        adoption.refused_by, adoption.refused_at, adoption.refusal = staff.id, uow.now, reason
        await uow.session.flush()
        [view] = await load_views(uow, Adoption.id == id)
        return view


async def withdraw(services: Services, staff: Staff, id: UUID, reason: str) -> wire.AdoptionView:
    """Withdraw a confirmed adoption that isn't in effect yet; not by the person who confirmed it.

    Raises Refused: not-allowed, unknown, wrong-state, same-person.
    """
    require(staff, Role.PARTY_BRANCH)
    async with services.unit_of_work() as uow:
        adoption = await _lock_adoption(uow, id)
        require_decider(staff, adoption.village)
        if adoption.confirmed_at is None or adoption.withdrawn_at is not None:
            raise Refused(ErrorCode.WRONG_STATE, "这份提议没有确认，或已经撤销，请刷新页面。")
        if adoption.effective_from <= local_date(uow.now):
            raise Refused(ErrorCode.WRONG_STATE, "这一版已经生效，不能撤销。要改回去，请提议重新启用以前的版本。")
        if staff.id == (adoption.confirmed_by or adoption.proposed_by):
            raise Refused(ErrorCode.SAME_PERSON, "您确认过这份提议，请由另一位支委撤销。")
        adoption.withdrawn_by, adoption.withdrawn_at, adoption.withdrawal = staff.id, uow.now, reason
        await uow.session.flush()
        [view] = await load_views(uow, Adoption.id == id)
        return view


async def _check_again(uow: UnitOfWork, version: str) -> None:
    """Check a stored text: the policy may have got stricter since. Raises Refused: rulebook-wrong."""
    stored = await uow.session.get_one(RulebookText, (uow.township, version))
    await parse_proposal(stored.text, await load_base_text(uow, read_header(stored.text)))


async def _lock_adoption(uow: UnitOfWork, id: UUID) -> Adoption:
    """The adoption, with all those of its village locked, so that only one can be the first. Raises Refused:
    unknown."""
    village = select(Adoption.village).where(Adoption.township == uow.township, Adoption.id == id)
    rows = await uow.session.scalars(
        select(Adoption)
        .where(Adoption.township == uow.township, Adoption.village == village.scalar_subquery())
        .order_by(Adoption.id)
        .with_for_update()
    )
    for adoption in rows:
        if adoption.id == id:
            return adoption
    raise unknown_adoption()


def format_date(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"
