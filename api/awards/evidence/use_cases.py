"""Photos that somebody brings as evidence are received and kept.

First a photo's row is written, then its file, then who brought it: only they may name it in a claim, or its digest
alone would open it. Whatever is cut off in between leaves a row that no claim names, by which `removal` finds the
file.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.dialects.postgresql import insert as insert_or
from uuid_utils.compat import uuid7

from api.awards.evidence.looks import split_bands
from api.awards.evidence.photo_reader import PHOTO_READER
from api.awards.evidence.photo_worker import Reading
from api.awards.evidence.tables import Photo, PhotoBand, PhotoUpload
from api.platform.access import DECLARERS, Staff, require
from api.platform.data_folder import evidence_files
from api.platform.disk import DISK_FULL, is_disk_full
from api.platform.durable_files import digest_of
from api.platform.errors import ErrorCode, Refused
from api.platform.services import Services, UnitOfWork

MAX_UNNAMED = 40
"""Photos that one person or household may have brought without naming them in a claim."""


async def receive(services: Services, by: Staff | UUID, content: bytes, id: UUID | None = None) -> str:
    """Keep a photo that a person, or the household with this id, brings; gives its digest. Sent again it is kept
    once. `id`: of the upload, made by its sender.

    Raises Refused: not-allowed, unreadable, too-large, too-many, conflict, busy, disk-full.
    """
    if isinstance(by, Staff):
        require(by, *DECLARERS)
    async with services.unit_of_work() as uow:
        await _require_few(uow, by)
    reading = await PHOTO_READER.read(content)
    digest = digest_of(reading.jpeg)
    async with services.unit_of_work() as uow:
        await _note_photo(uow, digest, reading)
    try:
        await asyncio.to_thread(evidence_files(services.data).write, reading.jpeg)
    except OSError as error:
        if not is_disk_full(error):
            raise
        raise Refused(ErrorCode.DISK_FULL, DISK_FULL) from None
    async with services.unit_of_work() as uow:
        await _note_upload(uow, by, id or uuid7(), digest)
    return digest


async def list_own(services: Services, by: Staff | UUID, digests: Collection[str]) -> set[str]:
    """Those of these photos that are there and that they brought themselves."""
    if not digests:
        return set()
    async with services.unit_of_work() as uow:
        found = await uow.session.scalars(
            select(Photo.digest)
            .join(PhotoUpload, and_(PhotoUpload.township == Photo.township, PhotoUpload.photo == Photo.digest))
            .where(
                Photo.township == uow.township,
                Photo.digest.in_(digests),
                Photo.removed_at.is_(None),
                brought_by(by),
            )
        )
        return set(found)


async def read_own(services: Services, by: Staff | UUID, digest: str) -> bytes:
    """A photo that they brought themselves. Raises Refused: unknown."""
    return await read_file(services, digest if await list_own(services, by, [digest]) else None)


async def read_file(services: Services, digest: str | None) -> bytes:
    """Of a photo that the caller has let somebody see, or None. Raises Refused: unknown."""
    content = None if digest is None else await asyncio.to_thread(evidence_files(services.data).read, digest)
    if content is None:
        raise Refused(ErrorCode.UNKNOWN, "没有这张照片，或者它已按规定删除。")
    return content


def brought_by(by: Staff | UUID) -> ColumnElement[bool]:
    return PhotoUpload.person == by.id if isinstance(by, Staff) else PhotoUpload.household == by


async def _require_few(uow: UnitOfWork, by: Staff | UUID) -> None:
    unnamed = await uow.session.scalar(
        select(func.count())
        .select_from(PhotoUpload)
        .join(Photo, and_(Photo.township == PhotoUpload.township, Photo.digest == PhotoUpload.photo))
        .where(PhotoUpload.township == uow.township, brought_by(by), Photo.named_at.is_(None))
    )
    if unnamed is not None and unnamed >= MAX_UNNAMED:
        raise Refused(ErrorCode.TOO_MANY, f"已传了 {unnamed} 张照片还没有申报，请先报完，或过一天再传。")


async def _note_photo(uow: UnitOfWork, digest: str, reading: Reading) -> None:
    new = insert_or(Photo).values(
        township=uow.township,
        digest=digest,
        size=len(reading.jpeg),
        width=reading.width,
        height=reading.height,
        look=reading.look,
        received_at=uow.now,
    )
    await uow.session.execute(
        new.on_conflict_do_update(
            index_elements=["township", "digest"], set_={"received_at": uow.now, "removed_at": None}
        )
    )
    bands = [{"township": uow.township, "band": band, "photo": digest} for band in split_bands(reading.look)]
    await uow.session.execute(insert_or(PhotoBand).on_conflict_do_nothing(), bands)


async def _note_upload(uow: UnitOfWork, by: Staff | UUID, id: UUID, digest: str) -> None:
    person, household = (by.id, None) if isinstance(by, Staff) else (None, by)
    await uow.session.execute(
        insert_or(PhotoUpload)
        .values(
            township=uow.township,
            id=id,
            photo=digest,
            person=person,
            household=household,
            received_at=uow.now,
        )
        .on_conflict_do_nothing()
    )
    known = await uow.session.get(PhotoUpload, (uow.township, id))
    if known is not None and (known.photo, known.person, known.household) != (digest, person, household):
        raise Refused(ErrorCode.CONFLICT, "这个编号已用于另一张照片。")
