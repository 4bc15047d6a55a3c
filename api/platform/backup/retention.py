"""Which backups are kept: the newest of each hour, day, week and month, so many of each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TypeAlias

from api.platform.backup.catalogue import Backup
from api.platform.clock import local_time

HOURS, DAYS, WEEKS, MONTHS = 48, 7, 4, 12

_Period: TypeAlias = tuple[int, ...]

# In the township's time, the number of periods that have a backup and keep one.
_RULES: Sequence[tuple[Callable[[datetime], _Period], int]] = (
    (lambda at: (at.year, at.month, at.day, at.hour), HOURS),
    (lambda at: (at.year, at.month, at.day), DAYS),
    (lambda at: at.isocalendar()[:2], WEEKS),
    (lambda at: (at.year, at.month), MONTHS),
)


def choose_superfluous(backups: Sequence[Backup]) -> list[Backup]:
    """What may be removed. The newest of a period stays for it, a proven one before one that isn't; and always the
    newest of all and the newest proven one. Periods without a backup don't count, so that a machine that was off
    for a year loses nothing."""
    newest_first = sorted(backups, key=lambda each: each.made_at, reverse=True)
    best_first = sorted(newest_first, key=lambda each: each.proven_at is None)
    kept = {each.name for each in newest_first[:1] + best_first[:1]}
    for period_of, count in _RULES:
        best: dict[_Period, Backup] = {}
        for each in best_first:
            best.setdefault(period_of(local_time(each.made_at)), each)
        kept.update(best[period].name for period in sorted(best, reverse=True)[:count])
    return [each for each in newest_first if each.name not in kept]
