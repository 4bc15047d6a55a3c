"""What a kiosk's signed word is held against before it moves anything: each rule from facts alone.

A signature says which machine wrote an entry, not that it is true. What an honest machine can't have written is
for a person to decide.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from api import wire
from api.platform.clock import local_time
from api.shop.promises.closing import Collected
from api.shop.redemptions.facts import CardFacts, RequestFacts
from api.shop.stock.price_history import PriceHistory
from api.wire.base import MAX_QUANTITY
from api.wire.till_journal import SaleEntry

MAX_CLOCK_ERROR = timedelta(days=731)
"""How far a kiosk's clock may be from the truth before nobody can tell what it means."""
MAX_OFFLINE = timedelta(days=61)
"""No lease lets a kiosk sell for longer after it was heard of: `wire.LeasePolicy` allows 60 days."""
CLOCK_SLACK = timedelta(minutes=15)
"""How far two clocks that are right may be apart."""

NOT_OPEN = "终端当时开着的不是这个班次。"
AFTER_ENDING = "管理员那时已经停用，终端还没有听说；请核对后决定。"

WHILE_FROZEN = "终端那时已由监委冻结，它还没有听说；请核对后决定。"


@dataclass(frozen=True, slots=True)
class ShiftFacts:
    """`closed_at` may be later than it was, never earlier."""

    attendant: UUID
    opened_at: datetime
    closed_at: datetime | None


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What the server knows around a sale. `shift`: the one that it names, if it is this kiosk's; `in_shift`: the
    journal is in it. `prices` by product; `told`: what the machine knew, None where that was never kept.
    `names`: of the products of this shelf. `ended_at`: when the attendant ended. `frozen`: supervisors had frozen
    the kiosk, by its own time."""

    now: datetime
    enrolled_at: datetime
    shift: ShiftFacts | None
    in_shift: bool
    prices: Mapping[str, PriceHistory]
    told: Mapping[str, int] | None
    names: Mapping[str, str]
    pin_set_at: datetime | None
    ended_at: datetime | None = None
    frozen: bool = False
    # Whether it is from before a restore, and the server hasn't heard all of this machine since.
    in_gap: bool = False
    # The promise that it was the collection of, which such a server has open again.
    collected: Collected | None = None

    def estimate_time(self, at: datetime) -> datetime:
        return estimate_time(at, self.shift, self.enrolled_at, self.now)


def doubt_time(at: datetime, enrolled_at: datetime, now: datetime) -> str:
    """Why no clock of a machine can have said so; empty if one can."""
    try:
        early = at < enrolled_at - MAX_CLOCK_ERROR
        late = at > now + MAX_CLOCK_ERROR
    except OverflowError:
        early = late = True
    return f"终端记的时间不对：{local_time(at):%Y-%m-%d}。" if early or late else ""


def doubt_shift(shift: ShiftFacts | None, attendant: UUID, *, in_shift: bool) -> str:
    """Why an entry can't be of the shift that it names; empty if it can."""
    if shift is None:
        return "这台终端没有这个班次的记录。"
    if not in_shift:
        return NOT_OPEN
    if attendant != shift.attendant:
        return "经手人不是这个班次的管理员。"
    return ""


def doubt_attendant(at: datetime, ended_at: datetime | None) -> str:
    """Why whoever had ended by then did nothing for the shop any more; empty if they hadn't. By the kiosk's own
    time: it had not heard of the ending, or it would have written nothing."""
    return AFTER_ENDING if ended_at is not None and at > ended_at else ""


def estimate_time(at: datetime, shift: ShiftFacts | None, enrolled_at: datetime, now: datetime) -> datetime:
    """When something happened that an entry tells, as far as the server knows: within its shift, and not in the
    future."""
    if doubt_time(at, enrolled_at, now):
        return now
    opened_at, closed_at = (shift.opened_at, shift.closed_at or now) if shift is not None else (at, now)
    return min(max(at, opened_at), closed_at, now)


def estimate_movement(at: datetime, shift: ShiftFacts | None, enrolled_at: datetime, now: datetime) -> datetime:
    """When goods moved, to be compared with stocktakes. A clock that is ahead tells no more than that the shift
    had begun: whatever was counted since has seen it."""
    if shift is not None and not doubt_time(at, enrolled_at, now) and at > now + CLOCK_SLACK:
        return min(shift.opened_at, now)
    return estimate_time(at, shift, enrolled_at, now)


