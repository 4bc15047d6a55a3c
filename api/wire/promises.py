"""The wire types of promises: goods that are out of stock, kept for a household at today's price until they come.

Promises need the network: whose turn it is when goods arrive, only the server knows.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from msgspec import Meta

from api.wire import Points, Quantity, Reason, ReceiptLine, Wire


class NewPromise(Wire, frozen=True):
    """`PUT /v1/promises/{uuid}` (device token and `X-Shift`). Safe to retry: the same id with the same content
    gives the first slip again; with other content, 409.

    `price` is the one the attendant saw. `leased`: how many of the household's points that this kiosk holds may be
    taken where the account alone doesn't reach; it isn't part of the content."""

    card: str
    product: str
    quantity: Quantity
    price: Points
    leased: Points = 0


class PromiseSlip(Wire, frozen=True):
    """The answer to a promise: `line.points` are set aside until `expires_at` and come back by themselves then.
    `balance` is what the household could still spend at this kiosk right after it, `leased` what was taken of the
    points that the kiosk holds."""

    id: UUID
    supermarket: str
    attendant: str
    name: str
    line: ReceiptLine
    balance: Points
    leased: Points
    promised_at: datetime
    expires_at: datetime


class Collection(Wire, frozen=True):
    """`PUT /v1/promises/{uuid}/collection` (device token and `X-Shift`): the goods are handed over at the
    promised price, at any kiosk of the supermarket; the answer is a `Receipt`. Safe to retry like a redemption.
    `collector`: the card of a neighbour who takes the goods home."""

    card: str
    collector: Annotated[str, Meta(max_length=200)] = ""


class Cancellation(Wire, frozen=True):
    """`POST /v1/promises/{uuid}/cancel` (device token and `X-Shift`): the household doesn't want the goods any
    more. The points come back to its account. Safe to retry."""

    card: str
    reason: Reason
