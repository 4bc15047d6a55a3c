"""What is on notice is posted once the notice is over, or voided."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import select, update
from sqlalchemy.orm import defer

from api.awards.claims import deductions, notice_clock
from api.awards.claims.tables import Claim
from api.bookkeeping.general_ledger.disclosure import conceal
from api.platform.clock import local_date, start_of_day
from api.platform.services import Services, UnitOfWork
from api.registry.freezes.queries import is_rule_frozen
from ledger.commitments import Opening
from ledger.transactions import Phase, Transaction, TransactionId

POSTING_BATCH_SIZE = 500
DEFERRED = (defer(Claim.trace, raiseload=True), defer(Claim.inputs, raiseload=True))
"""Large columns that the next step of a claim doesn't need."""


async def post_due(services: Services) -> int:
    """Post claims whose notice is over; returns their number. Several servers may do it at once. What is under a
    frozen rule waits until that is over."""
    async with services.unit_of_work() as uow:
        due = list(
            await uow.session.scalars(
                select(Claim)
                .where(
                    Claim.township == uow.township,
                    Claim.status == "approved",
                    Claim.notice_until <= uow.now,
                    notice_clock.RUNS,
                    ~is_rule_frozen(Claim.township, Claim.rule, Claim.village, local_date(uow.now)),
                )
                .order_by(Claim.notice_until, Claim.id)
                .limit(POSTING_BATCH_SIZE)
                .with_for_update(skip_locked=True)
                .options(*DEFERRED, defer(Claim.explanation, raiseload=True))
            )
        )
        if not due:
            return 0
        postings = await uow.books.post(
            # Effective on the day of the deed, or in the open month if that day's is closed.
            [replace(_settle(c, Phase.POST, "notice", ""), effective_at=start_of_day(c.deed_on)) for c in due],
            uow.now,
        )
        rejected = [c for c, posting in zip(due, postings, strict=True) if not posting.accepted]
        if rejected:
            reason = "公示期满时这户的积分账户已关闭。"
            await void(uow, rejected, "notice", reason)
            await update_claims(uow, rejected, status="refused", refusal=reason, refused_at=uow.now)
        await update_claims(uow, [c for c in due if c not in rejected], status="posted")
        return len(due)


async def void(uow: UnitOfWork, claims: Sequence[Claim], person: str, reason: str) -> None:
    """Take claims off the notice. What is written about a subject that is kept from publication is kept back
    with it."""
    openings: dict[TransactionId, Opening] = {}
    voids = []
    for claim in claims:
        settlement = _settle(claim, Phase.VOID, person, reason)
        if not claim.published:
            settlement, openings[settlement.id] = conceal(settlement, claim.signers)
        voids.append(settlement)
    postings = await uow.books.post(voids, uow.now)
    posted = {each.id for each, posting in zip(voids, postings, strict=True) if posting.accepted}
    await uow.books.withhold({id: opening for id, opening in openings.items() if id in posted})


def _settle(claim: Claim, phase: Phase, person: str, reason: str) -> Transaction:
    return Transaction.settle(TransactionId(claim.id), phase, kind=kind_of(claim), person=person, reason=reason)


def kind_of(claim: Claim) -> str:
    """Of its transactions in the books."""
    return "award" if claim.points > 0 else deductions.KIND


async def update_claims(uow: UnitOfWork, claims: Sequence[Claim], **values: object) -> None:
    await uow.session.execute(
        update(Claim).where(Claim.township == uow.township, Claim.id.in_([c.id for c in claims])).values(**values)
    )
