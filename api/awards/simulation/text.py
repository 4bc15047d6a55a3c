"""A simulation for a terminal: the answer first, then tables."""

from __future__ import annotations

import io
import shutil
from collections.abc import Callable, Iterable, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from api.awards.simulation import words
from rules.simulation.summary import GroupTotals, HouseholdChange, HouseholdStatistics, Simulation
from rules.simulation.village import RefusalGroup

_REFUSALS = 15


def rendered(simulation: Simulation) -> str:
    """As wide as the terminal, without colours: it may go into a file."""
    out = io.StringIO()
    width = max(80, min(shutil.get_terminal_size((100, 24)).columns, 120))
    console = Console(file=out, width=width, highlight=False, markup=False)
    for part in _parts(simulation):
        console.print(part)
    # What fills a table's last column up is of no use to anybody.
    return "".join(f"{line.rstrip()}\n" for line in out.getvalue().splitlines())


def _parts(simulation: Simulation) -> Iterable[Table | Text | str]:
    total, households = simulation.total, simulation.households
    yield f"试算《{simulation.title}》（{simulation.version} 版）"
    days = f"{words.day(simulation.first)}到{words.day(simulation.last)}"
    yield f"{days}，申报 {total.claims:,} 件，{households.number:,} 户"
    yield ""
    compared = words.compared(total.recorded, total.simulated, "分")
    yield f"原来记 {total.recorded:,} 分，按草案记 {total.simulated:,} 分：{compared}。"
    if simulation.budget:
        yield words.cost(simulation.budget)
    yield f"按草案给分 {total.accepted:,} 件（其中封顶少给 {total.cut:,} 件），不给分 {total.refused:,} 件。"
    yield (
        f"{households.gaining:,} 户变多（共 {households.gained:,} 分），{households.losing:,} 户变少"
        f"（共 {households.lost:,} 分），{households.unchanged:,} 户不变。"
    )
    yield from _lines("各类", simulation.categories)
    if len(simulation.villages) > 1:
        yield from _lines("各村", simulation.villages)
    yield from _lines("各项", simulation.rules, called=lambda line: f"{line.id} {line.title}")
    yield from _lines("各月", simulation.months)
    yield from _distribution(households)
    yield from _changes("变多最多的户", households.largest_gains)
    yield from _changes("变少最多的户", households.largest_losses)
    yield from _refusals(simulation.refusals)
    yield ""
    yield "要知道的"
    for sentence in simulation.caveats:
        yield Text(f"· {sentence}")


def _lines(
    title: str, lines: Sequence[GroupTotals], *, called: Callable[[GroupTotals], str] = lambda line: line.title
) -> Iterable[Table | str]:
    if not lines:
        return
    yield ""
    table = _table(title, "申报", "不给分", "原来", "按草案", "相差")
    for line in lines:
        numbers = _numbers(line.claims, line.refused, line.recorded, line.simulated)
        table.add_row(called(line), *numbers, words.signed(line.difference))
    yield table


def _distribution(households: HouseholdStatistics) -> Iterable[Table | str]:
    if not households.bins:
        return
    yield ""
    table = _table("各户得分", "原来几户", "按草案几户")
    for bin in households.bins:
        table.add_row(words.points_of(bin), *_numbers(bin.recorded, bin.simulated))
    yield table
    yield ""
    table = _table("从少到多排", "原来", "按草案")
    for label, before, after in words.spread(households):
        table.add_row(label, *_numbers(before, after))
    table.add_row("平均", f"{households.recorded.mean:,.1f}", f"{households.simulated.mean:,.1f}")
    yield table


def _changes(title: str, changes: Sequence[HouseholdChange]) -> Iterable[Table | str]:
    if not changes:
        return
    yield ""
    table = _table(title, "原来", "按草案", "相差")
    for change in changes:
        table.add_row(
            f"{change.village} {change.household}",
            *_numbers(change.recorded, change.simulated),
            words.signed(change.difference),
        )
    yield table


def _refusals(refusals: Sequence[RefusalGroup]) -> Iterable[Table | str]:
    if not refusals:
        return
    yield ""
    table = _table("草案为什么不给分", "申报", "原来的分")
    for each in refusals[:_REFUSALS]:
        table.add_row(
            f"{each.rule} {each.title}：{each.message.rstrip('。')}", *_numbers(each.claims, each.recorded)
        )
    yield table
    if len(refusals) > _REFUSALS:
        yield f"另有 {len(refusals) - _REFUSALS} 种原因，见 --format json。"


def _table(title: str, *columns: str) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_edge=False)
    table.add_column(title, overflow="fold")
    for column in columns:
        table.add_column(column, justify="right", no_wrap=True)
    return table


def _numbers(*numbers: int) -> list[str]:
    return [f"{number:,}".replace("-", "−") for number in numbers]
