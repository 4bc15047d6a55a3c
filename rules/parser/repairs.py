"""Guesses what a row that TOML doesn't accept was meant to be. The guess with which reading gets further tells the
mistake, and the rest of the text can be checked as well."""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from rules.numerals import read_numeral

FULL_WIDTH = {
    **{"“": '"', "”": '"', "„": '"', "‘": "'", "’": "'", "＂": '"', "＇": "'"},
    **{
        "＝": "=",
        "，": ",",
        "、": ",",
        "；": ",",
        "。": ".",
        "．": ".",
        "：": "=",
        "－": "-",
        "—": "-",
        "＃": "#",
    },
    **{
        "【": "[",
        "】": "]",
        "［": "[",
        "］": "]",
        "｛": "{",
        "｝": "}",
        "《": '"',
        "》": '"',
        "「": '"',
        "」": '"',
    },
    **{"\u3000": "半角空格", "\u00a0": "半角空格", "\u200b": "半角空格", "\ufeff": "半角空格"},
}
"""Characters of a Chinese keyboard, and those that TOML needs instead."""

KEYS = {
    **{"编号": "id", "名称": "title", "标题": "title", "名字": "title", "类别": "category", "分值": "points"},
    **{"分数": "points", "积分": "points", "几分": "points", "分": "points", "条件": "when", "填写项": "inputs"},
    **{"填报项": "inputs", "上限": "limits", "限制": "limits", "证据": "evidence", "依据": "evidence"},
    **{"审核": "reviewers", "审核人": "reviewers", "公示天数": "notice_days", "公示": "publish", "来源": "source"},
    **{"版本": "version", "版本号": "version", "乡镇": "township", "生效日期": "effective_from", "类型": "type"},
    **{"失效日期": "effective_until", "开始": "from", "结束": "until", "倍数": "multiply", "周期": "period"},
    **{"次数": "times", "选项": "options", "最多": "most_points", "说明": "points_note"},
}
"""The fields of a book by the Chinese names that people give them."""

SECTIONS = {
    **{"书头": "book", "办法": "book", "规则": "rule", "项目": "rule", "类别": "category", "分类": "category"},
    **{"活动": "campaign", "补充办法": "overlay", "停用": "retire", "改动": "change", "启用": "adopt"},
}
"""The sections of a book by the Chinese names that people give them."""

NUMERALS = "〇零一二两三四五六七八九十百千万"
_NUMERIC = "points|times|min|max|most_points|notice_days|judges|at_once|a_year|add|deduct|deductions"
_OPENING = "\"'“”„‘’＂＇"
_CHINESE_KEY = re.compile(r"^(\s*)([\u3400-\u9fff]+)(?=\s*[=:＝：])")
_DATE = re.compile(r"(\d{4})\s*(?:[-/.‐‑–—]|年)\s*(\d{1,2})\s*(?:[-/.‐‑–—]|月)\s*(\d{1,2})(?:\s*[日号])?")
_BOOLEAN = re.compile(r"(?<==)(\s*)(true|false|yes|no|是|否|真|假|对|错)(?=\s*(?:[,}\]#]|$))", re.IGNORECASE)
_TRUE = ("true", "yes", "是", "真", "对")
_EQUALS = re.compile(r"^(\s*[\w.\-]+\s*)={2,}(?=[^=]*)")
_COLON = re.compile(r"^(\s*[\w.\-]+)\s*:\s*(?=\S)")
_NO_EQUALS = re.compile(r"^(\s*[A-Za-z][\w\-]*)\s+(?=[\"'\[{\d\u3400-\u9fff])")
_NO_EQUALS_TEXT = re.compile(r"^(\s*[A-Za-z][\w\-]*)\s+([\u3400-\u9fff][^\"'=#]*?)\s*$")
_AFTER = r"(?=\s*(?:[,}\]#]|$))"
_UNIT = re.compile(
    r"(=\s*)([+\-]?\d+(?:\.\d+)?)\s*(?:[\u3400-\u9fff]+(?:/[\u3400-\u9fff]+)?|%|[（(][^（()）\"]*[)）])" + _AFTER
)
_NUMERAL = re.compile(rf"(\b(?:{_NUMERIC})\s*=\s*)([{NUMERALS}]{{1,8}})([\u3400-\u9fff]*){_AFTER}")
_RANGE = re.compile(r"(=\s*)(\d{1,3})\s*(?:-|~|～|—|–|至|到)\s*\d+\s*[\u3400-\u9fff]*(?=\s*(?:[,}\]#]|$))")
_LAST_SIGN = re.compile(r"(=\s*(?:\"[^\"]*\"|'[^']*'|[\d.\-]+|\[.*\]|\{.*\}|true|false))\s*[,;，；。、.]+\s*$")
_NOTE = re.compile(r"(=\s*(?:\"[^\"]*\"|'[^']*'|[\d.\-]+|\[.*\]|\{.*\}|true|false)\s*)(?://|--|%|；|;)\s*(.*)$")
_CHINESE_HEADER = re.compile(r"^(\s*\[{1,2}\s*)([\u3400-\u9fff]+)(?=\s*\]{1,2}\s*(?:#|$))")
_SHORT_DECIMAL = re.compile(r"(=\s*[+\-]?)(?:(\.\d+)|(\d+)\.)(?=\s*(?:[,}\]#]|$))")
_LEADING_ZERO = re.compile(r"(=\s*[+\-]?)0+(\d+)(?=\s*(?:[,}\]#]|$))")
_UNQUOTED = re.compile(r"(=\s*)([^\s\"'\[{#=][^\"'#\[\]{}=,]*?)(?=\s*(?:[,}#]|$))")
_LETTER = re.compile(r"[A-Za-z\u3400-\u9fff]")
_LAST_COMMA = re.compile(r",(\s*\})")
_ITEM = re.compile(r"\s*[\"'{\[\d]")
_HEADER = re.compile(r"^\s*(\[{0,2})\s*([A-Za-z][\w.\-]*)\s*(\]{0,2})\s*$")
_MAX_JOINED = 200


