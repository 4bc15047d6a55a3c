"""What expressions may know: a name, its type, where its value comes from, and how to say it in Chinese.

    input.NAME                     the claim's answers; of a sheet: .total .points .judges .ITEM
    household.people  .village     the household
    deed.on .year .month .day .weekday    the day of the deed; weekday 1 is Monday
    rule.ID.times_PERIOD  .points_PERIOD  category.ID.…  total.…      what the household was awarded so far
    rule.ID.streak_months          months in a row with an award, up to the deed's month or the one before
    village.households             how many there are
    village.rule.ID.households_PERIOD     how many of them were awarded

PERIOD is day, week, month, quarter, year or lifetime, always the one that the deed falls in.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, cast, get_args

from rules.claim import Claim
from rules.expression import Kind
from rules.limits import Count, Period, Scope
from rules.problems import nearest

if TYPE_CHECKING:
    from rules.book import Rule

Answers: TypeAlias = Mapping[str, Any]


class Past(Protocol):
    """The awards before a claim.

    Counted are the accepted awards whose day of the deed lies in the window of the claim's, on notice or
    posted, not those refused, voided or reversed; with the points that were awarded in the end, after cuts.
    The claim being weighed is not counted. Whoever evaluates and then books must hold both in one
    transaction, or two claims may take the same last point.
    """

    def used(self, count: Count, claim: Claim, back: int = 0) -> tuple[int, int]:
        """Times and points of the awards that `count` adds up for this claim, `back` periods before its own."""
        ...

    def spent(self, rule: "Rule", claim: Claim) -> Sequence[tuple[int, int]]:
        """What each limit of the rule has used for this claim: times and points."""
        ...


Read: TypeAlias = Callable[[Claim, Answers, Past], object]


@dataclass(frozen=True, slots=True, eq=False)
class Fact:
    """A name that an expression uses. `count` is what has to be added up for it; `label` says a running total
    in Chinese (`已连续几个月`), empty for what the claim itself says. `given` names the input whose answer it
    is as it stands, an empty text where that was left out."""

    name: str
    kind: Kind
    read: Read
    label: str = ""
    count: Count | None = None
    given: str = ""


PERIODS = get_args(Period)
_PERIOD_NOTES: Mapping[Period, str] = {
    "day": "当天",
    "week": "当周",
    "month": "当月",
    "quarter": "当季",
    "year": "当年",
    "lifetime": "一共",
}
_LONGEST_STREAK = 120
_TOTAL = re.compile(rf"(times|points)_({'|'.join(PERIODS)})")
_TEAM = re.compile(rf"households_({'|'.join(PERIODS)})")
_NAME = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*")


class Names:
    """The names that the expressions of one rule may use: `inputs` are its own, titles by id say the rest."""

    def __init__(
        self, inputs: Iterable[Fact], rule_titles: Mapping[str, str], category_titles: Mapping[str, str]
    ) -> None:
        self._fixed = {fact.name: fact for fact in (*inputs, *_CLAIM)}
        self._rules, self._categories = rule_titles, category_titles

    def used_in(self, text: str) -> tuple[Fact, ...]:
        """The facts whose names stand in an expression."""
        found: dict[str, Fact] = {}
        for match in _NAME.finditer(text):
            steps = match[0].split(".")
            # What follows a name may be a method of it: input.note.startsWith.
            for length in range(len(steps), 0, -1):
                fact = self._fact(".".join(steps[:length]))
                if fact:
                    found[fact.name] = fact
                    break
        return tuple(found.values())

    def near(self, text: str) -> Iterator[str]:
        """The names an expression may have meant, to suggest the nearest; those of the claim itself first."""
        totals = [f"{measure}_{period}" for measure in ("times", "points") for period in PERIODS]
        categories = _mentioned(text, "category", self._categories)
        rules = _mentioned(text, "rule", self._rules)
        yield from self._fixed
        yield from (f"total.{total}" for total in totals)
        yield from (f"category.{id}.{total}" for id in categories for total in totals)
        yield from (f"rule.{id}.{total}" for id in rules for total in (*totals, "streak_months"))
        yield from (f"village.rule.{id}.households_{period}" for id in rules for period in PERIODS)

    def _fact(self, name: str) -> Fact | None:
        if name in self._fixed:
            return self._fixed[name]
        match name.split("."):
            case ["total", total]:
                return _total(name, "total", "", total, "所有项目")
            case ["category", id, total] if id in self._categories:
                return _total(name, "category", id, total, f"「{self._categories[id]}」类")
            case ["rule", id, "streak_months"] if id in self._rules:
                return _streak(name, id, self._rules[id])
            case ["rule", id, total] if id in self._rules:
                return _total(name, "rule", id, total, f"「{self._rules[id]}」")
            case ["village", "rule", id, total] if id in self._rules:
                return _team(name, id, total, self._rules[id])
        return None


def _mentioned(text: str, kind: str, known: Iterable[str]) -> list[str]:
    """The ids that stand behind `kind` in an expression, and the nearest to those that stand there wrongly."""
    ids = set(known)
    written = dict.fromkeys(re.findall(rf"\b{kind}\.(\w+)", text))
    return [name for id in written for name in ([id] if id in ids else nearest(id, ids, 3))]


def midnight(day: date) -> datetime:
    """A date as CEL knows it."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


_CLAIM = (
    Fact("household.people", "integer", lambda claim, _a, _p: claim.people),
    Fact("household.village", "text", lambda claim, _a, _p: claim.village),
    Fact("village.households", "integer", lambda claim, _a, _p: claim.households, "全村户数"),
    Fact("deed.on", "date", lambda claim, _a, _p: midnight(claim.deed_on)),
    Fact("deed.year", "integer", lambda claim, _a, _p: claim.deed_on.year),
    Fact("deed.month", "integer", lambda claim, _a, _p: claim.deed_on.month),
    Fact("deed.day", "integer", lambda claim, _a, _p: claim.deed_on.day),
    Fact("deed.weekday", "integer", lambda claim, _a, _p: claim.deed_on.isoweekday()),
)


def _total(name: str, scope: Scope, of: str, total: str, what: str) -> Fact | None:
    written = _TOTAL.fullmatch(total)
    if not written:
        return None
    period = cast(Period, written[2])
    count = Count(scope, of, period=period)
    when = _PERIOD_NOTES[period]
    if written[1] == "times":
        return Fact(
            name, "integer", lambda claim, _a, past: past.used(count, claim)[0], f"{what}{when}已记次数", count
        )
    return Fact(
        name, "integer", lambda claim, _a, past: past.used(count, claim)[1], f"{what}{when}已记分数", count
    )


def _streak(name: str, rule: str, title: str) -> Fact:
    count = Count("rule", rule, period="month")

    def read(claim: Claim, _answers: Answers, past: Past) -> int:
        # The month of the deed may not be over: a gap there breaks nothing yet.
        gap = 0 if past.used(count, claim)[0] else 1
        months = 1 - gap
        while months < _LONGEST_STREAK and past.used(count, claim, back=months + gap)[0]:
            months += 1
        return months

    return Fact(name, "integer", read, f"「{title}」已连续几个月", count)


def _team(name: str, rule: str, total: str, title: str) -> Fact | None:
    written = _TEAM.fullmatch(total)
    if not written:
        return None
    period = cast(Period, written[1])
    count = Count("rule", rule, per="village", period=period, households=True)
    return Fact(
        name,
        "integer",
        lambda claim, _answers, past: past.used(count, claim)[0],
        f"全村{_PERIOD_NOTES[period]}已得「{title}」的户数",
        count,
    )
