"""The till's state: who serves, whose card, what is in the cart, what is on its way to the server, and whether
the server can be reached at all.

A plain object: no screen, no network, no clock. Methods that can't do what they are asked raise `Declined`
and change nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from api.wire import CardView, PromisedGoods, Redemption, RedemptionLine, ShelfItem, Till
from kiosk.errors import Declined
from kiosk.language import _
from kiosk.store.receipts import StoredReceipt

MOST_OF_ONE = 999
MOST_LINES = 50


@dataclass(slots=True)
class CartLine:
    item: ShelfItem
    quantity: int

    @property
    def points(self) -> int:
        return self.item.price * self.quantity


@dataclass(frozen=True, slots=True)
class Card:
    """`offline`: the view is from the leases, its balance what the household may spend here without the
    network."""

    token: str
    view: CardView
    offline: bool = False


@dataclass(slots=True)
class PendingRedemption:
    """A redemption the attendant confirmed and the server has not answered yet."""

    id: UUID
    redemption: Redemption
    uncertain: bool = False
    """A try may have reached the books: only an answer to the same id settles that, or a void of it."""
    stuck: bool = False
    """No answer came in time, and no lease covers it: the attendant may give it up."""


@dataclass(slots=True)
class Contact:
    """The line to the server, and what the kiosk may do without it."""

    online: bool | None = None
    """None before the first try."""
    unsent: int = 0
    """Entries of the journal that the server hasn't told."""
    lease_until: datetime | None = None
    expired: bool = True
    fence: str = ""
    """Why this kiosk must not sell without the network any more."""
    trouble: str = ""
    """What the server has against this kiosk or its journal."""


