"""Evaluates a claim under a rulebook and traces how.

Pure: earlier awards come in through `history`, the day of the deed through the claim, and nothing is stored.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Literal, TypeAlias

import msgspec

from rules.book import DEDUCTIONS_IN_YEAR, MAX_POINTS, Deduction, PointsByChoice, PointsByMeeting, Rule, Rulebook
from rules.claim import Claim
from rules.expression import EvaluationError, Expression, Outdated
from rules.inputs import JsonAnswer, check_answers
from rules.limits import Limit, Usage
from rules.variables import AwardHistory

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
    """Why a claim earns nothing: a code for programs, a Chinese sentence for people, a detail for the book's
    author."""

    code: RefusalCode
    message: str
    detail: str = ""


class LimitStep(msgspec.Struct, frozen=True):
    """One limit as it was applied to one claim.

    `starts` is the first day of the window and `ends` the first day after it. `times_left` and `points_left` are
    what was left before this award. The limit turned an award of `before` points into `after`.
    """

    limit: Limit
    starts: date
    ends: date
    used: Usage
    times_left: int | None
    points_left: int | None
    before: int
    after: int


class CampaignStep(msgspec.Struct, frozen=True):
    """A campaign that multiplied the award: `times` is the factor as the book writes it, `before` the award
    without it."""

    campaign: str
    times: str
    before: int


class RunningTotal(msgspec.Struct, frozen=True):
    """A running total that an expression used: its name, its Chinese label, its value."""

    name: str
    label: str
    value: int


class Trace(msgspec.Struct, frozen=True):
    """The complete reasoning of one evaluation, stored as JSON with the award.

    `inputs` are the answers without dates, which are in `dates`: JSON can't tell dates from texts. `offered` is
    the amount before limits, None when the claim failed earlier, negative for a deduction. `condition` is None for
    a rule without one. `amount_text` and `condition_text` are the expressions of the book, `known` the running
    totals they used. `cuts` are Chinese sentences for every bound other than a limit that reduced the amount.
    `covenant` is the clause that a deduction cites.
    """

    rule_id: str
    rule_title: str
    book_title: str
    book_version: str
    deed_on: date
    person: str | None
    inputs: Mapping[str, JsonAnswer]
    dates: Mapping[str, date] = {}
    condition_text: str | None = None
    condition: bool | None = None
    amount_text: str | None = None
    known: tuple[RunningTotal, ...] = ()
    multiplied: CampaignStep | None = None
    cuts: tuple[str, ...] = ()
    offered: int | None = None
    limits: tuple[LimitStep, ...] = ()
    covenant: str | None = None
    refusals: tuple[Refusal, ...] = ()


class Evaluation(msgspec.Struct, frozen=True):
    """`points` to award (0 when not accepted, negative for a deduction), and the trace that explains them."""

    points: int
    accepted: bool
    trace: Trace


def evaluate(book: Rulebook, claim: Claim, history: AwardHistory) -> Evaluation:
    """Evaluate a claim. An invalid claim doesn't raise: the trace's refusals say what is wrong.

    Raises UnknownRule when the book has no such rule.
    """
    evaluator = _Evaluator(book, book.get_rule(claim.rule), claim)
    points = evaluator.decide(history)
    return Evaluation(points, not evaluator.refusals, evaluator.build_trace())


def evaluate_points(book: Rulebook, claim: Claim, history: AwardHistory) -> tuple[int, bool]:
    """As `evaluate`, without the trace and at half the cost: the points, 0 when the claim is refused, and whether
    a limit or another bound cut them. Raises UnknownRule."""
    evaluator = _Evaluator(book, book.get_rule(claim.rule), claim)
    points = evaluator.decide(history)
    return points, points != 0 and (points != evaluator.offered or evaluator.cuts != ())


class _Evaluator:
    """An evaluation in progress; `build_trace` collects its attributes at the end."""

    answers: Mapping[str, Any] = {}
    condition: bool | None = None
    values: Mapping[str, object] = {}
    multiplied: CampaignStep | None = None
    cuts: tuple[str, ...] = ()
    offered: int | None = None
    limit_usage: Sequence[tuple[int, int]] = ()
    refusals: tuple[Refusal, ...] = ()

    def __init__(self, book: Rulebook, rule: Rule, claim: Claim) -> None:
        self.book, self.rule, self.claim = book, rule, claim

    def decide(self, history: AwardHistory) -> int:
        """The points of the claim; 0 with `refusals` set when it is refused."""
        book, rule, claim = self.book, self.rule, self.claim
        day, until = claim.deed_on, book.effective_until
        errors: Sequence[str] = ()
        if rule.inputs or claim.inputs:
            self.answers, errors = check_answers(rule.inputs, claim.inputs)
        if day < book.effective_from or (until is not None and day > until):
            return self._refuse("not_in_force", _outside_book(book, day))
        if (rule.first and day < rule.first) or (rule.last and day > rule.last):
            return self._refuse("not_in_force", _outside_rule(rule))
        if errors:
            return self._refuse("bad_input", *errors)
        if rule.requires_person and not claim.person:
            return self._refuse("person_required", "这一项按人计算次数，请注明是家里哪位做的。")
        if type(rule.points) is int and rule.when is None:
            offered = rule.points
        else:
            try:
                offered = self._compute_amount(history)
            except Outdated as error:
                return self._refuse(
                    "failed", "这一项的算式是旧写法，现在算不了；请支委改写后重新通过。", detail=str(error)
                )
            except EvaluationError as error:
                return self._refuse("failed", "按填报的内容算不出结果，请核对填报内容。", detail=str(error))
        if book.campaigns or rule.most_points is not None or offered > MAX_POINTS:
            offered = self._apply_campaign_and_caps(offered)
        if offered == 0:
            return 0
        self.offered = offered
        if rule.deduction:
            return self._apply_deduction_bounds(history, rule.deduction)
        if not rule.limits:
            return offered
        self.limit_usage = history.sum_by_limit(rule, claim)
        points = self._apply_limits(offered)[-1]
        return points or self._refuse("limit_reached", "名额或分数已满，这次不再记分。")

    def build_trace(self) -> Trace:
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
                RunningTotal(variable.name, variable.label, value)
                for variable in rule.variables
                if variable.label and isinstance(value := self.values.get(variable.name), int)
            ),
            multiplied=self.multiplied,
            cuts=self.cuts,
            offered=self.offered,
            limits=self._limit_steps(),
            covenant=rule.deduction.covenant if rule.deduction else None,
            refusals=self.refusals,
        )

    def _limit_steps(self) -> tuple[LimitStep, ...]:
        """The limits as they were applied, up to the first that left nothing."""
        before = abs(self.offered or 0)
        steps = []
        amounts = self._apply_limits(before) if self.limit_usage else ()
        for limit, (times, points), after in zip(self.rule.limits, self.limit_usage, amounts, strict=False):
            starts, ends = limit.window(self.claim.deed_on)
            most = abs(self.offered or 0) if limit.highest else limit.points
            steps.append(
                LimitStep(
                    limit=limit,
                    starts=starts,
                    ends=ends,
                    used=Usage(times, points),
                    times_left=None if limit.times is None else max(0, limit.times - times),
                    points_left=None if most is None else max(0, most - points),
                    before=before,
                    after=after,
                )
            )
            before = after
        return tuple(steps)

    def _compute_amount(self, history: AwardHistory) -> int:
        """Evaluate the condition and the amount before limits; 0 with a refusal if the claim fails here."""
        rule, points = self.rule, self.rule.points
        values: Mapping[str, object] = {}
        if rule.variables:
            claim, answers = self.claim, self.answers
            self.values = values = {
                variable.name: answers.get(variable.input_id, "")
                if variable.input_id
                else variable.read(claim, answers, history)
                for variable in rule.variables
            }
        if rule.when is not None:
            self.condition = rule.when.evaluate_condition(values)
            if not self.condition:
                return self._refuse("condition_not_met", f"不符合条件：{rule.when_note}。")
        if type(points) is int:
            offered = points
        elif isinstance(points, PointsByChoice):
            # A choice with amounts is always required, and its answer was checked against the options.
            offered = points.amounts[self.answers[points.input_id]]
        elif isinstance(points, Expression):
            offered = points.evaluate_amount(values)
            if offered <= 0:
                return self._refuse("no_points", f"按“{rule.points_note}”计算，这次不够得分。")
        else:
            offered = self.answers[PointsByMeeting.AMOUNT]
        return offered

    def _apply_campaign_and_caps(self, offered: int) -> int:
        if self.book.campaigns:
            campaign = self.book.find_campaign(self.rule, self.claim.deed_on)
            if campaign:
                self.multiplied = CampaignStep(campaign.title, campaign.factor_text, offered)
                offered = int(offered * campaign.factor)
        if offered > MAX_POINTS:
            return self._refuse("no_points", f"算出 {offered} 分，超过一次最多 {MAX_POINTS} 分，请核对。")
        most = self.rule.most_points
        if most is not None and offered > most:
            self.cuts = (f"一次最多记 {most} 分。",)
            return most
        return offered

    def _apply_deduction_bounds(self, history: AwardHistory, deduction: Deduction) -> int:
        """Require the reminder; cut to what a year allows and to the balance."""
        if deduction.reminder and self.answers[Deduction.REMINDED_ON] >= self.claim.deed_on:
            return self._refuse("not_reminded", "要先书面提醒，之后再犯才能扣分；提醒的日期要早于这一次。")
        self.limit_usage = history.sum_by_limit(self.rule, self.claim)
        amount = [-(self.offered or 0), *self._apply_limits(-(self.offered or 0))][-1]
        if amount == 0:
            return self._refuse("limit_reached", "已经扣过，不再重复扣分。")
        most, taken = self.book.deduction_bounds.a_year, history.sum_awards(DEDUCTIONS_IN_YEAR, self.claim)[1]
        balance = self.claim.balance
        if taken >= most:
            return self._refuse("nothing_to_take", f"一户一年最多扣 {most} 分，今年已经扣满，不再扣。")
        if balance is not None and balance <= 0:
            sentence = "这户现在没有可扣的积分：余额不因扣分低于 0，已兑换的不追扣。"
            return self._refuse("nothing_to_take", sentence)
        if amount > most - taken:
            amount = most - taken
            self.cuts = (*self.cuts, f"一户一年最多扣 {most} 分，今年已扣 {taken} 分。")
        if balance is not None and amount > balance:
            amount = balance
            self.cuts = (*self.cuts, f"可扣的积分只有 {balance} 分，余额不因扣分低于 0。")
        return -amount

    def _apply_limits(self, amount: int) -> list[int]:
        """The amount after each limit, each applied to the result of the one before; ends at the first that leaves
        nothing."""
        amounts = []
        for limit, (times, points) in zip(self.rule.limits, self.limit_usage, strict=True):
            most = abs(self.offered or 0) if limit.highest else limit.points
            if limit.times is not None and times >= limit.times:
                amount = 0
            elif most is not None and amount > most - points:
                amount = most - points if most > points else 0
            amounts.append(amount)
            if amount == 0:
                break
        return amounts

    def _refuse(self, code: RefusalCode, *messages: str, detail: str = "") -> int:
        self.refusals = tuple(Refusal(code, message, detail) for message in messages)
        return 0


def _outside_rule(rule: Rule) -> str:
    since = f"从 {rule.first} 起" if rule.first else ""
    until = f"到 {rule.last} 为止" if rule.last else ""
    return f"这一项{since}{until}有效，那一天不在内。"


def _outside_book(book: Rulebook, deed_on: date) -> str:
    if deed_on < book.effective_from:
        return f"{deed_on} 在本办法生效（{book.effective_from}）之前，不能按本办法记分。"
    return f"{deed_on} 在本办法失效（{book.effective_until}）之后，不能按本办法记分。"
