"""`/v1/till/households`, `/v1/till/frozen-cards`: a household without its card."""

from __future__ import annotations

from typing import Annotated

from litestar import Router, get, post
from litestar.di import NamedDependency
from litestar.params import HeaderParameter, JSONBody, QueryParameter

from api.platform.access import DeviceRequest, device_only
from api.platform.services import Services
from api.shop.identification import finding
from api.wire.identification import CardFreeze, FoundHousehold


@get("/till/households", guards=[device_only])
async def find(
    services: NamedDependency[Services],
    request: DeviceRequest,
    text: Annotated[str, QueryParameter(max_length=80)],
    shift: Annotated[str, HeaderParameter(name="X-Shift", max_length=100)] = "",
) -> list[FoundHousehold]:
    """Households of the supermarket's village by their head's name or its pinyin, their grid, or the end of their
    code. Every search counts: one kiosk may search forty times an hour."""
    return await finding.find_at_till(services, request.user, shift, text)


@post("/till/frozen-cards", guards=[device_only], status_code=204)
async def freeze(
    data: JSONBody[CardFreeze],
    services: NamedDependency[Services],
    request: DeviceRequest,
    shift: Annotated[str, HeaderParameter(name="X-Shift", max_length=100)] = "",
) -> None:
    """Freeze a card that was reported lost, as the desk does."""
    await finding.freeze_at_till(services, request.user, shift, data)


router = Router("/v1", route_handlers=[find, freeze], tags=["till"])
