"""Decides what a claim is worth under a rulebook, and records how it was decided.

Pure: what was awarded before comes in through `past`, the day of the deed is given, and nothing is kept.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Literal, TypeAlias

import msgspec

from rules.book import DEDUCTED_IN_YEAR, MOST_POINTS, ByChoice, Decided, Deduction, Rule, Rulebook
from rules.claim import Claim
from rules.expression import Expression, ExpressionFailed
from rules.inputs import Recorded, check_answers
from rules.limits import Limit, Used
from rules.variables import Past

RefusalCode: TypeAlias = Literal[
    "not_in_force",
    "bad_input",
    "person_required",
    "condition_not_met",
    "no_points",
    "limit_reached",
    "not_reminded",
    "nothing_to_take",
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


class Multiplied(msgspec.Struct, frozen=True):
    """A campaign that made the award larger: `times` as written in the book, `before` points as it was."""

    campaign: str
    times: str
    before: int


class Known(msgspec.Struct, frozen=True):
    """A running total that an expression used: its name, what it is in Chinese, its value."""

    name: str
    label: str
    value: int


class Trace(msgspec.Struct, frozen=True):
    """The whole reasoning of one evaluation, fit to be stored beside the award, in JSON as well.

    `inputs` are the answers but for the dates, which stand in `dates`: JSON has no dates to tell from texts.
    `offered` is the amount before limits, None when it never came to that, negative for a deduction;
    `condition` is None for a rule without one. `amount_text` and `condition_text` are the expressions as the
    book has them, `known` the running totals they used. `cuts` are Chinese sentences for every bound
    but a limit that made the amount smaller. `covenant` is the clause that a deduction cites.
    """

    rule_id: str
    rule_title: str
    book_title: str
    book_version: str
    deed_on: date
    person: str | None
    inputs: Mapping[str, Recorded]
    dates: Mapping[str, date] = {}
    condition_text: str | None = None
    condition: bool | None = None
    amount_text: str | None = None
    known: tuple[Known, ...] = ()
    multiplied: Multiplied | None = None
    cuts: tuple[str, ...] = ()
    offered: int | None = None
    limits: tuple[LimitStep, ...] = ()
    covenant: str | None = None
    refusals: tuple[Refusal, ...] = ()


class Outcome(msgspec.Struct, frozen=True):
    """`points` to award (0 when not accepted, negative for a deduction), and the trace that says why."""

    points: int
    accepted: bool
    trace: Trace


def evaluate(book: Rulebook, claim: Claim, past: Past) -> Outcome:
    """What a claim is worth, and why. Never raises for a bad claim: the trace's refusals say what is wrong.

    Raises UnknownRule when the book has no such rule.
    """
    finding = _Finding(book, book.rule(claim.rule), claim)
    points = finding.decide(past)
    return Outcome(points, not finding.refusals, finding.trace())


def award(book: Rulebook, claim: Claim, past: Past) -> tuple[int, bool]:
    """What `evaluate` comes to without the reasons, at half the cost: the points, 0 when the claim is refused, and
    whether a limit or another bound cut them. Raises UnknownRule."""
    finding = _Finding(book, book.rule(claim.rule), claim)
    points = finding.decide(past)
    return points, points != 0 and (points != finding.offered or finding.cuts != ())


class _Finding:
    """The evaluation in progress: what has been established, to be written into the trace at the end."""

    answers: Mapping[str, Any] = {}
    condition: bool | None = None
    values: Mapping[str, object] = {}
    multiplied: Multiplied | None = None
    cuts: tuple[str, ...] = ()
    offered: int | None = None
    spent: Sequence[tuple[int, int]] = ()
    refusals: tuple[Refusal, ...] = ()

    def __init__(self, book: Rulebook, rule: Rule, claim: Claim) -> None:
        self.book, self.rule, self.claim = book, rule, claim

    def decide(self, past: Past) -> int:
        """The points that the claim comes to, 0 with `refusals` if none."""
        book, rule, claim = self.book, self.rule, self.claim
        day, until = claim.deed_on, book.effective_until
        complaints: Sequence[str] = ()
        if rule.inputs or claim.inputs:
            self.answers, complaints = check_answers(rule.inputs, claim.inputs)
        if day < book.effective_from or (until is not None and day > until):
            return self._refuse("not_in_force", _outside(book, day))
        if (rule.first and day < rule.first) or (rule.last and day > rule.last):
            return self._refuse("not_in_force", _outside_rule(rule))
        if complaints:
            return self._refuse("bad_input", *complaints)
        if rule.by_person and not claim.person:
            return self._refuse("person_required", "这一项按人计算次数，请注明是家里哪位做的。")
        if type(rule.points) is int and rule.when is None:
            offered = rule.points
        else:
            try:
                offered = self._offered(past)
            except ExpressionFailed as error:
                return self._refuse("failed", "按填报的内容算不出结果，请核对填报内容。", detail=str(error))
        if book.campaigns or rule.most_points is not None or offered > MOST_POINTS:
            offered = self._bounded(offered)
        if offered == 0:
            return 0
        self.offered = offered
        if rule.deduction:
            return self._taken(past, rule.deduction)
        if not rule.limits:
            return offered
        self.spent = past.spent(rule, claim)
        points = self._within_limits(offered)[-1]
        return points or self._refuse("limit_reached", "名额或分数已满，这次不再记分。")

    def trace(self) -> Trace:
        """What has been established, as it is kept."""
        rule, points, claim = self.rule, self.rule.points, self.claim
        return Trace(
            rule_id=rule.id,
            rule_title=rule.title,
            book_title=self.book.title,
            book_version=self.book.version,
            deed_on=claim.deed_on,
            person=claim.person,
            inputs={name: answer for name, answer in self.answers.items() if not isinstance(answer, date)},
            dates={name: answer for name, answer in self.answers.items() if isinstance(answer, date)},
            condition_text=rule.when.text if rule.when is not None else None,
            condition=self.condition,
            amount_text=points.text if isinstance(points, Expression) else None,
            known=tuple(
                Known(fact.name, fact.label, value)
                for fact in rule.facts
                if fact.label and isinstance(value := self.values.get(fact.name), int)
            ),
            multiplied=self.multiplied,
            cuts=self.cuts,
            offered=self.offered,
            limits=self._steps(),
            covenant=rule.deduction.covenant if rule.deduction else None,
            refusals=self.refusals,
        )

    def _steps(self) -> tuple[LimitStep, ...]:
        """The limits as they were applied, up to the one that left nothing."""
        before = abs(self.offered or 0)
        steps = []
        amounts = self._within_limits(before) if self.spent else ()
        for limit, (times, points), after in zip(self.rule.limits, self.spent, amounts, strict=False):
            starts, ends = limit.window(self.claim.deed_on)
            most = abs(self.offered or 0) if limit.highest else limit.points
            steps.append(
                LimitStep(
                    limit=limit,
                    starts=starts,
                    ends=ends,
                    used=Used(times, points),
                    times_left=None if limit.times is None else max(0, limit.times - times),
                    points_left=None if most is None else max(0, most - points),
                    before=before,
                    after=after,
                )
            )
            before = after
        return tuple(steps)

    def _offered(self, past: Past) -> int:
        """Settle condition and amount before limits; 0 with a refusal if the claim fails here."""
        rule, points = self.rule, self.rule.points
        values: Mapping[str, object] = {}
        if rule.facts:
            claim, answers = self.claim, self.answers
            self.values = values = {
                fact.name: answers.get(fact.given, "") if fact.given else fact.read(claim, answers, past)
                for fact in rule.facts
            }
        if rule.when is not None:
            self.condition = rule.when.holds(values)
            if not self.condition:
                return self._refuse("condition_not_met", f"不符合条件：{rule.when_note}。")
        if type(points) is int:
            offered = points
        elif isinstance(points, ByChoice):
            # A choice with amounts is always required and its answer was checked against the options.
            offered = points.amounts[self.answers[points.input_id]]
        elif isinstance(points, Expression):
            offered = points.amount(values)
            if offered <= 0:
                return self._refuse("no_points", f"按“{rule.points_note}”计算，这次不够得分。")
        else:
            offered = self.answers[Decided.AMOUNT]
        return offered

    def _bounded(self, offered: int) -> int:
        if self.book.campaigns:
            campaign = self.book.campaign(self.rule, self.claim.deed_on)
            if campaign:
                self.multiplied = Multiplied(campaign.title, campaign.times, offered)
                offered = int(offered * campaign.multiply)
        if offered > MOST_POINTS:
            return self._refuse("no_points", f"算出 {offered} 分，超过一次最多 {MOST_POINTS} 分，请核对。")
        most = self.rule.most_points
        if most is not None and offered > most:
            self.cuts = (f"一次最多记 {most} 分。",)
            return most
        return offered

    def _taken(self, past: Past, deduction: Deduction) -> int:
        """A deduction within its own bounds: reminded before, not too much in a year, never below zero."""
        if deduction.reminder and self.answers[Deduction.REMINDED_ON] >= self.claim.deed_on:
            return self._refuse("not_reminded", "要先书面提醒，之后再犯才能扣分；提醒的日期要早于这一次。")
        self.spent = past.spent(self.rule, self.claim)
        taking = [-(self.offered or 0), *self._within_limits(-(self.offered or 0))][-1]
        if taking == 0:
            return self._refuse("limit_reached", "已经扣过，不再重复扣分。")
        most, taken = self.book.deduction_bounds.a_year, past.used(DEDUCTED_IN_YEAR, self.claim)[1]
        balance = self.claim.balance
        if taken >= most:
            return self._refuse("nothing_to_take", f"一户一年最多扣 {most} 分，今年已经扣满，不再扣。")
        if balance is not None and balance <= 0:
            sentence = "这户现在没有可扣的积分：余额不因扣分低于 0，已兑换的不追扣。"
            return self._refuse("nothing_to_take", sentence)
        if taking > most - taken:
            taking = most - taken
            self.cuts = (*self.cuts, f"一户一年最多扣 {most} 分，今年已扣 {taken} 分。")
        if balance is not None and taking > balance:
            taking = balance
            self.cuts = (*self.cuts, f"可扣的积分只有 {balance} 分，余额不因扣分低于 0。")
        return -taking

    def _within_limits(self, amount: int) -> list[int]:
        """The amount after each limit in turn, which sees what the one before left of it; ends with the first that
        leaves nothing."""
        left = []
        for limit, (times, points) in zip(self.rule.limits, self.spent, strict=True):
            most = abs(self.offered or 0) if limit.highest else limit.points
            if limit.times is not None and times >= limit.times:
                amount = 0
            elif most is not None and amount > most - points:
                amount = most - points if most > points else 0
            left.append(amount)
            if amount == 0:
                break
        return left

    def _refuse(self, code: RefusalCode, *messages: str, detail: str = "") -> int:
        self.refusals = tuple(Refusal(code, message, detail) for message in messages)
        return 0


def _outside_rule(rule: Rule) -> str:
    since = f"从 {rule.first} 起" if rule.first else ""
    until = f"到 {rule.last} 为止" if rule.last else ""
    return f"这一项{since}{until}有效，那一天不在内。"


def _outside(book: Rulebook, deed_on: date) -> str:
    if deed_on < book.effective_from:
        return f"{deed_on} 在本办法生效（{book.effective_from}）之前，不能按本办法记分。"
    return f"{deed_on} 在本办法失效（{book.effective_until}）之后，不能按本办法记分。"
