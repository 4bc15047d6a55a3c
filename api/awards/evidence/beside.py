"""What a reviewer wants beside a claim: its photos, what looks like them, what else its household and its declarer
have, and what its limits leave. It is told to whom the claim's evidence is disclosed, and to nobody else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import ColumnElement, func, select, true
from sqlalchemy.orm import defer

import rules
from api.awards.claims.confidentiality import confidentiality_of
from api.awards.claims.corrections import net_points, points_taken_back
from api.awards.claims.history import ClaimHistory
from api.awards.claims.tables import Claim
from api.awards.evidence.look_alikes import LookAlike, find_look_alikes
from api.awards.evidence.queries import list_photos
from api.awards.rulebooks.use_cases import books_by_version
from api.bookkeeping.general_ledger.disclosure import UNPUBLISHED, disclose
from api.platform.access import Staff
from api.platform.services import Services, UnitOfWork
from api.registry.register.queries import lateral_household

MAX_SHOWN = 20


@dataclass(frozen=True, slots=True)
class ShownPhoto:
    """`title`: of the answer that names it."""

    title: str
    digest: str
    removed: bool


@dataclass(frozen=True, slots=True)
class OtherClaim:
    id: UUID
    title: str
    head: str
    household: str
    deed_on: date
    points: int
    status: str


@dataclass(frozen=True, slots=True)
class OtherClaims:
    """The newest, and how many there are."""

    claims: list[OtherClaim]
    total: int


@dataclass(frozen=True, slots=True)
class LimitLeft:
    """What a limit leaves once this claim is counted; None for what it doesn't bound."""

    text: str
    times: int | None
    points: int | None


@dataclass(frozen=True, slots=True)
class Beside:
    """`evidence`: what the rule asks for. `unseen`: how many claims with a look-alike this person isn't shown.
    `of_declarer`: None where the household declared it itself."""

    evidence: Sequence[str]
    photos: list[ShownPhoto]
    look_alikes: list[LookAlike]
    unseen: int
    of_household: OtherClaims
    of_declarer: OtherClaims | None
    limits: list[LimitLeft]


async def read_beside(services: Services, staff: Staff, id: UUID) -> Beside | None:
    async with services.unit_of_work() as uow:
        claim = await uow.session.get(Claim, (uow.township, id))
        if claim is None or not disclose(staff, confidentiality_of(claim)).evidence:
            return None
        book = (await books_by_version(uow, {claim.rulebook}))[claim.rulebook]
        rule = book.get_rule(claim.rule)
        titles = {input.id: input.title for input in rule.inputs}
        look_alikes, unseen = await find_look_alikes(uow, staff, id)
        same_year = Claim.deed_on.between(date(claim.deed_on.year, 1, 1), date(claim.deed_on.year, 12, 31))
        return Beside(
            evidence=rule.evidence,
            photos=[
                ShownPhoto(titles.get(photo.input, ""), photo.digest, photo.removed)
                for photo in (await list_photos(uow, [id]))[id]
            ],
            look_alikes=look_alikes,
            unseen=unseen,
            of_household=await _list_others(uow, staff, claim, Claim.household == claim.household, same_year),
            of_declarer=None
            if claim.declared_by is None
            else await _list_others(uow, staff, claim, Claim.declared_by == claim.declared_by, same_year),
            limits=await _list_limits(uow, claim, book, rule),
        )


async def _list_others(
    uow: UnitOfWork, staff: Staff, claim: Claim, *conditions: ColumnElement[bool]
) -> OtherClaims:
    of = [Claim.township == uow.township, Claim.id != claim.id, *conditions]
    household = lateral_household(Claim.township, Claim.household, said_at=Claim.declared_at)
    rows = (
        await uow.session.execute(
            select(Claim, household.c.code, household.c.head)
            .join(household, true())
            .where(*of)
            .order_by(Claim.deed_on.desc(), Claim.id.desc())
            .limit(MAX_SHOWN)
            .options(defer(Claim.trace), defer(Claim.inputs), defer(Claim.explanation))
        )
    ).all()
    total = await uow.session.scalar(select(func.count()).select_from(Claim).where(*of)) or 0
    books = await books_by_version(uow, {other.rulebook for other, *_ in rows})
    taken_back = await points_taken_back(uow, Claim.id.in_([other.id for other, *_ in rows]))
    return OtherClaims(
        [
            OtherClaim(
                other.id,
                books[other.rulebook].get_rule(other.rule).title
                if disclose(staff, confidentiality_of(other)).subject
                else UNPUBLISHED,
                head,
                code,
                other.deed_on,
                net_points(other.points, taken_back.get(other.id, 0)),
                "corrected" if other.id in taken_back else other.status,
            )
            for other, code, head in rows
        ],
        total,
    )


async def _list_limits(uow: UnitOfWork, claim: Claim, book: rules.Rulebook, rule: rules.Rule) -> list[LimitLeft]:
    """As the claims are now; one that has ended isn't counted itself."""
    if not rule.limits or rule.deduction is not None:
        return []
    history = await ClaimHistory.load(uow, {claim.household: claim.village}, [book], [claim.deed_on], locked=False)
    counted = rules.Claim(
        claim.rule,
        claim.deed_on,
        str(claim.household),
        claim.village,
        person=claim.person or None,
        inputs=claim.inputs,
    )
    used = history.for_book(book).sum_by_limit(rule, counted)
    return [
        LimitLeft(
            rules.format_limit(limit),
            None if limit.times is None else max(0, limit.times - times),
            None if limit.points is None else max(0, limit.points - points),
        )
        for limit, (times, points) in zip(rule.limits, used, strict=True)
        if limit.times is not None or limit.points is not None
    ]
