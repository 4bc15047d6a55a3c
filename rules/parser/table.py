"""Reads a TOML table key by key and collects all problems instead of stopping at the first."""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from rules.numerals import read_numeral
from rules.parser.locator import KeyPath, Locator
from rules.parser.repairs import KEYS, NUMERALS
from rules.problems import Problem, RulebookError, did_you_mean, find_nearest
from rules.spelling import comparable

_TYPE_NAMES = {bool: "是/否", int: "整数", float: "小数", str: "文字", list: "列表", dict: "表", date: "日期"}
_CHINESE = re.compile(r"[\u3400-\u9fff]")
MAX_PROBLEMS = 100
"""Checking stops after this many problems."""
_MAX_LIST_LENGTH = 1_000
_MAX_DAY = 30
_LISTED = re.compile(r"\s*[,，、;；]\s*")


_CHINESE_TERMS = {
    "day": "天",
    "week": "周",
    "month": "月",
    "quarter": "季度",
    "year": "年",
    "lifetime": "一生",
    "household": "户",
    "person": "人",
    "village": "村",
    "system": "系统",
    "grid": "网格员",
    "council": "道德评议会",
    "committee": "村委会",
    "supervisors": "监委会",
    "integer": "整数",
    "number": "小数",
    "choice": "选择",
    "text": "文字",
    "date": "日期",
    "photo": "照片",
    "sheet": "评分单",
}


def _suggest(key: str, value: Any, types: tuple[type, ...]) -> str:
    """How a value of the wrong type would be written right, if that is plain."""
    day = _read_day(value) if date in types else ""
    if type(value) is str and str not in types:
        plain = unicodedata.normalize("NFKC", value).strip()
        for type_, pattern in _PLAIN.items():
            if type_ in types and re.fullmatch(pattern, plain):
                return f"不要加引号，写成 {key} = {plain} 。"
        if day:
            return f"不要加引号，写成 {key} = {day}，月和日都是两位。"
        if int in types and (number := read_written_number(value)) is not None:
            return f"不要引号和单位，写成 {key} = {number} 。"
        if bool in types and plain in ("是", "否", "True", "False", "yes", "no"):
            return f"不要加引号，写成 {key} = {'true' if plain in ('是', 'True', 'yes') else 'false'} 。"
    elif day:
        return f"只写年月日，写成 {key} = {day}，月和日都是两位。"
    elif type(value) in (int, float, date) and str in types and int not in types:
        return f'要加引号，写成 {key} = "{value}" 。'
    elif type(value) is float and int in types and float not in types:
        if value.is_integer():
            return f"写成 {key} = {int(value)} 。"
        if str in types:
            return f'带小数的分值要写算式，例如 {key} = "int(input.hours * {value})" 。'
    elif type(value) is int and bool in types:
        return f"写成 {key} = {'true' if value else 'false'} 。"
    return ""


def read_written_number(text: str) -> int | None:
    """A whole number as people write it in words: 5分, 五分, ５, 1,000, 5 分/次; None when it is no number."""
    found = _WRITTEN_NUMBER.fullmatch(unicodedata.normalize("NFKC", text))
    if found is None:
        return None
    return int(found[1].replace(",", "")) if found[1] else int(read_numeral(found[2]))


def _read_day(value: Any) -> str:
    """The day that a value of another type means, as TOML writes it; empty when it means none."""
    if type(value) is datetime:
        return value.date().isoformat()
    spelt = comparable(str(value)) if type(value) in (str, int) and len(str(value)) <= _MAX_DAY else ""
    try:
        return date(*map(int, spelt.split("."))).isoformat() if spelt.count(".") == 2 else ""
    except ValueError:
        return ""


_UNIT = r"(?:[次分天人个名倍条户]|小时|分钟)(?:/?每?[次天月年人户项]?)"
_WRITTEN_NUMBER = re.compile(
    rf"\s*(?:([+-]?\d{{1,6}}|\d{{1,3}}(?:,\d{{3}})+)|([{NUMERALS}]{{1,6}}))\s*(?:{_UNIT})?\s*"
)
_PLAIN: Mapping[type, str] = {
    int: r"[+-]?\d{1,12}",
    float: r"[+-]?\d{1,12}\.\d{1,12}",
    bool: r"true|false",
    date: r"\d{4}-\d{2}-\d{2}",
}


