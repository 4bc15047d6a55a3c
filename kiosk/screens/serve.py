"""Serving a household: the shelf on the left, the household and its cart on the right."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.timer import Timer

from api.wire import Command, PromisedGoods, ShelfItem
from kiosk.codes import CardCode, EnrolCode, GoodsCode, UnreadableCode, read_code
from kiosk.counter import Counter
from kiosk.errors import Declined, KioskError, Refused
from kiosk.language import N_, _
from kiosk.number_entry import NumberEntry
from kiosk.screens import messages
from kiosk.screens.base import Choice, TillScreen
from kiosk.screens.card_pin import ASKING
from kiosk.screens.next_step import next_step
from kiosk.screens.panels import Panels
from kiosk.sync import SIGN_IN_REQUIRED
from kiosk.widgets.banner import Banner
from kiosk.widgets.cart import CartView
from kiosk.widgets.household import Household
from kiosk.widgets.key_bar import KeyBar
from kiosk.widgets.shelf import Shelf
from kiosk.widgets.status import Status
from kiosk.widgets.summary import Summary

AWAY = N_("网络断了，正在重试，请勿重复操作")
STUCK = N_("还没有答复，这户断网时不够兑换：请等网络恢复，或按 Esc、扫取消卡放弃这一笔")
GIVEN_UP = N_("这一笔已放弃，不会记账，请不要发放物品；商品还在购物车里，网络好了再确认")


class Serve(TillScreen):
    """In large mode one panel is shown at a time: the one that what was last done is about."""

    CSS = """
    Serve #counter { height: 1fr; }
    Serve #household { width: 45%; min-width: 34; max-width: 52; }
    """

    def __init__(self, counter: Counter) -> None:
        super().__init__(counter)
        self._pick = NumberEntry()
        self._patience: Timer | None = None
        self._panels = Panels(self)
        self._naming = False
        self._told = (self.session.connection.online, "")
        session = self.session
        self._actions: dict[str, Callable[[], None]] = {
            "f2": self._confirm,
            "f3": self._keep,
            "f4": self._kept_goods,
            "f5": self._shelf_work,
            "f7": self._neighbour,
            "f8": self._void,
            "f10": self._close_shift,
            "escape": self._cancel,
            "up": lambda: session.move_cursor(-1),
            "down": lambda: session.move_cursor(1),
            "right": session.add_at_cursor,
            " ": session.add_at_cursor,
            "+": session.add_at_cursor,
            "=": session.add_at_cursor,
            "left": session.remove_at_cursor,
            "-": session.remove_at_cursor,
            "delete": session.remove_last,
            "backspace": session.remove_last,
            "f6": self._panels.turn,
        }

    def compose(self) -> ComposeResult:
        yield Banner(self.session)
        yield Summary(self.session)
        with Horizontal(id="counter"):
            yield Shelf(self.session)
            with Vertical(id="household"):
                yield Household(self.session)
                yield CartView(self.session)
        yield Status()
        yield KeyBar(
            ("f2", "F2", _("确认")),
            ("+", "+", _("加")),
            ("-", "-", _("减")),
            ("delete", "Del", _("删")),
            ("f6", "F6", _("换页")),
            ("escape", "Esc", _("取消")),
            ("f3", "F3", _("留货")),
            ("f4", "F4", _("领货")),
            ("f5", "F5", _("理货")),
            ("f7", "F7", _("代领")),
            ("f8", "F8", _("作废")),
            ("f1", "F1", _("帮助")),
            ("f9", "F9", _("菜单")),
            ("f10", "F10", _("交班")),
        )

    def on_mount(self) -> None:
        self._panels.show("household")
        self._hint()
        if self.session.pending:
            self._settle()

    def news(self) -> None:
        super().news()
        contact = self.session.connection
        seen = (contact.online, _(contact.lockout_reason) if contact.lockout_reason else contact.error)
        if seen == self._told or self.session.pending:
            return
        self._told = seen
        card = self.session.card
        if seen[1]:
            self.status.refuse(seen[1])
        elif contact.online and card and card.offline:
            # With all that the household has, not only what was reserved here.
            self._look_up(card.token)
        elif not self.status.classes & {"refusal", "waiting", "done"}:
            self._hint()

    # --- keys and scans ---------------------------------------------------------------------------------

    def press(self, key: str) -> None:
        if self.session.pending:
            self._press_while_pending(key)
        elif len(key) == 1 and key in "0123456789":
            self._digit(key)
        elif self._settle_number() and key in self._actions:
            if self._panels.hide_what_is_meant_by(key):
                self._panels.show("shelf")
            else:
                self._attempt(self._actions[key])

    def scan(self, text: str) -> None:
        if not self._settle_number():
            return
        match read_code(text):
            case CardCode(token) if self._naming:
                self._name_collector(token)
            case CardCode(token):
                self._look_up(token)
            case GoodsCode(barcode):
                if self._attempt(lambda: self.session.add_barcode(barcode)):
                    self.post_message(self.Succeeded())
            case EnrolCode():
                self.status.refuse(_("这台终端已经登记，不用再扫登记码"))
            case UnreadableCode(reason):
                self.status.refuse(reason)

    def scan_again(self, text: str) -> None:
        """Only goods could be counted twice. A card or a bad code in haste is just tried again."""
        match read_code(text):
            case GoodsCode():
                self.status.hint(_("同一个码两秒内只算一次；要多件请按 +"))
            case CardCode(token) if not self._naming and self.session.card and self.session.card.token == token:
                return
            case _:
                self.scan(text)

    def command(self, command: Command) -> None:
        match command:
            case Command.RECEIPT:
                self._attempt(lambda: self.post_message(messages.Recall(self.session.require_last_receipt())))
            case Command.VOID:
                self.press("f8")
            case _:
                super().command(command)

    def choices(self) -> list[Choice]:
        return [
            Choice(_("再看上一张收据"), "", lambda: self.command(Command.RECEIPT)),
            self.key_choice(_("删掉购物车最后一项"), "Del", "delete"),
            self.key_choice(_("取消这一户"), "Esc", "escape"),
            self.key_choice(_("给这户留缺货的商品"), "F3", "f3"),
            self.key_choice(_("领取或取消留的货"), "F4", "f4"),
            self.key_choice(_("由邻居代领"), "F7", "f7"),
            self.key_choice(_("理货：进货、盘点、到期"), "F5", "f5"),
            self.key_choice(_("交班"), "F10", "f10"),
        ]

    @on(Shelf.Picked)
    def _touched_item(self, message: Shelf.Picked) -> None:
        self._attempt(lambda: self.session.add(message.item))

    def _press_while_pending(self, key: str) -> None:
        if key == "escape":
            self._give_up()
        elif key == "f2" and not any(worker.group == "redeem" for worker in self.workers):
            # Its own disk failed the kiosk in the middle.
            self._settle()
        else:
            self.app.bell()

    def _give_up(self) -> None:
        try:
            self.counter.give_up()
        except Declined as declined:
            self.status.refuse(declined.sentence)
            return
        self.workers.cancel_group(self, "redeem")
        self.status.waiting(_(GIVEN_UP))
        self._redraw()

    def _digit(self, digit: str) -> None:
        numbers = [item.number for item in self.session.shelf]
        for number in self._pick.add_digit(digit, numbers):
            self._add_number(number)
        if self._patience:
            self._patience.stop()
        if self._pick.digits:
            self.status.hint(_("货号 {held}，可接着按第二位").format(held=self._pick.digits))
            self._patience = self.set_timer(self.counter.timing.digit_timeout, self._settle_number)

    def _settle_number(self) -> bool:
        """Add what a digit still held back means; False when that was declined."""
        return all([self._add_number(number) for number in self._pick.finish()])

    def _add_number(self, number: int) -> bool:
        return self._attempt(lambda: self.session.add_number(number))

    # --- what they do -----------------------------------------------------------------------------------

    def _attempt(self, action: Callable[[], object]) -> bool:
        before = self.session.total
        try:
            action()
        except Declined as declined:
            self.status.refuse(declined.sentence)
            return False
        if self._panels.shown == "household" and self.session.total > before:
            self._panels.show("cart")
        self._redraw()
        if not self.session.pending:
            self._hint()
        return True

    # --- goods that are kept, and neighbours ------------------------------------------------------------

    def _keep(self) -> None:
        item = self.session.item_at_cursor
        self.session.require_promisable(item, 1)
        self.post_message(messages.ToKeep(item))

    @work(group="keep", exclusive=True)
    async def keep(self, item: ShelfItem, quantity: int) -> None:
        """The attendant confirmed it."""
        self.status.waiting(_("正在留货，请稍候"))
        try:
            slip = await self.counter.promises.promise(item, quantity)
        except Refused as refusal:
            if not self._caller_refused(refusal):
                # The till's picture was stale: balance, stock or price.
                with suppress(KioskError):
                    await self.counter.refresh_card()
                self._redraw()
                self.status.refuse(refusal.sentence)
        except Declined as declined:
            self.status.refuse(declined.sentence)
        else:
            self.post_message(self.Succeeded())
            self.post_message(messages.Kept(slip))
            if self.session.card and not self.session.cart:
                self._look_up(self.session.card.token)

    def _kept_goods(self) -> None:
        promises = self.session.require_online_card().view.promises
        if not promises:
            raise Declined(_("没有给这户留的货"))
        self.post_message(messages.ToCollect(promises))

    def collect(self, promised: PromisedGoods) -> None:
        """The attendant confirmed it."""
        if self._attempt(lambda: self.counter.collect(promised)):
            self.workers.cancel_group(self, "card")
            self._settle()

    def let_go(self, promised: PromisedGoods) -> None:
        """The household's points are back."""
        if self.session.card:
            self._look_up(self.session.card.token)
        self.status.done(_("已取消留货，{points} 分已退回").format(points=promised.line.points))

    def _neighbour(self) -> None:
        """Who collects shows their own card; the key again, and nobody does."""
        self.session.require_card()
        self._naming = not self._naming and self.session.collector is None
        self.session.collector = None

    @work(group="card", exclusive=True)
    async def _name_collector(self, token: str) -> None:
        self.status.waiting(_("正在查代领人的卡，请稍候"))
        try:
            await self.counter.look_up_collector(token)
        except KioskError as obstacle:
            self.status.refuse(obstacle.sentence)
        else:
            self._naming = False
            self.post_message(self.Succeeded())
            self._hint()
        self._redraw()

    def _cancel(self) -> None:
        if self._naming:
            self._naming = False
        else:
            self.session.cancel()

    def _shelf_work(self) -> None:
        self.session.require_idle()
        self.session.cancel()
        self.post_message(messages.ToShelf())

    def _close_shift(self) -> None:
        self.post_message(messages.ShiftClosed(*self.counter.shifts.close()))

    def _void(self) -> None:
        if not self.counter.store.redemptions.list_voidable():
            raise Declined(_("这一班没有可以作废的兑换"))
        self.post_message(messages.ToVoid())

    def voided(self, sentence: str) -> None:
        """What became of it, and the household's balance as it is now."""
        if self.session.card and not self.session.cart:
            self._look_up(self.session.card.token)
        self._redraw()
        self.status.done(sentence)

    def _confirm(self) -> None:
        if self.counter.needs_card_pin:
            self.post_message(messages.CardPinWanted())
        else:
            self._go()

    def confirm_with(self, card_pin: str) -> None:
        """The household typed its card's PIN."""
        self._attempt(lambda: self._go(card_pin))

    def _caller_refused(self, refusal: Refused) -> bool:
        """Somebody has to sign in again before anything else."""
        if refusal.problem.type not in SIGN_IN_REQUIRED:
            return False
        self.counter.shifts.end_by_server()
        self.post_message(messages.SignedOut(refusal.sentence))
        return True

    def _go(self, card_pin: str = "") -> None:
        self.counter.confirm(card_pin)
        self.workers.cancel_group(self, "card")
        self._settle()

    @work(group="card", exclusive=True)
    async def _look_up(self, token: str) -> None:
        self.status.waiting(_("正在查这张户卡，请稍候"))
        try:
            await self.counter.look_up(token)
        except KioskError as obstacle:
            self.status.refuse(obstacle.sentence)
        else:
            self._hint()
            self._panels.show("household")
            self.post_message(self.Succeeded())
        self._redraw()

    @work(group="redeem", exclusive=True)
    async def _settle(self) -> None:
        self.status.waiting(_("正在兑换，请稍候"))
        try:
            kept = await self.counter.settle(self._waiting)
        except Refused as refusal:
            if not self._caller_refused(refusal):
                self.status.refuse(refusal.sentence)
                self._redraw()
                if refusal.problem.type in ASKING and self.session.cart:
                    self.post_message(messages.CardPinWanted(refusal.sentence))
        except Declined as declined:
            self.status.refuse(declined.sentence)
            self._redraw()
        else:
            self.post_message(self.Succeeded())
            self.post_message(messages.Served(kept))
            self._hint()
            self._redraw()

    def _waiting(self) -> None:
        pending = self.session.pending
        self.status.waiting(_(STUCK) if pending and pending.stuck else _(AWAY))
        self.app.bell()

    def _hint(self) -> None:
        sentence, ready = next_step(self.session, naming=self._naming)
        self.status.done(sentence) if ready else self.status.hint(sentence)

    def _redraw(self) -> None:
        if self._panels.shown == "cart" and not self.session.card and not self.session.cart:
            self._panels.show("household")
        self.query_one(Household).fit()
        self.query("Banner, Summary, Shelf, Household, CartView").refresh()
