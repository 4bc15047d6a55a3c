"""`/v1/kiosks`, `/v1/attendants`, and `/v1/till` for the kiosk itself."""

from __future__ import annotations

import hashlib
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Response, Router, get, post, put
from litestar.di import NamedDependency
from litestar.openapi import ResponseSpec
from litestar.params import FromPath, HeaderParameter, JSONBody

from api import wire
from api.access import DeviceRequest, StaffRequest, device_only, staff_only
from api.kiosks import enrolment, use_cases
from api.town import Town
from api.wire import till_journal


@post("/kiosks", guards=[staff_only])
async def add(data: JSONBody[wire.NewKiosk], town: NamedDependency[Town], request: StaffRequest) -> wire.KioskCode:
    """A place at a counter; the code that enrols a machine there is shown this once."""
    return await enrolment.add(town, request.user, data)


@post("/kiosks/{kiosk:uuid}/code", guards=[staff_only])
async def new_code(kiosk: FromPath[UUID], town: NamedDependency[Town], request: StaffRequest) -> wire.KioskCode:
    """A code for another machine, once the one before it was ended."""
    return await enrolment.new_code(town, request.user, kiosk)


@post("/kiosks/{kiosk:uuid}/end", guards=[staff_only], status_code=204)
async def end(
    kiosk: FromPath[UUID],
    data: JSONBody[wire.KioskEnding],
    town: NamedDependency[Town],
    request: StaffRequest,
) -> None:
    """The machine is lost, broken or put away; what it holds goes back to the households."""
    await enrolment.end(town, request.user, kiosk, data.reason)


@put("/kiosks/{kiosk:uuid}/lease-policy", guards=[staff_only], status_code=204)
async def set_lease_policy(
    kiosk: FromPath[UUID],
    data: JSONBody[wire.LeasePolicy],
    town: NamedDependency[Town],
    request: StaffRequest,
) -> None:
    """How many points of a household the kiosk may hold, and for how many days it sells from them alone."""
    await enrolment.set_lease_policy(town, request.user, kiosk, data)


@post("/enrolments")
async def enrol(data: JSONBody[till_journal.NewEnrolment], town: NamedDependency[Town]) -> till_journal.Enrolment:
    """A machine becomes a kiosk by its one-time code; the device token is shown this once."""
    return await enrolment.enrol(town, data)


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


router = Router(
    "/v1",
    route_handlers=[add, new_code, end, set_lease_policy, enrol, add_attendant, till, open_shift],
    tags=["kiosks"],
)
