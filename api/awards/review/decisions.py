"""When members of the bodies approved claims, and since when they could."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, Subquery, func, select

from api.awards.claims.tables import Claim
from api.awards.review.tables import ClaimSignature, ClaimVote, HeldDecision


def approvals(
    township: int, *which: ColumnElement[bool], since: datetime | None = None, until: datetime | None = None
) -> Subquery:
    """Each yes of a member to one of these claims, between two moments, both included: `claim`, `village`, `body`,
    `person`, `decided_at`, and the `seconds` until then since it was declared, or signed by the body before. What
    was decided at the desk is decided when the button was pressed, not when it was carried out."""
    before, held = ClaimSignature, HeldDecision
    decided_at = func.coalesce(held.decided_at, ClaimVote.voted_at)
    seen_at = func.coalesce(before.signed_at, Claim.declared_at)
    period: list[ColumnElement[bool]] = []
    if since is not None:
        # Nothing is carried out before it was decided: most votes are done with by their own moment.
        period += [ClaimVote.voted_at >= since, decided_at >= since]
    if until is not None:
        period.append(decided_at <= until)
    return (
        select(
            ClaimVote.claim,
            Claim.village,
            # SQL arrays are indexed from one.
            Claim.signers[ClaimVote.place + 1].label("body"),
            ClaimVote.person,
            decided_at.label("decided_at"),
            func.greatest(0, func.extract("epoch", decided_at - seen_at)).label("seconds"),
        )
        .join(Claim, (Claim.township == ClaimVote.township) & (Claim.id == ClaimVote.claim))
        .outerjoin(
            before,
            (before.township == ClaimVote.township)
            & (before.claim == ClaimVote.claim)
            & (before.place == ClaimVote.place - 1),
        )
        .outerjoin(
            held,
            (held.township == ClaimVote.township)
            & (held.claim == ClaimVote.claim)
            & (held.person == ClaimVote.person)
            & held.act.in_(("review", "approve"))
            & held.carried_out_at.is_not(None)
            & (held.problem == ""),
        )
        .where(ClaimVote.township == township, ClaimVote.approves, *period, *which)
        .subquery("approval")
    )
