"""Tries a rule's expressions on sample values, and collects the results."""

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import chain, islice, product
from math import prod
from types import MappingProxyType
from typing import Literal

from rules.book import MAX_POINTS, PointsByChoice, PointsByMeeting, Rule, Rulebook
from rules.expression import Expression
from rules.expression.values import DivisionByZero, EvaluationError, TooLarge
from rules.lint.samples import Axis, Sample, sample_axes
from rules.tally import Tally

MAX_CASES_PER_BOOK = 30_000
_MAX_CASES_PER_RULE = 4_000
_MIN_CASES_PER_RULE = 16
MAX_SECONDS_PER_BOOK = 2.0
"""Of processor time. After that, the author reads that the expressions are too slow to try."""


@dataclass(frozen=True, slots=True)
class Failure:
    """Why an expression of a rule, `when` or `points`, has no result, and for which values."""

    key: Literal["when", "points"]
    reason: str
    at: str


@dataclass(slots=True)
class TrialResult:
    """The result of trying one rule.

    `complete`: all possible combinations were tried. `is_decided`: the condition had a result for one of them;
    `satisfied`: it was true for one. `largest` is the largest award before limits and campaigns, for the values
    described by `largest_at`, and `amounts` are all of them. `unbounded_inputs` are the inputs without a maximum
    if implausibly large answers gave implausibly large awards. `fails_at` describes the values for which the
    expression divided by zero. `always_fails` is why no trial had a result, if none had.
    """

    complete: bool = True
    is_decided: bool = False
    satisfied: bool = False
    largest: int | None = None
    largest_at: str = ""
    amounts: set[int] = field(default_factory=set)
    unbounded_inputs: tuple[str, ...] = ()
    fails_at: str = ""
    always_fails: Failure | None = None


@dataclass(slots=True)
class TrialRunner:
    """Tries the rules of one book within `seconds` for all of them; `out_of_time` when a trial was cut off."""

    book: Rulebook
    seconds: float = MAX_SECONDS_PER_BOOK
    out_of_time: bool = False
    _max_cases: int = field(init=False)
    _deadline: float = field(init=False)
    _empty_tally: Tally = field(init=False)

    def __post_init__(self) -> None:
        count = sum(1 for rule in self.book.rules.values() if _has_expression(rule))
        self._max_cases = max(_MIN_CASES_PER_RULE, min(_MAX_CASES_PER_RULE, MAX_CASES_PER_BOOK // max(count, 1)))
        self._deadline = time.process_time() + self.seconds
        self._empty_tally = Tally(replace(self.book, rules=MappingProxyType({})))

    def run(self, rule: Rule) -> TrialResult:
        """Try a rule. When the time is up, the result so far is returned, not complete."""
        if not _has_expression(rule):
            return TrialResult(satisfied=True, largest=_max_fixed_points(rule))
        if self._is_time_up():
            return TrialResult(complete=False)
        first = max(self.book.effective_from, rule.first or date.min)
        last = min(self.book.effective_until or date.max, rule.last or date.max)
        axes = list(sample_axes(rule, first, max(first, last), self._empty_tally))
        few = prod(len(axis.samples) for axis in axes) <= self._max_cases
        result = TrialResult(complete=few and all(axis.complete for axis in axes))
        cases = product(*(axis.samples for axis in axes)) if few else islice(_sample_cases(axes), self._max_cases)
        failures: dict[str, Failure] = {}
        for case in cases:
            if self._is_time_up():
                result.complete = False
                break
            failure = _try(rule, axes, case, result)
            if failure:
                failures.setdefault(failure.key, failure)
        if not result.satisfied and not result.is_decided:
            result.always_fails = failures.get("when")
        elif not result.amounts:
            result.always_fails = failures.get("points")
        return result

    def _is_time_up(self) -> bool:
        self.out_of_time = self.out_of_time or time.process_time() > self._deadline
        return self.out_of_time


def _has_expression(rule: Rule) -> bool:
    return rule.when is not None or isinstance(rule.points, Expression)


def _max_fixed_points(rule: Rule) -> int | None:
    points = rule.points
    if isinstance(points, PointsByChoice):
        return max(points.amounts.values())
    return points.high if isinstance(points, PointsByMeeting) else points if isinstance(points, int) else None


def _try(rule: Rule, axes: Sequence[Axis], case: Sequence[Sample], result: TrialResult) -> Failure | None:
    values: dict[str, object] = {}
    for sample in case:
        values |= sample.values
    extreme = any(sample.is_extreme for sample in case)
    key: Literal["when", "points"] = "when"
    try:
        holds = rule.when is None or rule.when.evaluate_condition(values)
        result.is_decided = True
        if not holds:
            return None
        result.satisfied, key = True, "points"
        amount = _evaluate_points(rule, values)
    except EvaluationError as error:
        if isinstance(error, DivisionByZero):
            result.fails_at = result.fails_at or _describe(case)
        elif extreme and isinstance(error, TooLarge):
            result.unbounded_inputs = tuple(axis.unbounded_input for axis in axes if axis.unbounded_input)
        return Failure(key, str(error), _describe(case))
    result.amounts.add(amount)
    if extreme and amount > MAX_POINTS:
        result.unbounded_inputs = tuple(axis.unbounded_input for axis in axes if axis.unbounded_input)
    elif result.largest is None or amount > result.largest:
        result.largest, result.largest_at = amount, _describe(case)
    return None


def _evaluate_points(rule: Rule, values: Mapping[str, object]) -> int:
    if isinstance(rule.points, Expression):
        return rule.points.evaluate_amount(values)
    if isinstance(rule.points, PointsByChoice):
        return rule.points.amounts[str(values[f"input.{rule.points.input_id}"])]
    return _max_fixed_points(rule) or 0


def _describe(case: Iterable[Sample]) -> str:
    return "、".join(sample.label for sample in case if sample.label)


def _sample_cases(axes: Sequence[Axis]) -> Iterator[Sequence[Sample]]:
    """Combinations in the order of their importance: first the two ends, then those that differ from an end in one
    sample."""
    ends = [tuple(axis.samples[end] for axis in axes) for end in (0, -1)]
    nearby = (
        (*end[:place], sample, *end[place + 1 :])
        for place, axis in enumerate(axes)
        for sample in axis.samples
        for end in ends
    )
    return chain(ends, islice(nearby, _MIN_CASES_PER_RULE * 16), product(*(axis.samples for axis in axes)))
