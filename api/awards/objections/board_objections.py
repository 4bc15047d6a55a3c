"""What the public notice board tells of objections: to what, since when, how they ended; never whose they were."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import or_, select, true

from api import wire
from api.awards.claims.confidentiality import confidentiality_of
from api.awards.claims.tables import Claim
from api.awards.claims.taking_back import tell_corrections
from api.awards.objections.deciding import OUTCOMES
from api.awards.objections.figures import read_figures
from api.awards.objections.queries import IS_OPEN, SHOWN_FOR
from api.awards.objections.tables import Objection
from api.awards.objections.working_days import count_days_late
from api.awards.rulebooks.use_cases import books_by_version
from api.bookkeeping.general_ledger.disclosure import UNPUBLISHED, Outsider, disclose
from api.platform.clock import local_date
from api.platform.errors import ErrorCode, Refused
from api.platform.services import Services, UnitOfWork
from api.registry.register.queries import lateral_household, list_villages
from api.wire.names import mask_name


@dataclass(frozen=True, slots=True)
class BoardObjection:
    """`household` and `masked` as the board names the entry; of one that isn't published also points and day are
    kept back. `outcome`: in words; empty as long as it is open. `corrected`: what became of the correction of a
    posted entry, in words, where it was upheld."""

    title: str
    household: str
    masked: str
    points: int | None
    deed_on: date | None
    posted: bool
    raised_on: date
    due_on: date
    days_late: int
    outcome: str
    reason: str
    ended_on: date | None
    corrected: str


@dataclass(frozen=True, slots=True)
class VillageObjections:
    """A page of its own: what is open or ended lately, and the year's figures."""

    village: str
    objections: list[BoardObjection]
    figures: wire.ObjectionFigures


async def read_board_objections(uow: UnitOfWork, village: str) -> list[BoardObjection]:
    """Of a village: open ones first, then those that ended lately. Of an entry that isn't published only that
    there is one."""
    household = lateral_household(Claim.township, Claim.household, said_at=Claim.declared_at)
    rows = (
        await uow.session.execute(
            select(Objection, Claim, household.c.code, household.c.head)
            .join(Claim, (Claim.township == Objection.township) & (Claim.id == Objection.claim))
            .join(household, true())
            .where(
                Objection.township == uow.township,
                Claim.village == village,
                or_(IS_OPEN, Objection.ended_at > uow.now - SHOWN_FOR),
            )
            .order_by(IS_OPEN.desc(), Objection.raised_at.desc(), Objection.id)
        )
    ).all()
    books = await books_by_version(uow, {claim.rulebook for _, claim, _, _ in rows})
    corrections = await tell_corrections(uow, [objection.correction for objection, *_ in rows])
    today = local_date(uow.now)
    told = []
    for objection, claim, code, head in rows:
        may = disclose(Outsider.PUBLIC, confidentiality_of(claim))
        named = may.household == "masked"
        told.append(
            BoardObjection(
                title=books[claim.rulebook].get_rule(claim.rule).title if may.subject else UNPUBLISHED,
                household=code if named else "",
                masked=mask_name(head) if named else "某户",
                points=claim.points if may.subject else None,
                deed_on=claim.deed_on if may.subject else None,
                posted=objection.posted,
                raised_on=local_date(objection.raised_at),
                due_on=objection.due_on,
                days_late=count_days_late(objection.due_on, objection.ended_at, today),
                outcome=OUTCOMES.get(objection.outcome or "", ""),
                reason=objection.reason if may.subject and objection.outcome != "withdrawn" else "",
                ended_on=local_date(objection.ended_at) if objection.ended_at is not None else None,
                corrected=corrections[objection.correction]
                if objection.posted and objection.outcome == "upheld"
                else "",
            )
        )
    return told


async def load_village(services: Services, code: str, year: int | None = None) -> VillageObjections:
    """Raises Refused: unknown."""
    async with services.unit_of_work() as uow:
        village = {village.code: village.name for village in await list_villages(uow)}.get(code)
        if village is None:
            raise Refused(ErrorCode.UNKNOWN, "没有这个村的公示。")
        figures = await read_figures(uow, year or local_date(uow.now).year)
        return VillageObjections(
            village=village,
            objections=await read_board_objections(uow, code),
            figures=next(each for each in figures if each.village == code),
        )
