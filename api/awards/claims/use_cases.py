"""A claim's way once it is declared: reviewed, approved and on notice, posted; or refused.

Declarer, reviewer and approver are three people, and nobody acts on their own household.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from sqlalchemy import select, true, update
from sqlalchemy.orm import defer

from api import wire
from api.awards.claims import deductions
from api.awards.claims.tables import Claim
from api.awards.rulebooks.use_cases import adopted
from api.platform import accounts
from api.platform.access import Role, Staff, require
from api.platform.clock import start_of_day
from api.platform.errors import ErrorCode, Refused
from api.platform.services import Services, UnitOfWork
from api.registry.register import queries as register
from ledger.transactions import Phase, Transaction, TransactionId, Transfer
from rules import Rulebook

NOTHING_TO_TAKE = "这户现在没有可扣的积分：余额不因扣分低于 0，预留的和留在超市终端的不扣。"
UNPOSTED = {
    "closed": "这户的积分账户已关闭。",
    # Spent between the look at the balance and the posting.
    "insufficient": "这户刚刚用掉了积分，请再试一次。",
}
REVIEWERS = (Role.GRID_LEADER, Role.CHIEF_GRID_LEADER, Role.COUNCIL)
POSTED_AT_ONCE = 500
# Most of what a claim's row weighs, and nothing that its next step asks for.
_NOT_READ = (defer(Claim.trace, raiseload=True), defer(Claim.inputs, raiseload=True))


async def review(services: Services, staff: Staff, ids: Sequence[UUID]) -> list[wire.ClaimOutcome]:
    """The moral council or a grid leader vouches for what was declared; a deduction is signed by the first of its
    bodies. Raises Refused: not-allowed."""
    require(staff, *REVIEWERS, *deductions.BODIES.values())
    async with services.unit_of_work() as uow:
        claims, outcomes = await _ready(uow, staff, ids, "declared", "reviewed")
        await uow.session.execute(
            update(Claim)
            .where(Claim.township == uow.township, Claim.id.in_([c.id for c in claims]))
            .values(status="reviewed", reviewed_by=staff.id, reviewed_at=uow.now)
        )
        return outcomes


async def approve(services: Services, staff: Staff, ids: Sequence[UUID]) -> list[wire.ClaimOutcome]:
    """The village committee approves: the points become pending in the books and go on public notice. A deduction
    is signed by the second of its bodies, and takes what is there now at most.

    Raises Refused: not-allowed.
    """
    require(staff, Role.COMMITTEE, *deductions.BODIES.values())
    async with services.unit_of_work() as uow:
        claims, outcomes = await _ready(uow, staff, ids, "reviewed", "approved")
        codes = await _codes(uow, claims)
        points = await _amounts(uow, claims, codes)
        answers = {outcome.id: outcome for outcome in outcomes}
        for claim in claims:
            if points[claim.id] == 0:
                answers[claim.id] = _not_approved(claim, NOTHING_TO_TAKE)
        claims = [claim for claim in claims if points[claim.id] != 0]
        books = await adopted(uow, {c.rulebook for c in claims})
        postings = await uow.books.post(
            [_pending(staff, c, points[c.id], codes[c.household], books[c.rulebook]) for c in claims], uow.now
        )
        notice_days = {village.code: village.notice_days for village in await register.list_villages(uow)}
        for claim, posting in zip(claims, postings, strict=True):
            if not posting.accepted:
                answers[claim.id] = _not_approved(
                    claim, UNPOSTED.get(posting.status, "这个编号在账本里已有别的用途。")
                )
                continue
            days = max(books[claim.rulebook].get_rule(claim.rule).notice_days, notice_days[claim.village])
            claim.status = "approved"
            claim.approved_by, claim.approved_at = staff.id, uow.now
            claim.notice_until = uow.now + timedelta(days=days)
            if points[claim.id] != claim.points:
                claim.points = points[claim.id]
                claim.explanation = [*claim.explanation, f"签认时可扣的积分不够，只扣 {-claim.points} 分。"]
            answers[claim.id] = wire.ClaimOutcome(id=claim.id, status="approved", points=claim.points)
        return list(answers.values())


async def _amounts(uow: UnitOfWork, claims: Sequence[Claim], codes: Mapping[UUID, str]) -> dict[UUID, int]:
    """What each claim comes to now. Since a deduction was declared the household may have spent its points: what
    is gone isn't taken, down to nothing."""
    points = {claim.id: claim.points for claim in claims}
    taking = [claim for claim in claims if claim.points < 0]
    if taking:
        await uow.books.open_accounts([accounts.DEDUCTED], uow.now)
        left = await deductions.available(uow, {codes[claim.household] for claim in taking})
        for claim in taking:
            code = codes[claim.household]
            points[claim.id] = -min(-claim.points, max(0, left[code]))
            left[code] += points[claim.id]
    return points


