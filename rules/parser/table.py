"""Reads the fields of a TOML table one by one; notes every mistake instead of stopping at the first."""

import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from rules.parser.locator import Locator, Path
from rules.problems import Problem, RulebookError, did_you_mean

_TYPE_NAMES = {bool: "是/否", int: "整数", float: "小数", str: "文字", list: "列表", dict: "表", date: "日期"}
_CHINESE = re.compile(r"[\u3400-\u9fff]")
MOST_PROBLEMS = 100
"""Mistakes told at once: who made more has misunderstood something, and reads the first ones."""
_MOST_IN_A_LIST = 1_000


_IN_CHINESE = {
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


class Findings:
    """The mistakes found so far in one text. Raises RulebookError with them all when there are too many."""

    def __init__(self, text: str, source: str) -> None:
        self.locator = Locator(text)
        self.source = source
        self.problems: list[Problem] = []

    def add(self, path: Path, message: str) -> None:
        """Note a mistake at the value of `path`."""
        self.add_at(self.locator.find(path), message)

    def advise(self, path: Path, message: str) -> None:
        """Note what the author will hardly have meant; what comes after a great many is left out."""
        if len(self.problems) < MOST_PROBLEMS:
            self.problems.append(Problem(self.source, *self.locator.find(path), message, "advice"))

    def add_at(self, place: tuple[int, int], message: str) -> None:
        """Note a mistake at a known line and column."""
        self.problems.append(Problem(self.source, *place, message))
        if len(self.problems) >= MOST_PROBLEMS:
            last = max(problem.line for problem in self.problems)
            more = f"错误已有 {MOST_PROBLEMS} 处，没有再往下查；先改好这些，再查一遍。"
            raise RulebookError([*self.problems, Problem(self.source, last + 1, 1, more)])


class Table:
    """One TOML table. Each reader returns a usable value whatever it finds, so that checking can go on.

    `name` is what the author calls it in a sentence. Call `close` last: it reports fields nobody read.
    """

    def __init__(self, raw: Mapping[str, Any], path: Path, name: str, findings: Findings) -> None:
        self.raw, self.path, self.name, self.findings = raw, path, name, findings
        self._known: list[str] = []

    def problem(self, key: str, message: str) -> None:
        """Note a mistake at the field `key`, or at the table when it has no such field."""
        self.findings.add((*self.path, key), f"{self.name}：{message}")

    def value(self, key: str, kinds: tuple[type, ...], required: bool = False) -> Any:
        """The field if it is of one of `kinds`, else None with the mistake noted."""
        self._known.append(key)
        value = self.raw.get(key)
        if value is None:
            if required:
                self.problem(key, f"缺少 {key}。")
            return None
        if type(value) not in kinds:
            wanted = "或".join(_TYPE_NAMES[kind] for kind in kinds)
            given = "带时刻的日期" if type(value) is datetime else _TYPE_NAMES.get(type(value), "时刻")
            self.problem(key, f"{key} 应是{wanted}，现在写的是{given}。")
            return None
        return value

    def text(self, key: str, *, required: bool = True, chinese: bool = False, default: str = "") -> str:
        """A text without surrounding blanks; `chinese` asks for at least one Chinese character."""
        value = self.value(key, (str,), required)
        if value is None:
            return default
        if required and not value.strip():
            self.problem(key, f"{key} 不能是空的。")
        elif chinese and not _CHINESE.search(value):
            self.problem(key, f"{key} 要用中文写，村民才看得懂（现在是「{value}」）。")
        return str(value.strip())

    def identifier(self, pattern: re.Pattern[str], shape: str) -> str:
        """The table's `id`, which must match `pattern`; `shape` says so in Chinese."""
        value = self.text("id")
        if value and not pattern.fullmatch(value):
            self.problem("id", f"编号「{value}」不合规定：{shape}。")
        return value

    def whole(self, key: str, low: int, high: int) -> int | None:
        """A whole number between `low` and `high`, or None when absent or wrong."""
        value = self.value(key, (int,))
        if value is not None and not low <= value <= high:
            self.problem(key, f"{key} 应在 {low} 到 {high} 之间，现在是 {value}。")
            return None
        return None if value is None else int(value)

    def flag(self, key: str, default: bool) -> bool:
        """A true or false."""
        value = self.value(key, (bool,))
        return default if value is None else bool(value)

    def day(self, key: str, required: bool = True) -> date | None:
        """A calendar date."""
        value = self.value(key, (date,), required)
        return value if isinstance(value, date) else None

    def day_or_min(self, key: str) -> date:
        """A required calendar date; the first of all days when it is missing or wrong."""
        return self.day(key) or date.min

    def one_of(self, key: str, allowed: Iterable[str], default: str | None = None) -> str | None:
        """One of the `allowed` words; `default` when absent, None when wrong or absent without default."""
        value = self.value(key, (str,), required=default is None)
        if value is None:
            return default
        return self._allowed(key, value, tuple(allowed))

    def several_of(self, key: str, allowed: Iterable[str]) -> tuple[str, ...]:
        """At least one of the `allowed` words, in the order written."""
        choices, words = tuple(allowed), self.texts(key, required=True)
        found = [self._allowed(key, word, choices) for word in words]
        return tuple(word for word in found if word is not None)

    def texts(self, key: str, required: bool = False) -> tuple[str, ...]:
        """A list of texts."""
        alone = self.raw.get(key)
        if type(alone) is str:
            self._known.append(key)
            self.problem(key, f'{key} 可以有好几条，要写成 {key} = ["{alone}"]。')
            return ()
        value = self.value(key, (list,), required)
        if value is None:
            return ()
        if (required and not value) or any(type(item) is not str or not item.strip() for item in value):
            self.problem(key, f"{key} 应是一列文字，每条都不能空。")
            return ()
        return tuple(item.strip() for item in value)

    def table(self, key: str, name: str) -> "Table":
        """A required table below this one; when missing or wrong, an empty one, whose fields nobody misses."""
        written = self.value(key, (dict,), True)
        findings = self.findings if written is not None else Findings("", self.findings.source)
        return Table(written or {}, (*self.path, key), name, findings)

    def tables(self, key: str, name: str, most: int = _MOST_IN_A_LIST) -> list["Table"]:
        """A list of at most `most` tables below this one, named by `name` and their `id` or position."""
        if type(self.raw.get(key)) is dict:
            self._known.append(key)
            self.problem(key, f"{key} 可以有好几条，要写成 [[{key}]]，或 {key} = [{{ … }}]。")
            return []
        items = self.value(key, (list,)) or []
        if len(items) > most:
            self.problem(key, f"{key} 太多：最多 {most} 条，现在有 {len(items)} 条。")
            items = items[:most]
        if any(type(item) is not dict for item in items):
            self.problem(key, f"{key} 里每一条都应是一个表，写成 {{ … }} 或 [[{key}]]。")
            return []
        return [
            Table(item, (*self.path, key, index), f"{name}「{item.get('id', index + 1)}」", self.findings)
            for index, item in enumerate(items)
        ]

    def close(self) -> None:
        """Report the fields that nobody asked for, each with the nearest known name."""
        for key in self.raw:
            if key not in self._known:
                self.problem(key, f"不认识的字段「{key}」{did_you_mean(key, self._known)}。")

    def _allowed(self, key: str, value: str, allowed: tuple[str, ...]) -> str | None:
        if value in allowed:
            return value
        listed = "、".join(f"{word}（{_IN_CHINESE[word]}）" if word in _IN_CHINESE else word for word in allowed)
        hint = did_you_mean(value, allowed) or f"；可用的有 {listed}"
        self.problem(key, f"{key} 不能是「{value}」{hint}。")
        return None
