"""Places at a counter and the machines there."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from msgspec import Meta

from api.wire.base import Code, Name, Wire


class NewKiosk(Wire, frozen=True):
    supermarket: Code
    name: Name


class KioskCode(Wire, frozen=True):
    """What enrols a machine at a kiosk's place, once, until `until`; shown this once."""

    kiosk: UUID
    code: str
    until: datetime


class LeasePolicy(Wire, frozen=True):
    """`PUT /v1/kiosks/{id}/lease-policy`: at most how many points of a household a kiosk holds, and for how many
    days without a contact it sells from them. Counts from the kiosk's next contact."""

    most: Annotated[int, Meta(ge=0, le=10_000)]
    days: Annotated[int, Meta(ge=1, le=60)]


class KioskEnding(Wire, frozen=True):
    """`POST /v1/kiosks/{id}/end`: the machine is lost, broken or put away."""

    reason: Annotated[str, Meta(min_length=1, max_length=200, pattern=r"\S")]
