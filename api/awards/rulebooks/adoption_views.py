"""Adoptions as people read them: where each stands, and what the reader may do about it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import ColumnElement, select

from api import wire
from api.awards.rulebooks import concerns
from api.awards.rulebooks.tables import Adoption, RulebookText
from api.awards.rulebooks.use_cases import adoptions_in_force, books_by_version
from api.platform.access import Role, Staff, require_serves, require_township
from api.platform.clock import local_date
from api.platform.errors import ErrorCode, Refused
from api.platform.services import Services, UnitOfWork
from api.registry.people import queries as people
from api.wire.base import from_store
from rules import FORBIDDEN_SUBJECTS, Rulebook


async def list_adoptions(services: Services) -> list[wire.AdoptionView]:
    """All adoptions by their effective day, the latest first."""
    async with services.unit_of_work() as uow:
        return await load_views(uow)


async def get_adoption(services: Services, staff: Staff, id: UUID) -> wire.AdoptionDetail:
    """Raises Refused: unknown."""
    async with services.unit_of_work() as uow:
        views = await load_views(uow, Adoption.id == id)
        if not views:
            raise unknown_adoption()
        [view] = views
        adoption = await uow.session.get_one(Adoption, (uow.township, id))
        text = await uow.session.get_one(RulebookText, (uow.township, view.version))
        return wire.AdoptionDetail(
            **{name: getattr(view, name) for name in view.__struct_fields__},
            text=text.text,
            steps=_allowed_steps(staff, adoption, view.state),
            delicate=await concerns.list_delicate(uow, view.version),
            subjects=dict(FORBIDDEN_SUBJECTS),
        )


async def read_ticks(services: Services, id: UUID) -> list[concerns.PublishedTicks]:
    """What was ticked when the adoption was confirmed."""
    async with services.unit_of_work() as uow:
        return await concerns.read_ticks(uow, [id])


def _allowed_steps(staff: Staff, adoption: Adoption, state: str) -> list[str]:
    """The steps that this person may take now."""
    if not staff.may(Role.PARTY_BRANCH) or not _decides_for(staff, adoption.village):
        return []
    if state == "coming":
        return ["withdraw"] if staff.id != (adoption.confirmed_by or adoption.proposed_by) else []
    if state not in ("proposed", "lapsed"):
        return []
    return ["confirm", "refuse"] if state == "proposed" and not staff.is_same(adoption.proposed_by) else ["refuse"]


@dataclass(frozen=True, slots=True)
class VersionHistory:
    """A version with its adoptions, the latest first."""

    book: Rulebook
    text: str
    adoptions: list[wire.AdoptionView]


async def get_version(services: Services, version: str) -> VersionHistory:
    """Raises Refused: unknown."""
    async with services.unit_of_work() as uow:
        text = await uow.session.get(RulebookText, (uow.township, version))
        if text is None:
            raise unknown_version()
        book = (await books_by_version(uow, {version}))[version]
        return VersionHistory(book, text.text, await load_views(uow, Adoption.version == version))


async def has_confirmed_book(services: Services) -> bool:
    """Whether the township's first book is confirmed."""
    async with services.unit_of_work() as uow:
        return not await may_be_retroactive(uow, "")


async def count_confirmable(services: Services, staff: Staff) -> int:
    """The number of proposals that this person could confirm."""
    if not staff.may(Role.PARTY_BRANCH):
        return 0
    async with services.unit_of_work() as uow:
        others = await load_views(uow, Adoption.proposed_by != staff.id, Adoption.confirmed_at.is_(None))
        return sum(view.state == "proposed" and _decides_for(staff, view.village) for view in others)


def require_decider(staff: Staff, village: str) -> None:
    """Refuse members of the party branch of another village, and for the township's own book those of any village.
    `village` is empty for the township's book."""
    if village:
        require_serves(staff, village)
    else:
        require_township(staff, Role.PARTY_BRANCH)


def _decides_for(staff: Staff, village: str) -> bool:
    return staff.serves(village) if village else staff.serves_township


async def load_views(uow: UnitOfWork, *conditions: ColumnElement[bool]) -> list[wire.AdoptionView]:
    """Those that meet all conditions, as they stand today, by their effective day, the latest first."""
    rows = (
        await uow.session.execute(
            select(Adoption, RulebookText.title)
            .join(
                RulebookText,
                (RulebookText.township == Adoption.township) & (RulebookText.version == Adoption.version),
            )
            .where(Adoption.township == uow.township, *conditions)
            .order_by(Adoption.effective_from.desc(), Adoption.proposed_at.desc(), Adoption.id.desc())
        )
    ).all()
    names = await _load_names(uow, [adoption for adoption, _ in rows])
    today = local_date(uow.now)
    in_force = {row.id for row in await adoptions_in_force(uow, today)}
    first = await may_be_retroactive(uow, "")
    return [
        wire.AdoptionView(
            id=a.id,
            village=a.village,
            version=a.version,
            title=title,
            effective_from=a.effective_from,
            decision=_stored_decision(a),
            state=_adoption_state(a, today, in_force, retroactive=first and not a.village),
            proposed_by=names[a.proposed_by],
            proposed_at=a.proposed_at,
            confirmed_by=names.get(a.confirmed_by, ""),
            confirmed_at=a.confirmed_at,
            closed_by=names.get(a.refused_by or a.withdrawn_by, ""),
            closed_at=a.refused_at or a.withdrawn_at,
            reason=a.refusal or a.withdrawal,
        )
        for a, title in rows
    ]


def _stored_decision(adoption: Adoption) -> wire.Decision:
    with from_store():
        return wire.Decision(
            body=adoption.body,
            meeting=adoption.meeting,
            decided_on=adoption.decided_on,
            present=adoption.present,
        )


def _adoption_state(adoption: Adoption, today: date, in_force: Collection[UUID], *, retroactive: bool) -> str:
    """`retroactive`: it may begin in the past."""
    if adoption.refused_at is not None:
        return "refused"
    if adoption.withdrawn_at is not None:
        return "withdrawn"
    has_begun = adoption.effective_from <= today
    if adoption.confirmed_at is None:
        return "lapsed" if has_begun and not retroactive else "proposed"
    if not has_begun:
        return "coming"
    return "in-force" if adoption.id in in_force else "past"


async def may_be_retroactive(uow: UnitOfWork, village: str) -> bool:
    """Whether a book may begin in the past: only the township's first, even if that isn't in effect yet."""
    if village:
        return False
    first = await uow.session.scalar(
        select(Adoption.id)
        .where(
            Adoption.township == uow.township,
            Adoption.village == "",
            Adoption.confirmed_at.is_not(None),
            Adoption.withdrawn_at.is_(None),
        )
        .limit(1)
    )
    return first is None


async def _load_names(uow: UnitOfWork, adoptions: Sequence[Adoption]) -> Mapping[UUID | None, str]:
    actors = {p for a in adoptions for p in (a.proposed_by, a.confirmed_by, a.refused_by, a.withdrawn_by)}
    names = await people.read_names(uow, [person for person in actors if person is not None])
    return {id: name for id, name in names.items()}


def unknown_version() -> Refused:
    return Refused(ErrorCode.UNKNOWN, "没有这个版本的规则。")


def unknown_adoption() -> Refused:
    return Refused(ErrorCode.UNKNOWN, "没有这份提议。")
