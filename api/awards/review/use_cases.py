"""The steps of a declared claim: reviewed, approved and on notice; or refused.

The bodies that its rule names sign it in their order; the last signature approves it. Declarer and signers are
different people, and nobody acts on their own household.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import insert, select, true

from api import wire
from api.awards.claims import deductions
from api.awards.claims.confidentiality import confidentiality_of
from api.awards.claims.posting import DEFERRED, kind_of, update_claims, void
from api.awards.claims.tables import Claim
from api.awards.review.signatures import APPROVERS, OWN_CLAIM, SIGNERS, Step, find_obstacle, read_signatures
from api.awards.review.tables import ClaimSignature
from api.awards.rulebooks.use_cases import books_by_version
from api.bookkeeping.general_ledger.disclosure import conceal, disclose
from api.platform import accounts
from api.platform.access import Role, Staff, require
from api.platform.clock import start_of_day
from api.platform.errors import ErrorCode, Refused
from api.platform.services import Services, UnitOfWork
from api.registry.register import queries as register
from ledger.commitments import Opening
from ledger.transactions import Phase, Transaction, TransactionId, Transfer
from rules import Rulebook

NOTHING_TO_DEDUCT = "这户现在没有可扣的积分：余额不因扣分低于 0，预留的和留在超市终端的不扣。"
_POSTING_ERRORS = {
    "closed": "这户的积分账户已关闭。",
    "overflow": "这户的积分太多，账上记不下，请核对。",
    # Spent between reading the balance and posting.
    "insufficient": "这户刚刚用掉了积分，请再试一次。",
}


async def review(services: Services, staff: Staff, ids: Sequence[UUID]) -> list[wire.ClaimOutcome]:
    """Sign for any of a claim's bodies but the last. Raises Refused: not-allowed."""
    require(staff, *SIGNERS)
    async with services.unit_of_work() as uow:
        ready, outcomes = await _lock_claims(uow, staff, ids, "review")
        first = [each.claim for each in ready if each.place == 0]
        await update_claims(uow, first, status="reviewed", reviewed_by=staff.id, reviewed_at=uow.now)
        await _sign(uow, staff, ready)
        return outcomes


async def approve(services: Services, staff: Staff, ids: Sequence[UUID]) -> list[wire.ClaimOutcome]:
    """The last signature: the points become pending in the ledger and go on public notice. A deduction takes at
    most what is available now.

    Raises Refused: not-allowed.
    """
    require(staff, *APPROVERS)
    async with services.unit_of_work() as uow:
        ready, outcomes = await _lock_claims(uow, staff, ids, "approve")
        claims = [each.claim for each in ready]
        codes = await _household_codes(uow, claims)
        points = await _current_points(uow, claims, codes)
        by_id = {outcome.id: outcome for outcome in outcomes}
        for claim in claims:
            if points[claim.id] == 0:
                by_id[claim.id] = _not_approved(claim, NOTHING_TO_DEDUCT)
        claims = [claim for claim in claims if points[claim.id] != 0]
        books = await books_by_version(uow, {c.rulebook for c in claims})
        openings: dict[TransactionId, Opening] = {}
        postings = await uow.books.post(
            [
                _pending_transaction(staff, c, points[c.id], codes[c.household], books[c.rulebook], openings)
                for c in claims
            ],
            uow.now,
        )
        accepted = {claim.id for claim, posting in zip(claims, postings, strict=True) if posting.accepted}
        await uow.books.withhold({id: opening for id, opening in openings.items() if id in accepted})
        notice_days = {village.code: village.notice_days for village in await register.list_villages(uow)}
        for claim, posting in zip(claims, postings, strict=True):
            if not posting.accepted:
                by_id[claim.id] = _not_approved(
                    claim, _POSTING_ERRORS.get(posting.status, "这个编号在账本里已有别的用途。")
                )
                continue
            days = max(books[claim.rulebook].get_rule(claim.rule).notice_days, notice_days[claim.village])
            claim.status = "approved"
            claim.approved_by, claim.approved_at = staff.id, uow.now
            claim.notice_until = uow.now + timedelta(days=days)
            if points[claim.id] != claim.points:
                claim.points = points[claim.id]
                claim.explanation = [*claim.explanation, f"签认时可扣的积分不够，只扣 {-claim.points} 分。"]
            by_id[claim.id] = wire.ClaimOutcome(id=claim.id, status="approved", points=claim.points)
        await _sign(uow, staff, [each for each in ready if each.claim.status == "approved"])
        return list(by_id.values())


async def _current_points(uow: UnitOfWork, claims: Sequence[Claim], codes: Mapping[UUID, str]) -> dict[UUID, int]:
    """The points of each claim now. The household may have spent points since a deduction was declared: it is
    reduced to what is available, down to zero."""
    points = {claim.id: claim.points for claim in claims}
    deducting = [claim for claim in claims if claim.points < 0]
    if deducting:
        await uow.books.open_accounts([accounts.DEDUCTED], uow.now)
        available = await deductions.available_points(uow, {codes[claim.household] for claim in deducting})
        for claim in deducting:
            code = codes[claim.household]
            points[claim.id] = -min(-claim.points, max(0, available[code]))
            available[code] += points[claim.id]
    return points


