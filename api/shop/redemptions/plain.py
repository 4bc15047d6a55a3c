"""Which of the redemptions that are asked for are plain: everything is as the till believed, and points and goods
are there. One look tells of a whole batch."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
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
    cast,
    column,
    func,
    select,
    true,
)
from sqlalchemy.sql.selectable import LateralFromClause
from sqlalchemy.types import TypeEngine

from api import wire
from api.platform import accounts
from api.platform.access import Device
from api.platform.database.look import Look
from api.platform.problems import Refused
from api.platform.town import Town
from api.registry.cards.queries import living_card
from api.registry.cards.use_cases import Holder
from api.registry.register.queries import household_of
from api.shop.kiosks.tables import Attendant, Kiosk, KioskEnrolment, Shift
from api.shop.kiosks.use_cases import OnDuty
from api.shop.promises.tables import Promise
from api.shop.redemptions import booking
from api.shop.redemptions.tables import Redemption, Void
from api.shop.stock.tables import Product, Shelf, Supermarket
from ledger.lookup import by_key
from ledger.tables import account, account_closing, balance
from ledger.transactions import AccountId, Transaction


@dataclass(frozen=True, slots=True)
class Asked:
    """A redemption as a till asks for it; tokens as their digests."""

    device: bytes
    shift: bytes
    id: UUID
    card: bytes
    wanted: wire.Redemption


class _Till(msgspec.Struct, frozen=True):
    """A kiosk, and who is on duty there; `till` numbers those of a batch, from 1."""

    till: int
    kiosk: UUID
    epoch: int
    supermarket: str
    place: str
    shift: UUID
    attendant: UUID
    attendant_name: str


class _Caller(msgspec.Struct, frozen=True):
    """For whom the `n`th of a batch is, from 1, and at which till. `own`: points of the household's account,
    `held` those that the kiosk holds of it."""

    n: int
    till: int
    household: UUID
    code: str
    head: str
    village: str
    pin_above: int | None
    own: int
    held: int


class _Goods(msgspec.Struct, frozen=True):
    """A product as this till's shelf has it, and how many pieces are left."""

    till: int
    code: str
    name: str
    price: int
    left: int


class _Seen(msgspec.Struct, frozen=True):
    tills: list[_Till]
    callers: list[_Caller]
    goods: list[_Goods]


_TOWNSHIP = bindparam("township", type_=Integer)


def _rows(**arrays: TypeEngine[Any]) -> TableValuedAlias:
    """Arrays of parameters side by side, a column each, and `n` from 1."""
    columns = [column(each, kind) for each, kind in arrays.items()]
    values = [cast(bindparam(each), ARRAY(kind)) for each, kind in arrays.items()]
    return func.unnest(*values).table_valued(*columns, with_ordinality="n").render_derived()


def _tills() -> CTE:
    asked = _rows(device=LargeBinary(), shift=LargeBinary())
    enrolled = by_key(
        # Whether it has ended is asked of what was found: there is an index of all that haven't, which is no key.
        select(KioskEnrolment.kiosk, KioskEnrolment.epoch, KioskEnrolment.ended_at).where(
            KioskEnrolment.township == _TOWNSHIP, KioskEnrolment.digest == asked.c.device
        ),
        "enrolled",
    )
    kiosk = by_key(
        select(Kiosk.supermarket).where(Kiosk.township == _TOWNSHIP, Kiosk.id == enrolled.c.kiosk), "at"
    )
    place = by_key(
        select(Supermarket.name).where(Supermarket.township == _TOWNSHIP, Supermarket.code == kiosk.c.supermarket),
        "place",
    )
    shift = by_key(
        select(Shift.id, Shift.attendant).where(
            Shift.township == _TOWNSHIP,
            Shift.digest == asked.c.shift,
            Shift.kiosk == enrolled.c.kiosk,
            Shift.closed_at.is_(None),
        ),
        "on",
    )
    attendant = by_key(
        select(Attendant.name).where(Attendant.township == _TOWNSHIP, Attendant.id == shift.c.attendant), "who"
    )
    return (
        select(
            asked.c.n.label("till"),
            enrolled.c.kiosk,
            enrolled.c.epoch,
            kiosk.c.supermarket,
            place.c.name.label("place"),
            shift.c.id.label("shift"),
            shift.c.attendant,
            attendant.c.name.label("attendant_name"),
        )
        .select_from(asked)
        .join(enrolled, true())
        .join(kiosk, true())
        .join(place, true())
        .join(shift, true())
        .join(attendant, true())
        .where(enrolled.c.ended_at.is_(None))
        .cte("till")
    )


def _named(name: ColumnElement[str], word: str) -> LateralFromClause:
    return by_key(select(account.c.id).where(account.c.township == _TOWNSHIP, account.c.name == name), word)


def _left(named: LateralFromClause, word: str) -> LateralFromClause:
    """What is left in an account."""
    left = (balance.c.posted - balance.c.reserved).label("left")
    return by_key(select(left).where(balance.c.township == _TOWNSHIP, balance.c.account == named.c.id), word)


def _closed(named: LateralFromClause, word: str) -> LateralFromClause:
    closing = account_closing.c
    return by_key(
        select(closing.account).where(closing.township == _TOWNSHIP, closing.account == named.c.id), word
    )


