"""Problems of a rulebook with their places, as its author reads them."""

import difflib
import heapq
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One problem of a rulebook. Line and column count from 1; the message is Chinese.

    With an `error` the book can't be used; `advice` points at what its author probably didn't intend.
    """

    source: str
    line: int
    column: int
    message: str
    kind: Literal["error", "advice"] = "error"

    def __str__(self) -> str:
        # An expression and the caret below it are indented alike, so that the caret still points at its place.
        message = self.message.replace("\n", "\n   ")
        return f"{self.source}:{self.line}:{self.column}: {'提示：' * (self.kind == 'advice')}{message}"


class RulebookError(ValueError):
    """A text is not a usable rulebook; `problems` are all its problems, in the order of the text."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = sorted(problems)
        super().__init__("\n".join(map(str, self.problems)))


class UnknownRule(LookupError):
    """The book has no rule of this id; the message suggests the nearest."""

    def __init__(self, rule_id: str, known: Iterable[str]) -> None:
        self.rule_id = rule_id
        super().__init__(f"积分办法里没有「{rule_id}」这一项{did_you_mean(rule_id, known)}。")


_MAX_NAME_LENGTH = 100
_MAX_COMPARED = 50
"""Names that are compared letter by letter: a book of a thousand rules has about twenty thousand."""


def did_you_mean(wrong: str, known: Iterable[str]) -> str:
    """The end of a sentence that suggests the nearest known name; empty when none is near."""
    found = find_nearest(wrong, known, 1)
    return f"，您是想写「{found[0]}」吧" if found else ""


def find_nearest(wrong: str, known: Iterable[str], limit: int) -> list[str]:
    """At most `limit` known names similar to a wrong one, the most similar first."""
    known = list(known)
    by_lower_case = {name.lower(): name for name in known}
    wanted = wrong.lower()[:_MAX_NAME_LENGTH]
    pairs = {wanted[at : at + 2] for at in range(len(wanted) - 1)} or {wanted}
    candidates: Iterable[str] = by_lower_case
    if len(by_lower_case) > _MAX_COMPARED:
        candidates = heapq.nlargest(
            _MAX_COMPARED, by_lower_case, key=lambda name: sum(pair in name for pair in pairs)
        )
    ending = [name for name in known if name.lower().endswith(f".{wanted}")]
    if ending:
        # The last part alone was written: kg for input.kg.
        return ending[:limit]
    return [by_lower_case[name] for name in difflib.get_close_matches(wanted, candidates, n=limit)]
