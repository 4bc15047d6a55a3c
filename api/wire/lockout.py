"""When wrong passwords and PINs lock out further attempts."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Attempts:
    """Failures in a row since the last success or lockout; further attempts are refused until `locked_until`."""

    failures: int = 0
    locked_until: datetime | None = None

    def is_locked(self, now: datetime) -> bool:
        return self.locked_until is not None and self.locked_until > now


@dataclass(frozen=True, slots=True)
class LockoutPolicy:
    max_failures: int
    duration: timedelta

    def count_failure(self, attempts: Attempts, now: datetime) -> Attempts:
        """One more failure; the last one allowed starts a lockout and a new count."""
        failures = attempts.failures + 1
        if failures < self.max_failures:
            return replace(attempts, failures=failures)
        return Attempts(locked_until=now + self.duration)

    def count_left(self, attempts: Attempts, now: datetime) -> int:
        """Attempts left before a lockout."""
        return 0 if attempts.is_locked(now) else self.max_failures - attempts.failures


@dataclass(frozen=True, slots=True)
class WindowPolicy:
    """Failures count in a sliding window, whatever comes between them, also a success: who knows one PIN gets no
    more guesses at another. `duration`: of the lockout, from the last failure on; after it each further failure
    within the window locks again. Failures are given by their times, oldest first."""

    max_failures: int
    window: timedelta
    duration: timedelta

    def is_locked(self, failed_at: Sequence[datetime], now: datetime) -> bool:
        recent = self._list_recent(failed_at, now)
        return len(recent) >= self.max_failures and now < recent[-1] + self.duration

    def add_failure(self, failed_at: Sequence[datetime], now: datetime) -> list[datetime]:
        """With one more, and without those that no longer matter."""
        return [*self._list_recent(failed_at, now), now][-self.max_failures :]

    def _list_recent(self, failed_at: Sequence[datetime], now: datetime) -> list[datetime]:
        return [at for at in failed_at if at > now - self.window]


ATTENDANT_PINS = WindowPolicy(max_failures=5, window=timedelta(hours=1), duration=timedelta(minutes=5))
"""With the server and at a kiosk offline alike."""
