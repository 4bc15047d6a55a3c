"""Puts simulated villages together into what a committee looks at: points before and after, and for whom."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from fractions import Fraction
from math import ceil
from typing import Self

import msgspec

from rules.book import Rulebook
from rules.simulation.village import NO_SUCH_RULE, AsIf, Cell, Refusals, VillagePart

LARGEST = 20
"""Households named by their codes among those that gain, and among those that lose."""

_BINS = 8
_PARTS = {"tenth": (1, 10), "quarter": (1, 4), "middle": (1, 2), "three_quarters": (3, 4), "nine_tenths": (9, 10)}


class Sums(msgspec.Struct, kw_only=True):
    """Claims and their points: `recorded` as it happened, `simulated` as the draft would have had it. A claim is
    accepted or refused by the draft; one that is `cut` is accepted with less than its rule offers."""

    claims: int = 0
    accepted: int = 0
    refused: int = 0
    cut: int = 0
    recorded: int = 0
    simulated: int = 0
    difference: int = 0

    def count(self, cell: Cell) -> None:
        """Add all but the simulated points, which may belong elsewhere."""
        self.claims += cell.claims
        self.accepted += cell.accepted
        self.cut += cell.cut
        self.recorded += cell.recorded

    def close(self) -> Self:
        """What follows from the rest; to be called last."""
        self.refused = self.claims - self.accepted
        self.difference = self.simulated - self.recorded
        return self


class Line(Sums, kw_only=True):
    """A village, category, rule or month (`2026-03`). Under a category `claims` are those recorded in it."""

    id: str
    title: str


class Change(msgspec.Struct, kw_only=True):
    """A household whose points change."""

    household: str
    village: str
    recorded: int
    simulated: int
    difference: int


class Spread(msgspec.Struct, kw_only=True):
    """Points of the household that stands at a tenth, a quarter, … of all households, the poorest first."""

    tenth: int = 0
    quarter: int = 0
    middle: int = 0
    three_quarters: int = 0
    nine_tenths: int = 0
    most: int = 0
    mean: float = 0.0


class Bin(msgspec.Struct, kw_only=True):
    """How many households have from `low` to `high` points, both inclusive; None for no bound."""

    low: int | None
    high: int | None
    recorded: int
    simulated: int


class Households(msgspec.Struct, kw_only=True):
    """All households of the villages, those without any points included."""

    number: int
    gaining: int
    losing: int
    unchanged: int
    gained: int
    lost: int
    largest_gains: list[Change]
    largest_losses: list[Change]
    recorded: Spread
    simulated: Spread
    bins: list[Bin]


class Budget(msgspec.Struct, kw_only=True):
    """What the points would cost in goods, in fen, at what a point costs on the shelves now."""

    fen_per_point: float
    recorded: int
    simulated: int
    difference: int


class Simulation(msgspec.Struct, kw_only=True):
    """A draft over the recorded claims of a period, both days inclusive. `caveats` are Chinese sentences: what
    a simulation can't know, and what it took for granted."""

    title: str
    version: str
    first: date
    last: date
    total: Sums
    villages: list[Line]
    categories: list[Line]
    rules: list[Line]
    months: list[Line]
    refusals: list[Refusals]
    households: Households
    budget: Budget | None
    caveats: list[str]


def compare(
    draft: AsIf,
    first: date,
    last: date,
    parts: Iterable[VillagePart],
    rule_titles: Mapping[str, str],
    category_titles: Mapping[str, str],
    fen_per_point: Fraction | None = None,
) -> Simulation:
    """The villages together, ordered by their ids. The titles, by id, are those of the records: the draft may not
    have them any more."""
    villages = sorted(parts, key=lambda part: part.village)
    cells = [(part, cell) for part in villages for cell in part.cells]
    book = draft.book
    category_titles = {**category_titles, **{category.id: category.title for category in book.categories}}
    rule_titles = {**rule_titles, **{rule.id: rule.title for rule in book.rules.values()}}
    numbers = {cell.month for _, cell in cells}
    refusals = _refusals(villages, rule_titles)
    total = _total(cell for _, cell in cells)
    return Simulation(
        title=book.title,
        version=book.version,
        first=first,
        last=last,
        total=total,
        villages=_lines(cells, lambda part, _: part.village, {part.village: part.title for part in villages}),
        categories=_categories(book, [cell for _, cell in cells], category_titles),
        rules=_lines(cells, lambda _, cell: cell.rule, rule_titles, [*book.rules]),
        months=_lines(cells, lambda _, cell: _month(cell.month), {_month(n): _called(n) for n in numbers}),
        refusals=refusals,
        households=_households(villages),
        budget=_budget(total, fen_per_point),
        caveats=_caveats(draft, refusals, sum(part.around for part in villages)),
    )


def _total(cells: Iterable[Cell]) -> Sums:
    sums = Sums()
    for cell in cells:
        sums.count(cell)
        sums.simulated += cell.simulated
    return sums.close()


def _lines(
    cells: Iterable[tuple[VillagePart, Cell]],
    id: Callable[[VillagePart, Cell], str],
    titles: Mapping[str, str],
    order: Sequence[str] = (),
) -> list[Line]:
    lines: dict[str, Line] = {}
    for part, cell in cells:
        name = id(part, cell)
        line = lines.setdefault(name, Line(id=name, title=titles.get(name, name)))
        line.count(cell)
        line.simulated += cell.simulated
    return _ordered(lines, order)


def _categories(book: Rulebook, cells: Iterable[Cell], titles: Mapping[str, str]) -> list[Line]:
    """Recorded points stand under the category of then, simulated ones under the draft's."""
    lines: dict[str, Line] = {}

    def line(id: str) -> Line:
        return lines.setdefault(id, Line(id=id, title=titles.get(id, id)))

    for cell in cells:
        line(cell.category).count(cell)
        if cell.simulated:
            line(book.rules[cell.rule].category).simulated += cell.simulated
    return _ordered(lines, [category.id for category in book.categories])


