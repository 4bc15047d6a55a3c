"""`/v1/report`, `/v1/reports/liability`."""

from __future__ import annotations

from litestar import Router, get
from litestar.di import NamedDependency
from litestar.params import FromQuery

from api import wire
from api.bookkeeping.reports import liability as liabilities
from api.bookkeeping.reports import use_cases
from api.platform.access import StaffRequest, staff_only
from api.platform.services import Services


@get("/report")
async def get_report(
    services: NamedDependency[Services], request: StaffRequest, verified: FromQuery[bool] = True
) -> wire.TownshipReport:
    """The township's figures, read from the books; `verified=false` skips recomputing the books."""
    return await use_cases.build_report(services, verified=verified)


@get("/reports/liability")
async def get_liability(services: NamedDependency[Services], request: StaffRequest) -> wire.Liability:
    """What the points that households hold will cost the township, and the fund's balance."""
    return await liabilities.calculate_liability(services)


router = Router("/v1", route_handlers=[get_report, get_liability], guards=[staff_only], tags=["reports"])
