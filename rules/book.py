"""A rulebook in memory: what the village decided to reward, and on what terms. Immutable once loaded."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal, TypeAlias

from rules.expression import Expression
from rules.limits import Limit
from rules.problems import UnknownRule

InputType: TypeAlias = Literal["number", "integer", "choice", "text", "date", "photo"]
Reviewer: TypeAlias = Literal["system", "grid", "council", "committee", "supervisors"]

REVIEWER_TITLES: Mapping[Reviewer, str] = {
    "system": "系统核对",
    "grid": "网格员",
    "council": "道德评议会",
    "committee": "村委会",
    "supervisors": "村务监督委员会",
}

MOST_POINTS = 10_000
"""No single award is larger: a slip of the pen, not generosity."""


@dataclass(frozen=True, slots=True)
class Decision:
    """The decision that adopted a book: which body, at which meeting, on which day."""

    body: str
    meeting: str
    date: date


@dataclass(frozen=True, slots=True)
class Category:
    """A heading of the table. `limits` bound all its rules together."""

    id: str
    title: str
    limits: tuple[Limit, ...] = ()


@dataclass(frozen=True, slots=True)
class Option:
    """One answer of a choice; `points` is its amount where the choice decides the award."""

    id: str
    title: str
    points: int | None = None


@dataclass(frozen=True, slots=True)
class Input:
    """Something a claim under the rule is asked for. Only text and photos can be left out.

    `low` and `high` bound a number or an integer, both inclusive. A photo is given as its reference.
    """

    id: str
    title: str
    type: InputType
    required: bool = True
    low: float | None = None
    high: float | None = None
    options: tuple[Option, ...] = ()


@dataclass(frozen=True, slots=True)
class ByChoice:
    """Points read from the option picked for the choice `input_id`."""

    input_id: str
    amounts: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of the table.

    `points` is a fixed amount, a table by choice, or a CEL amount. `limits` are the rule's own, then its
    category's, then the book's. `publish` false keeps awards off the public notice.
    """

    id: str
    title: str
    category: str
    points: int | ByChoice | Expression
    points_note: str
    inputs: tuple[Input, ...]
    when: Expression | None
    when_note: str
    limits: tuple[Limit, ...]
    evidence: tuple[str, ...]
    reviewers: tuple[Reviewer, ...]
    notice_days: int
    publish: bool
    source: str
    purpose: str
    wording_reviewed: str

    @property
    def points_text(self) -> str:
        """How much the rule gives, in Chinese, for the list of ways to earn."""
        if isinstance(self.points, int):
            return f"{self.points} 分"
        if isinstance(self.points, ByChoice):
            amounts = self.points.amounts.values()
            return f"{min(amounts)}–{max(amounts)} 分"
        return self.points_note


@dataclass(frozen=True, slots=True)
class Rulebook:
    """A checked rulebook. `effective_until` is the last day it is in force, None for no end."""

    title: str
    version: str
    township: str
    effective_from: date
    effective_until: date | None
    adopted_by: Decision
    categories: tuple[Category, ...]
    rules: Mapping[str, Rule]

    def rule(self, rule_id: str) -> Rule:
        """The rule with this id. Raises UnknownRule, which suggests the nearest."""
        try:
            return self.rules[rule_id]
        except KeyError:
            raise UnknownRule(rule_id, self.rules) from None

    def in_force(self, day: date) -> bool:
        """Whether a deed of that day falls under this book."""
        return self.effective_from <= day and (self.effective_until is None or day <= self.effective_until)


@dataclass(frozen=True, slots=True)
class HouseholdFacts:
    """What rules may know of a household; in CEL `household.people` and `household.village`."""

    people: int
    village: str
