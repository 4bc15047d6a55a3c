"""The shelf as the server last told it, less what went over the counter since then."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import msgspec

from api.wire import Till
from api.wire.till_journal import SaleEntry
from kiosk.store.database import Database
from kiosk.store.journal import Journal

Known = Sequence[int]


class Goods:
    def __init__(self, database: Database, journal: Journal) -> None:
        self._database = database
        self._journal = journal

    def known(self) -> Known:
        """The entries that the next answer will count: taken before the server is asked."""
        rows = self._database.rows(
            "select id from entry where unshelved = 1 and (status <> '' or (kind = 'sold' and points = 0))"
        )
        return [row[0] for row in rows]

    def take(self, till: Till, known: Known) -> None:
        body = msgspec.json.encode(till).decode()
        with self._database.commit("shelf"):
            self._database.write(
                "insert into till (one, body) values (1, ?) on conflict do update set body = excluded.body", body
            )
            for id in known:
                self._database.write("update entry set unshelved = 0 where id = ?", id)

    @property
    def till(self) -> Till | None:
        body = self._database.value("select body from till")
        if body is None:
            return None
        till = msgspec.json.decode(body, type=Till)
        gone = self._gone()
        shelf = [
            msgspec.structs.replace(item, stock=max(item.stock - gone[item.product], 0)) for item in till.shelf
        ]
        return msgspec.structs.replace(till, shelf=shelf)

    def _gone(self) -> Counter[str]:
        """Pieces that the last answer doesn't know to be gone; below zero where voids brought some back."""
        pieces: Counter[str] = Counter()
        for kind, body in self._database.rows(
            "select entry.kind, sale.body from entry join entry as sale"
            " on sale.redemption = entry.redemption and sale.kind = 'sold' where entry.unshelved = 1"
        ):
            sale = msgspec.json.decode(body, type=SaleEntry)
            for line in sale.lines:
                pieces[line.product] += line.quantity if kind == "sold" else -line.quantity
        return pieces
