"""The state at the counter: attendant, card, cart, pending redemption, connection to the server.

A plain object without screen, network or clock. A method that can't do its work raises `Declined` and changes
nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import NoReturn
from uuid import UUID

from api.wire import CardView, HeldPoints, PromisedGoods, Redemption, RedemptionLine, ShelfItem, Till
from api.wire.base import MAX_LINES, MAX_QUANTITY
from api.wire.gs1 import GoodsScan
from api.wire.identification import FoundHousehold, Identification
from kiosk.demo_hints import DemoHints
from kiosk.errors import Declined, Outage
from kiosk.holdings import count_spendable, explain_unavailable, list_unavailable
from kiosk.language import _
from kiosk.scanned_goods import find_scanned
from kiosk.store.receipts import StoredReceipt


@dataclass(slots=True)
class CartLine:
    item: ShelfItem
    quantity: int

    @property
    def points(self) -> int:
        return self.item.price * self.quantity


@dataclass(frozen=True, slots=True)
class Card:
    """`offline`: the view is from the leases; its balance is what the household may spend here offline."""

    token: str
    view: CardView
    offline: bool = False


@dataclass(frozen=True, slots=True)
class WithoutCard:
    """How a household is served without its card: the token of the identification stands in for the card's."""

    household: FoundHousehold
    identification: Identification


@dataclass(slots=True)
class PendingRedemption:
    """A confirmed redemption that the server has not answered."""

    id: UUID
    redemption: Redemption
    uncertain: bool = False
    """A try may have reached the server: only an answer for this id, or its void, settles that."""
    stuck: bool = False
    """No answer came in time and no lease covers it: the attendant may give it up."""
    recalled: int = 0
    """Points that are on their way from another kiosk; it is sent again until they are there."""


@dataclass(slots=True)
class Connection:
    """The connection to the server, and what the kiosk may do without it."""

    online: bool | None = None
    """None before the first request."""
    outage: Outage = Outage.NETWORK
    """Why there was no answer, while not online."""
    unsent: int = 0
    """Entries of the journal that the server has not settled."""
    leases_expire_at: datetime | None = None
    leases_expired: bool = True
    lockout_reason: str = ""
    """Why this kiosk may no longer sell offline, or empty."""
    error: str = ""
    """Why the last sync failed, if not by the connection, or empty."""
    frozen: str = ""
    """Why nothing is sold here, as long as supervisors have frozen this kiosk, or empty."""

    @property
    def problem(self) -> str:
        """What is wrong beside the connection itself, or empty."""
        return self.frozen or self.error


