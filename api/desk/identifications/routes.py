"""`/v1/identifications`: who was served without a card, by whom, and on whose word."""

from __future__ import annotations

import msgspec
from litestar import Router, get
from litestar.di import NamedDependency

from api.desk.identifications.month import Month, read_identified
from api.platform.access import StaffRequest, staff_only
from api.platform.services import Services
from api.wire.identification import IdentifiedMonthView, IdentifiedVisitView, VouchingView


@get("/identifications")
async def show_month(
    services: NamedDependency[Services], request: StaffRequest, month: Month = None
) -> IdentifiedMonthView:
    """Of a month, this one if none is said: at the supermarkets of one's village, or of the township."""
    told = await read_identified(services, request.user, month)
    return IdentifiedMonthView(
        month=f"{told.first:%Y-%m}",
        most=told.most,
        vouchings=[msgspec.convert(v, VouchingView, from_attributes=True) for v in told.found.vouchings],
        visits=[msgspec.convert(v, IdentifiedVisitView, from_attributes=True) for v in told.found.visits],
    )


router = Router("/v1", route_handlers=[show_month], guards=[staff_only], tags=["identifications"])
