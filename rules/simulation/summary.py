"""Summarizes the results of the villages for a committee: points before and after, and for which households."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from fractions import Fraction
from math import ceil
from typing import Self

import msgspec

from rules.book import Rulebook
from rules.simulation.village import NO_SUCH_RULE, BackdatedDraft, Cell, RefusalGroup, VillageResult

MAX_LISTED = 20
"""Households that are listed with their codes among those that gain, and among those that lose."""

_BIN_COUNT = 8
_FRACTIONS = {
    "tenth": (1, 10),
    "quarter": (1, 4),
    "middle": (1, 2),
    "three_quarters": (3, 4),
    "nine_tenths": (9, 10),
}


class Totals(msgspec.Struct, kw_only=True):
    """Numbers of claims and their points: `recorded` in fact, `simulated` under the draft. The draft accepts or
    refuses a claim; one that is `cut` is accepted with less than its rule gives."""

    claims: int = 0
    accepted: int = 0
    refused: int = 0
    cut: int = 0
    recorded: int = 0
    simulated: int = 0
    difference: int = 0

    def add_cell(self, cell: Cell) -> None:
        """Add all but the simulated points, which may belong to another group."""
        self.claims += cell.claims
        self.accepted += cell.accepted
        self.cut += cell.cut
        self.recorded += cell.recorded

    def finish(self) -> Self:
        """Compute the derived fields; to be called last."""
        self.refused = self.claims - self.accepted
        self.difference = self.simulated - self.recorded
        return self


class GroupTotals(Totals, kw_only=True):
    """The totals of a village, category, rule or month (`2026-03`). Those of a category have the claims recorded
    in it."""

    id: str
    title: str


class HouseholdChange(msgspec.Struct, kw_only=True):
    """A household whose points change."""

    household: str
    village: str
    recorded: int
    simulated: int
    difference: int


class Percentiles(msgspec.Struct, kw_only=True):
    """The points of the household at a tenth, a quarter, … of all households, in ascending order of points."""

    tenth: int = 0
    quarter: int = 0
    middle: int = 0
    three_quarters: int = 0
    nine_tenths: int = 0
    most: int = 0
    mean: float = 0.0


class HistogramBin(msgspec.Struct, kw_only=True):
    """The number of households that have from `low` to `high` points, both inclusive; None for no bound."""

    low: int | None
    high: int | None
    recorded: int
    simulated: int


class HouseholdStatistics(msgspec.Struct, kw_only=True):
    """Statistics of all households of the villages, those without points included."""

    number: int
    gaining: int
    losing: int
    unchanged: int
    gained: int
    lost: int
    largest_gains: list[HouseholdChange]
    largest_losses: list[HouseholdChange]
    recorded: Percentiles
    simulated: Percentiles
    bins: list[HistogramBin]


class GoodsCost(msgspec.Struct, kw_only=True):
    """The cost of the points in goods, in fen, at the present cost of a point."""

    fen_per_point: float
    recorded: int
    simulated: int
    difference: int


class Simulation(msgspec.Struct, kw_only=True):
    """A draft over the recorded claims of a period, both days inclusive. `caveats` are Chinese sentences on the
    limits and assumptions of the simulation."""

    title: str
    version: str
    first: date
    last: date
    total: Totals
    villages: list[GroupTotals]
    categories: list[GroupTotals]
    rules: list[GroupTotals]
    months: list[GroupTotals]
    refusals: list[RefusalGroup]
    households: HouseholdStatistics
    budget: GoodsCost | None
    caveats: list[str]


def summarize(
    draft: BackdatedDraft,
    first: date,
    last: date,
    results: Iterable[VillageResult],
    rule_titles: Mapping[str, str],
    category_titles: Mapping[str, str],
    fen_per_point: Fraction | None = None,
) -> Simulation:
    """Combine the results of the villages, ordered by their ids. The titles, by id, are those of the records: the
    draft may lack some."""
    villages = sorted(results, key=lambda result: result.village)
    cells = [(result, cell) for result in villages for cell in result.cells]
    book = draft.book
    category_titles = {**category_titles, **{category.id: category.title for category in book.categories}}
    rule_titles = {**rule_titles, **{rule.id: rule.title for rule in book.rules.values()}}
    months = {cell.month for _, cell in cells}
    refusals = _merge_refusals(villages, rule_titles)
    total = _sum_cells(cell for _, cell in cells)
    return Simulation(
        title=book.title,
        version=book.version,
        first=first,
        last=last,
        total=total,
        villages=_group(
            cells, lambda result, _: result.village, {result.village: result.title for result in villages}
        ),
        categories=_group_by_category(book, [cell for _, cell in cells], category_titles),
        rules=_group(cells, lambda _, cell: cell.rule, rule_titles, [*book.rules]),
        months=_group(
            cells, lambda _, cell: _month_id(cell.month), {_month_id(n): _month_title(n) for n in months}
        ),
        refusals=refusals,
        households=_summarize_households(villages),
        budget=_goods_cost(total, fen_per_point),
        caveats=_caveats(draft, refusals, sum(result.outside_period for result in villages)),
    )


def _sum_cells(cells: Iterable[Cell]) -> Totals:
    totals = Totals()
    for cell in cells:
        totals.add_cell(cell)
        totals.simulated += cell.simulated
    return totals.finish()


def _group(
    cells: Iterable[tuple[VillageResult, Cell]],
    group_id: Callable[[VillageResult, Cell], str],
    titles: Mapping[str, str],
    order: Sequence[str] = (),
) -> list[GroupTotals]:
    groups: dict[str, GroupTotals] = {}
    for result, cell in cells:
        id = group_id(result, cell)
        group = groups.setdefault(id, GroupTotals(id=id, title=titles.get(id, id)))
        group.add_cell(cell)
        group.simulated += cell.simulated
    return _finish(groups, order)


def _group_by_category(book: Rulebook, cells: Iterable[Cell], titles: Mapping[str, str]) -> list[GroupTotals]:
    """Recorded points belong to the recorded category, simulated ones to the draft's."""
    groups: dict[str, GroupTotals] = {}

    def group(id: str) -> GroupTotals:
        return groups.setdefault(id, GroupTotals(id=id, title=titles.get(id, id)))

    for cell in cells:
        group(cell.category).add_cell(cell)
        if cell.simulated:
            group(book.rules[cell.rule].category).simulated += cell.simulated
    return _finish(groups, [category.id for category in book.categories])


