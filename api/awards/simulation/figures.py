"""What a page tells of a simulation: its figures in words, and its charts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from api.awards.simulation import words
from api.awards.simulation.charts import Chart, Row, chart
from rules.simulation.summary import GroupTotals, HouseholdChange, Simulation
from rules.simulation.village import RefusalGroup

_SHOWN = 10
_MOST_ROWS = 40


@dataclass(frozen=True, slots=True)
class Figures:
    simulation: Simulation

    @property
    def days(self) -> str:
        return f"{words.day(self.simulation.first)}到{words.day(self.simulation.last)}"

    @property
    def compared(self) -> str:
        total = self.simulation.total
        return words.compared(total.recorded, total.simulated, "分")

    @property
    def cost(self) -> str:
        return words.cost(self.simulation.budget) if self.simulation.budget else ""

    @property
    def tables(self) -> list[tuple[str, Sequence[GroupTotals], Chart | None]]:
        """What the points are split by: a title, its lines, and a chart where that says more than the numbers."""
        simulation = self.simulation
        tables: list[tuple[str, Sequence[GroupTotals], Chart | None]] = [
            ("各类记多少分", simulation.categories, _chart("各类的积分", simulation.categories))
        ]
        if len(simulation.villages) > 1:
            tables.append(("各村记多少分", simulation.villages, _chart("各村的积分", simulation.villages)))
        if len(simulation.months) > 1:
            tables.append(("各月记多少分", simulation.months, _chart("各月的积分", simulation.months)))
        tables.append(("各项记多少分", simulation.rules, None))
        return tables

    @property
    def bins(self) -> list[tuple[str, int, int]]:
        return [(words.points_of(bin), bin.recorded, bin.simulated) for bin in self.simulation.households.bins]

    @property
    def bins_chart(self) -> Chart:
        return chart("各档积分有多少户", [Row(*each) for each in self.bins])

    @property
    def spread(self) -> list[tuple[str, int, int]]:
        return words.spread(self.simulation.households)

    @property
    def changes(self) -> list[tuple[str, Sequence[HouseholdChange]]]:
        households = self.simulation.households
        found = [("变多最多的户", households.largest_gains), ("变少最多的户", households.largest_losses)]
        return [(title, changes[:_SHOWN]) for title, changes in found if changes]

    @property
    def refusals(self) -> Sequence[RefusalGroup]:
        return self.simulation.refusals[: 2 * _SHOWN]

    def signed(self, points: int) -> str:
        return words.signed(points)


def _chart(told: str, lines: Sequence[GroupTotals]) -> Chart | None:
    if len(lines) > _MOST_ROWS:
        return None
    return chart(told, [Row(line.title, line.recorded, line.simulated) for line in lines])
