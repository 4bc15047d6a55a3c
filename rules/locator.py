"""Finds the line and column of a key in TOML text, which tomllib forgets once it has parsed it."""

import re
from typing import TypeAlias

Path: TypeAlias = tuple[str | int, ...]
"""Keys and list positions from the top of the document, e.g. `("rule", 3, "inputs", 0, "type")`."""

_HEADER = re.compile(r"^[ \t]*\[\[?[ \t]*([\w.\-]+)[ \t]*\]\]?[ \t]*(?:#.*)?$", re.MULTILINE)


class Locator:
    """Looks for headers and keys by their spelling.

    It does not parse: where a text is written in an unusual way it answers with the nearest enclosing
    header, never with an error, since a rough place beside a clear sentence still helps.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self._headers = [(match.group(1), match.start(1)) for match in _HEADER.finditer(text)]

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
        start, end, prefix, inline = 0, len(self._text), "", False
        for position, step in enumerate(path):
            if isinstance(step, int):
                continue
            following = path[position + 1] if position + 1 < len(path) else None
            index = following if isinstance(following, int) else None
            named = prefix + step
            headers = [at for name, at in self._headers if name == named and start <= at < end]
            if not inline and len(headers) > (index or 0):
                start = headers[index or 0]
                outside = (at for name, at in self._headers if at > start and not name.startswith(named + "."))
                end, prefix = next(outside, end), named + "."
                continue
            found = self._key(step, start, end, inline)
            if found is None:
                return start
            start = found
            if index is not None:
                inline = True
                start = self._nth_brace(start, index)
        return start

    def _key(self, key: str, start: int, end: int, inline: bool) -> int | None:
        body_end = min((at for _, at in self._headers if start < at < end), default=end)
        before = r"(?<![\w.\-])" if inline else r"^[ \t]*"
        pattern = re.compile(before + "(" + re.escape(key) + r")[ \t]*=", re.MULTILINE)
        match = pattern.search(self._text, start, body_end)
        return match.start(1) if match else None

    def _nth_brace(self, start: int, index: int) -> int:
        for _ in range(index + 1):
            brace = self._text.find("{", start + 1)
            if brace < 0:
                break
            start = brace
        return start
