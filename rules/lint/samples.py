"""What claims may say, as far as the expressions of a rule ask: every answer where there are few, else those at
the edges, around the numbers that the expressions name, and in the middle.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from itertools import islice

from rules.book import MOST_POINTS, ByChoice, Input, Rule
from rules.claim import Claim
from rules.expression import Expression
from rules.tally import Tally
from rules.variables import Fact

_ALL_OF_A_RANGE = 2_000
_VERY_MANY = (10, 100, 1_000, 10**6, 10**12)
_SOME_TOTALS = (0, 1, 12, 1_000)
_SOME_PEOPLE = (*range(1, 13), 20)
_SOME_HOUSEHOLDS = (1, 100, 1_000)
_LONGEST_SPAN = 4 * 366
_NUMBER = re.compile(r"(?<![\w.])\d{1,12}(?:\.\d{1,6})?(?![\w.])")
_TEXT = re.compile(r"'([^'\\]*)'|\"([^\"\\]*)\"")
_MOST_LITERALS = 12
# Every combination of these comes within four years.
_ENDLESS_DAYS = ({"deed.month", "deed.day"}, {"deed.month", "deed.weekday"})


@dataclass(frozen=True, slots=True)
class Choice:
    """One way to answer: what it is called, empty for what needs no telling, and the facts it settles."""

    label: str
    facts: Mapping[str, object]
    beyond: bool = False
    """Larger than anybody is likely to write, and nothing forbids it."""


@dataclass(frozen=True, slots=True)
class Axis:
    """The choices for one input or fact; `complete` when there are no others."""

    choices: Sequence[Choice]
    complete: bool
    endless: str = ""
    """Title of an input without a largest value."""


def axes_of(rule: Rule, first: date, last: date, past: Tally) -> Iterator[Axis]:
    """What there is to choose for the expressions of a rule, with deeds from `first` to `last`; `past` is any."""
    facts = {fact.name: fact for fact in rule.facts}
    texts = " ".join(each.text for each in (rule.when, rule.points) if isinstance(each, Expression))
    numbers = [float(found[0]) for found in islice(_NUMBER.finditer(texts), _MOST_LITERALS)]
    words = [found[1] or found[2] or "" for found in islice(_TEXT.finditer(texts), _MOST_LITERALS)]
    decides = rule.points.input_id if isinstance(rule.points, ByChoice) else ""
    for asked in rule.inputs:
        mine = [facts.pop(name) for name in list(facts) if f"{name}.".startswith(f"input.{asked.id}.")]
        if mine or asked.id == decides:
            yield _input(asked, mine, numbers, words, past)
    deed = [facts.pop(name) for name in list(facts) if name.startswith("deed.")]
    if deed:
        yield _days(first, last, tuple(sorted(deed, key=lambda fact: fact.name)), past)
    for fact in facts.values():
        yield _other(fact, numbers, words)


def _input(
    asked: Input, mine: Sequence[Fact], numbers: Sequence[float], words: Sequence[str], past: Tally
) -> Axis:
    answers, complete = _answers(asked, numbers, words)
    endless = asked.type in ("integer", "number") and asked.high is None
    choices = [
        Choice(
            f"「{asked.title}」填 {shown}",
            {f"input.{asked.id}": answer}
            | {fact.name: fact.read(_NOBODY, {asked.id: answer}, past) for fact in mine},
            beyond=endless and isinstance(answer, int | float) and answer > MOST_POINTS,
        )
        for shown, answer in answers
    ]
    return Axis(choices, complete, asked.title if endless else "")


def _answers(
    asked: Input, numbers: Sequence[float], words: Sequence[str]
) -> tuple[list[tuple[str, object]], bool]:
    """Answers with how they are shown, the smallest first; whether there are no others."""
    if asked.type == "choice":
        return [(f"“{option.title}”", option.id) for option in asked.options], True
    if asked.type in ("integer", "number"):
        found, complete = _range(asked, numbers)
        return [(f"{answer:g}" if answer < 10**6 else str(answer), answer) for answer in found], complete
    if asked.type == "date":
        return [(str(day), day) for day in (date(2000, 2, 29), date(2026, 1, 1), date(2026, 12, 31))], False
    if asked.type == "sheet":
        items = asked.items
        rows = (
            ("全部 0 分", tuple(0 for _ in items)),
            ("全部一半", tuple(item.most // 2 for item in items)),
            ("全部满分", tuple(item.most for item in items)),
        )
        return [(shown, (row,) * asked.judges) for shown, row in rows], False
    return [
        (f"“{word}”", word) for word in dict.fromkeys((*([] if asked.required else [""]), "文字", *words))
    ], False


def _range(asked: Input, numbers: Sequence[float]) -> tuple[list[int | float], bool]:
    whole = asked.type == "integer"
    low = asked.low if asked.low is not None else min(0, asked.high or 0)
    high = asked.high
    if whole and asked.low is not None and high is not None and high - low < _ALL_OF_A_RANGE:
        # A bound may be written with a fraction.
        return list(range(int(-(-low // 1)), int(high // 1) + 1)), True
    wanted: set[float] = {low, low + 1, *(number + by for number in numbers for by in (-1, 0, 1))}
    wanted |= {high, (low + high) / 2} if high is not None else set(_VERY_MANY)
    if asked.low is None:
        wanted |= {-1, -(10**6)}
    return sorted(
        {
            int(number) if whole else float(number)
            for number in wanted
            if (asked.low is None or number >= low) and (high is None or number <= high)
        }
        or {int(low) if whole else float(low)}
    ), False


@lru_cache(maxsize=64)
def _days(first: date, last: date, deed: tuple[Fact, ...], past: Tally) -> Axis:
    names = {fact.name for fact in deed}
    complete = (last - first).days <= _LONGEST_SPAN or any(names <= each for each in _ENDLESS_DAYS)
    seen: dict[tuple[object, ...], Choice] = {}
    for number in range(min((last - first).days, _LONGEST_SPAN) + 1):
        claim = Claim("", first + timedelta(days=number), "")
        facts = {fact.name: fact.read(claim, {}, past) for fact in deed}
        seen.setdefault(tuple(facts.values()), Choice(f"日期 {claim.deed_on}", facts))
    return Axis(list(seen.values()), complete)


def _other(fact: Fact, numbers: Sequence[float], words: Sequence[str]) -> Axis:
    """A fact of the household or the village, or a running total."""
    if fact.kind == "text":
        found: list[object] = list(dict.fromkeys(("某村", *words)))
    else:
        usual = _SOME_TOTALS if fact.count else _SOME_PEOPLE if "people" in fact.name else _SOME_HOUSEHOLDS
        least = 0 if fact.count else 1
        found = sorted(
            {n for n in (*usual, *(int(m) + by for m in numbers for by in (-1, 0, 1))) if least <= n <= 1000}
        )
    title = fact.label or _TITLES.get(fact.name, fact.name)
    return Axis([Choice(f"{title} {value}", {fact.name: value}) for value in found], complete=False)


_TITLES = {"household.people": "家里人口", "household.village": "村"}
_NOBODY = Claim("", date(2026, 1, 1), "")
