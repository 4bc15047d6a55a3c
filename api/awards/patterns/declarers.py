"""One declarer for one household: pairs in which much comes from one, or goes to one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from uuid import UUID

from api import wire
from api.awards.patterns.awards import AwardSum, add_up, claims_address, sort_into_tenths
from api.awards.patterns.periods import Period
from api.awards.patterns.thresholds import PAIR_CLAIMS, PAIR_PERCENT, PAIR_TIMES
from api.platform.access import Staff


def find_pairs(
    sums: Sequence[AwardSum], declarers: Mapping[UUID, Staff], period: Period
) -> tuple[list[wire.PatternBin], list[wire.DeclarerPair]]:
    """All pairs with as many awards as a threshold asks for, by the declarer's share in the household's points;
    and of them those that pass another one, by household and name. `declarers`: everybody who declared any."""
    judge = _Judge(sums, declarers)
    pairs = [judge.judge(each, period) for each in sums if each.claims >= PAIR_CLAIMS.number and each.declared_by]
    by_share = sort_into_tenths([pair.of_household for pair in pairs], [bool(pair.signs) for pair in pairs])
    named = sorted((pair for pair in pairs if pair.signs), key=lambda pair: (pair.household, pair.name))
    return by_share, named


class _Judge:
    """Holds each pair against the household, its grid, and whatever else the declarer declared."""

    def __init__(self, sums: Sequence[AwardSum], declarers: Mapping[UUID, Staff]) -> None:
        self._declarers = declarers
        self._living_in: defaultdict[str, list[UUID]] = defaultdict(list)
        for declarer in declarers.values():
            for code in declarer.own:
                self._living_in[code].append(declarer.id)
        self._of_household = add_up((each.household, each.points) for each in sums)
        self._of_grid = add_up((each.grid, each.points) for each in sums)
        self._of_declarer = add_up(((each.village, each.declared_by), each.points) for each in sums)
        self._in_grid = add_up(((each.grid, each.declared_by), each.points) for each in sums)
        self._claims = add_up(((each.household, each.declared_by), each.claims) for each in sums)

    def judge(self, pair: AwardSum, period: Period) -> wire.DeclarerPair:
        assert pair.declared_by is not None
        declarer = self._declarers[pair.declared_by]
        back = self._count_back(pair, declarer)
        of_household = _percent(pair.points, self._of_household[pair.household])
        of_declarer = _percent(pair.points, self._of_declarer[pair.village, pair.declared_by])
        signs: list[wire.PairSign] = []
        if of_household >= PAIR_PERCENT.number and self._stands_out(pair):
            signs.append("household")
        if of_declarer >= PAIR_PERCENT.number:
            signs.append("declarer")
        if back >= PAIR_CLAIMS.number:
            signs.append("both-ways")
        return wire.DeclarerPair(
            village=pair.village,
            household=pair.household,
            head=pair.head,
            declarer=declarer.id,
            name=declarer.name,
            claims=pair.claims,
            points=pair.points,
            of_household=of_household,
            of_declarer=of_declarer,
            back=back,
            relative=pair.household in declarer.own | declarer.relatives,
            signs=signs,
            claims_at=claims_address(
                household=pair.household,
                village=pair.village,
                declared_by=declarer.id,
                status="awarded",
                since=period.first,
                until=period.last,
            ),
        )

    def _stands_out(self, pair: AwardSum) -> bool:
        """Whether the declarer's share in this household is so many times that in the others of its grid."""
        of_household = self._of_household[pair.household]
        others = self._of_grid[pair.grid] - of_household
        of_others = self._in_grid[pair.grid, pair.declared_by] - pair.points
        return pair.points * others >= PAIR_TIMES.number * of_others * of_household

    def _count_back(self, pair: AwardSum, declarer: Staff) -> int:
        """Awards that whoever lives in the pair's household declared for the declarer's own."""
        homes = declarer.own - {pair.household}
        return sum(self._claims[home, person] for home in homes for person in self._living_in[pair.household])


def _percent(part: int, whole: int) -> int:
    """Rounded down."""
    return 100 * part // whole if whole else 0
