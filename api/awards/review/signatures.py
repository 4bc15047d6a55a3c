"""Signatures: the bodies that a claim's rule names sign it in their order, each by another person."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Literal, TypeAlias, cast
from uuid import UUID

from sqlalchemy import ColumnElement, func, select

from api.awards.claims.tables import Claim
from api.awards.review.tables import ClaimSignature
from api.platform.access import BODY_ROLES, Role, Staff
from api.platform.services import UnitOfWork
from rules import BODY_TITLES, SigningBody

OWN_CLAIM = "不能办理自己家的申报，请由别人办理。"

Step: TypeAlias = Literal["review", "approve"]
"""Approving is the last signature of a claim, reviewing each one before it."""

UNDER_WAY = Claim.status.in_(("declared", "reviewed"))
"""The condition for claims that wait for a signature."""

SIGNERS = tuple(dict.fromkeys(role for roles in BODY_ROLES.values() for role in roles))
# Grid leaders never sign last.
APPROVERS = (Role.COUNCIL, Role.COMMITTEE, Role.SUPERVISOR)
# A rule that names all four bodies, grid leaders last, needs five signatures.
_COUNTED = {3: "三", 4: "四", 5: "五", 6: "六"}


async def read_signatures(uow: UnitOfWork, claims: Collection[UUID]) -> dict[UUID, list[UUID]]:
    """Who signed each claim, in order; every claim is included."""
    rows = await uow.session.execute(
        select(ClaimSignature.claim, ClaimSignature.person)
        .where(ClaimSignature.township == uow.township, ClaimSignature.claim.in_(claims))
        .order_by(ClaimSignature.claim, ClaimSignature.place)
    )
    signed: dict[UUID, list[UUID]] = {claim: [] for claim in claims}
    for claim, person in rows:
        signed[claim].append(person)
    return signed


def find_obstacle(staff: Staff, claim: Claim, signed: Sequence[UUID], household: str, step: Step) -> str:
    """Why this person can't take this step, one sentence; empty if they can. `signed`: who signed already."""
    if claim.status not in ("declared", "reviewed"):
        return "这条申报已不在这一步，请刷新页面。"
    place = len(signed)
    turn = f"现在轮到{BODY_TITLES[cast(SigningBody, claim.signers[place])]}{name_step(claim, place)}"
    if not staff.may(*BODY_ROLES[claim.signers[place]]):
        return f"{turn}，您办不了。"
    if step != ("approve" if place == len(claim.signers) - 1 else "review"):
        return f"{turn}，请刷新页面。"
    if staff.id in (claim.declared_by, *signed):
        return f"申报、审核、审定须由{_COUNTED[len(claim.signers) + 1]}个人分别办理。"
    return staff.find_recusal({household}, OWN_CLAIM)


def name_step(claim: Claim, place: int) -> str:
    """What a signature in this place is called."""
    if place < len(claim.signers) - 1:
        return "审核"
    return "签认" if claim.points < 0 else "审定"


def awaits(staff: Staff, step: Step) -> ColumnElement[bool]:
    """The condition for claims whose next signature is this step, by a body that this person belongs to."""
    place, last = _next_place(), func.cardinality(Claim.signers)
    return _is_turn_of(staff) & (place == last if step == "approve" else place < last)


def awaits_others(staff: Staff) -> ColumnElement[bool]:
    """The condition for claims whose next signature is of a body that this person doesn't belong to."""
    return UNDER_WAY & ~_is_turn_of(staff)


def _is_turn_of(staff: Staff) -> ColumnElement[bool]:
    bodies = [body for body, roles in BODY_ROLES.items() if staff.may(*roles)]
    return UNDER_WAY & next_body().in_(bodies)


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
