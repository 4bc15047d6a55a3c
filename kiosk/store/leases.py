"""The points of each household that the kiosk may spend without the network.

They are the server's last answer, as of one entry of the journal, less what later entries and the pending
redemption take. A void gives back only what a later sale took, and only if the server can't know that sale from a
request of its own; otherwise the next answer gives it back. So they are never more than what the server holds for
this kiosk once it has all entries.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from api.wire import till_journal
from api.wire.till_journal import Digest, Recall, ReturnEntry
from kiosk.errors import Outage, ServerUnavailable
from kiosk.store.database import Database
from kiosk.store.enrolments import Enrolments
from kiosk.store.journal import Journal, JournalHead


@dataclass(frozen=True, slots=True)
class Lease:
    """A household in the server's last answer. `pin_above`: a larger total needs the card's PIN, which only the
    server can check. `refused`: why the server has refused the card since, or empty."""

    household: UUID
    card: Digest
    name: str
    village: str
    pin_above: int | None
    refused: str


class Leases:
    def __init__(self, database: Database, enrolments: Enrolments, journal: Journal) -> None:
        self._database = database
        self._enrolments = enrolments
        self._journal = journal

    def save(self, answer: till_journal.KioskLeases) -> None:
        """Save the server's answer and return the points it asks for, as far as they aren't spent: one commit."""
        enrolment = self._enrolments.required
        if (answer.kiosk, answer.epoch) != (enrolment.kiosk, enrolment.epoch):
            # Not what this kiosk asked for.
            raise ServerUnavailable(Outage.FAULT, sent=True)
        with self._database.commit("leases"):
            self._database.clock.set_server_time(answer.now)
            write = self._database.write
            write(
                "insert into leases (enrolment, head, expires_at, restored_at) values (?, ?, ?, ?)"
                " on conflict do update set head = excluded.head, expires_at = excluded.expires_at,"
                " restored_at = excluded.restored_at",
                *(enrolment.id, answer.head, answer.expires_at.isoformat()),
                answer.restored_at.isoformat() if isinstance(answer.restored_at, datetime) else None,
            )
            write("delete from lease where enrolment = ?", enrolment.id)
            for household in answer.households:
                write(
                    "insert into lease (enrolment, household, card, name, village, points, pin_above)"
                    " values (?, ?, ?, ?, ?, ?, ?)",
                    *(enrolment.id, str(household.household), household.card, household.name),
                    *(household.village, household.points, household.pin_above),
                )
            self._journal.compare_with_server(enrolment, JournalHead(answer.head, answer.hash, answer.current))
            for household in answer.households:
                self._return(household.household, self._count_returnable(household.household, household.give_back))
        self._enrolments.reload()

    def return_recalled(self, recalls: Sequence[Recall]) -> bool:
        """Return the points that other kiosks need, as far as they are neither spent nor reserved: one commit.
        Returns False if more is recalled than the last answer had, so that the leases must be renewed."""
        returnable = {each.household: self._count_returnable(each.household, each.points) for each in recalls}
        if any(returnable.values()):
            with self._database.commit("recalled"):
                for household, points in returnable.items():
                    self._return(household, points)
        return all(each.points <= self._get_leased(each.household) for each in recalls)

    def refuse_card(self, card: Digest, reason: str) -> None:
        """The server has refused this card, for this reason: nothing is sold by its lease."""
        with self._database.commit("card refused"):
            self._database.write(
                "update lease set refused = ? where enrolment = ? and card = ?",
                *(reason, self._enrolments.required.id, card),
            )

    def _return(self, household: UUID, points: int) -> None:
        """Inside a commit."""
        if points:
            now = self._database.clock.now()
            self._journal.append_return(ReturnEntry(at=now, household=household, points=points))

    def _count_returnable(self, household: UUID, recalled: int) -> int:
        """The part of the recalled points that can be returned, less returns that the server doesn't know yet."""
        recalled -= self._journal.count_unsettled_returns(household)
        return max(min(recalled, self.get_available(household)), 0)

    def _get_leased(self, household: UUID) -> int:
        """The lease in the server's last answer."""
        enrolment = self._enrolments.required
        points = self._database.fetch_value(
            "select points from lease where enrolment = ? and household = ?", enrolment.id, str(household)
        )
        return points or 0

    def get_available(self, household: UUID, *, less_pending: bool = True) -> int:
        """Points, never negative. `less_pending`: without those reserved for the pending redemption."""
        enrolment = self._enrolments.current
        if enrolment is None:
            return 0
        available = self._database.fetch_value(
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
            *(less_pending, enrolment.id, str(household)),
        )
        return max(available or 0, 0)

    def find_by_card(self, card: Digest) -> Lease | None:
        return self._find_by("card", card)

    def find(self, household: UUID) -> Lease | None:
        return self._find_by("household", str(household))

    @property
    def expires_at(self) -> datetime | None:
        enrolment = self._enrolments.current
        if enrolment is None:
            return None
        until = self._database.fetch_value("select expires_at from leases where enrolment = ?", enrolment.id)
        return None if until is None else datetime.fromisoformat(until)

    @property
    def restored_at(self) -> datetime | None:
        """When the server's books last went back to a backup, by its last answer."""
        enrolment = self._enrolments.current
        if enrolment is None:
            return None
        at = self._database.fetch_value("select restored_at from leases where enrolment = ?", enrolment.id)
        return None if at is None else datetime.fromisoformat(at)

    @property
    def expired(self) -> bool:
        """True also where the server has never answered."""
        until = self.expires_at
        return until is None or self._database.clock.now() >= until

    def _find_by(self, column: str, value: Any) -> Lease | None:
        enrolment = self._enrolments.current
        if enrolment is None:
            return None
        row = self._database.fetch_one(
            "select household, card, name, village, pin_above, refused from lease"
            f" where enrolment = ? and {column} = ?",
            *(enrolment.id, value),
        )
        if row is None:
            return None
        household, card, name, village, pin_above, refused = row
        return Lease(UUID(household), card, name, village, pin_above, refused)
