"""When wrong passwords and PINs lock out further tries."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class WindowPolicy:
    """Failures count in a sliding window. `duration`: of the lockout, from the last failure on; after it each
    further failure within the window locks again. `forgiving`: a success forgets them, where no other secret could
    be guessed meanwhile; elsewhere they count whatever comes between them, so that who knows one PIN gets no more
    guesses at another. Failures are given by their times, oldest first."""

    max_failures: int
    window: timedelta
    duration: timedelta
    forgiving: bool = False

    def locked_until(self, failed_at: Sequence[datetime], now: datetime) -> datetime | None:
        """None: not locked."""
        recent = self._list_recent(failed_at, now)
        if len(recent) < self.max_failures or now >= recent[-1] + self.duration:
            return None
        return recent[-1] + self.duration

    def is_locked(self, failed_at: Sequence[datetime], now: datetime) -> bool:
        return self.locked_until(failed_at, now) is not None

    def count_left(self, failed_at: Sequence[datetime], now: datetime) -> int:
        """Failures left before a lockout."""
        if self.is_locked(failed_at, now):
            return 0
        return max(1, self.max_failures - len(self._list_recent(failed_at, now)))

    def add_failure(self, failed_at: Sequence[datetime], now: datetime) -> list[datetime]:
        """With one more, and without those that no longer matter."""
        return [*self._list_recent(failed_at, now), now][-self.max_failures :]

    def _list_recent(self, failed_at: Sequence[datetime], now: datetime) -> list[datetime]:
        return [at for at in failed_at if at > now - self.window]


ATTENDANT_PINS = WindowPolicy(max_failures=5, window=timedelta(hours=1), duration=timedelta(minutes=5))
"""With the server and at a kiosk offline alike."""
