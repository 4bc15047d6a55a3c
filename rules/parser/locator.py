"""Finds the line and column of a key in TOML text, which tomllib doesn't keep."""

import re
from bisect import bisect_left, bisect_right
from itertools import islice
from typing import TypeAlias

KeyPath: TypeAlias = tuple[str | int, ...]
"""Keys and list indexes from the top of the document, e.g. `("rule", 3, "inputs", 0, "type")`."""

# Up to the next brace outside of strings.
_TO_BRACE = re.compile(r"""(?:[^{}"']++|"(?:[^"\\\n]|\\.)*+"|'[^'\n]*+'|["'])*+[{}]""")
_HEADER = re.compile(r"^[ \t]*\[\[?[ \t]*([\w.\-]+)[ \t]*\]\]?[ \t]*(?:#.*)?$", re.MULTILINE)


class Locator:
    """Searches for headers and keys by their spelling, without parsing.

    For a text in an unusual style it returns the place of the nearest enclosing header, never an error: an
    approximate place with a clear message still helps.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self._headers = [(match.start(1), match.group(1)) for match in _HEADER.finditer(text)]
        self._by_name: dict[str, list[int]] = {}
        for at, name in self._headers:
            self._by_name.setdefault(name, []).append(at)
        self._offsets: dict[KeyPath, int] = {}

    def find(self, path: KeyPath) -> tuple[int, int]:
        """Line and column of the value at `path`, or of the closest table above it."""
        return self._line_and_column(self._offset(path))

    def find_inside(self, path: KeyPath, value: str, line: int, column: int) -> tuple[int, int]:
        """Line and column in the document of a `line` and `column` (from 1) within the string `value` at
        `path`."""
        start = self._text.find(value, self._offset(path)) if value else -1
        if start < 0 or line < 1:
            return self.find(path)
        before = value.splitlines(keepends=True)[: line - 1]
        return self._line_and_column(start + sum(map(len, before)) + max(column, 1) - 1)

    def _line_and_column(self, offset: int) -> tuple[int, int]:
        """Line and column, from 1, of an offset in the text."""
        return self._text.count("\n", 0, offset) + 1, offset - self._text.rfind("\n", 0, offset)

    def _offset(self, path: KeyPath) -> int:
        # Many problems in one long list search for the same path.
        if path not in self._offsets:
            self._offsets[path] = self._search(path)
        return self._offsets[path]

    def _search(self, path: KeyPath) -> int:
        start, end, prefix, inline = 0, len(self._text), "", False
        for position, step in enumerate(path):
            if isinstance(step, int):
                continue
            following = path[position + 1] if position + 1 < len(path) else None
            index = following if isinstance(following, int) else None
            named = prefix + step
            places = self._by_name.get(named, [])
            wanted = bisect_left(places, start) + (index or 0)
            if not inline and wanted < len(places) and places[wanted] < end:
                start = places[wanted]
                end, prefix = self._find_end(start, named, end), named + "."
                continue
            found = self._find_key(step, start, end, inline)
            if found is None:
                return start
            start = found
            if following is not None:
                inline = True
                start, end = self._find_inline_table(start, end, index or 0)
        return start

    def _find_end(self, start: int, named: str, end: int) -> int:
        """The end of the table whose header is at `start`: the next header that isn't below it."""
        following = islice(self._headers, bisect_right(self._headers, (start, named)), None)
        return next((at for at, name in following if not name.startswith(named + ".")), end)

    def _find_key(self, key: str, start: int, end: int, inline: bool) -> int | None:
        following = bisect_right(self._headers, (start, "\uffff"))
        body_end = min(end, self._headers[following][0]) if following < len(self._headers) else end
        before = r"(?<![\w.\-])" if inline else r"^[ \t]*"
        pattern = re.compile(before + "(" + re.escape(key) + r")[ \t]*=", re.MULTILINE)
        match = pattern.search(self._text, start, body_end)
        return match.start(1) if match else None

    def _find_inline_table(self, start: int, end: int, index: int) -> tuple[int, int]:
        """Begin and end of the inline table number `index` of those after `start`."""
        depth, first, at = 0, start, start
        while match := _TO_BRACE.match(self._text, at, end):
            at = match.end()
            if self._text[at - 1] == "{":
                if depth == 0:
                    first, index = at - 1, index - 1
                depth += 1
            else:
                depth -= 1
                if depth == 0 and index < 0:
                    return first, at
        return first, end
