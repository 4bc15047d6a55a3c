"""Claims of one household, and pasts that are known without awards."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from rules import Claim, Count, Rule

Claiming: TypeAlias = Callable[..., Claim]


@dataclass(frozen=True)
class Already:
    """A past in which everything counted has come to the same."""

    times: int = 0
    points: int = 0

    def used(self, count: Count, claim: Claim, back: int = 0) -> tuple[int, int]:
        return self.times, self.points

    def spent(self, rule: Rule, claim: Claim) -> list[tuple[int, int]]:
        return [self.used(limit.count, claim) for limit in rule.limits]


NOTHING = Already()
