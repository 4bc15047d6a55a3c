"""The points per household of a village's grids, and those far from the others."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from statistics import median

from api import wire
from api.awards.patterns.awards import AwardSum, add_up, claims_address
from api.awards.patterns.periods import Period
from api.awards.patterns.thresholds import GRID_DISTANCE, GRID_LEAST_PERCENT, GRID_LEAST_POINTS, GRID_NUMBER
from api.registry.register.queries import GridFacts

_OF_A_NORMAL_DISTRIBUTION = 1.4826
"""Times the median absolute deviation: the standard deviation, if all is as usual (Iglewicz and Hoaglin, 1993)."""


def find_grids(
    sums: Sequence[AwardSum], grids: Sequence[GridFacts], households: Mapping[str, int], period: Period
) -> tuple[list[wire.GridSpread], list[wire.GridPoints]]:
    """`households`: the number of living ones by grid; grids without any are left out."""
    points = add_up((each.grid, each.points) for each in sums if each.living)
    by_village: defaultdict[str, list[GridFacts]] = defaultdict(list)
    for grid in grids:
        if households.get(grid.code):
            by_village[grid.village].append(grid)
    spreads, far = [], []
    for village, own in sorted(by_village.items()):
        values = {grid.code: points[grid.code] / households[grid.code] for grid in own}
        middle = median(values.values())
        deviation = measure_deviation(list(values.values()))
        spreads.append(
            wire.GridSpread(
                village=village,
                per_household=sorted(round(value, 2) for value in values.values()),
                median=round(middle, 2),
                deviation=round(deviation, 2),
            )
        )
        for grid in own:
            distance = abs(values[grid.code] - middle) / deviation
            if len(own) >= GRID_NUMBER.number and distance > GRID_DISTANCE.number:
                far.append(
                    wire.GridPoints(
                        village=village,
                        grid=grid.code,
                        name=grid.name,
                        households=households[grid.code],
                        points=points[grid.code],
                        per_household=round(values[grid.code], 2),
                        median=round(middle, 2),
                        distance=round(distance, 1),
                        claims_at=claims_address(
                            village=village,
                            grid=grid.code,
                            status="awarded",
                            since=period.first,
                            until=period.last,
                        ),
                    )
                )
    return spreads, far


def measure_deviation(values: Sequence[float]) -> float:
    """What one time of the distance is; above zero."""
    middle = median(values)
    usual = _OF_A_NORMAL_DISTRIBUTION * median(abs(value - middle) for value in values)
    return max(usual, middle * GRID_LEAST_PERCENT.number / 100, GRID_LEAST_POINTS.number)
