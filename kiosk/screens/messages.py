"""What the serving screen can't do by itself: another screen has to come."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from textual.message import Message

from api.wire import PromisedGoods, ShelfItem
from api.wire.promises import PromiseSlip
from api.wire.till_journal import ShiftReport
from kiosk.store.receipts import StoredReceipt


@dataclass
class Served(Message):
    """The household is served; here is its receipt."""

    kept: StoredReceipt


@dataclass
class Recall(Message):
    """The attendant wants to see this receipt again."""

    kept: StoredReceipt


@dataclass
class CardPinWanted(Message):
    """Only the household can go on; `refusal` is what was wrong with the try before."""

    refusal: str = ""


@dataclass
class ToKeep(Message):
    """Goods that are out of stock are to be kept for the household."""

    item: ShelfItem


@dataclass
class Kept(Message):
    """The server keeps them; here is the slip."""

    slip: PromiseSlip


@dataclass
class ToCollect(Message):
    """The attendant wants to see what is kept for the household."""

    promises: list[PromisedGoods]


class ToShelf(Message):
    """The attendant wants to count or look at the shelf."""


class ToVoid(Message):
    """The attendant wants to take a redemption back."""


@dataclass
class ShiftClosed(Message):
    """By the attendant's wish."""

    shift: UUID
    report: ShiftReport


@dataclass
class SignedOut(Message):
    """Nobody serves any more, by the server's word; `obstacle` says why."""

    obstacle: str
