"""Redeem points for goods: one transaction in the books, points and goods together or not at all."""

from __future__ import annotations

import hashlib
from uuid import UUID

import msgspec
from sqlalchemy import select

from api import accounts, wire
from api.access import Device
from api.cards.token import parse
from api.cards.use_cases import Holder, holder
from api.kiosks.use_cases import on_duty
from api.problems import Refused
from api.redemptions.tables import Redemption
from api.stock.tables import Product, Shelf, Supermarket
from api.town import Town, Work
from ledger.transactions import Phase, Posting, Status, Transaction, TransactionId, Transfer


async def redeem(town: Town, device: Device, shift: str, id: UUID, wanted: wire.Redemption) -> wire.Receipt:
    """The receipt of redemption `id`, now or as it was given the first time.

    Raises Refused: conflict, shift-closed, card-malformed, card-unknown, card-revoked, unknown, price-changed,
    insufficient-points (missing), out-of-stock (product, left), account-closed.
    """
    request = _digest(device, wanted)
    async with town.work() as work:
        given = await _given(work, id, request)
        if given is not None:
            return given
        attendant, attendant_name = await on_duty(work, device, shift)
        household = await holder(work, wanted.card)
        lines = await _priced(work, device.supermarket, wanted.lines)
        [posting] = await work.books.post([_transaction(id, device, attendant, household, lines)], work.now)
        if posting.status is Status.EXISTS:
            # The same request was under way at the same time and came first.
            given = await _given(work, id, request)
            if given is not None:
                return given
        if posting.status is not Status.OK:
            raise _refusal(posting, device, household, lines)
        balance = await work.books.balance(accounts.household(household.code).id)
        receipt = wire.Receipt(
            id=id,
            supermarket=await _supermarket_name(work, device.supermarket),
            attendant=attendant_name,
            name=household.masked,
            lines=lines,
            points=sum(line.points for line in lines),
            balance=balance.available,
            recorded_at=work.now,
        )
        work.session.add(
            Redemption(
                township=work.township,
                id=id,
                supermarket=device.supermarket,
                kiosk=device.id,
                attendant=attendant,
                household=household.id,
                request=request,
                receipt=msgspec.to_builtins(receipt),
                recorded_at=work.now,
            )
        )
        return receipt


def _digest(device: Device, wanted: wire.Redemption) -> bytes:
    same_card = msgspec.structs.replace(wanted, card=parse(wanted.card))
    return hashlib.sha256(device.id.bytes + msgspec.json.encode(same_card)).digest()


async def _given(work: Work, id: UUID, request: bytes) -> wire.Receipt | None:
    known = await work.session.get(Redemption, (work.township, id))
    if known is None:
        return None
    if known.request != request:
        raise Refused("conflict", "这个兑换编号已经用过，内容不同；请重新扫卡再兑换。")
    return msgspec.convert(known.receipt, wire.Receipt)


async def _priced(work: Work, supermarket: str, lines: list[wire.Line]) -> list[wire.ReceiptLine]:
    """The lines with the shelf's own names and prices, one for each product."""
    quantities: dict[str, int] = {}
    for line in lines:
        quantities[line.product] = quantities.get(line.product, 0) + line.quantity
    seen = {line.product: line.price for line in lines}
    rows = await work.session.execute(
        select(Product.code, Product.name, Product.price)
        .join(Shelf, (Shelf.township == Product.township) & (Shelf.product == Product.code))
        .where(Shelf.township == work.township, Shelf.supermarket == supermarket, Shelf.product.in_(seen))
    )
    products = {row.code: row for row in rows}
    priced = []
    for code, quantity in quantities.items():
        product = products.get(code)
        if product is None:
            raise Refused("unknown", f"本超市没有编号为 {code} 的物品。")
        if any(line.product == code and line.price != product.price for line in lines):
            raise Refused(
                "price-changed",
                f"{product.name}的分值已改为 {product.price} 分，请重新扫卡再兑换。",
                product=code,
                price=product.price,
            )
        priced.append(
            wire.ReceiptLine(
                product=code,
                name=product.name,
                quantity=quantity,
                price=product.price,
                points=product.price * quantity,
            )
        )
    return priced


def _transaction(
    id: UUID, device: Device, attendant: UUID, household: Holder, lines: list[wire.ReceiptLine]
) -> Transaction:
    points = Transfer(
        accounts.household(household.code).id,
        accounts.till(device.supermarket).id,
        accounts.POINTS,
        sum(line.points for line in lines),
    )
    goods = tuple(
        Transfer(shelf.id, accounts.handed_out(line.product).id, shelf.unit, line.quantity)
        for line in lines
        for shelf in [accounts.shelf(device.supermarket, line.product)]
    )
    return Transaction(
        id=TransactionId(id),
        kind="redemption",
        phase=Phase.POSTED,
        transfers=(points, *goods),
        person=str(attendant),
        metadata={
            "kiosk": str(device.id),
            "goods": [{"name": line.name, "quantity": line.quantity} for line in lines],
        },
    )


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


async def _supermarket_name(work: Work, code: str) -> str:
    supermarket = await work.session.get_one(Supermarket, (work.township, code))
    return supermarket.name
