"""The facts that redemptions are decided from, read for a whole batch with one statement, as of one moment.

The query filters out nothing that speaks against a redemption: a revoked card, a closed shift and an existing
receipt are facts like any other. What they mean is for `decision.py` to say.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

import msgspec
from sqlalchemy import (
    ARRAY,
    CTE,
    ColumnElement,
    DateTime,
    Integer,
    LargeBinary,
    Select,
    TableValuedAlias,
    Text,
    Uuid,
    bindparam,
    case,
    cast,
    column,
    func,
    null,
    select,
    true,
)
from sqlalchemy.sql.selectable import LateralFromClause
from sqlalchemy.types import TypeEngine

from api import wire
from api.platform import accounts
from api.platform.access import digest_secret
from api.platform.database.read_query import ReadQuery
from api.registry.cards.queries import lateral_card
from api.registry.freezes.queries import FreezeFacts, select_freeze
from api.registry.register.queries import lateral_household
from api.shop.identification.queries import IdentificationFacts
from api.shop.kiosks.awaiting import select_awaited_points
from api.shop.kiosks.tables import Attendant, Kiosk, KioskEnrolment, Shift
from api.shop.redemptions.tables import Redemption, Void
from api.shop.reservations.tables import Promise
from api.shop.stock.tables import Product, Shelf
from api.shop.supermarkets.tables import Supermarket
from api.wire.card_token import digest, parse
from ledger.lookup import lateral_one
from ledger.tables import account, account_closing, balance


@dataclass(frozen=True, slots=True)
class RedemptionRequest:
    """A redemption as a kiosk asks for it. Tokens are kept as digests; `collector` is empty unless somebody else
    collects the goods for the household. `identification`: what stands for the card, where that isn't there."""

    device: bytes
    shift: bytes
    id: UUID
    card: bytes
    lines: Sequence[wire.RedemptionLine]
    leased: int = 0
    collector: bytes = b""
    identification: IdentificationFacts | None = None

    @classmethod
    def from_wire(cls, device: str, shift: str, id: UUID, data: wire.Redemption) -> RedemptionRequest:
        """Raises MalformedCard."""
        return cls(
            device=digest_secret(device),
            shift=digest_secret(shift),
            id=id,
            card=digest(parse(data.card)),
            lines=data.lines,
            leased=data.leased,
            collector=digest(parse(data.collector)) if data.collector else b"",
        )


class TillFacts(msgspec.Struct, frozen=True):
    """A kiosk and the shift that the request names. `number`: counts the different ones of a batch, from 1.
    `ended`: this enrolment is over. `shift` is None where this kiosk has no such shift. `freeze`: by supervisors;
    its day may be over."""

    number: int
    kiosk: UUID
    epoch: int
    ended: bool
    supermarket: str
    supermarket_name: str
    shift: UUID | None
    shift_closed: bool
    attendant: UUID | None
    attendant_name: str | None
    freeze: FreezeFacts | None = None


class CardFacts(msgspec.Struct, frozen=True):
    """A card and its household. `pin_above`: points above which the card asks for its PIN. `became`: the head of
    the household that it was merged into. `freeze`: by supervisors; its day may be over."""

    household: UUID
    code: str
    head: str
    revoked_at: datetime | None
    pin_above: int | None
    frozen_at: datetime | None = None
    ended_at: datetime | None = None
    became: str | None = None
    freeze: FreezeFacts | None = None


class RequestFacts(msgspec.Struct, frozen=True):
    """About request `n` of the batch, from 1: whose points pay, and whether the id is used already.

    `own_points`: available in the household's account; of them up to `awaited_points` may be held by machines that
    the server waits for after a restore. `leased_points`: available of those leased to this kiosk.
    `has_collector`: a collector's card was given, known or not. `existing_digest` and `existing_receipt` are of
    the redemption that has this id."""

    n: int
    till: int
    card: CardFacts | None
    has_collector: bool
    collector: CardFacts | None
    own_points: int
    leased_points: int
    account_closed: bool
    voided: bool
    existing_digest: str | None
    existing_receipt: wire.Receipt | None
    awaited_points: int = 0

    @property
    def spendable_points(self) -> int:
        """Of the household's account, what no awaited machine may hold."""
        return max(self.own_points - self.awaited_points, 0)


class ShelfFacts(msgspec.Struct, frozen=True):
    """A product on this till's shelf. `available`: pieces that are not reserved. `promise_waiting`: an open
    promise of it has no pieces reserved yet."""

    till: int
    product: str
    name: str
    price: int
    available: int
    account_closed: bool
    promise_waiting: bool


@dataclass(frozen=True, slots=True)
class WitnessedPoints:
    """What a household may get on a day on the word of witnesses, and what it got today."""

    most: int
    today: int


class BatchFacts(msgspec.Struct, frozen=True):
    tills: list[TillFacts]
    requests: list[RequestFacts]
    shelves: list[ShelfFacts]


