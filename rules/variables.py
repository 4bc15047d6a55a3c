"""The variables of expressions: name, type, where the value comes from, and what it is in Chinese.

    input.NAME                     the claim's answers; for a sheet: .total .points .judges .ITEM;
                                   a date has .year .month .day .weekday, of which 1 is Monday
    household.people  .village     the household
    deed.on .year .month .day .weekday    the day of the deed
    rule.ID.times_PERIOD  .points_PERIOD  category.ID.…  total.…      the household's awards so far
    rule.ID.streak_months          months in a row with an award, up to the deed's month or the one before
    village.households             number of households in the village
    village.rule.ID.households_PERIOD     number of them with an award

PERIOD is day, week, month, quarter, year or lifetime: the one that the deed falls in.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, cast, get_args

from rules.claim import Claim
from rules.expression import VariableType
from rules.limits import Count, Period, Scope
from rules.problems import find_nearest

if TYPE_CHECKING:
    from rules.book import Rule

Answers: TypeAlias = Mapping[str, Any]


class AwardHistory(Protocol):
    """The awards before a claim.

    It includes the accepted awards, on notice or posted, whose day of the deed lies in the window of the claim's,
    with their final points after cuts; not those refused, voided or reversed, nor the claim itself. Evaluating and
    posting must happen in one transaction, or two claims may use up the same last point.
    """

    def sum_awards(self, count: Count, claim: Claim, periods_back: int = 0) -> tuple[int, int]:
        """Times and points of the awards that `count` covers for this claim, `periods_back` before its own
        period."""
        ...

    def sum_by_limit(self, rule: "Rule", claim: Claim) -> Sequence[tuple[int, int]]:
        """Times and points already used of each limit of the rule for this claim."""
        ...


VariableReader: TypeAlias = Callable[[Claim, Answers, AwardHistory], object]


@dataclass(frozen=True, slots=True, eq=False)
class Variable:
    """A variable of an expression. `count` says which awards a running total adds up and `label` is its Chinese
    name (`已连续几个月`), empty for what the claim itself contains. `input_id` names the input whose unchanged
    answer is the value, an empty text where it wasn't answered."""

    name: str
    type: VariableType
    read: VariableReader
    label: str = ""
    count: Count | None = None
    input_id: str = ""


PERIODS = get_args(Period)
_PERIOD_LABELS: Mapping[Period, str] = {
    "day": "当天",
    "week": "当周",
    "month": "当月",
    "quarter": "当季",
    "year": "当年",
    "lifetime": "一共",
}
_MAX_STREAK = 120
_TOTAL_NAME = re.compile(rf"(times|points)_({'|'.join(PERIODS)})")
_HOUSEHOLDS_NAME = re.compile(rf"households_({'|'.join(PERIODS)})")
_DOTTED_NAME = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*")


class KnownVariables:
    """The variables that the expressions of one rule may use: its own inputs, and totals of the rules and
    categories with these titles, by id."""

    def __init__(
        self, inputs: Iterable[Variable], rule_titles: Mapping[str, str], category_titles: Mapping[str, str]
    ) -> None:
        self._fixed = {variable.name: variable for variable in (*inputs, *_CLAIM_VARIABLES)}
        self._rules, self._categories = rule_titles, category_titles

    def find_in(self, text: str) -> tuple[Variable, ...]:
        """The variables whose names occur in an expression."""
        found: dict[str, Variable] = {}
        for match in _DOTTED_NAME.finditer(text):
            steps = match[0].split(".")
            # The last part may be a method: input.note.startsWith.
            for length in range(len(steps), 0, -1):
                variable = self._resolve(".".join(steps[:length]))
                if variable:
                    found[variable.name] = variable
                    break
        return tuple(found.values())

    def suggest_names(self, text: str) -> Iterator[str]:
        """Names the expression may have meant, for suggesting the nearest; those of the claim itself first."""
        totals = [f"{measure}_{period}" for measure in ("times", "points") for period in PERIODS]
        categories = _mentioned_ids(text, "category", self._categories)
        rules = _mentioned_ids(text, "rule", self._rules)
        yield from self._fixed
        yield from (f"total.{total}" for total in totals)
        yield from (f"category.{id}.{total}" for id in categories for total in totals)
        yield from (f"rule.{id}.{total}" for id in rules for total in (*totals, "streak_months"))
        yield from (f"village.rule.{id}.households_{period}" for id in rules for period in PERIODS)

    def _resolve(self, name: str) -> Variable | None:
        if name in self._fixed:
            return self._fixed[name]
        match name.split("."):
            case ["total", total]:
                return _make_total(name, "total", "", total, "所有项目")
            case ["category", id, total] if id in self._categories:
                return _make_total(name, "category", id, total, f"「{self._categories[id]}」类")
            case ["rule", id, "streak_months"] if id in self._rules:
                return _make_streak(name, id, self._rules[id])
            case ["rule", id, total] if id in self._rules:
                return _make_total(name, "rule", id, total, f"「{self._rules[id]}」")
            case ["village", "rule", id, total] if id in self._rules:
                return _make_household_count(name, id, total, self._rules[id])
        return None


