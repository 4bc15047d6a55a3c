"""Two tills of one supermarket: each holds half of what the household of `town.card` has."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

import httpx
import msgspec
import pytest

from api.wire.till_journal import Recalls
from tests.api.shop.offline.conftest import household as household
from tests.api.shop.offline.conftest import till as till
from tests.api.shop.offline.till import Till, add_till
from tests.conftest import LiveTown

DEAR = (("rice", 1), ("laundry", 1), ("soap", 3))
"""Goods for 85 points."""


@dataclass
class TwoTills:
    """`front` and `back` hold 61 of the household's 122 points each."""

    town: LiveTown
    front: Till
    back: Till
    household: UUID


@pytest.fixture
async def tills(till: Till, household: UUID) -> TwoTills:
    town = till.town
    await town.award("hp-1", 22)
    back = await add_till(town, "东台")
    await back.sign_in()
    for each in (till, back):
        assert await read_held(each, household) == 61
    return TwoTills(town, till, back, household)


async def read_held(till: Till, household: UUID) -> int:
    """What the kiosk is told to hold of it, after asking for leases."""
    return sum(each.points for each in (await till.renew()).households if each.household == household)


async def ask(till: Till, tag: str = "", wait: float = 0) -> httpx.Response:
    """For recalls, as a kiosk does."""
    async with till.device() as http:
        return await http.get("/v1/till/recalls", params={"wait": wait}, headers={"If-None-Match": tag})


async def read_recalls(till: Till) -> dict[UUID, int]:
    recalls = msgspec.json.decode((await ask(till)).raise_for_status().content, type=Recalls).recalls
    return {recall.household: recall.points for recall in recalls}


async def return_all(till: Till) -> None:
    """The kiosk's own word: it returns what it is asked for."""
    for recalled, points in (await read_recalls(till)).items():
        till.write_return(recalled, points)
    await till.settle()
