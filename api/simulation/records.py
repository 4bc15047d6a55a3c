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
from sqlalchemy import func, select, text

from api.claims.corrections import taken_back
from api.claims.tables import Claim
from api.register.tables import Household, Village
from api.town import Work
from rules import Claim as Weighed
from rules import Recorded

_AT_ONCE = 5_000
# Sorting a village's claims in memory instead of on disk.
_WORK_MEMORY = "32MB"

_CLAIMS = """
    select id, rule, deed_on, household, person, inputs::text, category, points
      from claim
     where township = $1 and village = $2 and status <> 'refused' and deed_on between $3 and $4
     order by declared_at, id
"""


class VillageClaims(msgspec.Struct, frozen=True):
    """A village, how many households it has, and how many claims there are to be read."""

    code: str
    name: str
    households: int
    claims: int


async def villages(work: Work, first: date, last: date) -> list[VillageClaims]:
    """All villages, with their claims of deeds between these days."""
    of = (Claim.township == work.township, Claim.status != "refused", Claim.deed_on.between(first, last))
    counted = select(Claim.village, func.count()).where(*of).group_by(Claim.village)
    claims: dict[str, int] = dict((await work.session.execute(counted)).all())
    rows = await work.session.execute(
        select(Village.code, Village.name, func.count(Household.id))
        .outerjoin(Household, (Household.township == Village.township) & (Household.village == Village.code))
        .where(Village.township == work.township)
        .group_by(Village.code, Village.name)
        .order_by(Village.code)
    )
    return [VillageClaims(code, name, number, claims.get(code, 0)) for code, name, number in rows]


Homes: TypeAlias = Mapping[UUID, tuple[str, int]]
"""The code of each household, and how many live there."""


async def homes(work: Work) -> Homes:
    rows = await work.session.execute(
        select(Household.id, Household.code, Household.people).where(Household.township == work.township)
    )
    return {id: (code, people) for id, code, people in rows}


async def recorded(
    work: Work, village: VillageClaims, households: Homes, first: date, last: date
) -> AsyncIterator[Sequence[Recorded]]:
    """The claims with deeds between these days, in batches. The unit of work is a snapshot."""
    await work.session.execute(text(f"set local work_mem = '{_WORK_MEMORY}'"))
    back = await taken_back(work, Claim.village == village.code)
    connection = await work.session.connection()
    driver: Any = (await connection.get_raw_connection()).driver_connection
    cursor = await driver.cursor(_CLAIMS, work.township, village.code, first, last)
    while rows := await cursor.fetch(_AT_ONCE):
        yield list(_read(rows, village, households, back))


def _read(
    rows: Sequence[Any], village: VillageClaims, households: Homes, back: Mapping[UUID, int]
) -> Iterator[Recorded]:
    number = village.households
    for id, rule, deed_on, household, person, inputs, category, points in rows:
        code, people = households[household]
        claim = Weighed(rule, deed_on, code, village.code, people, person or None, _answers(inputs), number)
        yield Recorded(claim, category, points, back.get(id, 0) if back else 0)


# The same few answers come again and again; nobody changes them.
@lru_cache(maxsize=10_000)
def _answers(inputs: str) -> Mapping[str, object]:
    return msgspec.json.decode(inputs, type=dict[str, object])
