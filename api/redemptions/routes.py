"""`PUT /v1/redemptions/{uuid}`."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from litestar import Request, Router, put
from litestar.di import NamedDependency
from litestar.params import FromPath, HeaderParameter, JSONBody

from api import wire
from api.access import bearer, caller, require_device
from api.redemptions import use_cases
from api.redemptions.fast_path import FastPath
from api.town import Town


# Who calls is looked up by the queue with all the rest, for all that wait together.
@put("/redemptions/{id:uuid}", exclude_from_auth=True, middleware=[FastPath()])
async def redeem(
    id: FromPath[UUID],
    data: JSONBody[wire.Redemption],
    town: NamedDependency[Town],
    request: Request[None, None, Any],
    shift: Annotated[str, HeaderParameter(name="X-Shift", max_length=100)] = "",
    pin: Annotated[str, HeaderParameter(name="X-Card-Pin", max_length=8)] = "",
) -> wire.Receipt:
    """Redeem points for goods. Safe to retry: the same id and content give the first receipt again, and need the
    card's PIN no more."""
    secret = bearer(request)
    device = require_device(await caller(town, secret) if secret else None)
    return await use_cases.redeem(town, device, shift, id, data, pin)


router = Router("/v1", route_handlers=[redeem], tags=["redemptions"])
