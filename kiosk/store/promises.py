"""Goods that the server is to keep for a household: what was asked for and isn't answered, and the slips."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

import msgspec

from api.wire.promises import NewPromise, PromiseSlip
from api.wire.till_journal import ReturnEntry
from kiosk.store.database import Database
from kiosk.store.journal import Journal
from kiosk.store.leases import Leases


@dataclass(frozen=True, slots=True)
class Asked:
    """On its way to the server, which may have heard of it: only an answer settles that."""

    id: UUID
    wanted: NewPromise


class Promises:
    def __init__(self, database: Database, journal: Journal, leases: Leases) -> None:
        self._database = database
        self._journal = journal
        self._leases = leases

    def ask(self, id: UUID, household: UUID, wanted: NewPromise) -> None:
        """From here on it survives the power cut. What this kiosk holds of the points goes back by a signed entry
        first: the server sets them aside from the account."""
        with self._database.commit("ask for promise"):
            back = min(self._leases.left(household), wanted.price * wanted.quantity)
            if back:
                now = self._database.clock.now()
                self._journal.returned(ReturnEntry(at=now, household=household, points=back))
            self._database.write(
                "insert into asked_promise (id, body) values (?, ?)",
                *(str(id), msgspec.json.encode(wanted).decode()),
            )

    def asked(self) -> list[Asked]:
        """Oldest first."""
        rows = self._database.rows("select id, body from asked_promise order by rowid")
        return [Asked(UUID(id), msgspec.json.decode(body, type=NewPromise)) for id, body in rows]

    def answered(self, slip: PromiseSlip) -> None:
        """The slip and its print job; the card's token goes."""
        with self._database.commit("promise answered"):
            self._database.write("delete from asked_promise where id = ?", str(slip.id))
            self._database.write(
                "insert into promise_slip (id, body) values (?, ?)",
                *(str(slip.id), msgspec.json.encode(slip).decode()),
            )
            self._database.write("insert into print_job (slip, copy) values (?, 0)", str(slip.id))

    def drop(self, id: UUID) -> None:
        """The server refused it, or can't have heard of it."""
        with self._database.commit("promise dropped"):
            self._database.write("delete from asked_promise where id = ?", str(id))