def _finish(groups: Mapping[str, GroupTotals], order: Sequence[str]) -> list[GroupTotals]:
    """In the order of the book, then the others by their ids."""
    place = {id: n for n, id in enumerate(order)}
    ids = sorted(groups, key=lambda id: (place.get(id, len(place)), id))
    return [groups[id].finish() for id in ids]


def _month_id(number: int) -> str:
    return f"{number // 12:04}-{number % 12 + 1:02}"


def _month_title(number: int) -> str:
    return f"{number // 12}年{number % 12 + 1}月"


def _merge_refusals(results: Iterable[VillageResult], titles: Mapping[str, str]) -> list[RefusalGroup]:
    """One group for each rule and reason, those that cost most points first."""
    merged: dict[tuple[str, str, str], RefusalGroup] = {}
    for result in results:
        for each in result.refusals:
            key = (each.rule, each.code, each.message)
            group = merged.get(key)
            if group is None:
                title = titles.get(each.rule, each.rule)
                group = RefusalGroup(rule=each.rule, title=title, code=each.code, message=each.message)
                merged[key] = group
            group.claims += each.claims
            group.recorded += each.recorded
    return [merged[key] for key in sorted(merged, key=lambda key: (-merged[key].recorded, key))]


def _summarize_households(results: Sequence[VillageResult]) -> HouseholdStatistics:
    changes = [
        HouseholdChange(
            household=household,
            village=result.title,
            recorded=recorded,
            simulated=simulated,
            difference=simulated - recorded,
        )
        for result in results
        for household, (recorded, simulated) in result.points.items()
        if simulated != recorded
    ]
    gains = sorted((c for c in changes if c.difference > 0), key=lambda c: (-c.difference, c.household))
    losses = sorted((c for c in changes if c.difference < 0), key=lambda c: (c.difference, c.household))
    unnamed = {household for result in results for household in result.unnamed}
    # Households with claims may have left the register.
    number = sum(max(result.households, len(result.points)) for result in results)
    before = _pad([recorded for result in results for recorded, _ in result.points.values()], number)
    after = _pad([simulated for result in results for _, simulated in result.points.values()], number)
    return HouseholdStatistics(
        number=number,
        gaining=len(gains),
        losing=len(losses),
        unchanged=number - len(changes),
        gained=sum(c.difference for c in gains),
        lost=-sum(c.difference for c in losses),
        largest_gains=[c for c in gains if c.household not in unnamed][:MAX_LISTED],
        largest_losses=[c for c in losses if c.household not in unnamed][:MAX_LISTED],
        recorded=_percentiles(before),
        simulated=_percentiles(after),
        bins=_histogram(before, after),
    )


