"""All rules of a redemption, decided from facts alone: whether it may happen, and what is booked for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias
from uuid import UUID

from api import wire
from api.platform.access import unknown_device
from api.platform.clock import local_date
from api.platform.errors import ErrorCode, Refused
from api.registry.cards.use_cases import require_active
from api.shop.identification.queries import require_valid
from api.shop.kiosks.use_cases import shift_closed
from api.shop.redemptions.facts import (
    CardFacts,
    Facts,
    RedemptionRequest,
    RequestFacts,
    ShelfFacts,
    TillFacts,
    WitnessedPoints,
)
from api.shop.redemptions.receipts import Booking, book, digest_request


@dataclass(frozen=True, slots=True)
class ExistingReceipt:
    """The same request was booked before."""

    receipt: wire.Receipt


@dataclass(frozen=True, slots=True)
class PromisesFirst:
    """Promises wait for these products: pieces that have arrived are reserved for them before this is decided."""

    products: Sequence[str]


class Usage:
    """What the bookings of a batch so far use up: points of accounts, leased points, pieces on shelves."""

    def __init__(self) -> None:
        self.own_points: dict[str, int] = {}
        self.leased_points: dict[tuple[str, UUID], int] = {}
        self.pieces: dict[tuple[str, str], int] = {}

    def add(self, booking: Booking) -> None:
        receipt, till, code = booking.receipt, booking.till, booking.card.code
        self.own_points[code] = self.own_points.get(code, 0) + receipt.points - receipt.leased
        self.leased_points[code, till.kiosk] = self.leased_points.get((code, till.kiosk), 0) + receipt.leased
        for line in receipt.lines:
            shelf = till.supermarket, line.product
            self.pieces[shelf] = self.pieces.get(shelf, 0) + line.quantity


_NO_USAGE = Usage()

Decision: TypeAlias = Booking | ExistingReceipt | PromisesFirst | Refused


def decide(
    request: RedemptionRequest,
    facts: Facts,
    now: datetime,
    *,
    pin_verified: bool = False,
    promises_served: bool = False,
    usage: Usage = _NO_USAGE,
) -> Decision:
    """`promises_served`: whatever had arrived for waiting promises is reserved already. `usage`: of earlier
    requests in the same batch.

    Refused: device-unknown, conflict, kiosk-suspended, shift-closed, abandoned, card-unknown, card-revoked,
    card-frozen, card-suspended, own-card, identification-over, not-allowed, unknown, price-changed (product,
    price), pin-needed (above), witnessed-full (most, left), account-closed, tills-awaited, insufficient-points
    (missing), out-of-stock (product, left).
    """
    try:
        till, request_facts = require_enrolled(facts)
        receipt = find_existing_receipt(request, till, request_facts)
        if receipt is not None:
            return ExistingReceipt(receipt)
        if till.freeze is not None and till.freeze.holds_on(local_date(now)):
            return Refused(ErrorCode.KIOSK_SUSPENDED, till.freeze.tell_kiosk())
        card, collector = require_shift_and_cards(request, till, request_facts, now)
        lines = price_lines(request.lines, facts.shelf)
        points = sum(line.points for line in lines)
        pin_given = pin_verified or (request.identification is not None and request.identification.by_pin)
        if card.pin_above is not None and points > card.pin_above and not pin_given:
            above = card.pin_above
            return Refused(ErrorCode.PIN_NEEDED, f"超过 {above} 分，请户主输入积分卡密码。", above=above)
        if not pin_given:
            require_witnessed(facts.witnessed, points)
        promised = [line.product for line in lines if facts.shelf[line.product].promise_waiting]
        if promised and not promises_served:
            return PromisesFirst(promised)
        own_points = request_facts.spendable_points - usage.own_points.get(card.code, 0)
        leased_points = request_facts.leased_points - usage.leased_points.get((card.code, till.kiosk), 0)
        leased = require_points(
            request_facts, points, own_points=own_points, leased_points=min(leased_points, request.leased)
        )
        require_pieces(lines, facts.shelf, till.supermarket, usage)
    except Refused as refusal:
        return refusal
    return book(
        request.id,
        till,
        card,
        collector,
        lines,
        digest=digest_request(till.kiosk, request.card, request.lines, request.collector),
        leased=leased,
        at=now,
        identification=request.identification,
    )


def decide_batch(batch: Sequence[RedemptionRequest], facts: Sequence[Facts], now: datetime) -> dict[int, Booking]:
    """Bookings by their place in the batch, each decided after what the earlier ones use up. The requests left out
    are not refused by this: decided alone, each may have another result."""
    bookings: dict[int, Booking] = {}
    usage = Usage()
    for n, (request, its_facts) in enumerate(zip(batch, facts, strict=True)):
        decision = decide(request, its_facts, now, usage=usage)
        if isinstance(decision, Booking):
            bookings[n] = decision
            usage.add(decision)
    return bookings


# --- one rule each --------------------------------------------------------------------------------------


def require_enrolled(facts: Facts) -> tuple[TillFacts, RequestFacts]:
    """The kiosk is known, and its enrolment isn't over."""
    if facts.till is None or facts.request is None or facts.till.ended:
        raise unknown_device()
    return facts.till, facts.request


