"""The wire types of `/v1`: what goes over HTTP, and nothing else.

The kiosk and the demo import this module and no other of the server's. Points and quantities are
integers, prices are points a piece, times are aware and in UTC, ids are UUIDs (version 7 where the caller
makes them). Unknown fields are refused.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from msgspec import Meta, Struct, field

Points = Annotated[int, Meta(ge=0, le=1_000_000_000)]
Quantity = Annotated[int, Meta(ge=1, le=999)]
Name = Annotated[str, Meta(min_length=1, max_length=80)]
Code = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9-]{0,39}(?!\n)$")]


class Wire(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Base of all wire types."""


class Problem(Struct, frozen=True, kw_only=True):
    """RFC 9457 problem detail. `type` is a stable word such as `insufficient-points`; `detail` is one
    sentence in Chinese that its reader can act on; `extra` holds the figures behind it."""

    type: str
    title: str
    status: int
    detail: str
    extra: dict[str, Any] = field(default_factory=dict)


# --- signing in -----------------------------------------------------------------------------------------


class SignIn(Wire, frozen=True):
    login: Annotated[str, Meta(min_length=1, max_length=40)]
    password: Annotated[str, Meta(min_length=1, max_length=200)]


class SignedIn(Wire, frozen=True):
    """`token` goes into `Authorization: Bearer …`; it is shown once and stored as a hash."""

    token: str
    name: str
    roles: list[str]


# --- the till -------------------------------------------------------------------------------------------


class ShelfItem(Wire, frozen=True):
    """One product on this supermarket's shelf. `number` is what the attendant presses (1…)."""

    product: str
    number: int
    name: str
    barcode: str
    price: Points
    stock: int


class Till(Wire, frozen=True):
    """What a kiosk needs to serve: `GET /v1/till` (device token)."""

    supermarket: str
    village: str
    shelf: list[ShelfItem]
    notices: list[str]


class PinSignIn(Wire, frozen=True):
    """`POST /v1/till/shifts`: the PIN alone says which attendant of this supermarket it is."""

    pin: Annotated[str, Meta(pattern=r"^[0-9]{4,8}(?!\n)$")]


class Shift(Wire, frozen=True):
    """`token` goes into the header `X-Shift` of every redemption."""

    token: str
    attendant: str


class CardView(Wire, frozen=True):
    """`GET /v1/cards/{token}` (device token). `name` is masked: 王**. `expiring`: what of the balance expires
    next, where a policy lets points expire."""

    household: UUID
    name: str
    village: str
    balance: Points
    pending: Points
    expiring: list[Expiring] = field(default_factory=list)


class Expiring(Wire, frozen=True):
    """Points that are gone at the beginning of this day unless they are used before."""

    points: Points
    on: date


class Line(Wire, frozen=True):
    """`price` is the one the attendant saw: another price now is refused, never silently charged."""

    product: str
    quantity: Quantity
    price: Points


class Redemption(Wire, frozen=True):
    """`PUT /v1/redemptions/{uuid}` (device token and `X-Shift`). Safe to retry: the same id with the same
    content gives the first receipt again; with other content, 409."""

    card: str
    lines: Annotated[list[Line], Meta(min_length=1, max_length=50)]


class ReceiptLine(Wire, frozen=True):
    product: str
    name: str
    quantity: int
    price: Points
    points: Points


class Receipt(Wire, frozen=True):
    """The answer to a redemption; `balance` is what the household had left right after it."""

    id: UUID
    supermarket: str
    attendant: str
    name: str
    lines: list[ReceiptLine]
    points: Points
    balance: Points
    recorded_at: datetime


# --- the register ---------------------------------------------------------------------------------------


class NewVillage(Wire, frozen=True):
    code: Code
    name: Name
    notice_days: Annotated[int, Meta(ge=0, le=30)] = 3


class NewGrid(Wire, frozen=True):
    code: Code
    village: Code
    name: Name


class NewPerson(Wire, frozen=True):
    """A person with a duty. `roles`: grid-member, grid-leader, grid-guide, chief-grid-leader, council,
    committee, party-branch, supervisor, office. Without a password the person can't sign in."""

    login: Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9.-]{0,39}(?!\n)$")]
    name: Name
    roles: Annotated[list[str], Meta(min_length=1)]
    village: Code | None = None
    grid: Code | None = None
    household: Code | None = None
    password: Annotated[str, Meta(min_length=8, max_length=200)] | None = None


class NewHousehold(Wire, frozen=True):
    """`code` is the village's own number for the household, unique in the township."""

    code: Code
    village: Code
    grid: Code
    head: Name
    people: Annotated[int, Meta(ge=1, le=30)] = 1


class HouseholdView(Wire, frozen=True):
    id: UUID
    code: str
    head: str
    village: str


class NewCards(Wire, frozen=True):
    """Issue a card for each household named; a card it already had dies at once."""

    households: Annotated[list[Code], Meta(min_length=1, max_length=5000)]


class NewCard(Wire, frozen=True):
    """`token` is shown this once and stored only as a hash."""

    household: str
    head: str
    village: str
    token: str


class NewSupermarket(Wire, frozen=True):
    code: Code
    village: Code
    name: Name


