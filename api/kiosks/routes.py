"""`/v1/kiosks`, `/v1/attendants`, and `/v1/till` for the kiosk itself."""

from __future__ import annotations

import hashlib
from typing import Annotated

import msgspec
from litestar import Response, Router, get, post
from litestar.di import NamedDependency
from litestar.openapi import ResponseSpec
from litestar.params import HeaderParameter, JSONBody

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


@get("/till", guards=[device_only], responses={304: ResponseSpec(None, description="As the kiosk knows it")})
async def till(
    town: NamedDependency[Town],
    request: DeviceRequest,
    known: Annotated[str, HeaderParameter(name="If-None-Match", max_length=200)] = "",
) -> Response[wire.Till | None]:
    """What the kiosk needs to serve, under an `ETag`; sent back in `If-None-Match` it is answered with 304 until
    anything here changes, the pieces in stock included."""
    found = await use_cases.till(town, request.user)
    tag = f'"{hashlib.sha256(msgspec.json.encode(found)).hexdigest()[:32]}"'
    headers = {"ETag": tag, "Cache-Control": "private, no-cache"}
    # A proxy may have marked it as weak.
    if tag in (one.strip().removeprefix("W/") for one in known.split(",")):
        return Response(None, status_code=304, headers=headers)
    return Response(found, headers=headers)


@post("/till/shifts", guards=[device_only])
async def open_shift(
    data: JSONBody[wire.PinSignIn], town: NamedDependency[Town], request: DeviceRequest
) -> wire.Shift:
    return await use_cases.open_shift(town, request.user, data.pin)


router = Router("/v1", route_handlers=[enrol, add_attendant, till, open_shift], tags=["kiosks"])
