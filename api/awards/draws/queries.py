"""Draws as they are shown, at the desk and to everybody."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ColumnElement, func, select, true

from api.awards.claims.confidentiality import confidentiality_of
from api.awards.claims.tables import Claim
from api.awards.claims.taking_back import tell_corrections
from api.awards.draws.tables import Draw, DrawCandidate, DrawDice, DrawnClaim, Visit
from api.awards.draws.visiting import find_obstacle
from api.awards.objections.deciding import read_cases
from api.awards.rulebooks.use_cases import books_by_version
from api.bookkeeping.general_ledger.disclosure import UNPUBLISHED, Viewer, disclose
from api.platform.access import Staff
from api.platform.errors import ErrorCode, Refused
from api.platform.services import UnitOfWork
from api.registry.people.queries import name_subquery, name_villages, read_names
from api.registry.register.queries import lateral_household
from api.wire.names import mask_name


@dataclass(frozen=True, slots=True)
class DrawSummary:
    """`typed_at`: since when there are dice. `open`: how many of the drawn ones wait for a visit."""

    village: str
    village_name: str
    month: date
    candidates: int
    opened_at: datetime
    typed_at: datetime | None
    drawn: int
    open: int

    @property
    def waits(self) -> bool:
        return self.typed_at is None or self.open > 0

    @property
    def since(self) -> datetime:
        """Of what it waits for."""
        return self.typed_at or self.opened_at


@dataclass(frozen=True, slots=True)
class VisitLine:
    """`reason` is empty where the viewer may not know what the award is for; `correction` tells what became of it
    where the award wasn't as declared."""

    outcome: str
    reason: str
    visited_on: date
    visited_by: str
    correction: str


@dataclass(frozen=True, slots=True)
class Candidate:
    """As far as the viewer may know: without `household` not whose it is; `points` and `deed_on` go with the
    subject. `open`: drawn, and nothing found yet; `blocked_reason`: why the viewer can't visit then."""

    id: UUID
    turn: int | None
    drawn: bool
    title: str
    household: str
    head: str
    points: int | None
    deed_on: date | None
    visits: Sequence[VisitLine]
    open: bool
    blocked_reason: str


@dataclass(frozen=True, slots=True)
class DrawDetails:
    """`dice` is None before they are thrown; `witnesses` are named at the desk alone."""

    draw: Draw
    village_name: str
    opened_by: str
    dice: DrawDice | None
    typed_by: str
    candidates: Sequence[Candidate]

    @property
    def drawn(self) -> list[Candidate]:
        return [candidate for candidate in self.candidates if candidate.drawn]


def read_month(text: str) -> date:
    """`2026-06`. Raises Refused: unknown."""
    try:
        return date.fromisoformat(f"{text}-01")
    except ValueError:
        raise Refused(ErrorCode.UNKNOWN, "没有这个月的抽查。") from None


async def list_draws(uow: UnitOfWork, village: str | None = None) -> list[DrawSummary]:
    """Of a village, or of all; the newest first."""
    names = await name_villages(uow)
    found = Visit.outcome != "nobody-met"
    visited = select(Visit.id).where(Visit.township == DrawnClaim.township, Visit.claim == DrawnClaim.claim, found)
    key = (Draw.township, Draw.village, Draw.month)
    rows = await uow.session.execute(
        select(
            Draw,
            DrawDice.typed_at,
            func.count(DrawnClaim.claim),
            func.count(DrawnClaim.claim).filter(~visited.exists()),
        )
        .outerjoin(
            DrawDice,
            (DrawDice.township == Draw.township)
            & (DrawDice.village == Draw.village)
            & (DrawDice.month == Draw.month),
        )
        .outerjoin(
            DrawnClaim,
            (DrawnClaim.township == Draw.township)
            & (DrawnClaim.village == Draw.village)
            & (DrawnClaim.month == Draw.month),
        )
        .where(Draw.township == uow.township, true() if village is None else Draw.village == village)
        .group_by(*key, DrawDice.typed_at)
        .order_by(Draw.month.desc(), Draw.village)
    )
    return [
        DrawSummary(
            draw.village,
            names[draw.village],
            draw.month,
            draw.candidates,
            draw.opened_at,
            typed_at,
            drawn,
            still_open,
        )
        for draw, typed_at, drawn, still_open in rows
    ]


