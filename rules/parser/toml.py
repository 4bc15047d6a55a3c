"""Parses TOML; syntax errors are reported in Chinese, for people who aren't programmers."""

from __future__ import annotations

import re
import tomllib
from datetime import date
from typing import Any

from rules.problems import Problem, RulebookError

MAX_LENGTH = 1_000_000
"""Characters of a book."""

# tomllib takes quadratic time in the number of parts of a dotted name.
_MAX_PARTS = 32
_PART = r"""(?:[\w\-]++|"(?:[^"\\\n]|\\.)*+"|'[^'\n]*+')"""
_LONG_NAME = re.compile(rf"(?<![\w\-]){_PART}(?:[ \t]*+\.[ \t]*+{_PART}){{{_MAX_PARTS},}}")
_PLACE = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")
_DATE = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})")
# Characters of a Chinese keyboard, and those that TOML needs instead.
_FULL_WIDTH = {
    "“": '"',
    "”": '"',
    "‘": "'",
    "’": "'",
    "＂": '"',
    "＝": "=",
    "，": ",",
    "、": ",",
    "；": ",",
    "。": ".",
    "．": ".",
    "：": "=",
    "【": "[",
    "】": "]",
    "［": "[",
    "］": "]",
    "｛": "{",
    "｝": "}",
    "＃": "#",
    "－": "-",
    "\u3000": "半角空格",
}
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


def read_toml(text: str, source: str) -> dict[str, Any]:
    """Parse a text. Raises RulebookError with the first syntax error."""
    if len(text) > MAX_LENGTH:
        raise RulebookError([Problem(source, 1, 1, f"文件太长（最多 {MAX_LENGTH} 字）。")])
    long_name = _LONG_NAME.search(text)
    if long_name:
        line = text.count("\n", 0, long_name.start()) + 1
        raise RulebookError([Problem(source, line, 1, "点号连起来的名字太长，这不是一份积分办法。")])
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise RulebookError([_translate(str(error), text, source)]) from error
    except RecursionError:
        raise RulebookError([Problem(source, 1, 1, "括号嵌套太深，这不是一份积分办法。")]) from None
    except ValueError as error:
        raise RulebookError([Problem(source, 1, 1, f"里面有读不出来的数（{error}）。")]) from error


def _translate(raw: str, text: str, source: str) -> Problem:
    place = _PLACE.search(raw)
    rows = text.split("\n")
    if place is None or place[1] is None:
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
    if typed in _FULL_WIDTH:
        return Problem(source, line, column, f"这里用了中文的「{typed}」，要改成英文的 {_FULL_WIDTH[typed]} 。")
    unknown = f"不合 TOML 写法，请检查引号、等号和括号（{what}）"
    if "Cannot overwrite" in what and row.lstrip().startswith("["):
        return Problem(source, line, column, "这一段前面写成了单层方括号；可以写多段的要用两层，例如 [[rule]]。")
    sentence = next((chinese for english, chinese in _TRANSLATIONS if english in what), unknown)
    return Problem(source, line, column, f"{sentence}。")


def _iso_date(written: re.Match[str]) -> str:
    """The date as TOML writes it; empty when there is no such day."""
    try:
        return date(*map(int, written.groups())).isoformat()
    except ValueError:
        return ""
