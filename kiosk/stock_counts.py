"""Stocktakes and goods receipts at the counter: counts go to the server once they are confirmed, each with its
own id."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from datetime import date
from typing import TypeVar

import msgspec

from api.wire import CountedLine, RestockLine, StocktakeSheet
from api.wire.shelf import (
    GoodsReceipt,
    GoodsReceiptDraft,
    LineCount,
    ReceiptCountByPin,
    StockAlerts,
    TillStocktake,
)
from kiosk.client import Client
from kiosk.errors import Declined, Refused, ServerUnavailable
from kiosk.language import N_, _
from kiosk.session import Session
from kiosk.store.facade import Store
from kiosk.store.stock_counts import CountKind, StockCount, StockCountLine
from kiosk.sync import SyncService
from kiosk.timing import Timing

COUNTED_HERE = N_("终端盘点")
"""The reason in the books, in Chinese."""
UNNAMED = N_("未留名")
"""The donor of goods recorded at a kiosk: names are entered at the desk, where they can be typed."""

T = TypeVar("T")


class StockCountService:
    """Requests raise Refused, and ServerUnavailable or Declined where no answer came: a count is kept then, and is
    sent again unchanged."""

    def __init__(self, store: Store, client: Client, session: Session, sync: SyncService, timing: Timing) -> None:
        self._store = store
        self._client = client
        self._session = session
        self._sync = sync
        self._timing = timing

    def begin(self, kind: CountKind) -> StockCount:
        """Start a count of this kind, or continue one."""
        lines = [StockCountLine(item.product, item.name, item.barcode) for item in self._session.shelf]
        if not lines:
            raise Declined(_("货架是空的"))
        return self._store.stock_counts.begin(kind, lines)

    def begin_goods_receipt(self, receipt: GoodsReceipt) -> StockCount:
        barcodes = {item.product: item.barcode for item in self._session.shelf}
        count = self._store.stock_counts.begin_goods_receipt(receipt)
        lines = [msgspec.structs.replace(line, barcode=barcodes.get(line.product, "")) for line in count.lines]
        return msgspec.structs.replace(count, lines=lines)

    async def get_stock_alerts(self) -> StockAlerts:
        return await self._get_answer(self._client.get_stock_alerts())

    async def list_open_goods_receipts(self) -> list[GoodsReceipt]:
        """Goods receipts that wait for a second person's count, oldest first."""
        return await self._get_answer(self._client.list_open_goods_receipts())

    async def take_stock(self, count: StockCount) -> StocktakeSheet:
        if not count.sent:
            # What is sold until the server has it isn't missing.
            count = msgspec.structs.replace(count, position=self._store.journal.position)
        lines = [CountedLine(product=line.product, counted=line.counted or 0) for line in count.counted]
        request = TillStocktake(lines=lines, reason=COUNTED_HERE, position=count.position)
        return await self._send(count, self._client.take_stock(count.id, request))

    async def record_arrival(self, count: StockCount) -> GoodsReceipt:
        lines = [
            RestockLine(
                product=line.product,
                quantity=line.counted or 0,
                sell_by=date.fromisoformat(line.sell_by) if line.sell_by else None,
                lot=line.lot,
            )
            for line in count.counted
            if line.counted
        ]
        request = GoodsReceiptDraft(
            source="donation" if count.donated else "restock",
            lines=lines,
            donor=UNNAMED if count.donated else "",
            anonymous=count.donated,
        )
        return await self._send(count, self._client.record_goods_receipt(count.id, request))

    async def confirm_goods_receipt(self, count: StockCount, pin: str) -> GoodsReceipt:
        """`pin`: of whoever counted, who must not be the one who recorded it."""
        lines = [LineCount(line=n, counted=line.counted or 0) for n, line in enumerate(count.lines, start=1)]
        request = ReceiptCountByPin(lines=lines, pin=pin)
        return await self._send(count, self._client.confirm_goods_receipt(count.id, request))

    async def _send(self, count: StockCount, call: Awaitable[T]) -> T:
        self._store.stock_counts.save(msgspec.structs.replace(count, sent=True))
        self._store.fault_hook("before send stock count")
        try:
            answer = await self._get_answer(call)
        except ServerUnavailable as error:
            sentence = _("{outage}，没有送到：点的数都存在本机，等{recovery}再按 F2")
            raise Declined(error.outage.fill(sentence)) from None
        except Refused:
            self._store.stock_counts.save(msgspec.structs.replace(count, sent=False))
            raise
        self._store.fault_hook("after send stock count")
        self._store.stock_counts.delete(count.kind)
        self._sync.wake()
        return answer

    async def _get_answer(self, call: Awaitable[T]) -> T:
        try:
            async with asyncio.timeout(self._timing.answer_timeout):
                answer = await call
        except (ServerUnavailable, TimeoutError) as error:
            self._sync.mark_offline(error)
            raise ServerUnavailable(self._session.connection.outage, sent=True) from None
        self._sync.mark_online()
        return answer
