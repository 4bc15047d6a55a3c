"""When wrong passwords and PINs lock out further attempts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from api.wire.lockout import Attempts, LockoutPolicy, WindowPolicy

NOW = datetime(2026, 6, 15, 2, 0, tzinfo=UTC)
POLICY = LockoutPolicy(max_failures=3, duration=timedelta(minutes=5))


def test_the_last_allowed_failure_locks_and_starts_a_new_count() -> None:
    attempts, left = Attempts(), []
    for _ in range(3):
        assert not attempts.is_locked(NOW)
        attempts = POLICY.count_failure(attempts, NOW)
        left.append(POLICY.count_left(attempts, NOW))
    assert left == [2, 1, 0]
    assert attempts == Attempts(0, NOW + POLICY.duration)


def test_a_lockout_ends_with_its_last_moment() -> None:
    attempts = Attempts(0, NOW)
    assert attempts.is_locked(NOW - timedelta(seconds=1))
    assert not attempts.is_locked(NOW)
    assert POLICY.count_left(attempts, NOW) == 3


def test_a_failure_counted_during_a_lockout_does_not_end_it() -> None:
    locked = Attempts(0, NOW + timedelta(minutes=1))
    assert POLICY.count_failure(locked, NOW) == Attempts(1, locked.locked_until)


WINDOW = WindowPolicy(max_failures=3, window=timedelta(minutes=30), duration=timedelta(minutes=5))


def test_failures_within_a_window_lock_however_far_apart_they_are() -> None:
    failed_at: list[datetime] = []
    for minute in (0, 14, 29):
        now = NOW + timedelta(minutes=minute)
        assert not WINDOW.is_locked(failed_at, now)
        failed_at = WINDOW.add_failure(failed_at, now)
    assert WINDOW.is_locked(failed_at, NOW + timedelta(minutes=29))
    after = NOW + timedelta(minutes=34)
    assert not WINDOW.is_locked(failed_at, after)
    assert WINDOW.is_locked(WINDOW.add_failure(failed_at, after), after)


def test_a_failure_that_left_the_window_no_longer_counts() -> None:
    failed_at = [NOW, NOW + timedelta(minutes=20)]
    later = NOW + timedelta(minutes=30)
    assert WINDOW.add_failure(failed_at, later) == [failed_at[1], later]
    assert not WINDOW.is_locked(WINDOW.add_failure(failed_at, later), later)
