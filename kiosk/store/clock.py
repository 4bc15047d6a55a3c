"""The kiosk's time. A till's own clock may stop, jump or be set by anybody: time here never runs backwards, unless
the server says so."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from time import monotonic

Wall = Callable[[], datetime]


def wall_clock() -> datetime:
    return datetime.now(UTC)


class TillClock:
    """The latest moment seen, also by an earlier run, and what has passed since then; or the machine's clock, put
    right by what the server last said, where that is later."""

    def __init__(self, wall: Wall) -> None:
        self._wall = wall
        self._ahead = timedelta()
        self._seen = datetime.min.replace(tzinfo=UTC)
        self._seen_at = monotonic()

    def now(self) -> datetime:
        tick = monotonic()
        gone_on = self._seen + timedelta(seconds=tick - self._seen_at)
        self._seen, self._seen_at = max(gone_on, self._wall() - self._ahead), tick
        return self._seen

    def heard(self, now: datetime) -> None:
        """The server's word on what time it is."""
        self._ahead = self._wall() - now
        self._seen, self._seen_at = now, monotonic()

    def load(self, connection: sqlite3.Connection) -> None:
        row = connection.execute("select seen, ahead from clock").fetchone()
        if row is not None:
            self._seen, self._seen_at = datetime.fromisoformat(row[0]), monotonic()
            self._ahead = timedelta(seconds=row[1])

    def keep(self, connection: sqlite3.Connection) -> None:
        connection.execute(
            "insert into clock (one, seen, ahead) values (1, ?, ?)"
            " on conflict do update set seen = excluded.seen, ahead = excluded.ahead",
            (self.now().isoformat(), self._ahead.total_seconds()),
        )
