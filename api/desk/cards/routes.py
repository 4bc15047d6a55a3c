"""`/v1/card-counts`: households without cards, and cards that nobody uses."""

from __future__ import annotations

from litestar import Router, get
from litestar.di import NamedDependency

from api import wire
from api.desk.cards import lists
from api.platform.access import StaffRequest, staff_only
from api.platform.services import Services


@get("/card-counts", guards=[staff_only])
async def count_cards(services: NamedDependency[Services], request: StaffRequest) -> list[wire.VillageCards]:
    """By village: households without a card, cards whose household has ended, never used, reported lost."""
    return await lists.count_cards(services, request.user)


router = Router("/v1", route_handlers=[count_cards], tags=["cards"])
