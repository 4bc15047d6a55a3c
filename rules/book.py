"""A rulebook in memory: what the village decided to reward, and under which conditions. Immutable once loaded."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from typing import Literal, TypeAlias

from rules.expression import Expression
from rules.limits import Count, Limit
from rules.problems import UnknownRule
from rules.variables import Variable

InputType: TypeAlias = Literal["number", "integer", "choice", "text", "date", "photo", "sheet"]
Reviewer: TypeAlias = Literal["system", "grid", "council", "committee", "supervisors"]

REVIEWER_TITLES: Mapping[Reviewer, str] = {
    "system": "系统核对",
    "grid": "网格长",
    "council": "道德评议会",
    "committee": "村委会",
    "supervisors": "村务监督委员会",
}

MAX_NUMBER = 10**12
"""The largest absolute value of a number in an answer."""

MAX_POINTS = 10_000
"""The most a single award can be; more is a typing error."""


@dataclass(frozen=True, slots=True)
class Decision:
    """The decision that adopted a book or a deduction: which body, at which meeting, on which day."""

    body: str
    meeting: str
    date: date


@dataclass(frozen=True, slots=True)
class Category:
    """A category of rules. `limits` bound all its rules together."""

    id: str
    title: str
    limits: tuple[Limit, ...] = ()


@dataclass(frozen=True, slots=True)
class Option:
    """One option of a choice; `points` is the award where the choice determines it."""

    id: str
    title: str
    points: int | None = None


@dataclass(frozen=True, slots=True)
class SheetItem:
    """One item of a judge's score sheet, scored from 0 to `max_score`."""

    id: str
    title: str
    max_score: int


@dataclass(frozen=True, slots=True)
class Input:
    """An input that a claim under the rule has to answer. Only text and photos can be optional.

    `low` and `high` bound a number or an integer, both inclusive. The answer to a photo is its reference. A sheet
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
    minimum: float = field(init=False, compare=False, repr=False)
    maximum: float = field(init=False, compare=False, repr=False)
    """`low` and `high`, or the bounds of any number."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "option_ids", frozenset(option.id for option in self.options))
        object.__setattr__(self, "minimum", -MAX_NUMBER if self.low is None else self.low)
        object.__setattr__(self, "maximum", MAX_NUMBER if self.high is None else self.high)


@dataclass(frozen=True, slots=True)
class PointsByChoice:
    """Points by the option picked for the choice `input_id`."""

    input_id: str
    amounts: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class PointsByMeeting:
    """Points that a meeting of `body` decides case by case, from `low` to `high`. The claim has the amount and the
    record of the meeting as its inputs `AMOUNT` and `RECORD`."""

    AMOUNT = "decided_points"
    RECORD = "decided_record"

    body: str
    low: int
    high: int


Points: TypeAlias = int | PointsByChoice | PointsByMeeting | Expression


@dataclass(frozen=True, slots=True)
class Deduction:
    """What makes a deduction lawful: the clause of the village covenant, the villagers' decision for this rule
    and, where `reminder`, a written reminder before the deed, whose date is the input `REMINDED_ON`.

    `adopted_by` is None and `covenant` empty while a township only offers the deduction to its villages.
    """

    REMINDED_ON = "reminded_on"

    covenant: str
    adopted_by: Decision | None
    reminder: bool


@dataclass(frozen=True, slots=True)
class DeductionBounds:
    """The most that can be deducted from a household at once and in a year."""

    at_once: int = 20
    a_year: int = 50


@dataclass(frozen=True, slots=True)
class VillagePermissions:
    """What a village's overlay may do with this book: add up to `add` rules of at most `points` each and up to
    `deductions` deductions of at most `deduct` each; retire rules, if `retire`; multiply the township's own
    amounts by up to `multiply` in campaigns."""

    add: int = 0
    points: int = 0
    deductions: int = 0
    deduct: int = 0
    retire: bool = True
    multiply: Fraction = Fraction(1)


