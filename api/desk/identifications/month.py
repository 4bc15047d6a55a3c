"""A month of those who were served without a card, for whom it concerns."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated

from litestar.params import QueryParameter

from api.platform.access import Role, Staff, require
from api.platform.clock import local_date
from api.platform.services import Services
from api.registry.founding.defaults import read_defaults
from api.shop.redemptions.identified import IdentifiedVisits, list_identified

READERS = (Role.OFFICE, Role.COMMITTEE, Role.SUPERVISOR)
Month = Annotated[str | None, QueryParameter(pattern=r"^20[0-9]{2}-(0[1-9]|1[0-2])(?!\n)$")]


@dataclass(frozen=True, slots=True)
class IdentifiedMonth:
    """From `first` on and before `end`; `later`: the month after it has begun. `most`: how many points a household
    gets in a day on a witness's word."""

    first: date
    end: date
    later: bool
    most: int
    found: IdentifiedVisits


async def read_identified(services: Services, staff: Staff, month: str | None) -> IdentifiedMonth:
    """At first of this one. Raises Refused: not-allowed."""
    require(staff, *READERS)
    today = local_date(services.clock.now())
    first = date.fromisoformat(f"{month}-01") if month else today.replace(day=1)
    end = (first + timedelta(days=31)).replace(day=1)
    async with services.unit_of_work() as uow:
        found = await list_identified(uow, first, end, staff.village)
        most = (await read_defaults(uow)).witnessed_most
    return IdentifiedMonth(first, end, end <= today, most, found)
