"""The receipts of this kiosk, and the print jobs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from api.wire import Receipt
from api.wire.promises import PromiseSlip
from kiosk.store.database import Database

_SELECT = (
    "select receipt.body, receipt.seal, receipt.offline, exists (select 1 from entry"
    " where entry.redemption = receipt.id and entry.kind = 'voided') from receipt"
)


@dataclass(frozen=True, slots=True)
class StoredReceipt:
    """`offline`: issued without the server; its balance is what the household could still spend here. `seal`: the
    newest head of the books that the kiosk knew then, see `Till`."""

    receipt: Receipt
    offline: bool
    voided: bool = False
    seal: str = ""


@dataclass(frozen=True, slots=True)
class PrintJob:
    """`copy` counts from 0; any after that is a reprint. `maybe_printed`: it was sent to the printer before,
    without a result."""

    id: int
    document: StoredReceipt | PromiseSlip
    copy: int
    maybe_printed: bool = False

    @property
    def is_reprint(self) -> bool:
        """Whether it is marked 补打."""
        return self.copy > 0 or self.maybe_printed

    @property
    def document_id(self) -> UUID:
        return self.document.id if isinstance(self.document, PromiseSlip) else self.document.receipt.id

    @property
    def happened_at(self) -> datetime:
        """When the redemption or promise was made."""
        return (
            self.document.promised_at
            if isinstance(self.document, PromiseSlip)
            else self.document.receipt.recorded_at
        )


class Receipts:
    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, receipt: Receipt, shift: UUID, number: int, *, offline: bool) -> None:
        """Save it with its print job; inside the commit of its redemption."""
        self._database.write(
            "insert into receipt (id, shift, number, offline, body, seal, seen)"
            " values (?, ?, ?, ?, ?, coalesce((select body ->> '$.seal' from till), ''), 0)",
            *(str(receipt.id), str(shift), number, offline, msgspec.json.encode(receipt).decode()),
        )
        self._database.write("insert into print_job (receipt, copy) values (?, 0)", str(receipt.id))

    def list_by_shift(self, shift: UUID) -> list[StoredReceipt]:
        """Newest first."""
        return [
            _from_row(row)
            for row in self._database.fetch_all(
                f"{_SELECT} where shift = ? order by receipt.rowid desc", str(shift)
            )
        ]

    def find_unseen(self) -> StoredReceipt | None:
        """The last redemption, if the program stopped before its receipt was on the screen."""
        row = self._database.fetch_one(
            f"{_SELECT} where receipt.rowid = (select max(rowid) from receipt) and seen = 0"
        )
        return None if row is None else _from_row(row)

    def mark_seen(self, redemption: UUID) -> None:
        with self._database.commit("receipt seen"):
            self._database.write("update receipt set seen = 1 where id = ?", str(redemption))

    # --- the print queue --------------------------------------------------------------------------------

    def get_next_print_job(self, after: int = 0) -> PrintJob | None:
        """The oldest that isn't printed, of those with a number above `after`."""
        job = self._database.fetch_one(
            "select id, receipt, slip, copy, state from print_job"
            " where state in ('waiting', 'sending') and id > ? order by id",
            after,
        )
        if job is None:
            return None
        id, receipt, slip, copy, state = job
        return PrintJob(
            id,
            self._get_slip(slip) if slip else self._get_receipt(receipt),
            copy,
            maybe_printed=state == "sending",
        )

    def _get_receipt(self, id: str) -> StoredReceipt:
        row = self._database.fetch_one(f"{_SELECT} where receipt.id = ?", id)
        assert row is not None
        return _from_row(row)

    def _get_slip(self, id: str) -> PromiseSlip:
        body = self._database.fetch_value("select body from promise_slip where id = ?", id)
        return msgspec.json.decode(body, type=PromiseSlip)

    def mark_sent(self, job: PrintJob) -> None:
        """The printer took it, which doesn't say that paper came out."""
        self._mark(job, "sent")

    def mark_sending(self, job: PrintJob) -> None:
        """It is about to be sent."""
        self._mark(job, "sending")

    def mark_unsent(self, job: PrintJob) -> None:
        """Nothing of it reached the printer."""
        self._mark(job, "waiting")

    def mark_lapsed(self, job: PrintJob) -> None:
        """It is too old to print by itself; it can still be reprinted."""
        self._mark(job, "lapsed")

    def _mark(self, job: PrintJob, state: str) -> None:
        with self._database.commit(f"print {state}"):
            self._database.write("update print_job set state = ? where id = ?", state, job.id)

    def queue_void_slip(self, redemption: UUID) -> None:
        """In place of what isn't printed yet; inside the commit of the void."""
        self._database.write(
            "update print_job set state = 'lapsed' where receipt = ? and state = 'waiting'", str(redemption)
        )
        self._queue_again(redemption)

    def list_waiting(self) -> list[PrintJob]:
        """What was never sent to a printer, oldest first."""
        rows = self._database.fetch_all("select id, receipt, slip, copy from print_job where state = 'waiting'")
        return [
            PrintJob(id, self._get_slip(slip) if slip else self._get_receipt(receipt), copy)
            for id, receipt, slip, copy in rows
        ]

    def reprint(self, document: UUID) -> None:
        """A receipt or a slip, by its id."""
        with self._database.commit("reprint"):
            self._queue_again(document)

    def _queue_again(self, document: UUID) -> None:
        self._database.write(
            "insert into print_job (receipt, slip, copy) select receipt, slip, max(copy) + 1 from print_job"
            " where coalesce(receipt, slip) = ? group by receipt, slip",
            str(document),
        )


def _from_row(row: Sequence[Any]) -> StoredReceipt:
    body, seal, offline, voided = row
    return StoredReceipt(msgspec.json.decode(body, type=Receipt), bool(offline), bool(voided), seal)