@dataclass(frozen=True, slots=True)
class Repair:
    """The rows with one mistake mended, and the mistake with its place, row and column from 0."""

    message: str
    row: int
    column: int
    rows: Sequence[str]


def suggest_repairs(rows: Sequence[str], at: int, column: int) -> Iterator[Repair]:
    """What the row `at` may have been meant to be, where TOML stopped at `column`."""
    row = rows[at]
    for message, place, mended in _mended_rows(row):
        yield Repair(message, at, place, [*rows[:at], mended, *rows[at + 1 :]])
    yield from _join_braces(rows, at)
    if 0 < column < len(row) and _ITEM.match(row, column):
        comma = f"{row[:column]},{row[column:]}"
        yield Repair("两项之间少了逗号。", at, column, [*rows[:at], comma, *rows[at + 1 :]])
    yield from _close(rows, at)


def _mended_rows(row: str) -> Iterator[tuple[str, int, str]]:
    half, place = _to_half_width(row)
    if half != row:
        typed, wanted = row[place], FULL_WIDTH.get(row[place], unicodedata.normalize("NFKC", row[place]))
        yield f"这里用了中文的「{typed}」，要改成英文的 {wanted} 。", place, half
    if found := _CHINESE_KEY.search(row):
        key = KEYS.get(found[2])
        if key:
            yield (
                f"行首只能是英文的名字：「{found[2]}」要写成 {key} 。",
                found.start(2),
                found.expand(rf"\1{key}") + row[found.end() :],
            )
    if (found := _CHINESE_HEADER.search(row)) and (section := SECTIONS.get(found[2])):
        mended = f"{found[1]}{section}{row[found.end() :]}"
        yield f"段名只能是英文：「{found[2]}」要写成 {mended.strip()} 。", found.start(2), mended
    if found := _NUMERAL.search(row):
        mended = row[: found.start()] + found[1] + read_numeral(found[2]) + row[found.end() :]
        yield f"数字要用阿拉伯数字，不写单位，写成 {mended.strip()} 。", found.start(2), mended
    for found in _DATE.finditer(row):
        day = _iso_date(found)
        if day and day != found[0]:
            yield (
                f"日期要写成 {day}，月和日都是两位，不加引号。",
                found.start(),
                row[: found.start()] + day + row[found.end() :],
            )
    for pattern, sentence, mend in _ROW_PATTERNS:
        found = pattern.search(row)
        if found:
            mended = row[: found.start()] + found.expand(mend) + row[found.end() :]
            yield sentence.format(row=mended.strip()), found.end(1) + 1, mended
    if found := _BOOLEAN.search(row):
        word = "true" if found[2].lower() in _TRUE else "false"
        if word != found[2]:
            yield (
                f"「{found[2]}」要写成小写的 {word} 。",
                found.start(2),
                row[: found.start(2)] + word + row[found.end() :],
            )
    for quote in ("'", '"'):
        name = row.partition("=")[0]
        if row.count(quote) % 2 and quote * 3 not in row and quote not in name:
            body = row.rstrip()
            yield "引号没有成对，这一行到末尾还没有结束。", len(row), body + quote
            yield "引号没有成对，文字的前面或后面少了一个。", len(row), _quote_text(body.replace(quote, ""))
    if (found := _UNQUOTED.search(row)) and found[2].isprintable() and _LETTER.search(found[2]):
        mended = row[: found.start(2)] + f'"{found[2].rstrip()}"' + row[found.end() :]
        yield f"文字要放在一对英文引号里，写成 {mended.strip()} 。", found.start(2), mended
    if (found := _HEADER.match(row)) and len(found[1]) != len(found[3]):
        brackets = 2 if max(len(found[1]), len(found[3])) == 2 else 1
        mended = "[" * brackets + found[2] + "]" * brackets
        yield f"段名的方括号没有成对，写成 {mended} 。", 0, mended


