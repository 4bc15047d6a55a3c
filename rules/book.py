"""A rulebook in memory: what the village decided to reward, and on what terms. Immutable once loaded."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from typing import Literal, TypeAlias

from rules.expression import Expression
from rules.limits import Count, Limit
from rules.problems import UnknownRule
from rules.variables import Fact

InputType: TypeAlias = Literal["number", "integer", "choice", "text", "date", "photo", "sheet"]
Reviewer: TypeAlias = Literal["system", "grid", "council", "committee", "supervisors"]

REVIEWER_TITLES: Mapping[Reviewer, str] = {
    "system": "系统核对",
    "grid": "网格员",
    "council": "道德评议会",
    "committee": "村委会",
    "supervisors": "村务监督委员会",
}

LARGEST_NUMBER = 10**12
"""No answer is larger, nor smaller below zero."""

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
class SheetItem:
    """One line of a judge's sheet: scored from 0 to `most`."""

    id: str
    title: str
    most: int


@dataclass(frozen=True, slots=True)
class Input:
    """Something a claim under the rule is asked for. Only text and photos can be left out.

    `low` and `high` bound a number or an integer, both inclusive. A photo is given as its reference. A sheet
    holds the scores of at least `judges` judges, each a score for every item.
    """

    id: str
    title: str
    type: InputType
    required: bool = True
    low: float | None = None
    high: float | None = None
    options: tuple[Option, ...] = ()
    items: tuple[SheetItem, ...] = ()
    judges: int = 1
    option_ids: frozenset[str] = field(init=False, compare=False, repr=False)
    least: float = field(init=False, compare=False, repr=False)
    most: float = field(init=False, compare=False, repr=False)
    """`low` and `high`, or what no number of ours goes beyond."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "option_ids", frozenset(option.id for option in self.options))
        object.__setattr__(self, "least", -LARGEST_NUMBER if self.low is None else self.low)
        object.__setattr__(self, "most", LARGEST_NUMBER if self.high is None else self.high)


@dataclass(frozen=True, slots=True)
class ByChoice:
    """Points read from the option picked for the choice `input_id`."""

    input_id: str
    amounts: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Decided:
    """Points that a meeting of `body` decides case by case, from `low` to `high`; the claim gives the amount
    and the record of the meeting as its inputs `AMOUNT` and `RECORD`."""

    AMOUNT = "decided_points"
    RECORD = "decided_record"

    body: str
    low: int
    high: int


Points: TypeAlias = int | ByChoice | Decided | Expression


@dataclass(frozen=True, slots=True)
class Deduction:
    """What makes taking points lawful: the clause of the village covenant, the villagers' decision for this very
    rule, and, where `reminder`, a written reminder before the deed, given as the input `REMINDED_ON`.

    `adopted_by` is None, and `covenant` empty, while a township only offers the deduction to its villages.
    """

    REMINDED_ON = "reminded_on"

    covenant: str
    adopted_by: Decision | None
    reminder: bool


@dataclass(frozen=True, slots=True)
class DeductionBounds:
    """The most that can be taken from a household at once and in a year."""

    at_once: int = 20
    a_year: int = 50


@dataclass(frozen=True, slots=True)
class VillageTerms:
    """What a village's overlay may do with this book: add up to `add` rules of at most `points` each, and up to
    `deductions` deductions of at most `deduct` each; leave out rules, where `retire`."""

    add: int = 0
    points: int = 0
    deductions: int = 0
    deduct: int = 0
    retire: bool = True


@dataclass(frozen=True, slots=True)
class Campaign:
    """From `first` to `last`, both inclusive, awards under its rules are `multiply` times as large, rounded
    down. `rules` are ids of rules; a category named in the book stands here as its rules."""

    id: str
    title: str
    first: date
    last: date
    multiply: Fraction
    rules: frozenset[str]

    @property
    def times(self) -> str:
        """`multiply` as it was written, e.g. 1.5."""
        return f"{float(self.multiply):g}"


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of the table.

    `points` is a fixed amount, a table by choice, a CEL amount or left to a meeting; negative for a deduction.
    `most_points` cuts a single award. `limits` are the rule's own, then its category's, then the book's.
    `publish` false keeps awards off the public notice; a deduction stands there without a name. `first` and
    `last` narrow the days of the book. `village_points` are the amounts a village may change the rule to.
    `every_household` marks what all households get, like base points: the office declares it for all at once.
    `facts` are the names its expressions use.
    """

    id: str
    title: str
    category: str
    points: Points
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
    most_points: int | None = None
    first: date | None = None
    last: date | None = None
    village_points: tuple[int, int] | None = None
    mandatory: bool = False
    every_household: bool = False
    deduction: Deduction | None = None
    facts: tuple[Fact, ...] = ()
    by_person: bool = field(init=False, compare=False, repr=False)
    """Whether a claim must say which member of the household it was."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_person", any(limit.per == "person" for limit in self.limits))

    @property
    def points_text(self) -> str:
        """How much the rule gives, in Chinese, for the list of ways to earn."""
        if isinstance(self.points, int):
            return points_text(self.points)
        if isinstance(self.points, ByChoice):
            return span_text(min(self.points.amounts.values()), max(self.points.amounts.values()))
        if isinstance(self.points, Decided):
            return f"{span_text(self.points.low, self.points.high)}（{self.points.body}议定）"
        return self.points_note


def points_text(points: int) -> str:
    """5 分, or 扣 5 分 for what is taken."""
    return f"{points} 分" if points >= 0 else f"扣 {-points} 分"


def span_text(low: int, high: int) -> str:
    """1–2 分, or 扣 1–2 分 for what is taken."""
    least, most = sorted((abs(low), abs(high)))
    amount = f"{least} 分" if least == most else f"{least}–{most} 分"
    return amount if low >= 0 else f"扣 {amount}"


@dataclass(frozen=True, slots=True, eq=False)
class Rulebook:
    """A checked rulebook, equal to itself alone. `effective_until` is the last day it is in force, None for no
    end. `total` are the limits over everything, which stand in each rule as well. `offered` are deductions that
    are off here: a village's assembly may adopt them one by one in the village's overlay.

    A village's overlay is a whole book as well: the base's rules as the village changed them. Then `village`
    names it and `base` is the base's version.
    """

    title: str
    version: str
    township: str
    effective_from: date
    effective_until: date | None
    adopted_by: Decision
    categories: tuple[Category, ...]
    rules: Mapping[str, Rule]
    total: tuple[Limit, ...] = ()
    campaigns: tuple[Campaign, ...] = ()
    deduction_bounds: DeductionBounds = DeductionBounds()
    village_terms: VillageTerms = VillageTerms()
    most_points: int | None = None
    village: str = ""
    base: str = ""
    offered: Mapping[str, Rule] = field(default_factory=dict)
    counts: frozenset[Count] = field(init=False, compare=False, repr=False)
    """Everything that has to be added up to evaluate claims under this book."""
    names: frozenset[str] = field(init=False, compare=False, repr=False)
    """The names of all facts that its expressions use."""

    def __post_init__(self) -> None:
        asked = {limit.count for rule in self.rules.values() for limit in rule.limits}
        facts = [fact for rule in self.rules.values() for fact in rule.facts]
        asked |= {fact.count for fact in facts if fact.count}
        if any(rule.deduction for rule in self.rules.values()):
            asked.add(DEDUCTED_IN_YEAR)
        object.__setattr__(self, "counts", frozenset(asked))
        object.__setattr__(self, "names", frozenset(fact.name for fact in facts))

    def rule(self, rule_id: str) -> Rule:
        """The rule with this id. Raises UnknownRule, which suggests the nearest."""
        try:
            return self.rules[rule_id]
        except KeyError:
            raise UnknownRule(rule_id, self.rules) from None

    def category(self, category_id: str) -> Category:
        """The category with this id. Raises KeyError."""
        for category in self.categories:
            if category.id == category_id:
                return category
        raise KeyError(category_id)

    def in_force(self, day: date) -> bool:
        """Whether a deed of that day falls under this book."""
        return self.effective_from <= day and (self.effective_until is None or day <= self.effective_until)

    def campaign(self, rule: Rule, day: date) -> Campaign | None:
        """The campaign that a deed of that day under the rule falls into."""
        for campaign in self.campaigns:
            if campaign.first <= day <= campaign.last and rule.id in campaign.rules:
                return campaign
        return None


DEDUCTED_IN_YEAR = Count("deductions", "", period="year")
