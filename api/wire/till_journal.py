"""A kiosk's journal: signed entries for everything that happens at the kiosk, uploaded to the server.

An entry is one JSON text (`body`) that is never re-encoded: kiosk and server hash the very bytes that were signed.
Entries of one enrolment are numbered from 1 without gaps, and each hash covers the previous one, so that no entry
can be left out, inserted or replaced. docs/offline.md has the whole protocol.

Both kiosk and server import this module; it uses neither a database nor a screen.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from msgspec import UNSET, Meta, UnsetType

from api.wire import Incoming, ReceiptLine, Wire
from api.wire.base import MAX_LINES, AmountSum, PointSum
from api.wire.text import TextRule, make_all_visible

Digest = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}(?!\n)$")]
"""A SHA-256 in lower-case hexadecimal."""
PublicKey = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}(?!\n)$")]
"""An Ed25519 public key (RFC 8032), 32 bytes in lower-case hexadecimal."""
Signature = Annotated[str, Meta(pattern=r"^[0-9a-f]{128}(?!\n)$")]

ZERO_HASH: Digest = "0" * 64
"""The previous hash of the first entry."""
MAX_UPLOAD_ENTRIES = 200
"""Entries in one upload."""
_DOMAIN = b"jimei-journal-v1\0"


class BaseEntry(Wire, frozen=True):
    """`at` is the kiosk's own clock, which may be wrong, but not by years."""

    at: Annotated[datetime, Meta(tz=True)]

    @property
    def kind(self) -> str:
        """The `type` in its JSON."""
        return str(self.__struct_config__.tag)


class ShiftOpeningEntry(BaseEntry, frozen=True, tag="opened"):
    """An attendant signed in. `token` is the SHA-256 of what goes into `X-Shift`: a shift that began without the
    network is valid for redemptions over HTTP once the server has this entry."""

    shift: UUID
    attendant: UUID
    token: Digest


class SaleEntry(BaseEntry, frozen=True, tag="sold"):
    """Goods were handed over for `points`, `leased` of them from what the kiosk holds for this household. `card`
    and `collector` (who collected the goods for the household) are SHA-256 of card tokens. `answered`: the server
    had returned its receipt by then; otherwise this entry makes the payment."""

    id: UUID
    shift: UUID
    attendant: UUID
    household: UUID
    card: Digest
    lines: Annotated[list[ReceiptLine], Meta(min_length=1, max_length=MAX_LINES)]
    leased: PointSum
    answered: bool
    collector: Annotated[str, Meta(pattern=r"^([0-9a-f]{64})?(?!\n)$")] = ""

    @property
    def points(self) -> int:
        return sum(line.points for line in self.lines)


class VoidEntry(BaseEntry, frozen=True, tag="voided"):
    """Redemption `id` is void: points and goods go back. If the server doesn't know it yet, it will refuse it."""

    id: UUID
    shift: UUID
    attendant: UUID
    reason: Annotated[str, Meta(min_length=1, max_length=200)]


class ReturnEntry(BaseEntry, frozen=True, tag="returned"):
    """The kiosk returns leased points of a household and will not spend them."""

    household: UUID
    points: AmountSum


class HandedOutGoods(Wire, frozen=True):
    """How many pieces of a product were handed out, without voided ones."""

    product: str
    name: str
    quantity: int


def count_handed_out(lines: Iterable[ReceiptLine]) -> list[HandedOutGoods]:
    """The lines of any number of receipts, added up by product code."""
    names: dict[str, str] = {}
    quantities: Counter[str] = Counter()
    for line in lines:
        names[line.product] = line.name
        quantities[line.product] += line.quantity
    return [HandedOutGoods(product=p, name=names[p], quantity=quantities[p]) for p in sorted(quantities)]


class ShiftReport(Wire, frozen=True):
    """Totals of one shift: `redemptions`, `points` and `goods` without what was voided, which `voids` and
    `voided_points` count; `offline`: how many of the redemptions were made without the network."""

    redemptions: int
    points: int
    voids: int
    voided_points: int
    offline: int
    goods: list[HandedOutGoods]


class ShiftClosingEntry(BaseEntry, frozen=True, tag="closed"):
    """The shift has ended; `report` is the kiosk's own count of it."""

    shift: UUID
    report: ShiftReport


AnyEntry = ShiftOpeningEntry | SaleEntry | VoidEntry | ReturnEntry | ShiftClosingEntry


def decode_entry(body: str) -> AnyEntry:
    """What a body says. Its texts are made visible and nothing of it is refused for them: the goods were handed
    over, whatever they were called. Raises msgspec.ValidationError or DecodeError if it isn't an entry."""
    try:
        entry: AnyEntry = msgspec.json.decode(body, type=AnyEntry)
    except (RecursionError, UnicodeEncodeError):
        raise msgspec.DecodeError("nested too deeply, or half a character") from None
    return make_all_visible(entry)


