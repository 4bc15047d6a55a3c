"""One SQLite file, and one commit for each thing that happens."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from kiosk.errors import DiskFailed
from kiosk.language import _
from kiosk.store.clock import TillClock
from kiosk.store.folder import Unusable
from kiosk.store.schema import migrate

FILE = "kiosk.sqlite3"

Faults = Callable[[str], None]
"""Called with the name of a point where the power may go: `before confirm`, `after confirm`. The steps are those
of `Database.commit` and, around what leaves the kiosk, `send redemption` and `send entries`."""


def no_faults(point: str) -> None:
    """In the shop the power goes by itself."""


class Database:
    def __init__(self, folder: Path, clock: TillClock, faults: Faults) -> None:
        """Raises Unusable."""
        self.clock = clock
        self.faults = faults
        try:
            self._connection = sqlite3.connect(folder / FILE, isolation_level=None)
            for pragma in (
                "journal_mode = wal",
                # A commit is on the disk when it returns.
                "synchronous = full",
                "foreign_keys = on",
                # A card's token doesn't outlive its redemption.
                "secure_delete = on",
            ):
                self._connection.execute(f"pragma {pragma}")
            migrate(self._connection)
            clock.load(self._connection)
        except sqlite3.Error as error:
            raise Unusable(
                _("终端的数据文件 {file} 打不开：{error}。").format(file=folder / FILE, error=error)
            ) from None

    def close(self) -> None:
        self._connection.close()

    @contextmanager
    def commit(self, step: str) -> Iterator[None]:
        """All that is written inside, or nothing of it. Raises DiskFailed."""
        try:
            self._connection.execute("begin immediate")
            try:
                yield
                self.clock.keep(self._connection)
                self.faults(f"before {step}")
                self._connection.execute("commit")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("rollback")
                raise
        except sqlite3.OperationalError as error:
            raise DiskFailed from error
        self.faults(f"after {step}")

    def write(self, statement: str, *values: Any) -> None:
        """Only inside a commit."""
        assert self._connection.in_transaction, "every write is part of a commit"
        self._connection.execute(statement, values)

    def rows(self, query: str, *values: Any) -> list[Sequence[Any]]:
        return self._connection.execute(query, values).fetchall()

    def row(self, query: str, *values: Any) -> Sequence[Any] | None:
        found: Sequence[Any] | None = self._connection.execute(query, values).fetchone()
        return found

    def value(self, query: str, *values: Any) -> Any:
        """The first column of the only row, or None."""
        found = self.row(query, *values)
        return None if found is None else found[0]