def _callers(till: CTE) -> Select[*tuple[Any, ...]]:
    asked = _rows(id=Uuid(), card=LargeBinary(), at=Integer())
    card = living_card(_TOWNSHIP, asked.c.card)
    holder = household_of(_TOWNSHIP, card.c.household)
    given = by_key(
        select(Redemption.id).where(Redemption.township == _TOWNSHIP, Redemption.id == asked.c.id), "given"
    )
    void = by_key(select(Void.id).where(Void.township == _TOWNSHIP, Void.id == asked.c.id), "void")
    points = _named(accounts.household_name(holder.c.code), "points")
    closed = _closed(points, "closed")
    own = _left(points, "own")
    escrow = _named(accounts.escrow_name(holder.c.code, till.c.kiosk, till.c.epoch), "escrow")
    held = _left(escrow, "held")
    return (
        select(
            asked.c.n,
            till.c.till,
            holder.c.id.label("household"),
            holder.c.code,
            holder.c.head,
            holder.c.village,
            card.c.pin_above,
            own.c.left.label("own"),
            func.coalesce(held.c.left, 0).label("held"),
        )
        .select_from(asked)
        .join(till, till.c.till == asked.c.at)
        .join(card, true())
        .join(holder, true())
        .join(points, true())
        .join(own, true())
        .outerjoin(closed, true())
        .outerjoin(escrow, true())
        .outerjoin(held, true())
        .outerjoin(given, true())
        .outerjoin(void, true())
        .where(closed.c.account.is_(None), given.c.id.is_(None), void.c.id.is_(None))
        .order_by(asked.c.n)
    )


def _goods(till: CTE) -> Select[*tuple[Any, ...]]:
    """What is waited for by somebody is no plain case."""
    asked = _rows(line_at=Integer(), product=Text())
    shelf = by_key(
        select(Shelf.product).where(
            Shelf.township == _TOWNSHIP,
            Shelf.supermarket == till.c.supermarket,
            Shelf.product == asked.c.product,
        ),
        "on_shelf",
    )
    product = by_key(
        select(Product.code, Product.name, Product.price).where(
            Product.township == _TOWNSHIP, Product.code == shelf.c.product
        ),
        "known",
    )
    pieces = _named(accounts.shelf_name(till.c.supermarket, asked.c.product), "pieces")
    closed = _closed(pieces, "closed_shelf")
    left = _left(pieces, "stock")
    waited_for = by_key(
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
        select(till.c.till, *product.c, left.c.left)
        .select_from(asked)
        .join(till, till.c.till == asked.c.line_at)
        .join(shelf, true())
        .join(product, true())
        .join(pieces, true())
        .join(left, true())
        .outerjoin(closed, true())
        .outerjoin(waited_for, true())
        .where(closed.c.account.is_(None), waited_for.c.id.is_(None))
    )


_TILLS = _tills()
_LOOK = Look(_Seen, tills=select(_TILLS), callers=_callers(_TILLS), goods=_goods(_TILLS))


@dataclass(frozen=True, slots=True)
class Plain:
    """A redemption that can be booked, if all is still so when it is. `receipt` can't tell the balance yet."""

    asked: Asked
    device: Device
    duty: OnDuty
    household: Holder
    receipt: wire.Receipt

    @property
    def own(self) -> AccountId:
        return accounts.household(self.household.code).id

    @property
    def escrow(self) -> AccountId | None:
        """Of what the kiosk holds, where the till counts on it."""
        if not self.asked.wanted.leased:
            return None
        return accounts.escrow(self.household.code, self.device.id, self.device.epoch).id

    @property
    def transactions(self) -> list[Transaction]:
        return booking.transactions(
            self.asked.id,
            self.device,
            self.duty.attendant,
            self.household,
            self.receipt.lines,
            self.receipt.leased,
            None,
        )


async def plain(town: Town, batch: Sequence[Asked], now: datetime) -> list[Plain]:
    """Those of a batch that are plain, in its order; what the earlier ones take isn't there for the later ones."""
    seen = await _look(town, batch, now)
    tills = {till.till: till for till in seen.tills}
    goods: defaultdict[int, dict[str, _Goods]] = defaultdict(dict)
    for one in seen.goods:
        goods[one.till][one.code] = one
    left: dict[Any, int] = {}
    found = []
    for caller in seen.callers:
        asked, till, shelf = batch[caller.n - 1], tills[caller.till], goods[caller.till]
        try:
            lines = booking.priced(asked.wanted.lines, shelf)
        except Refused:
            continue
        points = sum(line.points for line in lines)
        if caller.pin_above is not None and points > caller.pin_above:
            continue
        account, escrow = caller.household, (caller.household, till.kiosk)
        own, held = left.get(account, caller.own), left.get(escrow, caller.held)
        leased = booking.from_lease(points, own, asked.wanted.leased, held)
        after = {account: own + leased - points, escrow: held - leased}
        for line in lines:
            pieces = (till.supermarket, line.product)
            after[pieces] = left.get(pieces, shelf[line.product].left) - line.quantity
        if min(after.values()) < 0:
            continue
        left |= after
        duty = OnDuty(till.attendant, till.attendant_name, till.shift)
        household = Holder(caller.household, caller.code, caller.head, caller.village, "")
        receipt = booking.receipt(asked.id, till.place, duty, household, lines, balance=0, leased=leased, at=now)
        found.append(Plain(asked, Device(till.kiosk, till.supermarket, till.epoch), duty, household, receipt))
    return found


async def _look(town: Town, batch: Sequence[Asked], now: datetime) -> _Seen:
    tills: dict[tuple[bytes, bytes], int] = {}
    at = [tills.setdefault((asked.device, asked.shift), len(tills) + 1) for asked in batch]
    lines = {(till, line.product) for till, asked in zip(at, batch, strict=True) for line in asked.wanted.lines}
    return await town.look(
        _LOOK,
        now=now,
        device=[device for device, _ in tills],
        shift=[shift for _, shift in tills],
        id=[asked.id for asked in batch],
        card=[asked.card for asked in batch],
        at=at,
        line_at=[till for till, _ in lines],
        product=[product for _, product in lines],
    )
