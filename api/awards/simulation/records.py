"""Recorded claims as the rules see them, a village at a time, in the order in which they were judged.

Rows come from a cursor of the driver's own, in batches: a township has a million, and everything between the
driver and the rules would be paid for a million times.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from datetime import date
from functools import lru_cache
from typing import Any, TypeAlias
from uuid import UUID

import msgspec
from sqlalchemy import text

from api.awards.claims.recorded import RECORDED, count_by_village, taken_back_in
from api.platform.services import UnitOfWork
from api.registry.register import queries as register
from rules import Claim as Weighed
from rules import RecordedClaim

_AT_ONCE = 5_000
# Sorting a village's claims in memory instead of on disk.
_WORK_MEMORY = "32MB"


class VillageClaims(msgspec.Struct, frozen=True):
    """A village, how many households it has, and how many claims there are to be read."""

    code: str
    name: str
    households: int
    claims: int


async def villages(uow: UnitOfWork, first: date, last: date) -> list[VillageClaims]:
    """All villages, with their claims of deeds between these days."""
    claims = await count_by_village(uow, first, last)
    known = await register.list_villages(uow)
    households = await register.count_households(uow, [village.code for village in known])
    return [VillageClaims(v.code, v.name, households.get(v.code, 0), claims.get(v.code, 0)) for v in known]


Homes: TypeAlias = Mapping[UUID, tuple[str, int]]
"""The code of each household, and how many live there."""


async def homes(uow: UnitOfWork) -> Homes:
    return {
        id: (household.code, household.people) for id, household in (await register.read_households(uow)).items()
    }


async def recorded(
    uow: UnitOfWork, village: VillageClaims, households: Homes, first: date, last: date
) -> AsyncIterator[Sequence[RecordedClaim]]:
    """The claims with deeds between these days, in batches. The unit of work is a snapshot."""
    await uow.session.execute(text(f"set local work_mem = '{_WORK_MEMORY}'"))
    back = await taken_back_in(uow, village.code)
    connection = await uow.session.connection()
    driver: Any = (await connection.get_raw_connection()).driver_connection
    cursor = await driver.cursor(RECORDED, uow.township, village.code, first, last)
    while rows := await cursor.fetch(_AT_ONCE):
        yield list(_read(rows, village, households, back))


def _read(
    rows: Sequence[Any], village: VillageClaims, households: Homes, back: Mapping[UUID, int]
) -> Iterator[RecordedClaim]:
    number = village.households
    for id, rule, deed_on, household, person, inputs, category, points in rows:
        code, people = households[household]
        claim = Weighed(rule, deed_on, code, village.code, people, person or None, _answers(inputs), number)
        yield RecordedClaim(claim, category, points, back.get(id, 0) if back else 0)


# The same few answers come again and again; nobody changes them.
@lru_cache(maxsize=10_000)
def _answers(inputs: str) -> Mapping[str, object]:
    return msgspec.json.decode(inputs, type=dict[str, object])
