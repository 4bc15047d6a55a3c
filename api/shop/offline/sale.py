"""Decides how a sale in a kiosk's journal is booked, from facts alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid5

import msgspec

from api import wire
from api.platform import accounts
from api.registry.cards.use_cases import find_freeze, is_active
from api.shop.kiosks.tables import Attendant
from api.shop.offline.plausibility import Circumstances, list_doubts, price_lines
from api.shop.offline.results import SettlementResult, as_exception, join
from api.shop.redemptions.facts import Facts, RequestFacts
from api.shop.redemptions.receipts import Booking, book, digest_request
from api.wire.till_journal import SaleEntry, count_handed_out
from ledger.transactions import Phase, Transaction, TransactionId, Transfer

COUNTED = "盘点以前的，盘点的差数已更正"


@dataclass(frozen=True, slots=True)
class Sale:
    """A sale to be booked. `shortfall`: pieces by product that it needs beyond those the books have on the
    shelf. `counted`: a stocktake has seen it already."""

    booking: Booking
    shortfall: Mapping[str, int]
    card_lost: bool
    card_suspended: bool
    counted: bool

    @property
    def result(self) -> SettlementResult:
        """Booked, with remarks on what a person should know."""
        remarks: list[str] = []
        extra: dict[str, Any] = {}
        if self.card_lost:
            remarks.append("用的是已挂失的户卡")
            extra["revoked"] = True
        if self.card_suspended:
            remarks.append("用的是监委冻结了的户卡")
        if self.shortfall:
            remarks.append("账上货架不足，已按盘盈补记")
            extra["short"] = self.shortfall
        if self.counted:
            remarks.append(COUNTED)
        return SettlementResult("settled", join(remarks) if remarks else "", extra)


def foresee_acceptance(entry: SaleEntry, request: RequestFacts, circumstances: Circumstances) -> dict[str, Any]:
    """For the `extra` of an entry that waits for a person: `accepts`, the points that the account pays if it is
    accepted, where they aren't those that the kiosk says; None where it can't be booked at all."""
    lines = price_lines(entry.lines, circumstances, circumstances.estimate_time(entry.at))
    bookable = lines is not None and request.card is not None and request.card.household == entry.household
    points = sum(line.points for line in lines or ()) if bookable else None
    return {} if points == entry.points else {"accepts": points}


def decide_sale(
    entry: SaleEntry,
    facts: Facts,
    circumstances: Circumstances,
    attendant: Attendant,
    number: int,
    *,
    counted: Mapping[str, Transaction],
    accepted: bool,
) -> Sale | SettlementResult:
    """By itself only what an honest kiosk can have sold is booked, and only leased points pay. Where a person
    `accepted` it, or the server has lost what it knew of it, the household's account pays, with what is kept there
    for promised goods. Pieces that the books lack were on the shelf all the same, and are added. `number`: of the
    entry in the journal. `counted`: by product, what keeps the shelf at what was counted after it."""
    till, request_facts = facts.till, facts.request
    assert till is not None
    assert request_facts is not None
    doubts = () if accepted else list_doubts(entry, request_facts, circumstances, settling=True)
    if doubts:
        return as_exception(join(doubts), **foresee_acceptance(entry, request_facts, circumstances))
    if request_facts.card is None or request_facts.card.household != entry.household:
        return as_exception("登记册里没有这张户卡。")
    at = circumstances.estimate_time(entry.at)
    lines = price_lines(entry.lines, circumstances, at)
    if lines is None:
        return as_exception("其中有本超市没有的物品，或件数不对。")
    points = sum(line.points for line in lines)
    leased = 0 if accepted else min(entry.leased, request_facts.leased_points, points)
    collected = circumstances.collected
    missing = points - leased - request_facts.own_points - (collected.points if collected is not None else 0)
    if missing > 0:
        return as_exception(f"这户的积分不够付这一笔，还差 {missing} 分。", missing=missing)
    if leased < points and not (accepted or circumstances.in_gap):
        beyond = points - leased
        return as_exception(f"有 {beyond} 分没有预留在终端，没有从账户扣。", beyond=beyond)
    lacking = {
        goods.product: goods.quantity
        - (facts.shelf[goods.product].available if goods.product in facts.shelf else 0)
        - (collected.pieces if collected is not None else 0)
        for goods in count_handed_out(lines)
        if goods.product not in counted
    }
    shortfall = {product: pieces for product, pieces in lacking.items() if pieces > 0}
    metadata: dict[str, Any] = {} if collected is None else {"promise": str(collected.promise.id)}
    booking = book(
        entry.id,
        msgspec.structs.replace(till, shift=entry.shift, attendant=attendant.id, attendant_name=attendant.name),
        request_facts.card,
        request_facts.collector,
        lines,
        digest=digest_sale(entry, till.kiosk),
        leased=leased,
        at=at,
        first=[
            *(collected.build_release(attendant.id) if collected is not None else ()),
            *counted.values(),
            *_add_shortfall(entry, till.supermarket, shortfall),
        ],
        handed_over=at.isoformat(),
        number=number,
        **metadata,
    )
    freeze = find_freeze(request_facts.card, at)
    return Sale(
        booking,
        shortfall,
        card_lost=not is_active(request_facts.card),
        card_suspended=freeze is not None and freeze.frozen_at <= at,
        counted=bool(counted),
    )


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