_ROW_PATTERNS = (
    (_LAST_SIGN, "行末不写标点，写成 {row} 。", r"\1"),
    (_NOTE, "说明要写在 # 后面，写成 {row} 。", r"\1# \2"),
    (_RANGE, "这里只能写一个数，不能写成几到几；要由会议议定的，分值写成 {{ decided_by = … }}。", r"\1\2"),
    (_EQUALS, "这里只写一个等号 = 。", r"\1="),
    (_COLON, "名字后面要有等号，写成 {row} 。", r"\1 = "),
    (_NO_EQUALS_TEXT, "名字后面要有等号，写成 名字 = 值。文字要放在引号里，写成 {row} 。", r'\1 = "\2"'),
    (_NO_EQUALS, "名字后面要有等号，写成 名字 = 值。", r"\1 = "),
    (_UNIT, "数字后面不写单位，写成 {row} 。", r"\1\2"),
    (_SHORT_DECIMAL, "小数点前后都要有数字，写成 {row} 。", r"\g<1>0\2\3"),
    (_LEADING_ZERO, "数字前面不写 0，写成 {row} 。", r"\1\2"),
    (_LAST_COMMA, "花括号里最后一项后面不写逗号。", r"\1"),
)


def _to_half_width(row: str) -> tuple[str, int]:
    """The row with what isn't text in half width, and the first place that was changed."""
    mended, opened, first = [], "", len(row)
    for place, sign in enumerate(row):
        wanted = sign
        if opened:
            if sign in _OPENING and FULL_WIDTH.get(sign, sign) == opened:
                wanted, opened = opened, ""
        elif sign in FULL_WIDTH:
            wanted = " " if FULL_WIDTH[sign] == "半角空格" else FULL_WIDTH[sign]
            opened = wanted if wanted in "\"'" else ""
        elif sign in "\"'":
            opened = sign
        elif sign == "#":
            mended.append(row[place:])
            break
        elif unicodedata.normalize("NFKC", sign).isascii():
            wanted = unicodedata.normalize("NFKC", sign)
        if wanted != sign:
            first = min(first, place)
        mended.append(wanted)
    return "".join(mended), min(first, max(len(row) - 1, 0))


def _quote_text(row: str) -> str:
    name, _, value = row.partition("=")
    return f'{name}= "{value.strip()}"'


def _join_braces(rows: Sequence[str], at: int) -> Iterator[Repair]:
    """The rows of an inline table as one; empty rows keep the places of those behind."""
    for start in (at, at - 1):
        if start < 0 or rows[start].count("{") <= rows[start].count("}"):
            continue
        depth = 0
        for end in range(start, min(len(rows), start + _MAX_JOINED)):
            depth += rows[end].count("{") - rows[end].count("}")
            if depth == 0:
                joined = _LAST_COMMA.sub(r"\1", " ".join(row.strip() for row in rows[start : end + 1]))
                yield Repair(
                    "花括号 { } 里的要写在一行，不能换行。",
                    start,
                    rows[start].index("{"),
                    [*rows[:start], joined, *[""] * (end - start), *rows[end + 1 :]],
                )
                break
            # The rows of a list may be broken, those of a table may not: a comma is missing at most.
            if end > start and _HEADER.match(rows[end]) and "]" in rows[end]:
                break


def _close(rows: Sequence[str], at: int) -> Iterator[Repair]:
    """A bracket that isn't closed shows only in a row behind it."""
    for end in range(at, max(at - 20, -1), -1):
        row = rows[end].rstrip()
        for opening, closing, name in (("[", "]", "方括号"), ("{", "}", "花括号")):
            if row.count(opening) > row.count(closing):
                yield Repair(
                    f"{name}没有成对，或两项之间少了逗号。",
                    end,
                    row.index(opening),
                    [*rows[:end], row + closing, *rows[end + 1 :]],
                )


def _iso_date(written: re.Match[str]) -> str:
    """The date as TOML writes it; empty when there is no such day."""
    try:
        return date(*map(int, written.groups())).isoformat()
    except ValueError:
        return ""