def _mentioned_ids(text: str, kind: str, known: Iterable[str]) -> list[str]:
    """The known ids that follow `kind` in an expression, and those nearest to the unknown ones."""
    ids = set(known)
    written = dict.fromkeys(re.findall(rf"\b{kind}\.(\w+)", text))
    return [name for id in written for name in ([id] if id in ids else find_nearest(id, ids, 3))]


_CLAIM_VARIABLES = (
    Variable("household.people", "integer", lambda claim, _a, _h: claim.people),
    Variable("household.village", "text", lambda claim, _a, _h: claim.village),
    Variable("village.households", "integer", lambda claim, _a, _h: claim.households, "全村户数"),
    Variable("deed.on", "date", lambda claim, _a, _h: claim.deed_on),
    Variable("deed.year", "integer", lambda claim, _a, _h: claim.deed_on.year),
    Variable("deed.month", "integer", lambda claim, _a, _h: claim.deed_on.month),
    Variable("deed.day", "integer", lambda claim, _a, _h: claim.deed_on.day),
    Variable("deed.weekday", "integer", lambda claim, _a, _h: claim.deed_on.isoweekday()),
)


def _make_total(name: str, scope: Scope, of: str, total: str, what: str) -> Variable | None:
    match = _TOTAL_NAME.fullmatch(total)
    if not match:
        return None
    period = cast(Period, match[2])
    count = Count(scope, of, period=period)
    when = _PERIOD_LABELS[period]
    if match[1] == "times":
        return Variable(
            name,
            "integer",
            lambda claim, _a, history: history.sum_awards(count, claim)[0],
            f"{what}{when}已记次数",
            count,
        )
    return Variable(
        name,
        "integer",
        lambda claim, _a, history: history.sum_awards(count, claim)[1],
        f"{what}{when}已记分数",
        count,
    )


def _make_streak(name: str, rule: str, title: str) -> Variable:
    count = Count("rule", rule, period="month")

    def read(claim: Claim, _answers: Answers, history: AwardHistory) -> int:
        # The month of the deed may not be over: without an award in it, the streak isn't broken yet.
        gap = 0 if history.sum_awards(count, claim)[0] else 1
        months = 1 - gap
        while months < _MAX_STREAK and history.sum_awards(count, claim, periods_back=months + gap)[0]:
            months += 1
        return months

    return Variable(name, "integer", read, f"「{title}」已连续几个月", count)


def _make_household_count(name: str, rule: str, total: str, title: str) -> Variable | None:
    match = _HOUSEHOLDS_NAME.fullmatch(total)
    if not match:
        return None
    period = cast(Period, match[1])
    count = Count("rule", rule, per="village", period=period, households=True)
    return Variable(
        name,
        "integer",
        lambda claim, _answers, history: history.sum_awards(count, claim)[0],
        f"全村{_PERIOD_LABELS[period]}已得「{title}」的户数",
        count,
    )
