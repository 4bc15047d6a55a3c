"""`/v1/till/…`: what a kiosk needs to keep its shelf."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from litestar import Router, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, HeaderParameter, JSONBody, QueryParameter

from api import wire
from api.platform.access import DeviceRequest, device_only
from api.platform.services import Services
from api.shop.stock import receipt_views, receipts, stocktakes, watch
from api.wire import shelf

Shift = Annotated[str, HeaderParameter(name="X-Shift", max_length=100)]


@get("/shelf-watch")
async def shelf_watch(
    services: NamedDependency[Services],
    request: DeviceRequest,
    days: Annotated[int, QueryParameter(ge=0, le=366)] = watch.DAYS,
) -> shelf.StockAlerts:
    """Products running out, and lots with pieces left whose date is past or within so many days."""
    return await watch.of_till(services, request.user, days)


@get("/receipts")
async def open_receipts(services: NamedDependency[Services], request: DeviceRequest) -> list[shelf.GoodsReceipt]:
    """What was written down and waits for a second person's count, the oldest first."""
    return await receipt_views.of_till(services, request.user)


@put("/receipts/{id:uuid}")
async def write(
    id: FromPath[UUID],
    data: JSONBody[shelf.GoodsReceiptDraft],
    services: NamedDependency[Services],
    request: DeviceRequest,
    shift: Shift = "",
) -> shelf.GoodsReceipt:
    """Write down what arrived, for somebody else to count. Safe to retry."""
    return await receipts.write_at_till(services, request.user, shift, id, data)


@post("/receipts/{id:uuid}/confirm", status_code=200)
async def confirm(
    id: FromPath[UUID],
    data: JSONBody[shelf.ReceiptCountByPin],
    services: NamedDependency[Services],
    request: DeviceRequest,
) -> shelf.GoodsReceipt:
    """A second attendant's count, by their PIN: it goes on the shelf. Safe to retry."""
    return await receipts.confirm_at_till(services, request.user, id, data)


@post("/receipts/{id:uuid}/withdraw", status_code=200)
async def withdraw(
    id: FromPath[UUID],
    data: JSONBody[shelf.Withdrawal],
    services: NamedDependency[Services],
    request: DeviceRequest,
    shift: Shift = "",
) -> shelf.GoodsReceipt:
    """Put a draft aside; nothing of it arrives."""
    return await receipts.withdraw_at_till(services, request.user, shift, id, data.reason)


@put("/stocktakes/{id:uuid}")
async def take_stock(
    id: FromPath[UUID],
    data: JSONBody[shelf.TillStocktake],
    services: NamedDependency[Services],
    request: DeviceRequest,
    shift: Shift = "",
) -> wire.StocktakeSheet:
    """Bring the books to what was counted at this till. Safe to retry: the first sheet again."""
    return await stocktakes.take_stock_at_till(services, request.user, shift, id, data)


router = Router(
    "/v1/till",
    route_handlers=[shelf_watch, open_receipts, write, confirm, withdraw, take_stock],
    guards=[device_only],
    tags=["stock"],
)
