"""What others ask of an identification: what it stands for, and whether it still counts."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

import msgspec
from sqlalchemy import LargeBinary, bindparam, func, select, true

from api import wire
from api.platform.database.read_query import ReadQuery
from api.platform.errors import ErrorCode, Refused
from api.shop.identification.tables import Identification
from api.shop.kiosks.tables import Attendant, Shift
from ledger.lookup import lateral_one


class IdentificationFacts(msgspec.Struct, frozen=True):
    """`card`: SHA-256 of the card that it stands for, in hexadecimal. `witness`: the name, or None where it was
    the PIN. `shift_closed`, `witness_ended`: since then."""

    id: UUID
    kiosk: UUID
    shift: UUID
    household: UUID
    card: str
    valid_until: datetime
    shift_closed: bool
    witness: str | None
    witness_ended: bool

    @property
    def by_pin(self) -> bool:
        return self.witness is None

    @property
    def by(self) -> wire.IdentifiedBy:
        if self.witness is None:
            return wire.IdentifiedBy(by="pin")
        return wire.IdentifiedBy(by="witness", witness=self.witness)


class _Found(msgspec.Struct, frozen=True):
    identifications: list[IdentificationFacts]


class Reader(Protocol):
    """`Services` to read by itself, or a unit of work to read within it."""

    async def read(self, query: ReadQuery[_Found], **values: Any) -> _Found: ...


def _make_query() -> ReadQuery[_Found]:
    shift = lateral_one(
        select(Shift.closed_at).where(Shift.township == Identification.township, Shift.id == Identification.shift),
        "in_shift",
    )
    witness = lateral_one(
        select(Attendant.name, Attendant.ended_at).where(
            Attendant.township == Identification.township, Attendant.id == Identification.witness
        ),
        "by_witness",
    )
    found = (
        select(
            Identification.id,
            Identification.kiosk,
            Identification.shift,
            Identification.household,
            func.encode(Identification.card, "hex").label("card"),
            Identification.valid_until,
            shift.c.closed_at.is_not(None).label("shift_closed"),
            witness.c.name.label("witness"),
            witness.c.ended_at.is_not(None).label("witness_ended"),
        )
        .select_from(Identification)
        .join(shift, true())
        .outerjoin(witness, true())
        .where(
            Identification.township == bindparam("township"),
            Identification.digest == bindparam("token", type_=LargeBinary),
        )
    )
    return ReadQuery(_Found, identifications=found)


_QUERY = _make_query()


async def find_identification(reader: Reader, token: bytes) -> IdentificationFacts | None:
    """By the digest of its token, whether it still counts or not."""
    found = await reader.read(_QUERY, token=token)
    return found.identifications[0] if found.identifications else None


def require_valid(identification: IdentificationFacts, kiosk: UUID, household: UUID, now: datetime) -> None:
    """`household`: whose card it is that the identification stands for. Raises Refused: identification-over."""
    if identification.kiosk != kiosk or identification.shift_closed:
        raise _over("没带卡的认户只在当时的终端和班次有效")
    if now >= identification.valid_until:
        raise _over("没带卡的认户已经过了五分钟")
    if identification.witness_ended:
        raise _over("证明人已经停用")
    if household != identification.household:
        raise _over("这户刚刚有变动")


def _over(why: str) -> Refused:
    return Refused(ErrorCode.IDENTIFICATION_OVER, f"{why}，请重新找户、再认一次。")
