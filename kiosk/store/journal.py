"""The kiosk's signed journal: what happened here, in order, and what the server made of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import msgspec

from api.wire import till_journal
from api.wire.till_journal import (
    AnyEntry,
    Digest,
    ReturnEntry,
    SaleEntry,
    ShiftClosingEntry,
    ShiftOpeningEntry,
    SignedEntry,
    VoidEntry,
)
from kiosk.language import N_
from kiosk.store.database import Database
from kiosk.store.enrolments import Enrolled, Enrolments

OLD_DISK = N_("这台终端的硬盘是旧的副本，断网时不能兑换；请向乡镇办公室要登记码，重新登记")
NOT_CURRENT = N_("这台终端已停用，或被复制过，断网时不能兑换；请向乡镇办公室要登记码，重新登记")
FORKED = N_("这台终端的记录与服务器的不一致，断网时不能兑换；请向乡镇办公室要登记码，重新登记")


@dataclass(frozen=True, slots=True)
class Place:
    """Where the server says the journal stands: `UploadResult` and `KioskLeases` both tell it."""

    head: int
    hash: Digest
    current: bool


class Journal:
    def __init__(self, database: Database, enrolments: Enrolments) -> None:
        self._database = database
        self._enrolments = enrolments

    # --- writing: inside a commit -----------------------------------------------------------------------

    def opened(self, entry: ShiftOpeningEntry) -> None:
        self._append(entry, shift=entry.shift)

    def sold(self, entry: SaleEntry, *, sure: bool) -> int:
        """`sure`: the server can't have heard of it in another way. Gives the entry's number."""
        return self._append(
            entry,
            redemption=str(entry.id),
            household=str(entry.household),
            shift=entry.shift,
            leased=entry.leased,
            points=0 if entry.answered else entry.points,
            sure=int(sure),
            unshelved=1,
        )

    def voided(self, entry: VoidEntry, *, under: Enrolled | None = None) -> None:
        """`under`: an enrolment before this one."""
        self._append(entry, under=under, redemption=str(entry.id), shift=entry.shift, unshelved=1)

    def returned(self, entry: ReturnEntry) -> None:
        self._append(entry, household=str(entry.household), leased=entry.points)

    def closed(self, entry: ShiftClosingEntry) -> None:
        self._append(entry, shift=entry.shift)

    def _append(
        self, entry: AnyEntry, *, under: Enrolled | None = None, shift: UUID | None = None, **columns: Any
    ) -> int:
        enrolment = under or self._enrolments.required
        number, previous = self._end(enrolment)
        signed = till_journal.sign(entry, enrolment.key, enrolment.kiosk, enrolment.epoch, number + 1, previous)
        row = {
            "enrolment": enrolment.id,
            "number": signed.number,
            "previous": signed.previous,
            "body": signed.body,
            "signature": signed.signature,
            "hash": signed.hash(enrolment.kiosk, enrolment.epoch),
            "kind": type(entry).__struct_config__.tag,
            "shift": None if shift is None else str(shift),
            **columns,
        }
        marks = ", ".join("?" * len(row))
        self._database.write(f"insert into entry ({', '.join(row)}) values ({marks})", *row.values())
        return signed.number

    def _end(self, enrolment: Enrolled) -> tuple[int, Digest]:
        last = self._database.row(
            "select number, hash from entry where enrolment = ? order by number desc limit 1", enrolment.id
        )
        return (last[0], last[1]) if last is not None else (0, till_journal.ZERO_HASH)

    # --- what the server has not told yet ---------------------------------------------------------------

    @property
    def waiting(self) -> int:
        """How many entries wait to be told, those of earlier enrolments too."""
        return int(self._database.value("select count(*) from entry where status = ''"))

    def enrolments_waiting(self) -> list[Enrolled]:
        """Oldest first."""
        ids = {row[0] for row in self._database.rows("select distinct enrolment from entry where status = ''")}
        return [enrolment for enrolment in self._enrolments.all() if enrolment.id in ids]

    def unsettled(self, enrolment: Enrolled) -> list[SignedEntry]:
        """The next batch to send, in order and without gaps: what follows the first one untold goes along."""
        rows = self._database.rows(
            "select number, previous, body, signature from entry where enrolment = ? and number >="
            " (select min(number) from entry where enrolment = ? and status = '') order by number limit ?",
            *(enrolment.id, enrolment.id, till_journal.MAX_UPLOAD_ENTRIES),
        )
        return [SignedEntry(number=n, previous=p, body=b, signature=s) for n, p, b, s in rows]

    def settle(self, enrolment: Enrolled, outcomes: Iterable[till_journal.EntryOutcome], place: Place) -> None:
        """Inside a commit, after which the enrolments `reload`."""
        for outcome in outcomes:
            self._database.write(
                "update entry set status = ?, remark = ? where enrolment = ? and number = ?",
                *(outcome.status, outcome.remark, enrolment.id, outcome.number),
            )
        self.compare(enrolment, place)

    def compare(self, enrolment: Enrolled, place: Place) -> None:
        """What the server has of this journal against what is here: whoever has less of it went back to an old
        copy. Inside a commit, after which the enrolments `reload`."""
        number, _ = self._end(enrolment)
        self._enrolments.fence(enrolment, self._fence(enrolment, place, number))
        if place.head < number:
            self.send_again(enrolment, place.head + 1)

    def send_again(self, enrolment: Enrolled, number: int) -> None:
        """From this entry on the server knows nothing any more. What it kept as a fork it keeps apart from what
        its head counts. Inside a commit."""
        self._database.write(
            "update entry set status = '', remark = '' where enrolment = ? and number >= ? and status <> 'fork'",
            *(enrolment.id, number),
        )

    def _fence(self, enrolment: Enrolled, place: Place, number: int) -> str:
        if not place.current:
            return NOT_CURRENT
        if place.head > number:
            return OLD_DISK
        ours = self._database.value(
            "select hash from entry where enrolment = ? and number = ?", enrolment.id, place.head
        )
        if place.head and ours != place.hash:
            return FORKED
        return ""

    # --- reading ----------------------------------------------------------------------------------------

    def of_shift(self, shift: UUID) -> list[AnyEntry]:
        rows = self._database.rows("select body from entry where shift = ? order by id", str(shift))
        return [_entry(row) for row in rows]

    def sale(self, redemption: UUID) -> SaleEntry | None:
        row = self._database.row("select body from entry where redemption = ? and kind = 'sold'", str(redemption))
        found = None if row is None else _entry(row)
        assert found is None or isinstance(found, SaleEntry)
        return found

    def outcome(self, redemption: UUID, kind: str) -> tuple[str, str]:
        """Status and remark of the last entry of this kind about a redemption; empty until it is told."""
        row = self._database.row(
            "select status, remark from entry where redemption = ? and kind = ? order by id desc",
            *(str(redemption), kind),
        )
        return (row[0], row[1]) if row is not None else ("", "")

    def closing(self, shift: UUID) -> tuple[str, str]:
        """Status and remark of the entry that closed a shift."""
        row = self._database.row(
            "select status, remark from entry where shift = ? and kind = 'closed'", str(shift)
        )
        return (row[0], row[1]) if row is not None else ("", "")

    def owed(self, household: UUID) -> int:
        """Points of a household that were handed out here and that the server hasn't heard of."""
        return int(
            self._database.value(
                "select coalesce(sum(points), 0) from entry as sale where household = ? and status = '' and not"
                " exists (select 1 from entry as void"
                " where void.redemption = sale.redemption and void.kind = 'voided')",
                str(household),
            )
        )


def _entry(row: Sequence[Any]) -> AnyEntry:
    entry: AnyEntry = msgspec.json.decode(row[0], type=AnyEntry)
    return entry
