"""One SQLite file, and one commit for each event."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from kiosk.errors import DiskError
from kiosk.language import _
from kiosk.store.clock import KioskClock
from kiosk.store.folder import FILE, StoreError
from kiosk.store.schema import migrate

FaultHook = Callable[[str], None]
"""Called with the name of a point where tests cut the power: `before confirm`, `after confirm`. The steps are
those of `Database.commit` and, around requests to the server, `send redemption` and the like."""


def ignore_fault_point(point: str) -> None:
    """Outside tests nothing is to be done there."""


class Database:
    def __init__(self, folder: Path, clock: KioskClock, fault_hook: FaultHook) -> None:
        """Raises StoreError."""
        self.clock = clock
        self.fault_hook = fault_hook
        try:
            self._connection = sqlite3.connect(folder / FILE, isolation_level=None)
            for pragma in (
                "journal_mode = wal",
                # A commit is on the disk when it returns.
                "synchronous = full",
                "foreign_keys = on",
                # A card's token is wiped with its redemption.
                "secure_delete = on",
            ):
                self._connection.execute(f"pragma {pragma}")
            migrate(self._connection)
            clock.load(self._connection)
        except sqlite3.Error as error:
            raise StoreError(
                _("终端的数据文件 {file} 打不开：{error}。").format(file=folder / FILE, error=error)
            ) from None

    def close(self) -> None:
        self._connection.close()

    @contextmanager
    def commit(self, step: str) -> Iterator[None]:
        """Write all that happens inside, or nothing. Raises DiskError."""
        try:
            self._connection.execute("begin immediate")
            try:
                yield
                self.clock.save(self._connection)
                self.fault_hook(f"before {step}")
                self._connection.execute("commit")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("rollback")
                raise
        except sqlite3.OperationalError as error:
            raise DiskError from error
        self.fault_hook(f"after {step}")

    def write(self, statement: str, *values: Any) -> None:
        """Only inside a commit."""
        assert self._connection.in_transaction, "every write is part of a commit"
        self._connection.execute(statement, values)

    def fetch_all(self, query: str, *values: Any) -> list[Sequence[Any]]:
        return self._connection.execute(query, values).fetchall()

    def fetch_one(self, query: str, *values: Any) -> Sequence[Any] | None:
        row: Sequence[Any] | None = self._connection.execute(query, values).fetchone()
        return row

    def fetch_value(self, query: str, *values: Any) -> Any:
        """The first column of the first row, or None."""
        row = self.fetch_one(query, *values)
        return None if row is None else row[0]
