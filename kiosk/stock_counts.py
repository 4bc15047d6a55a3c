"""Shelf keeping at the till: counts go to the server once they are confirmed, each under its own id."""

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
from kiosk.sync import Courier
from kiosk.timing import Timing

COUNTED_HERE = N_("终端盘点")
"""The reason in the books."""
UNNAMED = N_("未留名")
"""The donor of what a till writes down: names are for the desk, where they can be typed."""

T = TypeVar("T")


class Shelving:
    """What is asked of the server raises Refused, and ServerUnavailable or Declined where no answer came: a count
    is kept then, and is sent again as it is."""

    def __init__(self, store: Store, client: Client, session: Session, courier: Courier, timing: Timing) -> None:
        self._store = store
        self._client = client
        self._session = session
        self._courier = courier
        self._timing = timing

    def begin(self, kind: CountKind) -> StockCount:
        """Go on with the count of this kind, or begin one."""
        lines = [StockCountLine(item.product, item.name, item.barcode) for item in self._session.shelf]
        if not lines:
            raise Declined(_("货架是空的"))
        return self._store.stock_counts.begin(kind, lines)

    def begin_receipt(self, receipt: GoodsReceipt) -> StockCount:
        barcodes = {item.product: item.barcode for item in self._session.shelf}
        tally = self._store.stock_counts.begin_goods_receipt(receipt)
        lines = [msgspec.structs.replace(line, barcode=barcodes.get(line.product, "")) for line in tally.lines]
        return msgspec.structs.replace(tally, lines=lines)

    async def watch(self) -> StockAlerts:
        return await self._answer(self._client.shelf_watch())

    async def open_receipts(self) -> list[GoodsReceipt]:
        """What waits for a second person's count, the oldest first."""
        return await self._answer(self._client.open_receipts())

    async def take_stock(self, tally: StockCount) -> StocktakeSheet:
        lines = [CountedLine(product=line.product, counted=line.counted or 0) for line in tally.counted]
        wanted = TillStocktake(lines=lines, reason=COUNTED_HERE)
        return await self._send(tally, self._client.take_stock(tally.id, wanted))

    async def write_down(self, tally: StockCount) -> GoodsReceipt:
        lines = [
            RestockLine(
                product=line.product,
                quantity=line.counted or 0,
                sell_by=date.fromisoformat(line.sell_by) if line.sell_by else None,
            )
            for line in tally.counted
            if line.counted
        ]
        wanted = GoodsReceiptDraft(
            source="donation" if tally.donated else "restock",
            lines=lines,
            donor=UNNAMED if tally.donated else "",
            anonymous=tally.donated,
        )
        return await self._send(tally, self._client.write_receipt(tally.id, wanted))

    async def confirm_receipt(self, tally: StockCount, pin: str) -> GoodsReceipt:
        """By the PIN of whoever has counted: not the one who wrote it down."""
        lines = [LineCount(line=n, counted=line.counted or 0) for n, line in enumerate(tally.lines, start=1)]
        wanted = ReceiptCountByPin(lines=lines, pin=pin)
        return await self._send(tally, self._client.confirm_receipt(tally.id, wanted))

    async def _send(self, tally: StockCount, call: Awaitable[T]) -> T:
        self._store.stock_counts.save(msgspec.structs.replace(tally, sent=True))
        self._store.fault_hook("before send tally")
        try:
            answer = await self._answer(call)
        except ServerUnavailable:
            raise Declined(_("网络断了，没有送到：点的数都存在本机，联网后再按 F2")) from None
        except Refused:
            self._store.stock_counts.save(msgspec.structs.replace(tally, sent=False))
            raise
        self._store.fault_hook("after send tally")
        self._store.stock_counts.delete(tally.kind)
        self._courier.wake()
        return answer

    async def _answer(self, call: Awaitable[T]) -> T:
        try:
            async with asyncio.timeout(self._timing.answer_timeout):
                answer = await call
        except (ServerUnavailable, TimeoutError):
            self._courier.away()
            raise ServerUnavailable(sent=True) from None
        self._courier.heard()
        return answer
