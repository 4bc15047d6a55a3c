"""What the last signature does: the points become pending in the ledger, and go on public notice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from api.awards.claims import deductions
from api.awards.claims.posting import kind_of
from api.awards.claims.tables import Claim
from api.awards.evidence.queries import ClaimPhotoFacts, list_photos
from api.awards.rulebooks.use_cases import books_by_version
from api.bookkeeping.general_ledger.disclosure import conceal
from api.platform import accounts
from api.platform.clock import start_of_day
from api.platform.services import UnitOfWork
from api.registry.register.queries import list_villages
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


@dataclass(frozen=True, slots=True)
class Approval:
    """A claim that has its last signature, by this person; `household` by its code."""

    claim: Claim
    household: str
    signer: UUID


@dataclass(frozen=True, slots=True)
class OnNotice:
    """What of the claim is settled now; a deduction may have become less."""

    points: int
    explanation: list[str]
    until: datetime


async def put_on_notice(uow: UnitOfWork, approvals: Sequence[Approval]) -> dict[UUID, OnNotice | str]:
    """By claim: until when it is on notice, or one sentence why it can't be. A deduction takes at most what is
    available now."""
    points = await _current_points(uow, approvals)
    results: dict[UUID, OnNotice | str] = {id: NOTHING_TO_DEDUCT for id, number in points.items() if number == 0}
    approvals = [each for each in approvals if points[each.claim.id] != 0]
    books = await books_by_version(uow, {each.claim.rulebook for each in approvals})
    photos = await list_photos(uow, [each.claim.id for each in approvals])
    openings: dict[TransactionId, Opening] = {}
    postings = await uow.books.post(
        [
            _pending_transaction(
                each, points[each.claim.id], books[each.claim.rulebook], photos[each.claim.id], openings
            )
            for each in approvals
        ],
        uow.now,
    )
    accepted = {each.claim.id for each, posting in zip(approvals, postings, strict=True) if posting.accepted}
    await uow.books.withhold({id: opening for id, opening in openings.items() if id in accepted})
    notice_days = {village.code: village.notice_days for village in await list_villages(uow)}
    for each, posting in zip(approvals, postings, strict=True):
        claim = each.claim
        if not posting.accepted:
            taken = "这个编号在账本里已有别的用途。"
            results[claim.id] = _POSTING_ERRORS.get(posting.status, taken)
            continue
        days = max(books[claim.rulebook].get_rule(claim.rule).notice_days, notice_days[claim.village])
        reduced = (
            [f"签认时可扣的积分不够，只扣 {-points[claim.id]} 分。"] if points[claim.id] != claim.points else []
        )
        results[claim.id] = OnNotice(
            points[claim.id], [*claim.explanation, *reduced], uow.now + timedelta(days=days)
        )
    return results


async def _current_points(uow: UnitOfWork, approvals: Sequence[Approval]) -> dict[UUID, int]:
    """The points of each claim now. The household may have spent points since a deduction was declared: it is
    reduced to what is available, down to zero."""
    points = {each.claim.id: each.claim.points for each in approvals}
    deducting = [each for each in approvals if each.claim.points < 0]
    if deducting:
        await uow.books.open_accounts([accounts.DEDUCTED], uow.now)
        available = await deductions.available_points(uow, {each.household for each in deducting})
        for each in deducting:
            taken = -min(-each.claim.points, max(0, available[each.household]))
            points[each.claim.id] = taken
            available[each.household] += taken
    return points


def _pending_transaction(
    approval: Approval,
    points: int,
    book: Rulebook,
    photos: Sequence[ClaimPhotoFacts],
    openings: dict[TransactionId, Opening],
) -> Transaction:
    """The pending transaction of a claim on notice. The books only commit to a subject that is kept from
    publication; what opens it is added to `openings`."""
    claim = approval.claim
    account = accounts.household(approval.household).id
    debit, credit = (accounts.ISSUING.id, account) if points > 0 else (account, accounts.DEDUCTED.id)
    village = {"village": claim.village}
    subject = {
        "rule": claim.rule,
        "rulebook": claim.rulebook,
        "category": book.get_category(claim.category).title,
        "deed_on": claim.deed_on.isoformat(),
        **({"evidence": [photo.digest for photo in photos]} if photos else {}),
    }
    pending = Transaction(
        id=TransactionId(claim.id),
        kind=kind_of(claim),
        phase=Phase.PENDING,
        transfers=(Transfer(debit, credit, accounts.POINTS, abs(points)),),
        person=str(approval.signer),
        reason=book.get_rule(claim.rule).title,
        effective_at=start_of_day(claim.deed_on),
        metadata={**subject, **village} if claim.published else village,
    )
    if claim.published:
        return pending
    concealed, openings[pending.id] = conceal(pending, claim.signers, subject)
    return concealed
