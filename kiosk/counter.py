"""Serving at the counter: what the attendant wants done, with the server or, where leases allow, without it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from uuid import UUID, uuid5

import msgspec
from uuid_utils.compat import uuid7

from api.wire import CardView, PromisedGoods, ShelfItem
from api.wire.promises import Collection
from kiosk.client import Client
from kiosk.errors import Declined, KioskError, Refused, ServerUnavailable
from kiosk.language import _
from kiosk.promises import Promising
from kiosk.session import Card, PendingRedemption, Session
from kiosk.shifts import Duty
from kiosk.stock_counts import Shelving
from kiosk.store.facade import Store
from kiosk.store.receipts import StoredReceipt
from kiosk.store.redemptions import ConfirmedCart, PickedItem, hash_card
from kiosk.sync import SIGN_IN_AGAIN, Courier
from kiosk.timing import Timing

CARD_IS_DEAD = frozenset({"card-unknown", "card-revoked", "card-malformed", "account-closed"})
BEHIND = frozenset({"shift-closed", "insufficient-points"})
"""Refusals that may be over once the server has heard the kiosk's journal and the kiosk has its leases."""


class Counter:
    def __init__(self, store: Store, client: Client, timing: Timing) -> None:
        self.session = Session()
        self.timing = timing
        self.store = store
        self.courier = Courier(store, client, self.session, timing)
        self.promising = Promising(store, client, self.session, self.courier, timing)
        self.shelving = Shelving(store, client, self.session, self.courier, timing)
        self.duty = Duty(store, client, self.session, self.courier, timing)
        self._client = client
        # Of the household at the till; it never goes to the disk, so a resumed redemption is tried without it.
        self._card_pin = ""
        self._resume()

    @property
    def server(self) -> str:
        return self._client.base_url

    def _resume(self) -> None:
        """Go on where the program stopped, for whatever reason."""
        store, session = self.store, self.session
        till, duty, kept = store.shelf.till, store.shifts.current, store.redemptions.pending
        if store.enrolments.current is not None:
            self._client.use_device(store.enrolments.current.token)
        if till is not None:
            session.stock_shelf(till)
        if duty is not None:
            self._client.use_shift(duty.token)
            session.sign_in(duty.name)
            session.last_receipt = next(iter(store.receipts.list_by_shift(duty.id)), None)
        if kept is not None:
            confirmed = kept.cart
            pending = PendingRedemption(confirmed.id, confirmed.build_request(kept.leased), uncertain=kept.sent)
            goods = [] if confirmed.promise else [(picked.item, picked.quantity) for picked in confirmed.picked]
            session.resume(pending, confirmed.token, confirmed.view, goods)
        self.courier.tell()

    # --- the household ----------------------------------------------------------------------------------

    async def look_up(self, token: str) -> None:
        """Show the household of a card, and the shelf as it is for it."""
        self.session.admit(token)
        if self.session.contact.online is not False:
            try:
                async with asyncio.timeout(self.timing.answer_timeout):
                    known = self.store.shelf.get_countable_entries()
                    view, till = await asyncio.gather(self._client.card(token), self._client.till())
                    self.store.shelf.save(till, known)
            except (ServerUnavailable, TimeoutError):
                self.courier.away()
            except Refused:
                self.courier.heard()
                raise
            else:
                self._present(token, view)
                self.courier.heard()
                return
        self._present_offline(token)

    async def look_up_again(self) -> None:
        """The household at the till, if one is there. Raises as `look_up`."""
        if self.session.card is not None:
            await self.look_up(self.session.card.token)

    def _present(self, token: str, view: CardView) -> None:
        owed = self.store.journal.count_unsettled_points(view.household)
        self.session.present(token, msgspec.structs.replace(view, balance=max(view.balance - owed, 0)))
        self._restock()

    def _present_offline(self, token: str) -> None:
        view = self._leased_view(token)
        reason = self._no_lease_counts()
        if reason is not None:
            raise Declined(reason)
        self.session.present(token, view, offline=True)
        self._restock()

    def _leased_view(self, token: str) -> CardView:
        leases = self.store.leases
        lease = leases.find_by_card(hash_card(token))
        if lease is None:
            raise ServerUnavailable(sent=True)
        return CardView(
            household=lease.household,
            name=lease.name,
            village=lease.village,
            balance=leases.get_available(lease.household),
            pending=0,
        )

    async def name_collector(self, token: str) -> None:
        """By their own card, a neighbour takes the goods home. Raises Declined, Refused, ServerUnavailable."""
        self.session.require_card()
        view = None
        if self.session.contact.online is not False:
            try:
                async with asyncio.timeout(self.timing.answer_timeout):
                    view = await self._client.card(token)
            except (ServerUnavailable, TimeoutError):
                self.courier.away()
            else:
                self.courier.heard()
        self.session.collected_by(Card(token, view or self._leased_view(token)))

    def _restock(self) -> None:
        till = self.store.shelf.till
        if till is not None:
            self.session.stock_shelf(till)

    # --- the redemption ---------------------------------------------------------------------------------

    @property
    def wants_card_pin(self) -> bool:
        """The cart is worth more than the card gives without its PIN, as far as the till knows. Without the
        network nobody can check one."""
        session = self.session
        above = session.card.view.pin_above if session.card else None
        affordable = session.remainder is not None and session.remainder >= 0
        return above is not None and session.total > above and affordable and session.contact.online is not False

    def confirm(self, card_pin: str = "") -> None:
        """The attendant's word, on the disk; `settle` carries it out. The PIN is kept in memory alone."""
        pending = self.session.confirm(uuid7())
        self._card_pin = card_pin
        self._keep(pending, [PickedItem(line.item, line.quantity) for line in self.session.cart])

    def collect(self, promised: PromisedGoods) -> None:
        """As `confirm`, for goods that were kept for the household and have come; only the server can say so."""
        pending = self.session.collect(uuid5(promised.id, "collection"), promised)
        self._card_pin = ""
        line = promised.line
        item = ShelfItem(product=line.product, number=0, name=line.name, barcode="", price=line.price, stock=0)
        self._keep(pending, [PickedItem(item, line.quantity)], promised.id)

    def _keep(self, pending: PendingRedemption, picked: list[PickedItem], promise: UUID | None = None) -> None:
        card, collector, duty = self.session.card, self.session.collector, self.store.shifts.required
        assert card is not None, "nothing is confirmed without a card"
        confirmed = ConfirmedCart(
            id=pending.id,
            token=card.token,
            view=card.view,
            picked=picked,
            shift=duty.id,
            attendant=duty.attendant,
            collector=collector.token if collector else "",
            collector_name=collector.view.name if collector else "",
            promise=promise,
        )
        try:
            leased = self.store.redemptions.confirm(confirmed, sent=self._goes_to_server(confirmed))
        except BaseException:
            self.session.given_back()
            raise
        pending.redemption = confirmed.build_request(leased)

    async def settle(self, waiting: Callable[[], None]) -> StoredReceipt:
        """Carry the pending redemption to its receipt: by the server's answer, always the same sent, or by lease
        when none comes in time. `waiting` is called after each try without an answer.

        Raises Declined when neither was to be had and the server can't have heard of it, and Refused. A refusal of
        the caller leaves an uncertain one pending: it is settled after the next sign-in."""
        pending = self.session.pending
        kept = self.store.redemptions.pending
        if pending is None or kept is None:
            raise ValueError("nothing is pending")
        confirmed = kept.cart
        if not pending.uncertain and not self._goes_to_server(confirmed):
            return self._hand_over(pending)
        while True:
            try:
                async with asyncio.timeout(None if pending.stuck else self.timing.answer_timeout):
                    return await self._ask(pending, confirmed, waiting)
            except (ServerUnavailable, TimeoutError):
                self.courier.away()
            reason = self._uncovered(confirmed)
            if reason is None:
                return self._hand_over(pending)
            if not pending.uncertain:
                self._withdraw(confirmed)
                raise Declined(reason)
            pending.stuck = True
            waiting()

    def give_up(self) -> None:
        """Nothing was handed over and nothing is to count, wherever the tries got to."""
        self.session.require_stuck()
        self.store.redemptions.give_up()
        self.session.given_back()
        self.courier.wake()

    async def _ask(
        self, pending: PendingRedemption, confirmed: ConfirmedCart, waiting: Callable[[], None]
    ) -> StoredReceipt:
        """Until the server answers; raises ServerUnavailable as soon as it is clear that the lease has to do."""
        caught_up = False
        for pause in self.timing.iterate_pauses():
            try:
                return await self._try(pending, confirmed)
            except ServerUnavailable as away:
                pending.uncertain |= away.sent
                self.courier.away()
                if not away.sent and self._uncovered(confirmed) is None:
                    raise
                waiting()
                await asyncio.sleep(pause)
            except Refused as refusal:
                self.courier.heard()
                if refusal.problem.type in BEHIND and not caught_up:
                    caught_up = True
                    await self.courier.catch_up_in_a_moment()
                    pending.redemption = confirmed.build_request(self.store.redemptions.reserve_points())
                elif pending.uncertain and refusal.problem.type in SIGN_IN_AGAIN:
                    raise
                else:
                    await self._refused(pending, refusal)
                    goods = {picked.item.product: picked.item.name for picked in confirmed.picked}
                    raise Refused(refusal.problem, goods) from refusal
        raise AssertionError("pauses never end")

    async def _try(self, pending: PendingRedemption, confirmed: ConfirmedCart) -> StoredReceipt:
        self.store.redemptions.mark_sent()
        self.store.fault_hook("before send redemption")
        sent = False

        def sending() -> None:
            nonlocal sent
            sent = True

        try:
            if confirmed.promise:
                wanted = Collection(card=confirmed.token, collector=confirmed.collector)
                receipt = await self._client.collect(confirmed.promise, wanted, sending)
            else:
                receipt = await self._client.redeem(pending.id, pending.redemption, sending, self._card_pin)
        except asyncio.CancelledError:
            pending.uncertain |= sent
            raise
        self.store.fault_hook("after send redemption")
        kept = self.store.redemptions.save_answer(receipt)
        self.session.answered(kept)
        self.courier.heard()
        self.courier.wake()
        return kept

    def _hand_over(self, pending: PendingRedemption) -> StoredReceipt:
        kept = self.store.redemptions.redeem_by_lease(sure=not pending.uncertain)
        self.session.answered(kept)
        self.courier.wake()
        return kept

    def _withdraw(self, confirmed: ConfirmedCart) -> None:
        self.store.redemptions.withdraw()
        self.session.given_back()
        try:
            self._present_offline(confirmed.token)
        except KioskError:
            return

    async def _refused(self, pending: PendingRedemption, refusal: Refused) -> None:
        """After a refusal the till's picture was stale: balance, stock or price."""
        # An earlier try may still be on its way: it must not count any more.
        self.store.redemptions.give_up() if pending.uncertain else self.store.redemptions.withdraw()
        self.session.given_back()
        self.courier.wake()
        if refusal.problem.type in CARD_IS_DEAD:
            self.session.cancel()
        with suppress(KioskError, TimeoutError):
            async with asyncio.timeout(self.timing.answer_timeout):
                await self.look_up_again()

    # --- what leases allow ------------------------------------------------------------------------------

    def _goes_to_server(self, confirmed: ConfirmedCart) -> bool:
        """Not over a line that is known to be dead, if the lease will do."""
        return self.session.contact.online is not False or self._uncovered(confirmed) is not None

    def _uncovered(self, confirmed: ConfirmedCart) -> str | None:
        """Why this can't be handed over by lease, or None when it can."""
        if confirmed.promise:
            return _("网络断了，留的货要等网络恢复才能领")
        reason = self._no_lease_counts()
        if reason is not None:
            return reason
        household = confirmed.view.household
        lease, left = (
            self.store.leases.find(household),
            self.store.leases.get_available(household, less_pending=False),
        )
        if lease is None or left < confirmed.total:
            return _("网络断了，这户断网时在这里只能兑换 {left} 分：请减少商品，或等网络恢复再确认").format(
                left=left
            )
        if lease.pin_above is not None and confirmed.total > lease.pin_above:
            return _(
                "网络断了，这张卡超过 {pin_above} 分要输密码，断网时不能核对：请减少商品，或等网络恢复"
            ).format(pin_above=lease.pin_above)
        return None

    def _no_lease_counts(self) -> str | None:
        enrolment = self.store.enrolments.current
        if enrolment is not None and enrolment.lockout_reason:
            return _(enrolment.lockout_reason)
        if self.store.leases.expired:
            return _("网络断了太久，断网兑换已到期：要等网络恢复才能兑换")
        return None

    # --- voids ------------------------------------------------------------------------------------------

    async def void(self, kept: StoredReceipt, reason: str) -> str:
        """Take a redemption of this shift back; gives the sentence for the attendant."""
        self.store.redemptions.void(kept.receipt.id, reason)
        self.courier.wake()
        if self.session.contact.online:
            try:
                async with asyncio.timeout(self.timing.answer_timeout):
                    await self.courier.deliver()
            except (ServerUnavailable, TimeoutError):
                self.courier.away()
        if self.session.last_receipt is not None and self.session.last_receipt.receipt.id == kept.receipt.id:
            self.session.last_receipt = replace(kept, voided=True)
        status, remark = self.store.journal.get_outcome(kept.receipt.id, "voided")
        points = kept.receipt.points
        if not status:
            return _("已作废，请收回物品；{points} 分在联网以后退回").format(points=points)
        if status in ("settled", "known", "annulled"):
            return _("已作废，请收回物品；{points} 分已退回").format(points=points)
        return _("已记下作废，须由工作人员核对：{remark}").format(remark=remark)
