"""The awards so far, added up by the counts that a book's limits and expressions need."""

from collections.abc import Hashable, Iterable
from typing import TypeAlias

from rules.book import DEDUCTIONS_IN_YEAR, Input, Rule, Rulebook
from rules.claim import Claim
from rules.inputs import check_answers
from rules.limits import Count, period_numbers
from rules.spelling import comparable

_ONE_TIME = 1 << 48
_POINTS_MASK = _ONE_TIME - 1

_CountPlan: TypeAlias = tuple[tuple[str, int, bool, Count], ...]
"""Counts with the fields that the inner loops need: key, position, plain, the count itself."""


class Tally:
    """An `AwardHistory` in memory under one book. The time of a look-up doesn't depend on the number of awards;
    memory grows with it, so keep a tally for one village at a time where that matters.
    """

    __slots__ = ("_counts", "_inputs", "_limits", "_sums")

    def __init__(self, book: Rulebook) -> None:
        self._counts = {
            rule.id: _plan(count for count in book.counts if _covers(count, rule)) for rule in book.rules.values()
        }
        self._limits = {rule.id: _plan(limit.count for limit in rule.limits) for rule in book.rules.values()}
        # What a count by answers compares, by rule.
        self._inputs = {rule.id: {input.id: input for input in rule.inputs} for rule in book.rules.values()}
        # Times and points packed into one int, times in the high bits: a third of a tuple's memory and time.
        self._sums: dict[tuple[str, Hashable, int], int] = {}

    def add(self, claim: Claim, points: int) -> None:
        """Count an award of `points`, negative for a deduction. An award of a rule that the book lacks is
        ignored; a deduction counts towards what a year allows under whichever book it was made."""
        packed = _ONE_TIME + abs(points)
        numbers = period_numbers(claim.deed_on)
        sums, household = self._sums, claim.household
        unknown = _OF_ANY_DEDUCTION if points < 0 else ()
        for key, position, plain, count in self._counts.get(claim.rule, unknown):
            number = numbers[position]
            if plain:
                slot = (key, household, number)
                sums[slot] = sums.get(slot, 0) + packed
                continue
            grouped = (key, self._group(count, claim), number)
            if count.households:
                seen = (key, household, number)
                if seen in sums:
                    continue
                sums[seen] = 0
            sums[grouped] = sums.get(grouped, 0) + packed

    def sum_awards(self, count: Count, claim: Claim, periods_back: int = 0) -> tuple[int, int]:
        number = period_numbers(claim.deed_on)[count.position] - periods_back
        group = claim.household if count.plain else self._group(count, claim)
        packed = self._sums.get((count.key, group, number), 0)
        return packed >> 48, packed & _POINTS_MASK

    def sum_by_limit(self, rule: Rule, claim: Claim) -> list[tuple[int, int]]:
        numbers = period_numbers(claim.deed_on)
        get, household = self._sums.get, claim.household
        sums = []
        for key, position, plain, count in self._limits[rule.id]:
            packed = get((key, household if plain else self._group(count, claim), numbers[position]))
            sums.append((packed >> 48, packed & _POINTS_MASK) if packed else (0, 0))
        return sums

    def _group(self, count: Count, claim: Claim) -> Hashable:
        """The group whose awards count together with this claim's: a household, a person in it or a village, and
        the answers named in `count.by`."""
        group: tuple[Hashable, ...]
        if count.per == "household":
            group = (claim.household,)
        elif count.per == "person":
            group = claim.household, comparable(claim.person or "")
        else:
            group = "", claim.village
        inputs = self._inputs.get(count.of, {}) if count.by else {}
        return *group, *(_comparable_answer(inputs.get(name), claim.inputs.get(name, "")) for name in count.by)


def _comparable_answer(input: Input | None, given: object) -> Hashable:
    """An answer by its type: one day is one day however it was written, and texts compare without look-alikes.
    What an earlier book took and this one doesn't compares as text."""
    if input is None or input.type in ("text", "photo"):
        return comparable(str(given))
    answers, errors = check_answers((input,), {input.id: given})
    return comparable(str(given)) if errors else answers.get(input.id, "")


def _plan(counts: Iterable[Count]) -> _CountPlan:
    return tuple((count.key, count.position, count.plain, count) for count in counts)


def _covers(count: Count, rule: Rule) -> bool:
    if count.scope == "rule":
        return count.of == rule.id
    if count.scope == "deductions":
        return rule.deduction is not None
    return rule.deduction is None and (count.scope == "total" or count.of == rule.category)


_OF_ANY_DEDUCTION = _plan([DEDUCTIONS_IN_YEAR])
