"""The wire types of `/v1`: what goes over HTTP, and what command cards carry to the till on paper.

The kiosk and the demo import this module and no other of the server's. Points and quantities are
integers, prices are points a piece, times are aware and in UTC, ids are UUIDs (version 7 where the caller
makes them), money is integers of fen. Unknown fields are refused.
"""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Any, Literal
from uuid import UUID

from msgspec import Meta, Struct, field

Points = Annotated[int, Meta(ge=0, le=1_000_000_000)]
Price = Annotated[int, Meta(ge=1, le=100_000)]
Quantity = Annotated[int, Meta(ge=1, le=999)]
Name = Annotated[str, Meta(min_length=1, max_length=80)]
Code = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9-]{0,39}(?!\n)$")]
Pin = Annotated[str, Meta(pattern=r"^[0-9]{4,8}(?!\n)$")]
# An EAN-13, EAN-8 or UPC-A with its check digit, or a shop's own code of another length.
Barcode = Annotated[str, Meta(pattern=r"^[0-9]{4,18}(?!\n)$")]


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
    """What a kiosk needs to serve: `GET /v1/till` (device token). `version` grows whenever the office changes what
    stands on this shelf or what it is called, costs or scans as; not with the pieces in stock. `notices`:
    sentences for its idle screen."""

    supermarket: str
    village: str
    shelf: list[ShelfItem]
    notices: list[str]
    version: int = 0


class PinSignIn(Wire, frozen=True):
    """`POST /v1/till/shifts`: the PIN alone says which attendant of this supermarket it is."""

    pin: Pin


class Shift(Wire, frozen=True):
    """`token` goes into the header `X-Shift` of every redemption; `attendant` is the name."""

    id: UUID
    token: str
    attendant: str
    attendant_id: UUID


class CardView(Wire, frozen=True):
    """`GET /v1/cards/{token}` (device token). `name` is masked: 王**. `balance`: what the household can spend at
    this kiosk, what the kiosk itself holds for it counted in; `elsewhere`: what other kiosks hold. `expiring`:
    what of the balance expires next, where a policy lets points expire. `promises`: what this supermarket keeps
    for the household, what can be collected first. `pin_above`: a redemption of more points than that asks for the
    card's PIN in `X-Card-Pin`; None without a PIN."""

    household: UUID
    name: str
    village: str
    balance: Points
    pending: Points
    elsewhere: Points = 0
    expiring: list[Expiring] = field(default_factory=list)
    promises: list[Promised] = field(default_factory=list)
    pin_above: int | None = None


class Promised(Wire, frozen=True):
    """Goods promised at the price in `line`; `arrived`: they are set aside and can be collected. The points
    come back by themselves at `expires_at`."""

    id: UUID
    line: ReceiptLine
    arrived: bool
    expires_at: datetime


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
    content gives the first receipt again; with other content, 409.

    `leased`: how many of the household's points that this kiosk holds may be taken where the account alone doesn't
    reach; it isn't part of the content. `collector`: the card of a neighbour who takes the goods home."""

    card: str
    lines: Annotated[list[Line], Meta(min_length=1, max_length=50)]
    leased: Points = 0
    collector: Annotated[str, Meta(max_length=200)] = ""


class ReceiptLine(Wire, frozen=True):
    product: str
    name: str
    quantity: int
    price: Points
    points: Points


class Receipt(Wire, frozen=True):
    """The answer to a redemption; `balance` is what the household could still spend at this kiosk right after it,
    `leased` what was taken of the points that the kiosk holds, `collector` the masked name of a neighbour who took
    the goods home."""

    id: UUID
    supermarket: str
    attendant: str
    name: str
    lines: list[ReceiptLine]
    points: Points
    balance: Points
    recorded_at: datetime
    leased: Points = 0
    collector: str = ""


class Command(StrEnum):
    """What a command card at the till asks for; the value is the text of its code, in any case of letters."""

    CONFIRM = "JIMEI:CONFIRM"
    CANCEL = "JIMEI:CANCEL"
    RECEIPT = "JIMEI:RECEIPT"
    VOID = "JIMEI:VOID"


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


