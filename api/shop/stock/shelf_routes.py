"""`/v1/goods-receipts`, `/v1/stock/watch`, products and shelves, for people at the desk."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from litestar import Response, Router, delete, get, patch, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from api.platform.access import StaffRequest, staff_only
from api.platform.services import Services
from api.shop.stock import goods, receipt_views, receipts, stock_alerts
from api.web.answers import answer
from api.wire import ProposalView
from api.wire import shelf as wire


@get("/goods-receipts")
async def list_receipts(
    services: NamedDependency[Services],
    request: StaffRequest,
    closed: FromQuery[bool] = False,
    supermarket: FromQuery[str] = "",
) -> list[wire.GoodsReceipt]:
    """Open ones, the oldest first, or closed ones, the latest first; at most 200."""
    return await receipt_views.list_for_staff(services, request.user, supermarket, closed=closed)


@get("/goods-receipts/{id:uuid}")
async def one_receipt(
    id: FromPath[UUID], services: NamedDependency[Services], request: StaffRequest
) -> wire.GoodsReceipt:
    return await receipt_views.read_by_id(services, request.user, id)


@put("/goods-receipts/{id:uuid}")
async def write(
    id: FromPath[UUID],
    data: JSONBody[wire.NewGoodsReceipt],
    services: NamedDependency[Services],
    request: StaffRequest,
) -> wire.GoodsReceipt:
    """Write down what arrived, for somebody else to count. Safe to retry."""
    return await receipts.write(services, request.user, id, data)


@post("/goods-receipts/{id:uuid}/confirm", status_code=200)
async def confirm(
    id: FromPath[UUID],
    data: JSONBody[wire.ReceiptCount],
    services: NamedDependency[Services],
    request: StaffRequest,
) -> wire.GoodsReceipt:
    """A second person's count, which is posted. Safe to retry."""
    return await receipts.confirm(services, request.user, id, data)


@post("/goods-receipts/{id:uuid}/withdraw", status_code=200)
async def withdraw(
    id: FromPath[UUID], data: JSONBody[wire.Withdrawal], services: NamedDependency[Services], request: StaffRequest
) -> wire.GoodsReceipt:
    """Close a draft without booking it."""
    return await receipts.withdraw(services, request.user, id, data.reason)


@get("/stock/watch")
async def stock_watch(
    services: NamedDependency[Services],
    request: StaffRequest,
    days: Annotated[int, QueryParameter(ge=0, le=366)] = stock_alerts.DEFAULT_DAYS,
    supermarket: FromQuery[str] = "",
) -> wire.StockAlerts:
    """Products running out, and lots with pieces left whose date is past or within so many days."""
    return await stock_alerts.read_for_staff(services, request.user, days, supermarket)


@patch("/products/{product:str}")
async def change_product(
    product: FromPath[str],
    data: JSONBody[wire.ProductChange],
    services: NamedDependency[Services],
    request: StaffRequest,
) -> Response[ProposalView | None]:
    """A new name, price, barcode or minimum, in every supermarket (204); receipts stay as they are. A price that
    moves far is proposed (202), for a second person to confirm."""
    return answer(await goods.change_product(services, request.user, product, data))


@get("/products/{product:str}/prices")
async def prices(
    product: FromPath[str], services: NamedDependency[Services], request: StaffRequest
) -> list[wire.PriceChange]:
    """Every change of the price, the latest first."""
    return await goods.list_price_changes(services, request.user, product)


@get("/supermarkets/{supermarket:str}/shelf")
async def shelf(
    supermarket: FromPath[str], services: NamedDependency[Services], request: StaffRequest
) -> list[wire.ShelfLine]:
    return await goods.list_shelf(services, request.user, supermarket)


@put("/supermarkets/{supermarket:str}/shelf/{product:str}", status_code=204)
async def place(
    supermarket: FromPath[str],
    product: FromPath[str],
    data: JSONBody[wire.ShelfPlacement],
    services: NamedDependency[Services],
    request: StaffRequest,
) -> None:
    """Put a product on a shelf, or give the shelf another minimum."""
    await goods.place_on_shelf(services, request.user, supermarket, product, data)


@delete("/supermarkets/{supermarket:str}/shelf/{product:str}", status_code=204)
async def retire(
    supermarket: FromPath[str], product: FromPath[str], services: NamedDependency[Services], request: StaffRequest
) -> None:
    """Take a product off a shelf that has none of it left."""
    await goods.retire(services, request.user, supermarket, product)


router = Router(
    "/v1",
    route_handlers=[
        list_receipts,
        one_receipt,
        write,
        confirm,
        withdraw,
        stock_watch,
        change_product,
        prices,
        shelf,
        place,
        retire,
    ],
    guards=[staff_only],
    tags=["stock"],
)