class NewAttendant(Wire, frozen=True):
    supermarket: Code
    name: Name
    pin: Annotated[str, Meta(pattern=r"^[0-9]{4,8}(?!\n)$")]


class NewProduct(Wire, frozen=True):
    """`barcode` is an EAN-13 with its check digit."""

    code: Code
    name: Name
    barcode: Annotated[str, Meta(pattern=r"^[0-9]{13}(?!\n)$")]
    price: Annotated[int, Meta(ge=1, le=100_000)]


class Restock(Wire, frozen=True):
    """`PUT /v1/restocks/{uuid}`: goods arrive on the shelf of a supermarket; safe to retry."""

    supermarket: Code
    lines: Annotated[list[RestockLine], Meta(min_length=1, max_length=200)]


class RestockLine(Wire, frozen=True):
    product: Code
    quantity: Annotated[int, Meta(ge=1, le=1_000_000)]


class NewKiosk(Wire, frozen=True):
    supermarket: Code
    name: Name


class Enrolled(Wire, frozen=True):
    """A kiosk's device token, shown this once."""

    kiosk: UUID
    token: str


class NewRulebook(Wire, frozen=True):
    """The TOML text of a rulebook and the decision that adopts it."""

    text: Annotated[str, Meta(max_length=1_000_000)]


class RulebookView(Wire, frozen=True):
    title: str
    version: str
    rules: int
    adopted_at: datetime


class Created(Wire, frozen=True):
    """How many records a bulk call wrote."""

    created: int


# --- claims ---------------------------------------------------------------------------------------------


class NewClaim(Wire, frozen=True):
    """A behaviour declared for a household, by `person` of it where the rule counts by person. `id` is made by
    the caller, so a retry counts once."""

    id: UUID
    household: Code
    rule: str
    deed_on: date
    inputs: dict[str, str | int | float] = field(default_factory=dict)
    person: Annotated[str, Meta(max_length=40)] = ""
    note: Annotated[str, Meta(max_length=200)] = ""


class ClaimOutcome(Wire, frozen=True):
    """What became of one claim of a batch. `status`: declared, reviewed, approved; exists (sent again),
    refused, conflict; `reason` says in Chinese why not."""

    id: UUID
    status: str
    points: int = 0
    reason: str = ""


class ClaimIds(Wire, frozen=True):
    claims: Annotated[list[UUID], Meta(min_length=1, max_length=5000)]


class ClaimRefusal(Wire, frozen=True):
    reason: Annotated[str, Meta(min_length=1, max_length=200)]


class ClaimView(Wire, frozen=True):
    id: UUID
    household: str
    head: str
    village: str
    rule: str
    title: str
    deed_on: date
    points: int
    status: str
    declared_by: str
    notice_until: datetime | None = None
    explanation: list[str] = field(default_factory=list)


# --- expiry ---------------------------------------------------------------------------------------------


class NewExpiryPolicy(Wire, frozen=True):
    """`PUT /v1/expiry-policies`: in force from `effective_on` until the next one is; safe to retry. `year-end`:
    what was earned before 1 January expires then. `rolling`: what was earned in a month expires at the end of
    the `months`-th month after it. `reason`: the decision that adopted it."""

    effective_on: date
    kind: Literal["none", "year-end", "rolling"]
    reason: Annotated[str, Meta(min_length=1, max_length=200)]
    months: Annotated[int, Meta(ge=1, le=120)] | None = None


class ExpiryPolicyView(Wire, frozen=True):
    effective_on: date
    kind: str
    months: int | None
    reason: str
    adopted_at: datetime


class ExpiryLine(Wire, frozen=True):
    """What a household would lose. `head` is masked where the village isn't the reader's."""

    household: str
    head: str
    village: str
    points: Points


class ExpiryPreview(Wire, frozen=True):
    """Who would lose what of the next `done` households; `points` is the sum of `lines`. `next` goes into `after`
    to see more; null at the end."""

    boundary: date
    earned_before: date
    lines: list[ExpiryLine]
    done: int
    points: Points
    next: UUID | None


class NewExpiry(Wire, frozen=True):
    """`POST /v1/expiries`: take what is up at `boundary` of the next `limit` households, from `after` on."""

    boundary: date
    after: UUID | None = None
    limit: Annotated[int, Meta(ge=1, le=5000)] = 2000


class ExpiryProgress(Wire, frozen=True):
    """`done` households were looked at, `expired` points taken from `households` of them. To be sent again with
    `next` as `after` until that is null."""

    boundary: date
    done: int
    households: int
    expired: Points
    next: UUID | None


class PointsByName(Wire, frozen=True):
    name: str
    points: int


class Report(Wire, frozen=True):
    """`GET /v1/report`: the township's year, every figure read from the ledger."""

    supermarkets: int
    villages: int
    grids: int
    households: int
    people: dict[str, int]
    points_awarded: int
    points_pending: int
    points_redeemed: int
    redemptions: int
    points_outstanding: int
    goods_handed_out: int
    awarded_by_category: list[PointsByName]
    awarded_by_village: list[PointsByName]
    # Null when the caller didn't want the books recomputed.
    in_balance: bool | None
