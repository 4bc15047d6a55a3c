"""A simulation as text for a terminal: the result first, then tables."""

from __future__ import annotations

import io
import shutil
from collections.abc import Callable, Iterable, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from api.awards.simulation import formatting
from rules.simulation.summary import GroupTotals, HouseholdChange, HouseholdStatistics, Simulation
from rules.simulation.village import RefusalGroup

_MAX_REFUSALS = 15


def render(simulation: Simulation) -> str:
    """As wide as the terminal, without colours, since it may be written to a file."""
    out = io.StringIO()
    width = max(80, min(shutil.get_terminal_size((100, 24)).columns, 120))
    console = Console(file=out, width=width, highlight=False, markup=False)
    for part in _render_parts(simulation):
        console.print(part)
    # Without the padding of the last column.
    return "".join(f"{line.rstrip()}\n" for line in out.getvalue().splitlines())


def _render_parts(simulation: Simulation) -> Iterable[Table | Text | str]:
    total, households = simulation.total, simulation.households
    yield f"试算《{simulation.title}》（{simulation.version} 版）"
    days = f"{formatting.format_date(simulation.first)}到{formatting.format_date(simulation.last)}"
    yield f"{days}，申报 {total.claims:,} 件，{households.number:,} 户"
    yield ""
    comparison = formatting.format_comparison(total.recorded, total.simulated, "分")
    yield f"原来记 {total.recorded:,} 分，按草案记 {total.simulated:,} 分：{comparison}。"
    if simulation.budget:
        yield formatting.format_cost(simulation.budget)
    yield f"按草案给分 {total.accepted:,} 件（其中封顶少给 {total.cut:,} 件），不给分 {total.refused:,} 件。"
    yield (
        f"{households.gaining:,} 户变多（共 {households.gained:,} 分），{households.losing:,} 户变少"
        f"（共 {households.lost:,} 分），{households.unchanged:,} 户不变。"
    )
    yield from _groups_table("各类", simulation.categories)
    if len(simulation.villages) > 1:
        yield from _groups_table("各村", simulation.villages)
    yield from _groups_table("各项", simulation.rules, label_of=lambda group: f"{group.id} {group.title}")
    yield from _groups_table("各月", simulation.months)
    yield from _distribution_tables(households)
    yield from _changes_table("变多最多的户", households.largest_gains)
    yield from _changes_table("变少最多的户", households.largest_losses)
    yield from _refusals_table(simulation.refusals)
    yield ""
    yield "要知道的"
    for sentence in simulation.caveats:
        yield Text(f"· {sentence}")


def _groups_table(
    title: str,
    groups: Sequence[GroupTotals],
    *,
    label_of: Callable[[GroupTotals], str] = lambda group: group.title,
) -> Iterable[Table | str]:
    if not groups:
        return
    yield ""
    table = _new_table(title, "申报", "不给分", "原来", "按草案", "相差")
    for group in groups:
        numbers = _format_numbers(group.claims, group.refused, group.recorded, group.simulated)
        table.add_row(label_of(group), *numbers, formatting.format_signed(group.difference))
    yield table


def _distribution_tables(households: HouseholdStatistics) -> Iterable[Table | str]:
    if not households.bins:
        return
    yield ""
    table = _new_table("各户得分", "原来几户", "按草案几户")
    for bin in households.bins:
        table.add_row(formatting.format_bin(bin), *_format_numbers(bin.recorded, bin.simulated))
    yield table
    yield ""
    table = _new_table("从少到多排", "原来", "按草案")
    for label, before, after in formatting.list_percentiles(households):
        table.add_row(label, *_format_numbers(before, after))
    table.add_row("平均", f"{households.recorded.mean:,.1f}", f"{households.simulated.mean:,.1f}")
    yield table


def _changes_table(title: str, changes: Sequence[HouseholdChange]) -> Iterable[Table | str]:
    if not changes:
        return
    yield ""
    table = _new_table(title, "原来", "按草案", "相差")
    for change in changes:
        table.add_row(
            f"{change.village} {change.household}",
            *_format_numbers(change.recorded, change.simulated),
            formatting.format_signed(change.difference),
        )
    yield table


def _refusals_table(refusals: Sequence[RefusalGroup]) -> Iterable[Table | str]:
    if not refusals:
        return
    yield ""
    table = _new_table("草案为什么不给分", "申报", "原来的分")
    for each in refusals[:_MAX_REFUSALS]:
        table.add_row(
            f"{each.rule} {each.title}：{each.message.rstrip('。')}", *_format_numbers(each.claims, each.recorded)
        )
    yield table
    if len(refusals) > _MAX_REFUSALS:
        yield f"另有 {len(refusals) - _MAX_REFUSALS} 种原因，见 --format json。"


def _new_table(title: str, *columns: str) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_edge=False)
    table.add_column(title, overflow="fold")
    for column in columns:
        table.add_column(column, justify="right", no_wrap=True)
    return table


def _format_numbers(*numbers: int) -> list[str]:
    return [f"{number:,}".replace("-", "−") for number in numbers]
