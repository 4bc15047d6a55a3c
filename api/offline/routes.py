"""`/v1/till/leases` and `/v1/journals` for kiosks."""

from __future__ import annotations

from uuid import UUID

from litestar import Router, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from api.access import DeviceRequest, device_only
from api.offline import journals, leases
from api.town import Town
from api.wire import till_journal


@post("/till/leases", guards=[device_only], status_code=200)
async def renew(town: NamedDependency[Town], request: DeviceRequest) -> till_journal.Leases:
    """Top up what this kiosk may spend of each household's points without the network, and tell all of it."""
    return await leases.renew(town, request.user)


@post("/journals/{kiosk:uuid}/{epoch:int}", status_code=200)
async def upload(
    kiosk: FromPath[UUID],
    epoch: FromPath[int],
    data: JSONBody[till_journal.Upload],
    town: NamedDependency[Town],
) -> till_journal.Settlement:
    """Entries of a kiosk's journal, in their order; safe to repeat. The signatures are the sign-in."""
    return await journals.receive(town, kiosk, epoch, data.entries)


router = Router("/v1", route_handlers=[renew, upload], tags=["offline"])
