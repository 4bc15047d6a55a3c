"""`/v1/kiosks`, `/v1/attendants`, and the shifts of a till."""

from __future__ import annotations

from uuid import UUID

from litestar import Router, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from api import wire
from api.platform.access import DeviceRequest, StaffRequest, device_only, staff_only
from api.platform.services import Services
from api.shop.kiosks import attendants, enrolment, use_cases
from api.wire import till_journal


@post("/kiosks", guards=[staff_only])
async def add(
    data: JSONBody[wire.NewKiosk], services: NamedDependency[Services], request: StaffRequest
) -> wire.KioskCode:
    """A place at a counter; the code that enrols a machine there is shown this once."""
    return await enrolment.add_kiosk(services, request.user, data)


@post("/kiosks/{kiosk:uuid}/code", guards=[staff_only])
async def new_code(
    kiosk: FromPath[UUID], services: NamedDependency[Services], request: StaffRequest
) -> wire.KioskCode:
    """A code for another machine, once the previous enrolment has ended."""
    return await enrolment.issue_code(services, request.user, kiosk)


@put("/kiosks/{kiosk:uuid}/lease-policy", guards=[staff_only], status_code=204)
async def set_lease_policy(
    kiosk: FromPath[UUID],
    data: JSONBody[wire.LeasePolicy],
    services: NamedDependency[Services],
    request: StaffRequest,
) -> None:
    """How many points of each household the kiosk may hold, and for how many days it may sell offline."""
    await enrolment.set_lease_policy(services, request.user, kiosk, data)


@put("/kiosks/{kiosk:uuid}/lock-policy", guards=[staff_only], status_code=204)
async def set_lock_policy(
    kiosk: FromPath[UUID],
    data: JSONBody[wire.LockPolicy],
    services: NamedDependency[Services],
    request: StaffRequest,
) -> None:
    """After how many minutes without a key the kiosk asks for the attendant's PIN again."""
    await enrolment.set_lock_policy(services, request.user, kiosk, data)


@post("/enrolments")
async def enrol(
    data: JSONBody[till_journal.NewEnrolment], services: NamedDependency[Services]
) -> till_journal.Enrolment:
    """A machine becomes a kiosk by its one-time code; the device token is shown this once."""
    return await enrolment.enrol(services, data)


@post("/attendants", guards=[staff_only], status_code=204)
async def add_attendant(
    data: JSONBody[wire.NewAttendant], services: NamedDependency[Services], request: StaffRequest
) -> None:
    await attendants.add_attendant(services, request.user, data)


@get("/supermarkets/{supermarket:str}/attendants", guards=[staff_only])
async def list_attendants(
    supermarket: FromPath[str], services: NamedDependency[Services], request: StaffRequest
) -> list[wire.AttendantView]:
    """Those who serve, by name, then those who have ended, each with what was done about them."""
    return await attendants.list_attendants(services, request.user, supermarket)


@put("/attendants/{id:uuid}/pin", guards=[staff_only], status_code=204)
async def set_pin(
    id: FromPath[UUID],
    data: JSONBody[wire.NewPin],
    services: NamedDependency[Services],
    request: StaffRequest,
) -> None:
    await attendants.set_pin(services, request.user, id, data)


@post("/attendants/{id:uuid}/end", guards=[staff_only], status_code=204)
async def end_attendant(
    id: FromPath[UUID],
    data: JSONBody[wire.AttendantEnding],
    services: NamedDependency[Services],
    request: StaffRequest,
) -> None:
    """An open shift is closed at once; a till hears of it with its next contact. Safe to retry."""
    await attendants.end_attendant(services, request.user, id, data)


@post("/till/shifts", guards=[device_only])
async def open_shift(
    data: JSONBody[wire.PinSignIn], services: NamedDependency[Services], request: DeviceRequest
) -> wire.Shift:
    return await use_cases.open_shift(services, request.user, data)


router = Router(
    "/v1",
    route_handlers=[
        add,
        new_code,
        set_lease_policy,
        set_lock_policy,
        enrol,
        add_attendant,
        list_attendants,
        set_pin,
        end_attendant,
        open_shift,
    ],
    tags=["kiosks"],
)
