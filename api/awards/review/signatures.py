"""Whose turn it is: the bodies that a claim's rule names sign it in their order, each by other people."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias, cast
from uuid import UUID

from sqlalchemy import ColumnElement, func, select

from api.awards.claims.statuses import STATUS
from api.awards.claims.tables import Claim
from api.awards.review.tables import ClaimSignature, ClaimVote
from api.platform.access import BODY_ROLES, RESET_LATELY, Role, Staff
from api.platform.services import UnitOfWork
from api.registry.freezes.queries import read_rule_freezes
from rules import BODY_TITLES, SigningBody

OWN_CLAIM = "不能办理自己家的申报，请由别人办理。"
VOTED = "这一件您已经表决过，每人一票，不能再改。"

Step: TypeAlias = Literal["review", "approve"]
"""Approving is the last signature of a claim, reviewing each one before it."""

_UNDER_WAY = ("declared", "reviewed")
UNDER_WAY = Claim.status.in_(_UNDER_WAY)
"""The condition for claims that wait for a signature."""

SIGNERS = tuple(dict.fromkeys(role for roles in BODY_ROLES.values() for role in roles))
# Grid leaders never sign last.
APPROVERS = (Role.COUNCIL, Role.COMMITTEE, Role.SUPERVISOR)
# A rule that names all four bodies, grid leaders last, needs five signatures.
_COUNTED = {3: "三", 4: "四", 5: "五", 6: "六"}


@dataclass(frozen=True, slots=True)
class Vote:
    """The word of one member in one place."""

    place: int
    person: UUID
    approves: bool
    reason: str


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a claim has come: who signed, by place, and all votes in the order in which they were given.
    `frozen`: why nobody decides it, as long as supervisors have frozen its rule."""

    signed: Sequence[UUID] = ()
    votes: Sequence[Vote] = ()
    frozen: str = ""

    @property
    def place(self) -> int:
        """Of the next signature, from 0 on."""
        return len(self.signed)

    @property
    def given(self) -> list[Vote]:
        """The votes in this place."""
        return [vote for vote in self.votes if vote.place == self.place]

    @property
    def voters(self) -> set[UUID]:
        """Everybody who has had a say in this claim."""
        return {vote.person for vote in self.votes}

    def find_vote(self, person: UUID) -> Vote | None:
        return next((vote for vote in self.votes if vote.person == person), None)


async def read_progress(uow: UnitOfWork, claims: Collection[UUID]) -> dict[UUID, Progress]:
    """Every claim is included."""
    signed: defaultdict[UUID, list[UUID]] = defaultdict(list)
    for claim, person in await uow.session.execute(
        select(ClaimSignature.claim, ClaimSignature.person)
        .where(ClaimSignature.township == uow.township, ClaimSignature.claim.in_(claims))
        .order_by(ClaimSignature.claim, ClaimSignature.place)
    ):
        signed[claim].append(person)
    votes: defaultdict[UUID, list[Vote]] = defaultdict(list)
    for claim, place, person, approves, reason in await uow.session.execute(
        select(ClaimVote.claim, ClaimVote.place, ClaimVote.person, ClaimVote.approves, ClaimVote.reason)
        .where(ClaimVote.township == uow.township, ClaimVote.claim.in_(claims))
        .order_by(ClaimVote.voted_at, ClaimVote.person)
    ):
        votes[claim].append(Vote(place, person, approves, reason))
    frozen = await _read_frozen(uow, claims)
    return {claim: Progress(signed[claim], votes[claim], frozen.get(claim, "")) for claim in claims}


async def _read_frozen(uow: UnitOfWork, claims: Collection[UUID]) -> dict[UUID, str]:
    freezes = await read_rule_freezes(uow)
    if not freezes:
        return {}
    rows = await uow.session.execute(
        select(Claim.id, Claim.rule, Claim.village).where(Claim.township == uow.township, Claim.id.in_(claims))
    )
    found = {id: freezes.find(rule, village) for id, rule, village in rows}
    return {id: freeze.tell_rule("这一项") for id, freeze in found.items() if freeze is not None}


