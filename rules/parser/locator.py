"""Finds the line and column of a key in TOML text, which tomllib forgets once it has parsed it."""

import re
from bisect import bisect_left, bisect_right
from itertools import islice
from typing import TypeAlias

Path: TypeAlias = tuple[str | int, ...]
"""Keys and list positions from the top of the document, e.g. `("rule", 3, "inputs", 0, "type")`."""

# Up to the next brace; those in texts don't count.
_TO_BRACE = re.compile(r"""(?:[^{}"']++|"(?:[^"\\\n]|\\.)*+"|'[^'\n]*+'|["'])*+[{}]""")
_HEADER = re.compile(r"^[ \t]*\[\[?[ \t]*([\w.\-]+)[ \t]*\]\]?[ \t]*(?:#.*)?$", re.MULTILINE)


class Locator:
    """Looks for headers and keys by their spelling.

    It does not parse: where a text is written in an unusual way it answers with the nearest enclosing
    header, never with an error, since a rough place beside a clear sentence still helps.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self._headers = [(match.start(1), match.group(1)) for match in _HEADER.finditer(text)]
        self._by_name: dict[str, list[int]] = {}
        for at, name in self._headers:
            self._by_name.setdefault(name, []).append(at)
        self._found: dict[Path, int] = {}

    def find(self, path: Path) -> tuple[int, int]:
        """Line and column of the value at `path`, or of the closest table above it."""
        return self.place(self._offset(path))

    def inside(self, path: Path, value: str, line: int, column: int) -> tuple[int, int]:
        """Place in the document of `line` and `column` (from 1) within the string `value` kept at `path`."""
        start = self._text.find(value, self._offset(path)) if value else -1
        if start < 0 or line < 1:
            return self.find(path)
        before = value.splitlines(keepends=True)[: line - 1]
        return self.place(start + sum(map(len, before)) + max(column, 1) - 1)

    def place(self, offset: int) -> tuple[int, int]:
        """Line and column, from 1, of an offset in the text."""
        return self._text.count("\n", 0, offset) + 1, offset - self._text.rfind("\n", 0, offset)

    def _offset(self, path: Path) -> int:
        # A hundred mistakes in one long list are looked for once.
        if path not in self._found:
            self._found[path] = self._look_for(path)
        return self._found[path]

    def _look_for(self, path: Path) -> int:
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
                end, prefix = self._end_of(start, named, end), named + "."
                continue
            found = self._key(step, start, end, inline)
            if found is None:
                return start
            start = found
            if following is not None:
                inline = True
                start, end = self._braces(start, end, index or 0)
        return start

    def _end_of(self, start: int, named: str, end: int) -> int:
        """Where the table whose header stands at `start` ends: at the next header that isn't below it."""
        following = islice(self._headers, bisect_right(self._headers, (start, named)), None)
        return next((at for at, name in following if not name.startswith(named + ".")), end)

    def _key(self, key: str, start: int, end: int, inline: bool) -> int | None:
        following = bisect_right(self._headers, (start, "\uffff"))
        body_end = min(end, self._headers[following][0]) if following < len(self._headers) else end
        before = r"(?<![\w.\-])" if inline else r"^[ \t]*"
        pattern = re.compile(before + "(" + re.escape(key) + r")[ \t]*=", re.MULTILINE)
        match = pattern.search(self._text, start, body_end)
        return match.start(1) if match else None

    def _braces(self, start: int, end: int, index: int) -> tuple[int, int]:
        """Where the inline table number `index` of those after `start` begins and ends."""
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
