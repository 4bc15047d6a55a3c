"""What a kiosk writes into its journal and sends to the server: its own signed word on everything that happened at
it.

An entry is one JSON text (`body`) that is never encoded anew: kiosk and server hash the very bytes that were
signed. Entries of one enrolment are numbered from 1 without gaps, and each hash covers the one before, so that
nothing can be left out, put in between or told twice in different ways. docs/offline.md has the whole protocol.

The kiosk and the server import this module alike; it knows neither a database nor a screen.
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
from msgspec import Meta

from api.wire import Points, ReceiptLine, Wire

Digest = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}(?!\n)$")]
"""A SHA-256 in small hexadecimal."""
PublicKey = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}(?!\n)$")]
"""An Ed25519 public key (RFC 8032), 32 bytes in small hexadecimal."""
Signature = Annotated[str, Meta(pattern=r"^[0-9a-f]{128}(?!\n)$")]

NOTHING_BEFORE: Digest = "0" * 64
"""What stands for the hash before the first entry."""
MOST_ENTRIES = 200
"""Entries in one upload."""
_DOMAIN = b"jimei-journal-v1\0"


class Entry(Wire, frozen=True):
    """`at` is the kiosk's own clock, which may be wrong: it is kept, and decides nothing."""

    at: Annotated[datetime, Meta(tz=True)]


class Opened(Entry, frozen=True, tag="opened"):
    """An attendant signed in. `token` is the SHA-256 of what goes into `X-Shift`: a shift that began without the
    network is good for redemptions over HTTP once the server has read this."""

    shift: UUID
    attendant: UUID
    token: Digest


class Sold(Entry, frozen=True, tag="sold"):
    """Goods were handed over for `points`, `leased` of them from what the kiosk holds for this household. `card`
    and `collector` (a neighbour who took the goods home) are SHA-256 of card tokens. `answered`: the server had
    given its receipt by then; otherwise the entry itself is what pays."""

    id: UUID
    shift: UUID
    attendant: UUID
    household: UUID
    card: Digest
    lines: Annotated[list[ReceiptLine], Meta(min_length=1, max_length=50)]
    leased: Points
    answered: bool
    collector: str = ""

    @property
    def points(self) -> int:
        return sum(line.points for line in self.lines)


class Voided(Entry, frozen=True, tag="voided"):
    """Redemption `id` is not to count: points and goods go back. Where the server never heard of it, it never
    will."""

    id: UUID
    shift: UUID
    attendant: UUID
    reason: Annotated[str, Meta(min_length=1, max_length=200)]


class Returned(Entry, frozen=True, tag="returned"):
    """The kiosk gives back leased points of a household and will not spend them."""

    household: UUID
    points: Annotated[int, Meta(ge=1, le=1_000_000_000)]


class PiecesOut(Wire, frozen=True):
    """How many of a product went out over the counter, voids taken off."""

    product: str
    name: str
    quantity: int


def pieces_out(lines: Iterable[ReceiptLine]) -> list[PiecesOut]:
    """Lines of any number of receipts, added up by product code."""
    names: dict[str, str] = {}
    quantities: Counter[str] = Counter()
    for line in lines:
        names[line.product] = line.name
        quantities[line.product] += line.quantity
    return [PiecesOut(product=p, name=names[p], quantity=quantities[p]) for p in sorted(quantities)]


class ShiftReport(Wire, frozen=True):
    """What happened in one shift: `redemptions`, `points` and `goods` without what was voided; `voids` and
    `voided_points` are those; `offline`: how many of the redemptions were handed over without the network."""

    redemptions: int
    points: int
    voids: int
    voided_points: int
    offline: int
    goods: list[PiecesOut]


class Closed(Entry, frozen=True, tag="closed"):
    """The shift is over; `report` is the kiosk's own count of it."""

    shift: UUID
    report: ShiftReport


AnyEntry = Opened | Sold | Voided | Returned | Closed