@dataclass(slots=True)
class Session:
    till: Till | None = None
    attendant: str | None = None
    attendant_ended: bool = False
    """Whether the server has said that whoever has the open shift serves no more."""
    card: Card | None = None
    cart: list[CartLine] = field(default_factory=list)
    pending: PendingRedemption | None = None
    last_receipt: StoredReceipt | None = None
    demo: DemoHints | None = None
    """Of the attendant signed in."""
    cursor: int = 0
    """Index on the shelf."""
    connection: Connection = field(default_factory=Connection)
    collector: Card | None = None
    """A neighbour who collects the goods for the household."""
    without_card: WithoutCard | None = None
    """Of the household on the screen, where it has no card with it."""

    # --- the shelf --------------------------------------------------------------------------------------

    @property
    def shelf(self) -> list[ShelfItem]:
        return self.till.shelf if self.till else []

    def update_shelf(self, till: Till) -> None:
        """Prices in the cart follow the shelf; products no longer on it are removed."""
        self.till = till
        items = {item.product: item for item in till.shelf}
        self.cart = [
            CartLine(items[line.item.product], line.quantity) for line in self.cart if line.item.product in items
        ]
        self.cursor = min(self.cursor, max(len(till.shelf) - 1, 0))

    def move_cursor(self, steps: int) -> None:
        if self.shelf:
            self.cursor = min(max(self.cursor + steps, 0), len(self.shelf) - 1)

    # --- the attendant ----------------------------------------------------------------------------------

    def sign_in(self, attendant: str) -> None:
        self.attendant = attendant
        self.last_receipt = None

    def require_idle(self) -> None:
        """A shift can't be closed with a pending redemption or goods in the cart."""
        self._require_no_pending()
        if self.cart:
            raise Declined(_("购物车里还有商品：先按 F2 确认，或按 Esc 取消，再交班"))

    def sign_out(self) -> None:
        self.require_idle()
        self.card = None
        self.attendant = None

    def end_shift(self) -> None:
        """The server closed the shift: card, cart and pending redemption wait for the next sign-in."""
        self.attendant = None

    def reset(self) -> None:
        """Start as a newly enrolled machine."""
        self.till = self.attendant = self.pending = self.last_receipt = None
        self._clear()

    # --- the household ----------------------------------------------------------------------------------

    def prepare_for_card(self, token: str) -> None:
        """This card is about to be looked up: the previous household is dismissed. Its cart must not pass to the
        next."""
        self._require_no_pending()
        if self.card is None or self.card.token == token:
            return
        if not self.cart:
            self.card = self.collector = self.without_card = None
        elif self.without_card is None:
            self._decline_other_household()
        # Else it may be the card that the household hadn't with it.

    def require_no_other_household(self, household: UUID) -> None:
        """Goods in the cart are this household's, or nobody's yet."""
        self._require_no_pending()
        if self.card and self.cart and self.card.view.household != household:
            self._decline_other_household()

    def _decline_other_household(self) -> NoReturn:
        sentence = _("{name}的商品还没确认：先按 F2 确认，或按 Esc 取消，再扫下一户的卡")
        raise Declined(sentence.format(name=self.household_name))

    def show_household(
        self, token: str, view: CardView, *, offline: bool = False, without_card: WithoutCard | None = None
    ) -> None:
        """Goods added before any card was scanned stay in the cart."""
        if self.card is None or self.card.token != token:
            self.require_no_other_household(view.household)
            self.without_card = without_card
        self._require_no_pending()
        self.card = Card(token, view, offline)

    @property
    def balance(self) -> int | None:
        """What the household can spend here; None without a card."""
        return count_spendable(self.card.view) if self.card else None

    @property
    def unavailable(self) -> list[HeldPoints]:
        """What other kiosks hold of it that are not online."""
        return list_unavailable(self.card.view) if self.card else []

    @property
    def household_name(self) -> str:
        """The masked name of the household, or empty."""
        return self.card.view.name if self.card else ""

    # --- the collector ----------------------------------------------------------------------------------

    def require_card(self) -> Card:
        self._require_no_pending()
        if self.card is None:
            raise Declined(_("还没有扫户卡：请先扫户卡"))
        return self.card

    def set_collector(self, collector: Card) -> None:
        """This neighbour collects for the household."""
        if self.require_card().view.household == collector.view.household:
            raise Declined(_("这就是本户自己的卡：本人来不用代领；代领人请扫自己家的卡"))
        self.collector = collector

    # --- promises of goods out of stock -----------------------------------------------------------------

    @property
    def item_at_cursor(self) -> ShelfItem:
        if not self.shelf:
            raise Declined(_("货架是空的"))
        return self.shelf[self.cursor]

    def require_online_card(self) -> Card:
        card = self.require_card()
        if self.connection.online is False or card.offline:
            raise Declined(self.connection.outage.fill(_("{outage}：留货和领货要等{recovery}")))
        return card

    def require_promisable(self, item: ShelfItem, quantity: int) -> Card:
        card = self.require_online_card()
        if item.stock > 0:
            raise Declined(_("{name}有货，直接兑换就行，不用留").format(name=item.name))
        missing = item.price * quantity + self.total - count_spendable(card.view)
        if missing > 0:
            sentence = _("积分不够，还差 {missing} 分").format(missing=missing)
            raise Declined(sentence + explain_unavailable(self.unavailable))
        return card

    # --- the cart ---------------------------------------------------------------------------------------

    @property
    def total(self) -> int:
        return sum(line.points for line in self.cart)

    @property
    def remainder(self) -> int | None:
        """Points left after this cart, negative if it costs too much; None without a card."""
        return None if self.balance is None else self.balance - self.total

    def get_quantity(self, item: ShelfItem) -> int:
        return sum(line.quantity for line in self.cart if line.item.product == item.product)

    def get_decline_reason(self, item: ShelfItem, pieces: int = 1) -> str | None:
        """Why so many more of this can't be added, or None if they can."""
        in_cart = self.get_quantity(item)
        if item.stock <= 0:
            return _("{name}缺货：请换一样，或按 F3 按今天的分值留货").format(name=item.name)
        if in_cart + pieces > min(item.stock, MAX_QUANTITY):
            if pieces > 1:
                sentence = _("这个码是 {pieces} 件{name}，货架上只有 {stock} 件，没有放进去")
                return sentence.format(pieces=pieces, name=item.name, stock=item.stock)
            return _("{name}只有 {stock} 件，不能再加").format(name=item.name, stock=item.stock)
        if not in_cart and len(self.cart) >= MAX_LINES:
            return _("一次最多兑换 {most} 种商品").format(most=MAX_LINES)
        price = item.price * pieces
        if self.remainder is not None and price > self.remainder:
            if pieces > 1:
                sentence = _("积分不够：这个码是 {pieces} 件{name}，共 {price} 分，还差 {missing} 分，没有放进去")
            else:
                sentence = _("积分不够：{name}要 {price} 分，还差 {missing} 分")
            missing = price - self.remainder
            sentence = sentence.format(name=item.name, price=price, missing=missing, pieces=pieces)
            return sentence + explain_unavailable(self.unavailable)
        return None

    def add(self, item: ShelfItem, pieces: int = 1) -> None:
        self._require_no_pending()
        # Also for goods out of stock, which can then be promised to the household.
        self.cursor = self.shelf.index(item)
        reason = self.get_decline_reason(item, pieces)
        if reason:
            raise Declined(reason)
        for line in self.cart:
            if line.item.product == item.product:
                line.quantity += pieces
                return
        self.cart.append(CartLine(item, pieces))

    def add_number(self, number: int) -> None:
        for item in self.shelf:
            if item.number == number:
                return self.add(item)
        raise Declined(_("货架上没有 {number} 号商品").format(number=number))

    def add_barcode(self, scan: GoodsScan) -> None:
        """A carton's code adds all its pieces, or none."""
        found = find_scanned(self.shelf, scan)
        if found is None:
            raise Declined(_("本店货架上没有这件商品（条码 {barcode}）").format(barcode=scan.barcode))
        self.add(*found)

    def add_at_cursor(self) -> None:
        self.add(self.item_at_cursor)

    def remove_at_cursor(self) -> None:
        """Remove one of the item under the cursor."""
        self.remove(self.item_at_cursor)

    def remove(self, item: ShelfItem) -> None:
        """One piece of it."""
        self._require_no_pending()
        for line in self.cart:
            if line.item.product == item.product:
                line.quantity -= 1
                if not line.quantity:
                    self.cart.remove(line)
                return
        raise Declined(_("购物车里没有{name}").format(name=item.name))

    def remove_last(self) -> None:
        self._require_no_pending()
        if not self.cart:
            raise Declined(_("购物车是空的"))
        self.cart.pop()

    def cancel(self) -> None:
        """Dismiss the household and its cart."""
        self._require_no_pending()
        self._clear()

    # --- the redemption ---------------------------------------------------------------------------------

    def confirm(self, redemption_id: UUID) -> PendingRedemption:
        """Turn the cart into a pending redemption."""
        self._require_no_pending()
        if not self.card:
            raise Declined(_("还没有扫户卡：请先扫户卡，再按 F2 或扫确认卡"))
        if not self.cart:
            raise Declined(_("还没有选商品：按货号或扫商品条码，再按 F2 或扫确认卡"))
        if self.remainder is not None and self.remainder < 0:
            sentence = _("积分不够，还差 {missing} 分：按 - 或 Backspace 减少商品")
            raise Declined(sentence.format(missing=-self.remainder))
        self.pending = PendingRedemption(
            redemption_id,
            Redemption(
                card=self.card.token,
                lines=[
                    RedemptionLine(product=line.item.product, quantity=line.quantity, price=line.item.price)
                    for line in self.cart
                ],
            ),
        )
        return self.pending

    def collect(self, redemption_id: UUID, promised: PromisedGoods) -> PendingRedemption:
        """Turn promised goods that have arrived into a pending redemption, as `confirm` does the cart."""
        card = self.require_online_card()
        if self.cart:
            raise Declined(_("购物车里还有商品：先按 F2 确认，或按 Esc 取消，再领留的货"))
        if not promised.arrived:
            raise Declined(_("{name}还没有到货，到货后再来领").format(name=promised.line.name))
        line = promised.line
        redemption_line = RedemptionLine(product=line.product, quantity=line.quantity, price=line.price)
        self.pending = PendingRedemption(redemption_id, Redemption(card=card.token, lines=[redemption_line]))
        return self.pending

    def resume(
        self, pending: PendingRedemption, token: str, view: CardView, goods: list[tuple[ShelfItem, int]]
    ) -> None:
        """Continue a redemption that was pending when the program stopped."""
        self.card = Card(token, view)
        self.cart = [CartLine(item, quantity) for item, quantity in goods]
        self.pending = pending

    def complete(self, stored: StoredReceipt) -> None:
        """The pending redemption has its receipt."""
        if self.pending is None or stored.receipt.id != self.pending.id:
            raise ValueError("a receipt for another redemption")
        self.pending = None
        self.last_receipt = stored
        self._clear()

    def require_last_receipt(self) -> StoredReceipt:
        """The last receipt. Declined while a redemption is pending: it could be taken for its answer."""
        self._require_no_pending()
        if self.last_receipt is None:
            raise Declined(_("这一班还没有兑换过，没有收据可看"))
        return self.last_receipt

    def release_cart(self) -> None:
        """The pending redemption was refused, withdrawn or given up: the cart can be changed again."""
        self.pending = None

    def require_stuck(self) -> None:
        """Nothing is given up while an answer may be about to come."""
        if self.pending and not self.pending.stuck:
            raise Declined(_("正在等服务器答复，只要几秒，请勿重复操作"))

    def _require_no_pending(self) -> None:
        if self.pending:
            raise Declined(_("上一笔还没有答复，请稍候，请勿重复操作"))

    def _clear(self) -> None:
        self.card = self.collector = self.without_card = None
        self.cart = []
        self.cursor = 0
