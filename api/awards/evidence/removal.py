"""Photos go: those that nobody named in a claim after a day, the others after the time of the policy, once their
claims are over. Their digests stay with the claims and in the books.

A file goes before its row says so: cut off in between, the next run finds the row again. Jobs.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import delete, exists, select, update

from api.awards.claims.statuses import UNDER_WAY
from api.awards.claims.tables import Claim
from api.awards.evidence.naming import KEPT_UNNAMED
from api.awards.evidence.tables import ClaimPhoto, Photo
from api.platform.data_folder import evidence_files
from api.platform.services import Services
from api.registry.founding.defaults import read_defaults

_BATCH = 200


async def forget_unnamed_photos(services: Services) -> bool:
    async with services.unit_of_work() as uow:
        since = uow.now - KEPT_UNNAMED
        unnamed = list(
            await uow.session.scalars(
                select(Photo.digest)
                .where(Photo.township == uow.township, Photo.named_at.is_(None), Photo.received_at <= since)
                .limit(_BATCH)
                .with_for_update(skip_locked=True)
            )
        )
        await _remove_files(services, unnamed)
        await uow.session.execute(delete(Photo).where(Photo.township == uow.township, Photo.digest.in_(unnamed)))
    return len(unnamed) == _BATCH


async def remove_expired_photos(services: Services) -> bool:
    async with services.unit_of_work() as uow:
        kept = timedelta(days=(await read_defaults(uow)).photo_days)
        under_way = exists().where(
            ClaimPhoto.township == Photo.township,
            ClaimPhoto.photo == Photo.digest,
            Claim.township == ClaimPhoto.township,
            Claim.id == ClaimPhoto.claim,
            Claim.status.in_(UNDER_WAY),
        )
        expired = list(
            await uow.session.scalars(
                select(Photo.digest)
                .where(
                    Photo.township == uow.township,
                    Photo.removed_at.is_(None),
                    Photo.named_at <= uow.now - kept,
                    # Sent again for another claim, perhaps.
                    Photo.received_at <= uow.now - KEPT_UNNAMED,
                    ~under_way,
                )
                .limit(_BATCH)
                .with_for_update(skip_locked=True)
            )
        )
        await _remove_files(services, expired)
        await uow.session.execute(
            update(Photo)
            .where(Photo.township == uow.township, Photo.digest.in_(expired))
            .values(removed_at=uow.now)
        )
    return len(expired) == _BATCH


async def _remove_files(services: Services, digests: Sequence[str]) -> None:
    files = evidence_files(services.data)

    def remove() -> None:
        for digest in digests:
            files.remove(digest)
        files.forget_incoming((services.clock.now() - KEPT_UNNAMED).timestamp())

    await asyncio.to_thread(remove)
