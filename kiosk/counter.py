"""The use cases at the counter, with the server or, where leases allow, without it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from time import monotonic
from uuid import UUID

from uuid_utils.compat import uuid7

from api.wire import PromisedGoods, ShelfItem
from api.wire.promises import Collection, collection_id
from kiosk.backup_copies import BackupCopyService
from kiosk.cards import CardService
from kiosk.client import Client
from kiosk.errors import INVALID_CARD, Declined, KioskError, Refused, ServerUnavailable
from kiosk.holdings import get_recalled
from kiosk.identifications import IdentificationService
from kiosk.language import _
from kiosk.lease_rules import LeaseRules
from kiosk.promises import PromiseService
from kiosk.recalls import RecallService
from kiosk.session import PendingRedemption, Session
from kiosk.shifts import ShiftService
from kiosk.stock_counts import StockCountService
from kiosk.store.facade import Store
from kiosk.store.receipts import StoredReceipt
from kiosk.store.redemptions import ConfirmedCart, PickedItem, hash_card
from kiosk.sync import SIGN_IN_REQUIRED, SyncService
from kiosk.timing import Timing

RETRY_AFTER_CATCH_UP = frozenset({"shift-closed", "insufficient-points"})
"""Refusals that may be gone once the journal is uploaded and the leases are renewed."""


@dataclass(slots=True)
class _RecallProgress:
    """Of one redemption: until when points from other kiosks are waited for, and whether the journal was uploaded
    and the leases renewed for it."""

    give_up_at: float
    caught_up: bool = False


class _PointsRecalled(Exception):
    """The server has asked other kiosks for so many points, which are needed here."""

    def __init__(self, points: int) -> None:
        super().__init__(points)
        self.points = points


class Counter:
    def __init__(self, store: Store, client: Client, timing: Timing) -> None:
        self.session = Session()
        self.timing = timing
        self.store = store
        self.sync = SyncService(store, client, self.session, timing)
        client.on_card_refused = lambda token, reason: self.sync.refuse_card(hash_card(token), reason)
        self._rules = LeaseRules(store, self.session)
        self.cards = CardService(store, client, self.session, self.sync, self._rules, timing)
        self.recalls = RecallService(store, client, self.session, self.sync, timing)
        self.backup_copies = BackupCopyService(store.folder, client, self.session, timing)
        self.identifications = IdentificationService(store, client, self.session, self.sync, self.cards, timing)
        self.promises = PromiseService(store, client, self.session, self.sync, timing)
        self.stock_counts = StockCountService(store, client, self.session, self.sync, timing)
        self.shifts = ShiftService(store, client, self.session, self.sync, timing)
        self._client = client
        # Never on the disk, so a resumed redemption is sent without it.
        self._card_pin = ""
        self._resume()

    @property
    def server(self) -> str:
        return self._client.base_url

    def _resume(self) -> None:
        """Continue where the program stopped."""
        store, session = self.store, self.session
        till, shift, stored = store.shelf.till, store.shifts.current, store.redemptions.pending
        if store.enrolments.current is not None:
            self._client.use_device(store.enrolments.current.token)
            self._client.use_books(store.leases.restored_at)
        if till is not None:
            session.update_shelf(till)
        if shift is not None:
            self._client.use_shift(shift.token)
            session.sign_in(shift.name)
            session.last_receipt = next(iter(store.receipts.list_by_shift(shift.id)), None)
        if stored is not None:
            cart = stored.cart
            pending = PendingRedemption(cart.id, cart.build_request(stored.leased), uncertain=stored.sent)
            goods = [] if cart.promise else [(picked.item, picked.quantity) for picked in cart.picked]
            session.resume(pending, cart.token, cart.view, goods)
        self.sync.update_session()

    # --- the redemption ---------------------------------------------------------------------------------

    @property
    def needs_card_pin(self) -> bool:
        """Whether the cart's total needs the card's PIN, as far as the kiosk knows. Offline none can be
        checked."""
        session = self.session
        above = session.card.view.pin_above if session.card else None
        affordable = session.remainder is not None and session.remainder >= 0
        return (
            above is not None and session.total > above and affordable and session.connection.online is not False
        )

    def confirm(self, card_pin: str = "") -> None:
        """Save the redemption as confirmed; `settle` then completes it. The PIN stays in memory."""
        self.identifications.require_valid()
        pending = self.session.confirm(uuid7())
        self._card_pin = card_pin
        self._save_pending(pending, [PickedItem(line.item, line.quantity) for line in self.session.cart])

    def collect(self, promised: PromisedGoods) -> None:
        """As `confirm`, for promised goods that have arrived; only the server can complete it."""
        self.identifications.require_valid()
        pending = self.session.collect(collection_id(promised.id), promised)
        self._card_pin = ""
        line = promised.line
        item = ShelfItem(product=line.product, number=0, name=line.name, barcode="", price=line.price, stock=0)
        self._save_pending(pending, [PickedItem(item, line.quantity)], promised.id)

    def _save_pending(
        self, pending: PendingRedemption, picked: list[PickedItem], promise: UUID | None = None
    ) -> None:
        card, collector, shift = self.session.card, self.session.collector, self.store.shifts.required
        assert card is not None, "nothing is confirmed without a card"
        cart = ConfirmedCart(
            id=pending.id,
            token=card.token,
            card=self.session.without_card.identification.card if self.session.without_card else "",
            view=card.view,
            picked=picked,
            shift=shift.id,
            attendant=shift.attendant,
            collector=collector.token if collector else "",
            collector_name=collector.view.name if collector else "",
            promise=promise,
        )
        try:
            leased = self.store.redemptions.confirm(cart, sent=self._should_send(cart))
        except BaseException:
            self.session.release_cart()
            raise
        pending.redemption = cart.build_request(leased)

    async def settle(self, on_retry: Callable[[], None]) -> StoredReceipt:
        """Complete the pending redemption: by the server's answer, repeating the request until it comes, or by
        lease if none comes in time. `on_retry` is called after each try without an answer.

        Raises Declined if neither worked and the server can't have received it, and Refused. A refusal of the
        caller leaves an uncertain redemption pending until the next sign-in."""
        pending = self.session.pending
        stored = self.store.redemptions.pending
        if pending is None or stored is None:
            raise ValueError("nothing is pending")
        cart = stored.cart
        if not pending.uncertain and not self._should_send(cart):
            return self._redeem_by_lease(pending)
        recall = _RecallProgress(monotonic() + self.timing.recall_timeout)
        while True:
            try:
                async with asyncio.timeout(None if pending.stuck else self.timing.answer_timeout):
                    return await self._send_until_answered(pending, cart, on_retry, recall)
            except _PointsRecalled as recalled:
                previous, pending.recalled = pending.recalled, recalled.points
                if previous != pending.recalled:
                    on_retry()
                await asyncio.sleep(self.timing.recall_retry)
                continue
            except (ServerUnavailable, TimeoutError) as error:
                self.sync.mark_offline(error)
            pending.recalled = 0
            reason = self._rules.get_decline_reason(cart)
            if reason is None:
                return self._redeem_by_lease(pending)
            if not pending.uncertain:
                self._withdraw(cart)
                raise Declined(reason)
            pending.stuck = True
            on_retry()

    def _should_send(self, cart: ConfirmedCart) -> bool:
        """Not offline, if a lease covers it."""
        return self.session.connection.online is not False or self._rules.get_decline_reason(cart) is not None

    def give_up(self) -> None:
        """Nothing was handed over, so the redemption must not count, even if the server has it."""
        self.session.require_stuck()
        self.store.redemptions.give_up()
        self.session.release_cart()
        self.sync.wake()

    async def _send_until_answered(
        self,
        pending: PendingRedemption,
        cart: ConfirmedCart,
        on_retry: Callable[[], None],
        recall: _RecallProgress,
    ) -> StoredReceipt:
        """Raises ServerUnavailable once the redemption can only be completed by lease, _PointsRecalled where it is
        to be sent again soon."""
        for pause in self.timing.iterate_pauses():
            try:
                return await self._send(pending, cart)
            except ServerUnavailable as error:
                pending.uncertain |= error.sent
                self.sync.mark_offline(error)
                if not error.sent and self._rules.get_decline_reason(cart) is None:
                    raise
                on_retry()
                await asyncio.sleep(pause)
            except Refused as refusal:
                self.sync.mark_online()
                if refusal.problem.type in RETRY_AFTER_CATCH_UP and not recall.caught_up:
                    recall.caught_up = True
                    await self.sync.try_catch_up()
                    pending.redemption = cart.build_request(self.store.redemptions.reserve_points())
                elif get_recalled(refusal.problem.extra) and monotonic() < recall.give_up_at:
                    raise _PointsRecalled(get_recalled(refusal.problem.extra)) from None
                elif pending.uncertain and refusal.problem.type in SIGN_IN_REQUIRED:
                    raise
                else:
                    await self._handle_refusal(pending, refusal)
                    goods = {picked.item.product: picked.item.name for picked in cart.picked}
                    raise Refused(refusal.problem, goods) from refusal
        raise AssertionError("pauses never end")

    async def _send(self, pending: PendingRedemption, cart: ConfirmedCart) -> StoredReceipt:
        self.store.redemptions.mark_sent()
        self.store.fault_hook("before send redemption")
        sent = False

        def mark_sent() -> None:
            nonlocal sent
            sent = True

        try:
            if cart.promise:
                collection = Collection(card=cart.token, collector=cart.collector)
                receipt = await self._client.collect(cart.promise, collection, mark_sent)
            else:
                receipt = await self._client.redeem(pending.id, pending.redemption, mark_sent, self._card_pin)
        except asyncio.CancelledError:
            pending.uncertain |= sent
            raise
        self.store.fault_hook("after send redemption")
        stored = self.store.redemptions.save_answer(receipt)
        self.session.complete(stored)
        self.sync.mark_online()
        self.sync.wake()
        return stored

    def _redeem_by_lease(self, pending: PendingRedemption) -> StoredReceipt:
        stored = self.store.redemptions.redeem_by_lease(sure=not pending.uncertain)
        self.session.complete(stored)
        self.sync.wake()
        return stored

    def _withdraw(self, cart: ConfirmedCart) -> None:
        self.store.redemptions.withdraw()
        self.session.release_cart()
        try:
            self.cards.show_offline(cart.token)
        except KioskError:
            return

    async def _handle_refusal(self, pending: PendingRedemption, refusal: Refused) -> None:
        """Release the cart, and look the card up again: balance, stock or price were out of date."""
        # An earlier try may still arrive: it must not count any more.
        self.store.redemptions.give_up() if pending.uncertain else self.store.redemptions.withdraw()
        self.session.release_cart()
        self.sync.wake()
        if refusal.problem.type in INVALID_CARD:
            self.session.cancel()
        with suppress(KioskError, TimeoutError):
            async with asyncio.timeout(self.timing.answer_timeout):
                await self.cards.refresh()

    # --- voids ------------------------------------------------------------------------------------------

    async def void(self, stored: StoredReceipt, reason: str) -> str:
        """Void a redemption of this shift; returns the sentence for the attendant."""
        self._rules.require_unfrozen()
        self.store.redemptions.void(stored.receipt.id, reason)
        self.sync.wake()
        if self.session.connection.online:
            try:
                async with asyncio.timeout(self.timing.answer_timeout):
                    await self.sync.upload_journals()
            except (ServerUnavailable, TimeoutError) as error:
                self.sync.mark_offline(error)
        if self.session.last_receipt is not None and self.session.last_receipt.receipt.id == stored.receipt.id:
            self.session.last_receipt = replace(stored, voided=True)
        status, remark = self.store.journal.get_outcome(stored.receipt.id, "voided")
        points = stored.receipt.points
        if not status:
            return _("已作废，请收回物品；{points} 分在联网以后退回").format(points=points)
        if status in ("settled", "known", "annulled"):
            return _("已作废，请收回物品；{points} 分已退回").format(points=points)
        return _("已记下作废，须由工作人员核对：{remark}").format(remark=remark)
