"""Requests for promised goods that the server hasn't answered, and the slips of those it has."""

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
class PromiseRequest:
    """A request that may have reached the server: only an answer tells."""

    id: UUID
    content: NewPromise


class Promises:
    def __init__(self, database: Database, journal: Journal, leases: Leases) -> None:
        self._database = database
        self._journal = journal
        self._leases = leases

    def add_request(self, id: UUID, household: UUID, content: NewPromise) -> None:
        """Save the request before it is sent. The points leased to this kiosk are returned by a journal entry,
        since the server reserves them from the account."""
        with self._database.commit("ask for promise"):
            points = min(self._leases.get_available(household), content.price * content.quantity)
            if points:
                now = self._database.clock.now()
                self._journal.append_return(ReturnEntry(at=now, household=household, points=points))
            self._database.write(
                "insert into asked_promise (id, body) values (?, ?)",
                *(str(id), msgspec.json.encode(content).decode()),
            )

    def list_requests(self) -> list[PromiseRequest]:
        """Oldest first."""
        rows = self._database.fetch_all("select id, body from asked_promise order by rowid")
        return [PromiseRequest(UUID(id), msgspec.json.decode(body, type=NewPromise)) for id, body in rows]

    def save_slip(self, slip: PromiseSlip) -> None:
        """Save the slip with its print job, and delete the request with the card's token."""
        with self._database.commit("promise answered"):
            self._database.write("delete from asked_promise where id = ?", str(slip.id))
            self._database.write(
                "insert into promise_slip (id, body) values (?, ?)",
                *(str(slip.id), msgspec.json.encode(slip).decode()),
            )
            self._database.write("insert into print_job (slip, copy) values (?, 0)", str(slip.id))

    def delete_request(self, id: UUID) -> None:
        """The server refused it, or can't have received it."""
        with self._database.commit("promise dropped"):
            self._database.write("delete from asked_promise where id = ?", str(id))
