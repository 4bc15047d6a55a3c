"""Redeem points for goods: one transaction in the books, points and goods together or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import msgspec
from sqlalchemy import select

from api import wire
from api.platform import accounts
from api.platform.access import Device
from api.platform.problems import Refused
from api.platform.town import Town, Work
from api.registry.cards.pins import require_pin
from api.registry.cards.use_cases import Holder, holder
from api.shop.kiosks.use_cases import on_duty
from api.shop.promises.arrivals import any_waiting, reserve
from api.shop.redemptions import booking
from api.shop.redemptions.tables import Redemption, Void
from api.shop.stock.tables import Product, Shelf
from api.wire.card_token import digest, parse
from ledger.transactions import Posting, Status


async def redeem(
    town: Town, device: Device, shift: str, id: UUID, wanted: wire.Redemption, pin: str = ""
) -> wire.Receipt:
    """The receipt of redemption `id`, now or as it was given the first time. What the account can't pay alone
    comes from what this kiosk holds of the household, as far as `wanted.leased` allows.

    Raises Refused: conflict, shift-closed, abandoned, card-malformed, card-unknown, card-revoked, own-card,
    unknown, price-changed, pin-needed (above), wrong-card-pin (left), card-pin-locked, insufficient-points
    (missing), out-of-stock (product, left), account-closed."""
    card = digest(parse(wanted.card))
    neighbour = digest(parse(wanted.collector)) if wanted.collector else b""
    request = booking.content(device.id, card, wanted.lines, neighbour)
    try:
        try:
            async with town.work() as work:
                given = await given_receipt(work, id, request)
                return given or await _redeem(work, device, shift, id, wanted, request)
        except _PinNeeded as needed:
            if not pin:
                raise Refused(
                    "pin-needed", f"超过 {needed.above} 分，请户主输入积分卡密码。", above=needed.above
                ) from None
            # In a unit of work of its own: a wrong try counts, though nothing of the redemption stays.
            await require_pin(town, card, pin)
        async with town.work() as work:
            return await _redeem(work, device, shift, id, wanted, request, pin_given=True)
    except _CameFirst:
        async with town.work() as work:
            given = await given_receipt(work, id, request)
    if given is None:
        raise Refused("conflict", "这个编号已用于别的业务；请重新扫卡再兑换。")
    return given


class _PinNeeded(Exception):
    """So many points ask for the card's PIN."""

    def __init__(self, above: int) -> None:
        super().__init__(above)
        self.above = above


class _CameFirst(Exception):
    """The same request was under way at the same time: nothing of this one may stay."""


async def _redeem(
    work: Work,
    device: Device,
    shift: str,
    id: UUID,
    wanted: wire.Redemption,
    request: bytes,
    *,
    pin_given: bool = False,
) -> wire.Receipt:
    duty = await on_duty(work, device, shift)
    # The kiosk's journal may have told it while this waited for it.
    given = await given_receipt(work, id, request)
    if given is not None:
        return given
    if await work.session.get(Void, (work.township, id)) is not None:
        raise Refused("abandoned", "这一笔已经作废，不能再兑换；请重新扫卡。")
    household = await holder(work, wanted.card)
    collector = await collecting(work, wanted.collector, household)
    lines = await priced(work, device.supermarket, wanted.lines)
    points = sum(line.points for line in lines)
    if household.pin_above is not None and points > household.pin_above and not pin_given:
        raise _PinNeeded(household.pin_above)
    products = [line.product for line in lines]
    promised = await any_waiting(work, device.supermarket, products)
    if promised or wanted.leased:
        await lock(work, device, household, products)
    if promised:
        await reserve(work, device.supermarket, products)
    leased = await from_lease(work, device, household, wanted.leased, points)
    batch = booking.transactions(id, device, duty.attendant, household, lines, leased, collector)
    posting = (await work.books.post(batch, work.now))[-1]
    if posting.status is Status.EXISTS:
        raise _CameFirst
    if posting.status is not Status.OK:
        raise _refusal(posting, device, household, lines)
    return await booking.record(
        work,
        id,
        device.id,
        device.supermarket,
        duty,
        household,
        lines,
        request=request,
        balance=await spendable(work, device, household, holds=bool(wanted.leased)),
        leased=leased,
        collector=collector,
    )


