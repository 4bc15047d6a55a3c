"""How a township begins, and what new things in it begin with."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from msgspec import Meta

from api.wire.base import Incoming

NoticeDays = Annotated[int, Meta(ge=0, le=30)]
LeaseMost = Annotated[int, Meta(ge=0, le=10_000)]
LeaseDays = Annotated[int, Meta(ge=1, le=60)]


class TownshipDefaults(Incoming, frozen=True):
    """`PUT /v1/township-defaults`: what new things begin with. `notice_days`: of a new village. `pin_above`: above
    how many points a card's PIN is asked, where the household doesn't choose otherwise. `lease_most` and
    `lease_days`: of a new kiosk, as in its lease policy."""

    notice_days: NoticeDays
    pin_above: Annotated[int, Meta(ge=1, le=10_000)]
    lease_most: LeaseMost
    lease_days: LeaseDays


class TownshipDefaultsView(TownshipDefaults, frozen=True):
    """`since` is null for those that the software begins with; `confirmed_by` is empty for those that the township
    was founded with."""

    since: datetime | None = None
    proposed_by: str = ""
    confirmed_by: str = ""
