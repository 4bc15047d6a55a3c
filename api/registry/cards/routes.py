"""`/v1/cards`: issue and revoke."""

from __future__ import annotations

from litestar import Router, delete, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from api import wire
from api.platform.access import StaffRequest, staff_only
from api.platform.services import Services
from api.registry.cards import pins, use_cases


@post("/cards", guards=[staff_only])
async def issue(
    data: JSONBody[wire.NewCards], services: NamedDependency[Services], request: StaffRequest
) -> list[wire.NewCard]:
    """New cards for these households; old ones die at once. Tokens are shown this once."""
    return await use_cases.issue(services, request.user, data.households)


@delete("/households/{household:str}/card", guards=[staff_only])
async def revoke(household: FromPath[str], services: NamedDependency[Services], request: StaffRequest) -> None:
    """Report a card lost."""
    await use_cases.revoke(services, request.user, household)


@post("/households/{household:str}/card/pin-reset", guards=[staff_only], status_code=204)
async def reset_pin(
    household: FromPath[str],
    data: JSONBody[wire.PinReset],
    services: NamedDependency[Services],
    request: StaffRequest,
) -> None:
    """The household forgot its card's PIN: the card is without one again. Kept with the person and the reason."""
    await pins.reset(services, request.user, household, data.reason)


router = Router("/v1", route_handlers=[issue, revoke, reset_pin], tags=["cards"])