class PinReset(Wire, frozen=True):
    """`POST /v1/households/{code}/card/pin-reset`: the household forgot its card's PIN, and says so in person."""

    reason: Annotated[str, Meta(min_length=1, max_length=200, pattern=r"\S")]


class NewSupermarket(Wire, frozen=True):
    code: Code
    village: Code
    name: Name


class NewAttendant(Wire, frozen=True):
    supermarket: Code
    name: Name
    pin: Pin


class NewProduct(Wire, frozen=True):
    """`barcode` is kept as the till looks it up: an EAN-8 or UPC-A is filled up with zeros to 13 digits."""

    code: Code
    name: Name
    barcode: Barcode
    price: Price


class Pieces(Wire, frozen=True):
    """`sell_by`: the last day on which these are to be handed out."""

    product: Code
    quantity: Annotated[int, Meta(ge=1, le=1_000_000)]
    sell_by: date | None = None


class RestockLine(Pieces, frozen=True):
    """`cost` is for the whole line. Either every line of a restock has one, or none."""

    cost: Annotated[int, Meta(ge=0, le=100_000_000_000)] | None = None


class Restock(Wire, frozen=True):
    """`PUT /v1/restocks/{uuid}`: goods arrive on the shelf of a supermarket; safe to retry. With costs it is a
    procurement, and the same transaction takes the money from the township's fund."""

    supermarket: Code
    lines: Annotated[list[RestockLine], Meta(min_length=1, max_length=200)]
    supplier: Annotated[str, Meta(max_length=80)] = ""


class Donation(Wire, frozen=True):
    """`PUT /v1/donations/{uuid}`: goods given to the shelf of a supermarket; safe to retry. A donor who is
    `anonymous` is known to the office and named nowhere else."""

    supermarket: Code
    donor: Name
    lines: Annotated[list[Pieces], Meta(min_length=1, max_length=200)]
    anonymous: bool = False


class Funding(Wire, frozen=True):
    """`PUT /v1/funds/{uuid}`: money for goods reaches the township's fund; safe to retry. A donation names its
    donor, an appropriation has none."""

    amount: Annotated[int, Meta(ge=1, le=100_000_000_000)]
    source: Literal["appropriation", "donation"]
    donor: Annotated[str, Meta(max_length=80)] = ""
    anonymous: bool = False
    note: Annotated[str, Meta(max_length=200)] = ""


class CountedLine(Wire, frozen=True):
    product: Code
    counted: Annotated[int, Meta(ge=0, le=1_000_000)]


class Stocktake(Wire, frozen=True):
    """`PUT /v1/stocktakes/{uuid}`: what was counted on a shelf while nobody redeemed there. Safe to retry: the
    same id with the same content gives the first answer again, wherever the shelf has gone since."""

    supermarket: Code
    lines: Annotated[list[CountedLine], Meta(min_length=1, max_length=200)]
    reason: Annotated[str, Meta(min_length=1, max_length=200)]


class StocktakeLine(Wire, frozen=True):
    """`difference` is counted minus booked: below zero, pieces are missing."""

    product: str
    name: str
    booked: int
    counted: int
    difference: int


class StocktakeSheet(Wire, frozen=True):
    """The answer to a stocktake; the shelf stands at what was counted right after it."""

    id: UUID
    supermarket: str
    counted_by: str
    reason: str
    lines: list[StocktakeLine]
    recorded_at: datetime


class NewKiosk(Wire, frozen=True):
    supermarket: Code
    name: Name


class KioskCode(Wire, frozen=True):
    """What enrols a machine at a kiosk's place, once, until `until`; shown this once."""

    kiosk: UUID
    code: str
    until: datetime


class LeasePolicy(Wire, frozen=True):
    """`PUT /v1/kiosks/{id}/lease-policy`: at most how many points of a household a kiosk holds, and for how many
    days without a contact it sells from them. Counts from the kiosk's next contact."""

    most: Annotated[int, Meta(ge=0, le=10_000)]
    days: Annotated[int, Meta(ge=1, le=60)]


class KioskEnding(Wire, frozen=True):
    """`POST /v1/kiosks/{id}/end`: the machine is lost, broken or put away."""

    reason: Annotated[str, Meta(min_length=1, max_length=200, pattern=r"\S")]


