"""Kiosks at a supermarket's counter, and the machines enrolled as them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from msgspec import Meta

from api.wire.base import Code, Incoming, Name, Reason, Wire
from api.wire.founding import LeaseDays, LeaseMost


class NewKiosk(Incoming, frozen=True):
    supermarket: Code
    name: Name


class KioskCode(Wire, frozen=True):
    """A one-time code that enrols a machine as this kiosk, until `until`; shown only once."""

    kiosk: UUID
    code: str
    until: datetime


class LeasePolicy(Incoming, frozen=True):
    """`PUT /v1/kiosks/{id}/lease-policy`: the most points of a household that a kiosk may hold, and for how many
    days without the network it may sell from them. After `idle_days` without a word no points are kept for it;
    left out, that stays as it is. Takes effect at the kiosk's next contact."""

    most: LeaseMost
    days: LeaseDays
    idle_days: LeaseDays | None = None


class LockPolicy(Incoming, frozen=True):
    """`PUT /v1/kiosks/{id}/lock-policy`: after how many minutes without a key or scan the kiosk asks for the
    attendant's PIN again. Takes effect at the kiosk's next contact."""

    minutes: Annotated[int, Meta(ge=1, le=480)]


class KioskEnding(Incoming, frozen=True):
    """`POST /v1/kiosks/{id}/end`: the machine is lost, broken or retired."""

    reason: Reason