def _pending(staff: Staff, claim: Claim, points: int, household: str, book: Rulebook) -> Transaction:
    """The transaction that stands in the books while the claim is on notice."""
    account = accounts.household(household).id
    debit, credit = (accounts.ISSUING.id, account) if points > 0 else (account, accounts.DEDUCTED.id)
    return Transaction(
        id=TransactionId(claim.id),
        kind=_kind(claim),
        phase=Phase.PENDING,
        transfers=(Transfer(debit, credit, accounts.POINTS, abs(points)),),
        person=str(staff.id),
        reason=book.get_rule(claim.rule).title,
        effective_at=start_of_day(claim.deed_on),
        metadata={
            "rule": claim.rule,
            "rulebook": claim.rulebook,
            "category": book.get_category(claim.category).title,
            "village": claim.village,
            "deed_on": claim.deed_on.isoformat(),
        },
    )


def _kind(claim: Claim) -> str:
    return "award" if claim.points > 0 else deductions.KIND


def _not_approved(claim: Claim, reason: str) -> wire.ClaimOutcome:
    return wire.ClaimOutcome(id=claim.id, status="refused", points=claim.points, reason=reason)


async def refuse(services: Services, staff: Staff, id: UUID, reason: str) -> None:
    """Turn a claim down; once on notice only the supervisory committee can, and the books void it.

    Raises Refused: not-allowed, unknown, wrong-state.
    """
    async with services.unit_of_work() as uow:
        claim = await uow.session.scalar(
            select(Claim).where(Claim.township == uow.township, Claim.id == id).with_for_update()
        )
        if claim is None or not staff.serves(claim.village):
            raise Refused(ErrorCode.UNKNOWN, "没有这条申报。")
        if claim.status == "approved":
            require(staff, Role.SUPERVISOR)
            if claim.approved_by == staff.id:
                raise Refused(ErrorCode.NOT_ALLOWED, "这一件是您签认的，异议请由别的监委成员决定。")
        elif claim.status in ("declared", "reviewed"):
            require(staff, *REVIEWERS, Role.COMMITTEE, Role.SUPERVISOR)
        else:
            raise Refused(ErrorCode.WRONG_STATE, "这条申报已经入账或已被退回，不能再退回。")
        if staff.household == (await _codes(uow, [claim]))[claim.household]:
            raise Refused(ErrorCode.NOT_ALLOWED, "不能办理自己家的申报，请由别人办理。")
        if claim.status == "approved":
            await uow.books.post([_settle(claim, Phase.VOID, str(staff.id), reason)], uow.now)
        claim.status = "refused"
        claim.refused_by, claim.refused_at, claim.refusal = staff.id, uow.now, reason


