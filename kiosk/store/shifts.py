"""Who serves at this kiosk: the shift that is open, and the attendants whose PINs are known here."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING
from uuid import UUID

from uuid_utils.compat import uuid7

from api import wire
from api.wire.till_journal import (
    SaleEntry,
    ShiftClosingEntry,
    ShiftOpeningEntry,
    ShiftReport,
    VoidEntry,
    count_handed_out,
)
from kiosk.store.database import Database
from kiosk.store.journal import Journal

if TYPE_CHECKING:
    from pwdlib import PasswordHash

TRIES = 5
LOCK = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Duty:
    """The open shift; `token` is what `X-Shift` carries."""

    shift: UUID
    token: str
    attendant: UUID
    name: str


@dataclass(frozen=True, slots=True)
class KnownAttendant:
    """Somebody who signed in here with the network."""

    id: UUID
    name: str
    pin_hash: str

    def has(self, pin: str) -> bool:
        """Takes a tenth of a second: not on the thread that draws."""
        return _hashing().verify(pin, self.pin_hash)


def pin_hash(pin: str) -> str:
    """Takes a tenth of a second too."""
    return _hashing().hash(pin)


@cache
def _hashing() -> PasswordHash:
    # Not at the start: argon2 would keep the first screen waiting.
    from pwdlib import PasswordHash
    from pwdlib.hashers.argon2 import Argon2Hasher

    return PasswordHash((Argon2Hasher(time_cost=2, memory_cost=19 * 1024, parallelism=1),))


class Shifts:
    def __init__(self, database: Database, journal: Journal) -> None:
        self._database = database
        self._journal = journal

    @property
    def duty(self) -> Duty | None:
        row = self._database.row("select shift, token, attendant, name from on_duty")
        return None if row is None else Duty(UUID(row[0]), row[1], UUID(row[2]), row[3])

    @property
    def on_duty(self) -> Duty:
        duty = self.duty
        assert duty is not None, "nobody serves before signing in"
        return duty

    def open(self, shift: wire.Shift, pin_hash: str) -> None:
        """The server opened it; the PIN will do without the network from now on."""
        duty = Duty(shift.id, shift.token, shift.attendant_id, shift.attendant)
        with self._database.commit("shift opened"):
            self._database.write(
                "insert into attendant (id, name, pin_hash) values (?, ?, ?) on conflict do update"
                " set name = excluded.name, pin_hash = excluded.pin_hash",
                *(str(duty.attendant), duty.name, pin_hash),
            )
            self._database.write("delete from wrong_pins")
            self._begin(duty)

    def open_offline(self, attendant: KnownAttendant) -> None:
        """The server reads of it in the journal."""
        with self._database.commit("shift opened"):
            self._database.write("delete from wrong_pins")
            self._begin(Duty(uuid7(), secrets.token_urlsafe(32), attendant.id, attendant.name))

    def _begin(self, duty: Duty) -> None:
        self.end()
        self._database.write(
            "insert into on_duty (one, shift, token, attendant, name) values (1, ?, ?, ?, ?)",
            *(str(duty.shift), duty.token, str(duty.attendant), duty.name),
        )
        digest = hashlib.sha256(duty.token.encode()).hexdigest()
        at = self._database.clock.now()
        self._journal.opened(ShiftOpeningEntry(at=at, shift=duty.shift, attendant=duty.attendant, token=digest))

    def close(self) -> None:
        """The shift is over, by the attendant's wish or the server's."""
        with self._database.commit("shift closed"):
            self.end()

    def end(self) -> None:
        """Inside a commit."""
        duty = self.duty
        if duty is None:
            return
        at = self._database.clock.now()
        self._journal.closed(ShiftClosingEntry(at=at, shift=duty.shift, report=self.report(duty.shift)))
        self._database.write("delete from on_duty")

    def report(self, shift: UUID) -> ShiftReport:
        entries = self._journal.of_shift(shift)
        void_ids = {entry.id for entry in entries if isinstance(entry, VoidEntry)}
        sales = [entry for entry in entries if isinstance(entry, SaleEntry)]
        counted = [sale for sale in sales if sale.id not in void_ids]
        voided = [sale for sale in sales if sale.id in void_ids]
        return ShiftReport(
            redemptions=len(counted),
            points=sum(sale.points for sale in counted),
            voids=len(voided),
            voided_points=sum(sale.points for sale in voided),
            offline=sum(not sale.answered for sale in counted),
            goods=count_handed_out(line for sale in counted for line in sale.lines),
        )

    # --- PINs without the network -----------------------------------------------------------------------

    def attendants(self) -> list[KnownAttendant]:
        rows = self._database.rows("select id, name, pin_hash from attendant order by name")
        return [KnownAttendant(UUID(id), name, hash) for id, name, hash in rows]

    def forget(self, attendant: KnownAttendant) -> None:
        """The server doesn't take this PIN any more."""
        with self._database.commit("attendant forgotten"):
            self._database.write("delete from attendant where id = ?", str(attendant.id))

    @property
    def locked_until(self) -> datetime | None:
        until = self._database.value("select locked_until from wrong_pins")
        moment = None if until is None else datetime.fromisoformat(until)
        return moment if moment is not None and moment > self._database.clock.now() else None

    def count_wrong_pin(self) -> None:
        """The fifth in a row locks; after that the count begins anew."""
        failures = 1 + (self._database.value("select failures from wrong_pins") or 0)
        until = (self._database.clock.now() + LOCK).isoformat() if failures >= TRIES else None
        with self._database.commit("wrong pin"):
            self._database.write(
                "insert into wrong_pins (one, failures, locked_until) values (1, ?, ?) on conflict do update"
                " set failures = excluded.failures, locked_until = excluded.locked_until",
                *(failures % TRIES, until),
            )
