"""What a kiosk sold without the network, and what it comes to: decided from facts alone."""

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
class Outcome:
    """`status` as in `wire.till_journal.EntryOutcome`; `remark` a sentence for people; `extra` the figures."""

    status: str
    remark: str = ""
    extra: dict[str, Any] = field(default_factory=dict)


def exception(remark: str, **extra: Any) -> Outcome:
    return Outcome("exception", remark, extra)


@dataclass(frozen=True, slots=True)
class Sale:
    """Goods that were handed over, to be written; `short`: pieces by product that the shelf's books lack for
    it."""

    booking: Booking
    short: Mapping[str, int]
    revoked: bool

    @property
    def outcome(self) -> Outcome:
        """It counts; what a person should know of it all the same."""
        remarks: list[str] = []
        extra: dict[str, Any] = {}
        receipt = self.booking.receipt
        if self.revoked:
            remarks.append("用的是已挂失的户卡")
            extra["revoked"] = True
        if receipt.leased < receipt.points:
            remarks.append(f"有 {receipt.points - receipt.leased} 分没有预留在终端，已从账户支付")
            extra["direct"] = receipt.points - receipt.leased
        if self.short:
            remarks.append("账上货架不足，已按盘盈补记")
            extra["short"] = self.short
        return Outcome("settled", "；".join(remarks) + "。" if remarks else "", extra)


def decide_sale(
    entry: SaleEntry, facts: Facts, attendant: Attendant, number: int, *, from_lease: bool
) -> Sale | Outcome:
    """What a kiosk sold without the network, as far as the books allow it: what it holds pays first, then the
    account. What is missing on the shelf was there all the same. `number`: of the entry in the journal."""
    till, request_facts = facts.till, facts.request
    assert till is not None
    assert request_facts is not None
    if request_facts.card is None or request_facts.card.household != entry.household:
        return exception("登记册里没有这张户卡。")
    leased = min(entry.leased, request_facts.leased_points if from_lease else 0, entry.points)
    missing = entry.points - leased - request_facts.own_points
    if missing > 0:
        return exception(f"这户的积分不够付这一笔，还差 {missing} 分。", missing=missing)
    lacking = {
        out.product: out.quantity - (facts.shelf[out.product].available if out.product in facts.shelf else 0)
        for out in count_handed_out(entry.lines)
    }
    short = {product: pieces for product, pieces in lacking.items() if pieces > 0}
    booking = book(
        entry.id,
        msgspec.structs.replace(till, shift=entry.shift, attendant=attendant.id, attendant_name=attendant.name),
        request_facts.card,
        request_facts.collector,
        entry.lines,
        digest=request_of(entry, till.kiosk),
        leased=leased,
        at=entry.at,
        leased_in_balance=True,
        first=_found_on_the_shelf(entry, till.supermarket, short),
        handed_over=entry.at.isoformat(),
        number=number,
    )
    return Sale(booking, short, revoked=request_facts.card.revoked_at is not None)


def _found_on_the_shelf(entry: SaleEntry, supermarket: str, short: Mapping[str, int]) -> list[Transaction]:
    if not short:
        return []
    transfers = (
        Transfer(accounts.difference(product).id, shelf.id, shelf.unit, pieces)
        for product, pieces in sorted(short.items())
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


def request_of(entry: SaleEntry, kiosk: UUID) -> bytes:
    """The digest that its redemption has, however it came here."""
    return digest_request(kiosk, bytes.fromhex(entry.card), asked_lines(entry), bytes.fromhex(entry.collector))


def asked_lines(entry: SaleEntry) -> list[wire.RedemptionLine]:
    """As the kiosk would have asked for them over HTTP."""
    return [
        wire.RedemptionLine(product=line.product, quantity=line.quantity, price=line.price) for line in entry.lines
    ]