def list_doubts(
    entry: SaleEntry, request: RequestFacts, circumstances: Circumstances, *, settling: bool
) -> list[str]:
    """Why an honest machine can't have written this, a sentence each. `settling`: also what speaks only against
    booking it by itself."""
    return [
        *(_doubt_circumstances(entry, circumstances) if settling else ()),
        *_doubt_lines(entry, circumstances),
        *_doubt_cards(entry, request, circumstances),
    ]


def _doubt_circumstances(entry: SaleEntry, circumstances: Circumstances) -> Iterator[str]:
    doubt = doubt_shift(circumstances.shift, entry.attendant, in_shift=circumstances.in_shift)
    if doubt:
        yield doubt
    elif circumstances.shift is not None and entry.at < circumstances.shift.opened_at - CLOCK_SLACK:
        yield f"终端记的时间 {_minute(entry.at)} 比班次开始还早。"
    doubt = doubt_attendant(entry.at, circumstances.ended_at)
    if doubt:
        yield doubt
    if circumstances.frozen:
        yield WHILE_FROZEN
    if entry.at < circumstances.enrolled_at - CLOCK_SLACK or entry.at > circumstances.now + MAX_OFFLINE:
        yield f"终端记的时间 {_minute(entry.at)} 不在它能断网兑换的日子里。"


def _doubt_lines(entry: SaleEntry, circumstances: Circumstances) -> Iterator[str]:
    at = circumstances.estimate_time(entry.at)
    for line in entry.lines:
        name = circumstances.names.get(line.product)
        history = circumstances.prices.get(line.product)
        if name is None or history is None:
            yield "本超市没有其中的物品。"
            continue
        if not 1 <= line.quantity <= MAX_QUANTITY:
            yield f"{name}的件数不对。"
        elif line.points != line.price * line.quantity:
            right = f"{line.quantity} 件每件 {line.price} 分是 {line.price * line.quantity} 分"
            yield f"{name}的积分算得不对：{right}，终端记 {line.points} 分。"
        promised = circumstances.collected is not None
        if not promised and line.price not in {
            history.at(at),
            *_list_told(line.product, history, circumstances),
        }:
            yield f"{name}的分值不对：终端记 {line.price} 分，当时是 {history.at(at)} 分。"


def _list_told(product: str, history: PriceHistory, circumstances: Circumstances) -> frozenset[int]:
    """The prices that the machine may have been told last."""
    if circumstances.told is None:
        return history.since(circumstances.enrolled_at)
    return frozenset([circumstances.told[product]] if product in circumstances.told else ())


def _doubt_cards(entry: SaleEntry, request: RequestFacts, circumstances: Circumstances) -> Iterator[str]:
    card, collector = request.card, request.collector
    if card is None or card.household != entry.household:
        yield "登记册里没有这张户卡。"
        return
    if _needs_pin(entry, card, circumstances):
        yield f"超过 {card.pin_above} 分要输积分卡密码，断网时不能兑换。"
    if request.has_collector and collector is None:
        yield "登记册里没有代领人的户卡。"
    elif collector is not None and collector.household == card.household:
        yield "代领人的卡就是这一户自己的卡。"


def _needs_pin(entry: SaleEntry, card: CardFacts, circumstances: Circumstances) -> bool:
    if card.pin_above is None or entry.points <= card.pin_above:
        return False
    if circumstances.in_gap and entry.answered:
        # The server that was lost has checked it.
        return False
    set_at = circumstances.pin_set_at
    return set_at is None or circumstances.estimate_time(entry.at) >= set_at


def price_lines(
    lines: Sequence[wire.ReceiptLine], circumstances: Circumstances, at: datetime
) -> list[wire.ReceiptLine] | None:
    """What is booked for a sale of that moment: the shelf's names; the kiosk's prices where they ever were the
    product's, else those in force; and their sums. None where there is no such product or quantity."""
    priced = []
    for line in lines:
        history = circumstances.prices.get(line.product)
        if history is None or line.product not in circumstances.names or not 1 <= line.quantity <= MAX_QUANTITY:
            return None
        price = line.price if line.price in history.all else history.at(at)
        priced.append(
            wire.ReceiptLine(
                product=line.product,
                name=circumstances.names[line.product],
                quantity=line.quantity,
                price=price,
                points=price * line.quantity,
            )
        )
    return priced


def _minute(at: datetime) -> str:
    return f"{local_time(at):%Y-%m-%d %H:%M}"
