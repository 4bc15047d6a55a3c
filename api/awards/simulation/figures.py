"""The content of a simulation's page: formatted figures and charts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from api.awards.simulation import formatting
from api.awards.simulation.charts import BarPair, draw_chart
from api.web.charts import Chart
from rules.simulation.summary import GroupTotals, HouseholdChange, Simulation
from rules.simulation.village import RefusalGroup

_MAX_CHANGES = 10
_MAX_CHART_ROWS = 40


@dataclass(frozen=True, slots=True)
class Figures:
    simulation: Simulation

    @property
    def days(self) -> str:
        return f"{formatting.format_date(self.simulation.first)}到{formatting.format_date(self.simulation.last)}"

    @property
    def comparison(self) -> str:
        total = self.simulation.total
        return formatting.format_comparison(total.recorded, total.simulated, "分")

    @property
    def cost(self) -> str:
        return formatting.format_cost(self.simulation.budget) if self.simulation.budget else ""

    @property
    def tables(self) -> list[tuple[str, Sequence[GroupTotals], Chart | None]]:
        """Breakdowns of the points: a title, the groups, and a chart where it helps."""
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
        return [
            (formatting.format_bin(bin), bin.recorded, bin.simulated) for bin in self.simulation.households.bins
        ]

    @property
    def bins_chart(self) -> Chart:
        return draw_chart("各档积分有多少户", [BarPair(*each) for each in self.bins])

    @property
    def percentiles(self) -> list[tuple[str, int, int]]:
        return formatting.list_percentiles(self.simulation.households)

    @property
    def changes(self) -> list[tuple[str, Sequence[HouseholdChange]]]:
        households = self.simulation.households
        tables = [("变多最多的户", households.largest_gains), ("变少最多的户", households.largest_losses)]
        return [(title, changes[:_MAX_CHANGES]) for title, changes in tables if changes]

    @property
    def refusals(self) -> Sequence[RefusalGroup]:
        return self.simulation.refusals[: 2 * _MAX_CHANGES]

    def signed(self, points: int) -> str:
        return formatting.format_signed(points)


def _chart(title: str, groups: Sequence[GroupTotals]) -> Chart | None:
    if len(groups) > _MAX_CHART_ROWS:
        return None
    return draw_chart(title, [BarPair(group.title, group.recorded, group.simulated) for group in groups])
