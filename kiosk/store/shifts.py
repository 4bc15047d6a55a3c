"""The open shift of this kiosk, and the attendants whose PINs are known here."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING
from uuid import UUID

from uuid_utils.compat import uuid7

from api import wire
from api.wire import TillAttendant
from api.wire.lockout import ATTENDANT_PINS
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


@dataclass(frozen=True, slots=True)
class OpenShift:
    """`token` goes into the header `X-Shift`; `attendant` is an id, `name` their name."""

    id: UUID
    token: str
    attendant: UUID
    name: str


@dataclass(frozen=True, slots=True)
class KnownAttendant:
    """An attendant who has signed in here online."""

    id: UUID
    name: str
    pin_hash: str

    def verify_pin(self, pin: str) -> bool:
        """Takes a tenth of a second: not to be called in the event loop."""
        return _get_hasher().verify(pin, self.pin_hash)


@dataclass(frozen=True, slots=True)
class ShiftFacts:
    attendant: str
    opened_at: datetime | None
    closed_at: datetime | None


def to_version(pin_set_at: datetime | None) -> str | None:
    """Of a PIN, as it is kept."""
    return None if pin_set_at is None else pin_set_at.isoformat()


def hash_pin(pin: str) -> str:
    """Takes a tenth of a second, as `verify_pin`."""
    return _get_hasher().hash(pin)


@cache
def _get_hasher() -> PasswordHash:
    # Imported late: argon2 would delay the first screen.
    from pwdlib import PasswordHash
    from pwdlib.hashers.argon2 import Argon2Hasher

    return PasswordHash((Argon2Hasher(time_cost=2, memory_cost=19 * 1024, parallelism=1),))


class Shifts:
    def __init__(self, database: Database, journal: Journal) -> None:
        self._database = database
        self._journal = journal

    @property
    def current(self) -> OpenShift | None:
        row = self._database.fetch_one("select shift, token, attendant, name from on_duty")
        return None if row is None else OpenShift(UUID(row[0]), row[1], UUID(row[2]), row[3])

    @property
    def required(self) -> OpenShift:
        shift = self.current
        assert shift is not None, "nobody serves before signing in"
        return shift

    def open(self, answer: wire.Shift, pin_hash: str) -> None:
        """The server opened it; from now on the PIN works offline too."""
        shift = OpenShift(answer.id, answer.token, answer.attendant_id, answer.attendant)
        with self._database.commit("shift opened"):
            self._database.write(
                "insert into attendant (id, name, pin_hash, pin_set_at) values (?, ?, ?, ?) on conflict do update"
                " set name = excluded.name, pin_hash = excluded.pin_hash, pin_set_at = excluded.pin_set_at",
                *(str(shift.attendant), shift.name, pin_hash, to_version(answer.pin_set_at)),
            )
            self._start(shift)

    def open_offline(self, attendant: KnownAttendant) -> None:
        """Open a shift of which the server learns from the journal."""
        with self._database.commit("shift opened"):
            self._start(OpenShift(uuid7(), secrets.token_urlsafe(32), attendant.id, attendant.name))

    def _start(self, shift: OpenShift) -> None:
        self.end()
        self._database.write(
            "insert into on_duty (one, shift, token, attendant, name) values (1, ?, ?, ?, ?)",
            *(str(shift.id), shift.token, str(shift.attendant), shift.name),
        )
        digest = hashlib.sha256(shift.token.encode()).hexdigest()
        at = self._database.clock.now()
        self._journal.append_opening(
            ShiftOpeningEntry(at=at, shift=shift.id, attendant=shift.attendant, token=digest)
        )

    def close(self) -> None:
        """End the shift, on behalf of the attendant or the server."""
        with self._database.commit("shift closed"):
            self.end()

    def end(self) -> None:
        """Inside a commit."""
        shift = self.current
        if shift is None:
            return
        at = self._database.clock.now()
        self._journal.append_closing(ShiftClosingEntry(at=at, shift=shift.id, report=self.build_report(shift.id)))
        self._database.write("delete from on_duty")

    def describe(self, shift: UUID) -> ShiftFacts:
        """Who served in it, and when, by the journal."""
        facts = ShiftFacts("", None, None)
        for entry in self._journal.list_by_shift(shift):
            if isinstance(entry, ShiftOpeningEntry):
                name = self._database.fetch_value("select name from attendant where id = ?", str(entry.attendant))
                facts = replace(facts, attendant=name or "", opened_at=entry.at)
            elif isinstance(entry, ShiftClosingEntry):
                facts = replace(facts, closed_at=entry.at)
        return facts

    def build_report(self, shift: UUID) -> ShiftReport:
        entries = self._journal.list_by_shift(shift)
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

    # --- PINs offline -----------------------------------------------------------------------------------

    def list_known_attendants(self) -> list[KnownAttendant]:
        rows = self._database.fetch_all("select id, name, pin_hash from attendant order by name")
        return [KnownAttendant(UUID(id), name, hash) for id, name, hash in rows]

    def keep_serving(self, attendants: Iterable[TillAttendant]) -> None:
        """Inside a commit. Whoever serves here no more, or has another PIN, signs in no more without the network
        either."""
        versions = {str(each.id): to_version(each.pin_set_at) for each in attendants}
        for id, version in self._database.fetch_all("select id, pin_set_at from attendant"):
            if id not in versions or versions[id] != version:
                self._database.write("delete from attendant where id = ?", id)

    def forget(self, attendant: KnownAttendant) -> None:
        """The server no longer accepts this PIN."""
        with self._database.commit("attendant forgotten"):
            self._database.write("delete from attendant where id = ?", str(attendant.id))

    def is_pin_locked(self, attendant: UUID | None) -> bool:
        """Whether too many PINs were wrong lately: this attendant's, or those given without a name."""
        return ATTENDANT_PINS.is_locked(self._list_wrong_pins(attendant), self._database.clock.now())

    def count_wrong_pin(self, attendant: UUID | None) -> None:
        """It counts for an hour, whatever comes after it."""
        failed_at = ATTENDANT_PINS.add_failure(self._list_wrong_pins(attendant), self._database.clock.now())
        with self._database.commit("wrong pin"):
            self._database.write("delete from wrong_pin where attendant = ?", _key(attendant))
            for at in failed_at:
                self._database.write(
                    "insert into wrong_pin (attendant, at) values (?, ?)", _key(attendant), at.isoformat()
                )

    def take_back_wrong_pin(self, attendant: UUID | None) -> None:
        """The one that was counted last was right."""
        with self._database.commit("right pin"):
            self._database.write(
                "delete from wrong_pin where id = (select max(id) from wrong_pin where attendant = ?)",
                _key(attendant),
            )

    def _list_wrong_pins(self, attendant: UUID | None) -> list[datetime]:
        rows = self._database.fetch_all(
            "select at from wrong_pin where attendant = ? order by id", _key(attendant)
        )
        return [datetime.fromisoformat(at) for (at,) in rows]


def _key(attendant: UUID | None) -> str:
    return "" if attendant is None else str(attendant)
