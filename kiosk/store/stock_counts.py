"""Counts under way: piece by piece on the disk, so that a power cut in the middle of two hundred loses none."""

from __future__ import annotations

from enum import StrEnum
from uuid import UUID

import msgspec
from uuid_utils.compat import uuid7

from api.wire.shelf import GoodsReceipt
from kiosk.store.database import Database


class Kind(StrEnum):
    STOCKTAKE = "stocktake"
    ARRIVAL = "arrival"
    """What came, written down by the first person."""
    RECEIPT = "receipt"
    """What the second person counts of what the first wrote down."""


class TallyLine(msgspec.Struct, frozen=True):
    """`counted` is None until somebody counted; `sell_by` is an ISO date, or empty."""

    product: str
    name: str
    barcode: str = ""
    counted: int | None = None
    sell_by: str = ""


class Tally(msgspec.Struct, frozen=True):
    """`id` is what the count is sent under. `sent`: the server may have heard of it, and then it stays as it is
    until there is an answer. `donated`: goods that arrived were given, not bought."""

    id: UUID
    kind: Kind
    lines: list[TallyLine]
    donated: bool = False
    sent: bool = False

    @property
    def counted(self) -> list[TallyLine]:
        return [line for line in self.lines if line.counted is not None]


class Tallies:
    """One of each kind at a time."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of(self, kind: Kind) -> Tally | None:
        body = self._database.value("select body from tally where kind = ?", kind.value)
        return None if body is None else msgspec.json.decode(body, type=Tally)

    def begin(self, kind: Kind, lines: list[TallyLine]) -> Tally:
        """Of the whole shelf: goods that came to it since the count began have their line too."""
        known = self.of(kind)
        if known is None:
            return self.keep(Tally(uuid7(), kind, lines))
        if known.sent:
            return known
        products = {line.product for line in known.lines}
        added = [line for line in lines if line.product not in products]
        return self.keep(msgspec.structs.replace(known, lines=[*known.lines, *added]))

    def begin_receipt(self, receipt: GoodsReceipt) -> Tally:
        """Its lines by their place, without how many it should be."""
        known = self.of(Kind.RECEIPT)
        if known is not None and known.id == receipt.id:
            return known
        lines = [TallyLine(line.product, line.name) for line in receipt.lines]
        return self.keep(Tally(receipt.id, Kind.RECEIPT, lines))

    def keep(self, tally: Tally) -> Tally:
        with self._database.commit("tally"):
            self._database.write(
                "insert into tally (kind, body) values (?, ?) on conflict do update set body = excluded.body",
                *(tally.kind.value, msgspec.json.encode(tally).decode()),
            )
        return tally

    def drop(self, kind: Kind) -> None:
        """It is in the books, or nobody wants it."""
        with self._database.commit("tally over"):
            self._database.write("delete from tally where kind = ?", kind.value)
