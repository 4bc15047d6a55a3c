"""Whether a redemption may be, and what it comes to: all of its rules, decided from facts alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias
from uuid import UUID

from api import wire
from api.platform.access import device_unknown
from api.platform.errors import ErrorCode, Refused
from api.registry.cards.use_cases import require_active
from api.shop.kiosks.use_cases import shift_closed
from api.shop.redemptions.facts import CardFacts, Facts, GoodsFacts, PurseFacts, RedemptionRequest, TillFacts
from api.shop.redemptions.receipts import Booking, book, request_digest


@dataclass(frozen=True, slots=True)
class Given:
    """The same was asked for before: its receipt."""

    receipt: wire.Receipt


@dataclass(frozen=True, slots=True)
class PromisesFirst:
    """Others wait for these products: what has come of them is set aside before anybody else is served."""

    products: Sequence[str]


class Taken:
    """What the redemptions decided so far take: of accounts, of what kiosks hold of them, of shelves."""

    def __init__(self) -> None:
        self.own: dict[str, int] = {}
        self.held: dict[tuple[str, UUID], int] = {}
        self.pieces: dict[tuple[str, str], int] = {}

    def add(self, booking: Booking) -> None:
        receipt, till, code = booking.receipt, booking.till, booking.household.code
        self.own[code] = self.own.get(code, 0) + receipt.points - receipt.leased
        self.held[code, till.kiosk] = self.held.get((code, till.kiosk), 0) + receipt.leased
        for line in receipt.lines:
            shelf = till.supermarket, line.product
            self.pieces[shelf] = self.pieces.get(shelf, 0) + line.quantity


_NOTHING = Taken()

Decision: TypeAlias = Booking | Given | PromisesFirst | Refused


def decide(
    asked: RedemptionRequest,
    facts: Facts,
    now: datetime,
    *,
    pin_given: bool = False,
    promises_served: bool = False,
    taken: Taken = _NOTHING,
) -> Decision:
    """`pin_given`: the card's PIN was typed and is right. `promises_served`: whoever waited has got what there
    was.

    Refused: device-unknown, conflict, shift-closed, abandoned, card-unknown, card-revoked, own-card, unknown,
    price-changed (product, price), pin-needed (above), account-closed, insufficient-points (missing), out-of-stock
    (product, left)."""
    try:
        till, purse = require_machine(facts)
        given = given_receipt(asked, till, purse)
        if given is not None:
            return Given(given)
        household, collector = require_served(till, purse)
        lines = priced(asked.lines, facts.goods)
        points = sum(line.points for line in lines)
        if household.pin_above is not None and points > household.pin_above and not pin_given:
            above = household.pin_above
            return Refused(ErrorCode.PIN_NEEDED, f"超过 {above} 分，请户主输入积分卡密码。", above=above)
        waited_for = [line.product for line in lines if facts.goods[line.product].waited_for]
        if waited_for and not promises_served:
            return PromisesFirst(waited_for)
        own = purse.own - taken.own.get(household.code, 0)
        held = purse.held - taken.held.get((household.code, till.kiosk), 0)
        leased = require_points(purse, points, own=own, held=min(held, asked.leased))
        require_pieces(lines, facts.goods, till.supermarket, taken)
    except Refused as refusal:
        return refusal
    return book(
        asked.id,
        till,
        household,
        collector,
        lines,
        request=request_digest(till.kiosk, asked.card, asked.lines, asked.collector),
        leased=leased,
        at=now,
        counts_lease=bool(asked.leased),
    )


def decide_batch(batch: Sequence[RedemptionRequest], facts: Sequence[Facts], now: datetime) -> dict[int, Booking]:
    """Those of a batch that can be booked together, by their places in it: what the earlier ones take isn't there
    for the later ones. Of the others it says nothing: alone, each may come to something else."""
    bookings: dict[int, Booking] = {}
    taken = Taken()
    for n, (asked, known) in enumerate(zip(batch, facts, strict=True)):
        decision = decide(asked, known, now, taken=taken)
        if isinstance(decision, Booking):
            bookings[n] = decision
            taken.add(decision)
    return bookings


# --- one rule each --------------------------------------------------------------------------------------


def require_machine(facts: Facts) -> tuple[TillFacts, PurseFacts]:
    if facts.till is None or facts.purse is None or facts.till.ended:
        raise device_unknown()
    return facts.till, facts.purse


def given_receipt(asked: RedemptionRequest, till: TillFacts, purse: PurseFacts) -> wire.Receipt | None:
    if purse.receipt is None:
        return None
    if purse.request != request_digest(till.kiosk, asked.card, asked.lines, asked.collector).hex():
        raise Refused(ErrorCode.CONFLICT, "这个兑换编号已经用过，内容不同；请重新扫卡再兑换。")
    return purse.receipt


def require_served(till: TillFacts, purse: PurseFacts) -> tuple[CardFacts, CardFacts | None]:
    """Somebody is on duty, and the card counts; so does a neighbour's. Gives both households."""
    if till.shift is None or till.closed:
        raise shift_closed()
    if purse.voided:
        raise Refused(ErrorCode.ABANDONED, "这一笔已经作废，不能再兑换；请重新扫卡。")
    household = require_active(purse.card)
    if not purse.collected:
        return household, None
    collector = require_active(purse.collector)
    if collector.household == household.household:
        raise Refused(ErrorCode.OWN_CARD, "代领人的卡就是这一户自己的卡；本人来取不用代领。")
    return household, collector


