"""What the kiosk may spend of each household's points without the network.

It is the server's last answer, as of an entry of the journal, less what the entries after that one and the pending
redemption take. A void gives back only what a sale after that entry took, and only where the server can't have
heard of that sale in another way: else the next answer gives it back. So it is never more than what the server
holds for this kiosk once it has all entries.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from api.wire import till_journal
from api.wire.till_journal import Digest, ReturnEntry
from kiosk.store.database import Database
from kiosk.store.enrolments import Enrolments
from kiosk.store.journal import Journal, Place


@dataclass(frozen=True, slots=True)
class Lease:
    """A household as the last answer told it. `pin_above`: a total above it needs the card's PIN, which only the
    server can check."""

    household: UUID
    card: Digest
    name: str
    village: str
    pin_above: int | None


class Leases:
    def __init__(self, database: Database, enrolments: Enrolments, journal: Journal) -> None:
        self._database = database
        self._enrolments = enrolments
        self._journal = journal

    def take(self, answer: till_journal.KioskLeases) -> None:
        """Keep the server's answer, and give back what it asks for, as far as it isn't spent: one commit."""
        enrolment = self._enrolments.required
        if (answer.kiosk, answer.epoch) != (enrolment.kiosk, enrolment.epoch):
            raise ValueError("an answer for another kiosk")
        with self._database.commit("leases"):
            self._database.clock.heard(answer.now)
            write = self._database.write
            write(
                "insert into leases (enrolment, head, expires_at) values (?, ?, ?) on conflict do update"
                " set head = excluded.head, expires_at = excluded.expires_at",
                *(enrolment.id, answer.head, answer.expires_at.isoformat()),
            )
            write("delete from lease where enrolment = ?", enrolment.id)
            for household in answer.households:
                write(
                    "insert into lease (enrolment, household, card, name, village, points, pin_above)"
                    " values (?, ?, ?, ?, ?, ?, ?)",
                    *(enrolment.id, str(household.household), household.card, household.name),
                    *(household.village, household.points, household.pin_above),
                )
            self._journal.compare(enrolment, Place(answer.head, answer.hash, answer.current))
            for household in answer.households:
                back = min(household.give_back, self.left(household.household))
                if back:
                    now = self._database.clock.now()
                    self._journal.returned(ReturnEntry(at=now, household=household.household, points=back))
        self._enrolments.reload()

    def left(self, household: UUID, *, beside_pending: bool = True) -> int:
        """Points, never below zero. Without `beside_pending` what the pending redemption has set aside counts as
        left."""
        enrolment = self._enrolments.current
        if enrolment is None:
            return 0
        left = self._database.value(
            """
            select lease.points
              - (select coalesce(sum(entry.leased), 0) from entry
                 where entry.enrolment = lease.enrolment and entry.household = lease.household
                   and entry.number > leases.head
                   and not (entry.sure and exists (
                     select 1 from entry as void
                     where void.redemption = entry.redemption and void.kind = 'voided')))
              - (select coalesce(sum(pending.leased), 0) from pending
                 where pending.household = lease.household and ?)
            from lease join leases using (enrolment)
            where lease.enrolment = ? and lease.household = ?
            """,
            *(beside_pending, enrolment.id, str(household)),
        )
        return max(left or 0, 0)

    def of_card(self, card: Digest) -> Lease | None:
        return self._lease("card", card)

    def of(self, household: UUID) -> Lease | None:
        return self._lease("household", str(household))

    @property
    def expires_at(self) -> datetime | None:
        enrolment = self._enrolments.current
        if enrolment is None:
            return None
        until = self._database.value("select expires_at from leases where enrolment = ?", enrolment.id)
        return None if until is None else datetime.fromisoformat(until)

    @property
    def expired(self) -> bool:
        """Also where there never was an answer."""
        until = self.expires_at
        return until is None or self._database.clock.now() >= until

    def _lease(self, column: str, value: Any) -> Lease | None:
        enrolment = self._enrolments.current
        if enrolment is None:
            return None
        row = self._database.row(
            f"select household, card, name, village, pin_above from lease where enrolment = ? and {column} = ?",
            *(enrolment.id, value),
        )
        if row is None:
            return None
        household, card, name, village, pin_above = row
        return Lease(UUID(household), card, name, village, pin_above)
