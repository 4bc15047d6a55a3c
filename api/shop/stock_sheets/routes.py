"""`/v1/stock-sheets`, `/v1/price-rate`."""

from __future__ import annotations

from litestar import Response, Router, get, post, put
from litestar.di import NamedDependency
from litestar.params import JSONBody

from api import wire
from api.platform.access import StaffRequest, staff_only
from api.platform.services import Services
from api.shop.stock_sheets import rates, use_cases
from api.web.answers import answer
from api.wire.stock_sheets import PriceRate, PriceRateView, StockSheet


@post("/stock-sheets")
async def propose(
    data: JSONBody[StockSheet], services: NamedDependency[Services], request: StaffRequest
) -> Response[wire.ProposalView | None]:
    """New products, prices and first stock, as one proposal: a second person confirms all of it or nothing
    (202). The same sheet again is the same proposal, and changes nothing once it was confirmed (204)."""
    return answer(await use_cases.propose_sheet(services, request.user, data))


@get("/price-rate")
async def show_rate(services: NamedDependency[Services], request: StaffRequest) -> PriceRateView:
    """How many fen a point stands for in proposed prices."""
    return await rates.show_rate(services, request.user)


@put("/price-rate", status_code=204)
async def state_rate(
    data: JSONBody[PriceRate], services: NamedDependency[Services], request: StaffRequest
) -> None:
    """It changes no price by itself."""
    await rates.state_rate(services, request.user, data)


router = Router("/v1", route_handlers=[propose, show_rate, state_rate], guards=[staff_only], tags=["stock"])
