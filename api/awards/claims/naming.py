"""What a claim is called in a line of a list."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select, true

from api.awards.claims.confidentiality import confidentiality_of
from api.awards.claims.posting import DEFERRED
from api.awards.claims.tables import Claim
from api.awards.rulebooks.use_cases import books_by_version
from api.bookkeeping.general_ledger.disclosure import UNPUBLISHED, Viewer, disclose
from api.platform.services import UnitOfWork
from api.registry.register.queries import lateral_household
from api.web.page import format_signed


@dataclass(frozen=True, slots=True)
class ClaimName:
    """`text`: household, rule and points. `shown`: this viewer may see what it is for."""

    text: str
    shown: bool


async def name_claims(uow: UnitOfWork, viewer: Viewer, ids: Collection[UUID]) -> dict[UUID, ClaimName]:
    """For a member of staff, who sees households by name."""
    if not ids:
        return {}
    household = lateral_household(Claim.township, Claim.household, said_at=Claim.declared_at)
    rows = (
        await uow.session.execute(
            select(Claim, household.c.code, household.c.head)
            .join(household, true())
            .where(Claim.township == uow.township, Claim.id.in_(ids))
            .options(*DEFERRED)
        )
    ).all()
    books = await books_by_version(uow, {claim.rulebook for claim, *_ in rows})
    names = {}
    for claim, code, head in rows:
        shown = disclose(viewer, confidentiality_of(claim)).subject
        title = books[claim.rulebook].get_rule(claim.rule).title if shown else UNPUBLISHED
        names[claim.id] = ClaimName(f"{head} {code} {title} {format_signed(claim.points)}", shown)
    return names
