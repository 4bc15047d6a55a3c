"""`/v1/till/leases`, `/v1/till/stocktakes` and `/v1/journals` for kiosks; `/v1/kiosks/{id}/end` and
`/v1/till-exceptions` for people."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from litestar import Response, Router, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, HeaderParameter, JSONBody, PathParameter, QueryParameter

from api import wire
from api.platform.access import ALSO_FROZEN, DeviceRequest, StaffRequest, device_only, staff_only
from api.platform.services import Services
from api.shop.offline import ending, exceptions, journals, leases, movements
from api.shop.stock import stocktakes
from api.wire import till_journal
from api.wire.shelf import TillStocktake
from api.wire.till_exceptions import TillDecision, TillException, TillExceptions


@post("/till/leases", guards=[device_only], status_code=200, opt={ALSO_FROZEN: True})
async def renew(
    services: NamedDependency[Services],
    request: DeviceRequest,
    last: Annotated[int | None, QueryParameter(ge=0, le=2_000_000_000)] = None,
) -> till_journal.KioskLeases:
    """Top up what this kiosk may spend of each household's points offline; all of its leases. `last`: the
    number of its journal's last entry, without which a server that went back to a backup goes on awaiting it."""
    return await leases.renew(services, request.user, last)


@put("/till/stocktakes/{id:uuid}", guards=[device_only])
async def take_stock(
    id: FromPath[UUID],
    data: JSONBody[TillStocktake],
    services: NamedDependency[Services],
    request: DeviceRequest,
    shift: Annotated[str, HeaderParameter(name="X-Shift", max_length=100)] = "",
) -> Response[wire.StocktakeSheet]:
    """Adjust the books to what was counted at this till; large differences wait for a second person at the desk
    (202). Safe to retry: the first sheet again."""
    device, moved_since = request.user, movements.count_moved_since
    sheet = await stocktakes.take_stock_at_till(services, device, shift, id, data, moved_since)
    return Response(sheet, status_code=202 if sheet.status == "waiting" else 200)


@post("/kiosks/{kiosk:uuid}/end", guards=[staff_only], status_code=204)
async def end(
    kiosk: FromPath[UUID],
    data: JSONBody[wire.KioskEnding],
    services: NamedDependency[Services],
    request: StaffRequest,
) -> None:
    """The machine is lost, broken or out of use; its leased points go back to the households."""
    await ending.end_enrolment(services, request.user, kiosk, data.reason)


@post("/journals/{kiosk:uuid}/{epoch:int}", status_code=200)
async def upload(
    kiosk: FromPath[UUID],
    epoch: FromPath[int],
    data: JSONBody[till_journal.JournalUpload],
    services: NamedDependency[Services],
) -> till_journal.UploadResult:
    """Entries of a kiosk's journal, in their order. Safe to retry. No sign-in: the entries are signed."""
    return await journals.receive(services, kiosk, epoch, data.entries)


@get("/till-exceptions", guards=[staff_only])
async def waiting(services: NamedDependency[Services], request: StaffRequest) -> TillExceptions:
    """Entries that could not be settled automatically; those decided, or settled with a remark, lately."""
    return await exceptions.list_exceptions(services, request.user)


@post(
    "/till-exceptions/{kiosk:uuid}/{epoch:int}/{number:int}/{hash:str}/decision",
    guards=[staff_only],
    status_code=200,
)
async def decide(
    kiosk: FromPath[UUID],
    epoch: FromPath[int],
    number: FromPath[int],
    hash: Annotated[str, PathParameter(pattern=r"^[0-9a-f]{64}(?!\n)$")],
    data: JSONBody[TillDecision],
    services: NamedDependency[Services],
    request: StaffRequest,
) -> TillException:
    """Accept or dismiss an entry that waits; counts once."""
    return await exceptions.decide(services, request.user, kiosk, epoch, number, bytes.fromhex(hash), data)


router = Router("/v1", route_handlers=[renew, take_stock, end, upload, waiting, decide], tags=["offline"])
