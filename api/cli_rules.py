"""`jimei rules`: the verbs for who writes a rulebook. They work on files, without database and server."""

from __future__ import annotations

import sys
from pathlib import Path

import click
import msgspec

from api.command_line import one_sentence
from rules import Problem, check_files


@click.group()
def rules() -> None:
    """Check a rulebook, and try it out, before anybody adopts it."""


@click.command(epilog="例 example: jimei rules check 乡镇办法.toml 王庄村补充办法.toml")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--format", "format", type=click.Choice(["text", "json"]), default="text", show_default=True)
@one_sentence
def check(files: tuple[Path, ...], format: str) -> None:
    """Say what is wrong with the rulebooks in FILES, and where; exit 0 when nothing is, 2 when something is.

    Each problem is a line, FILE:LINE:COLUMN: and a sentence; advice (提示) is what the author will hardly have
    meant, such as a limit that nobody can reach. A village's overlay is checked on its base: one of FILES, one in
    the same folder, or one that comes with the software. With --format json each problem is a JSON object on a
    line of its own: file, line, column, kind (error or advice), message.
    """
    checked = check_files(files)
    problems = [problem for one in checked for problem in one.problems]
    for problem in problems:
        click.echo(_json(problem) if format == "json" else str(problem))
    if problems:
        errors = sum(problem.kind == "error" for problem in problems)
        click.echo(f"有 {errors} 处错误、{len(problems) - errors} 处提示。", err=True)
        sys.exit(2)
    if format == "text":
        click.echo(f"{len(checked)} 份积分办法，没有发现问题。 No problems found.")


def _json(problem: Problem) -> str:
    fields = {"file": problem.source, "line": problem.line, "column": problem.column, "kind": problem.kind}
    return msgspec.json.encode(fields | {"message": problem.message}).decode()


COMMANDS = (check,)

for command in COMMANDS:
    rules.add_command(command)
