"""The kiosk's signed journal: what happened here, in order, and how the server settled it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import msgspec

from api.wire import till_journal
from api.wire.shelf import JournalPosition
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
from kiosk.store.enrolments import Enrolments, KioskEnrolment

OLD_DISK = N_("这台终端的硬盘是旧的副本，断网时不能兑换；请向乡镇办公室要登记码，重新登记")
NOT_CURRENT = N_("这台终端已停用，或被复制过，断网时不能兑换；请向乡镇办公室要登记码，重新登记")
FORKED = N_("这台终端的记录与服务器的不一致，断网时不能兑换；请向乡镇办公室要登记码，重新登记")


@dataclass(frozen=True, slots=True)
class JournalHead:
    """The last entry that the server has, as `UploadResult` and `KioskLeases` say. `current`: it still accepts
    this enrolment."""

    head: int
    hash: Digest
    current: bool


class Journal:
    def __init__(self, database: Database, enrolments: Enrolments) -> None:
        self._database = database
        self._enrolments = enrolments

    # --- writing: inside a commit -----------------------------------------------------------------------

    def append_opening(self, entry: ShiftOpeningEntry) -> None:
        self._append(entry, shift=entry.shift)

    def append_sale(self, entry: SaleEntry, *, sure: bool) -> int:
        """`sure`: the redemption never went to the server by itself. Returns the entry's number."""
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

    def append_void(self, entry: VoidEntry, enrolment: KioskEnrolment | None = None) -> None:
        """`enrolment`: an earlier one, or None for the current one."""
        self._append(entry, enrolment, redemption=str(entry.id), shift=entry.shift, unshelved=1)

    def append_return(self, entry: ReturnEntry) -> None:
        self._append(entry, household=str(entry.household), leased=entry.points)

    def append_closing(self, entry: ShiftClosingEntry) -> None:
        self._append(entry, shift=entry.shift)

    def _append(
        self,
        entry: AnyEntry,
        enrolment: KioskEnrolment | None = None,
        shift: UUID | None = None,
        **columns: Any,
    ) -> int:
        enrolment = enrolment or self._enrolments.required
        number, previous = self._get_last(enrolment)
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

    @property
    def position(self) -> JournalPosition:
        """Of the last entry under the current enrolment."""
        enrolment = self._enrolments.required
        number, _ = self._get_last(enrolment)
        return JournalPosition(epoch=enrolment.epoch, number=number)

    def _get_last(self, enrolment: KioskEnrolment) -> tuple[int, Digest]:
        last = self._database.fetch_one(
            "select number, hash from entry where enrolment = ? order by number desc limit 1", enrolment.id
        )
        return (last[0], last[1]) if last is not None else (0, till_journal.ZERO_HASH)

    # --- what the server has not settled ----------------------------------------------------------------

    @property
    def unsettled_count(self) -> int:
        """Entries of all enrolments that the server has not settled."""
        return int(self._database.fetch_value("select count(*) from entry where status = ''"))

    def list_unsettled_enrolments(self) -> list[KioskEnrolment]:
        """Oldest first."""
        ids = {
            row[0] for row in self._database.fetch_all("select distinct enrolment from entry where status = ''")
        }
        return [enrolment for enrolment in self._enrolments.list_all() if enrolment.id in ids]

    def get_next_batch(self, enrolment: KioskEnrolment) -> list[SignedEntry]:
        """The next batch to send: from the first unsettled entry on, in order and without gaps."""
        rows = self._database.fetch_all(
            "select number, previous, body, signature from entry where enrolment = ? and number >="
            " (select min(number) from entry where enrolment = ? and status = '') order by number limit ?",
            *(enrolment.id, enrolment.id, till_journal.MAX_UPLOAD_ENTRIES),
        )
        return [SignedEntry(number=n, previous=p, body=b, signature=s) for n, p, b, s in rows]

    def settle(
        self, enrolment: KioskEnrolment, outcomes: Iterable[till_journal.EntryOutcome], head: JournalHead
    ) -> None:
        """Inside a commit, after which the enrolments `reload`."""
        for outcome in outcomes:
            self._database.write(
                "update entry set status = ?, remark = ? where enrolment = ? and number = ?",
                *(outcome.status, outcome.remark, enrolment.id, outcome.number),
            )
        self.compare_with_server(enrolment, head)

    def compare_with_server(self, enrolment: KioskEnrolment, head: JournalHead) -> None:
        """Whichever side has fewer entries has been restored from an old copy. Inside a commit, after which the
        enrolments `reload`."""
        number, _ = self._get_last(enrolment)
        self._enrolments.set_lockout_reason(enrolment, self._get_lockout_reason(enrolment, head, number))
        if head.head < number:
            self.resend_from(enrolment, head.head + 1)

    def resend_from(self, enrolment: KioskEnrolment, number: int) -> None:
        """The server lost the entries from this one on, except forks, which its head doesn't count. Inside a
        commit."""
        self._database.write(
            "update entry set status = '', remark = '' where enrolment = ? and number >= ? and status <> 'fork'",
            *(enrolment.id, number),
        )

    def _get_lockout_reason(self, enrolment: KioskEnrolment, head: JournalHead, number: int) -> str:
        if not head.current:
            return NOT_CURRENT
        if head.head > number:
            return OLD_DISK
        ours = self._database.fetch_value(
            "select hash from entry where enrolment = ? and number = ?", enrolment.id, head.head
        )
        if head.head and ours != head.hash:
            return FORKED
        return ""

    # --- reading ----------------------------------------------------------------------------------------

    def list_by_shift(self, shift: UUID) -> list[AnyEntry]:
        rows = self._database.fetch_all("select body from entry where shift = ? order by id", str(shift))
        return [_decode_entry(row) for row in rows]

    def get_outcome(self, redemption: UUID, kind: str) -> tuple[str, str]:
        """Status and remark of the last entry of this kind about a redemption; empty until it is settled."""
        row = self._database.fetch_one(
            "select status, remark from entry where redemption = ? and kind = ? order by id desc",
            *(str(redemption), kind),
        )
        return (row[0], row[1]) if row is not None else ("", "")

    def get_closing_outcome(self, shift: UUID) -> tuple[str, str]:
        """Status and remark of the entry that closed a shift."""
        row = self._database.fetch_one(
            "select status, remark from entry where shift = ? and kind = 'closed'", str(shift)
        )
        return (row[0], row[1]) if row is not None else ("", "")

    def count_unsettled_returns(self, household: UUID) -> int:
        """Leased points of a household that this enrolment has returned and the server doesn't know of."""
        return int(
            self._database.fetch_value(
                "select coalesce(sum(leased), 0) from entry"
                " where enrolment = ? and household = ? and kind = 'returned' and status = ''",
                *(self._enrolments.required.id, str(household)),
            )
        )

    def count_unsettled_points(self, household: UUID) -> int:
        """Points that a household redeemed here and that the server doesn't know of."""
        return int(
            self._database.fetch_value(
                "select coalesce(sum(points), 0) from entry as sale where household = ? and status = '' and not"
                " exists (select 1 from entry as void"
                " where void.redemption = sale.redemption and void.kind = 'voided')",
                str(household),
            )
        )


def _decode_entry(row: Sequence[Any]) -> AnyEntry:
    entry: AnyEntry = msgspec.json.decode(row[0], type=AnyEntry)
    return entry
