"""Writes redemptions: transactions, receipts and rows with one statement, whoever asked for them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import column, text
from sqlalchemy.exc import DBAPIError

from api import wire
from api.platform.database.read_query import WriteQuery
from api.platform.services import Services, UnitOfWork
from api.shop.redemptions.receipts import Booking
from ledger.books import encode_json
from ledger.transactions import AccountId, PostingResult, Status

_STALE = "JM001"


class StaleBatch(Exception):
    """Something has changed since the batch was decided, and nothing of it was written. `posting`: what the books
    refused, if they did."""

    def __init__(self, posting: PostingResult | None = None) -> None:
        super().__init__(posting)
        self.posting = posting


class _RecordedRedemption(msgspec.Struct, frozen=True):
    redemption: UUID
    balance: int


class _Result(msgspec.Struct, frozen=True):
    recorded: list[_RecordedRedemption]


class _RefusedPosting(msgspec.Struct, frozen=True):
    status: Status
    account: AccountId | None = None
    missing: int = 0


_WRITE = WriteQuery(
    _Result,
    recorded=text("""
        select * from redeem_batch(
            :township, cast(:kiosks as uuid[]), cast(:epochs as integer[]), cast(:shifts as uuid[]),
            cast(:ids as uuid[]), cast(:transactions as jsonb), cast(:redemptions as json), :now)
    """).columns(column("redemption"), column("balance")),
)


async def write(
    target: Services | UnitOfWork, bookings: Sequence[Booking], now: datetime, *, live: bool = True
) -> list[wire.Receipt]:
    """All of them, or none. `target`: services for a transaction of its own, or the unit of work it belongs to.
    `live`: require that enrolments and shifts are still open; a journal reports sales of the past.

    Raises StaleBatch; a unit of work is then unusable up to its last savepoint."""
    tills = {(each.till.kiosk, each.till.epoch) for each in bookings} if live else set()
    shifts = {each.till.shift for each in bookings} if live else set()
    try:
        result = await target.read(
            _WRITE,
            now=now,
            kiosks=[kiosk for kiosk, _ in tills],
            epochs=[epoch for _, epoch in tills],
            shifts=list(shifts),
            ids=[each.receipt.id for each in bookings],
            transactions=encode_json([transaction for each in bookings for transaction in each.transactions]),
            redemptions=encode_json([each.row for each in bookings]),
        )
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", "") == _STALE:
            raise StaleBatch(_parse_posting(error.orig)) from None
        raise
    if not result.recorded:
        raise StaleBatch
    balances = {each.redemption: each.balance for each in result.recorded}
    return [msgspec.structs.replace(each.receipt, balance=balances[each.receipt.id]) for each in bookings]


def _parse_posting(error: Any) -> PostingResult | None:
    # SQLAlchemy's error wraps the driver's.
    detail = getattr(error, "detail", None) or getattr(error.__cause__, "detail", None)
    if not detail:
        return None
    refused = msgspec.json.decode(detail, type=_RefusedPosting)
    return PostingResult(refused.status, refused.account, refused.missing)