def find_obstacle(staff: Staff, claim: Claim, progress: Progress, household: str, step: Step | None = None) -> str:
    """Why this person can't decide this claim now, one sentence; empty if they can. `step`: what they take it
    for, if they say so."""
    if not is_under_way(claim):
        return f"这条申报已不在这一步（{STATUS[claim.status]}），请刷新页面。"
    if staff.frozen or progress.frozen:
        return staff.frozen or progress.frozen
    place = progress.place
    turn = f"现在轮到{body_title(claim, place)}{name_step(claim, place)}"
    if not staff.may(*BODY_ROLES[claim.signers[place]]):
        return f"{turn}，您办不了。"
    if step not in (None, step_at(claim, place)):
        return f"{turn}，请刷新页面。"
    own = progress.find_vote(staff.id)
    if own is not None and own.place == place:
        return VOTED
    if own is not None or staff.id == claim.declared_by:
        return f"申报、审核、审定须由{_COUNTED[len(claim.signers) + 1]}个人分别办理。"
    earlier = [vote.person for vote in progress.votes if vote.place < place]
    if any(staff.is_same(person) for person in (claim.declared_by, *earlier) if person is not None):
        return RESET_LATELY
    return staff.find_recusal({household}, OWN_CLAIM)


def is_under_way(claim: Claim) -> bool:
    """Whether it waits for a signature."""
    return claim.status in _UNDER_WAY


def step_at(claim: Claim, place: int) -> Step:
    return "approve" if place == len(claim.signers) - 1 else "review"


def body_title(claim: Claim, place: int) -> str:
    return BODY_TITLES[cast(SigningBody, claim.signers[place])]


def name_step(claim: Claim, place: int) -> str:
    """What a signature in this place is called."""
    if step_at(claim, place) == "review":
        return "审核"
    return "签认" if claim.points < 0 else "审定"


def awaits(staff: Staff, step: Step) -> ColumnElement[bool]:
    """The condition for claims that wait for this person's word: the next signature is this step, by a body that
    they belong to, and they haven't voted for it."""
    place, last = _next_place(), func.cardinality(Claim.signers)
    return _awaits(staff) & (place == last if step == "approve" else place < last)


def awaits_others(staff: Staff) -> ColumnElement[bool]:
    """The condition for claims under way that don't wait for this person's word."""
    return UNDER_WAY & ~_awaits(staff)


def _awaits(staff: Staff) -> ColumnElement[bool]:
    bodies = [body for body, roles in BODY_ROLES.items() if staff.may(*roles)]
    # In a place that isn't signed yet: most claims have no vote of this person, and are done with by one look.
    is_signed = select(ClaimSignature.place).where(
        ClaimSignature.township == ClaimVote.township,
        ClaimSignature.claim == ClaimVote.claim,
        ClaimSignature.place == ClaimVote.place,
    )
    has_voted = (
        select(ClaimVote.person)
        .where(
            ClaimVote.township == Claim.township,
            ClaimVote.claim == Claim.id,
            ClaimVote.person == staff.id,
            ~is_signed.exists(),
        )
        .exists()
    )
    return UNDER_WAY & next_body().in_(bodies) & ~has_voted


def next_body() -> ColumnElement[str]:
    """Whose signature a claim waits for."""
    return Claim.signers[_next_place()]


def waiting_since() -> ColumnElement[datetime]:
    """When a claim was declared, or signed last."""
    signed = (
        select(func.max(ClaimSignature.signed_at))
        .where(ClaimSignature.township == Claim.township, ClaimSignature.claim == Claim.id)
        .correlate(Claim)
    )
    return func.coalesce(signed.scalar_subquery(), Claim.declared_at)


def _next_place() -> ColumnElement[int]:
    """Of the next signature; SQL arrays are indexed from one."""
    signed = (
        select(func.count() + 1)
        .where(ClaimSignature.township == Claim.township, ClaimSignature.claim == Claim.id)
        .correlate(Claim)
    )
    return signed.scalar_subquery()
