"""The attendants of supermarkets, as the desk manages them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from msgspec import Meta

from api.wire.base import Code, Incoming, PersonName, Pin, Reason, Wire


class NewAttendant(Incoming, frozen=True):
    """`POST /v1/attendants`: the attendant chooses the PIN. `household`: the code of the attendant's own."""

    supermarket: Code
    name: PersonName
    pin: Pin
    household: Annotated[str, Meta(pattern=r"^[a-z0-9-]{0,40}(?!\n)$")] = ""


class NewPin(Incoming, frozen=True):
    """`PUT /v1/attendants/{id}/pin`: the old one opens no till any more, once that has heard of it."""

    pin: Pin
    reason: Reason


class AttendantEnding(Incoming, frozen=True):
    """`POST /v1/attendants/{id}/end`: why the attendant serves no more."""

    reason: Reason


class AttendantChange(Wire, frozen=True):
    """`kind`: added, pin, household, ended. `person`: the name of who did it."""

    kind: str
    person: str
    reason: str
    changed_at: datetime


class AttendantView(Wire, frozen=True):
    """`household`: its code, or empty. `kiosk`: the name of the place with the attendant's open shift, or empty.
    `changes`: the latest first."""

    id: UUID
    supermarket: str
    name: str
    household: str
    kiosk: str
    ended_at: datetime | None
    changes: list[AttendantChange]
