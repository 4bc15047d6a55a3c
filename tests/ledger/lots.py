"""An account as its lots, lot by lot: what must be left of each, first in, first out."""

from __future__ import annotations

from bisect import insort
from dataclasses import dataclass, field
from datetime import datetime

from ledger.transactions import TransactionId


@dataclass
class Lot:
    """Points of one award: `used` were spent or have expired."""

    earned_at: datetime
    award: TransactionId
    size: int
    used: int = 0

    @property
    def left(self) -> int:
        return self.size - self.used


@dataclass
class Lots:
    """The oldest lots are used up before anything of a newer one is touched, at every moment: also when a late
    entry turns out to be older than what was spent in the meantime."""

    lots: list[Lot] = field(default_factory=list)
    held: int = 0

    @property
    def available(self) -> int:
        return sum(lot.left for lot in self.lots) - self.held

    def earn(self, award: TransactionId, earned_at: datetime, points: int) -> None:
        insort(self.lots, Lot(earned_at, award, points), key=lambda lot: (lot.earned_at, lot.award))
        self._level()

    def spend(self, points: int) -> None:
        for lot in self.lots:
            some = min(points, lot.left)
            lot.used += some
            points -= some
        assert points == 0

    def give_back(self, points: int) -> None:
        """What was spent last comes back first, into the lot it came from."""
        for lot in reversed(self.lots):
            some = min(points, lot.used)
            lot.used -= some
            points -= some
        assert points == 0

    def shrink(self, award: TransactionId, points: int) -> None:
        """An award is corrected: what was used of it was in truth used of others."""
        [lot] = [lot for lot in self.lots if lot.award == award]
        lot.size -= points
        over = max(lot.used - lot.size, 0)
        lot.used -= over
        self.spend(over)
        self._level()

    def up(self, cutoff: datetime) -> int:
        return min(sum(lot.left for lot in self.lots if lot.earned_at < cutoff), self.available)

    def _level(self) -> None:
        used = sum(lot.used for lot in self.lots)
        for lot in self.lots:
            lot.used = min(lot.size, used)
            used -= lot.used
