"""A household without its card at the till: it is found, vouched for, and served for some minutes; a lost card is
frozen. All of it needs the network."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated
from uuid import UUID

from msgspec import Meta

from api.wire.base import Incoming, Reason, Wire
from api.wire.till import CardView, IdentifiedBy, PinSignIn
from api.wire.till_journal import Digest


class FoundHousehold(Wire, frozen=True):
    """`GET /v1/till/households?text=…` (device token and `X-Shift`): at most nine of the supermarket's village.
    `name` is masked; `code_end`: the last four signs of its code. Without a card, or with a frozen one, it can't
    be identified; without a PIN only by a witness."""

    household: UUID
    name: str
    village: str
    grid: str
    code_end: str
    has_card: bool
    frozen: bool
    has_pin: bool


class CardFreeze(Incoming, frozen=True):
    """`POST /v1/till/frozen-cards` (device token and `X-Shift`): the household's card was reported lost. Safe to
    retry."""

    household: UUID
    reason: Reason


class NewIdentification(Incoming, frozen=True):
    """`PUT /v1/till/identifications/{uuid}` (device token and `X-Shift`): by `card_pin`, the PIN of the
    household's card, or by a `witness`, another attendant of the supermarket; by one of them. Safe to retry: the
    same id with the same content returns the same token; with other content, 409."""

    household: UUID
    card_pin: Annotated[str, Meta(pattern=r"^[0-9]{4,8}(?!\n)$|^(?!\n)$")] = ""
    witness: PinSignIn | None = None


class Identification(Wire, frozen=True):
    """`token` stands for the household's card at this kiosk, in this shift, until `until`: wherever a card's text
    is sent, but never as a collector's and never without the network. `card`: SHA-256 of the card that it stands
    for, by which the kiosk's journal reports what was done with it. `view`: as of a scanned card; its `pin_above`
    is null where the PIN was given already. `identified` will stand on the receipt."""

    token: str
    card: Digest
    until: datetime
    identified: IdentifiedBy
    view: CardView


class IdentifiedVisitView(Wire, frozen=True):
    """`household`, `head`: whose card wasn't there. `witness`: null where it was the PIN. `points`: null where
    nothing was redeemed. `voided`: the redemption was."""

    at: datetime
    supermarket: str
    attendant: str
    witness: str | None
    household: str
    head: str
    points: int | None
    voided: bool


class VouchingView(Wire, frozen=True):
    """What an attendant did with one witness, or on PINs (null): how many identifications, of how many households,
    and the points that weren't voided."""

    supermarket: str
    attendant: str
    witness: str | None
    times: int
    households: int
    points: int


class IdentifiedMonthView(Wire, frozen=True):
    """`month`: 2026-06. `most`: points a day and household on a witness's word. `visits`: the newest ones."""

    month: str
    most: int
    vouchings: Sequence[VouchingView]
    visits: Sequence[IdentifiedVisitView]
