"""`jimei rules`: commands for authors of rulebooks. All but `simulate` work on files only."""

from __future__ import annotations

import sys
from pathlib import Path

import click
import msgspec

from api.cli.command_line import Verbs, echo, print_refusals
from api.cli.simulation import simulate
from rules import Library, Problem, Rulebook


@click.group(cls=Verbs)
def rules() -> None:
    """Check a rulebook, and try it out, before anybody adopts it."""


@click.command(epilog="例 example: jimei rules check 乡镇办法.toml 王庄村补充办法.toml")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--format", "format", type=click.Choice(["text", "json"]), default="text", show_default=True)
@print_refusals
def check(files: tuple[Path, ...], format: str) -> None:
    """Say what is wrong with the rulebooks in FILES, and where; exit 0 when nothing is, 2 when something is.

    Each problem is a line, FILE:LINE:COLUMN: and a sentence; advice (提示) is what the author will hardly have
    meant, such as a limit that nobody can reach. A village's overlay is checked on its base: one of FILES, one in
    the same folder, or one that comes with the software. With --format json each problem is a JSON object on a
    line of its own: file, line, column, kind (error or advice), message.
    """
    from api.awards.rulebooks.draft_checks import DRAFT_CHECKER

    checked = DRAFT_CHECKER.check_files(files)
    problems = checked.problems
    for problem in problems:
        echo(_json(problem) if format == "json" else str(problem))
    if problems:
        errors = sum(problem.kind == "error" for problem in problems)
        echo(f"有 {errors} 处错误、{len(problems) - errors} 处提示。", err=True)
        sys.exit(2)
    if format == "text":
        echo(f"{checked.texts} 份积分办法，没有发现问题。 No problems found.")


def _json(problem: Problem) -> str:
    fields = {"file": problem.source, "line": problem.line, "column": problem.column, "kind": problem.kind}
    return msgspec.json.encode(fields | {"message": problem.message}).decode()


@click.command(epilog="例 example: jimei rules score 乡镇办法.toml 去年的好事.csv")
@click.argument("book", type=click.Path(path_type=Path))
@click.argument("events", metavar="EVENTS", type=click.Path(path_type=Path))
@click.option("--base", type=click.Path(path_type=Path), help="the book that BOOK supplements")
@click.option("--sheet", help="the sheet of a workbook to read; else the first with these columns")
@click.option("--format", "format", type=click.Choice(["text", "json", "csv"]), default="text", show_default=True)
@print_refusals
def score(book: Path, events: Path, base: Path | None, sheet: str | None, format: str) -> None:
    """Say what the deeds in a table come to under BOOK, row by row, and why. No database is touched.

    EVENTS is CSV or a spreadsheet. Columns: 户编号 household, 规则 rule (its id), 日期 deed_on; if need be 姓名
    person, 村 village, 人口 people, 全村户数 households, 余额 balance, and inputs, as input.hours or just hours.
    Rows count in the order of their days, so limits fill up as they would have. A row that can't be read is
    answered with a sentence, and the exit code is 2.
    """
    from api.awards.rulebooks.deed_table import read_deeds
    from api.awards.rulebooks.scoring import FORMATS, score_deeds
    from api.platform.table_files.file import TableFile

    rulebook = _load_book(book, base)
    table = read_deeds(TableFile.open(events), rulebook, sheet)
    for note in table.notes:
        echo(note, err=True)
    rows = score_deeds(rulebook, table.deeds)
    for line in FORMATS[format](rows):
        echo(line)
    invalid = sum(row.is_invalid for row in rows)
    if invalid:
        echo(f"有 {invalid} 行要改。", err=True)
        sys.exit(2)


def _load_book(path: Path, base: Path | None) -> Rulebook:
    """The book. Errors are printed and end the program; advice doesn't."""
    from api.awards.rulebooks.draft_checks import DRAFT_CHECKER

    files = [path] if base is None else [base, path]
    # First where memory and time have a limit.
    DRAFT_CHECKER.check_files(files)
    library = Library(files)
    checked_base = library.check(base) if base is not None else None
    checked = library.check(path, checked_base.book if checked_base else None)
    if checked_base is not None and checked_base.book is None:
        checked = checked_base
    if checked.book is not None:
        return checked.book
    for problem in checked.problems:
        echo(str(problem), err=True)
    sys.exit(2)


for command in (check, score, simulate):
    rules.add_command(command)