async def list_waiting_draws(uow: UnitOfWork, staff: Staff | None = None) -> list[DrawSummary]:
    """That wait for dice or visits; of the villages that somebody serves, or of all."""
    return [each for each in await list_draws(uow) if each.waits and (staff is None or staff.serves(each.village))]


async def load_draw(uow: UnitOfWork, viewer: Viewer, village: str, month: date) -> DrawDetails:
    """Raises Refused: unknown."""
    draw = await uow.session.get(Draw, (uow.township, village, month))
    if draw is None:
        raise Refused(ErrorCode.UNKNOWN, "这个村这个月没有抽查。")
    dice = await uow.session.get(DrawDice, (uow.township, village, month))
    names = await read_names(uow, [draw.opened_by, *([] if dice is None else [dice.typed_by])])
    return DrawDetails(
        draw=draw,
        village_name=(await name_villages(uow))[village],
        opened_by=names[draw.opened_by],
        dice=dice,
        typed_by="" if dice is None else names[dice.typed_by],
        candidates=await _load_candidates(uow, viewer, village, month),
    )


async def _load_candidates(uow: UnitOfWork, viewer: Viewer, village: str, month: date) -> list[Candidate]:
    household = lateral_household(Claim.township, Claim.household, said_at=Claim.declared_at)
    of_draw: list[ColumnElement[bool]] = [
        DrawCandidate.township == uow.township,
        DrawCandidate.village == village,
        DrawCandidate.month == month,
    ]
    rows = (
        await uow.session.execute(
            select(Claim, DrawCandidate.turn, DrawnClaim.claim.is_not(None), household.c.code, household.c.head)
            .join(DrawCandidate, (DrawCandidate.township == Claim.township) & (DrawCandidate.claim == Claim.id))
            .join(household, true())
            .outerjoin(DrawnClaim, (DrawnClaim.township == Claim.township) & (DrawnClaim.claim == Claim.id))
            .where(*of_draw)
            .order_by(DrawCandidate.place)
        )
    ).all()
    drawn = [claim for claim, _, is_drawn, _, _ in rows if is_drawn]
    visits = await _list_visits(uow, [claim.id for claim in drawn])
    corrections = await tell_corrections(uow, [visit.correction for each in visits.values() for visit, _ in each])
    books = await books_by_version(uow, {claim.rulebook for claim, *_ in rows})
    cases = await read_cases(uow, drawn, []) if isinstance(viewer, Staff) else {}
    candidates = []
    for claim, turn, is_drawn, code, head in rows:
        may = disclose(viewer, confidentiality_of(claim))
        named = {"full": head, "masked": mask_name(head), "none": "某户"}[may.household]
        still_open = is_drawn and all(visit.outcome == "nobody-met" for visit, _ in visits[claim.id])
        candidates.append(
            Candidate(
                id=claim.id,
                turn=turn,
                drawn=is_drawn,
                title=books[claim.rulebook].get_rule(claim.rule).title if may.subject else UNPUBLISHED,
                household="" if may.household == "none" else code,
                head=named,
                points=claim.points if may.subject else None,
                deed_on=claim.deed_on if may.subject else None,
                visits=[
                    VisitLine(
                        outcome=visit.outcome,
                        reason=visit.reason if may.subject else "",
                        visited_on=visit.visited_on,
                        visited_by=by,
                        correction=corrections[visit.correction] if visit.outcome == "not-as-declared" else "",
                    )
                    for visit, by in visits[claim.id]
                ],
                open=still_open,
                blocked_reason=find_obstacle(viewer, cases[claim.id])
                if isinstance(viewer, Staff) and still_open
                else "",
            )
        )
    return candidates


async def _list_visits(uow: UnitOfWork, claims: Sequence[UUID]) -> defaultdict[UUID, list[tuple[Visit, str]]]:
    """With the names of who went, in the order in which they were recorded."""
    found: defaultdict[UUID, list[tuple[Visit, str]]] = defaultdict(list)
    for visit, by in await uow.session.execute(
        select(Visit, name_subquery(Visit.township, Visit.visited_by))
        .where(Visit.township == uow.township, Visit.claim.in_(claims))
        .order_by(Visit.recorded_at, Visit.id)
    ):
        found[visit.claim].append((visit, by))
    return found