async def given_receipt(work: Work, id: UUID, request: bytes) -> wire.Receipt | None:
    known = await work.session.get(Redemption, (work.township, id))
    if known is None:
        return None
    if known.request != request:
        raise Refused("conflict", "这个兑换编号已经用过，内容不同；请重新扫卡再兑换。")
    return msgspec.convert(known.receipt, wire.Receipt)


async def collecting(work: Work, card: str, household: Holder) -> Holder | None:
    if not card:
        return None
    neighbour = await holder(work, card)
    if neighbour.id == household.id:
        raise Refused("own-card", "代领人的卡就是这一户自己的卡；本人来取不用代领。")
    return neighbour


async def lock(work: Work, device: Device, household: Holder, products: Sequence[str]) -> None:
    """All that a redemption or a promise touches, at once and so in one order: two of them can't wait for each
    other."""
    own = accounts.household(household.code).id
    escrow = accounts.escrow(household.code, device.id, device.epoch).id
    await work.books.lock([own, escrow, *(accounts.shelf(device.supermarket, p).id for p in products)])


async def from_lease(work: Work, device: Device, household: Holder, allowed: int, points: int) -> int:
    """How many points the kiosk's own share has to pay; where any may be, the caller holds the locks."""
    if not allowed:
        return 0
    own = accounts.household(household.code).id
    escrow = accounts.escrow(household.code, device.id, device.epoch).id
    balances = await work.books.balances([own, escrow])
    held = balances[escrow].available if escrow in balances else 0
    return booking.from_lease(points, balances[own].available, allowed, held)


async def spendable(work: Work, device: Device, household: Holder, *, holds: bool) -> int:
    """What the household can still spend at this kiosk."""
    asked = [accounts.household(household.code).id]
    if holds:
        asked.append(accounts.escrow(household.code, device.id, device.epoch).id)
    return sum(balance.available for balance in (await work.books.balances(asked)).values())


async def priced(work: Work, supermarket: str, lines: list[wire.Line]) -> list[wire.ReceiptLine]:
    """The lines with the shelf's own names and prices, one for each product. Raises Refused: unknown,
    price-changed."""
    rows = await work.session.execute(
        select(Product.code, Product.name, Product.price)
        .join(Shelf, (Shelf.township == Product.township) & (Shelf.product == Product.code))
        .where(
            Shelf.township == work.township,
            Shelf.supermarket == supermarket,
            Shelf.product.in_({line.product for line in lines}),
        )
    )
    return booking.priced(lines, {row.code: row for row in rows})


def _refusal(posting: Posting, device: Device, household: Holder, lines: list[wire.ReceiptLine]) -> Refused:
    if posting.status is Status.INSUFFICIENT:
        for line in lines:
            if posting.account == accounts.shelf(device.supermarket, line.product).id:
                left = line.quantity - posting.missing
                return Refused(
                    "out-of-stock",
                    f"{line.name}只剩 {left} 件，请减少数量或换一样。",
                    product=line.product,
                    left=left,
                )
        return Refused(
            "insufficient-points",
            f"积分不够，还差 {posting.missing} 分。",
            missing=posting.missing,
        )
    if posting.status is Status.CLOSED:
        if posting.account == accounts.household(household.code).id:
            return Refused("account-closed", "这户的积分账户已关闭，请到村委会查询。")
        return Refused("account-closed", "本超市的这个货架或账户已关闭，请联系乡镇办公室。")
    return Refused("conflict", "这个编号已用于别的业务；请重新扫卡再兑换。")