class Findings:
    """The problems found so far in one text. Raises RulebookError with all of them when there are too many."""

    def __init__(self, text: str, source: str, *, adopted: bool = False) -> None:
        self.locator = Locator(text)
        self.source = source
        self.adopted = adopted
        """The text is in force: what could be written when it was adopted is no problem."""
        self.problems: list[Problem] = []

    def add(self, path: KeyPath, message: str) -> None:
        """Add an error at the value of `path`."""
        self.add_at(self.locator.find(path), message)

    def advise(self, path: KeyPath, message: str) -> None:
        """Add advice at the value of `path`, unless there are too many problems already."""
        if len(self.problems) < MAX_PROBLEMS:
            self.problems.append(Problem(self.source, *self.locator.find(path), message, "advice"))

    def add_at(self, place: tuple[int, int], message: str) -> None:
        """Add an error at a line and column."""
        self.problems.append(Problem(self.source, *place, message))
        if len(self.problems) >= MAX_PROBLEMS:
            last = max(problem.line for problem in self.problems)
            more = f"错误已有 {MAX_PROBLEMS} 处，没有再往下查；先改好这些，再查一遍。"
            raise RulebookError([*self.problems, Problem(self.source, last + 1, 1, more)])


class Table:
    """One TOML table. Every getter reports what is wrong and still returns a usable value, so that checking goes
    on.

    `name` is how messages call the table. Call `report_unknown_keys` last: it reports the keys that no getter
    asked for.
    """

    def __init__(self, raw: Mapping[str, Any], path: KeyPath, name: str, findings: Findings) -> None:
        self.raw, self.path, self.name, self.findings = raw, path, name, findings
        self._known_keys: list[str] = []

    def report(self, key: str, message: str) -> None:
        """Report an error at `key`, or at the table when it has no such key."""
        self.findings.add((*self.path, key), f"{self.name}：{message}")

    def get_value(self, key: str, types: tuple[type, ...], required: bool = False) -> Any:
        """The value if it is of one of `types`, else None with the error reported."""
        self._known_keys.append(key)
        value = self.raw.get(key)
        if value is None:
            if required:
                self.report(key, f"缺少 {key}。")
            return None
        if type(value) not in types:
            wanted = "或".join(_TYPE_NAMES[each] for each in types)
            given = "带时刻的日期" if type(value) is datetime else _TYPE_NAMES.get(type(value), "时刻")
            self.report(key, f"{key} 应是{wanted}，现在写的是{given}。{_suggest(key, value, types)}")
            return None
        return value

    def get_text(self, key: str, *, required: bool = True, chinese: bool = False, default: str = "") -> str:
        """A stripped text; `chinese` requires at least one Chinese character."""
        value = self.get_value(key, (str,), required)
        if value is None:
            return default
        if required and not value.strip():
            self.report(key, f"{key} 不能是空的。")
        elif chinese and not _CHINESE.search(value):
            self.report(key, f"{key} 要用中文写，村民才看得懂（现在是「{value}」）。")
        return str(value.strip())

    def get_id(self, pattern: re.Pattern[str], shape: str) -> str:
        """The table's `id`, which must match `pattern`; `shape` describes the pattern in Chinese."""
        value = self.get_text("id")
        if value and not pattern.fullmatch(value):
            self.report("id", f"编号「{value}」不合规定：{shape}。")
        return value

    def get_int(self, key: str, low: int, high: int) -> int | None:
        """A whole number between `low` and `high`; None when absent or wrong."""
        value = self.get_value(key, (int,))
        if value is not None and not low <= value <= high:
            self.report(key, f"{key} 应在 {low} 到 {high} 之间，现在是 {value}。")
            return None
        return None if value is None else int(value)

    def get_bool(self, key: str, default: bool) -> bool:
        value = self.get_value(key, (bool,))
        return default if value is None else bool(value)

    def get_date(self, key: str, required: bool = True) -> date | None:
        value = self.get_value(key, (date,), required)
        return value if isinstance(value, date) else None

    def get_date_or_min(self, key: str) -> date:
        """A required date; date.min when it is missing or wrong."""
        return self.get_date(key) or date.min

    def get_choice(self, key: str, allowed: Iterable[str], default: str | None = None) -> str | None:
        """One of the `allowed` words, of a wrong one the word that was meant; `default` when absent, None when
        nothing was meant."""
        value = self.get_value(key, (str,), required=default is None)
        if value is None:
            return default
        return self._check_allowed(key, value, tuple(allowed))

    def get_choices(self, key: str, allowed: Iterable[str]) -> tuple[str, ...]:
        """At least one of the `allowed` words, in the order of the text; none without the key."""
        choices, words = tuple(allowed), self.get_texts(key, required=key in self.raw)
        found = [self._check_allowed(key, word, choices) for word in words]
        return tuple(word for word in found if word is not None)

    def get_texts(self, key: str, required: bool = False) -> tuple[str, ...]:
        """A list of texts."""
        single = self.raw.get(key)
        if type(single) is str:
            self._known_keys.append(key)
            listed = ", ".join(f'"{part}"' for part in _LISTED.split(single.strip()))
            self.report(key, f"{key} 可以有好几条，要写成 {key} = [{listed}]。")
            return ()
        value = self.get_value(key, (list,), required)
        if value is None:
            return ()
        if (required and not value) or any(type(item) is not str or not item.strip() for item in value):
            self.report(key, f"{key} 应是一列文字，每条都不能空。")
            return ()
        return tuple(item.strip() for item in value)

    def get_table(self, key: str, name: str) -> "Table":
        """A required table below this one; when missing or wrong, an empty one that reports nothing more."""
        raw = self.get_value(key, (dict,), True)
        findings = self.findings if raw is not None else Findings("", self.findings.source)
        return Table(raw or {}, (*self.path, key), name, findings)

    def get_tables(self, key: str, name: str, max_length: int = _MAX_LIST_LENGTH) -> list["Table"]:
        """A list of at most `max_length` tables below this one, named by `name` and their `id` or position."""
        if type(self.raw.get(key)) is dict:
            self._known_keys.append(key)
            self.report(key, f"{key} 可以有好几条，要写成 [[{key}]]，或 {key} = [{{ … }}]。")
            return []
        items = self.get_value(key, (list,)) or []
        if len(items) > max_length:
            self.report(key, f"{key} 太多：最多 {max_length} 条，现在有 {len(items)} 条。")
            items = items[:max_length]
        if any(type(item) is not dict for item in items):
            self.report(key, f"{key} 里每一条都应是一个表，写成 {{ … }} 或 [[{key}]]。")
            return []
        return [
            Table(item, (*self.path, key, index), f"{name}「{item.get('id', index + 1)}」", self.findings)
            for index, item in enumerate(items)
        ]

    def report_unknown_keys(self) -> None:
        """Report the keys that no getter asked for, each with the nearest known one."""
        for key in self.raw:
            if key not in self._known_keys:
                hint = f"，要写成 {KEYS[key]}" if key in KEYS else did_you_mean(key, self._known_keys)
                self.report(key, f"不认识的字段「{key}」{hint}。")

    def _check_allowed(self, key: str, value: str, allowed: tuple[str, ...]) -> str | None:
        if value in allowed:
            return value
        meant = next((word for word in allowed if _is_called(word, value)), None) or next(
            iter(find_nearest(value, allowed, 1)), None
        )
        if meant:
            self.report(key, f"{key} 不能是「{value}」，您是想写「{meant}」吧。")
            return meant
        listed = "、".join(
            f"{word}（{_CHINESE_TERMS[word]}）" if word in _CHINESE_TERMS else word for word in allowed
        )
        self.report(key, f"{key} 不能是「{value}」；可用的有 {listed}。")
        return None


def _is_called(word: str, written: str) -> bool:
    """Whether this is the Chinese name of a word: 月, 每月 and 月度 for month, 网格长 for grid."""
    term = _CHINESE_TERMS.get(word, "")
    return bool(term) and (term[:2] in written or (len(written) > 1 and written in term))
