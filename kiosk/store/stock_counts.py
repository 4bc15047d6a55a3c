"""Stock counts in progress. Every piece is saved at once, so that a power cut loses none."""

from __future__ import annotations

from enum import StrEnum
from uuid import UUID

import msgspec
from uuid_utils.compat import uuid7

from api.wire.shelf import GoodsReceipt, JournalPosition
from kiosk.store.database import Database


class CountKind(StrEnum):
    STOCKTAKE = "stocktake"
    ARRIVAL = "arrival"
    """Goods that arrived, recorded by a first person."""
    GOODS_RECEIPT = "receipt"
    """The second person's count of what the first recorded."""


class StockCountLine(msgspec.Struct, frozen=True):
    """`counted` is None until counted; `sell_by` is an ISO date, or empty; `lot` is the number on the pack."""

    product: str
    name: str
    barcode: str = ""
    counted: int | None = None
    sell_by: str = ""
    lot: str = ""


class StockCount(msgspec.Struct, frozen=True):
    """`id` is the request's. `sent`: the server may have it, so it must not change until there is an answer.
    `donated`: the goods that arrived were a donation. `position`: where the journal stood at the count."""

    id: UUID
    kind: CountKind
    lines: list[StockCountLine]
    donated: bool = False
    sent: bool = False
    position: JournalPosition | None = None

    @property
    def counted(self) -> list[StockCountLine]:
        return [line for line in self.lines if line.counted is not None]


class StockCounts:
    """One of each kind at a time."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def find(self, kind: CountKind) -> StockCount | None:
        body = self._database.fetch_value("select body from tally where kind = ?", kind.value)
        return None if body is None else msgspec.json.decode(body, type=StockCount)

    def begin(self, kind: CountKind, lines: list[StockCountLine]) -> StockCount:
        """Start a count of the whole shelf, or continue one; goods added to the shelf since then get a line."""
        existing = self.find(kind)
        if existing is None:
            return self.save(StockCount(uuid7(), kind, lines))
        if existing.sent:
            return existing
        products = {line.product for line in existing.lines}
        added = [line for line in lines if line.product not in products]
        return self.save(msgspec.structs.replace(existing, lines=[*existing.lines, *added]))

    def begin_goods_receipt(self, receipt: GoodsReceipt) -> StockCount:
        """Lines in the receipt's order, without the quantities recorded."""
        existing = self.find(CountKind.GOODS_RECEIPT)
        if existing is not None and existing.id == receipt.id:
            return existing
        lines = [
            StockCountLine(
                line.product,
                line.name,
                sell_by=line.sell_by.isoformat() if line.sell_by else "",
                lot=line.lot,
            )
            for line in receipt.lines
        ]
        return self.save(StockCount(receipt.id, CountKind.GOODS_RECEIPT, lines))

    def save(self, count: StockCount) -> StockCount:
        with self._database.commit("stock count"):
            self._database.write(
                "insert into tally (kind, body) values (?, ?) on conflict do update set body = excluded.body",
                *(count.kind.value, msgspec.json.encode(count).decode()),
            )
        return count

    def delete(self, kind: CountKind) -> None:
        """It is in the books, or was discarded."""
        with self._database.commit("stock count deleted"):
            self._database.write("delete from tally where kind = ?", kind.value)
