"""`/v1/promises/{uuid}`: promise goods that are out of stock, hand them over, cancel."""

from __future__ import annotations

from typing import Annotated, TypeAlias
from uuid import UUID

from litestar import Router, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, HeaderParameter, JSONBody

from api import wire
from api.platform.access import DeviceRequest, device_only
from api.platform.services import Services
from api.shop.promises import use_cases
from api.wire.promises import Cancellation, Collection, NewPromise, PromiseSlip

Shift: TypeAlias = Annotated[str, HeaderParameter(name="X-Shift", max_length=100)]


@put("/promises/{id:uuid}")
async def promise(
    id: FromPath[UUID],
    data: JSONBody[NewPromise],
    services: NamedDependency[Services],
    request: DeviceRequest,
    shift: Shift = "",
) -> PromiseSlip:
    """Promise goods that are out of stock at today's price. Safe to retry: the same id and content give the first
    slip again."""
    return await use_cases.make_promise(services, request.user, shift, id, data)


@put("/promises/{id:uuid}/collection")
async def collect(
    id: FromPath[UUID],
    data: JSONBody[Collection],
    services: NamedDependency[Services],
    request: DeviceRequest,
    shift: Shift = "",
) -> wire.Receipt:
    """Hand over what has arrived, at the promised price. Safe to retry like a redemption."""
    return await use_cases.collect(services, request.user, shift, id, data)


@post("/promises/{id:uuid}/cancel", status_code=204)
async def cancel(
    id: FromPath[UUID],
    data: JSONBody[Cancellation],
    services: NamedDependency[Services],
    request: DeviceRequest,
    shift: Shift = "",
) -> None:
    """Cancel a promise: the points come back to the household. Safe to retry."""
    await use_cases.cancel(services, request.user, shift, id, data)


router = Router("/v1", route_handlers=[promise, collect, cancel], guards=[device_only], tags=["promises"])
