"""`/v1/kiosks`, `/v1/attendants`, and `/v1/till` for the kiosk itself."""

from __future__ import annotations

from litestar import Router, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from api import wire
from api.access import DeviceRequest, StaffRequest, device_only, staff_only
from api.kiosks import use_cases
from api.town import Town


@post("/kiosks", guards=[staff_only])
async def enrol(
    data: JSONBody[wire.NewKiosk], town: NamedDependency[Town], request: StaffRequest
) -> wire.Enrolled:
    """Enrol a kiosk; its device token is shown this once."""
    return await use_cases.enrol(town, request.user, data)


@post("/attendants", guards=[staff_only], status_code=204)
async def add_attendant(
    data: JSONBody[wire.NewAttendant], town: NamedDependency[Town], request: StaffRequest
) -> None:
    await use_cases.add_attendant(town, request.user, data)


@get("/till", guards=[device_only])
async def till(town: NamedDependency[Town], request: DeviceRequest) -> wire.Till:
    return await use_cases.till(town, request.user)


@post("/till/shifts", guards=[device_only])
async def open_shift(
    data: JSONBody[wire.PinSignIn], town: NamedDependency[Town], request: DeviceRequest
) -> wire.Shift:
    return await use_cases.open_shift(town, request.user, data.pin)


router = Router("/v1", route_handlers=[enrol, add_attendant, till, open_shift], tags=["kiosks"])
