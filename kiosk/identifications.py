"""Households without their cards: found, identified by their PIN or another attendant's word; lost cards frozen.
Only the server can do any of it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar
from uuid import UUID

from uuid_utils.compat import uuid7

from api.wire import PinSignIn
from api.wire.identification import CardFreeze, FoundHousehold, NewIdentification
from kiosk.cards import CardService
from kiosk.client import Client
from kiosk.errors import Declined, Refused, ServerUnavailable
from kiosk.language import N_, _
from kiosk.session import Session
from kiosk.store.facade import Store
from kiosk.sync import SyncService
from kiosk.timing import Timing

FROZEN_HERE = N_("住户在超市说卡丢了")
"""The reason in the card's history, in Chinese."""
FROZEN = N_("这张卡已挂失，谁也不能再用它。请到村委会补新卡")

T = TypeVar("T")


class IdentificationService:
    """Requests raise Refused, and Declined where no answer came. Nothing of them is kept on the disk."""

    def __init__(
        self,
        store: Store,
        client: Client,
        session: Session,
        sync: SyncService,
        cards: CardService,
        timing: Timing,
    ) -> None:
        self._store = store
        self._client = client
        self._session = session
        self._sync = sync
        self._cards = cards
        self._timing = timing
        # Without an answer: the same again must have the same id.
        self._unanswered: tuple[UUID, NewIdentification] | None = None

    def require_online(self) -> None:
        """Raises Declined."""
        if self._session.connection.online is False:
            raise Declined(
                self._session.connection.outage.fill(_("{outage}：{meanwhile}没有卡不能兑换，必须扫卡"))
            )

    def require_valid(self) -> None:
        """Raises Declined where the household on the screen has no card with it and its minutes are over."""
        if self.minutes_left == 0:
            raise Declined(_("没带卡的时间已过：请按 / 再认一次，商品都在购物车里"))

    @property
    def minutes_left(self) -> int | None:
        """Begun ones, for the household on the screen; None with a card."""
        without_card = self._session.without_card
        if without_card is None:
            return None
        left = (without_card.identification.until - self._store.clock.now()).total_seconds()
        return max(-int(-left // 60), 0)

    async def find(self, text: str) -> list[FoundHousehold]:
        """At most nine: by the last signs of the code, or the name or its pinyin."""
        return await self._ask(lambda: self._client.find_households(text), self._timing.answer_timeout)

    async def identify(
        self, household: FoundHousehold, *, card_pin: str = "", witness: PinSignIn | None = None
    ) -> None:
        """Show this household as a scanned card does, for some minutes."""
        self._session.require_no_other_household(household.household)
        request = NewIdentification(household=household.household, card_pin=card_pin, witness=witness)
        id = self._unanswered[0] if self._unanswered and self._unanswered[1] == request else uuid7()
        self._unanswered = id, request
        try:
            # The server takes a while to check a PIN.
            identification = await self._ask(lambda: self._client.identify(id, request))
        except Refused as refusal:
            self._unanswered = None
            if refusal.problem.type in ("card-frozen", "card-suspended"):
                self._refuse_card_of(household, refusal.sentence)
            raise
        self._unanswered = None
        self._cards.show_without_card(household, identification)

    async def freeze(self, household: FoundHousehold) -> str:
        """Freeze a lost card; returns the sentence for the attendant. Here its lease sells nothing from now on,
        also where the answer is lost."""
        self.require_online()
        freeze = CardFreeze(household=household.household, reason=FROZEN_HERE)
        try:
            await self._ask(lambda: self._client.freeze_card(freeze), self._timing.answer_timeout)
        except Declined:
            self._refuse_card_of(household, _(FROZEN))
            raise
        self._refuse_card_of(household, _(FROZEN))
        card = self._session.card
        if card is not None and card.view.household == household.household:
            self._session.cancel()
        return _(FROZEN)

    def _refuse_card_of(self, household: FoundHousehold, reason: str) -> None:
        lease = self._store.leases.find(household.household)
        if lease is not None:
            self._sync.refuse_card(lease.card, reason)

    async def _ask(self, request: Callable[[], Awaitable[T]], seconds: float | None = None) -> T:
        self.require_online()
        try:
            async with asyncio.timeout(seconds):
                # The server has to know the shift.
                await self._sync.upload_journals()
                answer = await request()
        except (ServerUnavailable, TimeoutError) as error:
            self._sync.mark_offline(error)
            sentence = _("{outage}，没有答复：请等{recovery}再试，或请住户拿卡来")
            raise Declined(self._session.connection.outage.fill(sentence)) from None
        except Refused:
            self._sync.mark_online()
            raise
        self._sync.mark_online()
        return answer