async def post_due(services: Services) -> int:
    """Post what has stood on notice long enough; returns how many. Several servers may do it at once."""
    async with services.unit_of_work() as uow:
        due = list(
            await uow.session.scalars(
                select(Claim)
                .where(
                    Claim.township == uow.township,
                    Claim.status == "approved",
                    Claim.notice_until <= uow.now,
                )
                .order_by(Claim.notice_until, Claim.id)
                .limit(POSTED_AT_ONCE)
                .with_for_update(skip_locked=True)
                .options(*_NOT_READ, defer(Claim.explanation, raiseload=True))
            )
        )
        if not due:
            return 0
        postings = await uow.books.post(
            # An award belongs to the day of the deed, or to the open month where that day's is closed.
            [replace(_settle(c, Phase.POST, "notice", ""), effective_at=start_of_day(c.deed_on)) for c in due],
            uow.now,
        )
        stuck = [c for c, posting in zip(due, postings, strict=True) if not posting.accepted]
        if stuck:
            reason = "公示期满时这户的积分账户已关闭。"
            await uow.books.post([_settle(c, Phase.VOID, "notice", reason) for c in stuck], uow.now)
            await _mark(uow, stuck, status="refused", refusal=reason, refused_at=uow.now)
        await _mark(uow, [c for c in due if c not in stuck], status="posted")
        return len(due)


def _settle(claim: Claim, phase: Phase, person: str, reason: str) -> Transaction:
    return Transaction.settle(TransactionId(claim.id), phase, kind=_kind(claim), person=person, reason=reason)


async def _mark(uow: UnitOfWork, claims: Sequence[Claim], **values: object) -> None:
    await uow.session.execute(
        update(Claim).where(Claim.township == uow.township, Claim.id.in_([c.id for c in claims])).values(**values)
    )


async def _ready(
    uow: UnitOfWork, staff: Staff, ids: Sequence[UUID], before: str, after: str
) -> tuple[list[Claim], list[wire.ClaimOutcome]]:
    """The claims of `ids` that this person may take from `before` to `after`, and an answer for each id."""
    household_of = register.lateral_household(Claim.township, Claim.household)
    rows = await uow.session.execute(
        select(Claim, household_of.c.code)
        .join(household_of, true())
        .where(Claim.township == uow.township, Claim.id.in_(ids))
        .order_by(Claim.id)
        .with_for_update(of=Claim)
        .options(*_NOT_READ)
    )
    found = {claim.id: (claim, code) for claim, code in rows}
    ready, outcomes = [], []
    for id in dict.fromkeys(ids):
        claim, household = found.get(id, (None, ""))
        if claim is None or not staff.serves(claim.village):
            outcomes.append(wire.ClaimOutcome(id=id, status="refused", reason="没有这条申报。"))
            continue
        mine = {"reviewed": claim.reviewed_by, "approved": claim.approved_by}[after]
        if claim.status == after and mine == staff.id:
            outcomes.append(wire.ClaimOutcome(id=id, status="exists", points=claim.points))
            continue
        reason = _not_theirs(staff, claim, after) or _barred(staff, claim, household, before)
        if reason:
            outcomes.append(wire.ClaimOutcome(id=id, status="refused", reason=reason))
            continue
        ready.append(claim)
        outcomes.append(wire.ClaimOutcome(id=id, status=after, points=claim.points))
    return ready, outcomes


def _barred(staff: Staff, claim: Claim, household: str, before: str) -> str:
    """Why this person can't take this claim on from `before`, though the step is theirs; empty if they can."""
    if claim.status != before:
        return "这条申报已不在这一步，请刷新页面。"
    if staff.id in (claim.declared_by, claim.reviewed_by):
        return "申报、评议、审定须由三个人分别办理。"
    if staff.household == household:
        return "不能办理自己家的申报，请由别人办理。"
    return ""


def _not_theirs(staff: Staff, claim: Claim, after: str) -> str:
    """Why this step isn't this person's, whatever state the claim is in; empty if it is."""
    if claim.signers:
        return deductions.may_sign(staff, claim, 0 if after == "reviewed" else 1)
    if not staff.may(*(REVIEWERS if after == "reviewed" else (Role.COMMITTEE,))):
        return "要由道德评议会或网格长评议。" if after == "reviewed" else "要由村委会审定。"
    return ""


async def _codes(uow: UnitOfWork, claims: Sequence[Claim]) -> dict[UUID, str]:
    found = await register.read_households(uow, {claim.household for claim in claims})
    return {id: household.code for id, household in found.items()}
