"""The household at the till, by its card (`/v1/cards/{token}`) or without it."""

from __future__ import annotations

from typing import Annotated, TypeAlias
from uuid import UUID

from litestar import Router, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, HeaderParameter, JSONBody, QueryParameter

from api import wire
from api.platform.access import ALSO_FROZEN, DeviceRequest, device_only
from api.platform.services import Services
from api.shop.identification import finding, use_cases
from api.wire.identification import CardFreeze, FoundHousehold, Identification, NewIdentification

Shift: TypeAlias = Annotated[str, HeaderParameter(name="X-Shift", max_length=100)]


@get("/cards/{token:str}", guards=[device_only])
async def show(
    token: FromPath[str],
    services: NamedDependency[Services],
    request: DeviceRequest,
    held: FromQuery[bool] = False,
) -> wire.CardView:
    """The masked household behind a scanned card, or behind the token of an identification, and what it has.
    `held`: also which kiosks hold what is elsewhere."""
    return await use_cases.show_card(services, request.user, token, held=held)


@get("/till/households", guards=[device_only])
async def find(
    services: NamedDependency[Services],
    request: DeviceRequest,
    text: Annotated[str, QueryParameter(max_length=80)],
    shift: Shift = "",
) -> list[FoundHousehold]:
    """Households of the supermarket's village by their head's name or its pinyin, their grid, or the end of their
    code. Every search counts: one kiosk may search forty times an hour."""
    return await finding.find_at_till(services, request.user, shift, text)


@post("/till/frozen-cards", guards=[device_only], status_code=204, opt={ALSO_FROZEN: True})
async def freeze(
    data: JSONBody[CardFreeze],
    services: NamedDependency[Services],
    request: DeviceRequest,
    shift: Shift = "",
) -> None:
    """Freeze a card that was reported lost, as the desk does."""
    await finding.freeze_at_till(services, request.user, shift, data)


@put("/till/identifications/{id:uuid}", guards=[device_only])
async def identify(
    id: FromPath[UUID],
    data: JSONBody[NewIdentification],
    services: NamedDependency[Services],
    request: DeviceRequest,
    shift: Shift = "",
) -> Identification:
    """A household without its card, vouched for by the card's PIN or by a witness. Safe to retry."""
    return await use_cases.identify(services, request.user, shift, id, data)


router = Router("/v1", route_handlers=[show, find, freeze, identify], tags=["till"])
