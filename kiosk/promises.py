"""Promises of goods that are out of stock. Only the server can make them: it alone knows the queue."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from time import monotonic

from uuid_utils.compat import uuid7

from api.wire import PromisedGoods, ShelfItem
from api.wire.promises import Cancellation, NewPromise, PromiseSlip
from kiosk.client import Client
from kiosk.errors import Declined, Refused, ServerUnavailable
from kiosk.holdings import get_recalled
from kiosk.language import N_, _
from kiosk.session import Session
from kiosk.store.facade import Store
from kiosk.store.promises import PromiseRequest
from kiosk.sync import SyncService
from kiosk.timing import Timing

NOT_WANTED = N_("住户不要了")
"""The reason shown on the household's page, in Chinese."""


class PromiseService:
    def __init__(self, store: Store, client: Client, session: Session, sync: SyncService, timing: Timing) -> None:
        self._store = store
        self._client = client
        self._session = session
        self._sync = sync
        self._timing = timing

    async def promise(
        self, item: ShelfItem, quantity: int, on_recall: Callable[[int], None] = lambda points: None
    ) -> PromiseSlip:
        """Promise `quantity` pieces at today's price. `on_recall` is called with the points that are on their way
        from another kiosk.

        Raises Refused, and Declined where no answer came: if the request was sent, it is repeated in the
        background, and the slip is printed when the answer comes."""
        card = self._session.require_promisable(item, quantity)
        content = NewPromise(card=card.token, product=item.product, quantity=quantity, price=item.price)
        request = PromiseRequest(uuid7(), content)
        self._store.promises.add_request(request.id, card.view.household, content)
        give_up_at = monotonic() + self._timing.recall_timeout
        while True:
            try:
                async with asyncio.timeout(self._timing.answer_timeout):
                    # The household's leased points have to be returned to its account first.
                    return await self._sync.request_promise(request)
            except (ServerUnavailable, TimeoutError) as error:
                self._sync.mark_offline(error)
                sentence = _("{outage}，还没有答复：联网以后自动办好并打印留货单；请住户下次来时再扫卡看看")
                raise Declined(self._session.connection.outage.fill(sentence)) from None
            except Refused as refusal:
                recalled = get_recalled(refusal.problem.extra)
                if not recalled:
                    raise
                if monotonic() >= give_up_at:
                    self._store.promises.delete_request(request.id)
                    raise
                on_recall(recalled)
            await asyncio.sleep(self._timing.recall_retry)

    async def cancel(self, promised: PromisedGoods) -> None:
        """Return the points to the household. Safe to repeat. Raises Refused, Declined."""
        card = self._session.require_online_card()
        try:
            async with asyncio.timeout(self._timing.answer_timeout):
                await self._client.cancel_promise(promised.id, Cancellation(card=card.token, reason=NOT_WANTED))
        except (ServerUnavailable, TimeoutError) as error:
            self._sync.mark_offline(error)
            sentence = _("{outage}，还没有答复：请等{recovery}，再扫卡看看还在不在")
            raise Declined(self._session.connection.outage.fill(sentence)) from None