class SignedEntry(Incoming, frozen=True):
    """One entry as it is stored and sent."""

    number: Annotated[int, Meta(ge=1, le=2_000_000_000)]
    previous: Digest
    body: Annotated[str, Meta(min_length=2, max_length=20_000), TextRule(20_000, checked=False)]
    signature: Signature

    def hash(self, kiosk: UUID, epoch: int) -> Digest:
        return _hash(kiosk, epoch, self.number, self.previous, self.body).hex()

    def is_signed_by(self, key: bytes, kiosk: UUID, epoch: int) -> bool:
        """Whether the holder of this public key (32 bytes) signed it, for this kiosk and epoch."""
        try:
            Ed25519PublicKey.from_public_bytes(key).verify(
                bytes.fromhex(self.signature), _hash(kiosk, epoch, self.number, self.previous, self.body)
            )
        except InvalidSignature:
            return False
        return True

    def decode(self) -> AnyEntry:
        """Raises msgspec.ValidationError or DecodeError if the body isn't an entry."""
        return decode_entry(self.body)


def sign(
    entry: AnyEntry, key: Ed25519PrivateKey, kiosk: UUID, epoch: int, number: int, previous: Digest
) -> SignedEntry:
    """`number` counts from 1 within the enrolment; `previous` is the hash of the entry before."""
    body = msgspec.json.encode(entry).decode()
    signature = key.sign(_hash(kiosk, epoch, number, previous, body)).hex()
    return SignedEntry(number=number, previous=previous, body=body, signature=signature)


def _hash(kiosk: UUID, epoch: int, number: int, previous: Digest, body: str) -> bytes:
    return hashlib.sha256(
        _DOMAIN + kiosk.bytes + epoch.to_bytes(4) + number.to_bytes(4) + bytes.fromhex(previous) + body.encode()
    ).digest()


class JournalUpload(Incoming, frozen=True):
    """`POST /v1/journals/{kiosk}/{epoch}`: needs no token, since every entry is signed: a kiosk that was declared
    lost can still upload its entries."""

    entries: Annotated[list[SignedEntry], Meta(min_length=1, max_length=MAX_UPLOAD_ENTRIES)]


class EntryOutcome(Wire, frozen=True):
    """The result for an entry. `status`: `settled` (booked), `known` (booked already, over HTTP), `exception` (a
    person has to decide), `late` (the same, for an enrolment that has ended), `fork` (another entry has this
    number: the kiosk was copied, or its disk restored), `annulled` (a later void cancelled it before anybody
    decided). `remark` is a sentence in Chinese for people, or empty."""

    number: int
    status: str
    remark: str = ""


class UploadResult(Wire, frozen=True):
    """`head` and `hash`: number and hash of the last entry that the server has of this enrolment (0 and zeros
    before the first); the next upload begins after it. `current`: whether this is the kiosk's present enrolment,
    neither ended nor forked."""

    head: int
    hash: Digest
    current: bool
    outcomes: list[EntryOutcome]
    now: datetime


class HouseholdLease(Wire, frozen=True):
    """What the kiosk may spend of a household's points without the network: `points` as of the answer's `head`.
    `card`: SHA-256 of its active card's token. `name` is masked. `give_back`: how many of them the household needs
    elsewhere; the kiosk returns them by a `ReturnEntry`. `pin_above`: more points need the card's PIN, which only
    the server can check; None without a PIN."""

    household: UUID
    card: Digest
    name: str
    village: str
    points: PointSum
    give_back: PointSum
    pin_above: int | None


class KioskLeases(Wire, frozen=True):
    """`POST /v1/till/leases`: tops up what this kiosk holds and returns all of it. `head` and `hash` as in
    `UploadResult`: the answer covers every entry up to there and none after. After `expires_at` the kiosk stops
    selling from its leases but still holds them. `restored_at`: when the books last went back to a
    backup, left out where they never did."""

    kiosk: UUID
    epoch: int
    head: int
    hash: Digest
    current: bool
    expires_at: datetime
    now: datetime
    households: list[HouseholdLease]
    restored_at: datetime | UnsetType = UNSET


class Recall(Wire, frozen=True):
    """A household wants to spend at another kiosk what this one holds of it: so many `points`, or what of them is
    neither spent nor about to be. The kiosk returns them by a `ReturnEntry` and uploads that at once."""

    household: UUID
    points: AmountSum


class Recalls(Wire, frozen=True):
    """`GET /v1/till/recalls?wait=20` (device token), under an `ETag`: with that in `If-None-Match`, it is answered
    as soon as there is something new, and with 304 after `wait` seconds. A kiosk that asks counts as online."""

    recalls: list[Recall]
    now: datetime


class NewEnrolment(Incoming, frozen=True):
    """`POST /v1/enrolments`: the one-time code from the desk, and the kiosk's public key. A code belongs to the
    first key that it came with. An answer may have been lost: both may be sent again while the code is valid and
    the machine not ended."""

    code: Annotated[str, Meta(min_length=8, max_length=40), TextRule(40, form="NFKC")]
    public_key: PublicKey


class Enrolment(Wire, frozen=True):
    """`token` is the device token; `epoch` rises with each enrolment of the same kiosk."""

    kiosk: UUID
    epoch: int
    token: str
    supermarket: str
    name: str