def _ordered(lines: Mapping[str, Line], order: Sequence[str]) -> list[Line]:
    """As the book has them, then the others by their ids."""
    place = {id: n for n, id in enumerate(order)}
    ids = sorted(lines, key=lambda id: (place.get(id, len(place)), id))
    return [lines[id].close() for id in ids]


def _month(number: int) -> str:
    return f"{number // 12:04}-{number % 12 + 1:02}"


def _called(number: int) -> str:
    return f"{number // 12}年{number % 12 + 1}月"


def _refusals(parts: Iterable[VillagePart], titles: Mapping[str, str]) -> list[Refusals]:
    """The same reason under the same rule once, those that cost most first."""
    together: dict[tuple[str, str, str], Refusals] = {}
    for part in parts:
        for each in part.refusals:
            key = (each.rule, each.code, each.message)
            sums = together.get(key)
            if sums is None:
                title = titles.get(each.rule, each.rule)
                sums = Refusals(rule=each.rule, title=title, code=each.code, message=each.message)
                together[key] = sums
            sums.claims += each.claims
            sums.recorded += each.recorded
    return [together[key] for key in sorted(together, key=lambda key: (-together[key].recorded, key))]


def _households(parts: Sequence[VillagePart]) -> Households:
    changes = [
        Change(
            household=household,
            village=part.title,
            recorded=recorded,
            simulated=simulated,
            difference=simulated - recorded,
        )
        for part in parts
        for household, (recorded, simulated) in part.points.items()
        if simulated != recorded
    ]
    gains = sorted((c for c in changes if c.difference > 0), key=lambda c: (-c.difference, c.household))
    losses = sorted((c for c in changes if c.difference < 0), key=lambda c: (c.difference, c.household))
    # Households may have left the register since.
    number = sum(max(part.households, len(part.points)) for part in parts)
    before = _all([recorded for part in parts for recorded, _ in part.points.values()], number)
    after = _all([simulated for part in parts for _, simulated in part.points.values()], number)
    return Households(
        number=number,
        gaining=len(gains),
        losing=len(losses),
        unchanged=number - len(changes),
        gained=sum(c.difference for c in gains),
        lost=-sum(c.difference for c in losses),
        largest_gains=gains[:LARGEST],
        largest_losses=losses[:LARGEST],
        recorded=_spread(before),
        simulated=_spread(after),
        bins=_bins(before, after),
    )


def _all(points: list[int], number: int) -> list[int]:
    return sorted(points + [0] * (number - len(points)))


def _spread(points: Sequence[int]) -> Spread:
    if not points:
        return Spread()
    number = len(points)
    at = {name: points[-(-number * part // whole) - 1] for name, (part, whole) in _PARTS.items()}
    return Spread(**at, most=points[-1], mean=round(sum(points) / number, 2))


def _bins(before: Sequence[int], after: Sequence[int]) -> list[Bin]:
    """Nothing or less, then steps of a round width that hold all but the richest few, then those."""
    if not before:
        return []
    rich = max(points[-(-len(points) * 95 // 100) - 1] for points in (before, after))
    width = next(w * 10**n for n in range(9) for w in (1, 2, 5) if w * 10**n * _BINS >= rich)
    bounds = [(None, 0), *((n * width + 1, (n + 1) * width) for n in range(_BINS)), (_BINS * width + 1, None)]

    def place(points: int) -> int:
        return 0 if points <= 0 else min(-(-points // width), _BINS + 1)

    recorded, simulated = Counter(map(place, before)), Counter(map(place, after))
    # What is richer than anybody is left out.
    fullest = max(*recorded, *simulated)
    return [
        Bin(low=low, high=high, recorded=recorded[n], simulated=simulated[n])
        for n, (low, high) in enumerate(bounds[: fullest + 1])
    ]


def _budget(total: Sums, fen_per_point: Fraction | None) -> Budget | None:
    if fen_per_point is None:
        return None
    recorded, simulated = (ceil(points * fen_per_point) for points in (total.recorded, total.simulated))
    return Budget(
        fen_per_point=float(fen_per_point),
        recorded=recorded,
        simulated=simulated,
        difference=simulated - recorded,
    )


def _caveats(draft: AsIf, refusals: Sequence[Refusals], around: int) -> list[str]:
    """What the figures don't say by themselves."""
    said = [
        "当时就没有通过的申报没有记录。草案也许会给分，这里算不出来。",
        "办法变了，大家做的事也会变。这里只按当时做过的事来算。",
    ]
    missing = {each.rule: each.title for each in refusals if each.code == NO_SUCH_RULE}
    if missing:
        listed = "、".join(f"{title}（{id}）" for id, title in sorted(missing.items()))
        said.append(
            f"草案里没有这 {len(missing)} 项，原来的分数算作减少：{listed}。如果只是换了编号，请沿用原编号。"
        )
    unasked = sum(each.claims for each in refusals if each.code in ("bad_input", "person_required"))
    if unasked:
        said.append(f"有 {unasked} 件缺少草案要求填报的内容，或填得不合草案，算作不得分：当时没有这样要求。")
    if draft.years:
        said.append(f"草案在这段时间以后才生效，活动和各项规则自己的起止日期都提前 {draft.years} 年来算。")
    if around:
        said.append(f"另有 {around} 件不在这段时间，只按原来记的分数计入草案的上限。")
    if any(rule.deduction for rule in draft.book.rules.values()):
        said.append("扣分没有看当时的余额：余额不够扣时，实际会少扣。")
    return said