def _pad(points: list[int], number: int) -> list[int]:
    """Sorted, with zeros for the households without claims."""
    return sorted(points + [0] * (number - len(points)))


def _percentiles(points: Sequence[int]) -> Percentiles:
    if not points:
        return Percentiles()
    number = len(points)
    values = {name: points[-(-number * part // whole) - 1] for name, (part, whole) in _FRACTIONS.items()}
    return Percentiles(**values, most=points[-1], mean=round(sum(points) / number, 2))


def _histogram(before: Sequence[int], after: Sequence[int]) -> list[HistogramBin]:
    """One bin for nothing or less, bins of a round width for all but the richest few, one for the rest."""
    if not before:
        return []
    high_points = max(points[-(-len(points) * 95 // 100) - 1] for points in (before, after))
    width = next(w * 10**n for n in range(9) for w in (1, 2, 5) if w * 10**n * _BIN_COUNT >= high_points)
    bounds = [
        (None, 0),
        *((n * width + 1, (n + 1) * width) for n in range(_BIN_COUNT)),
        (_BIN_COUNT * width + 1, None),
    ]

    def bin_of(points: int) -> int:
        return 0 if points <= 0 else min(-(-points // width), _BIN_COUNT + 1)

    recorded, simulated = Counter(map(bin_of, before)), Counter(map(bin_of, after))
    # Without the empty bins at the end.
    last = max(*recorded, *simulated)
    return [
        HistogramBin(low=low, high=high, recorded=recorded[n], simulated=simulated[n])
        for n, (low, high) in enumerate(bounds[: last + 1])
    ]


def _goods_cost(total: Totals, fen_per_point: Fraction | None) -> GoodsCost | None:
    if fen_per_point is None:
        return None
    recorded, simulated = (ceil(points * fen_per_point) for points in (total.recorded, total.simulated))
    return GoodsCost(
        fen_per_point=float(fen_per_point),
        recorded=recorded,
        simulated=simulated,
        difference=simulated - recorded,
    )


def _caveats(draft: BackdatedDraft, refusals: Sequence[RefusalGroup], outside_period: int) -> list[str]:
    """What the figures don't show."""
    caveats = [
        "当时就没有通过的申报没有记录。草案也许会给分，这里算不出来。",
        "办法变了，大家做的事也会变。这里只按当时做过的事来算。",
    ]
    missing = {each.rule: each.title for each in refusals if each.code == NO_SUCH_RULE}
    if missing:
        listed = "、".join(f"{title}（{id}）" for id, title in sorted(missing.items()))
        caveats.append(
            f"草案里没有这 {len(missing)} 项，原来的分数算作减少：{listed}。如果只是换了编号，请沿用原编号。"
        )
    unanswered = sum(each.claims for each in refusals if each.code in ("bad_input", "person_required"))
    if unanswered:
        caveats.append(f"有 {unanswered} 件缺少草案要求填报的内容，或填得不合草案，算作不得分：当时没有这样要求。")
    if draft.years:
        caveats.append(f"草案在这段时间以后才生效，活动和各项规则自己的起止日期都提前 {draft.years} 年来算。")
    if outside_period:
        caveats.append(f"另有 {outside_period} 件不在这段时间，只按原来记的分数计入草案的上限。")
    if any(rule.deduction for rule in draft.book.rules.values()):
        caveats.append("扣分没有看当时的余额：余额不够扣时，实际会少扣。")
    return caveats
