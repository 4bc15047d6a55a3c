"""`/v1/backups`."""

from __future__ import annotations

from litestar import Router, get
from litestar.di import NamedDependency

from api import wire
from api.bookkeeping.backup import status
from api.platform.access import StaffRequest, staff_only
from api.platform.services import Services


@get("/backups", sync_to_thread=True)
def get_backups(services: NamedDependency[Services], request: StaffRequest) -> wire.BackupStatus:
    """The backups there are, which of them count, and what is in the way. For the office and the supervisors."""
    return status.read_status(services, request.user)


router = Router("/v1", route_handlers=[get_backups], guards=[staff_only], tags=["backups"])
