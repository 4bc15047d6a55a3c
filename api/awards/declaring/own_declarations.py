"""Households declare for themselves: at once with their card's PIN, or once a grid member has confirmed it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ColumnElement, func, select

from api import wire
from api.awards.claims.confidentiality import confidentiality_of
from api.awards.claims.declarers import DeclaredWith
from api.awards.claims.statuses import STATUS
from api.awards.claims.tables import Claim
from api.awards.declaring.declarations import declare_by, find_book, weigh
from api.awards.declaring.declarer import Declarer, is_open_to_households
from api.awards.declaring.tables import OwnDeclaration
from api.awards.evidence.naming import note_named, read_digests
from api.awards.review.correcting import awaits_correction, is_own
from api.awards.rulebooks.use_cases import book_in_force, books_by_version
from api.bookkeeping.general_ledger.disclosure import UNPUBLISHED, Outsider, disclose
from api.platform.clock import local_date, start_of_day
from api.platform.errors import ErrorCode, Refused
from api.platform.services import Services, UnitOfWork
from api.registry.cards.pins import require_pin
from api.registry.cards.use_cases import CardHolder, find_card_holder
from api.registry.freezes.queries import FreezeFacts, read_rule_freezes
from api.registry.register.queries import lock_households, read_households
from api.wire.card_token import digest, parse
from rules import Category, Rule

MOST_WAITING = 5
"""Of a household at a time."""
MOST_A_DAY = 5
"""Of a household, with and without a PIN."""
_SHOWN = 20
ALREADY = "这一件已经报过了，不用再报。"


@dataclass(frozen=True, slots=True)
class OwnLine:
    """What a household declared, and what became of it; `reason` where it was refused or sent back. `correctable`:
    it can be corrected and declared again."""

    id: UUID
    title: str
    deed_on: date
    declared_at: datetime
    status: str
    told: str
    points: int | None
    reason: str
    correctable: bool = False


@dataclass(frozen=True, slots=True)
class OwnPage:
    """`categories`: what the household may declare itself; `edition`: the version of the book that says so.
    `frozen`: by rule, what supervisors have frozen."""

    holder: CardHolder
    edition: str
    categories: Sequence[tuple[Category, Sequence[Rule]]]
    lines: Sequence[OwnLine]
    frozen: Mapping[str, FreezeFacts]

    def find_rule(self, id: str) -> Rule | None:
        return next((rule for _, rules in self.categories for rule in rules if rule.id == id), None)


async def load_own_page(services: Services, card: str) -> OwnPage:
    """Raises MalformedCard, and Refused: card-unknown, card-revoked, card-frozen, household-ended."""
    async with services.unit_of_work() as uow:
        holder = await find_card_holder(uow, card)
        book = await book_in_force(uow, local_date(uow.now), holder.village)
        open_rules = [rule for rule in book.rules.values() if is_open_to_households(rule)] if book else []
        return OwnPage(
            holder,
            book.version if book is not None else "",
            [
                (category, rules)
                for category in (book.categories if book is not None else ())
                if (rules := [rule for rule in open_rules if rule.category == category.id])
            ],
            await _load_lines(uow, holder.id),
            (await read_rule_freezes(uow)).find_in(holder.village),
        )


async def find_own_returned(services: Services, card: str, id: UUID) -> Claim | None:
    """A claim of the card's household that was sent back, if it may correct it. Raises as `load_own_page`."""
    async with services.unit_of_work() as uow:
        holder = await find_card_holder(uow, card)
        claim: Claim | None = await uow.session.scalar(
            select(Claim).where(
                Claim.township == uow.township, Claim.id == id, is_own([holder.id]), awaits_correction()
            )
        )
        return claim


