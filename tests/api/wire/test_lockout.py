"""When wrong passwords and PINs lock out further tries."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from api.wire.lockout import WindowPolicy

NOW = datetime(2026, 6, 15, 2, 0, tzinfo=UTC)
WINDOW = WindowPolicy(max_failures=3, window=timedelta(minutes=30), duration=timedelta(minutes=5))


def test_failures_within_a_window_lock_however_far_apart_they_are() -> None:
    failed_at: list[datetime] = []
    left = []
    for minute in (0, 14, 29):
        now = NOW + timedelta(minutes=minute)
        assert not WINDOW.is_locked(failed_at, now)
        failed_at = WINDOW.add_failure(failed_at, now)
        left.append(WINDOW.count_left(failed_at, now))
    assert left == [2, 1, 0]
    assert WINDOW.locked_until(failed_at, now) == NOW + timedelta(minutes=34)
    after = NOW + timedelta(minutes=34)
    assert not WINDOW.is_locked(failed_at, after)
    assert WINDOW.count_left(failed_at, after) == 1
    assert WINDOW.is_locked(WINDOW.add_failure(failed_at, after), after)


def test_a_failure_that_left_the_window_no_longer_counts() -> None:
    failed_at = [NOW, NOW + timedelta(minutes=20)]
    later = NOW + timedelta(minutes=30)
    assert WINDOW.add_failure(failed_at, later) == [failed_at[1], later]
    assert not WINDOW.is_locked(WINDOW.add_failure(failed_at, later), later)


@given(st.lists(st.integers(0, 600), max_size=60))
def test_however_they_come_no_window_has_more_than_it_allows_and_one_for_each_lockout(pauses: list[int]) -> None:
    """Failures `pauses` seconds apart; those that meet a lockout aren't judged."""
    failed_at: list[datetime] = []
    judged: list[datetime] = []
    now = NOW
    for pause in pauses:
        now += timedelta(seconds=pause)
        if not WINDOW.is_locked(failed_at, now):
            failed_at = WINDOW.add_failure(failed_at, now)
            judged.append(now)
        assert len(failed_at) <= WINDOW.max_failures
    most = WINDOW.max_failures + WINDOW.window // WINDOW.duration
    for first in judged:
        assert sum(first <= at < first + WINDOW.window for at in judged) <= most
