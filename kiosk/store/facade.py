"""The kiosk's store: its folder, locked while the program runs, and what is in its database."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Self

from api.wire import till_journal
from kiosk.store.clock import KioskClock, TimeSource, system_time
from kiosk.store.database import Database, FaultHook, ignore_fault_point
from kiosk.store.enrolments import Enrolments, KioskEnrolment, PendingEnrolment
from kiosk.store.folder import lock_folder
from kiosk.store.journal import Journal, JournalHead
from kiosk.store.leases import Leases
from kiosk.store.promises import Promises
from kiosk.store.receipts import Receipts
from kiosk.store.redemptions import Redemptions
from kiosk.store.shelf import ShelfSnapshot
from kiosk.store.shifts import Shifts
from kiosk.store.stock_counts import StockCounts


class Store:
    """`time_source` is the machine's clock, which may be wrong. Raises StoreError."""

    def __init__(
        self, folder: Path, time_source: TimeSource = system_time, fault_hook: FaultHook = ignore_fault_point
    ) -> None:
        self.folder = folder
        self._lock = lock_folder(folder)
        try:
            self._database = Database(folder, KioskClock(time_source), fault_hook)
        except BaseException:
            self._lock.close()
            raise
        self.clock = self._database.clock
        self.fault_hook = fault_hook
        self.enrolments = Enrolments(self._database)
        self.journal = Journal(self._database, self.enrolments)
        self.leases = Leases(self._database, self.enrolments, self.journal)
        self.shifts = Shifts(self._database, self.journal)
        self.shelf = ShelfSnapshot(self._database, self.shifts)
        self.receipts = Receipts(self._database)
        self.stock_counts = StockCounts(self._database)
        self.promises = Promises(self._database, self.journal, self.leases)
        self.redemptions = Redemptions(
            self._database, self.enrolments, self.journal, self.leases, self.shelf, self.shifts, self.receipts
        )

    def enrol(self, pending: PendingEnrolment, answer: till_journal.Enrolment) -> None:
        """Complete an enrolment. Under the previous one the shift ends, and a pending redemption is written off in
        its journal."""
        previous = self.enrolments.current
        with self._database.commit("enrolled"):
            if previous is not None:
                self.redemptions.write_off(previous)
                self.shifts.end()
                self._database.write("delete from attendant")
            self.enrolments.complete(pending, answer)
        self.enrolments.reload()

    def settle(self, enrolment: KioskEnrolment, answer: till_journal.UploadResult) -> None:
        """Save the server's answer to an upload."""
        with self._database.commit("settled"):
            self.clock.set_server_time(answer.now)
            self.journal.settle(enrolment, answer.outcomes, JournalHead(answer.head, answer.hash, answer.current))
        self.enrolments.reload()

    def resend_from(self, enrolment: KioskEnrolment, number: int) -> None:
        """The server asks for this entry and those after it once more."""
        with self._database.commit("sending again"):
            self.journal.resend_from(enrolment, number)

    def lock_out(self, reason: str) -> None:
        """No more offline sales: the server no longer knows this kiosk."""
        with self._database.commit("locked out"):
            self.enrolments.set_lockout_reason(self.enrolments.required, reason)
        self.enrolments.reload()

    def save_time(self) -> None:
        """For times when nothing else is committed."""
        with self._database.commit("time"):
            pass

    def close(self) -> None:
        self._database.close()
        self._lock.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
