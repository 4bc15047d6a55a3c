"""Decides what a claim is worth under a rulebook, and records how it was decided.

Pure: what was awarded before comes in through `past`, the day of the deed is given, and nothing is kept.
"""

from collections.abc import Mapping
from datetime import date
from typing import Literal, TypeAlias, cast

import msgspec

from rules.book import DEDUCTED_IN_YEAR, MOST_POINTS, ByChoice, Decided, Deduction, Rule, Rulebook
from rules.claim import Claim
from rules.expression import Expression, ExpressionFailed
from rules.facts import Past
from rules.inputs import Answer, Recorded, check_answers
from rules.limits import Limit, Used

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
    """What a claim is worth. Never raises for a bad claim: the trace's refusals say what is wrong.

    Raises UnknownRule when the book has no such rule.
    """
    rule = book.rule(claim.rule)
    answers, complaints = check_answers(rule.inputs, claim.inputs)
    finding = _Finding(book, rule, claim, answers)
    day = claim.deed_on
    if not book.in_force(day):
        return finding.refused("not_in_force", _outside(book, day))
    if (rule.first and day < rule.first) or (rule.last and day > rule.last):
        return finding.refused("not_in_force", _outside_rule(rule))
    if complaints:
        return finding.refused("bad_input", *complaints)
    if rule.by_person and not claim.person:
        return finding.refused("person_required", "这一项按人计算次数，请注明是家里哪位做的。")
    try:
        refusal = finding.weigh(past)
    except ExpressionFailed as error:
        return finding.refused("failed", "按填报的内容算不出结果，请核对填报内容。", detail=str(error))
    if refusal:
        return refusal
    return finding.taken(past, rule.deduction) if rule.deduction else finding.limited(past)


