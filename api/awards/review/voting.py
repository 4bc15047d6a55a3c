"""Members of the bodies say yes or no to claims; what that decides is written down at once.

The bodies that a claim's rule names decide it in their order. Where one member decides, their word is the body's;
where the moral council decides by several, the majority is, once as many have voted as are needed.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select, true, update

from api import wire
from api.awards.claims.posting import DEFERRED
from api.awards.claims.statuses import FALLEN
from api.awards.claims.tables import Claim
from api.awards.review.approving import Approval, OnNotice, put_on_notice
from api.awards.review.bodies import Bodies, count_votes
from api.awards.review.signatures import (
    Progress,
    Step,
    Vote,
    body_title,
    find_obstacle,
    is_under_way,
    read_progress,
    step_at,
)
from api.awards.review.tables import ClaimRecusal, ClaimSignature, ClaimVote
from api.platform.access import Staff
from api.platform.database.base import Base
from api.platform.services import UnitOfWork
from api.registry.register.queries import lateral_household


@dataclass(frozen=True, slots=True)
class LockedClaim:
    """A claim that nobody else changes meanwhile, with its household's code."""

    claim: Claim
    household: str
    progress: Progress


@dataclass(frozen=True, slots=True)
class Ballot:
    """What a person says; `step`: what they take it for, if they say so. A no has a reason."""

    staff: Staff
    approves: bool = True
    reason: str = ""
    step: Step | None = None


async def lock_claims(uow: UnitOfWork, ids: Collection[UUID]) -> dict[UUID, LockedClaim]:
    """Those that there are. One order, so that two people never wait for each other."""
    household = lateral_household(Claim.township, Claim.household)
    rows = await uow.session.execute(
        select(Claim, household.c.code)
        .join(household, true())
        .where(Claim.township == uow.township, Claim.id.in_(ids))
        .order_by(Claim.id)
        .with_for_update(of=Claim)
        .options(*DEFERRED)
    )
    found = {claim.id: (claim, code) for claim, code in rows}
    progress = await read_progress(uow, found)
    return {id: LockedClaim(claim, code, progress[id]) for id, (claim, code) in found.items()}


@dataclass(frozen=True, slots=True)
class _Turn:
    """A claim with the vote of this person counted in; `new`: it isn't on record yet. `approved`: what the body
    has decided by it, None as long as others are awaited."""

    locked: LockedClaim
    new: bool
    approved: bool | None
    missing: int

    @property
    def claim(self) -> Claim:
        return self.locked.claim

    @property
    def given(self) -> list[Vote]:
        return self.locked.progress.given

    @property
    def step(self) -> Step:
        return step_at(self.claim, self.locked.progress.place)

    @property
    def signer(self) -> UUID:
        """Who gave the last of the votes for it."""
        return [vote.person for vote in self.given if vote.approves][-1]


async def vote(
    uow: UnitOfWork, ballot: Ballot, ids: Sequence[UUID], claims: Mapping[UUID, LockedClaim]
) -> list[wire.ClaimOutcome]:
    """An outcome for each id. The same vote again is a retry."""
    bodies = await Bodies.load(uow)
    outcomes: dict[UUID, wire.ClaimOutcome] = {}
    turns: list[_Turn] = []
    for id in dict.fromkeys(ids):
        result = _cast(bodies, ballot, id, claims.get(id))
        if isinstance(result, _Turn):
            turns.append(result)
        else:
            outcomes[id] = result
    last = [turn for turn in turns if turn.approved and turn.step == "approve"]
    notices = await put_on_notice(uow, [Approval(t.claim, t.locked.household, t.signer) for t in last])
    failed = {id: notice for id, notice in notices.items() if isinstance(notice, str)}
    turns = [turn for turn in turns if turn.claim.id not in failed]
    outcomes |= {id: _refused(id, sentence, claims[id].claim.points) for id, sentence in failed.items()}
    outcomes |= {turn.claim.id: _outcome(turn, notices.get(turn.claim.id)) for turn in turns}
    await _write_votes(uow, ballot, bodies, turns)
    await _write_decisions(uow, turns, {id: n for id, n in notices.items() if isinstance(n, OnNotice)})
    return [outcomes[id] for id in dict.fromkeys(ids)]


def _cast(bodies: Bodies, ballot: Ballot, id: UUID, locked: LockedClaim | None) -> _Turn | wire.ClaimOutcome:
    """This person's vote on a claim, or what became of it where it isn't counted now."""
    staff = ballot.staff
    if locked is None or not staff.serves(locked.claim.village):
        return _refused(id, "没有这条申报。")
    claim, progress = locked.claim, locked.progress
    own = progress.find_vote(staff.id)
    repeated = own is not None and _is_repeated(ballot, own, claim)
    if repeated and not (is_under_way(claim) and own in progress.given):
        return wire.ClaimOutcome(id=id, status="exists", points=claim.points)
    if repeated and progress.frozen:
        return _refused(id, progress.frozen, claim.points)
    if not repeated:
        obstacle = find_obstacle(staff, claim, progress, locked.household, ballot.step)
        if obstacle:
            return _refused(id, obstacle)
        given = Vote(progress.place, staff.id, ballot.approves, ballot.reason)
        locked = replace(locked, progress=replace(progress, votes=[*progress.votes, given]))
    # Also for a retry: by now fewer may be needed.
    needed = bodies.count_needed(claim, locked.progress, locked.household)
    return _Turn(
        locked,
        not repeated,
        count_votes(locked.progress.given, needed),
        needed - len(locked.progress.given),
    )


