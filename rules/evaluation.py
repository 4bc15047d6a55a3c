"""Decides what a claim is worth under a rulebook, and records how it was decided.

Pure: what was awarded before comes in through `usage`, the day of the deed is given, and nothing is kept.
"""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Literal, TypeAlias

import msgspec

from rules.book import MOST_POINTS, ByChoice, HouseholdFacts, Rule, Rulebook
from rules.expression import Expression, ExpressionFailed
from rules.inputs import Answer, cel_values, check_answers
from rules.limits import Limit, Used, Window

Usage: TypeAlias = Callable[[Limit, Window], Used]
"""Answers how much has been awarded already within a limit's window.

Counted are the accepted awards whose day of the deed lies in the window, on notice or posted, not
those refused, voided or reversed; with the points that were awarded in the end, after cuts. By
`limit.scope`: awards under the same rule, under any rule of its category, or under any rule. By
`limit.per`: of the same household, or of the same person in it. The claim being evaluated is not
counted. Whoever evaluates and then books must hold both in one transaction, or two claims may take
the same last point.
"""

RefusalCode: TypeAlias = Literal[
    "not_in_force",
    "bad_input",
    "person_required",
    "condition_not_met",
    "no_points",
    "limit_reached",
    "failed",
]


class Refusal(msgspec.Struct, frozen=True):
    """Why a claim earns nothing: code for programs, Chinese sentence for people, detail for the author."""

    code: RefusalCode
    message: str
    detail: str = ""


class LimitStep(msgspec.Struct, frozen=True):
    """One limit as it was applied to one claim.

    `starts` is the first day of the window and `ends` the first day after it; what is left is counted
    before this award; the award was `before` points and came out as `after`.
    """

    limit: Limit
    starts: date
    ends: date
    used: Used
    times_left: int | None
    points_left: int | None
    before: int
    after: int


class Trace(msgspec.Struct, frozen=True):
    """The whole reasoning of one evaluation, fit to be stored beside the award.

    `offered` is the amount before limits, None when it never came to that; `condition` is None for a rule
    without one. `amount_text` and `condition_text` are the expressions as the book has them.
    """

    rule_id: str
    rule_title: str
    book_title: str
    book_version: str
    deed_on: date
    person: str | None
    inputs: Mapping[str, Answer]
    condition_text: str | None = None
    condition: bool | None = None
    amount_text: str | None = None
    offered: int | None = None
    limits: tuple[LimitStep, ...] = ()
    refusals: tuple[Refusal, ...] = ()


class Outcome(msgspec.Struct, frozen=True):
    """`points` to award (0 when not accepted), and the trace that says why."""

    points: int
    accepted: bool
    trace: Trace


def evaluate(
    rulebook: Rulebook,
    rule_id: str,
    inputs: Mapping[str, object],
    deed_on: date,
    usage: Usage,
    household: HouseholdFacts,
    person: str | None = None,
) -> Outcome:
    """What a claim is worth. Never raises for a bad claim: the trace's refusals say what is wrong.

    `inputs` by input id: int for integer, int or float for number, an option's id for a choice, a date
    or its ISO text, texts otherwise. `person` names who did it, needed where a limit counts by person.
    Raises UnknownRule when the book has no such rule.
    """
    rule = rulebook.rule(rule_id)
    answers, complaints = check_answers(rule.inputs, inputs)
    finding = _Finding(rulebook, rule, deed_on, person, answers)
    if not rulebook.in_force(deed_on):
        return finding.refused("not_in_force", _outside(rulebook, deed_on))
    if complaints:
        return finding.refused("bad_input", *complaints)
    if not person and any(limit.per == "person" for limit in rule.limits):
        return finding.refused("person_required", "这一项按人计算次数,请注明是家里哪位做的。")
    try:
        refusal = finding.weigh(household)
    except ExpressionFailed as error:
        return finding.refused("failed", "按填报的内容算不出结果,请核对填报内容。", detail=str(error))
    return refusal or finding.limited(usage)


class _Finding:
    """The evaluation in progress: what has been established, to be written into the trace at the end."""

    __slots__ = ("answers", "book", "condition", "deed_on", "offered", "person", "rule", "steps")

    def __init__(
        self, book: Rulebook, rule: Rule, deed_on: date, person: str | None, answers: Mapping[str, Answer]
    ) -> None:
        self.book, self.rule, self.deed_on, self.person, self.answers = book, rule, deed_on, person, answers
        self.condition: bool | None = None
        self.offered: int | None = None
        self.steps: list[LimitStep] = []

    def weigh(self, household: HouseholdFacts) -> Outcome | None:
        """Settle condition and amount before limits; an outcome only if the claim fails here."""
        rule, points = self.rule, self.rule.points
        values: dict[str, object] = {}
        if rule.when is not None or isinstance(points, Expression):
            values = cel_values(rule.inputs, self.answers)
            values["household.people"], values["household.village"] = household.people, household.village
        if rule.when is not None:
            self.condition = rule.when.holds(values)
            if not self.condition:
                return self.refused("condition_not_met", f"不符合条件:{rule.when_note}。")
        if isinstance(points, int):
            self.offered = points
        elif isinstance(points, ByChoice):
            # A choice with amounts is always required and its answer was checked against the options.
            self.offered = points.amounts[str(self.answers[points.input_id])]
        else:
            self.offered = points.amount(values)
            if self.offered <= 0:
                return self.refused("no_points", f"按“{rule.points_note}”计算,这次不够得分。")
            if self.offered > MOST_POINTS:
                return self.refused("no_points", f"算出 {self.offered} 分,超过一次最多 {MOST_POINTS} 分,请核对。")
        return None

    def limited(self, usage: Usage) -> Outcome:
        """Apply the limits in turn: each sees what the one before left of the award."""
        award = self.offered or 0
        for limit in self.rule.limits:
            window = limit.window(self.deed_on)
            used = usage(limit, window)
            times_left = None if limit.times is None else max(0, limit.times - used.times)
            points_left = None if limit.points is None else max(0, limit.points - used.points)
            after = award if points_left is None else min(award, points_left)
            if times_left == 0:
                after = 0
            self.steps.append(LimitStep(limit, *window, used, times_left, points_left, award, after))
            award = after
            if award == 0:
                return self.refused("limit_reached", "名额或分数已满,这次不再记分。")
        return Outcome(award, True, self._trace())

    def refused(self, code: RefusalCode, *messages: str, detail: str = "") -> Outcome:
        """The outcome of a claim that earns nothing."""
        return Outcome(0, False, self._trace(tuple(Refusal(code, message, detail) for message in messages)))

    def _trace(self, refusals: tuple[Refusal, ...] = ()) -> Trace:
        rule, points = self.rule, self.rule.points
        return Trace(
            rule.id,
            rule.title,
            self.book.title,
            self.book.version,
            self.deed_on,
            self.person,
            self.answers,
            rule.when.text if rule.when is not None else None,
            self.condition,
            points.text if isinstance(points, Expression) else None,
            self.offered,
            tuple(self.steps),
            refusals,
        )


def _outside(book: Rulebook, deed_on: date) -> str:
    if deed_on < book.effective_from:
        return f"{deed_on} 在本办法生效({book.effective_from})之前,不能按本办法记分。"
    return f"{deed_on} 在本办法失效({book.effective_until})之后,不能按本办法记分。"
