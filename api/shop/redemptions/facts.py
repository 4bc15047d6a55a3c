"""What there is to know before a redemption is decided: one statement tells it of a whole batch, as of one moment.

Nothing is left out because it speaks against a redemption: a card that was reported lost, a shift that is over or
a receipt that was given already are facts like any other. What they mean is for `decision.py` to say.
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
from api.platform.access import secret_digest
from api.platform.database.read_query import ReadQuery
from api.registry.cards.queries import any_card
from api.registry.register.queries import household_of
from api.shop.kiosks.tables import Attendant, Kiosk, KioskEnrolment, Shift
from api.shop.promises.tables import Promise
from api.shop.redemptions.tables import Redemption, Void
from api.shop.stock.tables import Product, Shelf, Supermarket
from api.wire.card_token import digest, parse
from ledger.lookup import lateral_one
from ledger.tables import account, account_closing, balance


@dataclass(frozen=True, slots=True)
class RedemptionRequest:
    """A redemption as a kiosk asks for it. Tokens as their digests; no `collector` where the household comes."""

    device: bytes
    shift: bytes
    id: UUID
    card: bytes
    lines: Sequence[wire.RedemptionLine]
    leased: int = 0
    collector: bytes = b""

    @classmethod
    def read(cls, device: str, shift: str, id: UUID, wanted: wire.Redemption) -> RedemptionRequest:
        """Raises MalformedCard."""
        return cls(
            device=secret_digest(device),
            shift=secret_digest(shift),
            id=id,
            card=digest(parse(wanted.card)),
            lines=wanted.lines,
            leased=wanted.leased,
            collector=digest(parse(wanted.collector)) if wanted.collector else b"",
        )


class TillFacts(msgspec.Struct, frozen=True):
    """A kiosk, and the shift that it names. `till` numbers those of a batch, from 1. `ended`: the machine may not
    go on. No `shift` where this kiosk has none of that name."""

    till: int
    kiosk: UUID
    epoch: int
    ended: bool
    supermarket: str
    place: str
    shift: UUID | None
    closed: bool
    attendant: UUID | None
    attendant_name: str | None


class CardFacts(msgspec.Struct, frozen=True):
    """The household of a card. `pin_above`: points above which the card asks for its PIN."""

    household: UUID
    code: str
    head: str
    revoked_at: datetime | None
    pin_above: int | None


class PurseFacts(msgspec.Struct, frozen=True):
    """What the `n`th of a batch, from 1, can be paid from: the household's account, `own`, and what the kiosk
    holds of it, `held`. `collected`: somebody else takes the goods home. `request` and `receipt` are of the
    redemption that has this id already."""

    n: int
    till: int
    card: CardFacts | None
    collected: bool
    collector: CardFacts | None
    own: int
    held: int
    closed: bool
    voided: bool
    request: str | None
    receipt: wire.Receipt | None


class GoodsFacts(msgspec.Struct, frozen=True):
    """A product as this till's shelf has it, and how many pieces are free. `waited_for`: a promise of it still
    waits for pieces."""

    till: int
    product: str
    name: str
    price: int
    left: int
    closed: bool
    waited_for: bool


class BatchFacts(msgspec.Struct, frozen=True):
    tills: list[TillFacts]
    purses: list[PurseFacts]
    goods: list[GoodsFacts]


@dataclass(frozen=True, slots=True)
class Facts:
    """About one redemption. No `till` where nobody knows the machine, and then nothing else either."""

    till: TillFacts | None = None
    purse: PurseFacts | None = None
    goods: Mapping[str, GoodsFacts] = field(default_factory=dict)


class Reader(Protocol):
    """`Services` to read by itself, or a unit of work to read within it."""

    async def read(self, query: ReadQuery[BatchFacts], **values: Any) -> BatchFacts: ...


async def read_facts(reader: Reader, batch: Sequence[RedemptionRequest], now: datetime) -> list[Facts]:
    """Of each its own, in the order of the batch."""
    tills: dict[tuple[bytes, bytes], int] = {}
    at = [tills.setdefault((asked.device, asked.shift), len(tills) + 1) for asked in batch]
    lines = {(till, line.product) for till, asked in zip(at, batch, strict=True) for line in asked.lines}
    told = await reader.read(
        _FACTS_WITH_COLLECTORS if any(asked.collector for asked in batch) else _FACTS,
        now=now,
        device=[device for device, _ in tills],
        shift=[shift for _, shift in tills],
        id=[asked.id for asked in batch],
        card=[asked.card for asked in batch],
        collector=[asked.collector for asked in batch],
        at=at,
        line_at=[till for till, _ in lines],
        product=[product for _, product in lines],
    )
    known = {till.till: till for till in told.tills}
    shelves: dict[int, dict[str, GoodsFacts]] = {till: {} for till in known}
    for each in told.goods:
        shelves[each.till][each.product] = each
    purses = {purse.n: purse for purse in told.purses}
    return [
        Facts(known[till], purses[n], shelves[till]) if till in known else Facts()
        for n, till in enumerate(at, start=1)
    ]


# --- the statement --------------------------------------------------------------------------------------

_TOWNSHIP = bindparam("township", type_=Integer)


def _rows(**arrays: TypeEngine[Any]) -> TableValuedAlias:
    """Arrays of parameters side by side, a column each, and `n` from 1."""
    columns = [column(each, kind) for each, kind in arrays.items()]
    values = [cast(bindparam(each), ARRAY(kind)) for each, kind in arrays.items()]
    return func.unnest(*values).table_valued(*columns, with_ordinality="n").render_derived()


def _tills() -> CTE:
    asked = _rows(device=LargeBinary(), shift=LargeBinary())
    enrolled = lateral_one(
        select(KioskEnrolment.kiosk, KioskEnrolment.epoch, KioskEnrolment.ended_at).where(
            KioskEnrolment.township == _TOWNSHIP, KioskEnrolment.digest == asked.c.device
        ),
        "enrolled",
    )
    kiosk = lateral_one(
        select(Kiosk.supermarket).where(Kiosk.township == _TOWNSHIP, Kiosk.id == enrolled.c.kiosk), "at"
    )
    place = lateral_one(
        select(Supermarket.name).where(Supermarket.township == _TOWNSHIP, Supermarket.code == kiosk.c.supermarket),
        "place",
    )
    shift = lateral_one(
        select(Shift.id, Shift.attendant, Shift.closed_at).where(
            Shift.township == _TOWNSHIP, Shift.digest == asked.c.shift, Shift.kiosk == enrolled.c.kiosk
        ),
        "on",
    )
    attendant = lateral_one(
        select(Attendant.name).where(Attendant.township == _TOWNSHIP, Attendant.id == shift.c.attendant), "who"
    )
    return (
        select(
            asked.c.n.label("till"),
            enrolled.c.kiosk,
            enrolled.c.epoch,
            enrolled.c.ended_at.is_not(None).label("ended"),
            kiosk.c.supermarket,
            place.c.name.label("place"),
            shift.c.id.label("shift"),
            shift.c.closed_at.is_not(None).label("closed"),
            shift.c.attendant,
            attendant.c.name.label("attendant_name"),
        )
        .select_from(asked)
        .join(enrolled, true())
        .join(kiosk, true())
        .join(place, true())
        .outerjoin(shift, true())
        .outerjoin(attendant, true())
        .cte("till")
    )


def _card(
    digest: ColumnElement[bytes], word: str
) -> tuple[LateralFromClause, LateralFromClause, ColumnElement[Any]]:
    """A card and its household, to be joined, and both as one value."""
    card = any_card(_TOWNSHIP, digest, f"{word}_card")
    holder = household_of(_TOWNSHIP, card.c.household, f"{word}_holder")
    facts = func.json_build_object(
        *("household", holder.c.id, "code", holder.c.code, "head", holder.c.head),
        *("revoked_at", card.c.revoked_at, "pin_above", card.c.pin_above),
    )
    return card, holder, case((holder.c.id.is_not(None), facts)).label(word)


def _named(name: ColumnElement[str], word: str) -> LateralFromClause:
    return lateral_one(select(account.c.id).where(account.c.township == _TOWNSHIP, account.c.name == name), word)


def _left(named: LateralFromClause, word: str) -> LateralFromClause:
    """What is free of an account."""
    left = (balance.c.posted - balance.c.reserved).label("left")
    return lateral_one(select(left).where(balance.c.township == _TOWNSHIP, balance.c.account == named.c.id), word)


def _closed(named: LateralFromClause, word: str) -> LateralFromClause:
    closing = account_closing.c
    return lateral_one(
        select(closing.account).where(closing.township == _TOWNSHIP, closing.account == named.c.id), word
    )


def _purses(till: CTE, *, collectors: bool) -> Select[*tuple[Any, ...]]:
    asked = _rows(id=Uuid(), card=LargeBinary(), collector=LargeBinary(), at=Integer())
    card, holder, card_facts = _card(asked.c.card, "card")
    neighbours, neighbour, collector_facts = _card(asked.c.collector, "collector")
    given = lateral_one(
        select(Redemption.request, Redemption.receipt).where(
            Redemption.township == _TOWNSHIP, Redemption.id == asked.c.id
        ),
        "given",
    )
    void = lateral_one(select(Void.id).where(Void.township == _TOWNSHIP, Void.id == asked.c.id), "void")
    points = _named(accounts.household_name(holder.c.code), "points")
    closed = _closed(points, "closed")
    own = _left(points, "own")
    escrow = _named(accounts.escrow_name(holder.c.code, till.c.kiosk, till.c.epoch), "escrow")
    held = _left(escrow, "held")
    question = (
        select(
            asked.c.n,
            till.c.till,
            card_facts,
            (func.length(asked.c.collector) > 0).label("collected"),
            collector_facts if collectors else null().label("collector"),
            func.coalesce(own.c.left, 0).label("own"),
            func.coalesce(held.c.left, 0).label("held"),
            closed.c.account.is_not(None).label("closed"),
            void.c.id.is_not(None).label("voided"),
            func.encode(given.c.request, "hex").label("request"),
            given.c.receipt,
        )
        .select_from(asked)
        .join(till, till.c.till == asked.c.at)
        .outerjoin(card, true())
        .outerjoin(holder, true())
        .outerjoin(points, true())
        .outerjoin(own, true())
        .outerjoin(closed, true())
        .outerjoin(escrow, true())
        .outerjoin(held, true())
        .outerjoin(given, true())
        .outerjoin(void, true())
    )
    if not collectors:
        return question
    return question.outerjoin(neighbours, true()).outerjoin(neighbour, true())


def _goods(till: CTE) -> Select[*tuple[Any, ...]]:
    asked = _rows(line_at=Integer(), product=Text())
    shelf = lateral_one(
        select(Shelf.product).where(
            Shelf.township == _TOWNSHIP,
            Shelf.supermarket == till.c.supermarket,
            Shelf.product == asked.c.product,
        ),
        "on_shelf",
    )
    product = lateral_one(
        select(Product.code, Product.name, Product.price).where(
            Product.township == _TOWNSHIP, Product.code == shelf.c.product
        ),
        "known",
    )
    pieces = _named(accounts.shelf_name(till.c.supermarket, asked.c.product), "pieces")
    closed = _closed(pieces, "closed_shelf")
    left = _left(pieces, "stock")
    waited_for = lateral_one(
        select(Promise.id).where(
            Promise.township == _TOWNSHIP,
            Promise.supermarket == till.c.supermarket,
            Promise.product == asked.c.product,
            Promise.status == "open",
            Promise.arrival.is_(None),
            Promise.expires_at > bindparam("now", type_=DateTime(timezone=True)),
        ),
        "waited_for",
    )
    return (
        select(
            till.c.till,
            product.c.code.label("product"),
            product.c.name,
            product.c.price,
            func.coalesce(left.c.left, 0).label("left"),
            closed.c.account.is_not(None).label("closed"),
            waited_for.c.id.is_not(None).label("waited_for"),
        )
        .select_from(asked)
        .join(till, till.c.till == asked.c.line_at)
        .join(shelf, true())
        .join(product, true())
        .outerjoin(pieces, true())
        .outerjoin(left, true())
        .outerjoin(closed, true())
        .outerjoin(waited_for, true())
    )


_TILLS = _tills()
_FACTS, _FACTS_WITH_COLLECTORS = (
    ReadQuery(
        BatchFacts,
        tills=select(_TILLS),
        purses=_purses(_TILLS, collectors=collectors),
        goods=_goods(_TILLS),
    )
    for collectors in (False, True)
)
"""Neighbours are few: most batches don't ask for any."""
