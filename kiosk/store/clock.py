"""The kiosk's time. The machine's clock may stop, jump or be set by anybody; this one runs backwards only when the
server corrects it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from time import monotonic

TimeSource = Callable[[], datetime]


def system_time() -> datetime:
    return datetime.now(UTC)


class KioskClock:
    """The later of two times: the latest one ever returned plus what has passed since, and the machine's clock
    corrected by the server's last answer."""

    def __init__(self, time_source: TimeSource) -> None:
        self._time_source = time_source
        self._offset = timedelta()
        self._latest = datetime.min.replace(tzinfo=UTC)
        self._latest_at = monotonic()

    def now(self) -> datetime:
        tick = monotonic()
        elapsed = self._latest + timedelta(seconds=tick - self._latest_at)
        self._latest, self._latest_at = max(elapsed, self._time_source() - self._offset), tick
        return self._latest

    def set_server_time(self, now: datetime) -> None:
        """Correct the clock by what the server says."""
        self._offset = self._time_source() - now
        self._latest, self._latest_at = now, monotonic()

    def load(self, connection: sqlite3.Connection) -> None:
        row = connection.execute("select seen, ahead from clock").fetchone()
        if row is not None:
            self._latest, self._latest_at = datetime.fromisoformat(row[0]), monotonic()
            self._offset = timedelta(seconds=row[1])

    def save(self, connection: sqlite3.Connection) -> None:
        connection.execute(
            "insert into clock (one, seen, ahead) values (1, ?, ?)"
            " on conflict do update set seen = excluded.seen, ahead = excluded.ahead",
            (self.now().isoformat(), self._offset.total_seconds()),
        )
