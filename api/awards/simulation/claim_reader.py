"""Reads recorded claims for the rules, a village at a time, in the order in which they were evaluated.

Rows come in batches from a cursor of the database driver, since a township has a million and every layer would
cost a million calls.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from datetime import date
from functools import lru_cache
from typing import Any, TypeAlias
from uuid import UUID

import msgspec
from sqlalchemy import text

from api.awards.claims.recorded_claims import RECORDED_CLAIMS, count_by_village, points_taken_back_in
from api.platform.services import UnitOfWork
from api.registry.register import queries as register
from rules import Claim, RecordedClaim

_BATCH_SIZE = 5_000
# Enough to sort a village's claims in memory.
_WORK_MEM = "32MB"


class VillageClaims(msgspec.Struct, frozen=True):
    """A village with its numbers of households and of claims to be read."""

    code: str
    name: str
    households: int
    claims: int


async def list_villages(uow: UnitOfWork, first: date, last: date) -> list[VillageClaims]:
    """All villages, with the number of claims for deeds between these days."""
    claims = await count_by_village(uow, first, last)
    villages = await register.list_villages(uow)
    households = await register.count_households(uow, [village.code for village in villages])
    return [VillageClaims(v.code, v.name, households.get(v.code, 0), claims.get(v.code, 0)) for v in villages]


HouseholdsById: TypeAlias = Mapping[UUID, tuple[str, int]]
"""The code and the size of each household."""


async def load_households(uow: UnitOfWork) -> HouseholdsById:
    return {
        id: (household.code, household.people) for id, household in (await register.read_households(uow)).items()
    }


async def read_claims(
    uow: UnitOfWork, village: VillageClaims, households: HouseholdsById, first: date, last: date
) -> AsyncIterator[Sequence[RecordedClaim]]:
    """The claims for deeds between these days, in batches. `uow` is a snapshot."""
    await uow.session.execute(text(f"set local work_mem = '{_WORK_MEM}'"))
    taken_back = await points_taken_back_in(uow, village.code)
    connection = await uow.session.connection()
    driver: Any = (await connection.get_raw_connection()).driver_connection
    cursor = await driver.cursor(RECORDED_CLAIMS, uow.township, village.code, first, last)
    while rows := await cursor.fetch(_BATCH_SIZE):
        yield list(_convert(rows, village, households, taken_back))


def _convert(
    rows: Sequence[Any], village: VillageClaims, households: HouseholdsById, taken_back: Mapping[UUID, int]
) -> Iterator[RecordedClaim]:
    household_count = village.households
    for id, rule, deed_on, household, person, inputs, category, points, published in rows:
        code, people = households[household]
        claim = Claim(
            rule, deed_on, code, village.code, people, person or None, _decode_inputs(inputs), household_count
        )
        yield RecordedClaim(claim, category, points, taken_back.get(id, 0) if taken_back else 0, published)


# The same answers recur, and they are never modified.
@lru_cache(maxsize=10_000)
def _decode_inputs(inputs: str) -> Mapping[str, object]:
    return msgspec.json.decode(inputs, type=dict[str, object])