def _pending_transaction(
    staff: Staff,
    claim: Claim,
    points: int,
    household: str,
    book: Rulebook,
    openings: dict[TransactionId, Opening],
) -> Transaction:
    """The pending transaction of a claim on notice. The books only commit to a subject that is kept from
    publication; what opens it is added to `openings`."""
    account = accounts.household(household).id
    debit, credit = (accounts.ISSUING.id, account) if points > 0 else (account, accounts.DEDUCTED.id)
    village = {"village": claim.village}
    subject = {
        "rule": claim.rule,
        "rulebook": claim.rulebook,
        "category": book.get_category(claim.category).title,
        "deed_on": claim.deed_on.isoformat(),
    }
    pending = Transaction(
        id=TransactionId(claim.id),
        kind=kind_of(claim),
        phase=Phase.PENDING,
        transfers=(Transfer(debit, credit, accounts.POINTS, abs(points)),),
        person=str(staff.id),
        reason=book.get_rule(claim.rule).title,
        effective_at=start_of_day(claim.deed_on),
        metadata={**subject, **village} if claim.published else village,
    )
    if claim.published:
        return pending
    concealed, openings[pending.id] = conceal(pending, claim.signers, subject)
    return concealed


def _kind(claim: Claim) -> str:
    return "award" if claim.points > 0 else deductions.KIND


def _not_approved(claim: Claim, reason: str) -> wire.ClaimOutcome:
    return wire.ClaimOutcome(id=claim.id, status="refused", points=claim.points, reason=reason)


async def refuse(services: Services, staff: Staff, id: UUID, reason: str) -> None:
    """Refuse a claim. Once on notice only the supervisory committee can, and its pending transaction is voided.

    Raises Refused: not-allowed, unknown, wrong-state.
    """
    async with services.unit_of_work() as uow:
        claim = await uow.session.scalar(
            select(Claim).where(Claim.township == uow.township, Claim.id == id).with_for_update()
        )
        if (
            claim is None
            or not staff.serves(claim.village)
            or not disclose(staff, confidentiality_of(claim)).subject
        ):
            raise Refused(ErrorCode.UNKNOWN, "没有这条申报。")
        if claim.status == "approved":
            require(staff, Role.SUPERVISOR)
            if staff.id in (await read_signatures(uow, [claim.id]))[claim.id]:
                raise Refused(ErrorCode.NOT_ALLOWED, "这一件是您签认的，异议请由别的监委成员决定。")
        elif claim.status in ("declared", "reviewed"):
            require(staff, *SIGNERS)
        else:
            raise Refused(ErrorCode.WRONG_STATE, "这条申报已经入账或已被退回，不能再退回。")
        recusal = staff.find_recusal((await _household_codes(uow, [claim])).values(), OWN_CLAIM)
        if recusal:
            raise Refused(ErrorCode.NOT_ALLOWED, recusal)
        if claim.status == "approved":
            await void(uow, [claim], str(staff.id), reason)
        claim.status = "refused"
        claim.refused_by, claim.refused_at, claim.refusal = staff.id, uow.now, reason


@dataclass(frozen=True, slots=True)
class _ReadyClaim:
    """A claim that this person may sign now, in this place."""

    claim: Claim
    place: int


async def _lock_claims(
    uow: UnitOfWork, staff: Staff, ids: Sequence[UUID], step: Step
) -> tuple[list[_ReadyClaim], list[wire.ClaimOutcome]]:
    """The claims, locked, that this person may sign with this step, and an outcome for each id."""
    lateral_household = register.lateral_household(Claim.township, Claim.household)
    rows = await uow.session.execute(
        select(Claim, lateral_household.c.code)
        .join(lateral_household, true())
        .where(Claim.township == uow.township, Claim.id.in_(ids))
        .order_by(Claim.id)
        .with_for_update(of=Claim)
        .options(*DEFERRED)
    )
    by_id = {claim.id: (claim, code) for claim, code in rows}
    signatures = await read_signatures(uow, by_id)
    after = "reviewed" if step == "review" else "approved"
    ready, outcomes = [], []
    for id in dict.fromkeys(ids):
        claim, household = by_id.get(id, (None, ""))
        if claim is None or not staff.serves(claim.village):
            outcomes.append(wire.ClaimOutcome(id=id, status="refused", reason="没有这条申报。"))
            continue
        signed = signatures[id]
        if claim.status == after and staff.id in (signed if step == "review" else signed[-1:]):
            outcomes.append(wire.ClaimOutcome(id=id, status="exists", points=claim.points))
            continue
        obstacle = find_obstacle(staff, claim, signed, household, step)
        if obstacle:
            outcomes.append(wire.ClaimOutcome(id=id, status="refused", reason=obstacle))
            continue
        ready.append(_ReadyClaim(claim, len(signed)))
        outcomes.append(wire.ClaimOutcome(id=id, status=after, points=claim.points))
    return ready, outcomes


async def _sign(uow: UnitOfWork, staff: Staff, claims: Sequence[_ReadyClaim]) -> None:
    if claims:
        signature = {"township": uow.township, "person": staff.id, "signed_at": uow.now}
        await uow.session.execute(
            insert(ClaimSignature), [{**signature, "claim": c.claim.id, "place": c.place} for c in claims]
        )


async def _household_codes(uow: UnitOfWork, claims: Sequence[Claim]) -> dict[UUID, str]:
    households = await register.read_households(uow, {claim.household for claim in claims})
    return {id: household.code for id, household in households.items()}