BookText = Annotated[str, Meta(max_length=200_000)]
OneLine = Annotated[str, Meta(min_length=1, max_length=80, pattern=r"\S")]
Version = Annotated[str, Meta(min_length=1, max_length=40, pattern=r"\S")]


class Decision(Wire, frozen=True):
    """The decision that adopts a rulebook: which body, at which meeting, on which day, and who took part."""

    body: OneLine
    meeting: OneLine
    decided_on: date
    present: Annotated[str, Meta(max_length=400)] = ""


class NewRulebook(Wire, frozen=True):
    """The TOML text of a rulebook, proposed. Without a decision and a date the head of the text has them."""

    text: BookText
    decision: Decision | None = None
    effective_from: date | None = None


class DraftProposal(Wire, frozen=True):
    """A draft, proposed as it was at this revision. Decision and date as in `NewRulebook`."""

    revision: Annotated[int, Meta(ge=1)]
    decision: Decision | None = None
    effective_from: date | None = None


class AdoptAgain(Wire, frozen=True):
    """An older version, proposed again from a day on."""

    version: Version
    decision: Decision
    effective_from: date


class BookToCheck(Wire, frozen=True):
    text: BookText


class BookProblem(Wire, frozen=True):
    """`line` and `column` count from 1. `kind`: error."""

    line: int
    column: int
    kind: str
    message: str


class BookCheck(Wire, frozen=True):
    """`title` and `version` as the text has them, empty where it can't be read that far."""

    problems: list[BookProblem]
    title: str
    version: str


class AdoptionView(Wire, frozen=True):
    """A version's adoption. `state`: proposed, lapsed (not confirmed in time), coming, in-force, past, refused,
    withdrawn. `village` is empty for the township's own book. `reason`: why it was refused or withdrawn.
    `confirmed_by` is empty for a book that was adopted before a second person was asked for."""

    id: UUID
    village: str
    version: str
    title: str
    effective_from: date
    decision: Decision
    state: str
    proposed_by: str
    proposed_at: datetime
    confirmed_by: str
    confirmed_at: datetime | None
    closed_by: str
    closed_at: datetime | None
    reason: str


class AdoptionWithText(AdoptionView, frozen=True):
    """`steps`: what whoever asks may do with it now: confirm, refuse, withdraw."""

    text: str
    steps: list[str]


class AdoptionReason(Wire, frozen=True):
    """Why a proposal is refused, or a confirmed adoption withdrawn."""

    reason: Annotated[str, Meta(min_length=1, max_length=200, pattern=r"\S")]


class NewDraft(Wire, frozen=True):
    """A draft begins from one of these: a text, a version that was ever proposed, a book of the software's."""

    text: BookText | None = None
    version: Version | None = None
    builtin: Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}(?!\n)$")] | None = None


class DraftSaving(Wire, frozen=True):
    """`revision` is the one this text was written on top of: when another came meanwhile, 409."""

    text: BookText
    revision: Annotated[int, Meta(ge=1)]


class DraftLine(Wire, frozen=True):
    """A draft without its text. `closed_at`: when it was proposed or put aside."""

    id: UUID
    title: str
    version: str
    origin: str
    revision: int
    begun_by: str
    saved_by: str
    saved_at: datetime
    closed_at: datetime | None


class DraftView(DraftLine, frozen=True):
    text: str


