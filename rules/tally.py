"""What has been awarded so far, added up the way a book's limits and expressions ask for it."""

from collections.abc import Iterable
from functools import lru_cache
from typing import TypeAlias

from rules.book import Rule, Rulebook
from rules.claim import Claim
from rules.limits import Count, period_numbers

_ONCE = 1 << 48
_POINTS = _ONCE - 1

_Program: TypeAlias = tuple[tuple[str, int, bool, Count], ...]
"""Counts, laid out for the loops that every claim goes through: key, position, plain, the count itself."""


class Tally:
    """Awards in memory under one book: a `Past`. Looking up what a limit has used takes the same time however many
    awards there are. Memory grows with the awards; keep one tally for a village at a time where that matters.
    """

    __slots__ = ("_counted", "_limits", "_sums")

    def __init__(self, book: Rulebook) -> None:
        self._counted = {
            rule.id: _program(count for count in book.counts if _covers(count, rule))
            for rule in book.rules.values()
        }
        self._limits = {rule.id: _program(limit.count for limit in rule.limits) for rule in book.rules.values()}
        # Times and points in one number, times above: a number is a third of a pair in memory and time.
        self._sums: dict[tuple[str, str, int], int] = {}

    def add(self, claim: Claim, points: int) -> None:
        """Count an award of `points`, negative for a deduction. A rule the book doesn't have counts nowhere."""
        once = _ONCE + abs(points)
        numbers = period_numbers(claim.deed_on)
        sums, household = self._sums, claim.household
        for key, position, plain, count in self._counted.get(claim.rule, ()):
            number = numbers[position]
            if plain:
                slot = (key, household, number)
                sums[slot] = sums.get(slot, 0) + once
                continue
            slot = (key, _subject(count, claim), number)
            if count.households:
                mark = (key, household, number)
                if mark in sums:
                    continue
                sums[mark] = 0
            sums[slot] = sums.get(slot, 0) + once

    def used(self, count: Count, claim: Claim, back: int = 0) -> tuple[int, int]:
        number = period_numbers(claim.deed_on)[count.position] - back
        whose = claim.household if count.plain else _subject(count, claim)
        found = self._sums.get((count.key, whose, number), 0)
        return found >> 48, found & _POINTS

    def spent(self, rule: Rule, claim: Claim) -> list[tuple[int, int]]:
        numbers = period_numbers(claim.deed_on)
        find, household = self._sums.get, claim.household
        spent = []
        for key, position, plain, count in self._limits[rule.id]:
            found = find((key, household if plain else _subject(count, claim), numbers[position]))
            spent.append((found >> 48, found & _POINTS) if found else (0, 0))
        return spent


def _program(counts: Iterable[Count]) -> _Program:
    return tuple((count.key, count.position, count.plain, count) for count in counts)


def _subject(count: Count, claim: Claim) -> str:
    """Whose awards count together with this claim's: a household, a person in it or a village, and what sets
    the answers named in `count.by` apart. Blanks and capitals don't."""
    if count.per == "household":
        whose = claim.household
    elif count.per == "person":
        whose = f"{claim.household}\0{_plain(claim.person or '')}"
    else:
        whose = f"\0{claim.village}"
    if not count.by:
        return whose
    return "\0".join((whose, *(_plain(str(claim.inputs.get(name, ""))) for name in count.by)))


# The same people and matters come again and again.
@lru_cache(maxsize=65_536)
def _plain(text: str) -> str:
    return "".join(text.split()).casefold()


def _covers(count: Count, rule: Rule) -> bool:
    if count.scope == "rule":
        return count.of == rule.id
    if count.scope == "deductions":
        return rule.deduction is not None
    return rule.deduction is None and (count.scope == "total" or count.of == rule.category)
