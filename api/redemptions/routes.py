"""`PUT /v1/redemptions/{uuid}`."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from litestar import Router, put
from litestar.di import NamedDependency
from litestar.params import FromPath, HeaderParameter, JSONBody

from api import wire
from api.access import DeviceRequest, device_only
from api.redemptions import use_cases
from api.town import Town


@put("/redemptions/{id:uuid}")
async def redeem(
    id: FromPath[UUID],
    data: JSONBody[wire.Redemption],
    town: NamedDependency[Town],
    request: DeviceRequest,
    shift: Annotated[str, HeaderParameter(name="X-Shift", max_length=100)] = "",
    pin: Annotated[str, HeaderParameter(name="X-Card-Pin", max_length=8)] = "",
) -> wire.Receipt:
    """Redeem points for goods. Safe to retry: the same id and content give the first receipt again, and need the
    card's PIN no more."""
    return await use_cases.redeem(town, request.user, shift, id, data, pin)


router = Router("/v1", route_handlers=[redeem], guards=[device_only], tags=["redemptions"])