class NewSimulation(Wire, frozen=True, rename={"first": "from", "last": "to"}):
    """`POST /v1/rulebooks/simulations`: a draft's TOML text, over the claims of deeds `from` a day `to` another,
    of one village (its code) or all. Left out, it is the last twelve months."""

    text: Annotated[str, Meta(max_length=1_000_000)]
    first: date | None = None
    last: date | None = None
    village: Code | None = None


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
    refused, conflict; `reason` says in Chinese why not, `trace` the same for programs where the rules refused.
    `points` are negative for a deduction."""

    id: UUID
    status: str
    points: int = 0
    reason: str = ""
    trace: dict[str, Any] = field(default_factory=dict)


class EveryHousehold(Wire, frozen=True):
    """All households of a village get what `rule` gives, e.g. base points."""

    village: Code
    rule: str
    deed_on: date


class ClaimExplanation(Wire, frozen=True):
    """Why a claim came to its points: `sentences` for people, `trace` for programs."""

    id: UUID
    points: int
    sentences: list[str]
    trace: dict[str, Any]


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
    # From an earlier scheme: what was earned there less what was spent there.
    points_imported: int
    points_pending: int
    points_redeemed: int
    redemptions: int
    # Lost unused to the expiry policy, and taken by deductions.
    points_expired: int
    points_deducted: int
    points_outstanding: int
    goods_handed_out: int
    awarded_by_category: list[PointsByName]
    awarded_by_village: list[PointsByName]
    # Null when the caller didn't want the books recomputed.
    in_balance: bool | None


# --- seals ----------------------------------------------------------------------------------------------


class SealedHead(Wire, frozen=True):
    """`GET /v1/seals/head`: the newest signed head of the books' Merkle tree, as it is printed on the notices.
    `key` checks it; `fingerprint` is that key's, to compare by eye. Formats: docs/seals.md."""

    note: str
    key: str
    fingerprint: str
    size: int
    signed_at: datetime


class Poster(Wire, frozen=True):
    """The text of a signed head, as an old notice has it."""

    note: Annotated[str, Meta(max_length=2000)]


class ConsistencyPath(Wire, frozen=True):
    """RFC 9162 path, in base64, by which the tree of `new` leaves begins with that of `old`."""

    old: int
    new: int
    path: list[str]


class ProductCost(Wire, frozen=True):
    """What a product costs the township. `stock` is pieces on all shelves; `average_cost` is fen a piece over
    the bought pieces whose cost is known, null when there are none."""

    product: str
    name: str
    price: Points
    stock: int
    average_cost: float | None
    fen_per_point: float | None


class Liability(Wire, frozen=True):
    """`GET /v1/reports/liability`: what the points that households hold will cost the township, in fen.

    `liability` prices the outstanding points, `liability_with_notice` those on public notice as well. They are
    null, and `unknown_because` says why, when no point can be priced: `no-cost-known` or `shelves-empty`.
    """

    points_outstanding: int
    points_on_notice: int
    products: list[ProductCost]
    fen_per_point: float | None
    liability: int | None
    liability_with_notice: int | None
    unknown_because: str | None
    # What the fund has; below zero when more was spent than came in.
    fund: int


# --- the books ------------------------------------------------------------------------------------------


Amount = Annotated[int, Meta(ge=1, le=1_000_000_000)]
Reason = Annotated[str, Meta(min_length=1, max_length=200, pattern=r"\S")]
Aware = Annotated[datetime, Meta(tz=True)]
MonthName = Annotated[str, Meta(pattern=r"^20[0-9]{2}-(0[1-9]|1[0-2])(?!\n)$")]


class Outcome(Wire, frozen=True):
    """What became of one item of a batch. `status`: ok, exists (sent again), conflict (same id, other content),
    refused. For the last two `type` is a stable word and `reason` a sentence in Chinese: insufficient (`missing`
    of what, in `account`), exceeds-target (`missing`: by how much it is over), already-reversed, already-settled,
    expired, unknown-target, closed, unknown, not-allowed, malformed."""

    id: UUID
    status: str
    type: str = ""
    reason: str = ""
    missing: int = 0
    account: str = ""


class AccountView(Wire, frozen=True):
    """`minimum`: the least its balance may be, null for no limit. Of accounts without one, nothing pending is
    told."""

    name: str
    unit: str
    kind: str
    minimum: int | None
    closed: bool
    posted: int
    reserved: int
    expected: int


class AccountPage(Wire, frozen=True):
    """`next` is the `after` of the next page; null on the last."""

    accounts: list[AccountView]
    next: str | None


class BalanceView(Wire, frozen=True):
    """`available` is `posted` less `reserved`; `at` is null for now."""

    account: str
    unit: str
    at: datetime | None
    timeline: str
    posted: int
    reserved: int
    expected: int
    available: int


