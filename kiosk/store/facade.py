"""All of one kiosk in one folder: open it, and hold it while the program runs."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Self

from api.wire import till_journal
from kiosk.store.clock import TillClock, Wall, wall_clock
from kiosk.store.database import Database, Faults, no_faults
from kiosk.store.enrolments import Begun, Enrolled, Enrolments
from kiosk.store.folder import hold
from kiosk.store.journal import Journal, Place
from kiosk.store.leases import Leases
from kiosk.store.promises import Promises
from kiosk.store.receipts import Receipts
from kiosk.store.redemptions import Redemptions
from kiosk.store.shelf import Goods
from kiosk.store.shifts import Shifts
from kiosk.store.stock_counts import Tallies


class Store:
    """Raises Unusable when the folder can't be had. `wall` tells the machine's own time, which may be wrong."""

    def __init__(self, folder: Path, wall: Wall = wall_clock, faults: Faults = no_faults) -> None:
        self._lock = hold(folder)
        try:
            self._database = Database(folder, TillClock(wall), faults)
        except BaseException:
            self._lock.close()
            raise
        self.clock = self._database.clock
        self.faults = faults
        self.enrolments = Enrolments(self._database)
        self.journal = Journal(self._database, self.enrolments)
        self.leases = Leases(self._database, self.enrolments, self.journal)
        self.goods = Goods(self._database, self.journal)
        self.shifts = Shifts(self._database, self.journal)
        self.receipts = Receipts(self._database)
        self.tallies = Tallies(self._database)
        self.promises = Promises(self._database, self.journal, self.leases)
        self.redemptions = Redemptions(
            self._database, self.enrolments, self.journal, self.leases, self.goods, self.shifts, self.receipts
        )

    def enrol(self, begun: Begun, answer: till_journal.Enrolment) -> None:
        """This machine is a kiosk now. Whoever served under the enrolment before has signed out, and what was
        pending then is written off in its journal."""
        before = self.enrolments.current
        with self._database.commit("enrolled"):
            if before is not None:
                self.redemptions.write_off(under=before)
                self.shifts.end()
                self._database.write("delete from attendant")
            self.enrolments.complete(begun, answer)
        self.enrolments.reload()

    def settle(self, enrolment: Enrolled, answer: till_journal.UploadResult) -> None:
        """The server's answer to an upload."""
        with self._database.commit("settled"):
            self.clock.heard(answer.now)
            self.journal.settle(enrolment, answer.outcomes, Place(answer.head, answer.hash, answer.current))
        self.enrolments.reload()

    def send_again(self, enrolment: Enrolled, number: int) -> None:
        """The server asks for this entry and those after it."""
        with self._database.commit("sending again"):
            self.journal.send_again(enrolment, number)

    def fence(self, reason: str) -> None:
        """The server doesn't know this kiosk any more."""
        with self._database.commit("fenced"):
            self.enrolments.fence(self.enrolments.required, reason)
        self.enrolments.reload()

    def keep_time(self) -> None:
        """For a kiosk where nothing else happens."""
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
