"""Sample values for the variables of a rule's expressions: all possible ones where there are few, else those at
the edges, around the numbers in the expressions, and in the middle.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from itertools import islice

from rules.book import MAX_POINTS, Input, PointsByChoice, Rule
from rules.claim import Claim
from rules.expression import Expression
from rules.tally import Tally
from rules.variables import Variable

_MAX_COMPLETE_RANGE = 2_000
_LARGE_NUMBERS = (10, 100, 1_000, 10**6, 10**12)
_TOTALS = (0, 1, 12, 1_000)
_PEOPLE = (*range(1, 13), 20)
_HOUSEHOLDS = (1, 100, 1_000)
_MAX_DAYS = 4 * 366
_NUMBER = re.compile(r"(?<![\w.])\d{1,12}(?:\.\d{1,6})?(?![\w.])")
_TEXT = re.compile(r"'([^'\\]*)'|\"([^\"\\]*)\"")
_MAX_LITERALS = 12
# Every combination of these occurs within four years.
_RECURRING_PARTS = ({"deed.month", "deed.day"}, {"deed.month", "deed.weekday"})


@dataclass(frozen=True, slots=True)
class Sample:
    """Sample values of some variables, by name, and a Chinese label for messages; empty if none is needed."""

    label: str
    values: Mapping[str, object]
    is_extreme: bool = False
    """An implausibly large number that nothing forbids."""


@dataclass(frozen=True, slots=True)
class Axis:
    """The samples for one input or variable; `complete` when there are no other values."""

    samples: Sequence[Sample]
    complete: bool
    unbounded_input: str = ""
    """Title of an input without a maximum."""


def sample_axes(rule: Rule, first: date, last: date, history: Tally) -> Iterator[Axis]:
    """The axes for the expressions of a rule, with deeds from `first` to `last`; `history` may be any."""
    variables = {variable.name: variable for variable in rule.variables}
    texts = " ".join(each.text for each in (rule.when, rule.points) if isinstance(each, Expression))
    numbers = [float(match[0]) for match in islice(_NUMBER.finditer(texts), _MAX_LITERALS)]
    words = [match[1] or match[2] or "" for match in islice(_TEXT.finditer(texts), _MAX_LITERALS)]
    choice_id = rule.points.input_id if isinstance(rule.points, PointsByChoice) else ""
    for input in rule.inputs:
        own = [variables.pop(name) for name in list(variables) if f"{name}.".startswith(f"input.{input.id}.")]
        if own or input.id == choice_id:
            yield _input_axis(input, own, numbers, words, history)
    deed = [variables.pop(name) for name in list(variables) if name.startswith("deed.")]
    if deed:
        yield _day_axis(first, last, tuple(sorted(deed, key=lambda variable: variable.name)), history)
    for variable in variables.values():
        yield _variable_axis(variable, numbers, words)


def _input_axis(
    input: Input, variables: Sequence[Variable], numbers: Sequence[float], words: Sequence[str], history: Tally
) -> Axis:
    answers, complete = _sample_answers(input, numbers, words)
    unbounded = input.type in ("integer", "number") and input.high is None
    samples = [
        Sample(
            f"「{input.title}」填 {shown}",
            {f"input.{input.id}": answer}
            | {variable.name: variable.read(_ANY_CLAIM, {input.id: answer}, history) for variable in variables},
            is_extreme=unbounded and isinstance(answer, int | float) and answer > MAX_POINTS,
        )
        for shown, answer in answers
    ]
    return Axis(samples, complete, input.title if unbounded else "")


def _sample_answers(
    input: Input, numbers: Sequence[float], words: Sequence[str]
) -> tuple[list[tuple[str, object]], bool]:
    """Answers with their Chinese labels, the smallest first, and whether they are complete."""
    if input.type == "choice":
        return [(f"“{option.title}”", option.id) for option in input.options], True
    if input.type in ("integer", "number"):
        values, complete = _sample_numbers(input, numbers)
        return [(f"{answer:g}" if answer < 10**6 else str(answer), answer) for answer in values], complete
    if input.type == "date":
        return [(str(day), day) for day in (date(2000, 2, 29), date(2026, 1, 1), date(2026, 12, 31))], False
    if input.type == "sheet":
        items = input.items
        rows = (
            ("全部 0 分", tuple(0 for _ in items)),
            ("全部一半", tuple(item.max_score // 2 for item in items)),
            ("全部满分", tuple(item.max_score for item in items)),
        )
        return [(shown, (row,) * input.judges) for shown, row in rows], False
    return [
        (f"“{word}”", word) for word in dict.fromkeys((*([] if input.required else [""]), "文字", *words))
    ], False


def _sample_numbers(input: Input, numbers: Sequence[float]) -> tuple[list[int | float], bool]:
    whole = input.type == "integer"
    low = input.low if input.low is not None else min(0, input.high or 0)
    high = input.high
    if whole and input.low is not None and high is not None and high - low < _MAX_COMPLETE_RANGE:
        # The bounds may have fractions.
        return list(range(int(-(-low // 1)), int(high // 1) + 1)), True
    values: set[float] = {low, low + 1, *(number + by for number in numbers for by in (-1, 0, 1))}
    values |= {high, (low + high) / 2} if high is not None else set(_LARGE_NUMBERS)
    if input.low is None:
        values |= {-1, -(10**6)}
    return sorted(
        {
            int(number) if whole else float(number)
            for number in values
            if (input.low is None or number >= low) and (high is None or number <= high)
        }
        or {int(low) if whole else float(low)}
    ), False


@lru_cache(maxsize=64)
def _day_axis(first: date, last: date, deed: tuple[Variable, ...], history: Tally) -> Axis:
    names = {variable.name for variable in deed}
    complete = (last - first).days <= _MAX_DAYS or any(names <= each for each in _RECURRING_PARTS)
    samples: dict[tuple[object, ...], Sample] = {}
    for number in range(min((last - first).days, _MAX_DAYS) + 1):
        claim = Claim("", first + timedelta(days=number), "")
        values = {variable.name: variable.read(claim, {}, history) for variable in deed}
        samples.setdefault(tuple(values.values()), Sample(f"日期 {claim.deed_on}", values))
    return Axis(list(samples.values()), complete)


def _variable_axis(variable: Variable, numbers: Sequence[float], words: Sequence[str]) -> Axis:
    """For a variable of the household or the village, or a running total."""
    if variable.type == "text":
        values: list[object] = list(dict.fromkeys(("某村", *words)))
    else:
        usual = _TOTALS if variable.count else _PEOPLE if "people" in variable.name else _HOUSEHOLDS
        low = 0 if variable.count else 1
        values = sorted(
            {n for n in (*usual, *(int(m) + by for m in numbers for by in (-1, 0, 1))) if low <= n <= 1000}
        )
    title = variable.label or _TITLES.get(variable.name, variable.name)
    return Axis([Sample(f"{title} {value}", {variable.name: value}) for value in values], complete=False)


_TITLES = {"household.people": "家里人口", "household.village": "村"}
_ANY_CLAIM = Claim("", date(2026, 1, 1), "")
