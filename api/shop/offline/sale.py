"""Decides how a sale in a kiosk's journal is booked, from facts alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid5

import msgspec

from api import wire
from api.platform import accounts
from api.shop.kiosks.tables import Attendant
from api.shop.redemptions.facts import Facts
from api.shop.redemptions.receipts import Booking, book, digest_request
from api.wire.till_journal import SaleEntry, count_handed_out
from ledger.transactions import Phase, Transaction, TransactionId, Transfer


@dataclass(frozen=True, slots=True)
class SettlementResult:
    """How an entry was settled. `status` as in `wire.till_journal.EntryOutcome`; `remark`: a sentence for people;
    `extra`: its figures."""

    status: str
    remark: str = ""
    extra: dict[str, Any] = field(default_factory=dict)


def as_exception(remark: str, **extra: Any) -> SettlementResult:
    """Not booked: a person has to decide."""
    return SettlementResult("exception", remark, extra)


@dataclass(frozen=True, slots=True)
class Sale:
    """A sale to be booked. `shortfall`: pieces by product that it needs beyond those the books have on the
    shelf."""

    booking: Booking
    shortfall: Mapping[str, int]
    card_revoked: bool

    @property
    def result(self) -> SettlementResult:
        """Booked, with remarks on what a person should know."""
        remarks: list[str] = []
        extra: dict[str, Any] = {}
        receipt = self.booking.receipt
        if self.card_revoked:
            remarks.append("用的是已挂失的户卡")
            extra["revoked"] = True
        if receipt.leased < receipt.points:
            remarks.append(f"有 {receipt.points - receipt.leased} 分没有预留在终端，已从账户支付")
            extra["direct"] = receipt.points - receipt.leased
        if self.shortfall:
            remarks.append("账上货架不足，已按盘盈补记")
            extra["short"] = self.shortfall
        return SettlementResult("settled", "；".join(remarks) + "。" if remarks else "", extra)


def decide_sale(
    entry: SaleEntry, facts: Facts, attendant: Attendant, number: int, *, from_lease: bool
) -> Sale | SettlementResult:
    """Leased points pay first, then the household's account; where both don't suffice, a person decides. Pieces
    that the books lack were on the shelf all the same, and are added. `number`: of the entry in the journal."""
    till, request_facts = facts.till, facts.request
    assert till is not None
    assert request_facts is not None
    if request_facts.card is None or request_facts.card.household != entry.household:
        return as_exception("登记册里没有这张户卡。")
    leased = min(entry.leased, request_facts.leased_points if from_lease else 0, entry.points)
    missing = entry.points - leased - request_facts.own_points
    if missing > 0:
        return as_exception(f"这户的积分不够付这一笔，还差 {missing} 分。", missing=missing)
    lacking = {
        goods.product: goods.quantity
        - (facts.shelf[goods.product].available if goods.product in facts.shelf else 0)
        for goods in count_handed_out(entry.lines)
    }
    shortfall = {product: pieces for product, pieces in lacking.items() if pieces > 0}
    booking = book(
        entry.id,
        msgspec.structs.replace(till, shift=entry.shift, attendant=attendant.id, attendant_name=attendant.name),
        request_facts.card,
        request_facts.collector,
        entry.lines,
        digest=digest_sale(entry, till.kiosk),
        leased=leased,
        at=entry.at,
        first=_add_shortfall(entry, till.supermarket, shortfall),
        handed_over=entry.at.isoformat(),
        number=number,
    )
    return Sale(booking, shortfall, card_revoked=request_facts.card.revoked_at is not None)


def _add_shortfall(entry: SaleEntry, supermarket: str, shortfall: Mapping[str, int]) -> list[Transaction]:
    if not shortfall:
        return []
    transfers = (
        Transfer(accounts.difference(product).id, shelf.id, shelf.unit, pieces)
        for product, pieces in sorted(shortfall.items())
        for shelf in [accounts.shelf(supermarket, product)]
    )
    return [
        Transaction(
            id=TransactionId(uuid5(entry.id, "short")),
            kind="stocktake",
            phase=Phase.POSTED,
            transfers=tuple(transfers),
            person=str(entry.attendant),
            reason="断网兑换时货架上实有",
        )
    ]


def digest_sale(entry: SaleEntry, kiosk: UUID) -> bytes:
    """The request digest of its redemption, the same as over HTTP."""
    return digest_request(
        kiosk, bytes.fromhex(entry.card), to_request_lines(entry), bytes.fromhex(entry.collector)
    )


def to_request_lines(entry: SaleEntry) -> list[wire.RedemptionLine]:
    """As in the redemption's request over HTTP."""
    return [
        wire.RedemptionLine(product=line.product, quantity=line.quantity, price=line.price) for line in entry.lines
    ]
