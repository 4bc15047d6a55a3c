"""The awards so far, added up by the counts that a book's limits and expressions need."""

from collections.abc import Iterable
from functools import lru_cache
from typing import TypeAlias

from rules.book import Rule, Rulebook
from rules.claim import Claim
from rules.limits import Count, period_numbers

_ONE_TIME = 1 << 48
_POINTS_MASK = _ONE_TIME - 1

_CountPlan: TypeAlias = tuple[tuple[str, int, bool, Count], ...]
"""Counts with the fields that the inner loops need: key, position, plain, the count itself."""


class Tally:
    """An `AwardHistory` in memory under one book. The time of a look-up doesn't depend on the number of awards;
    memory grows with it, so keep a tally for one village at a time where that matters.
    """

    __slots__ = ("_counts", "_limits", "_sums")

    def __init__(self, book: Rulebook) -> None:
        self._counts = {
            rule.id: _plan(count for count in book.counts if _covers(count, rule)) for rule in book.rules.values()
        }
        self._limits = {rule.id: _plan(limit.count for limit in rule.limits) for rule in book.rules.values()}
        # Times and points packed into one int, times in the high bits: a third of a tuple's memory and time.
        self._sums: dict[tuple[str, str, int], int] = {}

    def add(self, claim: Claim, points: int) -> None:
        """Count an award of `points`, negative for a deduction. An award of a rule that the book lacks is
        ignored."""
        packed = _ONE_TIME + abs(points)
        numbers = period_numbers(claim.deed_on)
        sums, household = self._sums, claim.household
        for key, position, plain, count in self._counts.get(claim.rule, ()):
            number = numbers[position]
            if plain:
                slot = (key, household, number)
                sums[slot] = sums.get(slot, 0) + packed
                continue
            slot = (key, _group(count, claim), number)
            if count.households:
                seen = (key, household, number)
                if seen in sums:
                    continue
                sums[seen] = 0
            sums[slot] = sums.get(slot, 0) + packed

    def sum_awards(self, count: Count, claim: Claim, periods_back: int = 0) -> tuple[int, int]:
        number = period_numbers(claim.deed_on)[count.position] - periods_back
        group = claim.household if count.plain else _group(count, claim)
        packed = self._sums.get((count.key, group, number), 0)
        return packed >> 48, packed & _POINTS_MASK

    def sum_by_limit(self, rule: Rule, claim: Claim) -> list[tuple[int, int]]:
        numbers = period_numbers(claim.deed_on)
        get, household = self._sums.get, claim.household
        sums = []
        for key, position, plain, count in self._limits[rule.id]:
            packed = get((key, household if plain else _group(count, claim), numbers[position]))
            sums.append((packed >> 48, packed & _POINTS_MASK) if packed else (0, 0))
        return sums


def _plan(counts: Iterable[Count]) -> _CountPlan:
    return tuple((count.key, count.position, count.plain, count) for count in counts)


def _group(count: Count, claim: Claim) -> str:
    """The group group awards count together with this claim's: a household, a person in it or a village, and the
    answers named in `count.by`, compared without blanks and capitals."""
    if count.per == "household":
        group = claim.household
    elif count.per == "person":
        group = f"{claim.household}\0{_normalize(claim.person or '')}"
    else:
        group = f"\0{claim.village}"
    if not count.by:
        return group
    return "\0".join((group, *(_normalize(str(claim.inputs.get(name, ""))) for name in count.by)))


# The same people and matters recur.
@lru_cache(maxsize=65_536)
def _normalize(text: str) -> str:
    return "".join(text.split()).casefold()


def _covers(count: Count, rule: Rule) -> bool:
    if count.scope == "rule":
        return count.of == rule.id
    if count.scope == "deductions":
        return rule.deduction is not None
    return rule.deduction is None and (count.scope == "total" or count.of == rule.category)
