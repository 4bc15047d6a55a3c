"""Promises: goods that are out of stock, reserved for a household at today's price until they arrive.

Promises need the network: only the server knows whose turn it is when goods arrive.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID, uuid5

from api.wire import Incoming, Points, Quantity, Reason, ReceiptLine, Wire
from api.wire.base import CardText, CollectorCard, Key, PointSum


class NewPromise(Incoming, frozen=True):
    """`PUT /v1/promises/{uuid}` (device token and `X-Shift`). Safe to retry: the same id with the same content
    returns the first slip; with other content, 409.

    `price` is the one the attendant saw. `leased`: how many of the household's points held by this kiosk may be
    used if the account alone doesn't suffice; not part of the content."""

    card: CardText
    product: Key
    quantity: Quantity
    price: Points
    leased: PointSum = 0


class PromiseSlip(Wire, frozen=True):
    """The answer to a promise: `line.points` are reserved until `expires_at` and released then. `balance` is all
    that the household can still spend right after it, wherever it is held, `leased` what was used of the points
    that the kiosk holds."""

    id: UUID
    supermarket: str
    attendant: str
    name: str
    line: ReceiptLine
    balance: PointSum
    leased: PointSum
    promised_at: datetime
    expires_at: datetime


class Collection(Incoming, frozen=True):
    """`PUT /v1/promises/{uuid}/collection` (device token and `X-Shift`): the goods are handed over at the
    promised price, at any kiosk of the supermarket; the answer is a `Receipt`. Safe to retry like a redemption.
    `collector`: the card of somebody who collects the goods for the household."""

    card: CardText
    collector: CollectorCard = ""


def collection_id(promise: UUID) -> UUID:
    """Of the redemption by which it is collected: whoever collects it again asks for the same one."""
    return uuid5(promise, "collection")


class Cancellation(Incoming, frozen=True):
    """`POST /v1/promises/{uuid}/cancel` (device token and `X-Shift`): the household doesn't want the goods any
    more. The points are released to its account. Safe to retry."""

    card: CardText
    reason: Reason
