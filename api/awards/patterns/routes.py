"""`/v1/patterns`: unusual patterns, for supervisors alone."""

from __future__ import annotations

from typing import Annotated

from litestar import Router, get
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from api import wire
from api.awards.patterns.periods import PATTERN, offer_periods, read_period
from api.awards.patterns.use_cases import find_patterns
from api.platform.access import StaffRequest, staff_only
from api.platform.clock import local_date
from api.platform.services import Services

PeriodKey = Annotated[str | None, QueryParameter(pattern=PATTERN)]
VillageCode = Annotated[str | None, QueryParameter(min_length=1, max_length=40)]


@get("/patterns")
async def show_patterns(
    services: NamedDependency[Services],
    request: StaffRequest,
    village: VillageCode = None,
    period: PeriodKey = None,
) -> wire.PatternsView:
    """Of a village, or of all that the supervisor serves; in this month if no period is said, as `2026-06`,
    `2026-q2` or `2026`."""
    this_month = offer_periods(local_date(services.clock.now()))[0]
    return await find_patterns(
        services, request.user, village, read_period(period) if period else this_month.period
    )


router = Router("/v1", route_handlers=[show_patterns], guards=[staff_only], tags=["patterns"])
