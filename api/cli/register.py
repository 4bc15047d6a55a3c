"""`jimei register`: bring the register up to a table of households, after a look at what that would change."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from api.cli.command_line import ask_code, ask_passwords, echo, print_refusals, run_async
from api.platform.settings import Settings

if TYPE_CHECKING:
    from api.registry.register.register_plan import RegisterPlan


_NOTHING = "没有要写入的。"
_NOT_YET = "还没有写入：核对以后请用 --by 写明经办人，再运行一次。"


@click.command(epilog="例 example: jimei register 农户花名册.xlsx --by office")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--sheet", help="the sheet of a workbook to read; else the first with these columns")
@click.option("--by", help="sign-in of the person of the office who registers; the password is asked for")
@click.option("--yes", is_flag=True, help="don't ask: write what is told")
@print_refusals
def register(file: Path, sheet: str | None, by: str | None, yes: bool) -> None:
    """Register the households of a table, CSV or a spreadsheet, or what has changed of them; also villages, grids
    and people of the grids, each on a sheet of its own.

    Columns: 户编号, 村, 网格, 户主姓名; 家庭人口 if need be. It is told what is new, changed and not in the table,
    and nothing is written without --by and a yes. Households that aren't in the table stay. When a cell can't be
    read, all of those are listed, nothing is written, and the exit code is 2.
    """
    from api.opening import open_services, require_township
    from api.platform.clock import WallClock
    from api.platform.database.engine import reach
    from api.platform.table_files.file import TableFile
    from api.registry.people.use_cases import authenticate_all
    from api.registry.register.register_plan import apply_register, describe_source, plan_register
    from api.registry.register.register_table import read_register

    table = read_register(TableFile.open(file), sheet)
    signers = ask_passwords(by)
    wrong: list[bool] = []

    async def work() -> None:
        async with open_services(access, WallClock()) as services:
            await require_township(services)
            people = await authenticate_all(services, signers, ask_code)
            plan = await plan_register(services, table)
            for line in describe_plan(plan, table.seen):
                echo(line, err=bool(plan.problems))
            if plan.problems:
                wrong.append(True)
                return
            if not people or plan.is_empty:
                echo(_NOTHING if plan.is_empty else _NOT_YET)
                return
            if not yes:
                click.confirm("照这样登记吗", abort=True, err=True)
            await apply_register(services, people[0], table, plan, describe_source(file.name))
            echo("已登记。")

    with reach(Settings.read()) as access:
        run_async(work())
    if wrong:
        sys.exit(2)


def describe_plan(plan: RegisterPlan, seen: int) -> Iterator[str]:
    """What the table would change, a line for each matter; the figures last. `seen`: households of the table."""
    yield from plan.notes
    for village in plan.villages:
        yield f"新的村：{village.name}（编号 {village.code}）"
    for grid in plan.grids:
        yield f"新的网格：{grid.name}（编号 {grid.code}）"
    for each in plan.renamed:
        yield f"改了名的{'村' if each.is_village else '网格'}：{each.before} → {each.after}（编号 {each.code}）"
    for new in plan.new:
        yield f"新的户：{new.code} {new.head}（{new.people} 人）"
    for change in plan.changed:
        told = "，".join(f"{title} {before} → {after}" for title, before, after in change.differences)
        yield f"改了的户：{change.household.code} {told}"
    for code in plan.gone:
        yield f"表里没有的户：{code}，登记簿里仍然保留"
    for person in plan.staff.new:
        yield f"新的人员：{person.name}（用户名 {person.login}，还没有密码）"
    yield from plan.staff.differing
    yield from map(str, plan.problems)
    yield (
        f"表里 {seen} 户：新的 {len(plan.new)}，改了的 {len(plan.changed)}，没有变的 {plan.unchanged}，"
        f"要改的 {len({problem.place for problem in plan.problems})}；"
        f"登记簿里有、表里没有的 {len(plan.gone)} 户。"
    )
    if plan.problems:
        yield f"有 {len(plan.problems)} 处要改，什么都没有写入。"
