"""A draw is opened over candidates and a tree head that stand from then on; then the dice are typed in, once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import func, insert, select
from sqlalchemy.dialects.postgresql import insert as insert_or

from api import wire
from api.awards.claims.tables import Claim
from api.awards.draws.sample import draw
from api.awards.draws.tables import Draw, DrawCandidate, DrawDice, DrawnClaim
from api.bookkeeping.seals.use_cases import find_head_before
from api.platform.access import Role, Staff, require, require_serves
from api.platform.clock import local_date, start_of_day
from api.platform.errors import ErrorCode, Refused
from api.platform.services import Services, UnitOfWork
from api.registry.founding.defaults import read_defaults
from api.registry.people.queries import name_villages

REST = 11
"""For how many months after one of their awards was drawn it isn't a declarer's turn."""


async def open_draw(services: Services, staff: Staff, village: str) -> date:
    """For the month that is, whose first day is returned: over the awards whose notice ended before it and that
    were never candidates. Opened again nothing changes. Raises Refused: not-allowed, unknown, not-sealed,
    wrong-state.
    """
    require(staff, Role.SUPERVISOR)
    require_serves(staff, village)
    async with services.unit_of_work() as uow:
        if village not in await name_villages(uow):
            raise Refused(ErrorCode.UNKNOWN, "没有这个村。")
        month = local_date(uow.now).replace(day=1)
        claims = await _list_candidates(uow, village, month)
        # Asked after them: who opens it at the same moment has taken them.
        if await uow.session.get(Draw, (uow.township, village, month)) is not None:
            return month
        signed = await find_head_before(uow, start_of_day(month))
        if signed is None:
            raise Refused(ErrorCode.NOT_SEALED, "上个月账本还没有封印，没有可以用来抽查的，请下个月再开。")
        if not claims:
            raise Refused(ErrorCode.WRONG_STATE, "上个月没有入账的积分，不用抽查。")
        opened = await uow.session.scalar(
            insert_or(Draw)
            .values(
                township=uow.township,
                village=village,
                month=month,
                percent=(await read_defaults(uow)).revisit_percent,
                head=signed.text,
                root=signed.head.root.hex(),
                candidates=len(claims),
                opened_by=staff.id,
                opened_at=uow.now,
            )
            .on_conflict_do_nothing()
            .returning(Draw.month)
        )
        if opened is not None:
            await _freeze(uow, village, month, claims)
        return month


async def type_in_dice(services: Services, staff: Staff, village: str, month: date, new: wire.NewDice) -> None:
    """Which draws the sample. The same again changes nothing. Raises Refused: not-allowed, unknown, conflict."""
    require(staff, Role.SUPERVISOR)
    require_serves(staff, village)
    async with services.unit_of_work() as uow:
        opened = await uow.session.get(Draw, (uow.township, village, month))
        if opened is None:
            raise Refused(ErrorCode.UNKNOWN, "这个月的抽查还没有开，请先开。")
        of_draw = {"township": uow.township, "village": village, "month": month}
        thrown = {"dice": new.dice, "meeting": new.meeting, "witnesses": new.witnesses}
        typed = await uow.session.scalar(
            insert_or(DrawDice)
            .values(**of_draw, **thrown, typed_by=staff.id, typed_at=uow.now)
            .on_conflict_do_nothing()
            .returning(DrawDice.dice)
        )
        if typed is None:
            before = await uow.session.get_one(DrawDice, (uow.township, village, month))
            if any(getattr(before, name) != value for name, value in thrown.items()):
                raise Refused(ErrorCode.CONFLICT, "这个月的骰子已经录过，不能再改；请看抽中的是哪些。")
            return
        candidates = await read_candidates(uow, village, month)
        drawn = draw(opened.root, new.dice, candidates, opened.percent)
        await uow.session.execute(insert(DrawnClaim), [{**of_draw, "claim": UUID(claim)} for claim in drawn])


async def read_candidates(uow: UnitOfWork, village: str, month: date) -> dict[str, int | None]:
    """Their turns by the claims' ids, in their places."""
    rows = await uow.session.execute(
        select(DrawCandidate.claim, DrawCandidate.turn)
        .where(
            DrawCandidate.township == uow.township, DrawCandidate.village == village, DrawCandidate.month == month
        )
        .order_by(DrawCandidate.place)
    )
    return {str(claim): turn for claim, turn in rows}


async def _list_candidates(uow: UnitOfWork, village: str, month: date) -> Sequence[Claim]:
    """Of the month before, and what was posted late or in months without a draw, since there are draws."""
    first = await uow.session.scalar(
        select(func.min(Draw.month)).where(Draw.township == uow.township, Draw.village == village)
    )
    been_candidate = select(DrawCandidate.claim).where(
        DrawCandidate.township == Claim.township, DrawCandidate.claim == Claim.id
    )
    found = await uow.session.scalars(
        select(Claim)
        .where(
            Claim.township == uow.township,
            Claim.village == village,
            Claim.status == "posted",
            Claim.points > 0,
            Claim.notice_until >= start_of_day(_months_before(first or month, 1)),
            Claim.notice_until < start_of_day(month),
            ~been_candidate.exists(),
        )
        .order_by(Claim.id)
    )
    return found.all()


async def _freeze(uow: UnitOfWork, village: str, month: date, claims: Sequence[Claim]) -> None:
    turns = await _assign_turns(uow, month, claims)
    await uow.session.execute(
        insert(DrawCandidate),
        [
            {
                "township": uow.township,
                "village": village,
                "month": month,
                "place": place,
                "candidates": len(claims),
                "claim": claim.id,
                "turn": turns.get(claim.id),
            }
            for place, claim in enumerate(claims, 1)
        ],
    )


async def _assign_turns(uow: UnitOfWork, month: date, claims: Sequence[Claim]) -> dict[UUID, int]:
    """By claim, for declarers who weren't visited in the months before. A shared turn must not link an award that
    isn't published to a published one by the same declarer: where they have both, the first have none."""
    rested = set(
        await uow.session.scalars(
            select(Claim.declarer)
            .join(DrawnClaim, (DrawnClaim.township == Claim.township) & (DrawnClaim.claim == Claim.id))
            .where(
                Claim.township == uow.township,
                DrawnClaim.month >= _months_before(month, REST),
                DrawnClaim.month < month,
            )
        )
    )
    due = [claim for claim in claims if claim.declarer not in rested]
    published = {claim.declarer for claim in due if claim.published}
    numbers: dict[UUID, int] = {}
    return {
        claim.id: numbers.setdefault(claim.declarer, len(numbers) + 1)
        for claim in due
        if claim.published or claim.declarer not in published
    }


def _months_before(month: date, number: int) -> date:
    year, index = divmod(month.year * 12 + month.month - 1 - number, 12)
    return date(year, index + 1, 1)