class Entry(Wire, frozen=True):
    """One side of a transfer as its account sees it. `amount` is signed; `balance` is what was posted right after
    it. `became`, of a pending one: posted (perhaps in part), voided or waiting. `deferred_from`: when it happened,
    where that month was closed. `reason`: its own, or that of what it settles. `source`: the earlier scheme it was
    imported from."""

    transaction: UUID
    kind: str
    phase: str
    amount: int
    pending: bool
    became: str
    expires_at: datetime | None
    effective_at: datetime
    recorded_at: datetime
    deferred_from: datetime | None
    reason: str
    source: str
    counterparty: str
    balance: int


class Statement(Wire, frozen=True):
    """Newest first. `next` is the `before` of the next page; null on the last."""

    account: str
    unit: str
    entries: list[Entry]
    next: str | None


class Month(Wire, frozen=True):
    """What moved with effect in a month, oldest first, between what was carried in and what is carried on."""

    account: str
    unit: str
    month: str
    closed: bool
    opening: int
    entries: list[Entry]
    closing: int


class TransferView(Wire, frozen=True):
    """`left`: what is still reserved of a pending one, or can still be moved back of one that moved."""

    debit: str
    credit: str
    unit: str
    amount: int
    left: int


class Link(Wire, frozen=True):
    """Another transaction that this one answers, or that answers it."""

    id: UUID
    kind: str
    phase: str
    person: str
    reason: str
    recorded_at: datetime
    transfers: list[TransferLine]


class TransactionView(Wire, frozen=True):
    """`person`: a name, where it is known. `target`: what this one settles or reverses; `settlement` and
    `reversals`: what settled or reversed it."""

    id: UUID
    kind: str
    phase: str
    person: str
    reason: str
    source: str
    effective_at: datetime
    recorded_at: datetime
    deferred_from: datetime | None
    expires_at: datetime | None
    transfers: list[TransferView]
    target: Link | None
    settlement: Link | None
    reversals: list[Link]


class TransferLine(Wire, frozen=True):
    """A transfer by the readable names of its accounts."""

    debit: Annotated[str, Meta(max_length=200)]
    credit: Annotated[str, Meta(max_length=200)]
    unit: Annotated[str, Meta(max_length=200)]
    amount: Amount


class Correction(Wire, frozen=True):
    """Moves back what `transaction` moved: `lines`, in the direction of moving back, or all that is left of it.
    The caller makes the `id`, so a retry counts once."""

    id: UUID
    transaction: UUID
    reason: Reason
    lines: Annotated[list[TransferLine], Meta(min_length=1, max_length=500)] | None = None


class NewHold(Wire, frozen=True):
    """Reserves points of a household for a supermarket until `expires_at`, at most a year."""

    id: UUID
    household: Code
    supermarket: Code
    points: Amount
    expires_at: Aware
    reason: Reason


class HoldSettlement(Wire, frozen=True):
    """`points`: the part that moves; the rest is released. Left out, all of it moves."""

    id: UUID
    hold: UUID
    action: Literal["post", "void"]
    points: Amount | None = None


class HoldView(Wire, frozen=True):
    id: UUID
    household: str
    supermarket: str
    points: int
    expires_at: datetime
    reason: str
    person: str
    recorded_at: datetime


class NewPeriod(Wire, frozen=True):
    month: MonthName
    reason: Reason


class Period(Wire, frozen=True):
    """A closing of the books: nothing is effective before `until` any more. `month` is the last it closed."""

    month: str
    until: datetime
    closed_at: datetime
    person: str
    reason: str


class ImportRow(Wire, frozen=True):
    """One line of an earlier scheme: points earned, or spent where they are below zero."""

    household: Annotated[str, Meta(max_length=80)]
    on: date
    points: Annotated[int, Meta(ge=-1_000_000_000, le=1_000_000_000)]
    what: Reason


class Import(Wire, frozen=True):
    """Rows count by their content under this `source`: sent again, or in an overlapping batch, each counts once.
    Rows alike count as often as they stand in one batch."""

    source: Annotated[str, Meta(min_length=1, max_length=100, pattern=r"\S")]
    rows: Annotated[list[ImportRow], Meta(min_length=1, max_length=1000)]


class RowOutcome(Wire, frozen=True):
    """As `Outcome`, for a line: the number of the row in its batch or file, from 1."""

    line: int
    id: UUID
    status: str
    type: str = ""
    reason: str = ""
    missing: int = 0
