"""Parses TOML; syntax errors are reported in Chinese, for people who aren't programmers."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from math import inf, isfinite
from typing import Any

from rules.parser.locator import KeyPath, Locator
from rules.parser.repairs import FULL_WIDTH, Repair, suggest_repairs
from rules.problems import Problem, RulebookError

MAX_LENGTH = 1_000_000
"""Characters of a book."""

# tomllib takes quadratic time in the number of parts of a dotted name.
_MAX_PARTS = 32
_PART = r"""(?:[\w\-]++|"(?:[^"\\\n]|\\.)*+"|'[^'\n]*+')"""
_LONG_NAME = re.compile(rf"(?<![\w\-]){_PART}(?:[ \t]*+\.[ \t]*+{_PART}){{{_MAX_PARTS},}}")
_MAX_SYNTAX_PROBLEMS = 100
_MAX_PARSED = 20 * 200_000
"""Characters, in all attempts together."""
_MAX_INTEGER = 2**63
_OPEN_QUOTE = re.compile(r"""[^"'#=]*=\s*(?:'[^'"]*"|"[^'"]*')\s*$""")
_SECTION = re.compile(r"^\s*\[")
_PLACE = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")
_DATE = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})")
_TRANSLATIONS = (
    ("Expected '=' after a key", "名字后面要有等号，写成 名字 = 值"),
    ("Expected newline or end of document", "这一项后面多了东西；一行只写一项，文字要整个放在一对引号里"),
    ("Invalid initial character for a key part", "等号前的名字只能用英文字母、数字和下划线"),
    ("Invalid statement", "行首只能是英文的名字、方括号里的段名，或 # 开头的说明"),
    ("Invalid value", "等号后面的值不对：文字要放在一对英文引号里，数字和日期不用引号"),
    ("Illegal character '\\n'", "引号没有成对，这一行到末尾还没有结束"),
    ("Illegal character", "这里有一个不能用的字符"),
    ("Unclosed array", "方括号没有成对，或两项之间少了逗号"),
    ("Unclosed inline table", "花括号没有成对，或两项之间少了逗号；花括号要写在一行里"),
    ("Expected ']", "段名的方括号没有成对，例如 [book]、[[rule]]"),
    ("Unescaped '\\'", "反斜杠 \\ 在双引号里有特别的意思，请改用单引号，或写成 \\\\"),
    ("Cannot declare", "同一个段写了两次；可以写多段的要用两层方括号，例如 [[rule]]"),
    ("Cannot overwrite", "同一个名字写了两次"),
    ("Duplicate inline table key", "同一个名字写了两次"),
    ("Cannot mutate", "同一个名字写了两次"),
)


@dataclass(frozen=True, slots=True)
class TomlText:
    """A document, the problems of its text, and the text with these mended, line by line as it was."""

    document: dict[str, Any]
    problems: Sequence[Problem]
    text: str


def read_toml(text: str, source: str, *, mend: bool = True) -> TomlText:
    """Parse a text. Mistakes whose right form can be guessed are mended and told; with one that can't be, raises
    RulebookError with all that were found, with the first one unless `mend`."""
    if len(text) > MAX_LENGTH:
        raise RulebookError([Problem(source, 1, 1, f"文件太长（最多 {MAX_LENGTH} 字）。")])
    long_name = _LONG_NAME.search(text)
    if long_name:
        line = text.count("\n", 0, long_name.start()) + 1
        raise RulebookError([Problem(source, line, 1, "点号连起来的名字太长，这不是一份积分办法。")])
    problems: list[Problem] = []
    rows: Sequence[str] = text.split("\n")
    is_whole, parsed = True, 0
    while True:
        try:
            document = tomllib.loads("\n".join(rows))
            break
        except tomllib.TOMLDecodeError as error:
            problem = _translate(str(error), "\n".join(rows), source)
            parsed += len(text)
            repair = _find_repair(rows, problem) if mend else None
            if repair:
                problem = Problem(source, repair.row + 1, repair.column + 1, repair.message)
                rows = repair.rows
            problems.append(problem)
            blank = [*rows[: problem.line - 1], "", *rows[problem.line :]]
            if not repair and mend:
                is_whole, stopped, rows = False, _stop(rows), blank
                if _stop(blank) <= stopped:
                    raise RulebookError(problems) from None
            if not mend or len(problems) >= _MAX_SYNTAX_PROBLEMS or parsed > _MAX_PARSED:
                raise RulebookError(problems) from None
        except RecursionError:
            raise RulebookError([*problems, Problem(source, 1, 1, "括号嵌套太深，这不是一份积分办法。")]) from None
        except ValueError:
            raise RulebookError([*problems, Problem(source, 1, 1, "里面有读不出来的数，位数太多。")]) from None
    unusual = _find_unusual_number(document)
    if unusual:
        path, sentence = unusual
        problems.append(Problem(source, *Locator("\n".join(rows)).find(path), sentence))
        is_whole = False
    # Of a fragment more is missing than its author needs to hear now.
    if not is_whole or (problems and not _has_header(document)):
        raise RulebookError(problems)
    return TomlText(document, problems, "\n".join(rows))