def priced(lines: Sequence[wire.RedemptionLine], goods: Mapping[str, GoodsFacts]) -> list[wire.ReceiptLine]:
    """The lines with the shelf's own names and prices, one for each product."""
    quantities: dict[str, int] = {}
    for line in lines:
        product = goods.get(line.product)
        if product is None:
            raise Refused(ErrorCode.UNKNOWN, f"本超市没有编号为 {line.product} 的物品。")
        if line.price != product.price:
            raise Refused(
                ErrorCode.PRICE_CHANGED,
                f"{product.name}的分值已改为 {product.price} 分，请重新扫卡再兑换。",
                product=line.product,
                price=product.price,
            )
        quantities[line.product] = quantities.get(line.product, 0) + line.quantity
    return [
        wire.ReceiptLine(
            product=code,
            name=goods[code].name,
            quantity=quantity,
            price=goods[code].price,
            points=goods[code].price * quantity,
        )
        for code, quantity in quantities.items()
    ]


def require_points(purse: PurseFacts, points: int, *, own: int, held: int) -> int:
    """How many points of those that the kiosk holds have to pay: what the household's account can't."""
    if purse.closed:
        raise account_closed(own=True)
    leased = max(min(points - own, held), 0)
    missing = points - own - leased
    if missing > 0:
        raise Refused(ErrorCode.INSUFFICIENT_POINTS, f"积分不够，还差 {missing} 分。", missing=missing)
    return leased


def require_pieces(
    lines: Sequence[wire.ReceiptLine], goods: Mapping[str, GoodsFacts], supermarket: str, taken: Taken
) -> None:
    for line in lines:
        if goods[line.product].closed:
            raise account_closed(own=False)
        left = goods[line.product].left - taken.pieces.get((supermarket, line.product), 0)
        if line.quantity > left:
            raise Refused(
                ErrorCode.OUT_OF_STOCK,
                f"{line.name}只剩 {left} 件，请减少数量或换一样。",
                product=line.product,
                left=left,
            )


def account_closed(*, own: bool) -> Refused:
    if own:
        return Refused(ErrorCode.ACCOUNT_CLOSED, "这户的积分账户已关闭，请到村委会查询。")
    return Refused(ErrorCode.ACCOUNT_CLOSED, "本超市的这个货架或账户已关闭，请联系乡镇办公室。")