def _is_repeated(ballot: Ballot, own: Vote, claim: Claim) -> bool:
    if (own.approves, own.reason) != (ballot.approves, ballot.reason) or (own.approves and claim.status in FALLEN):
        return False
    return ballot.step in (None, step_at(claim, own.place))


def _refused(id: UUID, reason: str, points: int = 0) -> wire.ClaimOutcome:
    return wire.ClaimOutcome(id=id, status="refused", points=points, reason=reason)


def _outcome(turn: _Turn, notice: OnNotice | str | None) -> wire.ClaimOutcome:
    id, points = turn.claim.id, turn.claim.points
    if turn.approved is None:
        status = "voted" if turn.new else "exists"
        return wire.ClaimOutcome(id=id, status=status, points=points, reason=tell_missing(turn.missing))
    if not turn.approved:
        return wire.ClaimOutcome(id=id, status="voted-down", points=points, reason=_refusal(turn))
    if isinstance(notice, OnNotice):
        return wire.ClaimOutcome(id=id, status="approved", points=notice.points)
    return wire.ClaimOutcome(id=id, status="reviewed", points=points)


def tell_missing(missing: int) -> str:
    return f"已经表决，还要 {missing} 名成员表决。"


def _refusal(turn: _Turn) -> str:
    """Why a body said no."""
    reasons = "；".join(dict.fromkeys(vote.reason for vote in turn.given if not vote.approves))
    if len(turn.given) == 1:
        return reasons
    ayes = sum(vote.approves for vote in turn.given)
    body = body_title(turn.claim, turn.locked.progress.place)
    return f"{body}表决：赞成 {ayes} 人，不赞成 {len(turn.given) - ayes} 人。{reasons}"


async def _write_votes(uow: UnitOfWork, ballot: Ballot, bodies: Bodies, turns: Sequence[_Turn]) -> None:
    """The new votes, and who kept out of what was decided by them."""
    votes = [
        {
            **_key(uow, turn),
            "person": ballot.staff.id,
            "declarer": turn.claim.declarer,
            "approves": ballot.approves,
            "reason": ballot.reason,
            "voted_at": uow.now,
        }
        for turn in turns
        if turn.new
    ]
    recusals = [
        {**_key(uow, turn), "person": recusal.person, "ground": recusal.ground, "recused_at": uow.now}
        for turn in turns
        if turn.approved is not None
        for recusal in bodies.find_recusals(turn.claim, turn.locked.progress.place, turn.locked.household)
    ]
    await _insert(uow, ClaimVote, votes)
    await _insert(uow, ClaimRecusal, recusals)


async def _write_decisions(uow: UnitOfWork, turns: Sequence[_Turn], notices: Mapping[UUID, OnNotice]) -> None:
    signed = [turn for turn in turns if turn.approved]
    signatures = [{**_key(uow, turn), "person": turn.signer, "signed_at": uow.now} for turn in signed]
    await _insert(uow, ClaimSignature, signatures)
    first = [turn for turn in signed if turn.locked.progress.place == 0]
    reviewed = [{"status": "reviewed", "reviewed_by": turn.signer, "reviewed_at": uow.now} for turn in first]
    await _update(uow, first, reviewed)
    last = [turn for turn in signed if turn.claim.id in notices]
    approved = [
        {
            "status": "approved",
            "approved_by": turn.signer,
            "approved_at": uow.now,
            "points": notices[turn.claim.id].points,
            "explanation": notices[turn.claim.id].explanation,
            "notice_until": notices[turn.claim.id].until,
        }
        for turn in last
    ]
    await _update(uow, last, approved)
    down = [turn for turn in turns if turn.approved is False]
    refused = [
        {
            "status": "refused",
            "refused_by": turn.given[-1].person,
            "refused_at": uow.now,
            "refusal": _refusal(turn),
        }
        for turn in down
    ]
    await _update(uow, down, refused)


def _key(uow: UnitOfWork, turn: _Turn) -> dict[str, Any]:
    return {"township": uow.township, "claim": turn.claim.id, "place": turn.locked.progress.place}


async def _insert(uow: UnitOfWork, table: type[Base], rows: Sequence[dict[str, Any]]) -> None:
    if rows:
        await uow.session.execute(insert(table), rows)


async def _update(uow: UnitOfWork, turns: Sequence[_Turn], values: Sequence[dict[str, Any]]) -> None:
    rows = [
        {"township": uow.township, "id": turn.claim.id, **row} for turn, row in zip(turns, values, strict=True)
    ]
    if rows:
        await uow.session.execute(update(Claim), rows)