class Signed(Wire, frozen=True):
    """One entry as it is stored and sent."""

    number: Annotated[int, Meta(ge=1, le=2_000_000_000)]
    previous: Digest
    body: Annotated[str, Meta(min_length=2, max_length=20_000)]
    signature: Signature

    def hash(self, kiosk: UUID, epoch: int) -> Digest:
        return _hash(kiosk, epoch, self.number, self.previous, self.body).hex()

    def signed_by(self, key: bytes, kiosk: UUID, epoch: int) -> bool:
        """Whether the holder of this public key (32 bytes) signed it, for this kiosk and epoch."""
        try:
            Ed25519PublicKey.from_public_bytes(key).verify(
                bytes.fromhex(self.signature), _hash(kiosk, epoch, self.number, self.previous, self.body)
            )
        except InvalidSignature:
            return False
        return True

    def entry(self) -> AnyEntry:
        """Raises msgspec.ValidationError or DecodeError for a body that is none."""
        entry: AnyEntry = msgspec.json.decode(self.body, type=AnyEntry)
        return entry


def sign(
    entry: AnyEntry, key: Ed25519PrivateKey, kiosk: UUID, epoch: int, number: int, previous: Digest
) -> Signed:
    """`number` counts from 1 within the enrolment; `previous` is the hash of the entry before."""
    body = msgspec.json.encode(entry).decode()
    signature = key.sign(_hash(kiosk, epoch, number, previous, body)).hex()
    return Signed(number=number, previous=previous, body=body, signature=signature)


def _hash(kiosk: UUID, epoch: int, number: int, previous: Digest, body: str) -> bytes:
    return hashlib.sha256(
        _DOMAIN + kiosk.bytes + epoch.to_bytes(4) + number.to_bytes(4) + bytes.fromhex(previous) + body.encode()
    ).digest()


class Upload(Wire, frozen=True):
    """`POST /v1/journals/{kiosk}/{epoch}`: needs no token, since every entry is signed, so that a kiosk that was
    declared lost can still hand in what it has."""

    entries: Annotated[list[Signed], Meta(min_length=1, max_length=MOST_ENTRIES)]


class EntryOutcome(Wire, frozen=True):
    """What became of an entry. `status`: `settled` (it counts), `known` (it counted already, over HTTP),
    `exception` (kept for a person to decide), `late` (the same, of an enrolment that is over), `fork` (another
    entry has this number: the kiosk was copied, or its disk set back), `annulled` (a later void took it back
    before anybody decided). `remark` is a sentence in Chinese for people, empty where there is nothing to say."""

    number: int
    status: str
    remark: str = ""


class Settlement(Wire, frozen=True):
    """`head` and `hash`: the last entry that the server has of this enrolment, number and hash (0 and zeros before
    the first): what comes next begins after it. `current`: whether this enrolment is the kiosk's present one and
    neither over nor forked."""

    head: int
    hash: Digest
    current: bool
    outcomes: list[EntryOutcome]
    now: datetime


class Leased(Wire, frozen=True):
    """What the kiosk may spend of a household's points without the network: `points` as of the answer's `head`.
    `card`: SHA-256 of its living card's token. `name` is masked. `give_back`: how many of them the household needs
    elsewhere; the kiosk returns them by an entry. `pin_above`: points above which the card asks for its PIN, which
    only the server can check; None without a PIN."""

    household: UUID
    card: Digest
    name: str
    village: str
    points: Points
    give_back: Points
    pin_above: int | None


class Leases(Wire, frozen=True):
    """`POST /v1/till/leases`: tops up what this kiosk holds and tells all of it. `head` and `hash` as in
    `Settlement`: the answer counts every entry up to there and none after. After `expires_at` the kiosk stops
    selling from it, and goes on holding it."""

    kiosk: UUID
    epoch: int
    head: int
    hash: Digest
    current: bool
    expires_at: datetime
    now: datetime
    households: list[Leased]


class NewEnrolment(Wire, frozen=True):
    """`POST /v1/enrolments`: the one-time code from the desk, and the public key that the kiosk made. The same
    code with the same key may be sent again while the code lasts: an answer may have been lost."""

    code: Annotated[str, Meta(min_length=8, max_length=40)]
    public_key: PublicKey


class Enrolment(Wire, frozen=True):
    """`token` is the device token; `epoch` rises with each enrolment of the same kiosk."""

    kiosk: UUID
    epoch: int
    token: str
    supermarket: str
    name: str