@dataclass(frozen=True, slots=True)
class Facts:
    """About one redemption; `shelf` by product. Without a known kiosk there is no `till`, and nothing else.
    `witnessed`: where a witness vouches for the household."""

    till: TillFacts | None = None
    request: RequestFacts | None = None
    shelf: Mapping[str, ShelfFacts] = field(default_factory=dict)
    witnessed: WitnessedPoints | None = None


class Reader(Protocol):
    """`Services` to read by itself, or a unit of work to read within it."""

    async def read(self, query: ReadQuery[BatchFacts], **values: Any) -> BatchFacts: ...


async def read_facts(reader: Reader, batch: Sequence[RedemptionRequest], now: datetime) -> list[Facts]:
    """The facts of each request, in the order of the batch."""
    numbers: dict[tuple[bytes, bytes], int] = {}
    tills = [numbers.setdefault((request.device, request.shift), len(numbers) + 1) for request in batch]
    lines = {(till, line.product) for till, request in zip(tills, batch, strict=True) for line in request.lines}
    facts = await reader.read(
        _FACTS_WITH_COLLECTORS if any(request.collector for request in batch) else _FACTS,
        now=now,
        device=[device for device, _ in numbers],
        shift=[shift for _, shift in numbers],
        id=[request.id for request in batch],
        card=[request.card for request in batch],
        collector=[request.collector for request in batch],
        request_till=tills,
        line_till=[till for till, _ in lines],
        product=[product for _, product in lines],
    )
    known_tills = {till.number: till for till in facts.tills}
    shelves: dict[int, dict[str, ShelfFacts]] = {number: {} for number in known_tills}
    for each in facts.shelves:
        shelves[each.till][each.product] = each
    requests = {each.n: each for each in facts.requests}
    return [
        Facts(known_tills[till], requests[n], shelves[till]) if till in known_tills else Facts()
        for n, till in enumerate(tills, start=1)
    ]


# --- the statement --------------------------------------------------------------------------------------

_TOWNSHIP = bindparam("township", type_=Integer)


def _unnest(**arrays: TypeEngine[Any]) -> TableValuedAlias:
    """Array parameters as rows: a column each, and `n` from 1."""
    columns = [column(each, kind) for each, kind in arrays.items()]
    values = [cast(bindparam(each), ARRAY(kind)) for each, kind in arrays.items()]
    return func.unnest(*values).table_valued(*columns, with_ordinality="n").render_derived()


def _select_tills() -> CTE:
    params = _unnest(device=LargeBinary(), shift=LargeBinary())
    enrolled = lateral_one(
        select(KioskEnrolment.kiosk, KioskEnrolment.epoch, KioskEnrolment.ended_at).where(
            KioskEnrolment.township == _TOWNSHIP, KioskEnrolment.digest == params.c.device
        ),
        "enrolled",
    )
    kiosk = lateral_one(
        select(Kiosk.supermarket).where(Kiosk.township == _TOWNSHIP, Kiosk.id == enrolled.c.kiosk), "at_kiosk"
    )
    supermarket = lateral_one(
        select(Supermarket.name).where(Supermarket.township == _TOWNSHIP, Supermarket.code == kiosk.c.supermarket),
        "in_supermarket",
    )
    shift = lateral_one(
        select(Shift.id, Shift.attendant, Shift.closed_at).where(
            Shift.township == _TOWNSHIP, Shift.digest == params.c.shift, Shift.kiosk == enrolled.c.kiosk
        ),
        "in_shift",
    )
    attendant = lateral_one(
        select(Attendant.name).where(Attendant.township == _TOWNSHIP, Attendant.id == shift.c.attendant),
        "by_attendant",
    )
    return (
        select(
            params.c.n.label("number"),
            enrolled.c.kiosk,
            enrolled.c.epoch,
            enrolled.c.ended_at.is_not(None).label("ended"),
            kiosk.c.supermarket,
            supermarket.c.name.label("supermarket_name"),
            shift.c.id.label("shift"),
            shift.c.closed_at.is_not(None).label("shift_closed"),
            shift.c.attendant,
            attendant.c.name.label("attendant_name"),
            select_freeze(_TOWNSHIP, kiosk=enrolled.c.kiosk).label("freeze"),
        )
        .select_from(params)
        .join(enrolled, true())
        .join(kiosk, true())
        .join(supermarket, true())
        .outerjoin(shift, true())
        .outerjoin(attendant, true())
        .cte("till")
    )


def _card(
    digest: ColumnElement[bytes], label: str
) -> tuple[LateralFromClause, LateralFromClause, ColumnElement[Any]]:
    """A card and its household, both to be joined, and the `CardFacts` made of them."""
    card = lateral_card(_TOWNSHIP, digest, f"{label}_card")
    household = lateral_household(_TOWNSHIP, card.c.household, f"{label}_household")
    facts = func.json_build_object(
        *("household", household.c.id, "code", household.c.code, "head", household.c.head),
        *("revoked_at", card.c.revoked_at, "pin_above", card.c.pin_above, "frozen_at", card.c.frozen_at),
        *("ended_at", household.c.ended_at, "became", household.c.became, "freeze", card.c.freeze),
    )
    return card, household, case((household.c.id.is_not(None), facts)).label(label)