def _has_header(document: dict[str, Any]) -> bool:
    """Whether a text says who adopted it, and so is more than the beginning of a book or an overlay."""
    headers = (document.get(key) for key in ("book", "overlay"))
    return any(isinstance(header, dict) and "adopted_by" in header for header in headers)


def _find_repair(rows: Sequence[str], problem: Problem) -> Repair | None:
    """The first guess with which reading gets further in the part of the text around the problem."""
    at = min(problem.line, len(rows)) - 1
    first = next((n for n in range(at - 1, -1, -1) if _SECTION.match(rows[n])), 0)
    last = next((n for n in range(at + 1, len(rows)) if _SECTION.match(rows[n])), len(rows))
    part = rows[first:last]
    stopped = _stop(part)
    for repair in suggest_repairs(part, at - first, problem.column - 1):
        if _stop(repair.rows) > stopped:
            return Repair(
                repair.message, first + repair.row, repair.column, [*rows[:first], *repair.rows, *rows[last:]]
            )
    return None


def _stop(rows: Sequence[str]) -> tuple[float, int]:
    """Row and column, from 0, where reading stops; infinitely far when it doesn't."""
    try:
        tomllib.loads("\n".join(rows))
    except tomllib.TOMLDecodeError as error:
        place = _PLACE.search(str(error))
        return (int(place[1]) - 1, int(place[2]) - 1) if place and place[1] else (len(rows), 0)
    except (RecursionError, ValueError):
        return 0, 0
    return inf, 0


def _find_unusual_number(value: Any) -> tuple[KeyPath, str] | None:
    """A number that no book has, too many digits or none at all: its path, and what is wrong with it."""
    waiting: list[tuple[KeyPath, Any]] = [((), value)]
    while waiting:
        path, each = waiting.pop()
        if isinstance(each, dict):
            waiting.extend(((*path, key), below) for key, below in each.items())
        elif isinstance(each, list):
            waiting.extend(((*path, place), below) for place, below in enumerate(each))
        elif isinstance(each, int) and abs(each) > _MAX_INTEGER:
            return path, "里面有读不出来的数，位数太多。"
        elif isinstance(each, float) and not isfinite(each):
            return path, "里面有读不出来的数：要写具体的数字。"
    return None


def _translate(raw: str, text: str, source: str) -> Problem:
    place = _PLACE.search(raw)
    rows = text.split("\n")
    if place is None or place[1] is None:
        opened = next((n for n, row in enumerate(rows, start=1) if _OPEN_QUOTE.match(row)), 0)
        if opened:
            row = rows[opened - 1]
            return Problem(source, opened, len(row) + 1, "引号没有成对：开头和末尾要用同一种引号。")
        unfinished = "到文件末尾还没有写完，请检查方括号、花括号和引号是不是成对。"
        return Problem(source, len(rows), len(rows[-1]) + 1, unfinished)
    line, column = int(place[1]), int(place[2])
    what, row = _PLACE.sub("", raw), rows[line - 1]
    dated = _DATE.search(row)
    if "Invalid date" in what or (dated and dated[0] != _iso_date(dated)):
        written = dated[0] if dated else row.strip()
        day = _iso_date(dated) if dated else ""
        sentence = f"日期要写成 {day}，月和日都是两位。" if day else f"没有 {written} 这一天，请核对日期。"
        return Problem(source, line, column, sentence)
    typed = row[column - 1 : column]
    if typed in FULL_WIDTH:
        return Problem(source, line, column, f"这里用了中文的「{typed}」，要改成英文的 {FULL_WIDTH[typed]} 。")
    unknown = "这一行读不出来，请检查引号、等号和括号"
    if "Cannot overwrite" in what and row.lstrip().startswith("["):
        return Problem(source, line, column, "这一段前面写成了单层方括号；可以写多段的要用两层，例如 [[rule]]。")
    sentence = next((chinese for english, chinese in _TRANSLATIONS if english in what), unknown)
    first = _find_first(rows, line - 1) if "写了两次" in sentence else 0
    if first:
        sentence = f"{sentence}（第 {first} 行已经写过）"
    if not row[column - 1 :].strip() and "Invalid value" in what:
        sentence = "等号后面还没有写值"
    return Problem(source, line, column, f"{sentence}。")


def _find_first(rows: Sequence[str], at: int) -> int:
    """The line, from 1, where the name or the section of this row stood before; 0 if that isn't plain."""
    row = rows[at].strip()
    if row.startswith("["):
        same = (n for n in range(at) if rows[n].split("#")[0].strip() == row.split("#")[0].strip())
        return next(same, -1) + 1
    name = row.partition("=")[0].strip(" \"'")
    for n in range(at - 1, -1, -1):
        if name and rows[n].partition("=")[0].strip(" \"'") == name:
            return n + 1
        if _SECTION.match(rows[n]):
            break
    return 0


def _iso_date(written: re.Match[str]) -> str:
    """The date as TOML writes it; empty when there is no such day."""
    try:
        return date(*map(int, written.groups())).isoformat()
    except ValueError:
        return ""
