"""What has been awarded so far, added up the way a book's limits and expressions ask for it."""

from collections.abc import Mapping

from rules.book import Rule, Rulebook
from rules.claim import Claim
from rules.limits import Count, Used

NOTHING = Used()


class Tally:
    """Awards in memory under one book: a `Past`. Looking up what a limit has used takes the same time however many
    awards there are. Memory grows with the awards; keep one tally for a village at a time where that matters.
    """

    __slots__ = ("_counted", "_sums")

    def __init__(self, book: Rulebook) -> None:
        self._counted: Mapping[str, tuple[Count, ...]] = {
            rule.id: tuple(count for count in book.counts if _covers(count, rule)) for rule in book.rules.values()
        }
        self._sums: dict[tuple[str, str, int], list[int]] = {}

    def add(self, claim: Claim, points: int) -> None:
        """Count an award of `points`, negative for a deduction. A rule the book doesn't have counts nowhere."""
        size = abs(points)
        for count in self._counted.get(claim.rule, ()):
            slot = (count.key, _subject(count, claim), count.number(claim.deed_on))
            if count.households:
                mark = (count.key, claim.household, slot[2])
                if mark in self._sums:
                    continue
                self._sums[mark] = [1, 0]
            sums = self._sums.get(slot)
            if sums is None:
                self._sums[slot] = [1, size]
            else:
                sums[0] += 1
                sums[1] += size

    def used(self, count: Count, claim: Claim, back: int = 0) -> Used:
        slot = (count.key, _subject(count, claim), count.number(claim.deed_on) - back)
        sums = self._sums.get(slot)
        return NOTHING if sums is None else Used(sums[0], sums[1])


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


def _plain(text: str) -> str:
    return "".join(text.split()).casefold()


def _covers(count: Count, rule: Rule) -> bool:
    if count.scope == "rule":
        return count.of == rule.id
    if count.scope == "deductions":
        return rule.deduction is not None
    return rule.deduction is None and (count.scope == "total" or count.of == rule.category)
