"""Tries a rule's expressions on the answers that claims may give, and says what came of it."""

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import chain, islice, product
from math import prod
from types import MappingProxyType

from rules.book import MOST_POINTS, ByChoice, Decided, Rule, Rulebook
from rules.expression import Expression, ExpressionFailed
from rules.lint.samples import Axis, Choice, axes_of
from rules.tally import Tally

CASES_IN_BOOK = 30_000
_MOST_CASES = 4_000
_FEWEST_CASES = 16
SECONDS_IN_BOOK = 2.0
"""A book of costly expressions is told so instead of keeping its author waiting."""


@dataclass(slots=True)
class Trial:
    """What came of trying one rule.

    `complete`: every possible combination was tried. `most` is the largest award before limits and campaigns, at
    `most_at`; `endless` are the inputs without a largest value when answers beyond all measure were awarded
    beyond all measure. `fails_at` is where a division by zero was met.
    """

    complete: bool = True
    satisfied: bool = False
    most: int | None = None
    most_at: str = ""
    endless: tuple[str, ...] = ()
    fails_at: str = ""


@dataclass(slots=True)
class Trials:
    """The trials of one book, within the time there is for all of them; `out_of_time` when one was cut off."""

    book: Rulebook
    seconds: float = SECONDS_IN_BOOK
    out_of_time: bool = False
    _cases: int = field(init=False)
    _until: float = field(init=False)
    _nothing: Tally = field(init=False)

    def __post_init__(self) -> None:
        computed = sum(1 for rule in self.book.rules.values() if _computes(rule))
        self._cases = max(_FEWEST_CASES, min(_MOST_CASES, CASES_IN_BOOK // max(computed, 1)))
        self._until = time.monotonic() + self.seconds
        self._nothing = Tally(replace(self.book, rules=MappingProxyType({})))

    def of(self, rule: Rule) -> Trial:
        """Try a rule. Cut off half-way by the time, a trial says what it has seen and that it isn't complete."""
        if not _computes(rule):
            return Trial(satisfied=True, most=_fixed(rule))
        if self._late():
            return Trial(complete=False)
        first = max(self.book.effective_from, rule.first or date.min)
        last = min(self.book.effective_until or date.max, rule.last or date.max)
        choices = list(axes_of(rule, first, max(first, last), self._nothing))
        few = prod(len(axis.choices) for axis in choices) <= self._cases
        trial = Trial(complete=few and all(axis.complete for axis in choices))
        cases = product(*(axis.choices for axis in choices)) if few else islice(_some_cases(choices), self._cases)
        for case in cases:
            if self._late():
                trial.complete = False
                break
            _try(rule, choices, case, trial)
        return trial

    def _late(self) -> bool:
        self.out_of_time = self.out_of_time or time.monotonic() > self._until
        return self.out_of_time


def _computes(rule: Rule) -> bool:
    return rule.when is not None or isinstance(rule.points, Expression)


def _fixed(rule: Rule) -> int | None:
    points = rule.points
    if isinstance(points, ByChoice):
        return max(points.amounts.values())
    return points.high if isinstance(points, Decided) else points if isinstance(points, int) else None


def _try(rule: Rule, axes: Sequence[Axis], case: Sequence[Choice], trial: Trial) -> None:
    values: dict[str, object] = {}
    for choice in case:
        values |= choice.facts
    beyond = any(choice.beyond for choice in case)
    try:
        if rule.when is not None and not rule.when.holds(values):
            return
        trial.satisfied = True
        amount = _amount(rule, values)
    except ExpressionFailed as error:
        if "by zero" in str(error):
            trial.fails_at = trial.fails_at or _told(case)
        elif beyond and "overflow" in str(error):
            trial.endless = tuple(axis.endless for axis in axes if axis.endless)
        return
    if beyond and amount > MOST_POINTS:
        trial.endless = tuple(axis.endless for axis in axes if axis.endless)
    elif trial.most is None or amount > trial.most:
        trial.most, trial.most_at = amount, _told(case)


def _amount(rule: Rule, values: Mapping[str, object]) -> int:
    if isinstance(rule.points, Expression):
        return rule.points.amount(values)
    if isinstance(rule.points, ByChoice):
        return rule.points.amounts[str(values[f"input.{rule.points.input_id}"])]
    return _fixed(rule) or 0


def _told(case: Iterable[Choice]) -> str:
    return "、".join(choice.label for choice in case if choice.label)


def _some_cases(axes: Sequence[Axis]) -> Iterator[Sequence[Choice]]:
    """Combinations, to be cut off: first the two ends, and what differs from an end in one choice."""
    ends = [tuple(axis.choices[end] for axis in axes) for end in (0, -1)]
    nearby = (
        (*end[:place], choice, *end[place + 1 :])
        for place, axis in enumerate(axes)
        for choice in axis.choices
        for end in ends
    )
    return chain(ends, islice(nearby, _FEWEST_CASES * 16), product(*(axis.choices for axis in axes)))
