"""Goods that are out of stock, kept for a household: asked for here, kept by the server, which alone knows whose
turn it is."""

from __future__ import annotations

import asyncio

from uuid_utils.compat import uuid7

from api.wire import PromisedGoods, ShelfItem
from api.wire.promises import Cancellation, NewPromise, PromiseSlip
from kiosk.client import Client
from kiosk.errors import Declined, ServerUnavailable
from kiosk.language import N_, _
from kiosk.session import Session
from kiosk.store.facade import Store
from kiosk.store.promises import PromiseRequest
from kiosk.sync import Courier
from kiosk.timing import Timing

NOT_WANTED = N_("住户不要了")
"""The reason that the household reads on its page, in Chinese."""


class Promising:
    def __init__(self, store: Store, client: Client, session: Session, courier: Courier, timing: Timing) -> None:
        self._store = store
        self._client = client
        self._session = session
        self._courier = courier
        self._timing = timing

    async def promise(self, item: ShelfItem, quantity: int) -> PromiseSlip:
        """Have `quantity` pieces kept at today's price.

        Raises Refused, and Declined where no answer came: was it sent, the courier goes on asking by itself, and
        the slip is printed when the answer comes."""
        card = self._session.require_keepable(item, quantity)
        wanted = NewPromise(card=card.token, product=item.product, quantity=quantity, price=item.price)
        asked = PromiseRequest(uuid7(), wanted)
        self._store.promises.add_request(asked.id, card.view.household, wanted)
        try:
            async with asyncio.timeout(self._timing.answer_timeout):
                # What this kiosk held of the points has to be back in the account first.
                slip = await self._courier.ask_for_promise(asked)
        except (ServerUnavailable, TimeoutError):
            self._courier.away()
            raise Declined(_("还没有答复：联网以后自动办好并打印留货单；请住户下次来时再扫卡看看")) from None
        return slip

    async def let_go(self, promised: PromisedGoods) -> None:
        """The points come back to the household. Safe to repeat. Raises Refused, Declined."""
        card = self._session.require_online_card()
        try:
            async with asyncio.timeout(self._timing.answer_timeout):
                await self._client.let_go(promised.id, Cancellation(card=card.token, reason=NOT_WANTED))
        except (ServerUnavailable, TimeoutError):
            self._courier.away()
            raise Declined(_("还没有答复：请等网络恢复，再扫卡看看还在不在")) from None