def _account(name: ColumnElement[str], alias: str) -> LateralFromClause:
    return lateral_one(select(account.c.id).where(account.c.township == _TOWNSHIP, account.c.name == name), alias)


def _available(account: LateralFromClause, alias: str) -> LateralFromClause:
    """What of an account's balance is not reserved."""
    amount = (balance.c.posted - balance.c.reserved).label("amount")
    return lateral_one(
        select(amount).where(balance.c.township == _TOWNSHIP, balance.c.account == account.c.id), alias
    )


def _closing(account: LateralFromClause, alias: str) -> LateralFromClause:
    closing = account_closing.c
    return lateral_one(
        select(closing.account).where(closing.township == _TOWNSHIP, closing.account == account.c.id), alias
    )


def _select_requests(till: CTE, *, collectors: bool) -> Select[*tuple[Any, ...]]:
    params = _unnest(id=Uuid(), card=LargeBinary(), collector=LargeBinary(), request_till=Integer())
    card, household, card_facts = _card(params.c.card, "card")
    collector_card, collector_household, collector_facts = _card(params.c.collector, "collector")
    existing = lateral_one(
        select(Redemption.request, Redemption.receipt).where(
            Redemption.township == _TOWNSHIP, Redemption.id == params.c.id
        ),
        "existing",
    )
    void = lateral_one(select(Void.id).where(Void.township == _TOWNSHIP, Void.id == params.c.id), "void")
    own = _account(accounts.household_name(household.c.code), "own")
    own_closing = _closing(own, "own_closing")
    own_points = _available(own, "own_available")
    escrow = _account(accounts.escrow_name(household.c.code, till.c.kiosk, till.c.epoch), "escrow")
    leased_points = _available(escrow, "escrow_available")
    awaited = lateral_one(select_awaited_points(_TOWNSHIP, household.c.village), "awaited")
    query = (
        select(
            params.c.n,
            till.c.number.label("till"),
            card_facts,
            (func.length(params.c.collector) > 0).label("has_collector"),
            collector_facts if collectors else null().label("collector"),
            func.coalesce(own_points.c.amount, 0).label("own_points"),
            func.coalesce(leased_points.c.amount, 0).label("leased_points"),
            own_closing.c.account.is_not(None).label("account_closed"),
            void.c.id.is_not(None).label("voided"),
            func.encode(existing.c.request, "hex").label("existing_digest"),
            existing.c.receipt.label("existing_receipt"),
            func.coalesce(awaited.c.points, 0).label("awaited_points"),
        )
        .select_from(params)
        .join(till, till.c.number == params.c.request_till)
        .outerjoin(card, true())
        .outerjoin(household, true())
        .outerjoin(own, true())
        .outerjoin(own_points, true())
        .outerjoin(own_closing, true())
        .outerjoin(escrow, true())
        .outerjoin(leased_points, true())
        .outerjoin(existing, true())
        .outerjoin(void, true())
        .outerjoin(awaited, true())
    )
    if not collectors:
        return query
    return query.outerjoin(collector_card, true()).outerjoin(collector_household, true())


def _select_shelves(till: CTE) -> Select[*tuple[Any, ...]]:
    params = _unnest(line_till=Integer(), product=Text())
    on_shelf = lateral_one(
        select(Shelf.product).where(
            Shelf.township == _TOWNSHIP,
            Shelf.supermarket == till.c.supermarket,
            Shelf.product == params.c.product,
        ),
        "on_shelf",
    )
    product = lateral_one(
        select(Product.code, Product.name, Product.price).where(
            Product.township == _TOWNSHIP, Product.code == on_shelf.c.product
        ),
        "known_product",
    )
    pieces = _account(accounts.shelf_name(till.c.supermarket, params.c.product), "pieces")
    closing = _closing(pieces, "pieces_closing")
    available = _available(pieces, "pieces_available")
    promise = lateral_one(
        select(Promise.id).where(
            Promise.township == _TOWNSHIP,
            Promise.supermarket == till.c.supermarket,
            Promise.product == params.c.product,
            Promise.status == "open",
            Promise.arrival.is_(None),
            Promise.expires_at > bindparam("now", type_=DateTime(timezone=True)),
        ),
        "waiting_promise",
    )
    return (
        select(
            till.c.number.label("till"),
            product.c.code.label("product"),
            product.c.name,
            product.c.price,
            func.coalesce(available.c.amount, 0).label("available"),
            closing.c.account.is_not(None).label("account_closed"),
            promise.c.id.is_not(None).label("promise_waiting"),
        )
        .select_from(params)
        .join(till, till.c.number == params.c.line_till)
        .join(on_shelf, true())
        .join(product, true())
        .outerjoin(pieces, true())
        .outerjoin(available, true())
        .outerjoin(closing, true())
        .outerjoin(promise, true())
    )


_TILLS = _select_tills()
_FACTS, _FACTS_WITH_COLLECTORS = (
    ReadQuery(
        BatchFacts,
        tills=select(_TILLS),
        requests=_select_requests(_TILLS, collectors=collectors),
        shelves=_select_shelves(_TILLS),
    )
    for collectors in (False, True)
)
"""Most batches name no collector and are spared two joins."""
