"""`GET /v1/till/recalls`: a kiosk hears within a second that its household wants its points elsewhere."""

from __future__ import annotations

from typing import Annotated

from litestar import Response, Router, get
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.openapi import ResponseSpec
from litestar.params import HeaderParameter, QueryParameter

from api.platform.access import DeviceRequest, device_only
from api.platform.services import Services
from api.shop.holdings.board import MAX_WAIT, RecallBoard
from api.shop.holdings.recalls import listen
from api.wire.till_journal import Recalls


@get(
    "/till/recalls",
    guards=[device_only],
    responses={304: ResponseSpec(None, description="Nothing new for so long")},
)
async def wait_for_recalls(
    services: NamedDependency[Services],
    state: State,
    request: DeviceRequest,
    wait: Annotated[float, QueryParameter(ge=0, le=MAX_WAIT)] = 0,
    if_none_match: Annotated[str, HeaderParameter(name="If-None-Match", max_length=200)] = "",
) -> Response[Recalls | None]:
    """The points that this kiosk shall return, under an `ETag`. With that in `If-None-Match` the answer waits, for
    `wait` seconds at most, until there is something new; 304 if there isn't."""
    board: RecallBoard = state.recall_board
    known = if_none_match.strip().removeprefix("W/").strip('"')
    recalls = await listen(services, request.user, wait)
    if wait and recalls.tag == known:
        recalls = await board.wait(request.user, recalls, wait)
    headers = {"ETag": f'"{recalls.tag}"', "Cache-Control": "private, no-cache"}
    if recalls.tag == known:
        return Response(None, status_code=304, headers=headers)
    return Response(recalls.to_wire(services.clock.now()), headers=headers)


router = Router("/v1", route_handlers=[wait_for_recalls], tags=["till"])