async def declare_own(services: Services, card: str, claim: wire.NewClaim, pin: str) -> str:
    """Declare for the card's household, with its PIN at once, without one for somebody to confirm; returns a
    sentence for it. Sent again, nothing more is declared.

    Raises MalformedCard, and Refused: card-unknown, card-revoked, card-frozen, household-ended, wrong-card-pin,
    card-pin-locked, too-many, wrong-state.
    """
    key = digest(parse(card))
    async with services.unit_of_work() as uow:
        has_pin = (await find_card_holder(uow, card)).pin_above is not None
    if pin and not has_pin:
        raise Refused(ErrorCode.NO_PIN, "这张卡还没有设密码；不填密码也能报，等网格员确认。")
    if pin:
        await require_pin(services, key, pin)
    async with services.unit_of_work() as uow:
        holder = await find_card_holder(uow, card)
        await lock_households(uow, [holder.id])
        if await uow.session.get(OwnDeclaration, (uow.township, claim.id)) is not None:
            return ALREADY
        await _require_room(uow, holder.id)
        declarer = Declarer(None, holder.code, DeclaredWith.CARD_PIN)
        [outcome] = await (declare_by if pin else weigh)(uow, declarer, [claim])
        if outcome.status != "declared":
            raise Refused(ErrorCode.WRONG_STATE, _tell(outcome))
        household = (await read_households(uow, [holder.id]))[holder.id]
        book = await find_book(uow, household, claim.deed_on)
        assert book is not None
        uow.session.add(
            OwnDeclaration(
                township=uow.township,
                id=claim.id,
                household=holder.id,
                card=key,
                rulebook=book.version,
                rule=claim.rule,
                deed_on=claim.deed_on,
                person=claim.person,
                inputs=claim.inputs,
                note=claim.note,
                replaces=claim.replaces,
                declared_at=uow.now,
                status="declared" if pin else "waiting",
            )
        )
        # They stay until somebody has decided.
        await note_named(uow, [digest for answer in claim.inputs.values() for digest in read_digests(answer)])
    if pin:
        return f"已申报：{outcome.points} 分，等待评议。"
    return f"已收到：{outcome.points} 分，等网格员确认。"


async def _require_room(uow: UnitOfWork, household: UUID) -> None:
    """Raises Refused: too-many."""

    async def count(*those: ColumnElement[bool]) -> int:
        counted = select(func.count()).select_from(OwnDeclaration)
        own = (OwnDeclaration.township == uow.township, OwnDeclaration.household == household)
        return await uow.session.scalar(counted.where(*own, *those)) or 0

    if await count(OwnDeclaration.status == "waiting") >= MOST_WAITING:
        raise Refused(ErrorCode.TOO_MANY, f"已有 {MOST_WAITING} 件在等网格员确认，请等他们办了再报。")
    if await count(OwnDeclaration.declared_at >= start_of_day(local_date(uow.now))) >= MOST_A_DAY:
        raise Refused(ErrorCode.TOO_MANY, f"一户一天自己最多报 {MOST_A_DAY} 件，请明天再报，或告诉网格员。")


def _tell(outcome: wire.ClaimOutcome) -> str:
    if outcome.status == "declared-twice":
        return "这一天的这一项已经报过了。确是另一件事的，请告诉网格员。"
    return outcome.reason or ALREADY


async def _load_lines(uow: UnitOfWork, household: UUID) -> list[OwnLine]:
    """The newest first."""
    rows = (
        await uow.session.execute(
            select(OwnDeclaration, Claim, is_own([household]) & awaits_correction())
            .outerjoin(Claim, (Claim.township == OwnDeclaration.township) & (Claim.id == OwnDeclaration.id))
            .where(OwnDeclaration.township == uow.township, OwnDeclaration.household == household)
            .order_by(OwnDeclaration.declared_at.desc(), OwnDeclaration.id.desc())
            .limit(_SHOWN)
        )
    ).all()
    books = await books_by_version(uow, {own.rulebook for own, *_ in rows})
    return [
        _to_line(own, claim, books[own.rulebook].get_rule(own.rule).title, bool(correctable))
        for own, claim, correctable in rows
    ]


def _to_line(own: OwnDeclaration, claim: Claim | None, title: str, correctable: bool) -> OwnLine:
    if claim is None:
        told = "等网格员确认" if own.status == "waiting" else "没有确认"
        return OwnLine(own.id, title, own.deed_on, own.declared_at, own.status, told, None, own.reason)
    shown = disclose(Outsider.CARD, confidentiality_of(claim)).subject
    return OwnLine(
        own.id,
        title if shown else UNPUBLISHED,
        own.deed_on,
        own.declared_at,
        claim.status,
        STATUS[claim.status],
        claim.points,
        (claim.refusal or claim.return_reason) if shown else "",
        correctable,
    )
