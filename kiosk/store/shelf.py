"""The shelf as the server last sent it, less what was sold here since."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import msgspec

from api.wire import Till
from api.wire.till_journal import SaleEntry
from kiosk.store.database import Database
from kiosk.store.shifts import Shifts

EntryIds = Sequence[int]


class ShelfSnapshot:
    def __init__(self, database: Database, shifts: Shifts) -> None:
        self._database = database
        self._shifts = shifts

    def get_countable_entries(self) -> EntryIds:
        """The entries that the server's next answer takes into account. To be called before the request."""
        rows = self._database.fetch_all(
            "select id from entry where unshelved = 1 and (status <> '' or (kind = 'sold' and points = 0))"
        )
        return [row[0] for row in rows]

    def save(self, till: Till, counted: EntryIds) -> None:
        body = msgspec.json.encode(till).decode()
        with self._database.commit("shelf"):
            self._database.write(
                "insert into till (one, body) values (1, ?) on conflict do update set body = excluded.body", body
            )
            self._shifts.keep_serving(till.attendants)
            for id in counted:
                self._database.write("update entry set unshelved = 0 where id = ?", id)

    @property
    def till(self) -> Till | None:
        body = self._database.fetch_value("select body from till")
        if body is None:
            return None
        till = msgspec.json.decode(body, type=Till)
        sold = self._count_sold_since()
        shelf = [
            msgspec.structs.replace(item, stock=max(item.stock - sold[item.product], 0)) for item in till.shelf
        ]
        return msgspec.structs.replace(till, shelf=shelf)

    def _count_sold_since(self) -> Counter[str]:
        """Pieces sold that the last answer doesn't take into account; negative where voids brought more back."""
        pieces: Counter[str] = Counter()
        for kind, body in self._database.fetch_all(
            "select entry.kind, sale.body from entry join entry as sale"
            " on sale.redemption = entry.redemption and sale.kind = 'sold' where entry.unshelved = 1"
        ):
            sale = msgspec.json.decode(body, type=SaleEntry)
            for line in sale.lines:
                pieces[line.product] += line.quantity if kind == "sold" else -line.quantity
        return pieces
