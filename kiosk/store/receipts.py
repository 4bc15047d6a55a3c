"""The receipts of this kiosk, and what of them still has to be printed."""

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

_KEPT = (
    "select receipt.body, receipt.seal, receipt.offline, exists (select 1 from entry"
    " where entry.redemption = receipt.id and entry.kind = 'voided') from receipt"
)


@dataclass(frozen=True, slots=True)
class KeptReceipt:
    """`offline`: made here, without the server; its balance is what the household could still spend here. `seal`:
    the newest head of the books that the kiosk knew then, see `Till`."""

    receipt: Receipt
    offline: bool
    voided: bool = False
    seal: str = ""


@dataclass(frozen=True, slots=True)
class PrintJob:
    """`copy` counts from 0; any after that is a reprint. `begun`: it was on its way to the printer before, and may
    be on paper."""

    id: int
    paper: KeptReceipt | PromiseSlip
    copy: int
    begun: bool = False

    @property
    def again(self) -> bool:
        """It says 补打."""
        return self.copy > 0 or self.begun

    @property
    def at(self) -> datetime:
        """When what it tells happened."""
        return self.paper.promised_at if isinstance(self.paper, PromiseSlip) else self.paper.receipt.recorded_at


class Receipts:
    def __init__(self, database: Database) -> None:
        self._database = database

    def keep(self, receipt: Receipt, shift: UUID, number: int, *, offline: bool) -> None:
        """With its print job; inside the commit of its redemption."""
        self._database.write(
            "insert into receipt (id, shift, number, offline, body, seal)"
            " values (?, ?, ?, ?, ?, coalesce((select body ->> '$.seal' from till), ''))",
            *(str(receipt.id), str(shift), number, offline, msgspec.json.encode(receipt).decode()),
        )
        self._database.write("insert into print_job (receipt, copy) values (?, 0)", str(receipt.id))

    def of_shift(self, shift: UUID) -> list[KeptReceipt]:
        """Newest first."""
        return [
            _kept(row)
            for row in self._database.rows(f"{_KEPT} where shift = ? order by receipt.rowid desc", str(shift))
        ]

    # --- the printer's outbox ---------------------------------------------------------------------------

    def next_print_job(self) -> PrintJob | None:
        """The oldest that waits."""
        job = self._database.row(
            "select id, receipt, slip, copy, state from print_job"
            " where state in ('waiting', 'sending') order by id"
        )
        if job is None:
            return None
        id, receipt, slip, copy, state = job
        return PrintJob(id, self._slip(slip) if slip else self._receipt(receipt), copy, begun=state == "sending")

    def _receipt(self, id: str) -> KeptReceipt:
        row = self._database.row(f"{_KEPT} where receipt.id = ?", id)
        assert row is not None
        return _kept(row)

    def _slip(self, id: str) -> PromiseSlip:
        body = self._database.value("select body from promise_slip where id = ?", id)
        return msgspec.json.decode(body, type=PromiseSlip)

    def mark_sent(self, job: PrintJob) -> None:
        """It went to the printer; whether paper came out nobody knows, so there are reprints."""
        self._mark(job, "sent")

    def mark_sending(self, job: PrintJob) -> None:
        """It is about to go."""
        self._mark(job, "sending")

    def mark_unsent(self, job: PrintJob) -> None:
        """Nothing of it reached the printer."""
        self._mark(job, "waiting")

    def let_lapse(self, job: PrintJob) -> None:
        """Nobody waits for this paper any more; it can still be reprinted."""
        self._mark(job, "lapsed")

    def _mark(self, job: PrintJob, state: str) -> None:
        with self._database.commit(f"print {state}"):
            self._database.write("update print_job set state = ? where id = ?", state, job.id)

    def reprint(self, paper: UUID) -> None:
        """A receipt or a slip, by its id."""
        with self._database.commit("reprint"):
            self._database.write(
                "insert into print_job (receipt, slip, copy) select receipt, slip, max(copy) + 1 from print_job"
                " where coalesce(receipt, slip) = ? group by receipt, slip",
                str(paper),
            )


def _kept(row: Sequence[Any]) -> KeptReceipt:
    body, seal, offline, voided = row
    return KeptReceipt(msgspec.json.decode(body, type=Receipt), bool(offline), bool(voided), seal)