@dataclass(slots=True)
class Session:
    till: Till | None = None
    attendant: str | None = None
    card: Card | None = None
    cart: list[CartLine] = field(default_factory=list)
    pending: PendingRedemption | None = None
    last_receipt: StoredReceipt | None = None
    """Of the attendant who serves now."""
    cursor: int = 0
    """Index of the shelf item that arrows, space and plus mean."""
    contact: Contact = field(default_factory=Contact)
    collector: Card | None = None
    """A neighbour who takes the goods home for the household."""

    # --- the shelf --------------------------------------------------------------------------------------

    @property
    def shelf(self) -> list[ShelfItem]:
        return self.till.shelf if self.till else []

    def stock_shelf(self, till: Till) -> None:
        """Take the shelf as the server has it now; the cart follows its prices, and loses goods gone."""
        self.till = till
        fresh = {item.product: item for item in till.shelf}
        self.cart = [
            CartLine(fresh[line.item.product], line.quantity) for line in self.cart if line.item.product in fresh
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
        """Nothing is half done when a shift ends."""
        self._not_while_pending()
        if self.cart:
            raise Declined(_("购物车里还有商品：先按 F2 确认，或按 Esc 取消，再交班"))

    def sign_out(self) -> None:
        self.require_idle()
        self.card = None
        self.attendant = None

    def shift_ended(self) -> None:
        """The server closed the shift: what was being done waits for the next sign-in."""
        self.attendant = None

    def begin_anew(self) -> None:
        """The machine is enrolled: nobody serves, nothing is known."""
        self.till = self.attendant = self.pending = self.last_receipt = None
        self._clear()

    # --- the household ----------------------------------------------------------------------------------

    def admit(self, token: str) -> None:
        """This card is about to be looked up: the household before steps aside. Its cart never passes on to
        the next."""
        self._not_while_pending()
        if self.card and self.card.token != token and self.cart:
            sentence = _("{name}的商品还没确认：先按 F2 确认，或按 Esc 取消，再扫下一户的卡")
            raise Declined(sentence.format(name=self.card.view.name))
        if self.card and self.card.token != token:
            self.card = self.collector = None

    def present(self, token: str, view: CardView, *, offline: bool = False) -> None:
        """A household stands at the till. Goods picked before any card was shown stay in the cart."""
        self._not_while_pending()
        self.card = Card(token, view, offline)

    @property
    def balance(self) -> int | None:
        return self.card.view.balance if self.card else None

    @property
    def household(self) -> str:
        """What the household at the till is called on a screen; nothing where there is none."""
        return self.card.view.name if self.card else ""

    # --- a neighbour ------------------------------------------------------------------------------------

    def require_card(self) -> Card:
        self._not_while_pending()
        if self.card is None:
            raise Declined(_("还没有扫户卡：请先扫户卡"))
        return self.card

    def collected_by(self, neighbour: Card) -> None:
        """This neighbour takes the goods home."""
        if self.require_card().view.household == neighbour.view.household:
            raise Declined(_("这就是本户自己的卡：本人来不用代领；代领人请扫自己家的卡"))
        self.collector = neighbour

    # --- goods that are out of stock --------------------------------------------------------------------

    @property
    def at_cursor(self) -> ShelfItem:
        if not self.shelf:
            raise Declined(_("货架是空的"))
        return self.shelf[self.cursor]

    def require_online_card(self) -> Card:
        card = self.require_card()
        if self.contact.online is False or card.offline:
            raise Declined(_("网络断了：留货和领货要等网络恢复"))
        return card

    def require_keepable(self, item: ShelfItem, quantity: int) -> Card:
        card = self.require_online_card()
        if item.stock > 0:
            raise Declined(_("{name}有货，直接兑换就行，不用留").format(name=item.name))
        missing = item.price * quantity + self.total - card.view.balance
        if missing > 0:
            raise Declined(_("积分不够，还差 {missing} 分").format(missing=missing))
        return card

    # --- the cart ---------------------------------------------------------------------------------------

    @property
    def total(self) -> int:
        return sum(line.points for line in self.cart)

    @property
    def remainder(self) -> int | None:
        """Points left after this cart, below zero when it asks too much; None before a card is shown."""
        return None if self.balance is None else self.balance - self.total

    def quantity_of(self, item: ShelfItem) -> int:
        return sum(line.quantity for line in self.cart if line.item.product == item.product)

    def why_not(self, item: ShelfItem) -> str | None:
        """Why one more of this can't be added, or None when it can."""
        held = self.quantity_of(item)
        if item.stock <= 0:
            return _("{name}缺货：请换一样，或按 F3 按今天的分值留货").format(name=item.name)
        if held >= min(item.stock, MOST_OF_ONE):
            return _("{name}只有 {stock} 件，不能再加").format(name=item.name, stock=item.stock)
        if not held and len(self.cart) >= MOST_LINES:
            return _("一次最多兑换 {most} 种商品").format(most=MOST_LINES)
        if self.remainder is not None and item.price > self.remainder:
            sentence = _("积分不够：{name}要 {price} 分，还差 {missing} 分")
            return sentence.format(name=item.name, price=item.price, missing=item.price - self.remainder)
        return None

    def add(self, item: ShelfItem) -> None:
        self._not_while_pending()
        # Also of what can't be had: that is what may be kept for the household then.
        self.cursor = self.shelf.index(item)
        reason = self.why_not(item)
        if reason:
            raise Declined(reason)
        for line in self.cart:
            if line.item.product == item.product:
                line.quantity += 1
                return
        self.cart.append(CartLine(item, 1))

    def add_number(self, number: int) -> None:
        for item in self.shelf:
            if item.number == number:
                return self.add(item)
        raise Declined(_("货架上没有 {number} 号商品").format(number=number))

    def add_barcode(self, barcode: str) -> None:
        for item in self.shelf:
            if item.barcode == barcode:
                return self.add(item)
        raise Declined(_("本店货架上没有这件商品（条码 {barcode}）").format(barcode=barcode))

    def add_at_cursor(self) -> None:
        self.add(self.at_cursor)

    def take_at_cursor(self) -> None:
        """One less of the item under the cursor."""
        self._not_while_pending()
        item = self.at_cursor
        for line in self.cart:
            if line.item.product == item.product:
                line.quantity -= 1
                if not line.quantity:
                    self.cart.remove(line)
                return
        raise Declined(_("购物车里没有{name}").format(name=item.name))

    def remove_last(self) -> None:
        self._not_while_pending()
        if not self.cart:
            raise Declined(_("购物车是空的"))
        self.cart.pop()

    def cancel(self) -> None:
        """Send the household away with nothing bought."""
        self._not_while_pending()
        self._clear()

    # --- the redemption ---------------------------------------------------------------------------------

    def confirm(self, redemption_id: UUID) -> PendingRedemption:
        """Turn the cart into a redemption that is to be sent until the server answers."""
        self._not_while_pending()
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
        """Turn goods that were kept and have come into a redemption, as `confirm` does the cart."""
        card = self.require_online_card()
        if self.cart:
            raise Declined(_("购物车里还有商品：先按 F2 确认，或按 Esc 取消，再领留的货"))
        if not promised.arrived:
            raise Declined(_("{name}还没有到货，到货后再来领").format(name=promised.line.name))
        line = promised.line
        wanted = RedemptionLine(product=line.product, quantity=line.quantity, price=line.price)
        self.pending = PendingRedemption(redemption_id, Redemption(card=card.token, lines=[wanted]))
        return self.pending

    def resume(
        self, pending: PendingRedemption, token: str, view: CardView, goods: list[tuple[ShelfItem, int]]
    ) -> None:
        """What was pending when the kiosk stopped goes on."""
        self.card = Card(token, view)
        self.cart = [CartLine(item, quantity) for item, quantity in goods]
        self.pending = pending

    def answered(self, kept: StoredReceipt) -> None:
        """There is a receipt: this household is served."""
        if self.pending is None or kept.receipt.id != self.pending.id:
            raise ValueError("a receipt for another redemption")
        self.pending = None
        self.last_receipt = kept
        self._clear()

    def receipt_again(self) -> StoredReceipt:
        """The last receipt. Not while a redemption is pending: it would pass for the answer to that one."""
        self._not_while_pending()
        if self.last_receipt is None:
            raise Declined(_("这一班还没有兑换过，没有收据可看"))
        return self.last_receipt

    def given_back(self) -> None:
        """It was refused, withdrawn or given up: the cart is the attendant's to change again."""
        self.pending = None

    def require_stuck(self) -> None:
        """Nobody gives up in haste what is about to be answered."""
        if self.pending and not self.pending.stuck:
            raise Declined(_("正在等服务器答复，只要几秒，请勿重复操作"))

    def _not_while_pending(self) -> None:
        if self.pending:
            raise Declined(_("上一笔还没有答复，请稍候，请勿重复操作"))

    def _clear(self) -> None:
        self.card = self.collector = None
        self.cart = []
        self.cursor = 0