@dataclass(frozen=True, slots=True)
class Campaign:
    """From `first` to `last`, both inclusive, awards under `rules` (their ids) are multiplied by `factor` and
    rounded down. A category named in the book is listed as its rules."""

    id: str
    title: str
    first: date
    last: date
    factor: Fraction
    rules: frozenset[str]

    @property
    def factor_text(self) -> str:
        """`factor` as the book writes it, e.g. 1.5."""
        return f"{float(self.factor):g}"


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of the book.

    `points` is a fixed amount, an amount for each option of a choice, an expression or left to a meeting;
    negative for a deduction. `most_points` caps a single award. `limits` are the rule's own, then its category's,
    then the book's. `publish` false keeps awards off the public notice; a deduction is published without a name.
    `first` and `last` are the days on which the rule begins and ends, None for those of the book. `village_points`
    is the range within which a village may change the amount. `every_household` marks what all households get,
    such as base points: the office declares it for all at once. `variables` are those that its expressions use.
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
    variables: tuple[Variable, ...] = ()
    requires_person: bool = field(init=False, compare=False, repr=False)
    """Whether a claim must name the member of the household."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "requires_person", any(limit.per == "person" for limit in self.limits))

    @property
    def points_text(self) -> str:
        """How many points the rule gives, in Chinese."""
        if isinstance(self.points, int):
            return format_points(self.points)
        if isinstance(self.points, PointsByChoice):
            return format_points_range(min(self.points.amounts.values()), max(self.points.amounts.values()))
        if isinstance(self.points, PointsByMeeting):
            return f"{format_points_range(self.points.low, self.points.high)}（{self.points.body}议定）"
        return self.points_note


def format_points(points: int) -> str:
    """5 分, or 扣 5 分 for a deduction."""
    return f"{points} 分" if points >= 0 else f"扣 {-points} 分"


def format_points_range(low: int, high: int) -> str:
    """1–2 分, or 扣 1–2 分 for a deduction."""
    least, most = sorted((abs(low), abs(high)))
    amount = f"{least} 分" if least == most else f"{least}–{most} 分"
    return amount if low >= 0 else f"扣 {amount}"


@dataclass(frozen=True, slots=True, eq=False)
class Rulebook:
    """A checked rulebook, compared by identity. `effective_until` is the last day it is in force, None for no end.
    `total_limits` bound all awards together; each rule lists them as well. `offered_deductions` are not in force:
    a village's assembly may adopt them one by one in the village's overlay.

    A village's overlay is a complete book, too: the base's rules as the village changed them. `village` is then
    its name and `base_version` the version of the base.
    """

    title: str
    version: str
    township: str
    effective_from: date
    effective_until: date | None
    adopted_by: Decision
    categories: tuple[Category, ...]
    rules: Mapping[str, Rule]
    total_limits: tuple[Limit, ...] = ()
    campaigns: tuple[Campaign, ...] = ()
    deduction_bounds: DeductionBounds = DeductionBounds()
    village_permissions: VillagePermissions = VillagePermissions()
    most_points: int | None = None
    village: str = ""
    base_version: str = ""
    offered_deductions: Mapping[str, Rule] = field(default_factory=dict)
    counts: frozenset[Count] = field(init=False, compare=False, repr=False)
    """All sums that are needed to evaluate claims under this book."""
    variable_names: frozenset[str] = field(init=False, compare=False, repr=False)
    """The names of all variables that its expressions use."""

    def __post_init__(self) -> None:
        counts = {limit.count for rule in self.rules.values() for limit in rule.limits}
        variables = [variable for rule in self.rules.values() for variable in rule.variables]
        counts |= {variable.count for variable in variables if variable.count}
        if any(rule.deduction for rule in self.rules.values()):
            counts.add(DEDUCTIONS_IN_YEAR)
        object.__setattr__(self, "counts", frozenset(counts))
        object.__setattr__(self, "variable_names", frozenset(variable.name for variable in variables))

    def get_rule(self, rule_id: str) -> Rule:
        """The rule with this id. Raises UnknownRule, which suggests the nearest id."""
        try:
            return self.rules[rule_id]
        except KeyError:
            raise UnknownRule(rule_id, self.rules) from None

    def get_category(self, category_id: str) -> Category:
        """The category with this id. Raises KeyError."""
        for category in self.categories:
            if category.id == category_id:
                return category
        raise KeyError(category_id)

    def is_in_force(self, day: date) -> bool:
        """Whether this book applies to a deed of that day."""
        return self.effective_from <= day and (self.effective_until is None or day <= self.effective_until)

    def find_campaign(self, rule: Rule, day: date) -> Campaign | None:
        """The campaign that applies to a deed of that day under the rule."""
        for campaign in self.campaigns:
            if campaign.first <= day <= campaign.last and rule.id in campaign.rules:
                return campaign
        return None


DEDUCTIONS_IN_YEAR = Count("deductions", "", period="year")
