"""Messages of the serving screen that ask the app for another screen."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from textual.message import Message

from api.wire import PromisedGoods, ShelfItem
from api.wire.promises import PromiseSlip
from api.wire.till_journal import ShiftReport
from kiosk.store.receipts import StoredReceipt


@dataclass
class RedemptionCompleted(Message):
    """With the receipt to show. `interrupted`: the program stopped before it could be shown."""

    stored: StoredReceipt
    interrupted: bool = False


@dataclass
class ReceiptRequested(Message):
    """The attendant asked to see this receipt again."""

    stored: StoredReceipt


@dataclass
class CardPinRequested(Message):
    """The household has to enter its card's PIN. `refusal`: why the previous try was refused, or empty."""

    refusal: str = ""


@dataclass
class PromiseRequested(Message):
    """The attendant asked to promise this item, which is out of stock."""

    item: ShelfItem


@dataclass
class PromiseMade(Message):
    """With the slip to show."""

    slip: PromiseSlip


@dataclass
class PromiseListRequested(Message):
    """The attendant asked to see the household's promises."""

    promises: list[PromisedGoods]


class WithoutCardRequested(Message):
    """The attendant has a household without its card before them."""


class StockMenuRequested(Message):
    """The attendant asked for the menu of stock work."""


class VoidRequested(Message):
    """The attendant asked to void a redemption."""


@dataclass
class ShiftClosed(Message):
    """The attendant closed the shift."""

    shift: UUID
    report: ShiftReport


@dataclass
class SignedOut(Message):
    """The server ended the shift; `reason` is a sentence."""

    reason: str
