"""`/v1/till/…`: the stock of a kiosk's supermarket."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from litestar import Router, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, HeaderParameter, JSONBody, QueryParameter

from api.platform.access import DeviceRequest, device_only
from api.platform.services import Services
from api.shop.stock import receipt_views, receipts, stock_alerts
from api.wire import shelf

Shift = Annotated[str, HeaderParameter(name="X-Shift", max_length=100)]


@get("/shelf-watch")
async def shelf_watch(
    services: NamedDependency[Services],
    request: DeviceRequest,
    days: Annotated[int, QueryParameter(ge=0, le=366)] = stock_alerts.DEFAULT_DAYS,
) -> shelf.StockAlerts:
    """Products running out, and lots with pieces left whose date is past or within so many days."""
    return await stock_alerts.read_for_till(services, request.user, days)


@get("/receipts")
async def open_receipts(services: NamedDependency[Services], request: DeviceRequest) -> list[shelf.GoodsReceipt]:
    """Drafts that wait for a second person's count, the oldest first."""
    return await receipt_views.list_for_till(services, request.user)


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
    """A second attendant's count, by their PIN, which is posted. Safe to retry."""
    return await receipts.confirm_at_till(services, request.user, id, data)


@post("/receipts/{id:uuid}/withdraw", status_code=200)
async def withdraw(
    id: FromPath[UUID],
    data: JSONBody[shelf.Withdrawal],
    services: NamedDependency[Services],
    request: DeviceRequest,
    shift: Shift = "",
) -> shelf.GoodsReceipt:
    """Close a draft without booking it."""
    return await receipts.withdraw_at_till(services, request.user, shift, id, data.reason)


router = Router(
    "/v1/till",
    route_handlers=[shelf_watch, open_receipts, write, confirm, withdraw],
    guards=[device_only],
    tags=["stock"],
)
