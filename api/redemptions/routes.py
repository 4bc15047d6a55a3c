"""`PUT /v1/redemptions/{uuid}`."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from litestar import Request, Router, put
from litestar.datastructures import State
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath, HeaderParameter, JSONBody

from api import wire
from api.access import bearer, caller, require_device
from api.redemptions import use_cases
from api.redemptions.together import RedemptionQueue


# Who calls is looked up with all the rest, for all that wait together.
@put("/redemptions/{id:uuid}", exclude_from_auth=True)
async def redeem(
    id: FromPath[UUID],
    data: JSONBody[wire.Redemption],
    queue: NamedDependency[RedemptionQueue],
    request: Request[None, None, Any],
    shift: Annotated[str, HeaderParameter(name="X-Shift", max_length=100)] = "",
    pin: Annotated[str, HeaderParameter(name="X-Card-Pin", max_length=8)] = "",
) -> wire.Receipt:
    """Redeem points for goods. Safe to retry: the same id and content give the first receipt again, and need the
    card's PIN no more."""
    secret = bearer(request)
    receipt = await queue.redeem(secret, shift, id, data, pin)
    if receipt is not None:
        return receipt
    device = require_device(await caller(queue.town, secret) if secret else None)
    return await use_cases.redeem(queue.town, device, shift, id, data, pin)


def _queue(state: State) -> RedemptionQueue:
    queue: RedemptionQueue = state.redemptions
    return queue


router = Router(
    "/v1",
    route_handlers=[redeem],
    dependencies={"queue": Provide(_queue, sync_to_thread=False)},
    tags=["redemptions"],
)