class _Finding:
    """The evaluation in progress: what has been established, to be written into the trace at the end."""

    __slots__ = (
        "answers",
        "book",
        "claim",
        "condition",
        "cuts",
        "known",
        "multiplied",
        "offered",
        "rule",
        "steps",
    )

    def __init__(self, book: Rulebook, rule: Rule, claim: Claim, answers: Mapping[str, Answer]) -> None:
        self.book, self.rule, self.claim, self.answers = book, rule, claim, answers
        self.condition: bool | None = None
        self.known: tuple[Known, ...] = ()
        self.multiplied: Multiplied | None = None
        self.cuts: list[str] = []
        self.offered: int | None = None
        self.steps: list[LimitStep] = []

    def weigh(self, past: Past) -> Outcome | None:
        """Settle condition and amount before limits; an outcome only if the claim fails here."""
        rule, points = self.rule, self.rule.points
        values = {fact.name: fact.read(self.claim, self.answers, past) for fact in rule.facts}
        if values:
            self.known = tuple(
                Known(fact.name, fact.label, value)
                for fact in rule.facts
                if fact.label and isinstance(value := values[fact.name], int)
            )
        if rule.when is not None:
            self.condition = rule.when.holds(values)
            if not self.condition:
                return self.refused("condition_not_met", f"不符合条件：{rule.when_note}。")
        if isinstance(points, int):
            offered = points
        elif isinstance(points, ByChoice):
            # A choice with amounts is always required and its answer was checked against the options.
            offered = points.amounts[str(self.answers[points.input_id])]
        elif isinstance(points, Decided):
            offered = cast(int, self.answers[Decided.AMOUNT])
        else:
            offered = points.amount(values)
            if offered <= 0:
                return self.refused("no_points", f"按“{rule.points_note}”计算，这次不够得分。")
        return self._offer(offered)

    def _offer(self, offered: int) -> Outcome | None:
        campaign = self.book.campaign(self.rule, self.claim.deed_on) if self.book.campaigns else None
        if campaign:
            self.multiplied = Multiplied(campaign.title, campaign.times, offered)
            offered = int(offered * campaign.multiply)
        if offered > MOST_POINTS:
            return self.refused("no_points", f"算出 {offered} 分，超过一次最多 {MOST_POINTS} 分，请核对。")
        most = self.rule.most_points
        if most is not None and offered > most:
            self.cuts.append(f"一次最多记 {most} 分。")
            offered = most
        self.offered = offered
        return None

    def limited(self, past: Past) -> Outcome:
        """An award within its limits."""
        award = self._within_limits(past, self.offered or 0)
        if award == 0:
            return self.refused("limit_reached", "名额或分数已满，这次不再记分。")
        return Outcome(award, True, self._trace())

    def taken(self, past: Past, deduction: Deduction) -> Outcome:
        """A deduction within its own bounds: reminded before, not too much in a year, never below zero."""
        if deduction.reminder and cast(date, self.answers[Deduction.REMINDED_ON]) >= self.claim.deed_on:
            return self.refused("not_reminded", "要先书面提醒，之后再犯才能扣分；提醒的日期要早于这一次。")
        taking = self._within_limits(past, -(self.offered or 0))
        if taking == 0:
            return self.refused("limit_reached", "已经扣过，不再重复扣分。")
        most, taken = self.book.deduction_bounds.a_year, past.used(DEDUCTED_IN_YEAR, self.claim).points
        balance = self.claim.balance
        if taken >= most:
            return self.refused("nothing_to_take", f"一户一年最多扣 {most} 分，今年已经扣满，不再扣。")
        if balance is not None and balance <= 0:
            return self.refused("nothing_to_take", "这户现在没有可扣的积分：余额不因扣分低于 0，已兑换的不追扣。")
        if taking > most - taken:
            taking = most - taken
            self.cuts.append(f"一户一年最多扣 {most} 分，今年已扣 {taken} 分。")
        if balance is not None and taking > balance:
            taking = balance
            self.cuts.append(f"余额只有 {balance} 分，不因扣分低于 0。")
        return Outcome(-taking, True, self._trace())

    def _within_limits(self, past: Past, amount: int) -> int:
        """Apply the limits in turn: each sees what the one before left of the amount; 0 when one is full."""
        claim = self.claim
        for limit in self.rule.limits:
            used = past.used(limit.count, claim)
            times_left = None if limit.times is None else max(0, limit.times - used.times)
            points_left = None if limit.points is None else max(0, limit.points - used.points)
            if limit.highest:
                points_left = max(0, abs(self.offered or 0) - used.points)
            after = amount if points_left is None else min(amount, points_left)
            if times_left == 0:
                after = 0
            starts, ends = limit.window(claim.deed_on)
            self.steps.append(LimitStep(limit, starts, ends, used, times_left, points_left, amount, after))
            amount = after
            if amount == 0:
                break
        return amount

    def refused(self, code: RefusalCode, *messages: str, detail: str = "") -> Outcome:
        """The outcome of a claim that earns nothing."""
        return Outcome(0, False, self._trace(tuple(Refusal(code, message, detail) for message in messages)))

    def _trace(self, refusals: tuple[Refusal, ...] = ()) -> Trace:
        rule, points, claim = self.rule, self.rule.points, self.claim
        inputs: dict[str, Recorded] = {}
        dates: dict[str, date] = {}
        for name, answer in self.answers.items():
            if isinstance(answer, date):
                dates[name] = answer
            else:
                inputs[name] = answer
        return Trace(
            rule.id,
            rule.title,
            self.book.title,
            self.book.version,
            claim.deed_on,
            claim.person,
            inputs,
            dates,
            rule.when.text if rule.when is not None else None,
            self.condition,
            points.text if isinstance(points, Expression) else None,
            self.known,
            self.multiplied,
            tuple(self.cuts),
            self.offered,
            tuple(self.steps),
            rule.deduction.covenant if rule.deduction else None,
            refusals,
        )


def _outside_rule(rule: Rule) -> str:
    since = f"从 {rule.first} 起" if rule.first else ""
    until = f"到 {rule.last} 为止" if rule.last else ""
    return f"这一项{since}{until}有效，那一天不在内。"


def _outside(book: Rulebook, deed_on: date) -> str:
    if deed_on < book.effective_from:
        return f"{deed_on} 在本办法生效（{book.effective_from}）之前，不能按本办法记分。"
    return f"{deed_on} 在本办法失效（{book.effective_until}）之后，不能按本办法记分。"
