"""What is wrong with a rulebook, and where: the sentences a person who writes one reads."""

import difflib
import heapq
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One mistake in a rulebook. Line and column count from 1; the message is Chinese, for its author.

    An `error` keeps the book from being used; an `advice` is something its author will hardly have meant.
    """

    source: str
    line: int
    column: int
    message: str
    kind: Literal["error", "advice"] = "error"

    def __str__(self) -> str:
        # What follows the first line, an expression and its caret, moves in as one: they stay under each other.
        message = self.message.replace("\n", "\n   ")
        return f"{self.source}:{self.line}:{self.column}: {'提示：' * (self.kind == 'advice')}{message}"


class RulebookError(ValueError):
    """A text is not a usable rulebook; `problems` names every mistake found, in the order of the text."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = sorted(problems)
        super().__init__("\n".join(map(str, self.problems)))


class UnknownRule(LookupError):
    """Somebody asked for a rule that the book does not have; the text suggests the nearest id."""

    def __init__(self, rule_id: str, known: Iterable[str]) -> None:
        self.rule_id = rule_id
        super().__init__(f"积分办法里没有「{rule_id}」这一项{did_you_mean(rule_id, known)}。")


_LONGEST_NAME = 100
_COMPARED = 50
"""Names that are compared letter by letter: a book of a thousand rules has some twenty thousand."""


def did_you_mean(wrong: str, known: Iterable[str]) -> str:
    """The tail of a sentence that suggests the nearest known name, or nothing when none is near."""
    found = nearest(wrong, known, 1)
    return f"，您是想写「{found[0]}」吧" if found else ""


def nearest(wrong: str, known: Iterable[str], most: int) -> list[str]:
    """The known names that are near a wrong one, the nearest first."""
    known = list(known)
    by_lower_case = {name.lower(): name for name in known}
    wanted = wrong.lower()[:_LONGEST_NAME]
    pairs = {wanted[at : at + 2] for at in range(len(wanted) - 1)} or {wanted}
    candidates: Iterable[str] = by_lower_case
    if len(by_lower_case) > _COMPARED:
        candidates = heapq.nlargest(_COMPARED, by_lower_case, key=lambda name: sum(pair in name for pair in pairs))
    ending = [name for name in known if name.lower().endswith(f".{wanted}")]
    if ending:
        # Its last part stands for the whole: kg, input.kg.
        return ending[:most]
    return [by_lower_case[name] for name in difflib.get_close_matches(wanted, candidates, n=most)]
