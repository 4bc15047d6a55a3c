"""`PUT /v1/redemptions/{uuid}`."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from litestar import Request, Router, put
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import FromPath, HeaderParameter, JSONBody

from api import wire
from api.platform.access import Device, digest_secret, newest_books_only, read_bearer_secret, require_device
from api.platform.openapi import DEVICE
from api.platform.services import Services
from api.shop.kiosks.enrolment import find_device
from api.shop.redemptions import use_cases
from api.shop.redemptions.facts import RedemptionRequest
from api.shop.redemptions.queue import RedemptionQueue
from api.wire.card_token import MalformedCard


# Gets the requests that the fast path and its queue leave over.
@put("/redemptions/{id:uuid}", exclude_from_auth=True, security=[DEVICE], guards=[newest_books_only])
async def redeem(
    id: FromPath[UUID],
    data: JSONBody[wire.Redemption],
    services: NamedDependency[Services],
    state: State,
    request: Request[None, None, Any],
    shift: Annotated[str, HeaderParameter(name="X-Shift", max_length=100)] = "",
    pin: Annotated[str, HeaderParameter(name="X-Card-Pin", max_length=8)] = "",
) -> wire.Receipt:
    """Redeem points for goods. Safe to retry: the same id and content give the first receipt again, without the
    card's PIN."""
    queue: RedemptionQueue = state.redemptions
    queue.require_room()
    device = read_bearer_secret(request)
    try:
        redemption = RedemptionRequest.from_wire(device, shift, id, data)
    except MalformedCard:
        # An unknown device is told nothing about cards.
        require_device(await _find_device(services, device))
        raise
    return await use_cases.redeem(services, redemption, pin)


async def _find_device(services: Services, secret: str) -> Device | None:
    async with services.unit_of_work() as uow:
        return await find_device(uow, digest_secret(secret))


router = Router("/v1", route_handlers=[redeem], tags=["redemptions"])
