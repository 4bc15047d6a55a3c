"""Photos that claims name, held against their files and what the books say of them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from api.platform.data_folder import evidence_files
from ledger.transactions import TownshipId
from ledger.verify import Discrepancy

_WORDS = {"missing": "照片不见了，还没有到删除的时候", "altered": "照片的文件被改过，或已损坏"}


async def find_lost_photos(
    connection: AsyncConnection, township: TownshipId, data: Path
) -> AsyncIterator[Discrepancy]:
    """Those that are missing or altered before their time is over."""
    named = (await connection.scalars(text(_NAMED), {"township": township})).all()
    for digest, state in await asyncio.to_thread(_examine, data, named):
        yield Discrepancy(f"photo {digest}", _WORDS[state])


async def find_renamed_photos(connection: AsyncConnection, township: TownshipId) -> AsyncIterator[Discrepancy]:
    """Claims that name other photos than those that were sealed with them."""
    for (id,) in await connection.execute(text(_RENAMED), {"township": township}):
        yield Discrepancy(f"claim {id}", "申报的照片与账上封印的不是同几张")


def _examine(data: Path, digests: Sequence[str]) -> list[tuple[str, str]]:
    files = evidence_files(data)
    states = ((digest, files.examine(digest)) for digest in digests)
    return [(digest, state) for digest, state in states if state != "sound"]


_NAMED = """
    select digest from photo
     where township = :township and named_at is not null and removed_at is null order by 1"""

# What is concealed has its own commitment.
_RENAMED = """
    select x.id::text
      from ledger.transaction x
     where x.township = :township and x.kind in ('award', 'deduction') and x.phase = 'pending'
       and not x.metadata ? 'subject'
       and coalesce(x.metadata -> 'evidence', '[]') <> (
           select coalesce(jsonb_agg(p.photo order by p.input, p.place), '[]')
             from claim_photo p where p.township = x.township and p.claim = x.id)
     order by 1"""
