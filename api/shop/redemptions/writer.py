"""The one way of a redemption into the database: books, receipt and all, with one statement."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import column, text
from sqlalchemy.exc import DBAPIError

from api import wire
from api.platform.database.read_query import ReadQuery
from api.platform.services import Services, UnitOfWork
from api.shop.redemptions.receipts import Booking
from ledger.books import encoded
from ledger.transactions import AccountId, Posting, Status

_STALE = "JM001"


class StaleBatch(Exception):
    """Something isn't as it was any more when the batch was decided: nothing of it stays. `posting`: what the
    books refused, where it was they."""

    def __init__(self, posting: Posting | None = None) -> None:
        super().__init__(posting)
        self.posting = posting


class _Written(msgspec.Struct, frozen=True):
    redemption: UUID
    balance: int


class _Answer(msgspec.Struct, frozen=True):
    written: list[_Written]


class _Detail(msgspec.Struct, frozen=True):
    status: Status
    account: AccountId | None = None
    missing: int = 0


# A query that also writes: the function it calls books the batch.
_WRITE = ReadQuery(
    _Answer,
    written=text("""
        select * from redeem_batch(
            :township, cast(:kiosks as uuid[]), cast(:epochs as integer[]), cast(:shifts as uuid[]),
            cast(:ids as uuid[]), cast(:transactions as jsonb), cast(:redemptions as json), :now)
    """).columns(column("redemption"), column("balance")),
)


async def write(
    where: Services | UnitOfWork, bookings: Sequence[Booking], now: datetime, *, at_the_till: bool = True
) -> list[wire.Receipt]:
    """All of them, or none. `where`: a transaction of their own, or one that goes on. `at_the_till`: only while
    machines and shifts may go on; a journal tells of what was before.

    Raises StaleBatch; a unit of work is broken then, as far back as its last savepoint."""
    tills = {(each.till.kiosk, each.till.epoch) for each in bookings} if at_the_till else set()
    shifts = {each.till.shift for each in bookings} if at_the_till else set()
    try:
        told = await where.read(
            _WRITE,
            now=now,
            kiosks=[kiosk for kiosk, _ in tills],
            epochs=[epoch for _, epoch in tills],
            shifts=list(shifts),
            ids=[each.receipt.id for each in bookings],
            transactions=encoded([transaction for each in bookings for transaction in each.transactions]),
            redemptions=encoded([each.row for each in bookings]),
        )
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", "") == _STALE:
            raise StaleBatch(_refused(error.orig)) from None
        raise
    if not told.written:
        raise StaleBatch
    balances = {each.redemption: each.balance for each in told.written}
    return [msgspec.structs.replace(each.receipt, balance=balances[each.receipt.id]) for each in bookings]


def _refused(error: Any) -> Posting | None:
    # The driver's own error lies behind SQLAlchemy's.
    detail = getattr(error, "detail", None) or getattr(error.__cause__, "detail", None)
    if not detail:
        return None
    refused = msgspec.json.decode(detail, type=_Detail)
    return Posting(refused.status, refused.account, refused.missing)