def find_existing_receipt(
    request: RedemptionRequest, till: TillFacts, request_facts: RequestFacts
) -> wire.Receipt | None:
    """The same id must always come with the same content."""
    if request_facts.existing_receipt is None:
        return None
    digest = digest_request(till.kiosk, request.card, request.lines, request.collector)
    if request_facts.existing_digest != digest.hex():
        raise Refused(ErrorCode.CONFLICT, "这个兑换编号已经用过，内容不同；请重新扫卡再兑换。")
    return request_facts.existing_receipt


def require_shift_and_cards(
    request: RedemptionRequest, till: TillFacts, request_facts: RequestFacts, now: datetime
) -> tuple[CardFacts, CardFacts | None]:
    """A shift is open, and the household's card is active, as is the collector's; an identification in place of
    the card still counts. Returns both cards."""
    if till.shift is None or till.shift_closed:
        raise shift_closed()
    if request_facts.voided:
        raise Refused(ErrorCode.ABANDONED, "这一笔已经作废，不能再兑换；请重新扫卡。")
    card = require_active(request_facts.card, now)
    if request.identification is not None:
        require_valid(request.identification, till.kiosk, card.household, now)
        if request_facts.has_collector:
            raise Refused(ErrorCode.NOT_ALLOWED, "没带卡的户不能由别人代领，请带这一户的卡来。")
    if not request_facts.has_collector:
        return card, None
    collector = require_active(request_facts.collector, now)
    if collector.household == card.household:
        raise Refused(ErrorCode.OWN_CARD, "代领人的卡就是这一户自己的卡；本人来取不用代领。")
    return card, collector


def require_witnessed(witnessed: WitnessedPoints | None, points: int) -> None:
    """Raises Refused: witnessed-full (most, left)."""
    if witnessed is None or witnessed.today + points <= witnessed.most:
        return
    most, left = witnessed.most, max(witnessed.most - witnessed.today, 0)
    raise Refused(
        ErrorCode.WITNESSED_FULL,
        f"没带卡、由证明人证明的，每户一天最多兑换 {most} 分，今天还可以兑换 {left} 分；再多请拿卡来。",
        most=most,
        left=left,
    )


def price_lines(lines: Sequence[wire.RedemptionLine], shelf: Mapping[str, ShelfFacts]) -> list[wire.ReceiptLine]:
    """The lines with the names and prices of the shelf, one for each product."""
    quantities: dict[str, int] = {}
    for line in lines:
        product = shelf.get(line.product)
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
            name=shelf[code].name,
            quantity=quantity,
            price=shelf[code].price,
            points=shelf[code].price * quantity,
        )
        for code, quantity in quantities.items()
    ]


def require_points(request_facts: RequestFacts, points: int, *, own_points: int, leased_points: int) -> int:
    """The household's account pays first. Returns how many leased points have to pay the rest."""
    if request_facts.account_closed:
        raise account_closed(own=True)
    leased = max(min(points - own_points, leased_points), 0)
    missing = points - own_points - leased
    if 0 < missing <= request_facts.awaited_points:
        raise Refused(
            ErrorCode.TILLS_AWAITED,
            "服务器从备份恢复以后，本村还有终端没有联系上，这户的分可能留在那里；等它联网，或请乡镇办公室停用它。",
        )
    if missing > 0:
        raise Refused(ErrorCode.INSUFFICIENT_POINTS, f"积分不够，还差 {missing} 分。", missing=missing)
    return leased


def require_pieces(
    lines: Sequence[wire.ReceiptLine], shelf: Mapping[str, ShelfFacts], supermarket: str, usage: Usage
) -> None:
    for line in lines:
        if shelf[line.product].account_closed:
            raise account_closed(own=False)
        left = shelf[line.product].available - usage.pieces.get((supermarket, line.product), 0)
        if line.quantity > left:
            raise Refused(
                ErrorCode.OUT_OF_STOCK,
                f"{line.name}只剩 {left} 件，请减少数量或换一样。",
                product=line.product,
                left=left,
            )


def account_closed(*, own: bool) -> Refused:
    """`own`: the household's account; otherwise one of the supermarket's."""
    if own:
        return Refused(ErrorCode.ACCOUNT_CLOSED, "这户的积分账户已关闭，请到村委会查询。")
    return Refused(ErrorCode.ACCOUNT_CLOSED, "本超市的这个货架或账户已关闭，请联系乡镇办公室。")
