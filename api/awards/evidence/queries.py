"""What others may ask about photos, and who may see one."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import ScalarSelect, SQLColumnExpression, and_, func, select
from sqlalchemy.dialects.postgresql import aggregate_order_by

from api.awards.claims.confidentiality import confidentiality_of
from api.awards.claims.tables import Claim
from api.awards.evidence.tables import ClaimPhoto, Photo
from api.awards.evidence.use_cases import read_file
from api.bookkeeping.general_ledger.disclosure import Viewer, disclose
from api.platform.services import Services, UnitOfWork


@dataclass(frozen=True, slots=True)
class ClaimPhotoFacts:
    """`removed`: its file is gone, by the policy."""

    input: str
    digest: str
    removed: bool


async def list_photos(uow: UnitOfWork, claims: Collection[UUID]) -> dict[UUID, list[ClaimPhotoFacts]]:
    """By claim, in the order of their answers."""
    rows = await uow.session.execute(
        select(ClaimPhoto.claim, ClaimPhoto.input, ClaimPhoto.photo, Photo.removed_at.is_not(None))
        .join(Photo, and_(Photo.township == ClaimPhoto.township, Photo.digest == ClaimPhoto.photo))
        .where(ClaimPhoto.township == uow.township, ClaimPhoto.claim.in_(claims))
        .order_by(ClaimPhoto.claim, ClaimPhoto.input, ClaimPhoto.place)
    )
    found: dict[UUID, list[ClaimPhotoFacts]] = {id: [] for id in claims}
    for claim, input, digest, removed in rows:
        found[claim].append(ClaimPhotoFacts(input, digest, removed))
    return found


class ShownPhoto(msgspec.Struct, frozen=True):
    """As `ClaimPhotoFacts`, of a read query."""

    digest: str
    removed: bool


def photos_subquery(township: SQLColumnExpression[Any], claim: SQLColumnExpression[Any]) -> ScalarSelect[Any]:
    """A column: the photos of a claim, as a list of `ShownPhoto`."""
    shown = func.jsonb_build_object("digest", ClaimPhoto.photo, "removed", Photo.removed_at.is_not(None))
    in_order = aggregate_order_by(shown, ClaimPhoto.input, ClaimPhoto.place)
    return (
        select(func.coalesce(func.jsonb_agg(in_order), func.jsonb_build_array()))
        .join(Photo, and_(Photo.township == ClaimPhoto.township, Photo.digest == ClaimPhoto.photo))
        .where(ClaimPhoto.township == township, ClaimPhoto.claim == claim)
        .correlate_except(ClaimPhoto, Photo)
        .scalar_subquery()
    )


async def read_photo(
    services: Services, viewer: Viewer, digest: str, *, claim: UUID | None = None, household: UUID | None = None
) -> bytes:
    """A photo that this claim, or a claim of this household, names, for whom its evidence is disclosed to.

    Raises Refused: unknown.
    """
    of = Claim.id == claim if household is None else Claim.household == household
    async with services.unit_of_work() as uow:
        claims = await uow.session.scalars(
            select(Claim)
            .join(ClaimPhoto, and_(ClaimPhoto.township == Claim.township, ClaimPhoto.claim == Claim.id))
            .where(Claim.township == uow.township, of, ClaimPhoto.photo == digest)
        )
        seen = any(disclose(viewer, confidentiality_of(each)).evidence for each in claims)
    return await read_file(services, digest if seen else None)
