"""Codes of households: the next one that is free, and how most of a table's are written."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

_TAIL = re.compile(r"(.*?)([0-9]{1,3})")
_TO_DIGITS = str.maketrans("oil", "011")


class FreeCodes:
    """Free codes, each the next of the households of a grid; else of its village, else of the table."""

    def __init__(self, taken: set[str]) -> None:
        self._taken = taken
        self._used: defaultdict[tuple[str, ...], Counter[str]] = defaultdict(Counter)
        self._next: dict[str, int] = {}
        self._width: dict[str, int] = {}

    def learn(self, code: str, grid: tuple[str, str]) -> None:
        """A code of a household in this grid, known by its village and its own key."""
        found = _TAIL.fullmatch(code)
        if found is None:
            return
        stem, digits = found.groups()
        for of in (grid, grid[:1], ()):
            self._used[of][stem] += 1
        self._next[stem] = max(self._next.get(stem, 1), int(digits) + 1)
        self._width[stem] = min(self._width.get(stem, len(digits)), len(digits))

    def take(self, grid: tuple[str, str]) -> str:
        stems = next((self._used[of] for of in (grid, grid[:1], ()) if self._used.get(of)), None)
        stem = min(stems, key=lambda each: (-stems[each], each)) if stems else "h"
        number, width = self._next.get(stem, 1), self._width.get(stem, 3)
        while (code := f"{stem}{number:0{width}}") in self._taken:
            number += 1
        self._taken.add(code)
        self._next[stem] = number + 1
        return code


def find_shape(codes: Iterable[str]) -> Sequence[int]:
    """How many digits each part of most codes has, 0 for a part with letters; empty where zeros say nothing."""
    shapes: Counter[tuple[int, ...]] = Counter()
    padded: Counter[tuple[int, ...]] = Counter()
    for code in codes:
        parts = code.split("-")
        shape = tuple(len(part) if part.isdigit() else 0 for part in parts)
        shapes[shape] += 1
        padded[shape] += any(part[0] == "0" for part, width in zip(parts, shape, strict=True) if width > 1)
    if not shapes:
        return ()
    [(shape, count)] = shapes.most_common(1)
    return shape if 2 * count > shapes.total() and padded[shape] else ()


def reshape(code: str, shape: Sequence[int]) -> str | None:
    """The code with look-alike letters as digits and zeros before them, if that makes it like the others."""
    parts = code.split("-")
    if len(parts) != len(shape):
        return None
    written = [
        part.translate(_TO_DIGITS).zfill(width) if width else part
        for part, width in zip(parts, shape, strict=True)
    ]
    fits = all(part.isdigit() and len(part) == width for part, width in zip(written, shape, strict=True) if width)
    return "-".join(written) if fits else None
