"""Photos of other claims that look like those of a claim: a deed told twice, or an old picture shown again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import and_, select, true
from sqlalchemy.orm import aliased, defer

from api.awards.claims.confidentiality import confidentiality_of
from api.awards.claims.tables import Claim
from api.awards.claims.version_chain import select_versions
from api.awards.evidence.looks import MOST_APART, count_apart, list_near_bands
from api.awards.evidence.tables import ClaimPhoto, Photo, PhotoBand
from api.bookkeeping.general_ledger.disclosure import Viewer, disclose
from api.platform.services import UnitOfWork
from api.registry.register.queries import lateral_household

MAX_SHOWN = 12
_MAX_READ = 500


@dataclass(frozen=True, slots=True)
class LookAlike:
    """A photo of another claim, `apart` from one of this claim's: in how many bits of 64."""

    claim: UUID
    digest: str
    removed: bool
    apart: int
    head: str
    household: str
    deed_on: date

    @property
    def is_same(self) -> bool:
        return self.apart == 0


async def find_look_alikes(uow: UnitOfWork, viewer: Viewer, claim: UUID) -> tuple[list[LookAlike], int]:
    """The nearest in the township, one for each claim, of those whose evidence this viewer may see; and how many
    other claims have one."""
    own = await uow.session.execute(
        select(Photo.digest, Photo.look)
        .join(ClaimPhoto, and_(ClaimPhoto.township == Photo.township, ClaimPhoto.photo == Photo.digest))
        .where(Photo.township == uow.township, ClaimPhoto.claim == claim)
    )
    looks = [look for _, look in own]
    if not looks:
        return [], 0
    near = await _read_near(uow, looks)
    rows = await _read_claims(uow, claim, list(near))
    found: dict[UUID, LookAlike] = {}
    hidden: set[UUID] = set()
    for other, photo, removed, head, code in rows:
        if not disclose(viewer, confidentiality_of(other)).evidence:
            hidden.add(other.id)
            continue
        known = found.get(other.id)
        if known is None or near[photo] < known.apart:
            found[other.id] = LookAlike(other.id, photo, removed, near[photo], head, code, other.deed_on)
    nearest = sorted(found.values(), key=lambda each: (each.apart, -each.deed_on.toordinal(), str(each.claim)))
    return nearest[:MAX_SHOWN], len(hidden) + len(nearest[MAX_SHOWN:])


async def _read_near(uow: UnitOfWork, looks: Sequence[int]) -> dict[str, int]:
    """Photos that look like one of these, by digest, with how far they are apart."""
    bands = sorted({band for look in looks for band in list_near_bands(look)})
    rows = await uow.session.execute(
        select(Photo.digest, Photo.look)
        .distinct()
        .join(PhotoBand, and_(PhotoBand.township == Photo.township, PhotoBand.photo == Photo.digest))
        .where(Photo.township == uow.township, PhotoBand.band.in_(bands), Photo.named_at.is_not(None))
    )
    apart = {digest: min(count_apart(look, own) for own in looks) for digest, look in rows}
    return {digest: bits for digest, bits in apart.items() if bits <= MOST_APART}


async def _read_claims(
    uow: UnitOfWork, claim: UUID, digests: Sequence[str]
) -> Sequence[tuple[Claim, str, bool, str, str]]:
    """The newest other claims with these photos, each with its photo and household. Its own earlier and later
    versions have the same photo, which means nothing."""
    photo = aliased(Photo)
    household = lateral_household(Claim.township, Claim.household)
    rows = await uow.session.execute(
        select(Claim, photo.digest, photo.removed_at.is_not(None), household.c.head, household.c.code)
        .join(ClaimPhoto, and_(ClaimPhoto.township == Claim.township, ClaimPhoto.claim == Claim.id))
        .join(photo, and_(photo.township == ClaimPhoto.township, photo.digest == ClaimPhoto.photo))
        .join(household, true())
        .where(
            Claim.township == uow.township,
            ClaimPhoto.photo.in_(digests),
            Claim.id.not_in(select_versions(uow, claim)),
        )
        .order_by(Claim.declared_at.desc(), Claim.id)
        .limit(_MAX_READ)
        .options(defer(Claim.trace), defer(Claim.inputs), defer(Claim.explanation))
    )
    return [(row[0], row[1], row[2], row[3], row[4]) for row in rows]
