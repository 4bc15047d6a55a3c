"""When wrong passwords and PINs lock out further attempts."""

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
