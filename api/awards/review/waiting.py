"""How many claims wait for which body of which village, and since when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import cast

from sqlalchemy import func, select

from api.awards.claims.tables import Claim
from api.awards.review.signatures import UNDER_WAY, next_body, waiting_since
from api.platform.services import UnitOfWork
from rules import SigningBody


@dataclass(frozen=True, slots=True)
class WaitingClaims:
    """`since`: when the one that waits longest was declared, or signed by the body before."""

    village: str
    body: SigningBody
    number: int
    since: datetime


async def list_waiting_claims(uow: UnitOfWork) -> list[WaitingClaims]:
    waiting = (
        select(Claim.village, next_body().label("body"), waiting_since().label("since"))
        .where(Claim.township == uow.township, UNDER_WAY)
        .subquery()
    )
    rows = await uow.session.execute(
        select(waiting.c.village, waiting.c.body, func.count(), func.min(waiting.c.since)).group_by(
            waiting.c.village, waiting.c.body
        )
    )
    return [
        WaitingClaims(village, cast(SigningBody, body), number, since) for village, body, number, since in rows
    ]
