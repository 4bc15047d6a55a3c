"""Award histories with fixed sums, and the type of the fixture that makes claims."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from rules import Claim, Count, Rule

ClaimFactory: TypeAlias = Callable[..., Claim]


@dataclass(frozen=True)
class FixedHistory:
    """A history in which every sum is the same."""

    times: int = 0
    points: int = 0

    def sum_awards(self, count: Count, claim: Claim, periods_back: int = 0) -> tuple[int, int]:
        return self.times, self.points

    def sum_by_limit(self, rule: Rule, claim: Claim) -> list[tuple[int, int]]:
        return [self.sum_awards(limit.count, claim) for limit in rule.limits]


NO_AWARDS = FixedHistory()
